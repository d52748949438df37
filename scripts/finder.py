"""Finds a program of others that tests drive, and brings one where there is none. `browser` and `pooler` say which."""

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

ANSWER_TIMEOUT_S = 30.0
BRING_TIMEOUT_S = 900.0
TAIL_LINES = 10


class NoProgram(Exception):
    """There is none; the message says what to do."""


class Failed(Exception):
    """A way to bring one went wrong; the message says it in indented lines."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """What is looked for, and where.

    `told`: how it answers `--version`. `chosen` and `unwanted`: the settings that name another, and that say that there
    is to be none. `ways` to bring one, best first: each raises Failed.
    """

    name: str
    kind: str
    told: re.Pattern[str]
    chosen: str
    unwanted: str
    skipped: str
    none_found: str
    candidates: Callable[[], Iterable[Path]]
    ways: Sequence[Callable[[], None]]
    environment: Callable[[], Mapping[str, str]] = lambda: os.environ

    def main(self) -> int:
        """Find, or find and bring; the exit code."""
        try:
            if "--find" in sys.argv[1:]:
                print(self.find())
            elif os.environ.get(self.unwanted) == "1":
                print(f"{self.name}: none, as {self.unwanted} says; {self.skipped} will be skipped.")
            else:
                path = self.find_or_bring()
                print(f"{self.name}: {self.version_of(path)} ({path})")
        except NoProgram as error:
            print(error, file=sys.stderr)
            return 1
        return 0

    def find(self) -> Path:
        """The one of this machine. Raises: NoProgram."""
        chosen = os.environ.get(self.chosen)
        for path in [Path(chosen)] if chosen else self.candidates():
            if self.version_of(path) is not None:
                return path
        if chosen:
            raise NoProgram(f"{self.chosen} names {chosen}, which is no {self.kind} that starts. Correct or unset it.")
        raise NoProgram(self.none_found)

    def find_or_bring(self) -> Path:
        """The one of this machine, brought if need be. Raises: NoProgram with what was tried."""
        try:
            return self.find()
        except NoProgram:
            if os.environ.get(self.chosen):
                raise
        tried: list[str] = []
        for way in self.ways:
            try:
                way()
                return self.find()
            except Failed as error:
                tried.append(str(error))
            except NoProgram:
                tried.append(f"  {way.__name__}: went well, but brought no {self.kind} that starts")
        raise NoProgram("\n".join([self.none_found, "Tried just now:", *tried]))

    def version_of(self, path: Path) -> str | None:
        """As it tells it; None for what is missing or does not start, such as another package's stub."""
        try:
            run = subprocess.run(  # noqa: S603  # the person's own program
                [path, "--version"],
                capture_output=True,
                text=True,
                timeout=ANSWER_TIMEOUT_S,
                check=False,
                env=self.environment(),
            )
        except (OSError, subprocess.TimeoutExpired):
            return None
        told = self.told.search(run.stdout)
        return told[0] if told and run.returncode == 0 else None


def run(command: Sequence[str], *, folder: Path | None = None) -> str:
    """What it printed. Raises: Failed with the command and the last lines it printed."""
    try:
        run = subprocess.run(  # noqa: S603  # commands of these scripts
            command,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            timeout=BRING_TIMEOUT_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Failed(f"  {' '.join(command)}: {error}") from error
    if run.returncode != 0:
        tail = [line for line in run.stdout.splitlines() if line.strip()][-TAIL_LINES:]
        told = [f"  {' '.join(command)} ended with {run.returncode}", *(f"  | {line}" for line in tail)]
        raise Failed("\n".join(told))
    return run.stdout
