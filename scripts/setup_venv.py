"""Makes or updates `.venv` in this checkout from the lock files; does nothing when it is up to date.

Needs a bare Python 3.11 and nothing else. An older one must still be able to parse this file, so that it can say what
is missing: no syntax newer than Python 3.6 here.
"""

import sys

NEEDED = (3, 11)

TOO_OLD = """Moorline needs Python 3.11 or newer: found {found} ({where}).
  Debian, Ubuntu   sudo apt install python3 python3-venv    (the release must be Debian 12, Ubuntu 24.04 or newer)
  Fedora           sudo dnf install python3.12
  Alpine           sudo apk add python3
  macOS            brew install python@3.12
  Windows          wsl --install    (then as on Ubuntu)
  with uv          uv python install 3.12
Is a newer one on this machine under another name? Then: make demo PYTHON=python3.12"""

if sys.version_info < NEEDED:
    print(TOO_OLD.format(found=".".join(map(str, sys.version_info[:3])), where=sys.executable))
    sys.exit(1)

import argparse
import collections
import contextlib
import fcntl
import hashlib
import importlib.util
import os
import platform
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
STAMP = VENV / "moorline-setup.txt"  # what the finished set-up was made of; written last
LOCK = ROOT / ".venv.lock"  # held while a set-up runs; has content only while one runs or after one was killed
RUN_LOCK = ROOT / "requirements.lock"
DEV_LOCK = ROOT / "requirements-dev.lock"

HEAD = f"Moorline needs Python 3.11 or newer: found {platform.python_version()}.   "
TAIL_LINES = 15
NOISE = ("Requirement already satisfied", "Ignoring ", "Looking in ", "WARNING: Location ")
NO_VENV = """This Python cannot make virtual environments. On Debian and Ubuntu that part is a package of its own:
  sudo apt install python3-venv
Then run the same command again."""


class SetupFailed(Exception):
    """A step went wrong; the message is shown to the person."""


def main() -> int:
    """Set up, and answer the exit code."""
    parser = argparse.ArgumentParser(description="Make or update .venv in this checkout.")
    parser.add_argument("--dev", action="store_true", help="also what the tests and checks need")
    dev = parser.parse_args().dev
    sys.stdout.reconfigure(errors="replace")  # type: ignore[union-attr]  # a terminal that knows ASCII only
    try:
        if is_current(dev=dev):
            say(HEAD + ".venv is up to date.\n")
            return 0
        with one_at_a_time() as lock:
            if is_current(dev=dev):  # another run did it while this one waited
                say(HEAD + ".venv is up to date.\n")
                return 0
            begun = time.monotonic()
            say(HEAD + "Setting up in .venv … ")
            set_up(lock, dev=dev)
            say(f"done ({time.monotonic() - begun:.0f} s)\n")
    except SetupFailed as error:
        say(f"failed\n{error}\n")
        return 1
    except OSError as error:
        say(f"failed\n{error}\nIs the checkout writable, and is there room on the disk?\n")
        return 1
    except KeyboardInterrupt:
        say("stopped\n")
        return 130
    return 0


def say(text: str) -> None:
    """Print at once, without ending the line."""
    sys.stdout.write(text)
    sys.stdout.flush()


# What is there


def stamp(*, dev: bool) -> str:
    """What a finished set-up is known by: everything it was made of, and where it stands (scripts name the place)."""
    digest = hashlib.sha256(f"{sys.version_info[:2]} {ROOT}".encode())
    for path in (RUN_LOCK, *([DEV_LOCK] if dev else []), ROOT / "pyproject.toml"):
        digest.update(path.read_bytes())
    return f"{'dev' if dev else 'run'} {digest.hexdigest()} {ROOT}"


def is_current(*, dev: bool) -> bool:
    """Whether nothing has to be done: what tests need includes what running needs."""
    found = stamped()
    if LOCK.exists() and LOCK.stat().st_size > 0:  # one is at work, or was killed at it
        return False
    return (found == stamp(dev=True) or (not dev and found == stamp(dev=False))) and venv_version() is not None


def stamped() -> str:
    """The stamp of the last finished set-up, or nothing."""
    try:
        return STAMP.read_text(encoding="utf-8")
    except FileNotFoundError:
        return ""


