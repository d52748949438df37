"""PostgreSQL behind `db.py`: asyncpg with a pool, directly or through a pooler in transaction mode."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any, Literal, TypeVar

import asyncpg
from asyncpg.pool import PoolConnectionProxy
from asyncpg.transaction import Transaction
from typing_extensions import override

from moorline import clock
from moorline.errors import StoreUnavailable
from moorline.store.db import (
    Database,
    Deadlocked,
    Load,
    PoolOptions,
    ReferenceViolated,
    Row,
    Statements,
    UniqueViolated,
    Work,
    writes,
)
from moorline.store.servers import Servers

T = TypeVar("T")

ACQUIRE_TIMEOUT_S = 5.0
STATEMENTS_KEPT = 512  # prepared on a connection: more than this program has
# A process that froze inside a transaction keeps its rows locked no longer than this.
LONGEST_PAUSE_MS = "15000"

_PASSING = (
    OSError,
    asyncio.TimeoutError,
    asyncpg.InterfaceError,
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,  # shutting down, starting up, crashed, cancelled
    asyncpg.InsufficientResourcesError,  # disk or memory full, too many connections
    asyncpg.ReadOnlySQLTransactionError,
    asyncpg.DeadlockDetectedError,
    asyncpg.IdleInTransactionSessionTimeoutError,
    asyncpg.InternalClientError,  # an answer was cut off; or none of the servers takes writes now
)
# These say nothing of what the server did.
_LOST = (
    OSError,
    asyncio.TimeoutError,
    asyncpg.InterfaceError,
    asyncpg.PostgresConnectionError,
    asyncpg.InternalClientError,
)


class _Doubt:
    """Whether what is under way may be saved although its answer is lost."""

    __slots__ = ("exists",)

    def __init__(self, *, exists: bool) -> None:
        self.exists = exists


class PostgresqlDatabase(Database):
    """A pool of connections to one PostgreSQL database."""

    def __init__(self, pool: "asyncpg.Pool[asyncpg.Record]") -> None:
        self._pool = pool
        self._under_way = 0
        self._closing = False
        self._idle = asyncio.Event()

    @classmethod
    async def open(cls, url: str, options: PoolOptions) -> "PostgresqlDatabase":
        """Connect. Raises: StoreUnavailable, naming neither user nor password."""
        try:
            servers = Servers(url)
            is_pooled = await _is_pooled(servers)
            pool = await asyncpg.create_pool(
                url,
                connect=servers.connect,
                min_size=1,
                max_size=options.size,
                timeout=ACQUIRE_TIMEOUT_S,
                command_timeout=options.statement_timeout_s,
                reset=_leave_as_it_is,
                statement_cache_size=_statements_kept(options, is_pooled=is_pooled),
                # A pooler hands one server connection to many: what is set for a session there is set for strangers.
                server_settings={} if is_pooled else {"idle_in_transaction_session_timeout": LONGEST_PAUSE_MS},
            )
        except (*_PASSING, asyncpg.PostgresError, ValueError, OverflowError) as error:  # the last two: no such address
            raise StoreUnavailable(f"PostgreSQL cannot be reached: {type(error).__name__}.") from error
        servers.moved = pool.expire_connections  # to the server before, which may live on and take no writes
        return cls(pool)

    @property
    @override
    def engine(self) -> Literal["sqlite", "postgresql"]:
        return "postgresql"

    @property
    @override
    def load(self) -> Load:
        idle = self._pool.get_idle_size()
        in_use = self._pool.get_size() - idle
        return Load(in_use=in_use, idle=idle, waiting=max(0, self._under_way - in_use))

    @override
    async def one(self, sql: str, *args: object) -> Row | None:
        async with self._connected(_Doubt(exists=writes(sql))) as connected:
            return await connected.one(sql, *args)

    @override
    async def all(self, sql: str, *args: object) -> list[Row]:
        async with self._connected(_Doubt(exists=writes(sql))) as connected:
            return await connected.all(sql, *args)

    @override
    async def run(self, sql: str, *args: object) -> int:
        async with self._connected(_Doubt(exists=writes(sql))) as connected:
            return await connected.run(sql, *args)

    @override
    async def transaction(self, work: Work[T], *, durable: bool = False) -> T:
        try:
            return await self._transaction(work)
        except asyncpg.InvalidCachedStatementError:
            pass  # a migration changed a table since its statements were prepared; the driver has forgotten them now
        try:
            return await self._transaction(work)
        except asyncpg.InvalidCachedStatementError as error:
            raise _unavailable(error, in_doubt=False) from error

    async def _transaction(self, work: Work[T]) -> T:
        doubt = _Doubt(exists=False)
        async with self._connected(doubt) as connected, connected.transaction():
            result = await work(connected)
            doubt.exists = True  # from here on it is being committed
            return result

    @override
    async def ahead(self) -> timedelta:
        async with self._connected(_Doubt(exists=False)) as connected:
            measured = [await _measured(connected) for _ in range(3)]
        _, ahead = min(measured)  # the quickest answer tells most exactly
        return ahead

    @override
    async def close(self) -> None:
        self._closing = True
        if self._under_way:  # the pool itself closes connections that somebody is just about to use
            await self._idle.wait()
        await self._pool.close()

    @asynccontextmanager
    async def _connected(self, doubt: _Doubt) -> "AsyncIterator[_Connected]":
        if self._closing:
            raise StoreUnavailable("The server is stopping.")
        self._under_way += 1
        is_connected = False
        try:
            async with self._pool.acquire(timeout=ACQUIRE_TIMEOUT_S) as connection:
                is_connected = True
                try:
                    yield _Connected(connection)
                except asyncpg.InternalClientError:  # what is left of it would break whoever comes next
                    connection.terminate()
                    raise
        except _PASSING as error:
            if isinstance(error, asyncpg.ReadOnlySQLTransactionError):
                # The server was demoted. Its connections live on, so that they would be used for ever.
                await self._pool.expire_connections()
            raise _unavailable(error, in_doubt=is_connected and doubt.exists) from error
        except asyncpg.PostgresError as error:
            if is_connected:
                raise
            # A server that lets nobody in, as one may that has just taken over.
            raise _unavailable(error, in_doubt=False) from error
        finally:
            self._under_way -= 1
            if self._closing and not self._under_way:
                self._idle.set()


class _Connected(Statements):
    __slots__ = ("_connection",)

    def __init__(self, connection: "PoolConnectionProxy[asyncpg.Record]") -> None:
        self._connection = connection

    def transaction(self) -> Transaction:
        return self._connection.transaction()

    @override
    async def one(self, sql: str, *args: object) -> Row | None:
        try:
            row: Row | None = await self._connection.fetchrow(sql, *args)
        except asyncpg.IntegrityConstraintViolationError as error:
            raise _translated(error) from error
        return row

    @override
    async def all(self, sql: str, *args: object) -> list[Row]:
        try:
            return list(await self._connection.fetch(sql, *args))
        except asyncpg.IntegrityConstraintViolationError as error:
            raise _translated(error) from error

    @override
    async def run(self, sql: str, *args: object) -> int:
        try:
            status = await self._connection.execute(sql, *args)
        except asyncpg.IntegrityConstraintViolationError as error:
            raise _translated(error) from error
        count = status.rpartition(" ")[2]
        return int(count) if count.isdigit() else 0


async def _leave_as_it_is(_connection: "asyncpg.Connection[asyncpg.Record]") -> None:
    """Nothing here sets what would outlast a transaction (settings, LISTEN, advisory locks, held cursors), so that a
    connection is clean when it comes back; the driver's own way asks the server to clean it, after every statement.
    """


async def _is_pooled(servers: Servers) -> bool:
    """Whether a pooler stands between: it made up the process id that it told at the greeting."""
    connection = await servers.connect(
        timeout=ACQUIRE_TIMEOUT_S, command_timeout=ACQUIRE_TIMEOUT_S, statement_cache_size=0
    )
    try:
        answered: Any = await connection.fetchval("SELECT pg_backend_pid()")
        return bool(answered != connection.get_server_pid())
    finally:
        await connection.close(timeout=ACQUIRE_TIMEOUT_S)


def _statements_kept(options: PoolOptions, *, is_pooled: bool) -> int:
    """A statement that is prepared on one server connection is not there on the next one that a pooler lends."""
    if options.statement_cache is not None:
        return options.statement_cache
    return 0 if is_pooled else STATEMENTS_KEPT


async def _measured(connected: _Connected) -> tuple[timedelta, timedelta]:
    """How long the server's answer took, and how far its clock is ahead of ours."""
    asked_at = clock.machine_now()
    row = await connected.one("SELECT clock_timestamp() AS now")
    answered_at = clock.machine_now()
    if row is None:
        raise RuntimeError("a SELECT answered no row")
    took = answered_at - asked_at
    return took, row["now"] - asked_at - took / 2


def _unavailable(error: BaseException, *, in_doubt: bool) -> StoreUnavailable:
    if in_doubt and isinstance(error, _LOST):
        return StoreUnavailable(
            f"The database was lost while this was being saved ({type(error).__name__}): it may be saved or not. "
            "Look before you try again."
        )
    kind = Deadlocked if isinstance(error, asyncpg.DeadlockDetectedError) else StoreUnavailable
    return kind(f"The database did not answer in time ({type(error).__name__}); nothing was changed. Try again.")


def _translated(error: asyncpg.IntegrityConstraintViolationError) -> Exception:
    if isinstance(error, asyncpg.UniqueViolationError):
        return UniqueViolated(str(error.constraint_name))
    if isinstance(error, asyncpg.ForeignKeyViolationError | asyncpg.RestrictViolationError):
        return ReferenceViolated(str(error.constraint_name))
    return error
