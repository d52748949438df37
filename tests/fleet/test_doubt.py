"""What is saved although its answer is lost, as when a primary dies just then: whoever asked goes on all the same."""

import asyncio
from collections.abc import AsyncIterator, Coroutine, Iterator
from typing import Any, TypeVar

import asyncpg
import pytest
import pytest_asyncio

from moorline.store import migrate
from tests.fleet.postgresql import OwnPostgresql, own_postgresql
from tests.fleet.relay import Relay
from tests.harness import TWITTER_TOKEN, World, location, query_of, settles

T = TypeVar("T")
WAITS = "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE 'UPDATE%'"


@pytest.fixture
def server() -> Iterator[OwnPostgresql]:
    with own_postgresql() as started:
        asyncio.run(migrate.upgrade(started.url))
        yield started


@pytest.fixture
def relay(server: OwnPostgresql) -> Iterator[Relay]:
    with Relay().running() as running:
        running.lead_to(server.port)
        yield running


@pytest_asyncio.fixture
async def world(server: OwnPostgresql, relay: Relay) -> AsyncIterator[World]:
    async with World(f"postgresql://postgres@127.0.0.1:{relay.port}/postgres", {}) as opened:
        yield opened


async def unanswered(server: OwnPostgresql, relay: Relay, call: Coroutine[Any, Any, T], *, row: str, saved: str) -> T:
    """What a call comes to whose change of a row is saved, and whose connection is cut before it hears of that."""

    async def waits() -> bool:
        return bool(await server.run(WAITS))

    async def is_saved() -> bool:
        return bool(await server.run(saved))

    holder = await asyncpg.connect(server.url)
    try:
        async with holder.transaction():
            await holder.execute(f"{row} FOR UPDATE")
            under_way = asyncio.create_task(call)
            await settles(waits)
            relay.swallow()
        await settles(is_saved)
    finally:
        relay.lead_to(server.port)
        await holder.close()
    return await under_way


async def test_a_callback_whose_state_was_used_up_unheard_connects(
    server: OwnPostgresql, relay: Relay, world: World
) -> None:
    callback = await world.consent((await world.start("twitter"))["authUrl"])
    browser = await world.browser()
    seen = await unanswered(
        server,
        relay,
        browser.open(callback),
        row="SELECT id FROM attempts WHERE status = 'started'",
        saved="SELECT 1 FROM attempts WHERE status = 'returned'",
    )
    assert query_of(location(seen))["connected"] == "twitter"
    assert len(await world.calls("twitter", TWITTER_TOKEN)) == 1


async def test_the_right_to_renew_that_was_taken_unheard_keeps_nobody_waiting(
    server: OwnPostgresql, relay: Relay, world: World
) -> None:
    account = query_of(await world.landing("tiktok"))["accountId"]
    path = f"/v1/accounts/{account}/token"
    await server.run("UPDATE grant_tokens SET access_expires_at_ms = 1")
    answer = await unanswered(
        server,
        relay,
        world.call("GET", path),
        row="SELECT grant_id FROM grant_tokens",
        saved="SELECT 1 FROM grant_tokens WHERE lease_until_ms > 0",
    )
    assert (answer.status, answer.json["code"]) == (503, "store_unavailable")
    async with asyncio.timeout(20):  # a lease lasts two minutes
        assert (await world.ok("GET", path))["accessToken"]
