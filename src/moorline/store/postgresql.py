"""PostgreSQL behind `db.py`: asyncpg with a pool."""

import asyncio
from typing import Literal, TypeVar

import asyncpg
from asyncpg.pool import PoolConnectionProxy
from typing_extensions import override

from moorline.errors import StoreUnavailable
from moorline.store.db import Database, ReferenceViolated, Row, Statements, UniqueViolated, Work

T = TypeVar("T")

POOL_SIZE = 10
ACQUIRE_TIMEOUT_S = 5.0
STATEMENT_TIMEOUT_S = 10.0

_PASSING = (
    OSError,
    asyncio.TimeoutError,
    asyncpg.InterfaceError,
    asyncpg.PostgresConnectionError,
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.TooManyConnectionsError,
    asyncpg.ReadOnlySQLTransactionError,
    asyncpg.DeadlockDetectedError,
)


class PostgresqlDatabase(Database):
    """A pool of connections to one PostgreSQL database."""

    def __init__(self, pool: "asyncpg.Pool[asyncpg.Record]") -> None:
        self._pool = pool

    @classmethod
    async def open(cls, url: str) -> "PostgresqlDatabase":
        """Connect. Raises: StoreUnavailable, naming neither user nor password."""
        try:
            pool = await asyncpg.create_pool(
                url, min_size=1, max_size=POOL_SIZE, timeout=ACQUIRE_TIMEOUT_S, command_timeout=STATEMENT_TIMEOUT_S
            )
        except (*_PASSING, asyncpg.PostgresError) as error:
            raise StoreUnavailable(f"PostgreSQL cannot be reached: {type(error).__name__}.") from error
        return cls(pool)

    @property
    @override
    def engine(self) -> Literal["sqlite", "postgresql"]:
        return "postgresql"

    @override
    async def one(self, sql: str, *args: object) -> Row | None:
        try:
            async with self._pool.acquire(timeout=ACQUIRE_TIMEOUT_S) as connection:
                return await _Connected(connection).one(sql, *args)
        except _PASSING as error:
            raise _unavailable(error) from error

    @override
    async def all(self, sql: str, *args: object) -> list[Row]:
        try:
            async with self._pool.acquire(timeout=ACQUIRE_TIMEOUT_S) as connection:
                return await _Connected(connection).all(sql, *args)
        except _PASSING as error:
            raise _unavailable(error) from error

    @override
    async def run(self, sql: str, *args: object) -> int:
        try:
            async with self._pool.acquire(timeout=ACQUIRE_TIMEOUT_S) as connection:
                return await _Connected(connection).run(sql, *args)
        except _PASSING as error:
            raise _unavailable(error) from error

    @override
    async def transaction(self, work: Work[T], *, durable: bool = False) -> T:
        try:
            async with self._pool.acquire(timeout=ACQUIRE_TIMEOUT_S) as connection, connection.transaction():
                return await work(_Connected(connection))
        except _PASSING as error:
            raise _unavailable(error) from error

    @override
    async def close(self) -> None:
        await self._pool.close()


class _Connected(Statements):
    __slots__ = ("_connection",)

    def __init__(self, connection: "PoolConnectionProxy[asyncpg.Record]") -> None:
        self._connection = connection

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


def _translated(error: asyncpg.IntegrityConstraintViolationError) -> Exception:
    if isinstance(error, asyncpg.UniqueViolationError):
        return UniqueViolated(str(error.constraint_name))
    if isinstance(error, asyncpg.ForeignKeyViolationError | asyncpg.RestrictViolationError):
        return ReferenceViolated(str(error.constraint_name))
    return error


def _unavailable(error: BaseException) -> StoreUnavailable:
    return StoreUnavailable(
        f"The database did not answer in time ({type(error).__name__}); nothing was changed. Try again."
    )
