"""A PostgreSQL server that tests may stop, start again, kill, freeze, and turn read-only; its data stay."""

import asyncio
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import asyncpg

from tests.engines import START_TIMEOUT_S, CannotStart, _free_port, _in_memory, _owner, _programs

# Of a power failure nothing here has to be left, but what was acknowledged outlives a crash of the server alone.
# One that is killed leaves its shared memory behind: then in its folder, which goes.
SETTINGS = (
    "fsync=off", "full_page_writes=off", "autovacuum=off", "max_wal_size=64MB", "dynamic_shared_memory_type=mmap",
)  # fmt: skip
INITDB = ("-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")
CUT_OTHERS = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
    " WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
)


class OwnPostgresql:
    """One cluster, on one port over all its starts. `standby_of`: a copy of that one, which it follows."""

    def __init__(self, folder: Path, *, port: int | None = None, standby_of: "OwnPostgresql | None" = None) -> None:
        self._folder = folder
        self._owner = _owner(folder)
        self._programs = _programs(folder)
        self.port = port or _free_port()
        self._process: subprocess.Popen[bytes] | None = None
        self._frozen: list[int] = []
        make = ["initdb", *INITDB]
        if standby_of is not None:
            make = ["pg_basebackup", "-d", standby_of.url, "-R", "--checkpoint=fast", "--no-sync"]
        made = subprocess.run(
            [f"{self._programs}/{make[0]}", "-D", f"{folder}/cluster", *make[1:]],
            capture_output=True,
            text=True,
            check=False,
            cwd=folder,
            **self._owner,
        )
        if made.returncode:
            raise CannotStart(made.stderr)

    @property
    def url(self) -> str:
        return f"postgresql://postgres@127.0.0.1:{self.port}/postgres"

    def start(self) -> None:
        """Start it, and wait until it lets anybody in."""
        arguments = [f"{self._programs}/postgres", "-D", f"{self._folder}/cluster", "-h", "127.0.0.1"]
        arguments += ["-p", f"{self.port}", "-k", "", *(part for setting in SETTINGS for part in ("-c", setting))]
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                arguments, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self._folder, **self._owner
            )
        status, give_up_at = self._folder / "cluster" / "postmaster.pid", time.monotonic() + START_TIMEOUT_S
        while not (status.exists() and status.read_text().rstrip().endswith("ready")):
            if time.monotonic() > give_up_at or self._process.poll() is not None:
                raise CannotStart((self._folder / "log").read_text(errors="replace"))
            time.sleep(0.02)

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """Cut everybody and stop; SIGQUIT: without a word, as a crash would."""
        if self._process is not None:
            self._process.send_signal(how)
            for pid in self._frozen:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGCONT)
            self._process.wait(30)
            self._process = None

    async def kill(self) -> None:
        """End all of its processes without a word, as when its machine loses power."""
        for pid in await self._processes():
            with suppress(ProcessLookupError):  # some end as soon as the first of them does
                os.kill(pid, signal.SIGKILL)
        assert self._process is not None
        self._process.wait(30)
        self._process = None
        *_, segment, _ = (self._folder / "cluster" / "postmaster.pid").read_text().splitlines()
        # What it would have removed at its end.
        await asyncio.to_thread(subprocess.run, ["ipcrm", "-m", segment.split()[1]], check=True)

    async def freeze(self) -> None:
        """Let it answer nothing any more, and refuse nothing either, as when its machine cannot be reached."""
        self._frozen = await self._processes()
        for pid in self._frozen:
            os.kill(pid, signal.SIGSTOP)

    async def _processes(self) -> list[int]:
        assert self._process is not None
        others = await self.run("SELECT pid FROM pg_stat_activity WHERE pid <> pg_backend_pid()")
        return [self._process.pid, *(row["pid"] for row in others)]

    async def run(self, sql: str, *args: object) -> list[asyncpg.Record]:
        """What a statement finds."""
        connection = await asyncpg.connect(self.url, timeout=10, command_timeout=30)
        try:
            return list(await connection.fetch(sql, *args))
        finally:
            await connection.close()

    async def become(self, *, read_only: bool) -> None:
        """Cut everybody, and let them come back to a server that takes no writes, as one that was demoted; or does."""
        await self.run(f"ALTER SYSTEM SET default_transaction_read_only = {'on' if read_only else 'off'}")
        await self.run("SELECT pg_reload_conf()")
        await self.run(CUT_OTHERS)


@contextmanager
def own_postgresql(*, port: int | None = None, standby_of: OwnPostgresql | None = None) -> Iterator[OwnPostgresql]:
    """A server of one's own, started; stopped and removed at the end."""
    folder = Path(tempfile.mkdtemp(prefix="moorline-postgresql-", dir=_in_memory()))
    if os.geteuid() == 0:
        folder.chmod(0o755)
    server = None
    try:
        server = OwnPostgresql(folder, port=port, standby_of=standby_of)
        server.start()
        yield server
    finally:
        if server is not None:
            with suppress(subprocess.TimeoutExpired):
                server.stop(signal.SIGQUIT)
        shutil.rmtree(folder, ignore_errors=True)
