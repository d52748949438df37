"""The coverage table is the routes: nothing is told that is not played, and nothing played that is not told."""

import re

import pytest

from moorline.sandbox import ALL
from moorline.sandbox.coverage import markdown, table
from moorline.sandbox.kernel import SandboxPlatform
from tests.sandbox.conftest import Sandbox

each_platform = pytest.mark.parametrize("platform", ALL, ids=lambda platform: platform.name)


@each_platform
async def test_every_row_of_the_table_is_a_route_and_every_route_a_row(
    sandbox: Sandbox, platform: type[SandboxPlatform]
) -> None:
    for row in table(platform):
        method, path = row.endpoint.split(" ")
        real = re.sub(r"\{[a-z_]+\}", "v25.0", path)
        for host in row.hosts:
            params = {"timeout": "0", "client_id": f"sandbox-{platform.name}"}
            await sandbox.send(method, host.replace("*", "any"), real, params=params)
    got = await sandbox.control("GET", f"calls?platform={platform.name}")
    reached = {entry["endpoint"] for entry in got.json["endpoints"]}
    assert reached == {row.endpoint for row in table(platform)}


@each_platform
def test_every_row_names_a_section_of_a_sheet(platform: type[SandboxPlatform]) -> None:
    for row in table(platform):
        assert re.match(r"[a-z]+\.md sections? \d", row.source), row


@each_platform
def test_every_host_of_a_row_is_declared_by_its_platform(platform: type[SandboxPlatform]) -> None:
    assert {host for row in table(platform) for host in row.hosts} <= set(platform.hosts)


def test_the_markdown_has_a_table_a_platform_and_a_line_a_row() -> None:
    text = markdown(ALL)
    assert re.findall(r"^## (\w+)$", text, re.MULTILINE) == [platform.name for platform in ALL]
    assert text.count("\n| `") == sum(len(table(platform)) for platform in ALL)


async def test_every_declared_host_can_be_mapped(sandbox: Sandbox) -> None:
    exact = {host for platform in ALL for host in platform.hosts if not host.startswith("*")}
    assert set(sandbox.hosts) == exact
