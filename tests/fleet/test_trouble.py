"""A database in trouble: everybody is answered, or told when to come again; nothing is lost, nothing happens twice."""

import asyncio
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import aiohttp
import asyncpg
import pytest

from tests.fleet.deployment import Fleet
from tests.fleet.load import TOKEN_CALLS, Load
from tests.fleet.postgresql import OwnPostgresql
from tests.journeys.journey import Journey
from tests.journeys.processes import Process, free_port


async def holds_good(load: Load, journey: Journey, database: OwnPostgresql, redeemed_before: int) -> None:
    """What everybody was told is true, and nobody's code went to the platform twice."""
    assert load.bad == []
    listed = {account["_id"] for account in await journey.accounts()}
    told = [fields["accountId"] for fields in load.landed if "accountId" in fields]
    assert told
    assert set(told) <= listed
    assert len(listed) == 1  # one person, who connected again and again
    made = {row["id"] for row in await database.run("SELECT id FROM links")}
    assert load.links
    assert load.links <= made
    redeemed = await journey.count("twitter", TOKEN_CALLS) - redeemed_before
    assert len(told) <= redeemed <= len(load.opened)


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGQUIT], ids=["in order", "by a crash"])
async def test_a_database_that_restarts_under_load(
    journey: Journey, fleet: Fleet, database: OwnPostgresql, how: signal.Signals
) -> None:
    load, redeemed = Load(journey), await journey.count("twitter", TOKEN_CALLS)
    async with load.going_on():
        await load.until(20)
        await asyncio.to_thread(database.stop, how)
        await asyncio.sleep(1.5)
        await asyncio.to_thread(database.start)
        await load.until(40)
    assert load.put_off
    await holds_good(load, journey, database, redeemed)


async def test_a_failover_that_cuts_everybody_and_takes_no_writes_for_a_while(
    journey: Journey, fleet: Fleet, database: OwnPostgresql
) -> None:
    load, redeemed = Load(journey), await journey.count("twitter", TOKEN_CALLS)
    async with load.going_on():
        await load.until(20)
        await database.become(read_only=True)
        await asyncio.sleep(2.5)
        await database.become(read_only=False)
        await load.until(40)
    assert any("ReadOnly" in one.text for one in load.put_off)
    await holds_good(load, journey, database, redeemed)


async def test_a_schema_that_is_brought_up_under_load(journey: Journey, fleet: Fleet, database: OwnPostgresql) -> None:
    """As the next version would: a column more in every table, whose statements are prepared everywhere."""
    load, redeemed = Load(journey), await journey.count("twitter", TOKEN_CALLS)
    tables = await database.run("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    names = [row["tablename"] for row in tables if row["tablename"] != "alembic_version"]
    version = (await database.run("SELECT version_num FROM alembic_version"))[0]["version_num"]
    try:
        async with load.going_on():
            await load.until(40)
            for name in names:
                await database.run(f"ALTER TABLE {name} ADD COLUMN of_the_next_version TEXT")
            await database.run("UPDATE alembic_version SET version_num = $1", f"{int(version) + 1:04}")
            await load.until(40)
            await asyncio.to_thread(fleet.servers[0].stop)  # one of the former version, started anew
            await asyncio.to_thread(fleet.start, 0)
            await load.until(20)
    finally:
        for name in names:
            await database.run(f"ALTER TABLE {name} DROP COLUMN IF EXISTS of_the_next_version")
        await database.run("UPDATE alembic_version SET version_num = $1", version)
    assert [one for one in load.got if not one.is_good] == []
    await holds_good(load, journey, database, redeemed)


@pytest.fixture
def small(fleet: Fleet, tmp_path: Path) -> Iterator[str]:
    """A server with two connections and little patience for statements."""
    port = free_port()
    own = {"PORT": f"{port}", "DATABASE_POOL_SIZE": "2", "DATABASE_STATEMENT_TIMEOUT_S": "3", "TELEGRAM_MODE": "off"}
    settings = {**fleet.settings, **{f"MOORLINE_{name}": value for name, value in own.items()}}
    server = Process(["serve"], folder=tmp_path, settings=settings).launch()
    try:
        server.wait_until_ready(f"http://127.0.0.1:{port}/readyz")
        yield f"http://127.0.0.1:{port}"
    finally:
        server.stop()


async def test_statements_that_take_too_long_and_a_pool_that_is_empty(
    small: str, fleet: Fleet, database: OwnPostgresql
) -> None:
    async def listed(session: aiohttp.ClientSession) -> tuple[int, str | None, Any]:
        async with session.get(f"{small}/api/v1/accounts") as answer:
            return answer.status, answer.headers.get("retry-after"), await answer.json()

    key = {"authorization": f"Bearer {fleet.server.api_key}"}
    holder = await asyncpg.connect(database.url)
    async with aiohttp.ClientSession(headers=key) as session:
        assert (await listed(session))[0] == 200
        try:
            async with holder.transaction():
                await holder.execute("LOCK TABLE accounts IN ACCESS EXCLUSIVE MODE")
                answers = await asyncio.gather(*(listed(session) for _ in range(8)))
                async with session.get(f"{small}/healthz") as answer:
                    assert answer.status == 200
        finally:
            await holder.close()
        assert {(status, retry_after) for status, retry_after, _ in answers} == {(503, "2")}
        assert {told["code"] for _, _, told in answers} == {"store_unavailable"}
        assert (await listed(session))[0] == 200
