"""The outcome page: the truth for the browser that was there, the same for every slug of the list."""

import re

import pytest

from moorline.cli.browser import Browser, Seen
from moorline.connect.redirects import SENTENCES
from moorline.errors import Slug
from moorline.pages import words
from tests.conftest import FrozenClock
from tests.harness import TWITTER_TOKEN, World, location, query_of, shares_a_world
from tests.http.conftest import Serve
from tests.pages.test_chooser import chooser, entry

SLUGS: tuple[Slug, ...] = tuple(SENTENCES)


async def ended(world: World, platform: str = "twitter", **decision: str) -> tuple[Browser, Seen]:
    """A browser at the end of a connection that has no address to go back to."""
    started = await world.start(platform, None)
    browser = await world.browser()
    callback = await world.consent(started["authUrl"], **decision)
    return browser, await browser.follow(await browser.open(callback))


async def test_a_connection_ends_with_the_name_of_what_is_connected(world: World) -> None:
    browser, end = await ended(world)
    assert end.status == 200
    assert "<h1>Northwind Bakery is connected</h1>" in end.text
    assert (await browser.open(end.url)).text == end.text


async def test_another_browser_is_told_nothing(world: World) -> None:
    _, end = await ended(world)
    stranger = await (await world.browser()).open(end.url)
    assert stranger.status == 400
    assert "Northwind" not in stranger.text
    unknown = await (await world.browser()).open(f"{world.base_url}/connect/outcome?attempt={'0' * 24}")
    assert (stranger.status, stranger.text) == (unknown.status, unknown.text)


@pytest.mark.parametrize("slug", SLUGS)
async def test_every_slug_has_a_page_of_its_own_words(world: World, slug: Slug) -> None:
    browser, end = await ended(world, button="deny")
    await world.service.db.run("UPDATE attempts SET slug = $1", slug)
    page = await browser.open(end.url)
    said = words.of(slug)
    assert page.status == 200
    for sentence in (said.title, said.sentence, said.advice, "Nothing was connected."):
        assert sentence in page.text
    assert query_of(end.url)["attempt"] in page.text


def test_no_two_slugs_share_a_title() -> None:
    titles = [words.of(slug).title for slug in SLUGS]
    assert len(set(titles)) == len(titles)


@shares_a_world
@pytest.mark.parametrize(
    "query",
    ["", "slug=oauth_denied", "slug=nonsense", "slug=%3Cscript%3E", "attempt=%3Cscript%3E", "attempt=%00", "attempt=x"],
)
async def test_without_an_attempt_of_ones_own_the_page_is_general(shared: World, query: str) -> None:
    page = await (await shared.browser()).open(f"{shared.base_url}/connect/outcome?{query}")
    assert page.status == 400
    assert "Nothing was connected." in page.text
    assert "<script" not in page.text


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
    assert "The sign-in was not completed" in end.text
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
        assert not re.search(r"<(img|script|b|iframe|svg)\b", seen.text)
        assert "49" not in re.sub(r"\d{3,}|:\d+", "", seen.text.partition("{{")[0][-40:])
        assert "&lt;b onclick=" in seen.text


async def test_s24_names_that_change_the_direction_of_reading_are_kept_apart(world: World) -> None:
    _, page = await chooser(world, person="crowd")
    position = page.text.index("\u202egnp.egami")
    assert "<bdi" in page.text[position - 40 : position]
