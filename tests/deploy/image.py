"""The image without Docker: what the Dockerfile's build stage makes, in a folder that stands for the image's root.

Absolute paths of the Dockerfile are moved below that folder. Its last stage is not run, since it makes a user and takes
programs away from the machine it runs on; what it copies, sets and starts is taken from it.
"""

import json
import os
import pwd
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

from dockerfile_parse import DockerfileParser

from tests.deploy.files import ROOT

HOME = "/opt/moorline"
STATE = "/var/lib/moorline"
_LEFT_OUT = shutil.ignore_patterns("site-packages", "test", "tests", "idlelib", "tkinter", "config-*", "ensurepip")


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One instruction of a stage, its lines joined."""

    stage: int
    name: str
    value: str

    @property
    def command(self) -> str:
        """The command of a RUN, without the flags before it."""
        return re.sub(r"^(--\S+\s+)+", "", self.value)

    @property
    def words(self) -> list[str]:
        """What an instruction in the form of a JSON list says."""
        found: list[str] = json.loads(self.value[self.value.index("[") :])
        return found


def steps() -> list[Step]:
    """Every instruction from the first FROM on."""
    read = DockerfileParser(fileobj=BytesIO((ROOT / "Dockerfile").read_bytes())).structure
    found, stage = [], -1
    for one in read:
        stage += one["instruction"] == "FROM"
        if stage >= 0 and one["instruction"] != "COMMENT":
            found.append(Step(stage=stage, name=one["instruction"], value=one["value"]))
    return found


def only(name: str, *, stage: int = 1) -> Step:
    """The one instruction of this name in a stage."""
    (found,) = [step for step in steps() if step.name == name and step.stage == stage]
    return found


def environment() -> dict[str, str]:
    """What the last stage sets."""
    pairs = re.findall(r"(\w+)=(\S+)", only("ENV").value)
    assert len(pairs) == only("ENV").value.count("=")
    return dict(pairs)


class Image:
    """The folder, and how to run a program in it as the user of the image would."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.state = self.at(STATE)
        self._copied = root / "interpreter"

    def at(self, path: str) -> Path:
        """Where an absolute path of the image is."""
        return self.root / path.lstrip("/")

    def build(self) -> None:
        """Run the build stage. Raises: CalledProcessError with what a step printed."""
        self._lay_programs()
        folder = self.root
        for step in (one for one in steps() if one.stage == 0):
            if step.name == "WORKDIR":
                folder = self.at(step.value)
                folder.mkdir(parents=True)
            elif step.name == "COPY":
                *sources, target = step.value.split()
                for source in sources:
                    self._copy(ROOT / source, folder / (source if target == "./" else target))
            elif step.name == "RUN":
                self._run(step.command, folder)
        self.state.mkdir(parents=True)
        self._close()

    def start(self, arguments: Sequence[str], *, folder: Path, settings: Mapping[str, str], log: Path) -> Any:
        """Start the entry point as somebody who may write nothing but the state folder."""
        with log.open("ab") as output:
            return subprocess.Popen(
                [*self._entry(only("ENTRYPOINT").words), *arguments],
                cwd=folder,
                env=self._environment(settings),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                **self._somebody(),
            )

    def health(self, settings: Mapping[str, str]) -> int:
        """The exit code of the health check."""
        return subprocess.run(
            self._entry(only("HEALTHCHECK").words),
            cwd=self.state,
            env=self._environment(settings),
            capture_output=True,
            check=False,
            **self._somebody(),
        ).returncode

    def files(self) -> Iterator[tuple[str, int, int]]:
        """Every file but those of the state folder: path, size, instant of the last change."""
        for path in sorted(self.root.rglob("*")):
            if self.state not in (path, *path.parents):
                told = path.lstat()
                yield str(path), told.st_size, told.st_mtime_ns

    def _entry(self, words: Sequence[str]) -> list[str]:
        return [str(self.at(f"{HOME}/bin/{words[0]}")), *words[1:]]

    def _environment(self, settings: Mapping[str, str]) -> dict[str, str]:
        given = {name: value.replace(HOME, str(self.at(HOME))) for name, value in environment().items()}
        given["PATH"] = given["PATH"].replace("$PATH", "/usr/bin:/bin")
        if self._copied.exists():  # it looks for its library where it was before
            given["LD_LIBRARY_PATH"] = str(self._copied / "lib")
        return given | {"HOME": "/nonexistent", "TMPDIR": "/nonexistent"} | dict(settings)

    def _run(self, command: str, folder: Path) -> None:
        moved = command.replace(HOME, str(self.at(HOME)))
        given = {name: value for name, value in os.environ.items() if not name.startswith(("MOORLINE_", "PYTHON"))}
        given["PATH"] = f"{self.root / 'programs'}:{given['PATH']}"
        ran = subprocess.run(["sh", "-ec", moved], cwd=folder, env=given, capture_output=True, text=True, check=False)
        assert ran.returncode == 0, f"{command}\n{ran.stdout}\n{ran.stderr}"

    def _copy(self, source: Path, target: Path) -> None:
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copyfile(source, target)

    def _lay_programs(self) -> None:
        """`python` and `pip` of the base image."""
        programs = self.root / "programs"
        programs.mkdir()
        for name, command in (("python", f'"{self._interpreter()}"'), ("pip", f'"{sys.executable}" -m pip')):
            program = programs / name
            program.write_text(f'#!/bin/sh\nexec {command} "$@"\n', encoding="utf-8")
            program.chmod(0o755)

    def _interpreter(self) -> Path:
        """The interpreter of these tests; copied when it lies where nobody but root may look."""
        base, name = Path(sys.base_prefix), f"python{sys.version_info.major}.{sys.version_info.minor}"
        if os.geteuid() != 0 or all(place.stat().st_mode & 0o005 == 0o005 for place in (base, *base.parents)):
            return base / "bin" / name
        copied = self._copied
        (copied / "bin").mkdir(parents=True)
        shutil.copy2((base / "bin" / name).resolve(), copied / "bin" / name)
        (copied / "lib").mkdir()
        for library in (base / "lib").glob("libpython*.so*"):
            shutil.copy2(library, copied / "lib", follow_symlinks=False)
        shutil.copytree(base / "lib" / name, copied / "lib" / name, ignore=_LEFT_OUT, symlinks=True)
        return copied / "bin" / name

    def _close(self) -> None:
        """Nobody may write anything but the state folder, which is that of the image's user."""
        for path in (self.root, *self.root.rglob("*")):
            if not path.is_symlink():
                path.chmod(path.stat().st_mode & 0o555 | 0o444 | (0o111 if path.is_dir() else 0))
        self.state.chmod(0o700)
        if os.geteuid() == 0:
            nobody = pwd.getpwnam("nobody")
            os.chown(self.state, nobody.pw_uid, nobody.pw_gid)

    def _somebody(self) -> Mapping[str, Any]:
        if os.geteuid() != 0:
            return {}
        nobody = pwd.getpwnam("nobody")
        return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": ()}
