"""The outcome page: the truth for the browser that was there, the same for every slug of the list."""

import re

import pytest

from moorline.cli.browser import Browser, Seen
from tests.conftest import FrozenClock
from tests.harness import TWITTER_TOKEN, UNKNOWN_ID, World, location, query_of, shares_a_world
from tests.http.conftest import Serve
from tests.pages.looks import without_frame
from tests.pages.test_chooser import chooser, entry


async def ended(world: World, platform: str = "twitter", **decision: str) -> tuple[Browser, Seen]:
    """A browser at the end of a connection that has no address to go back to."""
    started = await world.start(platform, None)
    browser = await world.browser()
    callback = await world.consent(started["authUrl"], **decision)
    return browser, await browser.follow(await browser.open(callback))


async def test_a_connection_ends_with_the_name_of_what_is_connected(world: World) -> None:
    browser, end = await ended(world)
    assert end.status == 200
    assert "<h1><bdi>Northwind Bakery</bdi> is connected</h1>" in end.text
    assert (await browser.open(end.url)).text == end.text


async def test_another_browser_is_told_nothing(world: World) -> None:
    _, end = await ended(world)
    stranger = await (await world.browser()).open(end.url)
    assert stranger.status == 400
    assert "Northwind" not in stranger.text
    unknown = await (await world.browser()).open(f"{world.base_url}/connect/outcome?attempt={UNKNOWN_ID}")
    asked = query_of(end.url)["attempt"]  # stands in the links to other languages, as it was asked
    assert (stranger.status, stranger.text.replace(asked, UNKNOWN_ID)) == (unknown.status, unknown.text)


@shares_a_world
@pytest.mark.parametrize(
    "query",
    ["", "slug=oauth_denied", "slug=nonsense", "slug=%3Cscript%3E", "attempt=%3Cscript%3E", "attempt=%00", "attempt=x"],
)
async def test_without_an_attempt_of_ones_own_the_page_is_general(shared: World, query: str) -> None:
    page = await (await shared.browser()).open(f"{shared.base_url}/connect/outcome?{query}")
    assert page.status == 400
    assert "Nothing was connected." in page.text
    assert "<script>" not in page.text


@shares_a_world
async def test_parameters_given_twice_are_no_fault_of_ours(shared: World) -> None:
    for path in ("outcome?attempt=a&attempt=b&slug=x&slug=y", "facebook/select-page?attempt=a&attempt=b"):
        page = await (await shared.browser()).open(f"{shared.base_url}/connect/{path}")
        assert page.status == 400
    path = "twitter/callback?state=a&state=b&code=c&code=d"
    assert (await (await shared.browser()).open(f"{shared.base_url}/connect/{path}")).status == 400


async def test_an_open_choice_leads_back_to_the_chooser(world: World) -> None:
    browser, page = await chooser(world, None)
    outcome = f"{world.base_url}/connect/outcome?attempt={query_of(page.url)['attempt']}"
    again = await browser.follow(await browser.open(outcome))
    assert "Which Facebook Page" in again.text


async def test_a_choice_nobody_made_in_time_is_told_and_leads_in_no_circle(
    world: World, frozen_clock: FrozenClock
) -> None:
    browser, address = await entry(world, None)
    attempt_id = query_of(location(await browser.open(address)))["attempt"]
    frozen_clock.advance(15 * 60)
    page = await browser.open(f"{world.base_url}/connect/outcome?attempt={attempt_id}")
    assert page.location is None
    assert "This page is too old" in page.text


async def test_an_account_disconnected_since_is_not_named(world: World) -> None:
    browser, end = await ended(world)
    await world.ok("DELETE", f"/v1/accounts/{(await world.accounts())[0]['_id']}")
    again = await browser.open(end.url)
    assert again.status == 200
    assert "Northwind Bakery is connected" not in again.text


async def test_a_failure_carries_the_reference_of_its_attempt_and_not_the_platforms_words(world: World) -> None:
    await world.fault("twitter", TWITTER_TOKEN, status=400, body={"error": "<b>secret words</b>"})
    _, end = await ended(world)
    assert "X (Twitter) did not complete the sign-in" in end.text
    assert "secret words" not in end.text
    assert query_of(end.url)["attempt"] in end.text


async def test_s24_hostile_names_are_shown_as_text(serve: Serve) -> None:
    world = await serve(BRAND='<b onclick="x">Brand</b>')
    name = "<img src=x onerror=alert(1)> \"quoted\" 'single' \u202egnp {{ 7*7 }} " + "n" * 10_000
    me = {"data": {"id": "179", "username": "odd", "name": name}}
    await world.fault("twitter", "GET /2/users/me", status=200, body=me)
    await world.ok("PUT", f"/v1/profiles/{world.owner.profile_id}", body={"name": "<script>alert(2)</script>"})
    _, end = await ended(world)
    assert "&lt;img src=x onerror=alert(1)&gt;" in end.text
    started = await world.start("bluesky")
    form = await (await world.browser()).open(started["authUrl"])
    assert "&lt;script&gt;alert(2)&lt;/script&gt;" in form.text
    browser, page = await chooser(world, person="crowd")
    assert "&lt;img src=x onerror=alert(1)&gt;" in page.text
    chosen = await browser.send(page, button="connect", pick={"choice": "1"})
    assert "<img" not in location(chosen)
    for seen in (end, form, page):
        assert not re.search(r"<(img|script|b|iframe|svg)\b", without_frame(seen.text))
        assert "49" not in re.sub(r"\d{3,}|:\d+", "", seen.text.partition("{{")[0][-40:])
        assert "&lt;b onclick=" in seen.text


async def test_s24_names_that_change_the_direction_of_reading_are_kept_apart(world: World) -> None:
    _, page = await chooser(world, person="crowd")
    position = page.text.index("\u202egnp.egami")
    assert "<bdi" in page.text[position - 40 : position]


async def test_s22_a_popup_keeps_the_page_that_opened_it_and_every_other_page_has_none(world: World) -> None:
    browser, end = await ended(world)
    cookie = "; ".join(f"{one.key}={one.value}" for one in browser._session.cookie_jar)
    path = end.url.removeprefix(world.base_url)
    for origin, policy in ((None, "same-origin"), ("https://app.example.com", "unsafe-none")):
        await world.service.db.run("UPDATE attempts SET opener_origin = $1", origin)
        answer = await world.call("GET", path, key=None, headers={"cookie": cookie})
        assert "is connected" in answer.text
        assert answer.headers["cross-origin-opener-policy"] == policy


async def test_what_was_connected_before_is_said_to_be_renewed(world: World, frozen_clock: FrozenClock) -> None:
    _, first = await ended(world)
    assert "can now post to it." in first.text
    frozen_clock.advance(60)
    _, second = await ended(world)
    assert "It was connected before; its permission is renewed" in second.text
