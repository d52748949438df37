"""Migrations on both engines: up, down, twice, at once, and broken off anywhere."""

import asyncio
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import Engine as SqlalchemyEngine
from sqlalchemy import event

from moorline.errors import StoreUnavailable
from moorline.store import engines as store
from moorline.store import migrate
from moorline.store.db import Database
from moorline.store.migrations import HEAD
from tests.engines import PostgresqlServer, SqliteFiles

UPGRADE = """
import asyncio, os, signal, sys
from sqlalchemy import Engine, event
from moorline.store import migrate

url, how = sys.argv[1:]

made = []

@event.listens_for(Engine, "before_cursor_execute")
def before(connection, cursor, statement, *rest):
    made.append(statement)

@event.listens_for(Engine, "commit")
def commit(connection):
    if how == "killed" and "TABLE kept_answers" in " ".join(made):
        os.kill(os.getpid(), signal.SIGKILL)

asyncio.run(migrate.upgrade(url))
"""


class BrokenOff(Exception):
    pass


async def upgrade_in_a_process(url: str, how: str = "whole") -> int:
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", UPGRADE, url, how)
    return await process.wait()


@contextmanager
def broken_off_at(word: str) -> Iterator[None]:
    """Raise in the middle of a revision, before the statement with this word."""

    def fail(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        if word in statement:
            raise BrokenOff

    event.listen(SqlalchemyEngine, "before_cursor_execute", fail)
    try:
        yield
    finally:
        event.remove(SqlalchemyEngine, "before_cursor_execute", fail)


async def schema(url: str) -> dict[str, list[str]]:
    """Columns of every table, in order."""
    db = await store.connect(url)
    try:
        return {table: await columns_of(db, table) for table in await tables_of(db)}
    finally:
        await db.close()


async def tables_of(db: Database) -> list[str]:
    sql = {
        "sqlite": "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name",
        "postgresql": "SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public' ORDER BY tablename",
    }[db.engine]
    return [row["name"] for row in await db.all(sql)]


async def columns_of(db: Database, table: str) -> list[str]:
    sql = {
        "sqlite": "SELECT name FROM pragma_table_info($1) ORDER BY cid",
        "postgresql": "SELECT column_name AS name FROM information_schema.columns"
        " WHERE table_schema = 'public' AND table_name = $1 ORDER BY ordinal_position",
    }[db.engine]
    return [row["name"] for row in await db.all(sql, table)]


async def stands_at(url: str) -> tuple[str | None, bool]:
    db = await store.connect(url)
    try:
        return await migrate.revision_of(db), await migrate.is_current(db)
    finally:
        await db.close()


def test_the_head_the_service_asks_for_is_the_one_alembic_finds() -> None:
    from alembic.script import ScriptDirectory

    from moorline.store import migrations

    assert ScriptDirectory(next(iter(migrations.__path__))).get_heads() == [HEAD]


async def test_up_and_down_and_up_again(empty_database_url: str) -> None:
    assert await stands_at(empty_database_url) == (None, False)
    await migrate.upgrade(empty_database_url)
    assert await stands_at(empty_database_url) == (HEAD, True)
    first = await schema(empty_database_url)
    await migrate.downgrade(empty_database_url, "base")
    assert await stands_at(empty_database_url) == (None, False)
    assert await schema(empty_database_url) == {"alembic_version": ["version_num"]}
    await migrate.upgrade(empty_database_url)
    assert await schema(empty_database_url) == first


async def test_up_and_down_twice_change_nothing_more(empty_database_url: str) -> None:
    await migrate.upgrade(empty_database_url)
    before = await schema(empty_database_url)
    await migrate.upgrade(empty_database_url)
    assert await schema(empty_database_url) == before
    await migrate.downgrade(empty_database_url, "base")
    await migrate.downgrade(empty_database_url, "base")
    assert await schema(empty_database_url) == {"alembic_version": ["version_num"]}


async def test_an_upgrade_keeps_the_rows_of_a_current_database(database_url: str) -> None:
    db = await store.connect(database_url)
    await db.run("INSERT INTO users VALUES ('u', 'u', 'name', 'a@example.com', 'owner', NULL, 0, NULL)")
    await db.close()
    await migrate.upgrade(database_url)
    db = await store.connect(database_url)
    assert await db.one("SELECT * FROM users") is not None
    await db.close()


async def test_both_engines_have_the_same_tables_and_columns(
    sqlite_files: SqliteFiles, postgresql_server: PostgresqlServer, tmp_path_factory: pytest.TempPathFactory
) -> None:
    on_postgresql = await postgresql_server.fresh()
    on_sqlite = await schema(await sqlite_files.fresh(tmp_path_factory.mktemp("columns")))
    assert await schema(on_postgresql) == on_sqlite
    assert {"users", "attempts", "accounts", "grant_tokens"} <= set(on_sqlite)
    await postgresql_server.give_back(on_postgresql)


async def test_two_processes_that_upgrade_at_once_both_succeed(empty_database_url: str) -> None:
    ends = await asyncio.gather(*(upgrade_in_a_process(empty_database_url) for _ in range(2)))
    assert ends == [0, 0]
    assert await stands_at(empty_database_url) == (HEAD, True)


async def test_two_tasks_that_upgrade_at_once_both_succeed(empty_database_url: str) -> None:
    await asyncio.gather(migrate.upgrade(empty_database_url), migrate.upgrade(empty_database_url))
    assert await stands_at(empty_database_url) == (HEAD, True)


@pytest.mark.parametrize("word", ["TABLE accounts", "INTO alembic_version"])
async def test_a_revision_that_fails_leaves_nothing_and_succeeds_later(empty_database_url: str, word: str) -> None:
    with broken_off_at(word), pytest.raises(BrokenOff):
        await migrate.upgrade(empty_database_url)
    assert await schema(empty_database_url) in ({}, {"alembic_version": ["version_num"]})
    assert await stands_at(empty_database_url) == (None, False)
    await migrate.upgrade(empty_database_url)
    assert await stands_at(empty_database_url) == (HEAD, True)


@pytest.mark.parametrize("word", ["DROP TABLE profiles", "DELETE FROM alembic_version"])
async def test_a_way_down_that_fails_leaves_everything(empty_database_url: str, word: str) -> None:
    await migrate.upgrade(empty_database_url)
    before = await schema(empty_database_url)
    with broken_off_at(word), pytest.raises(BrokenOff):
        await migrate.downgrade(empty_database_url, "base")
    assert await schema(empty_database_url) == before
    assert await stands_at(empty_database_url) == (HEAD, True)


async def test_a_process_killed_before_it_commits_leaves_nothing_and_the_next_one_succeeds(
    empty_database_url: str,
) -> None:
    assert await upgrade_in_a_process(empty_database_url, "killed") == -signal.SIGKILL
    assert await schema(empty_database_url) in ({}, {"alembic_version": ["version_num"]})
    assert await stands_at(empty_database_url) == (None, False)
    await migrate.upgrade(empty_database_url)
    assert await stands_at(empty_database_url) == (HEAD, True)


async def test_an_upgrade_goes_on_while_the_service_is_connected(empty_database_url: str) -> None:
    db = await store.connect(empty_database_url)
    assert not await migrate.is_current(db)
    await migrate.upgrade(empty_database_url)
    assert await migrate.is_current(db)
    await db.close()


async def test_a_database_that_cannot_be_reached_is_unavailable(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("wrong")
    (folder / "file").write_text("not a database, but somebody's notes " * 100)
    for url in (f"sqlite:///{folder}/file", f"sqlite:///{folder}/file/db", "postgresql://u:s3cret@127.0.0.1:1/m"):
        with pytest.raises(StoreUnavailable, match="cannot be migrated") as raised:
            await migrate.upgrade(url)
        assert "s3cret" not in str(raised.value)
