"""Behind PgBouncer in transaction mode, where each transaction may run on another of the server's connections."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest
import pytest_asyncio

from moorline.store import engines as store
from moorline.store import migrate, postgresql
from moorline.store.db import Database, PoolOptions, Statements
from moorline.store.servers import Servers
from tests.engines import PostgresqlServer
from tests.fleet.deployment import Fleet
from tests.fleet.load import Load
from tests.fleet.programs import follows_prepared_statements, pooler
from tests.journeys.journey import Journey
from tests.wanted import POOLER

pytestmark = pytest.mark.skipif(POOLER.is_unwanted, reason="MOORLINE_NO_POOLER=1 says that there is no PgBouncer")

PUT = "INSERT INTO bot_inboxes (bot_id, username, next_offset, fence, lease_until_ms) VALUES ($1, '', 0, 0, 0)"
ADD = "UPDATE bot_inboxes SET next_offset = next_offset + $2 WHERE bot_id = $1 RETURNING *"
GET = "SELECT * FROM bot_inboxes WHERE bot_id = $1"


@pytest_asyncio.fixture
async def direct(postgresql_server: PostgresqlServer) -> AsyncIterator[str]:
    url = await postgresql_server.empty()
    yield url
    await postgresql_server.drop(url)


@pytest_asyncio.fixture
async def pooled(direct: str, tmp_path: Path) -> AsyncIterator[str]:
    """The same database through the pooler."""
    with pooler(tmp_path, direct) as url:
        yield url


async def busy(db: Database, name: str) -> None:
    """Statements and transactions, so many at once that they change places on the server's connections."""

    async def work(tx: Statements) -> None:
        await tx.one(ADD, name, 1)
        await tx.one(GET, name)
        await tx.one(ADD, name, 1)

    await db.run(PUT, name)
    await asyncio.gather(*(db.transaction(work) for _ in range(40)), *(db.one(GET, name) for _ in range(40)))


async def test_many_clients_share_few_connections_and_nothing_of_one_is_seen_by_another(
    direct: str, pooled: str
) -> None:
    await asyncio.gather(migrate.upgrade(pooled), migrate.upgrade(pooled))
    databases = [await store.connect(pooled) for _ in range(3)]
    try:
        for turn in range(3):
            await asyncio.gather(*(busy(db, f"{turn} {number}") for number, db in enumerate(databases)))
        rows = await databases[0].all("SELECT next_offset FROM bot_inboxes")
        assert [row["next_offset"] for row in rows] == [80] * 9
    finally:
        for db in databases:
            await db.close()
    connection = await asyncpg.connect(direct)
    try:
        left = await connection.fetchval("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'")
        servers = await connection.fetchval(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    finally:
        await connection.close()
    assert (left, servers <= 4) == (0, True)


async def test_statements_kept_prepared_are_what_a_pooler_without_support_breaks(pooled: str) -> None:
    """Or follows, from PgBouncer 1.21 on; then keeping them is a setting one may give."""
    await migrate.upgrade(pooled)
    databases = [await store.connect(pooled, PoolOptions(statement_cache=100)) for _ in range(3)]
    failed: list[object] = []
    try:
        for turn in range(3):
            calls = (busy(db, f"{turn} {number}") for number, db in enumerate(databases))
            failed += [one for one in await asyncio.gather(*calls, return_exceptions=True) if one is not None]
    finally:
        for db in databases:
            await db.close()
    assert bool(failed) is not follows_prepared_statements()
    wrong = asyncpg.InvalidSQLStatementNameError | asyncpg.DuplicatePreparedStatementError | asyncpg.PostgresError
    assert all(isinstance(one, wrong) for one in failed)


async def test_a_pooler_is_told_from_a_server(direct: str, pooled: str) -> None:
    assert await postgresql._is_pooled(Servers(direct)) is False
    assert await postgresql._is_pooled(Servers(pooled)) is True


def test_a_fleet_behind_the_pooler_answers_everybody(postgresql_server: PostgresqlServer, tmp_path: Path) -> None:
    url = asyncio.run(postgresql_server.empty())
    with pooler(tmp_path, url) as pooled:
        fleet = Fleet(tmp_path, {"MOORLINE_DATABASE_URL": pooled}, servers=2)
        with fleet.running(workers=1):
            asyncio.run(_everybody(fleet))
        assert "unexpected_error" not in fleet.log
        assert "Traceback" not in fleet.log
    asyncio.run(postgresql_server.drop(url))


async def _everybody(fleet: Fleet) -> None:
    async with Journey.through(fleet.server) as journey:
        await journey.new_profile()
        load = Load(journey)
        async with load.going_on(people=3, callers=6):
            await load.until(80)
        assert [one for one in load.got if not one.is_good] == []
        assert {fields.get("connected") for fields in load.landed} == {"twitter"}
