"""One thin face for two engines: plain SQL with `$1` parameters on SQLite and on PostgreSQL.

A transaction is an async function that awaits nothing but its own statements. On PostgreSQL it is simply awaited; on
SQLite it is driven to its end on the one writer thread, in a single hop, where awaiting anything else is an error. So
no transaction can be open across a network call, and writers never fight for SQLite's lock.
"""

import re
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
from operator import itemgetter
from typing import Any, Literal, Protocol, TypeVar

from typing_extensions import override

from moorline.errors import StoreUnavailable

T = TypeVar("T")


class Row(Protocol):
    """One row; columns by name, or by their place."""

    def __getitem__(self, column: str | int, /) -> Any: ...

    def keys(self) -> Iterable[str]:
        """The names of its columns."""
        ...


class Statements(Protocol):
    """What runs a statement: a transaction, or the database itself (each statement on its own)."""

    async def one(self, sql: str, *args: object) -> Row | None:
        """The first row, or None."""
        ...

    async def all(self, sql: str, *args: object) -> list[Row]:
        """Every row."""
        ...

    async def run(self, sql: str, *args: object) -> int:
        """Run a statement that answers no rows; how many rows it touched."""
        ...


Work = Callable[[Statements], Awaitable[T]]


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolOptions:
    """How PostgreSQL is used. `size`: connections of this process, at most.

    `statement_cache`: statements kept prepared on a connection; None: as many as there are, and none behind a pooler.
    """

    size: int = 10
    statement_timeout_s: float = 10.0
    statement_cache: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """How busy the way to the engine is. `waiting`: for a connection, or for SQLite's one writer.

    `in_use` and `idle` are connections of the pool; `in_use` is None where there is no pool.
    """

    in_use: int | None
    idle: int
    waiting: int


class Database(Statements, Protocol):
    """A store that is open. Every method raises StoreUnavailable when the engine cannot serve it now."""

    @property
    def engine(self) -> Literal["sqlite", "postgresql"]:
        """Which engine this is, for the doctor and the tests."""
        ...

    @property
    def load(self) -> Load:
        """How busy it is at this moment; asks nobody."""
        ...

    async def transaction(self, work: Work[T], *, durable: bool = False) -> T:
        """Run `work` in one transaction, committed when it returns and undone when it raises.

        `durable`: the commit also survives a power failure (on SQLite one fsync more). For rotated tokens and the like,
        which nobody could give us again.
        """
        ...

    async def ahead(self) -> timedelta:
        """How far the engine's clock is ahead of this machine's; nothing where it is this machine's."""
        ...

    async def close(self) -> None:
        """Finish what is under way and let go."""
        ...


class Wrapped(Database):
    """A database that stands before another; what is no statement goes straight on to that."""

    def __init__(self, db: Database) -> None:
        self._db = db

    @property
    @override
    def engine(self) -> Literal["sqlite", "postgresql"]:
        return self._db.engine

    @property
    @override
    def load(self) -> Load:
        return self._db.load

    @override
    async def ahead(self) -> timedelta:
        return await self._db.ahead()

    @override
    async def close(self) -> None:
        await self._db.close()


class UniqueViolated(Exception):
    """A unique index refused the row."""


class ReferenceViolated(Exception):
    """A foreign key refused the row: what it points to is gone, or something still points to it."""


class Deadlocked(StoreUnavailable):
    """Two transactions waited for each other, and this one was undone: run it again."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """A statement as SQLite takes it, and whether it only reads."""

    text: str
    reads: bool


def in_order(rows: Sequence[Row], columns: Sequence[str]) -> Iterable[tuple[Any, ...]]:
    """Some columns of every row, for long lists: a name costs SQLite more the further back its column stands."""
    if not rows:
        return ()
    places = {name: place for place, name in enumerate(rows[0].keys())}
    return map(itemgetter(*(places[name] for name in columns)), rows)


_WRITES = re.compile(r"\b(INSERT|UPDATE|DELETE|REPLACE)\b", re.IGNORECASE)


def writes(sql: str) -> bool:
    """Whether a statement changes anything."""
    return not prepare_for_sqlite(sql).reads


@lru_cache(maxsize=1024)
def prepare_for_sqlite(sql: str) -> Prepared:
    """`$1` becomes `?1`; a SELECT or WITH without a writing verb only reads."""
    text = re.sub(r"\$(\d+)", r"?\1", sql)
    return Prepared(text=text, reads=_WRITES.search(sql) is None)
