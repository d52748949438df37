"""A platform that asked to wait: kept to by every process, not for ever, and not where one access alone was meant."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from moorline.accounts import pauses, tokens
from moorline.app import open_service
from moorline.connect import purge
from moorline.errors import PlatformRateLimited
from moorline.jobs import revoking
from moorline.jobs.renewals import Renewals
from moorline.service import Service
from tests.conftest import FrozenClock
from tests.harness import TWITTER_TOKEN, World, failure, on_both_engines

LIFE_S = 2 * 3600  # of X's access tokens
WAIT_S = 600


@pytest_asyncio.fixture
async def second(world: World) -> AsyncIterator[Service]:
    """Another service on the same database, as on another machine."""
    async with open_service(world._settings()) as service:
        yield service


async def grant_of(world: World, **landing: object) -> str:
    """The grant of a fresh X account, the newest there is."""
    await world.landing("twitter", **landing)  # type: ignore[arg-type]
    row = await world.service.db.one("SELECT id FROM grants ORDER BY created_at_ms DESC, id DESC LIMIT 1")
    assert row is not None
    return str(row["id"])


async def ask_to_wait(world: World, frozen_clock: FrozenClock, wait_s: int) -> None:
    """The next call of X's token endpoint, and no other, is answered 429."""
    reset = str(int(frozen_clock.now().timestamp()) + wait_s)
    await world.fault("twitter", TWITTER_TOKEN, status=429, body={}, headers={"x-rate-limit-reset": reset})


async def asked(world: World) -> int:
    return len(await world.calls("twitter", TWITTER_TOKEN))


@on_both_engines
async def test_what_one_process_is_told_the_other_keeps_to(
    world: World, second: Service, frozen_clock: FrozenClock
) -> None:
    grant_id = await grant_of(world)
    frozen_clock.advance(LIFE_S)
    await ask_to_wait(world, frozen_clock, WAIT_S)
    assert await Renewals(world.service).work() == 1
    before = await asked(world)
    await world.landing("youtube")
    other = await grant_of(world, tenant=world.other)
    await world.service.db.run("UPDATE grant_tokens SET renew_at_ms = 1")
    frozen_clock.advance(WAIT_S - 1)
    assert await Renewals(second).work() == 1  # YouTube's
    assert (await tokens.usable(second, other)).tokens.access  # works still, and so is answered
    with pytest.raises(PlatformRateLimited) as told:
        await tokens.usable(second, grant_id)
    assert 0 < (told.value.retry_after_s or 0) <= 2
    assert await asked(world) == before + 1  # of the other's consent
    frozen_clock.advance(2)
    assert await Renewals(second).work() == 2
    assert await asked(world) == before + 3


async def test_whoever_asks_for_a_token_meanwhile_is_told_to_wait(world: World, frozen_clock: FrozenClock) -> None:
    await grant_of(world)
    (account,) = await world.accounts()
    frozen_clock.advance(LIFE_S)
    await ask_to_wait(world, frozen_clock, WAIT_S)
    before = await asked(world)
    for _ in range(3):
        answer = await world.call("GET", f"/v1/accounts/{account['_id']}/token")
        failure(answer, answer.status, "platform_rate_limited")
    assert await asked(world) == before + 1
    frozen_clock.advance(WAIT_S + 1)
    await world.ok("GET", f"/v1/accounts/{account['_id']}/token")


async def test_no_header_makes_an_app_wait_for_longer_than_an_hour_or_a_grant_for_longer_than_a_day(
    world: World, frozen_clock: FrozenClock
) -> None:
    await grant_of(world)
    frozen_clock.advance(LIFE_S)
    await ask_to_wait(world, frozen_clock, 400_000_000)
    await Renewals(world.service).work()
    await grant_of(world, person="single")
    await world.service.db.run("UPDATE grant_tokens SET renew_at_ms = 1 WHERE failures = 0")
    frozen_clock.advance(pauses.LONGEST_PAUSE_S - 1)
    assert await Renewals(world.service).work() == 0
    frozen_clock.advance(1)
    assert await Renewals(world.service).work() == 1
    frozen_clock.advance(pauses.LONGEST_OF_ONE_S - pauses.LONGEST_PAUSE_S)
    await Renewals(world.service).work()
    assert await world.service.db.all("SELECT grant_id FROM grant_tokens WHERE failures > 0") == []


async def test_an_access_that_is_too_young_to_be_renewed_makes_no_other_wait(
    world: World, frozen_clock: FrozenClock
) -> None:
    await world.landing("threads")
    await world.landing("threads", tenant=world.other, person="single")
    await world.service.db.run("UPDATE grant_tokens SET renew_at_ms = 1")
    young = "GET /refresh_access_token"
    await world.fault("threads", young, status=400, body={"error": {"code": 100, "message": "too young"}})
    assert await Renewals(world.service).work() == 2
    assert await world.service.db.all("SELECT * FROM platform_pauses") == []
    assert len(await world.calls("threads", young)) == 2


async def test_a_revocation_waits_too_since_it_may_have_to_renew_first(world: World, frozen_clock: FrozenClock) -> None:
    await grant_of(world)
    await grant_of(world, person="single")
    frozen_clock.advance(LIFE_S)
    row = await world.service.db.one("SELECT id FROM grants ORDER BY id LIMIT 1")
    assert row is not None
    await ask_to_wait(world, frozen_clock, WAIT_S)
    with pytest.raises(PlatformRateLimited):
        await tokens.usable(world.service, row["id"])
    revoke = "POST /2/oauth2/revoke"
    for account in await world.accounts():
        await world.ok("DELETE", f"/v1/accounts/{account['_id']}")
    assert await revoking.work(world.service) == 0
    assert await world.calls("twitter", revoke) == []
    frozen_clock.advance(WAIT_S)
    assert await revoking.work(world.service) == 2
    assert await world.calls("twitter", revoke) != []


async def test_what_is_over_is_forgotten(world: World, frozen_clock: FrozenClock) -> None:
    grant_id = await grant_of(world)
    frozen_clock.advance(LIFE_S)
    await ask_to_wait(world, frozen_clock, WAIT_S)
    with pytest.raises(PlatformRateLimited):
        await tokens.usable(world.service, grant_id)
    await purge.purge(world.service)
    assert len(await world.service.db.all("SELECT * FROM platform_pauses")) == 1
    frozen_clock.advance(WAIT_S)
    await purge.purge(world.service)
    assert await world.service.db.all("SELECT * FROM platform_pauses") == []
