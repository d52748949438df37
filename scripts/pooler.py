"""Finds PgBouncer for the test of a pooler, and fetches it where there is none: Debian's, unpacked and not installed.

    python3 scripts/pooler.py           find or fetch, and say which it is
    python3 scripts/pooler.py --find    print its path; fetches nothing

`MOORLINE_TEST_PGBOUNCER` names another. `MOORLINE_NO_POOLER=1` says that there is to be none; its test is skipped then.
Needs neither root nor a running PostgreSQL; nothing outside `.venv` is changed, and nothing is started.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

CHOSEN = "MOORLINE_TEST_PGBOUNCER"
UNWANTED = "MOORLINE_NO_POOLER"
UNPACKED = Path(__file__).resolve().parent.parent / ".venv" / "pgbouncer"
PLACES = ("/usr/sbin/pgbouncer", "/usr/local/sbin/pgbouncer", "/usr/local/bin/pgbouncer", "/opt/homebrew/bin/pgbouncer")
LIBRARIES = ("libevent-2", "libc-ares", "libcares")  # what it needs that a small system may lack
TIMEOUT_S = 300.0
NONE_FOUND = f"""There is no PgBouncer for the test of a pooler. One of these helps:
  python3 scripts/pooler.py              finds or fetches one, on Debian and its kin
  sudo apt install pgbouncer             or however your system has it
  {CHOSEN}=/path/to/it    when it lies elsewhere
  {UNWANTED}=1                   leaves its test out"""


class NoPooler(Exception):
    """There is none; the message says what to do."""


def main() -> int:
    """Find, or find and fetch; the exit code."""
    try:
        if "--find" in sys.argv[1:]:
            print(find())
        elif os.environ.get(UNWANTED) == "1":
            print(f"PgBouncer: none, as {UNWANTED} says; its test will be skipped.")
        else:
            path = find_or_fetch()
            print(f"PgBouncer: {version_of(path)} ({path})")
    except NoPooler as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def find() -> Path:
    """The one of this machine. Raises: NoPooler."""
    chosen = os.environ.get(CHOSEN)
    on_path = shutil.which("pgbouncer")
    usual = [*([on_path] if on_path else []), *PLACES, str(UNPACKED / "usr/sbin/pgbouncer")]
    for candidate in map(Path, [chosen] if chosen else usual):
        if version_of(candidate) is not None:
            return candidate
    raise NoPooler(NONE_FOUND)


def find_or_fetch() -> Path:
    """The one of this machine, fetched if need be. Raises: NoPooler with what was tried."""
    try:
        return find()
    except NoPooler:
        if os.environ.get(CHOSEN) or shutil.which("apt-get") is None:
            raise
    print("No PgBouncer found: fetching Debian's ...", flush=True)
    try:
        fetch()
    except subprocess.CalledProcessError as error:
        raise NoPooler(f"{NONE_FOUND}\nTried just now: {' '.join(error.cmd)}\n{error.output[-1000:]}") from error
    except subprocess.TimeoutExpired as error:
        raise NoPooler(f"{NONE_FOUND}\nTried just now: {error}") from error
    return find()


def fetch() -> None:
    """Download the package and what it needs, and unpack them. Raises: CalledProcessError, TimeoutExpired."""
    shutil.rmtree(UNPACKED, ignore_errors=True)
    UNPACKED.mkdir(parents=True)
    # Lists of its own: a fresh image has none, and only root may fetch those of the system.
    lists = UNPACKED / "lists"
    (lists / "partial").mkdir(parents=True)
    apt = ["-o", f"Dir::State::Lists={lists}", "-o", f"Dir::Cache={UNPACKED}", "-o", "APT::Sandbox::User="]
    run(["apt-get", *apt, "-qq", "update"])
    depends = run(["apt-cache", *apt, "depends", "pgbouncer"])
    needed = {line.split()[-1] for line in depends.splitlines() if line.split()[-1].startswith(LIBRARIES)}
    run(["apt-get", *apt, "-qq", "download", "pgbouncer", *sorted(needed)])
    for package in UNPACKED.glob("*.deb"):
        run(["dpkg-deb", "-x", str(package), str(UNPACKED)])
        package.unlink()
    shutil.rmtree(lists)
    for cache in UNPACKED.glob("*.bin"):
        cache.unlink()


def environment() -> dict[str, str]:
    """With the libraries that were unpacked beside it; those of the system go first where it has them."""
    folders = sorted({str(path.parent) for path in UNPACKED.glob("usr/lib/**/*.so*")})
    return {**os.environ, "LD_LIBRARY_PATH": ":".join([*folders, os.environ.get("LD_LIBRARY_PATH", "")]).rstrip(":")}


def version_of(path: Path) -> str | None:
    """Such as `PgBouncer 1.18.0`; None for what is missing or does not start."""
    try:
        told = subprocess.run(  # noqa: S603  # the person's own program
            [path, "--version"], capture_output=True, text=True, timeout=30, check=False, env=environment()
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return told.stdout.split("\n")[0] if told.returncode == 0 and told.stdout.startswith("PgBouncer") else None


def run(command: Sequence[str]) -> str:
    """What it printed. Raises: CalledProcessError, TimeoutExpired."""
    return subprocess.run(  # noqa: S603  # commands of this file
        command,
        cwd=UNPACKED,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=TIMEOUT_S,
        check=True,
    ).stdout


if __name__ == "__main__":
    sys.exit(main())
