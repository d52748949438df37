"""PostgreSQL behind `db.py`: asyncpg with a pool."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Literal, TypeVar

import asyncpg
from asyncpg.pool import PoolConnectionProxy
from asyncpg.transaction import Transaction
from typing_extensions import override

from moorline.errors import StoreUnavailable
from moorline.store.db import Database, Deadlocked, Load, ReferenceViolated, Row, Statements, UniqueViolated, Work

T = TypeVar("T")

POOL_SIZE = 10
ACQUIRE_TIMEOUT_S = 5.0
STATEMENT_TIMEOUT_S = 10.0

_PASSING = (
    OSError,
    asyncio.TimeoutError,
    asyncpg.InterfaceError,
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,  # shutting down, starting up, crashed, cancelled
    asyncpg.InsufficientResourcesError,  # disk or memory full, too many connections
    asyncpg.ReadOnlySQLTransactionError,
    asyncpg.DeadlockDetectedError,
)


class PostgresqlDatabase(Database):
    """A pool of connections to one PostgreSQL database."""

    def __init__(self, pool: "asyncpg.Pool[asyncpg.Record]") -> None:
        self._pool = pool
        self._under_way = 0
        self._closing = False
        self._idle = asyncio.Event()

    @classmethod
    async def open(cls, url: str) -> "PostgresqlDatabase":
        """Connect. Raises: StoreUnavailable, naming neither user nor password."""
        try:
            pool = await asyncpg.create_pool(
                url,
                min_size=1,
                max_size=POOL_SIZE,
                timeout=ACQUIRE_TIMEOUT_S,
                command_timeout=STATEMENT_TIMEOUT_S,
                reset=_leave_as_it_is,
            )
        except (*_PASSING, asyncpg.PostgresError, ValueError, OverflowError) as error:  # the last two: no such address
            raise StoreUnavailable(f"PostgreSQL cannot be reached: {type(error).__name__}.") from error
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
        async with self._connected() as connected:
            return await connected.one(sql, *args)

    @override
    async def all(self, sql: str, *args: object) -> list[Row]:
        async with self._connected() as connected:
            return await connected.all(sql, *args)

    @override
    async def run(self, sql: str, *args: object) -> int:
        async with self._connected() as connected:
            return await connected.run(sql, *args)

    @override
    async def transaction(self, work: Work[T], *, durable: bool = False) -> T:
        async with self._connected() as connected, connected.transaction():
            return await work(connected)

    @override
    async def close(self) -> None:
        self._closing = True
        if self._under_way:  # the pool itself closes connections that somebody is just about to use
            await self._idle.wait()
        await self._pool.close()

    @asynccontextmanager
    async def _connected(self) -> "AsyncIterator[_Connected]":
        if self._closing:
            raise StoreUnavailable("The server is stopping.")
        self._under_way += 1
        try:
            async with self._pool.acquire(timeout=ACQUIRE_TIMEOUT_S) as connection:
                yield _Connected(connection)
        except _PASSING as error:
            kind = Deadlocked if isinstance(error, asyncpg.DeadlockDetectedError) else StoreUnavailable
            raise kind(
                f"The database did not answer in time ({type(error).__name__}); nothing was changed. Try again."
            ) from error
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


def _translated(error: asyncpg.IntegrityConstraintViolationError) -> Exception:
    if isinstance(error, asyncpg.UniqueViolationError):
        return UniqueViolated(str(error.constraint_name))
    if isinstance(error, asyncpg.ForeignKeyViolationError | asyncpg.RestrictViolationError):
        return ReferenceViolated(str(error.constraint_name))
    return error
