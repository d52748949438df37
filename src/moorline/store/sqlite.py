"""SQLite behind `db.py`: one writer connection on its own thread, reads on the calling thread, WAL.

A point read takes a few microseconds, a hop to another thread fifty; so reads stay where they are asked for, and so do
the hottest writes (`at_once`) while the writer has nothing to do. The log is never checkpointed inside a request: a
third connection does it on a thread of its own, and begins the log anew there too, which waits for the disk.
"""

import asyncio
import queue
import sqlite3
import threading
from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeVar

from typing_extensions import override

from moorline.errors import StoreUnavailable
from moorline.store.db import Database, ReferenceViolated, Row, Statements, UniqueViolated, Work, prepare_for_sqlite

T = TypeVar("T")

# A RESTRICT reference reports itself as a trigger; we have no triggers of our own.
_REFERENCE = {sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY, sqlite3.SQLITE_CONSTRAINT_TRIGGER}
_PASSING = {
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_LOCKED,
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


class _Busy(StoreUnavailable):
    """Somebody else writes."""


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
        self._reader = open_connection(path)
        self._written = open_connection(path)
        _let_wait(self._written, 0)  # a statement at once waits for nobody; the writer thread asks for patience
        self._writing = threading.Lock()  # who holds it has `_written` for himself
        self._at_once = _AtOnce(self)
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
    def at_once(self) -> Statements:
        return self._at_once

    @override
    async def one(self, sql: str, *args: object) -> Row | None:
        if prepare_for_sqlite(sql).reads:
            self._refuse_when_stopping()
            return _Connected(self._reader).one_now(sql, args)
        return await self.transaction(lambda tx: tx.one(sql, *args))

    @override
    async def all(self, sql: str, *args: object) -> list[Row]:
        if prepare_for_sqlite(sql).reads:
            self._refuse_when_stopping()
            return _Connected(self._reader).all_now(sql, args)
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
    async def close(self) -> None:
        if self._stopping.is_set():
            return
        self._stopping.set()
        self._jobs.put(None)
        await asyncio.to_thread(self._writer.join)
        await asyncio.to_thread(self._checkpointer.join)
        self._reader.close()

    def carried_out(self, statement: Callable[["_Connected"], T]) -> tuple[T] | None:
        """What a writing statement answers, carried out here and now; None while somebody else writes.

        Raises: as every statement.
        """
        self._refuse_when_stopping()
        if not self._jobs.empty() or not self._writing.acquire(blocking=False):
            return None
        try:
            return (statement(_Connected(self._written)),)
        except _Busy:  # another process, or the log being begun anew
            return None
        finally:
            self._writing.release()

    def _refuse_when_stopping(self) -> None:
        if self._stopping.is_set():
            raise StoreUnavailable("The server is stopping.")

    def _write(self) -> None:
        while jobs := self._waiting():
            with self._writing:
                _let_wait(self._written, BUSY_TIMEOUT_MS)
                self._carry_out(jobs)
                _let_wait(self._written, 0)
        with self._writing:
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
        _let_wait(connection, CHECKPOINT_WAIT_MS)
        seen = None
        while not self._stopping.wait(CHECKPOINT_EVERY_S):
            with suppress(sqlite3.Error, StoreUnavailable):  # busy or full now: the next round tries again
                version = connection.execute("PRAGMA data_version").fetchone()[0]  # changes with others' commits only
                if version != seen and _written_back(connection):
                    seen = version
        with suppress(sqlite3.Error):
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.close()


def _written_back(connection: sqlite3.Connection) -> bool:
    """Write back what readers let go; whether that was everything. The next write begins the log anew then."""
    _, frames, written_back = connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
    # Writers that never pause never begin the log anew, so it would grow for ever: they wait, once, for the few frames
    # that are left.
    if frames > MOST_LOG_FRAMES:
        _, frames, written_back = connection.execute("PRAGMA wal_checkpoint(RESTART)").fetchone()
    if frames != written_back:
        return False
    _in_transaction(connection, _touch, durable=False)  # that write waits for the disk: here it keeps nobody
    return True


def _let_wait(connection: sqlite3.Connection, ms: int) -> None:
    """How long the connection waits for others that write."""
    connection.execute(f"PRAGMA busy_timeout = {ms}")


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


class _AtOnce(Statements):
    """Statements carried out at once where that is possible, else in their turn."""

    __slots__ = ("_file",)

    def __init__(self, file: SqliteDatabase) -> None:
        self._file = file

    @override
    async def one(self, sql: str, *args: object) -> Row | None:
        # Read to its end: only then the statement is committed.
        rows = self._file.carried_out(lambda connected: connected.all_now(sql, args))
        return await self._file.one(sql, *args) if rows is None else next(iter(rows[0]), None)

    @override
    async def all(self, sql: str, *args: object) -> list[Row]:
        rows = self._file.carried_out(lambda connected: connected.all_now(sql, args))
        return await self._file.all(sql, *args) if rows is None else rows[0]

    @override
    async def run(self, sql: str, *args: object) -> int:
        touched = self._file.carried_out(lambda connected: connected.run_now(sql, args))
        return await self._file.run(sql, *args) if touched is None else touched[0]


class _Connected(Statements):
    """Statements on one connection; their coroutines never wait."""

    __slots__ = ("_connection",)

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def one_now(self, sql: str, args: tuple[object, ...]) -> Row | None:
        cursor = self._execute(sql, args)
        try:
            row: Row | None = cursor.fetchone()
        finally:
            cursor.close()  # a cursor left open would keep its snapshot, and with it the log, from being checkpointed
        return row

    def all_now(self, sql: str, args: tuple[object, ...]) -> list[Row]:
        rows: list[Row] = self._execute(sql, args).fetchall()
        return rows

    @override
    async def one(self, sql: str, *args: object) -> Row | None:
        return self.one_now(sql, args)

    @override
    async def all(self, sql: str, *args: object) -> list[Row]:
        return self.all_now(sql, args)

    def run_now(self, sql: str, args: tuple[object, ...]) -> int:
        return self._execute(sql, args).rowcount

    @override
    async def run(self, sql: str, *args: object) -> int:
        return self.run_now(sql, args)

    def _execute(self, sql: str, args: tuple[object, ...]) -> sqlite3.Cursor:
        try:
            return self._connection.execute(prepare_for_sqlite(sql).text, args)
        except sqlite3.Error as error:
            raise _translated(error) from error


def _translated(error: sqlite3.Error) -> Exception:
    code = getattr(error, "sqlite_errorcode", None)
    if code in {sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY}:
        return UniqueViolated(str(error))
    if code in _REFERENCE:
        return ReferenceViolated(str(error))
    if isinstance(error, sqlite3.OperationalError) and code is not None and code & 0xFF in _PASSING:
        kind = _Busy if code & 0xFF == sqlite3.SQLITE_BUSY else StoreUnavailable
        return kind("The database did not answer in time; nothing was changed. Try again.")
    return error
