"""Bring a database to a revision of the schema, and tell which one it has.

Versions serve together during an upgrade: the schema is brought up first, while the former version serves. So each
revision only adds, unless it declares `serves`, the oldest revision whose code gets on with what it takes away. The
database keeps that in `schema_floor`, since the former version cannot know what comes after it.
"""

import asyncio
import threading
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from moorline import ids
from moorline.errors import StoreUnavailable
from moorline.store.db import Database
from moorline.store.migrations import HEAD

if TYPE_CHECKING:
    from alembic.script import ScriptDirectory
    from sqlalchemy import Connection

FIRST = "0001"

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


async def misfit(db: Database) -> str | None:
    """Why this version cannot serve the database, in a sentence; None when it can, also beside a newer version."""
    revision = await revision_of(db)
    if revision == HEAD:
        return None
    if revision is None or not _is_after(revision, HEAD):
        return f"The database has not this version's schema (it has {revision or 'none'}). Run: moorline migrate"
    row = await db.one("SELECT revision FROM schema_floor")
    if row is not None and not _is_after(str(row["revision"]), HEAD):
        return None
    return (
        f"The database was migrated for a newer version of Moorline (to {revision}) that this one cannot serve beside "
        f"(it stands at {HEAD}). Start the newer version."
    )


def _is_after(revision: str, other: str) -> bool:
    return int(revision) > int(other)


async def upgrade(url: str, revision: str = "head") -> None:
    """Bring the database up to `revision`; one of a newer version that this one can serve is left as it is.

    Safe to run twice and at once. Raises: StoreUnavailable.
    """
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

    def connect() -> object:
        # Names of their own: behind a pooler, statements of others may still be prepared on the same connection.
        return engine.dialect.dbapi.connect(  # type: ignore[union-attr]  # the dialect is loaded by now
            async_creator_fn=partial(_connected, url),
            prepared_statement_cache_size=0,
            prepared_statement_name_func=lambda: f"migrate_{ids.new_id()}",
        )

    engine = create_async_engine("postgresql+asyncpg://", poolclass=NullPool, creator=connect)

    def locked(connection: "Connection") -> None:
        # Two servers that start at once: the second waits until the first has committed, then finds nothing to do.
        connection.exec_driver_sql("SELECT pg_advisory_xact_lock(6317284205)")
        _migrate(connection, direction, revision)

    async with engine.connect() as connection:
        await connection.run_sync(locked)
    await engine.dispose()


async def _connected(url: str) -> object:
    """The driver reads the address, so that every form of it does that `serve` takes."""
    from moorline.store.servers import Servers

    return await Servers(url).connect(statement_cache_size=0)


def _migrate(connection: "Connection", direction: Literal["upgrade", "downgrade"], revision: str) -> None:
    from alembic import command
    from alembic.config import Config
    from alembic.runtime.migration import MigrationContext
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).with_name("migrations")))
    config.attributes["connection"] = connection
    stands_at = MigrationContext.configure(connection).get_current_revision()
    if stands_at is not None and _is_after(stands_at, HEAD):
        _leave_to_the_newer(connection, direction, stands_at)
        return
    run = command.upgrade if direction == "upgrade" else command.downgrade
    run(config, revision)
    reached = MigrationContext.configure(connection).get_current_revision()
    if reached is not None and _has_floor(connection):
        floor = _floor(ScriptDirectory.from_config(config), reached)
        connection.exec_driver_sql("DELETE FROM schema_floor")
        connection.exec_driver_sql(f"INSERT INTO schema_floor (revision) VALUES ('{floor}')")  # noqa: S608 - ours
    connection.commit()


def _leave_to_the_newer(connection: "Connection", direction: str, stands_at: str) -> None:
    row = connection.exec_driver_sql("SELECT revision FROM schema_floor").one_or_none()
    if direction == "downgrade" or row is None or _is_after(row[0], HEAD):
        raise StoreUnavailable(
            f"The database was migrated by a newer version of Moorline (to {stands_at}): only that one can change it."
        )


def _has_floor(connection: "Connection") -> bool:
    from sqlalchemy import inspect

    return inspect(connection).has_table("schema_floor")


def _floor(scripts: "ScriptDirectory", revision: str) -> str:
    """The oldest revision whose code gets on with this one: what the nearest one declares that takes something away."""
    for script in scripts.iterate_revisions(revision, "base"):
        if (serves := getattr(script.module, "serves", None)) is not None:
            return str(serves)
    return FIRST
