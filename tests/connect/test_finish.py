"""`connect.finish`: whatever happens after the state was used up, the attempt gets an outcome, and only one."""

import asyncio

import pytest

from moorline import clock
from moorline.connect import finish, state
from moorline.connect.finish import Returned
from moorline.errors import FlowFailed, InvalidState, Refused
from moorline.store import attempts
from moorline.store.attempts import Attempt
from moorline.vault import CannotOpen
from tests.conftest import FrozenClock
from tests.harness import TWITTER_TOKEN, World, failure, location, on_both_engines, query_of

ME = "GET /2/users/me"


async def returned(world: World, platform: str = "twitter") -> Returned:
    """What the browser brings back from the platform."""
    query = query_of(await world.consent((await world.start(platform))["authUrl"]))
    return Returned(platform=platform, state=query["state"], code=query["code"])


async def from_browser(world: World, what: Returned) -> Attempt:
    return await finish.from_browser(world.service, what, cookie_attempts=frozenset())


async def break_verifiers(world: World) -> None:
    """What no code of ours expects at this place: a sealed verifier that does not open."""
    await world.service.db.run("UPDATE attempts SET verifier_sealed = $1", b"\x01broken")


@on_both_engines
async def test_an_unexpected_exception_closes_the_attempt_with_internal_error(world: World) -> None:
    what = await returned(world)
    await break_verifiers(world)
    attempt = await from_browser(world, what)
    assert (attempt.status, attempt.slug, attempt.note) == ("failed", "internal_error", "CannotOpen")
    assert attempt.finished_at is not None
    assert attempt.verifier_sealed is None
    assert await world.calls("twitter", TWITTER_TOKEN) == []


async def test_the_browser_is_sent_home_with_internal_error(world: World) -> None:
    callback = await world.consent((await world.start("twitter"))["authUrl"])
    await break_verifiers(world)
    fields = query_of(location(await (await world.browser()).open(callback)))
    assert fields["error"] == "internal_error"
    assert "CannotOpen" not in str(fields)


async def test_a_server_that_completes_is_told_of_it_as_500_and_the_attempt_is_closed(world: World) -> None:
    query = query_of(await world.consent((await world.start("twitter"))["authUrl"]))
    await break_verifiers(world)
    body = {"code": query["code"], "state": query["state"], "profileId": world.owner.profile_id}
    failure(await world.call("POST", "/v1/connect/twitter", body=body), 500, "internal_error")
    found = await attempts.by_state(world.service.db, state.hash_of(query["state"]))
    assert found is not None
    assert (found.status, found.slug) == ("failed", "internal_error")


async def test_from_server_raises_what_went_wrong(world: World) -> None:
    mine = {"user_id": world.owner.user_id, "profile_id": world.owner.profile_id}
    broken = await returned(world)
    await break_verifiers(world)
    with pytest.raises(CannotOpen):
        await finish.from_server(world.service, broken, **mine)
    wrong = await returned(world)
    with pytest.raises(Refused):
        await finish.from_server(world.service, Returned(platform="twitter", state=wrong.state, code="x"), **mine)
    with pytest.raises(InvalidState):
        await finish.from_server(world.service, wrong, **mine)


async def delete_profile(world: World) -> None:
    await world.new_profile("Another")
    await world.ok("DELETE", f"/v1/profiles/{world.owner.profile_id}")


@on_both_engines
async def test_a_profile_deleted_while_the_platform_answers_is_profile_not_found(world: World) -> None:
    what = await returned(world)
    await world.fault("twitter", ME, delay_ms=1000)
    at_work = asyncio.create_task(from_browser(world, what))
    await asyncio.sleep(0.15)
    await delete_profile(world)
    attempt = await at_work
    assert (attempt.status, attempt.slug) == ("failed", "profile_not_found")
    assert await world.rows_with_tokens() == 0


