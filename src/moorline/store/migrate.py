"""Bring a database to a revision of the schema, and tell which one it has."""

import asyncio
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from moorline.errors import StoreUnavailable
from moorline.store.db import Database
from moorline.store.migrations import HEAD

if TYPE_CHECKING:
    from sqlalchemy import Connection

# Alembic keeps the migration under way in module globals, so within one process they take turns.
_one_at_a_time = threading.Lock()

_HAS_VERSION: dict[Literal["sqlite", "postgresql"], str] = {
    "sqlite": "SELECT 1 AS found FROM sqlite_master WHERE type = 'table' AND name = 'alembic_version'",
    "postgresql": "SELECT 1 AS found FROM pg_tables WHERE tablename = 'alembic_version' AND schemaname = ANY("
    "current_schemas(false))",
}


async def revision_of(db: Database) -> str | None:
    """The schema revision the database stands at; None when it is empty."""
    if await db.one(_HAS_VERSION[db.engine]) is None:
        return None
    row = await db.one("SELECT version_num FROM alembic_version")
    return None if row is None else str(row["version_num"])


async def is_current(db: Database) -> bool:
    """Whether the database stands at the revision this version of Moorline was written for."""
    return await revision_of(db) == HEAD


async def upgrade(url: str, revision: str = "head") -> None:
    """Bring the database up to `revision`. Safe to run twice and at once. Raises: StoreUnavailable."""
    await asyncio.to_thread(_run, url, "upgrade", revision)


async def downgrade(url: str, revision: str) -> None:
    """Bring the database down to `revision` (`base`: empty). Raises: StoreUnavailable."""
    await asyncio.to_thread(_run, url, "downgrade", revision)


def _run(url: str, direction: Literal["upgrade", "downgrade"], revision: str) -> None:
    from sqlalchemy.exc import DBAPIError

    try:
        with _one_at_a_time:
            if url.startswith("sqlite:///"):
                _on_sqlite(url, direction, revision)
            else:
                asyncio.run(_on_postgresql(url, direction, revision))
    except (DBAPIError, OSError) as error:
        reason = str(error.orig) if isinstance(error, DBAPIError) else type(error).__name__
        raise StoreUnavailable(f"The database cannot be migrated: {reason}.") from error


def _on_sqlite(url: str, direction: Literal["upgrade", "downgrade"], revision: str) -> None:
    from sqlalchemy import create_engine, event
    from sqlalchemy.pool import NullPool

    path = Path(url.removeprefix("sqlite:///"))
    path.parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(f"sqlite:///{path}", poolclass=NullPool, connect_args={"timeout": 30})

    @event.listens_for(engine, "connect")
    def _no_implicit_begin(dbapi_connection: object, _record: object) -> None:
        # The driver's own transactions would commit before each CREATE TABLE, and leave a revision half done.
        dbapi_connection.isolation_level = None  # type: ignore[attr-defined]

    @event.listens_for(engine, "begin")
    def _begin(connection: "Connection") -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    with engine.connect() as connection:
        _migrate(connection, direction, revision)
    engine.dispose()


async def _on_postgresql(url: str, direction: Literal["upgrade", "downgrade"], revision: str) -> None:
    from sqlalchemy.ext.asyncio import create_async_engine
    from sqlalchemy.pool import NullPool

    engine = create_async_engine("postgresql+asyncpg://" + url.partition("://")[2], poolclass=NullPool)

    def locked(connection: "Connection") -> None:
        # Two servers that start at once: the second waits, then finds nothing to do.
        connection.exec_driver_sql("SELECT pg_advisory_lock(6317284205)")
        connection.commit()
        _migrate(connection, direction, revision)

    async with engine.connect() as connection:
        await connection.run_sync(locked)
    await engine.dispose()


def _migrate(connection: "Connection", direction: Literal["upgrade", "downgrade"], revision: str) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).with_name("migrations")))
    config.attributes["connection"] = connection
    run = command.upgrade if direction == "upgrade" else command.downgrade
    run(config, revision)
    connection.commit()
