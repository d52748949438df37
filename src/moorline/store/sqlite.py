"""SQLite behind `db.py`: one writer connection on its own thread, reads on the calling thread, WAL.

A point read takes a few microseconds, as does a row written without an fsync; a hop to another thread takes fifty. So
both stay where they are asked for, unless another connection is writing: then the writer's thread waits, not the loop.
The log is never checkpointed inside a request: a third connection does it on a thread of its own.
"""

import asyncio
import queue
import sqlite3
import threading
from collections.abc import Coroutine
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, Literal, TypeVar

from typing_extensions import override

from moorline.errors import StoreUnavailable
from moorline.store.db import (
    Database,
    Load,
    ReferenceViolated,
    Row,
    Statements,
    UniqueViolated,
    Work,
    prepare_for_sqlite,
)

T = TypeVar("T")

# A RESTRICT reference reports itself as a trigger; we have no triggers of our own.
_REFERENCE = {sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY, sqlite3.SQLITE_CONSTRAINT_TRIGGER}
_LOCKED = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
_PASSING = {
    *_LOCKED,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_CANTOPEN,
}

BUSY_TIMEOUT_MS = 5_000
MOST_TOGETHER = 64  # transactions, so that the first of them is told soon
CHECKPOINT_EVERY_S = 1.0
CHECKPOINT_WAIT_MS = 1_000
MOST_LOG_FRAMES = 16_384  # 64 MiB


class _Locked(StoreUnavailable):
    """Another connection holds the database."""


@dataclass(frozen=True, slots=True)
class _Job:
    work: Work[Any]
    durable: bool
    loop: asyncio.AbstractEventLoop
    done: "asyncio.Future[Any]"


def open_connection(path: str) -> sqlite3.Connection:
    """A connection in autocommit mode with the settings every part of Moorline uses."""
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, cached_statements=512)
    connection.row_factory = sqlite3.Row
    connection.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute("PRAGMA wal_autocheckpoint = 0")
    return connection


class SqliteDatabase(Database):
    """An open SQLite file."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._near = open_connection(path)
        self._near.execute("PRAGMA busy_timeout = 0")
        self._written = open_connection(path)
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._stopping = threading.Event()
        self._writer = threading.Thread(target=self._write, name="sqlite-writer", daemon=True)
        self._checkpointer = threading.Thread(target=self._checkpoint, name="sqlite-checkpoints", daemon=True)
        self._writer.start()
        self._checkpointer.start()

    @classmethod
    def open(cls, path: str) -> "SqliteDatabase":
        """Open or make the file (its folder too). Raises: StoreUnavailable."""
        try:
            Path(path).parent.mkdir(parents=True, exist_ok=True)
            connection = open_connection(path)
            connection.execute("PRAGMA journal_mode = WAL")
            connection.close()
            return cls(path)
        except (OSError, sqlite3.Error) as error:
            raise StoreUnavailable(f"The database file cannot be opened: {error}.") from error

    @property
    @override
    def engine(self) -> Literal["sqlite", "postgresql"]:
        return "sqlite"

    @property
    @override
    def load(self) -> Load:
        return Load(in_use=None, idle=0, waiting=self._jobs.qsize())

    @override
    async def one(self, sql: str, *args: object) -> Row | None:
        self._refuse_when_stopping()
        try:
            return _Connected(self._near).one_now(sql, args)
        except _Locked:  # nothing was done
            return await self.transaction(lambda tx: tx.one(sql, *args))

    @override
    async def all(self, sql: str, *args: object) -> list[Row]:
        if prepare_for_sqlite(sql).reads:
            self._refuse_when_stopping()
            with suppress(_Locked):
                return _Connected(self._near).all_now(sql, args)
        return await self.transaction(lambda tx: tx.all(sql, *args))

    @override
    async def run(self, sql: str, *args: object) -> int:
        return await self.transaction(lambda tx: tx.run(sql, *args))

    @override
    async def transaction(self, work: Work[T], *, durable: bool = False) -> T:
        self._refuse_when_stopping()
        # On the writer thread there is no loop: a transaction inside a transaction fails here, before it is queued.
        loop = asyncio.get_running_loop()
        done: asyncio.Future[T] = loop.create_future()
        self._jobs.put(_Job(work, durable, loop, done))
        return await done

    @override
    async def ahead(self) -> timedelta:
        return timedelta(0)

    @override
    async def close(self) -> None:
        if self._stopping.is_set():
            return
        self._stopping.set()
        self._jobs.put(None)
        await asyncio.to_thread(self._writer.join)
        await asyncio.to_thread(self._checkpointer.join)
        self._near.close()

    def _refuse_when_stopping(self) -> None:
        if self._stopping.is_set():
            raise StoreUnavailable("The server is stopping.")

    def _write(self) -> None:
        while jobs := self._waiting():
            self._carry_out(jobs)
        self._written.close()

    def _waiting(self) -> list[_Job]:
        """What waits to be written, in order; empty when nothing more will come."""
        jobs = []
        while (job := self._jobs.get()) is not None:
            jobs.append(job)
            if self._jobs.empty() or len(jobs) == MOST_TOGETHER:
                return jobs
        self._jobs.put(None)  # for the next call
        return jobs

    def _carry_out(self, jobs: list[_Job]) -> None:
        """A transaction for each. Those that are to be durable share one fsync: the last one's is of the whole log."""
        last_durable = max((at for at, job in enumerate(jobs) if job.durable), default=-1)
        not_yet_durable: list[tuple[_Job, object]] = []
        for at, job in enumerate(jobs):
            try:
                result = _in_transaction(self._written, job.work, durable=at == last_durable)
            except BaseException as error:  # noqa: BLE001 - whatever it was, the caller gets it, not this thread
                _tell(job, None, error)
                if at == last_durable and not_yet_durable:
                    self._make_durable(not_yet_durable)
                continue
            if job.durable and at < last_durable:
                not_yet_durable.append((job, result))
                continue
            _tell(job, result, None)
            if at == last_durable:
                for earlier, found in not_yet_durable:
                    _tell(earlier, found, None)

    def _make_durable(self, committed: list[tuple[_Job, object]]) -> None:
        """The commit that was to bring these to the disk failed, so there is one for them alone."""
        error: BaseException | None = None
        try:
            _in_transaction(self._written, _touch, durable=True)
        except StoreUnavailable as failure:
            error = failure
        for job, result in committed:
            _tell(job, result, error)

    def _checkpoint(self) -> None:
        connection = open_connection(self._path)
        connection.execute(f"PRAGMA busy_timeout = {CHECKPOINT_WAIT_MS}")
        seen = None
        while not self._stopping.wait(CHECKPOINT_EVERY_S):
            with suppress(sqlite3.Error, StoreUnavailable):  # busy or full now: the next round tries again
                (version,) = connection.execute("PRAGMA data_version").fetchone()
                if version == seen:  # nobody else has written since
                    continue
                _, log_frames, written_back = connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
                # Writers that never pause never begin the log anew, so it would grow for ever: they wait, once, for
                # the few frames that are left.
                if log_frames > MOST_LOG_FRAMES:
                    connection.execute("PRAGMA wal_checkpoint(RESTART)")
                # The write that begins the log anew waits for the disk: let it be one that nobody waits for.
                if log_frames == written_back:
                    _in_transaction(connection, _touch, durable=False)
                seen = version
        with suppress(sqlite3.Error):
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.close()


