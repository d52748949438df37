"""`/connect/bluesky`: the form that stands in for a consent page."""

import asyncio

import pytest

from moorline.cli.browser import Browser, Seen
from tests.conftest import FrozenClock
from tests.harness import APP_URL, World, location, query_of

GOOD = {"identifier": "demo.bsky.social", "appPassword": "demo-demo-demo-demo"}


async def form(world: World, redirect_url: str | None = APP_URL) -> tuple[Browser, Seen]:
    started = await world.start("bluesky", redirect_url)
    browser = await world.browser()
    page = await browser.open(started["authUrl"])
    assert page.status == 200, page.text
    return browser, page


async def test_signing_in_connects_and_goes_home(world: World) -> None:
    browser, page = await form(world)
    assert "Northwind Bakery" in page.text
    query = query_of(location(await browser.send(page, button="connect", pick=GOOD)))
    assert (query["connected"], query["username"]) == ("bluesky", "demo.bsky.social")
    assert [account["platform"] for account in await world.accounts()] == ["bluesky"]


async def test_without_an_address_to_go_to_it_ends_on_our_own_page(world: World) -> None:
    browser, page = await form(world, None)
    end = await browser.follow(await browser.send(page, button="connect", pick=GOOD))
    assert end.status == 200
    assert "is connected" in end.text


@pytest.mark.parametrize(
    "typed",
    [
        {"identifier": "demo.bsky.social", "appPassword": "aaaa-bbbb-cccc-dddd"},
        {"identifier": "nobody.bsky.social", "appPassword": "aaaa-bbbb-cccc-dddd"},
        {"identifier": "", "appPassword": ""},
        {"identifier": "demo.bsky.social", "appPassword": ""},
        {"identifier": "not a handle", "appPassword": "x"},
        {"identifier": '"><script>alert(1)</script>', "appPassword": "x"},
        {"identifier": "\x00", "appPassword": "\x00"},
        {"identifier": "n" * 5000, "appPassword": "p" * 5000},
    ],
)
async def test_a_refusal_shows_the_form_again_with_the_handle_and_without_the_password(
    world: World, typed: dict[str, str]
) -> None:
    browser, page = await form(world)
    again = await browser.send(page, button="connect", pick=typed)
    assert again.status == 400
    assert 'role="alert"' in again.text
    assert "<title>Error: " in again.text
    assert "<script>" not in again.text
    fields = dict(again.form().fields)
    assert fields["identifier"] == typed["identifier"][:512]
    assert fields["appPassword"] == ""
    if len(typed["appPassword"]) > 1:
        assert typed["appPassword"] not in again.text
    assert "connected=bluesky" in location(await browser.send(again, button="connect", pick=GOOD))


async def test_an_outage_shows_the_form_again(world: World) -> None:
    browser, page = await form(world)
    await world.fault("bluesky", "POST /xrpc/com.atproto.server.createSession", status=502, count=9)
    again = await browser.send(page, button="connect", pick=GOOD)
    assert again.status in {400, 503}
    assert 'role="alert"' in again.text
    await world.control("DELETE", "faults")
    assert "connected=bluesky" in location(await browser.send(again, button="connect", pick=GOOD))


async def test_the_form_sent_twice_connects_once_and_leads_to_the_same_place(world: World) -> None:
    browser, page = await form(world)
    home = location(await browser.send(page, button="connect", pick=GOOD))
    before = await world.count()
    for _ in range(2):
        assert location(await browser.send(page, button="connect", pick=GOOD)) == home
        assert location(await browser.open(page.url)) == home
    assert await world.count() == before
    assert len(await world.accounts()) == 1


async def test_the_form_sent_twice_at_once_connects_once_and_both_see_it(world: World) -> None:
    browser, page = await form(world)
    answers = await asyncio.gather(*(browser.send(page, button="connect", pick=GOOD) for _ in range(5)))
    assert len({location(answer) for answer in answers}) == 1
    assert len(await world.accounts()) == 1


async def test_s02_another_browser_does_not_learn_what_became_of_a_form(world: World) -> None:
    browser, page = await form(world)
    location(await browser.send(page, button="connect", pick=GOOD))
    stranger = await world.browser()
    for seen in (await stranger.open(page.url), await stranger.send(page, button="connect", pick=GOOD)):
        assert (seen.status, seen.location) == (400, None)
        assert "This page cannot be used" in seen.text


async def test_s03_a_form_older_than_ten_minutes_is_refused_before_any_call(
    world: World, frozen_clock: FrozenClock
) -> None:
    browser, page = await form(world)
    before = await world.count()
    frozen_clock.advance(10 * 60)
    for seen in (await browser.open(page.url), await browser.send(page, button="connect", pick=GOOD)):
        assert seen.status == 400
        assert "This page is too old" in seen.text
        assert "again" in seen.form().buttons
    assert await world.count() == before


async def test_a_profile_deleted_meanwhile_is_told(world: World) -> None:
    browser, page = await form(world)
    await world.new_profile("Another")
    await world.ok("DELETE", f"/v1/profiles/{world.owner.profile_id}")
    assert "The place for this connection is gone" in (await browser.open(page.url)).text
    assert "The place for this connection is gone" in (await browser.send(page, button="connect", pick=GOOD)).text
    assert await world.rows_with_tokens() == 0


@pytest.mark.parametrize("platform", ["twitter", "facebook", "telegram"])
async def test_s04_a_state_of_another_platform_shows_no_form(world: World, platform: str) -> None:
    state = (await world.start(platform))["state"]
    seen = await (await world.browser()).open(f"{world.base_url}/connect/bluesky?state={state}")
    assert seen.status == 400
    assert "<form" not in seen.text
