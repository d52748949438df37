"""Finds PgBouncer for the test of a pooler, and fetches it where there is none: Debian's, unpacked and not installed.

    python3 -m scripts.pooler           find or fetch, and say which it is
    python3 -m scripts.pooler --find    print its path; fetches nothing

`MOORLINE_TEST_PGBOUNCER` names another. `MOORLINE_NO_POOLER=1` says that there is to be none; its test is skipped then.
Needs neither root nor a running PostgreSQL; nothing outside `.venv` is changed, and nothing is started.
"""

import os
import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

from scripts.finder import Failed, Program, run

CHOSEN = "MOORLINE_TEST_PGBOUNCER"
UNWANTED = "MOORLINE_NO_POOLER"
UNPACKED = Path(__file__).resolve().parent.parent / ".venv" / "pgbouncer"
PLACES = ("/usr/sbin/pgbouncer", "/usr/local/sbin/pgbouncer", "/usr/local/bin/pgbouncer", "/opt/homebrew/bin/pgbouncer")
LIBRARIES = ("libevent-2", "libc-ares", "libcares")  # what it needs that a small system may lack
NONE_FOUND = f"""There is no PgBouncer for the test of a pooler. One of these helps:
  python3 -m scripts.pooler              finds or fetches one, on Debian and its kin
  sudo apt install pgbouncer             or however your system has it
  {CHOSEN}=/path/to/it    when it lies elsewhere
  {UNWANTED}=1                   leaves its test out"""


def candidates() -> Iterator[Path]:
    """Where one may be, best first."""
    found = shutil.which("pgbouncer")
    if found is not None:
        yield Path(found)
    yield from map(Path, PLACES)
    yield UNPACKED / "usr/sbin/pgbouncer"


def by_apt() -> None:
    """Download the package and what it needs, and unpack them. Raises: Failed."""
    if shutil.which("apt-get") is None:
        raise Failed("  apt-get: not here")
    print("No PgBouncer found: fetching Debian's ...", flush=True)
    shutil.rmtree(UNPACKED, ignore_errors=True)
    UNPACKED.mkdir(parents=True)
    # Lists of its own: a fresh image has none, and only root may fetch those of the system.
    lists = UNPACKED / "lists"
    (lists / "partial").mkdir(parents=True)
    apt = ["-o", f"Dir::State::Lists={lists}", "-o", f"Dir::Cache={UNPACKED}", "-o", "APT::Sandbox::User="]
    run(["apt-get", *apt, "-qq", "update"])
    depends = run(["apt-cache", *apt, "depends", "pgbouncer"])
    needed = {line.split()[-1] for line in depends.splitlines() if line.split()[-1].startswith(LIBRARIES)}
    run(["apt-get", *apt, "-qq", "download", "pgbouncer", *sorted(needed)], folder=UNPACKED)
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


POOLER = Program(
    name="PgBouncer",
    kind="PgBouncer",
    told=re.compile(r"^PgBouncer [\d.]+"),
    chosen=CHOSEN,
    unwanted=UNWANTED,
    skipped="its test",
    none_found=NONE_FOUND,
    candidates=candidates,
    ways=(by_apt,),
    environment=environment,
)

if __name__ == "__main__":
    sys.exit(POOLER.main())
