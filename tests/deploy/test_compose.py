"""The two files for Compose: valid by its own schema, contained, and with settings the program takes."""

import asyncio
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.deploy.files import COMMANDS, GIVEN, LONGEST_STOP_S, ROOT, Missing, interpolated, settings_of
from tests.engines import PostgresqlServer
from tests.journeys.processes import Process, free_port

FLEET, SMALL = ROOT / "compose.yaml", ROOT / "compose.sqlite.yaml"
FILES = pytest.mark.parametrize("file", [FLEET, SMALL], ids=lambda path: path.name)
NEEDED = {FLEET: set(GIVEN), SMALL: set(GIVEN) - {"POSTGRES_PASSWORD"}}
CHECK = Path(sys.executable).with_name("check-jsonschema")


def services(file: Path, given: Mapping[str, str] = GIVEN) -> dict[str, Any]:
    parsed: dict[str, Any] = yaml.safe_load(interpolated(_without_comments(file), given))["services"]
    return parsed


def _without_comments(file: Path) -> str:
    return "\n".join(
        line for line in file.read_text(encoding="utf-8").splitlines() if not line.lstrip().startswith("#")
    )


def moorlines(file: Path) -> dict[str, Any]:
    return {name: one for name, one in services(file).items() if one.get("build")}


@FILES
def test_the_file_is_what_the_compose_specification_allows(file: Path) -> None:
    checked = subprocess.run(
        [str(CHECK), "--builtin-schema", "vendor.compose-spec", str(file)], capture_output=True, text=True, check=False
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr


@FILES
def test_what_has_to_be_given_is_asked_for_by_name_with_how_to_make_it(file: Path) -> None:
    for name in NEEDED[file]:
        with pytest.raises(Missing, match=rf"{name} is missing a value: \w"):
            services(file, {**GIVEN, name: ""})
    services(file, {name: GIVEN[name] for name in NEEDED[file]})


@FILES
def test_every_service_is_contained(file: Path) -> None:
    for name, one in services(file).items():
        assert one["read_only"] is True, name
        assert one["cap_drop"] == ["ALL"], name
        assert one.get("cap_add", []) == (["NET_BIND_SERVICE"] if name == "proxy" else []), name
        assert "no-new-privileges:true" in one["security_opt"], name
        assert one["pids_limit"] > 0, name
        assert not {"privileged", "network_mode", "pid", "ipc", "userns_mode", "devices"} & set(one), name
        assert one["logging"]["options"]["max-size"], f"the log of {name} would fill the disk"


@FILES
def test_only_the_proxy_is_published(file: Path) -> None:
    assert [name for name, one in services(file).items() if one.get("ports")] == ["proxy"]


@FILES
def test_images_of_others_are_pinned(file: Path) -> None:
    others = {name: one["image"] for name, one in services(file).items() if not one.get("build")}
    assert others
    for name, image in others.items():
        assert re.fullmatch(r"\w+:\d+\.\d+(\.\d+)?-\w+", image), f"{name}: {image} may be another one tomorrow"


@FILES
def test_the_settings_are_such_as_the_program_takes(file: Path) -> None:
    for one in moorlines(file).values():
        settings = settings_of(one["environment"])
        assert settings.public_url == GIVEN["MOORLINE_PUBLIC_URL"]
        assert settings.trusted_proxies == 1, "there is one proxy, and it adds to X-Forwarded-For"
        assert settings.host == "0.0.0.0"  # noqa: S104  # inside its own network
        assert one.get("command", ["serve"])[0] in COMMANDS


@FILES
def test_nobody_is_killed_before_the_program_has_drained(file: Path) -> None:
    for name, one in moorlines(file).items():
        assert int(one["stop_grace_period"].removesuffix("s")) > LONGEST_STOP_S, name
        assert one["init"] is True, f"{name}: a first process ignores SIGTERM until it has asked for it"


@FILES
def test_what_is_kept_is_kept_in_a_volume(file: Path) -> None:
    volumes = yaml.safe_load(file.read_text(encoding="utf-8"))["volumes"]
    mounted = {mount.partition(":")[0] for one in services(file).values() for mount in one.get("volumes", [])}
    assert {name for name in mounted if not name.startswith(".")} == set(volumes)
    for source in (name for name in mounted if name.startswith(".")):
        assert (ROOT / source).is_file()


def test_the_small_one_keeps_its_database_in_the_volume_and_does_its_own_work() -> None:
    ((_, one),) = moorlines(SMALL).items()
    settings = settings_of(one["environment"])
    assert settings.database_url == "sqlite:////var/lib/moorline/moorline.sqlite3"
    assert one["volumes"] == ["database:/var/lib/moorline"]
    assert settings.background is True
    assert "command" not in one, "the image's own: serve --migrate"


def test_the_fleet_has_its_processes_in_their_order() -> None:
    found = services(FLEET)
    commands = {name: one["command"][0] for name, one in found.items() if one.get("build")}
    assert sorted(commands.values()) == ["migrate", "serve", "serve", "worker", "worker"]
    for name, command in commands.items():
        waits_for = found[name]["depends_on"]
        assert waits_for["postgres"] == {"condition": "service_healthy"}
        if command != "migrate":
            assert waits_for["migrate"] == {"condition": "service_completed_successfully"}
        assert settings_of(found[name]["environment"]).background is False
    servers = [name for name, command in commands.items() if command == "serve"]
    assert found["proxy"]["environment"]["UPSTREAMS"].split() == [f"{name}:8400" for name in servers]
    assert set(found["proxy"]["depends_on"]) == set(servers)


def test_the_database_is_reached_from_inside_only_with_the_password_it_was_made_with() -> None:
    found = services(FLEET)
    database = found["postgres"]
    made = database["environment"]
    url = f"postgresql://{made['POSTGRES_USER']}:{made['POSTGRES_PASSWORD']}@postgres/{made['POSTGRES_DB']}"
    for one in moorlines(FLEET).values():
        assert one["environment"]["MOORLINE_DATABASE_URL"] == url
    networks = yaml.safe_load(FLEET.read_text(encoding="utf-8"))["networks"]
    assert [networks[name] for name in database["networks"]] == [{"internal": True}]
    assert "data" not in found["proxy"]["networks"]


def test_a_worker_is_asked_whether_it_works(postgresql_server: PostgresqlServer, tmp_path: Path) -> None:
    workers = [one for one in moorlines(FLEET).values() if one["command"] == ["worker"]]
    asks = {tuple(one["healthcheck"]["test"]) for one in workers}
    ((kind, program, option, code),) = asks
    assert (kind, program, option) == ("CMD", "python", "-Ic")
    (named,) = {settings_of(one["environment"]).metrics_port for one in workers}
    port = str(free_port())

    def health() -> int:
        return subprocess.run(
            [sys.executable, option, code.replace(str(named), port)], capture_output=True, check=False
        ).returncode

    assert health() == 1, "nothing runs yet"
    url = asyncio.run(postgresql_server.fresh())
    settings = {**workers[0]["environment"], "MOORLINE_DATABASE_URL": url, "MOORLINE_METRICS_PORT": port}
    worker = Process(["worker"], folder=tmp_path, settings=settings).launch()
    try:
        assert worker.first_line() == "Working."
        assert health() == 0
    finally:
        worker.stop()
        asyncio.run(postgresql_server.drop(url))
