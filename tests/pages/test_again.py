"""`/connect/again`: the same connection once more, by the browser that was at the first and nobody else."""

import asyncio
import re

import pytest

from moorline.cli.browser import Browser, Seen
from moorline.store import attempts
from moorline.store.attempts import Attempt
from tests.harness import APP_URL, World, location, on_both_engines, query_of
from tests.http.conftest import Serve
from tests.pages.test_forms import OWN, post
from tests.pages.test_headers import policy_of
from tests.pages.test_outcome import ended


async def newest(world: World) -> Attempt:
    row = await world.service.db.one("SELECT id FROM attempts ORDER BY created_at_ms DESC, id DESC LIMIT 1")
    assert row is not None
    found = await attempts.get(world.service.db, row["id"])
    assert found is not None
    return found


async def count(world: World) -> int:
    row = await world.service.db.one("SELECT count(*) AS n FROM attempts")
    assert row is not None
    return int(row["n"])


def fields_of(page: Seen, **changes: str) -> dict[str, str]:
    return {**dict(page.form().fields), **changes}


async def finished(world: World, browser: Browser, platform_url: str) -> Seen:
    """Allow it this time."""
    consent = await browser.open(platform_url)
    return await browser.follow(await browser.send(consent, button="approve"))


@on_both_engines
async def test_the_second_try_is_like_the_first_and_connects(world: World) -> None:
    browser, end = await ended(world, button="deny")
    first = await newest(world)
    url = location(await browser.send(end, button="again"))
    second = await newest(world)
    assert second.id != first.id
    assert second.key_id == first.key_id == world.owner.key_id
    assert (second.user_id, second.profile_id, second.platform) == (first.user_id, first.profile_id, first.platform)
    done = await finished(world, browser, url)
    assert "<h1><bdi>Northwind Bakery</bdi> is connected</h1>" in done.text
    assert [account["profileId"]["_id"] for account in await world.accounts()] == [world.owner.profile_id]


async def test_everything_the_call_asked_for_is_asked_for_again(world: World) -> None:
    query = {
        "profileId": world.owner.profile_id,
        "redirect_url": APP_URL,
        "expectedPlatformUserId": "179",
        "language": "de",
        "openerOrigin": "https://app.example.com",
        "scopes": "tweet.read,tweet.write,users.read,offline.access,media.write",
    }
    started = await world.ok("GET", "/v1/connect/twitter", query=query)
    callback = await world.consent(started["authUrl"], button="deny")
    browser = await world.browser()
    location(await browser.open(callback))
    first = await newest(world)
    page = await browser.open(f"{world.base_url}/connect/outcome?attempt={first.id}")
    location(await browser.send(page, button="again"))
    second = await newest(world)
    for name in ("redirect_url", "expected_platform_user_id", "language", "opener_origin", "scopes", "headless"):
        assert getattr(second, name) == getattr(first, name), name
    assert second.redirect_url == APP_URL


async def test_a_connection_that_was_made_leads_to_another(world: World) -> None:
    browser, end = await ended(world)
    url = location(await browser.send(end, button="again"))
    consent = await browser.open(url)
    await browser.follow(await browser.send(consent, button="approve", pick={"person": "single"}))
    assert len(await world.accounts()) == 2


async def test_platforms_without_an_authorization_page_start_again_at_their_own_page(serve: Serve) -> None:
    world = await serve(TELEGRAM_MODE="polling")
    for platform in ("bluesky", "telegram"):
        browser, end = await ended(world, button="deny")
        await world.service.db.run("UPDATE attempts SET platform = $1, app_id = ''", platform)
        url = location(await browser.send(end, button="again"))
        assert url.startswith(f"{world.base_url}/connect/{platform}?state=")
        assert (await browser.open(url)).status == 200
        await world.service.db.run("DELETE FROM attempts")


async def test_as_somebody_else_the_platform_asks_anew(world: World) -> None:
    browser, end = await ended(world, "youtube", person="none")
    assert "We found no YouTube channel" in end.text
    url = location(await browser.send(end, button="another"))
    usual = (await world.start("youtube", None))["authUrl"]
    assert query_of(url).keys() == query_of(usual).keys()
    assert "select_account" in query_of(url)["prompt"]


async def test_the_way_back_to_the_application_carries_what_happened(world: World) -> None:
    started = await world.start("twitter")
    callback = await world.consent(started["authUrl"], button="deny")
    browser = await world.browser()
    home = location(await browser.open(callback))
    page = await browser.open(f"{world.base_url}/connect/outcome?attempt={(await newest(world)).id}")
    back = re.search(r'<a class="button second" href="([^"]+)" id="back">Back to app.example.com</a>', page.text)
    assert back is not None
    assert back[1].replace("&amp;", "&") == home


async def test_the_page_lets_its_form_lead_to_a_platform_and_pages_without_one_do_not(world: World) -> None:
    _, end = await ended(world, button="deny")
    cookieless = await world.call("GET", end.url.removeprefix(world.base_url), key=None)
    assert policy_of(cookieless)["form-action"] == "'self'"
    browser, end = await ended(world, button="deny")
    cookie = "; ".join(f"{one.key}={one.value}" for one in browser._session.cookie_jar)
    answer = await world.call("GET", end.url.removeprefix(world.base_url), key=None, headers={"cookie": cookie})
    assert policy_of(answer)["form-action"] == "'self' http:"


