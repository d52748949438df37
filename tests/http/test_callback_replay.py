"""S02: a state redeems one code. Who may see the outcome again, and who gets a page that tells nothing."""

import asyncio

import pytest

from tests.conftest import FrozenClock
from tests.harness import TWITTER_TOKEN, World, location, on_both_engines, query_of


async def callback_of(world: World, platform: str = "twitter", redirect_url: str | None = "https://a.example/x") -> str:
    """A callback address that was not opened yet."""
    started = await world.start(platform, redirect_url)
    return await world.consent(started["authUrl"])


def another_code(callback: str) -> str:
    code = query_of(callback)["code"]
    return callback.replace(code, code[::-1])


@on_both_engines
async def test_s02_a_callback_opened_twice_within_a_minute_leads_to_the_same_place(
    world: World, frozen_clock: FrozenClock
) -> None:
    callback = await callback_of(world)
    first = location(await (await world.browser()).open(callback))
    frozen_clock.advance(60)
    assert location(await (await world.browser()).open(callback)) == first
    assert query_of(first)["connected"] == "twitter"
    assert len(await world.calls("twitter", TWITTER_TOKEN)) == 1
    assert len(await world.accounts()) == 1


@on_both_engines
async def test_s02_two_callbacks_at_once_redeem_the_code_once(world: World) -> None:
    callback = await callback_of(world)
    browsers = [await world.browser() for _ in range(5)]
    seen = await asyncio.gather(*(browser.open(callback) for browser in browsers))
    assert len({location(one) for one in seen}) == 1
    assert len(await world.calls("twitter", TWITTER_TOKEN)) == 1


async def test_s02_later_only_the_browser_that_was_there_sees_the_outcome(
    world: World, frozen_clock: FrozenClock
) -> None:
    callback = await callback_of(world)
    browser = await world.browser()
    first = location(await browser.open(callback))
    frozen_clock.advance(61)
    stranger = await (await world.browser()).open(callback)
    assert stranger.status == 400
    assert "This page cannot be used" in stranger.text
    assert location(await browser.open(callback)) == first
    assert len(await world.calls("twitter", TWITTER_TOKEN)) == 1


async def test_s02_the_cookie_of_another_attempt_shows_nothing(world: World, frozen_clock: FrozenClock) -> None:
    callback = await callback_of(world)
    await (await world.browser()).open(callback)
    neighbour = await world.browser()
    location(await neighbour.open(await callback_of(world)))
    frozen_clock.advance(61)
    assert (await neighbour.open(callback)).status == 400


async def test_s02_the_cookie_ends_after_an_hour(world: World, frozen_clock: FrozenClock) -> None:
    callback = await callback_of(world)
    browser = await world.browser()
    location(await browser.open(callback))
    frozen_clock.advance(60 * 60)
    assert (await browser.open(callback)).status == 400


async def test_s02_another_code_with_a_used_state_shows_nothing_even_with_the_cookie(world: World) -> None:
    callback = await callback_of(world)
    browser = await world.browser()
    location(await browser.open(callback))
    again = await browser.open(another_code(callback))
    assert again.status == 400
    assert again.location is None
    assert len(await world.calls("twitter", TWITTER_TOKEN)) == 1


async def test_s02_a_used_state_and_one_that_never_was_get_the_same_page(
    world: World, frozen_clock: FrozenClock
) -> None:
    callback = await callback_of(world)
    location(await (await world.browser()).open(callback))
    frozen_clock.advance(61)
    browser = await world.browser()
    used = await browser.open(callback)
    unknown = await browser.open(f"{world.base_url}/connect/twitter/callback?state=never&code=was")
    assert (used.status, used.text) == (unknown.status, unknown.text)


async def test_s02_a_failure_is_told_again_without_a_second_token_request(world: World) -> None:
    await world.fault("twitter", TWITTER_TOKEN, status=400, body={"error": "invalid_request"})
    callback = await callback_of(world)
    first = location(await (await world.browser()).open(callback))
    assert query_of(first)["error"] == "token_exchange_failed"
    assert location(await (await world.browser()).open(callback)) == first
    assert len(await world.calls("twitter", TWITTER_TOKEN)) == 1


async def test_s02_an_open_choice_is_led_to_again(world: World) -> None:
    started = await world.start("facebook", headless=True)
    callback = await world.consent(started["authUrl"])
    first = query_of(location(await (await world.browser()).open(callback)))
    second = query_of(location(await (await world.browser()).open(callback)))
    assert first["step"] == second["step"] == "select_page"
    again = await world.select(second, "100000000000101")
    assert again.status == 200, again.text


@pytest.mark.parametrize("platform", ["twitter", "facebook"])
async def test_s10_every_redirect_of_the_flow_is_303(world: World, platform: str) -> None:
    for redirect_url in ("https://a.example/x", None):
        callback = await callback_of(world, platform, redirect_url)
        browser = await world.browser()
        seen = await browser.open(callback)
        while seen.location is not None and seen.location.startswith(world.base_url):
            assert seen.status == 303
            seen = await browser.open(seen.location)
        assert seen.status in {200, 303}
