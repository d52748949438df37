"""The processes of a run: started on a core of their own, read while they work, ended by the run that started them."""

import asyncio
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

import aiohttp
import psutil

LONGEST_WAIT_S = 30.0
POLL_S = 0.01
_GRACE_S = 12.0
_MIB = 1024 * 1024
_SHOWN_CHARS = 2000
_SHOWN_LINES = 5
ROOT = Path(__file__).resolve().parents[1]
COMMAND = Path(sys.executable).with_name("moorline")


class Broken(Exception):
    """The run cannot go on; the sentence says which process or operation failed, and what it told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Child:
    """A process of this run; what it writes goes to `output`."""

    name: str
    process: "subprocess.Popen[bytes]"
    output: Path

    def cpu_s(self) -> float:
        """User and system seconds of the process and its descendants since they began."""
        self.check()
        return tree_cpu_s(self.process.pid)

    def resident_mib(self) -> float:
        """Resident memory of the process and its descendants."""
        self.check()
        return sum(member.memory_info().rss for member in _tree(self.process.pid)) / _MIB

    def told(self) -> str:
        """What it has written so far."""
        return self.output.read_text(encoding="utf-8", errors="replace")

    def complaints(self) -> list[str]:
        """The last log lines that warn."""
        return [line for line in self.told().splitlines() if '"level":"info"' not in line][-_SHOWN_LINES:]

    def check(self) -> None:
        """Raises: Broken when the process has ended."""
        if self.process.poll() is not None:
            raise Broken(f"{self.name} ended with code {self.process.returncode}:\n{self.told()[-_SHOWN_CHARS:]}")

    def stop(self) -> None:
        """Ask it to end, then insist."""
        if self.process.poll() is None:
            self.process.terminate()
        try:
            self.process.wait(_GRACE_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


@dataclass(slots=True)
class Fleet:
    """Every process of a run, ended together; `folder` takes what they write."""

    folder: Path
    _children: list[Child] = field(default_factory=list)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for child in reversed(self._children):
            child.stop()

    def start(
        self, name: str, command: Sequence[str], *, core: int | None, environment: Mapping[str, str] | None = None
    ) -> Child:
        """Start a process on a core (None: wherever the system likes)."""
        output = self.folder / f"{len(self._children)}-{re.sub(r'[^a-z]+', '-', name)}.txt"
        with output.open("wb") as file:
            process = subprocess.Popen(
                command,
                cwd=self.folder,  # so that no .env is read
                env={**_inherited(), **(environment or {})},
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # Ctrl+C reaches this run alone, which ends the others in order
            )
        child = Child(name=name, process=process, output=output)
        self._children.append(child)
        pin(process.pid, core)
        return child

    def finish(
        self, name: str, command: Sequence[str], *, core: int | None, environment: Mapping[str, str] | None = None
    ) -> tuple[str, float]:
        """Run a short process to its end: what it wrote, and its CPU seconds. Raises: Broken."""
        child = self.start(name, command, core=core, environment=environment)
        # Waited for by hand: the CPU of a process without descendants of its own is told exactly at its end.
        _, status, used = os.wait4(child.process.pid, 0)
        child.process.returncode = os.waitstatus_to_exitcode(status)
        if child.process.returncode:
            child.check()
        return child.told(), used.ru_utime + used.ru_stime


def cores() -> tuple[int | None, int | None]:
    """The core of what is measured and the core of all else; None where there are not two, or no way to say so."""
    if not hasattr(os, "sched_getaffinity"):
        return None, None
    usable = sorted(os.sched_getaffinity(0))
    return (usable[0], usable[1]) if len(usable) > 1 else (None, None)


def pin(pid: int, core: int | None) -> None:
    """Keep a process and the threads it will start on a core."""
    if core is not None:
        with suppress(ProcessLookupError):
            os.sched_setaffinity(pid, {core})


async def until_answers(opened: aiohttp.ClientSession, url: str, child: Child) -> None:
    """Wait until a process that should come up answers 200. Raises: Broken."""
    for _ in while_waiting(child):
        try:
            async with opened.get(url) as answer:
                if answer.status == 200:
                    return
        except aiohttp.ClientError:
            pass
        await asyncio.sleep(POLL_S)
    raise Broken(f"{child.name} does not answer:\n{child.told()}")


async def until_told(child: Child, text: str) -> None:
    """Wait until a process has written this. Raises: Broken."""
    for _ in while_waiting(child):
        if text in child.told():
            return
        await asyncio.sleep(POLL_S)
    raise Broken(f"{child.name} does not come up:\n{child.told()}")


def while_waiting(child: Child) -> Iterable[int]:
    """Count while a process that should come up is alive, for as long as anybody waits for it. Raises: Broken."""
    for count in range(int(LONGEST_WAIT_S / POLL_S)):
        child.check()
        yield count


def tree_cpu_s(pid: int) -> float:
    """User and system seconds of a process and its descendants, those that have ended included."""
    total_s = 0.0
    for member in _tree(pid):
        with suppress(psutil.NoSuchProcess):
            ended = member.cpu_times()
            total_s += _cpu_s(member) + ended.children_user + ended.children_system
    return total_s


def parent_of(pid: int) -> int:
    """The process that started this one."""
    return psutil.Process(pid).ppid()


def _tree(pid: int) -> list[psutil.Process]:
    root = psutil.Process(pid)
    return [root, *root.children(recursive=True)]


def _inherited() -> dict[str, str]:
    """Our environment without anybody's settings of Moorline, and with this package importable from any folder.

    What runs is compiled once, as an installed package is: else each start would be mostly the compiler's.
    """
    left_out = {"PYTHONDONTWRITEBYTECODE"}
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith("MOORLINE_") and name not in left_out
    }
    return {**kept, "PYTHONPATH": os.pathsep.join(filter(None, (str(ROOT), kept.get("PYTHONPATH"))))}


def _cpu_s(process: psutil.Process) -> float:
    if sys.platform == "linux":
        # The CPU clock of another process (clock_getcpuclockid(3)): nanoseconds, where /proc counts ticks of 10 ms.
        with suppress(OSError):
            return time.clock_gettime((~process.pid << 3) | 2)
    times = process.cpu_times()
    return times.user + times.system
