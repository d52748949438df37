"""`accounts.tokens`: tokens that work, renewed by one caller at a time, and never lost on the way."""

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from moorline.accounts import tokens
from moorline.app import open_service
from moorline.errors import NotFound, Refused, Unreachable
from moorline.ids import new_id
from moorline.service import Service
from tests.conftest import FrozenClock
from tests.harness import TWITTER_TOKEN, World, on_both_engines, settles

LIFE_S = 2 * 3600  # of X's access tokens


async def grant_of(world: World) -> str:
    """The grant of a fresh X account."""
    await world.landing("twitter")
    row = await world.service.db.one("SELECT id FROM grants")
    assert row is not None
    return str(row["id"])


async def versions(world: World) -> list[tuple[int, str | None]]:
    """Version and holder of every grant's tokens."""
    rows = await world.service.db.all("SELECT version, holder FROM grant_tokens")
    return [(row["version"], row["holder"]) for row in rows]


async def token_calls(world: World) -> int:
    return len(await world.calls("twitter", TWITTER_TOKEN))


async def is_held(world: World) -> bool:
    return [holder is not None for _, holder in await versions(world)] == [True]


@pytest_asyncio.fixture
async def second(world: World) -> AsyncIterator[Service]:
    """Another service on the same database, as on another machine."""
    async with open_service(world._settings()) as service:
        yield service


@on_both_engines
async def test_tokens_that_work_long_enough_are_answered_without_asking_anybody(
    world: World, frozen_clock: FrozenClock
) -> None:
    grant_id = await grant_of(world)
    before = await world.count()
    frozen_clock.advance(LIFE_S - tokens.MIN_VALID_S - 1)
    first = await tokens.usable(world.service, grant_id)
    assert first.tokens.access
    assert first.grant.id == grant_id
    assert await world.count() == before
    frozen_clock.advance(2)
    second = await tokens.usable(world.service, grant_id)
    assert second.tokens.access != first.tokens.access
    assert second.tokens.refresh != first.tokens.refresh
    assert await versions(world) == [(2, None)]
    assert (await tokens.usable(world.service, grant_id)).tokens == second.tokens


@on_both_engines
async def test_s35_two_hundred_callers_on_two_machines_make_one_call_and_get_one_token(
    world: World, second: Service, frozen_clock: FrozenClock
) -> None:
    grant_id = await grant_of(world)
    before = await token_calls(world)
    frozen_clock.advance(LIFE_S)
    services = [world.service, second] * 100
    answered = await asyncio.gather(*(tokens.usable(service, grant_id) for service in services))
    assert len({usable.tokens.access for usable in answered}) == 1
    assert await token_calls(world) == before + 1
    assert await versions(world) == [(2, None)]


async def test_a_blip_leaves_the_tokens_in_use_until_they_really_end(world: World, frozen_clock: FrozenClock) -> None:
    grant_id = await grant_of(world)
    frozen_clock.advance(LIFE_S - 30)
    await world.fault("twitter", TWITTER_TOKEN, status=503, body={}, count=100)
    held = await tokens.usable(world.service, grant_id)
    assert await versions(world) == [(1, None)]
    frozen_clock.advance(30)
    with pytest.raises(Unreachable):
        await tokens.usable(world.service, grant_id)
    await world.control("DELETE", "faults")
    assert (await tokens.usable(world.service, grant_id)).tokens.access != held.tokens.access


async def test_a_refusal_is_told_and_changes_nothing(world: World, frozen_clock: FrozenClock) -> None:
    grant_id = await grant_of(world)
    await world.control("POST", "revoke", {"platform": "twitter", "person": "plenty"})
    frozen_clock.advance(LIFE_S)
    with pytest.raises(Refused):
        await tokens.usable(world.service, grant_id)
    assert await versions(world) == [(1, None)]


async def test_s35_a_caller_that_goes_away_does_not_lose_the_rotated_token(
    world: World, frozen_clock: FrozenClock
) -> None:
    grant_id = await grant_of(world)
    frozen_clock.advance(LIFE_S)
    before = await token_calls(world)
    await world.fault("twitter", TWITTER_TOKEN, delay_ms=200)
    caller = asyncio.create_task(tokens.usable(world.service, grant_id))
    await settles(lambda: is_held(world))
    caller.cancel()
    with pytest.raises(asyncio.CancelledError):
        await caller
    await tokens.drain(10)
    assert await versions(world) == [(2, None)]
    await tokens.usable(world.service, grant_id)
    assert await token_calls(world) == before + 1


async def test_the_lease_of_a_killed_process_runs_out(world: World, frozen_clock: FrozenClock) -> None:
    grant_id = await grant_of(world)
    frozen_clock.advance(LIFE_S)
    until = frozen_clock.now().timestamp() * 1000 + tokens.LEASE_S * 1000
    await world.service.db.run(
        "UPDATE grant_tokens SET holder = 'killed', lease_until_ms = $2 WHERE grant_id = $1", grant_id, int(until)
    )
    waiting = asyncio.create_task(tokens.usable(world.service, grant_id))
    await asyncio.sleep(0.2)
    assert not waiting.done()
    frozen_clock.advance(tokens.LEASE_S)
    await asyncio.wait_for(waiting, timeout=10)
    assert await versions(world) == [(2, None)]


async def test_a_new_consent_during_a_renewal_stays(world: World, frozen_clock: FrozenClock) -> None:
    grant_id = await grant_of(world)
    frozen_clock.advance(LIFE_S)
    await world.fault("twitter", TWITTER_TOKEN, delay_ms=500)
    renewing = asyncio.create_task(tokens.usable(world.service, grant_id))
    await settles(lambda: is_held(world))
    await world.landing("twitter")
    ((version, _),) = await versions(world)
    newest = await tokens.usable(world.service, grant_id)
    assert (await renewing).tokens == newest.tokens
    assert (await versions(world))[0][0] == version


async def test_a_grant_that_is_gone_is_not_found(world: World) -> None:
    with pytest.raises(NotFound):
        await tokens.usable(world.service, new_id())
