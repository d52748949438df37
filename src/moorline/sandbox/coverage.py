"""How much of each platform is played, read from the very declarations that route the calls."""

from collections.abc import Iterable
from dataclasses import dataclass

from moorline.sandbox.kernel import Covered, SandboxPlatform


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One endpoint: `POST /2/oauth2/token`, the hosts it is played on, how far, and where the facts stand."""

    endpoint: str
    hosts: tuple[str, ...]
    covered: Covered
    source: str


def table(platform: type[SandboxPlatform]) -> tuple[Row, ...]:
    """The endpoints of a platform in the order of declaration."""
    return tuple(
        Row(endpoint=declared.name, hosts=declared.hosts, covered=declared.covered, source=declared.source)
        for declared in platform.endpoints()
    )


def markdown(platforms: Iterable[type[SandboxPlatform]]) -> str:
    """The tables of all platforms as one piece of Markdown."""
    return "\n".join(_section(platform) for platform in platforms)


def _section(platform: type[SandboxPlatform]) -> str:
    head = f"## {platform.name}\n\n| endpoint | hosts | played | source |\n| --- | --- | --- | --- |\n"
    rows = (
        f"| `{row.endpoint}` | {', '.join(row.hosts)} | {row.covered.value} | {row.source} |\n"
        for row in table(platform)
    )
    return head + "".join(rows)