async def test_a_profile_deleted_before_the_callback_is_profile_not_found(world: World) -> None:
    callback = await world.consent((await world.start("twitter"))["authUrl"])
    await delete_profile(world)
    fields = query_of(location(await (await world.browser()).open(callback)))
    assert fields["error"] == "profile_not_found"


@on_both_engines
async def test_ten_at_once_redeem_one_code_and_see_one_outcome(world: World) -> None:
    what = await returned(world)
    await world.fault("twitter", ME, delay_ms=200)
    found = await asyncio.gather(*(from_browser(world, what) for _ in range(10)))
    assert {attempt.status for attempt in found} == {"connected"}
    assert len({attempt.account_id for attempt in found}) == 1
    assert len(await world.calls("twitter", TWITTER_TOKEN)) == 1
    assert len(await world.accounts()) == 1


async def test_browser_and_server_at_once_redeem_one_code(world: World) -> None:
    what = await returned(world)
    mine = {"user_id": world.owner.user_id, "profile_id": world.owner.profile_id}
    results = await asyncio.gather(
        from_browser(world, what), finish.from_server(world.service, what, **mine), return_exceptions=True
    )
    assert len(await world.calls("twitter", TWITTER_TOKEN)) == 1
    assert all(isinstance(result, Attempt | InvalidState) for result in results)
    assert len(await world.accounts()) == 1


async def test_two_people_connecting_the_same_account_at_once_make_one_account(world: World) -> None:
    first, second = await returned(world), await returned(world)
    found = await asyncio.gather(from_browser(world, first), from_browser(world, second))
    assert {attempt.status for attempt in found} == {"connected"}
    assert len({attempt.account_id for attempt in found}) == 1
    assert len(await world.service.db.all("SELECT id FROM grants")) == 1


async def test_who_asks_again_while_the_first_died_waits_half_a_minute_and_no_longer(
    world: World, frozen_clock: FrozenClock
) -> None:
    what = await returned(world)
    died = await state.consume(
        world.service, state=what.state, code=what.code, platform="twitter", app_id="sandbox-twitter"
    )
    assert died is not None
    waiting = asyncio.create_task(from_browser(world, what))
    await asyncio.sleep(0.2)
    assert not waiting.done()
    frozen_clock.advance(finish.WAIT_FOR_FIRST_S)
    assert (await asyncio.wait_for(waiting, 5)).status == "returned"
    assert await world.calls("twitter", TWITTER_TOKEN) == []


async def test_a_browser_that_goes_away_mid_way_finds_the_outcome_when_it_comes_back(world: World) -> None:
    callback = await world.consent((await world.start("twitter"))["authUrl"])
    await world.fault("twitter", ME, delay_ms=400)
    browser = await world.browser()
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(browser.open(callback), 0.1)
    assert query_of(location(await browser.open(callback)))["connected"] == "twitter"
    assert len(await world.calls("twitter", TWITTER_TOKEN)) == 1


async def test_a_denial_is_a_failure_the_person_can_repair(world: World) -> None:
    started = await world.start("twitter")
    denied = Returned(platform="twitter", state=started["state"], error="access_denied")
    attempt = await from_browser(world, denied)
    assert (attempt.status, attempt.slug) == ("failed", "oauth_denied")
    again = await world.start("twitter")
    mine = {"user_id": world.owner.user_id, "profile_id": world.owner.profile_id}
    with pytest.raises(FlowFailed) as raised:
        await finish.from_server(
            world.service, Returned(platform="twitter", state=again["state"], error="access_denied"), **mine
        )
    assert raised.value.slug == "oauth_denied"


async def test_an_outcome_is_never_taken_back(world: World) -> None:
    attempt = await from_browser(world, await returned(world))
    await finish.fail(world.service, attempt, RuntimeError("late"))
    after = await attempts.get(world.service.db, attempt.id)
    assert after is not None
    assert (after.status, after.slug) == ("connected", None)
    assert after.finished_at is not None
    assert after.finished_at <= clock.now()