# --- what is refused --------------------------------------------------------------------------------------------------


async def test_s25_another_site_starts_nothing(world: World) -> None:
    browser, end = await ended(world, button="deny")
    for headers in (
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"origin": "https://evil.example"},
    ):
        assert await post(browser, end, fields_of(end), headers) == 403
    assert await count(world) == 1


@pytest.mark.parametrize("csrf", ["", "0" * 64, "\u00fc", "x" * 10_000])
async def test_s25_a_wrong_csrf_token_starts_nothing(world: World, csrf: str) -> None:
    browser, end = await ended(world, button="deny")
    assert await post(browser, end, fields_of(end, csrf=csrf), OWN) == 403
    assert await count(world) == 1


@pytest.mark.parametrize("attempt", ["", "x", "0" * 24, "\x00"])
async def test_an_attempt_that_never_was_starts_nothing(world: World, attempt: str) -> None:
    browser, end = await ended(world, button="deny")
    assert await post(browser, end, fields_of(end, attempt=attempt), OWN) == 400
    assert await count(world) == 1


async def test_another_browser_starts_nothing(world: World) -> None:
    _, end = await ended(world, button="deny")
    stranger = await world.browser()
    assert await post(stranger, end, fields_of(end), OWN) == 400
    other, _ = await ended(world, button="deny")
    assert await post(other, end, fields_of(end), OWN) == 400
    assert await count(world) == 2


@pytest.mark.parametrize("gone", ["key", "profile"])
async def test_what_is_gone_meanwhile_is_told_with_whom_to_ask(world: World, gone: str) -> None:
    browser, end = await ended(world, button="deny")
    if gone == "key":
        second = await world.new_key("second")
        await world.ok("DELETE", f"/v1/api-keys/{world.owner.key_id}", key=second)
    else:
        await world.new_profile("Another")
        await world.ok("DELETE", f"/v1/profiles/{world.owner.profile_id}")
    page = await browser.send(end, button="again")
    assert page.status == 410
    assert "The place for this connection is gone" in page.text
    assert await count(world) == 1


async def test_a_key_that_may_not_send_people_there_any_more_starts_nothing(world: World) -> None:
    started = await world.start("twitter")
    callback = await world.consent(started["authUrl"], button="deny")
    browser = await world.browser()
    location(await browser.open(callback))
    page = await browser.open(f"{world.base_url}/connect/outcome?attempt={(await newest(world)).id}")
    await world.service.db.run("UPDATE api_keys SET redirect_allowlist = $1", '["https://elsewhere.example"]')
    assert (await browser.send(page, button="again")).status == 410
    assert await count(world) == 1


async def test_a_platform_switched_off_meanwhile_is_told(world: World) -> None:
    browser, end = await ended(world, button="deny")
    await world.restart(TWITTER_CLIENT_ID="", TWITTER_CLIENT_SECRET="")
    page = await browser.send(end, button="again")
    assert page.status == 503
    assert "X (Twitter) is not set up here" in page.text


async def test_twice_at_once_are_two_attempts_that_disturb_nobody(world: World) -> None:
    browser, end = await ended(world, button="deny")
    first, second = await asyncio.gather(*(browser.send(end, button="again") for _ in range(2)))
    assert query_of(location(first))["state"] != query_of(location(second))["state"]
    assert await count(world) == 3
    await finished(world, browser, location(second))
    await finished(world, browser, location(first))
    assert len(await world.accounts()) == 1


async def test_on_behalf_of_a_link_until_it_is_withdrawn(world: World) -> None:
    link = await world.ok("POST", "/v1/connect/links", body={"profileId": world.owner.profile_id})
    browser, end = await ended(world, button="deny")
    await world.service.db.run("UPDATE attempts SET key_id = NULL, link_id = $1", link["id"])
    location(await browser.send(end, button="again"))
    second = await newest(world)
    assert (second.link_id, second.key_id, second.member_id) == (link["id"], None, None)
    await world.ok("DELETE", f"/v1/connect/links/{link['id']}")
    assert (await browser.send(end, button="again")).status == 410
    assert await count(world) == 2


async def test_on_behalf_of_a_member_while_they_are_one(world: World) -> None:
    browser, end = await ended(world, button="deny")
    await world.service.db.run("UPDATE attempts SET key_id = NULL, member_id = $1", world.owner.user_id)
    location(await browser.send(end, button="again"))
    second = await newest(world)
    assert (second.link_id, second.key_id, second.member_id) == (None, None, world.owner.user_id)
    await world.service.db.run("UPDATE attempts SET member_id = $1", world.other.user_id)
    assert (await browser.send(end, button="again")).status == 410
    await world.service.db.run("UPDATE attempts SET member_id = NULL")
    assert (await browser.send(end, button="again")).status == 410
    assert await count(world) == 2
