"""The units for systemd: read as it reads them, hardened, and with commands and settings that exist."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from moorline.settings import PREFIX
from moorline.vault import new_key
from tests.deploy.files import COMMANDS, DEPLOY, LONGEST_STOP_S, settings_of
from tests.journeys.processes import MOORLINE

FOLDER = DEPLOY / "systemd"
UNITS = sorted(FOLDER.glob("*.service"))
EACH = pytest.mark.parametrize("unit", UNITS, ids=lambda path: path.name)
Sections = dict[str, list[tuple[str, str]]]

HARDENED = {
    "CapabilityBoundingSet": "",
    "LockPersonality": "yes",
    "NoNewPrivileges": "yes",
    "PrivateDevices": "yes",
    "PrivateTmp": "yes",
    "ProtectControlGroups": "yes",
    "ProtectHome": "yes",
    "ProtectKernelModules": "yes",
    "ProtectKernelTunables": "yes",
    "ProtectSystem": "strict",
    "RestrictNamespaces": "yes",
    "RestrictSUIDSGID": "yes",
    "SystemCallArchitectures": "native",
    "UMask": "0077",
    "User": "moorline",
}


def read(unit: Path) -> Sections:
    sections: Sections = {}
    name = ""
    for line in unit.read_text(encoding="utf-8").splitlines():
        if re.fullmatch(r"\[\w+\]", line):
            name = line[1:-1]
            assert name not in sections
            sections[name] = []
        elif line and not line.startswith("#"):
            key, equals, value = line.partition("=")
            assert equals, line
            sections[name].append((key, value))
    return sections


def values(unit: Path, key: str, section: str = "Service") -> list[str]:
    return [value for name, value in read(unit)[section] if name == key]


def test_there_is_a_unit_for_each_way_to_run() -> None:
    assert [unit.name for unit in UNITS] == [
        "moorline-migrate.service", "moorline-serve@.service", "moorline-worker@.service", "moorline.service",
    ]  # fmt: skip


@EACH
def test_every_unit_is_hardened(unit: Path) -> None:
    for key, wanted in HARDENED.items():
        assert values(unit, key) == [wanted], key
    assert values(unit, "SystemCallFilter") == ["@system-service", "~@privileged @resources"]
    assert values(unit, "StateDirectory") == ["moorline"]


@EACH
def test_a_process_that_is_measured_sees_the_clock_its_measures_need(unit: Path) -> None:
    # ProcSubset=pid hides /proc/stat, and without that time of the start there is no process_* series at all.
    assert values(unit, "ProtectProc") == ["invisible"]
    assert values(unit, "ProcSubset") == (["pid"] if values(unit, "Type") == ["oneshot"] else [])


@EACH
def test_every_unit_runs_a_command_that_exists(unit: Path) -> None:
    (line,) = values(unit, "ExecStart")
    program, command, *options = line.split()
    assert program == "/opt/moorline/bin/moorline"
    assert command in COMMANDS
    told = subprocess.run([str(MOORLINE), command, "--help"], capture_output=True, text=True, check=True).stdout
    assert all(option in told for option in options)


@EACH
def test_every_unit_has_settings_that_exist_and_its_key_as_a_credential(unit: Path, tmp_path: Path) -> None:
    key = tmp_path / "encryption-keys"
    key.write_text(f"{new_key()}\n", encoding="ascii")
    assert values(unit, "LoadCredential") == [f"{key.name}:/etc/moorline/{key.name}"]
    given = dict(
        value.replace("%d", str(tmp_path)).replace("%i", "8401").split("=", 1) for value in values(unit, "Environment")
    )
    assert all(name.startswith(PREFIX) for name in given)
    settings = settings_of(given)
    assert len(settings.encryption_keys) == 1
    if unit.name == "moorline-serve@.service":
        assert (settings.port, settings.metrics_port, settings.background) == (8401, 18401, False)
    if unit.name == "moorline-worker@.service":
        assert settings.metrics_port == 8401


@EACH
def test_nobody_is_killed_before_the_program_has_drained(unit: Path) -> None:
    if values(unit, "Type") != ["oneshot"]:
        (timeout_s,) = values(unit, "TimeoutStopSec")
        assert int(timeout_s) > LONGEST_STOP_S
        assert values(unit, "Restart") == ["always"]


@pytest.mark.parametrize("name", ["moorline-serve@.service", "moorline-worker@.service"])
def test_servers_and_workers_start_after_the_schema_was_brought_up_to_date(name: str) -> None:
    for key in ("Wants", "After"):
        (told,) = values(FOLDER / name, key, "Unit")
        assert "moorline-migrate.service" in told.split()


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not on this machine")
def test_systemd_itself_finds_nothing_wrong(tmp_path: Path) -> None:
    for unit in UNITS:
        text = unit.read_text(encoding="utf-8").replace("/opt/moorline/bin/moorline", str(MOORLINE))
        (tmp_path / unit.name).write_text(text, encoding="utf-8")
    named = [str(tmp_path / unit.name.replace("@.", "@8401.")) for unit in UNITS]
    for unit in UNITS:
        if "@." in unit.name:
            (tmp_path / unit.name.replace("@.", "@8401.")).symlink_to(tmp_path / unit.name)
    said = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *named], capture_output=True, text=True, check=False
    )
    ours = [line for line in said.stderr.splitlines() if "moorline" in line]
    assert (said.returncode, ours) == (0, [])