def venv_version() -> str | None:
    """The `3.11` of the environment's Python, or None when it is missing or does not start."""
    ask = "import sys, pip; print('%d.%d' % sys.version_info[:2])"
    try:
        run = subprocess.run(  # noqa: S603  # our own interpreter
            [PYTHON, "-I", "-c", ask], capture_output=True, text=True, check=False
        )
    except OSError:
        return None
    return run.stdout.strip() if run.returncode == 0 else None


@contextlib.contextmanager
def one_at_a_time() -> Iterator[int]:
    """Hold the lock file; a second run waits here. Yields its descriptor."""
    descriptor = os.open(LOCK, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("Another set-up of .venv is at work; waiting for it.\n")
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield descriptor
    finally:
        os.close(descriptor)


# What is done


def set_up(lock: int, *, dev: bool) -> None:
    """Make the environment where it is missing, broken or another's; then install, then stamp.

    Raises: SetupFailed with the tail of what the failing command printed.
    """
    if importlib.util.find_spec("ensurepip") is None or importlib.util.find_spec("venv") is None:
        raise SetupFailed(NO_VENV)
    was_killed = os.fstat(lock).st_size > 0
    elsewhere = bool(stamped()) and not stamped().endswith(f" {ROOT}")
    other_python = venv_version() != "%d.%d" % sys.version_info[:2]  # noqa: UP031  # the form venv_version prints
    STAMP.unlink(missing_ok=True)
    os.pwrite(lock, b"A set-up is at work, or was killed; the next one begins anew.\n", 0)
    if was_killed or elsewhere or other_python:
        follow([sys.executable, "-I", "-m", "venv", "--clear", str(VENV)], lock)
    pip = [str(PYTHON), "-I", "-u", "-m", "pip", "--disable-pip-version-check", "--no-input", "install", "--no-color"]
    pip += ["--progress-bar", "off", "--no-user", "--no-compile", "--no-deps"]
    follow([*pip, "--require-hashes", "--requirement", str(DEV_LOCK if dev else RUN_LOCK)], lock)
    follow([*pip, "--no-build-isolation", "--editable", str(ROOT)], lock)
    # Compile what the service imports, now and once. -I: also where the environment wants no bytecode written, and each
    # start would compile it all again.
    follow([str(PYTHON), "-I", "-c", "import moorline.cli.running"], lock)
    STAMP.write_text(stamp(dev=dev), encoding="utf-8")
    os.ftruncate(lock, 0)


def follow(command: list[str], lock: int) -> None:
    """Run a command to its end, showing on a terminal what it is at.

    The command inherits the lock: should this process be killed, the next run still waits until the command has ended.

    Raises: SetupFailed with the last lines it printed.
    """
    tail: collections.deque[str] = collections.deque(maxlen=TAIL_LINES)
    with subprocess.Popen(  # noqa: S603  # our own interpreter
        command,
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        pass_fds=(lock,),
    ) as process:
        for line in process.stdout or ():
            show_step(line)
            if line.strip() and not line.startswith(NOISE):
                tail.append(line.rstrip()[:300])
    show_step("")
    if process.returncode != 0:
        if process.returncode > 0:  # it ended by itself, so nothing is half written
            os.ftruncate(lock, 0)
        raise SetupFailed(failure(command, process.returncode, tail))


def show_step(line: str) -> None:
    """On a terminal, name the package at hand in place of the line; an empty one brings the line back."""
    if not sys.stdout.isatty():
        return
    if not line:
        say(f"\r\033[K{HEAD}Setting up in .venv … ")
    elif line.startswith(("Collecting", "Building", "Installing")):
        step = f"Setting up in .venv … {' '.join(line.split()[:2])}"
        say("\r\033[K" + step[: shutil.get_terminal_size().columns - 1])


def failure(command: list[str], code: int, tail: collections.deque[str]) -> str:
    """The sentence for a command that failed."""
    said = "\n".join(f"  | {line}" for line in tail) or "  | (nothing)"
    what = "pip" if "pip" in command else "venv"
    return (
        f"{what} ended with code {code}; the last lines it printed:\n{said}\n"
        "Packages come from where your pip gets them (PIP_INDEX_URL, PIP_PROXY, pip.conf). "
        "What was set up so far stays; run the same command again to go on."
    )


if __name__ == "__main__":
    sys.exit(main())