async def _touch(tx: Statements) -> None:
    """Write, and change nothing."""
    row = await tx.one("PRAGMA user_version")
    await tx.run(f"PRAGMA user_version = {0 if row is None else int(row['user_version'])}")


def _tell(job: _Job, result: object, error: BaseException | None) -> None:
    def settle() -> None:
        if job.done.cancelled():  # the caller went away; what was done stays done
            return
        if error is None:
            job.done.set_result(result)
        else:
            job.done.set_exception(error)

    with suppress(RuntimeError):  # the caller's loop is closed
        job.loop.call_soon_threadsafe(settle)


def _in_transaction(connection: sqlite3.Connection, work: Work[T], *, durable: bool) -> T:
    try:
        if durable:
            connection.execute("PRAGMA synchronous = FULL")
        connection.execute("BEGIN IMMEDIATE")
        try:
            result: T = _drive(work(_Connected(connection)))
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise
        else:
            return result
    except sqlite3.Error as error:
        raise _translated(error) from error
    finally:
        if durable:
            connection.execute("PRAGMA synchronous = NORMAL")


def _drive(awaitable: Any) -> Any:
    """Run a coroutine that never really waits to its end."""
    coroutine: Coroutine[Any, Any, Any] = awaitable
    try:
        coroutine.send(None)
    except StopIteration as stop:
        return stop.value
    coroutine.close()
    raise RuntimeError("a transaction may await its own statements only")


class _Connected(Statements):
    """Statements on one connection; their coroutines never wait."""

    __slots__ = ("_connection",)

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def one_now(self, sql: str, args: tuple[object, ...]) -> Row | None:
        try:
            # A cursor left open would keep its snapshot, and with it the log, from being checkpointed.
            with closing(self._execute(sql, args)) as cursor:
                row: Row | None = cursor.fetchone()
        except sqlite3.Error as error:
            raise _translated(error) from error
        return row

    def all_now(self, sql: str, args: tuple[object, ...]) -> list[Row]:
        try:
            rows: list[Row] = self._execute(sql, args).fetchall()
        except sqlite3.Error as error:
            raise _translated(error) from error
        return rows

    @override
    async def one(self, sql: str, *args: object) -> Row | None:
        return self.one_now(sql, args)

    @override
    async def all(self, sql: str, *args: object) -> list[Row]:
        return self.all_now(sql, args)

    @override
    async def run(self, sql: str, *args: object) -> int:
        try:
            return self._execute(sql, args).rowcount
        except sqlite3.Error as error:
            raise _translated(error) from error

    def _execute(self, sql: str, args: tuple[object, ...]) -> sqlite3.Cursor:
        return self._connection.execute(prepare_for_sqlite(sql).text, args)


def _translated(error: sqlite3.Error) -> Exception:
    code = getattr(error, "sqlite_errorcode", None)
    if code in {sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY}:
        return UniqueViolated(str(error))
    if code in _REFERENCE:
        return ReferenceViolated(str(error))
    if isinstance(error, sqlite3.OperationalError) and code is not None and code & 0xFF in _PASSING:
        kind = _Locked if code & 0xFF in _LOCKED else StoreUnavailable
        return kind("The database did not answer in time; nothing was changed. Try again.")
    return error
