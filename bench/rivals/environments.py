"""An environment of its own for each rival, made from its lock file; kept until that changes."""

import asyncio
import fcntl
import hashlib
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec

from bench.processes import ROOT
from bench.rivals import Rival

FOLDER = ROOT / ".bench"
_LONGEST_S = 300.0
_SHOWN_LINES = 8
_VERSIONS = (
    "import json, sys; from importlib.metadata import version;"
    " print(json.dumps({name: version(name) for name in sys.argv[1:]}))"
)


class Unavailable(Exception):
    """The packages cannot be had; the sentence says which rival's, and what the installer said."""


async def python_of(rival: Rival, *, folder: Path = FOLDER) -> Path:
    """The Python that has everything the rival needs. Raises: Unavailable."""
    place = folder / rival.name
    try:
        await asyncio.to_thread(folder.mkdir, exist_ok=True)
        async with _alone(place.with_suffix(".lock")):
            await _make(rival, place)
    except OSError as error:
        raise Unavailable(f"{rival.title}: its environment cannot be made:\n{error}") from error
    return place / "bin" / "python"


async def versions_of(rival: Rival, python: Path) -> dict[str, str]:
    """Of its main packages. Raises: Unavailable."""
    told = await _follow(rival, [str(python), "-I", "-c", _VERSIONS, *rival.packages])
    return msgspec.json.decode(told, type=dict[str, str])


async def _make(rival: Rival, place: Path) -> None:
    made_of = hashlib.sha256(f"{sys.version} {place}".encode() + rival.lock.read_bytes()).hexdigest()
    stamp, python = place / "made-of.txt", place / "bin" / "python"
    if stamp.exists() and stamp.read_text(encoding="utf-8") == made_of and python.exists():
        return
    stamp.unlink(missing_ok=True)  # written last, so that what was broken off is made anew
    await _follow(rival, [sys.executable, "-I", "-m", "venv", "--clear", str(place)])
    pip = [str(python), "-I", "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input"]
    pip += ["--no-deps", "--require-hashes", "--retries", "1", "--requirement", str(rival.lock)]
    await _follow(rival, pip)
    stamp.write_text(made_of, encoding="utf-8")


async def _follow(rival: Rival, command: Sequence[str]) -> str:
    """Run to the end; what it wrote. Killed when it takes too long, or the run is stopped. Raises: Unavailable."""
    process = await asyncio.create_subprocess_exec(
        *command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    try:
        output, _ = await asyncio.wait_for(process.communicate(), _LONGEST_S)
    except TimeoutError as error:
        raise Unavailable(f"{rival.title}: its packages were not installed within {_LONGEST_S:g} s.") from error
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    said = output.decode(errors="replace")
    if process.returncode:
        tail = "\n".join(said.strip().splitlines()[-_SHOWN_LINES:])
        raise Unavailable(f"{rival.title}: its packages cannot be installed:\n{tail}")
    return said


@asynccontextmanager
async def _alone(path: Path) -> AsyncIterator[None]:
    """Another run may be making the same one."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        await asyncio.to_thread(fcntl.flock, descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
