"""Upgrades beside running servers: what a revision may do, and what a version makes of a database ahead of it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from types import ModuleType

import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, inspect

from moorline.errors import StoreUnavailable
from moorline.store import engines as store
from moorline.store import migrate
from moorline.store.db import Database
from moorline.store.migrations import HEAD
from tests.store.test_migrate import schema

NEXT = f"{int(HEAD) + 1:04}"
MIGRATIONS = Path(migrate.__file__).with_name("migrations")


def scripts() -> ScriptDirectory:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    return ScriptDirectory.from_config(config)


REVISIONS = [script.revision for script in reversed(list(scripts().walk_revisions()))]


def module_of(revision: str) -> ModuleType:
    script = scripts().get_revision(revision)
    assert script is not None
    return script.module


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """`columns`: by name, the type and whether NULL may be in it. `rules`: what refuses rows."""

    columns: Mapping[str, tuple[str, bool]]
    defaults: frozenset[str]
    rules: frozenset[str]


def tables_of(url: str) -> dict[str, Table]:
    """What the code of a version meets: on SQLite, which has the same schema as PostgreSQL."""
    engine = create_engine(url)
    try:
        seen = inspect(engine)
        return {
            name: Table(
                columns={one["name"]: (str(one["type"]), bool(one["nullable"])) for one in seen.get_columns(name)},
                defaults=frozenset(one["name"] for one in seen.get_columns(name) if one["default"] is not None),
                rules=frozenset(
                    [str(sorted(one["column_names"])) for one in seen.get_unique_constraints(name)]
                    + [str(sorted(map(str, one["column_names"]))) for one in seen.get_indexes(name) if one["unique"]]
                    + [str(one["constrained_columns"]) for one in seen.get_foreign_keys(name)]
                    + [str(one["sqltext"]) for one in seen.get_check_constraints(name)]
                ),
            )
            for name in seen.get_table_names()
            if name != "alembic_version"
        }
    finally:
        engine.dispose()


def breaks(before: Mapping[str, Table], after: Mapping[str, Table]) -> list[str]:
    """What the code that was written for the schema before would stumble over."""
    found = [f"table {name} is gone" for name in before if name not in after]
    for name, old in before.items():
        if (new := after.get(name)) is None:
            continue
        found += [f"{name}.{column} is gone" for column in old.columns if column not in new.columns]
        for column, (kind, nullable) in new.columns.items():
            if column not in old.columns:
                if not nullable and column not in new.defaults:
                    found.append(f"{name}.{column} is wanted of every row, and the old code does not give it")
            elif old.columns[column] != (kind, nullable):
                found.append(f"{name}.{column} was {old.columns[column]} and is {(kind, nullable)}")
        found += [f"{name} refuses rows that it took: {rule}" for rule in sorted(new.rules - old.rules)]
    return found


@pytest.mark.parametrize(("before", "after"), list(pairwise(REVISIONS)))
async def test_a_revision_only_adds_unless_it_says_whom_it_still_serves(
    before: str, after: str, tmp_path: Path
) -> None:
    url = f"sqlite:///{tmp_path}/moorline.sqlite3"
    await migrate.upgrade(url, before)
    old = tables_of(url)
    await migrate.upgrade(url, after)
    found = breaks(old, tables_of(url))
    serves = getattr(module_of(after), "serves", None)
    if serves is None:
        assert not found, f"{after} breaks the version before it: declare `serves` and what waits until then: {found}"
    else:
        assert serves in REVISIONS[: REVISIONS.index(after)]
        assert serves != before or not found, f"{after} says it serves {before}, and breaks it: {found}"


@pytest.mark.parametrize("revision", REVISIONS)
def test_a_revision_does_for_ever_what_it_did_when_it_was_written(revision: str) -> None:
    text = Path(str(module_of(revision).__file__)).read_text(encoding="utf-8")
    assert not re.search(r"^\s*(from|import) moorline", text, re.MULTILINE), "it uses what may change after it"


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ("DROP TABLE kept_answers", "table kept_answers is gone"),
        ("ALTER TABLE users DROP COLUMN name", "users.name is gone"),
        ("ALTER TABLE users RENAME COLUMN name TO called", "users.name is gone"),
        ("ALTER TABLE users ADD COLUMN age INTEGER NOT NULL DEFAULT 0", ""),
        ("ALTER TABLE users ADD COLUMN age INTEGER", ""),
        ("CREATE UNIQUE INDEX one_name ON users (name)", "users refuses rows that it took: ['name']"),
        ("CREATE INDEX by_name ON users (name)", ""),
        ("CREATE TABLE more (id TEXT PRIMARY KEY)", ""),
    ],
)
async def test_what_would_break_the_version_before_is_found(change: str, told: str, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/moorline.sqlite3"
    await migrate.upgrade(url)
    before = tables_of(url)
    db = await store.connect(url)
    await db.run(change)
    await db.close()
    assert breaks(before, tables_of(url))[:1] == ([told] if told else [])


async def ahead(db: Database, floor: str | None) -> None:
    """What a newer version leaves: a column in every table, a table of its own, and whom it serves."""
    for table in await tables(db):
        await db.run(f"ALTER TABLE {table} ADD COLUMN of_the_next_version TEXT")
    await db.run("CREATE TABLE next_things (id TEXT PRIMARY KEY)")
    await db.run("UPDATE alembic_version SET version_num = $1", NEXT)
    await db.run("DELETE FROM schema_floor")
    if floor is not None:
        await db.run("INSERT INTO schema_floor (revision) VALUES ($1)", floor)


async def tables(db: Database) -> list[str]:
    sql = {
        "sqlite": "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'",
        "postgresql": "SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public'",
    }[db.engine]
    return [row["name"] for row in await db.all(sql) if row["name"] != "alembic_version"]


async def test_a_migrated_database_says_whom_it_serves(empty_database_url: str) -> None:
    await migrate.upgrade(empty_database_url)
    db = await store.connect(empty_database_url)
    assert [row["revision"] for row in await db.all("SELECT revision FROM schema_floor")] == ["0001"]
    assert await migrate.misfit(db) is None
    await db.close()


@pytest.mark.parametrize(("floor", "serves"), [("0001", True), (HEAD, True), (NEXT, False), (None, False)])
async def test_a_database_ahead_is_served_as_far_as_it_says(
    empty_database_url: str, floor: str | None, *, serves: bool
) -> None:
    await migrate.upgrade(empty_database_url)
    db = await store.connect(empty_database_url)
    await ahead(db, floor)
    told = await migrate.misfit(db)
    await db.close()
    assert (told is None) is serves
    assert serves or "newer version" in str(told)


async def test_a_database_behind_is_not_served_before_it_is_migrated(empty_database_url: str) -> None:
    await migrate.upgrade(empty_database_url, REVISIONS[-2])
    db = await store.connect(empty_database_url)
    told = await migrate.misfit(db)
    assert told == f"The database has not this version's schema (it has {REVISIONS[-2]}). Run: moorline migrate"
    await migrate.upgrade(empty_database_url)
    assert await migrate.misfit(db) is None
    await db.close()


async def test_the_former_version_migrates_nothing_of_the_newer_one(empty_database_url: str) -> None:
    await migrate.upgrade(empty_database_url)
    db = await store.connect(empty_database_url)
    await ahead(db, HEAD)
    before = await schema(empty_database_url)
    await migrate.upgrade(empty_database_url)
    assert await schema(empty_database_url) == before
    with pytest.raises(StoreUnavailable, match="only that one can change it"):
        await migrate.downgrade(empty_database_url, "base")
    await db.run("DELETE FROM schema_floor")
    with pytest.raises(StoreUnavailable, match="only that one can change it"):
        await migrate.upgrade(empty_database_url)
    assert await schema(empty_database_url) == before
    await db.close()
