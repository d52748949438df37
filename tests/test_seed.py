"""A database filled with accounts, from the command line, on both engines."""

import asyncio
import os
import re
from pathlib import Path

import pytest

from bench import crowd
from moorline.settings import PREFIX
from moorline.store import engines as store
from moorline.store import migrate
from moorline.store.db import Database
from moorline.vault import new_key
from tests.journeys.processes import MOORLINE

ACCOUNTS = 700


def settings() -> dict[str, str]:
    return {f"{PREFIX}ENCRYPTION_KEYS": new_key(), f"{PREFIX}PUBLIC_URL": "http://127.0.0.1:8400"}


async def ids_in(db: Database) -> set[str]:
    return {row["id"] for row in await db.all("SELECT id FROM accounts")}


async def indexes_of(db: Database) -> set[str]:
    sql = {
        "sqlite": "SELECT name FROM sqlite_master WHERE type = 'index'",
        "postgresql": "SELECT indexname AS name FROM pg_indexes WHERE schemaname = 'public'",
    }[db.engine]
    return {row["name"] for row in await db.all(sql)}


async def test_accounts_are_filled_in_that_fit_together_and_every_index_is_there_again(
    empty_database_url: str, tmp_path: Path
) -> None:
    await migrate.upgrade(empty_database_url)
    db = await store.connect(empty_database_url)
    indexes = await indexes_of(db)
    given = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
    process = await asyncio.create_subprocess_exec(
        *(str(MOORLINE), "bench", "seed", "--accounts", str(ACCOUNTS), "--database-url", empty_database_url),
        cwd=tmp_path,
        env=given | settings(),
        stdout=asyncio.subprocess.PIPE,
    )
    told, _ = await process.communicate()
    assert process.returncode == 0
    assert re.search(rf"^{ACCOUNTS} accounts in .* sk_[0-9a-f]{{64}}$", told.decode())
    assert len(await ids_in(db)) == ACCOUNTS
    rows = await db.all("SELECT user_id, count(*) AS n FROM accounts GROUP BY user_id ORDER BY n DESC")
    assert [row["n"] for row in rows] == sorted(crowd.sizes_of(ACCOUNTS), reverse=True)
    strays = await db.one(
        "SELECT count(*) AS n FROM accounts a JOIN profiles p ON p.id = a.profile_id JOIN grants g ON g.id = a.grant_id"
        " WHERE p.user_id <> a.user_id OR g.user_id <> a.user_id OR g.platform <> a.platform"
    )
    assert strays is not None
    assert strays["n"] == 0
    assert await indexes_of(db) == indexes
    await db.close()


async def test_the_same_number_makes_the_same_accounts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in settings().items():
        monkeypatch.setenv(name, value)
    made = []
    for number, seed_number in enumerate((7, 7, 8)):
        url = f"sqlite:///{tmp_path}/{number}.sqlite3"
        await crowd.seeded(url, 300, seed_number)
        db = await store.connect(url)
        made.append(await ids_in(db))
        await db.close()
    assert made[0] == made[1]
    assert made[0].isdisjoint(made[2])


def test_tenants_have_all_sizes() -> None:
    for accounts in (1, 199, 1_000, 1_000_000):
        assert sum(crowd.sizes_of(accounts)) == accounts
    assert crowd.sizes_of(1_000_000)[:2] == [100_000, 10_000]
    assert len(crowd.sizes_of(1_000_000)) > 10_000
