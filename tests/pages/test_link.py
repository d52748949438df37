"""`/connect/link/{token}`: what somebody who was sent it sees, connects, and is told once it is over."""

import asyncio
import re
from pathlib import Path
from typing import Any

import pytest

from moorline.cli.browser import Browser, Seen
from moorline.platforms import ALL
from tests.conftest import FrozenClock
from tests.harness import APP_URL, World, location, on_both_engines, query_of, settles, shares_a_world
from tests.http.conftest import Lines, Serve

PLATFORMS = [adapter.name for adapter in ALL]
HOUR_S = 3600


async def made(world: World, **body: object) -> Any:
    given = {"profileId": world.owner.profile_id, **body}
    return await world.ok("POST", "/v1/connect/links", body=given)


async def opened(world: World, **body: object) -> tuple[Browser, Seen]:
    """A customer's browser at a fresh link."""
    browser = await world.browser()
    page = await browser.open((await made(world, **body))["url"])
    assert page.status == 200, page.text
    return browser, page


async def to_the_end(world: World, browser: Browser, page: Seen, platform: str, person: str = "plenty") -> Seen:
    """Press the button of a platform and go all the way, as a person would."""
    seen = await browser.follow(await browser.send(page, button=f"connect-{platform}"))
    if platform == "bluesky":
        typed = {"identifier": "demo.bsky.social", "appPassword": "demo-demo-demo-demo"}
        return await browser.follow(await browser.send(seen, button="connect", pick=typed))
    if platform == "telegram":
        code = re.search(r"LATE-[A-Z0-9]{6}", seen.text)
        assert code is not None, seen.text
        await world.tell_bot(f"{code[0]} @mychannel")

        async def outcome() -> Seen | None:
            now = await browser.follow(await browser.open(seen.url))
            return now if "is connected" in now.text else None

        done: Seen = await settles(outcome)
        return done
    seen = await browser.follow(await browser.send(seen, button="approve", pick={"person": person}))
    if 'name="choice"' in seen.text:
        seen = await browser.follow(await browser.send(seen, button="connect", pick={"choice": "0"}))
    return seen


async def test_who_asks_for_what_stands_before_the_buttons_and_opening_it_starts_nothing(world: World) -> None:
    _, page = await opened(world)
    for told in (
        "asks you to connect your accounts",
        "can post there in your name",
        "works until",
        "Not expecting it?",
    ):
        assert told in page.text
    assert [f'id="connect-{name}"' in page.text for name in PLATFORMS] == [True] * len(PLATFORMS)
    shown = re.findall(r'id="connect-([a-z]+)"', page.text)
    assert shown == ["bluesky", "facebook", "googlebusiness", "instagram", "linkedin", "pinterest", "reddit",
                     "snapchat", "telegram", "threads", "tiktok", "twitter", "youtube"]  # fmt: skip
    row = await world.service.db.one("SELECT count(*) AS n FROM attempts")
    assert row is not None
    assert row["n"] == 0


@pytest.mark.parametrize("platform", PLATFORMS)
async def test_every_platform_connects_from_a_link_without_login_or_script(serve: Serve, platform: str) -> None:
    world = await serve(TELEGRAM_MODE="polling")
    browser, page = await opened(world)
    end = await to_the_end(world, browser, page, platform)
    assert "is connected" in end.text, end.text
    accounts = await world.accounts()
    assert [account["platform"] for account in accounts] == [platform]
    again = re.search(r'href="(/connect/link/[^"]+)" id="link"', end.text)
    assert again is not None
    back = await browser.open(world.base_url + again[1])
    assert back.url == page.url
    assert ">Done<" in back.text
    assert accounts[0]["displayName"] in back.text


async def test_one_platform_stands_alone_and_the_link_keeps_its_language(world: World) -> None:
    _, page = await opened(world, platforms=["instagram"], language="de", maxUses=2)
    assert re.findall(r'id="connect-([a-z]+)"', page.text) == ["instagram"]
    assert '<html lang="de"' in page.text
    assert '<ul class="rows" aria' not in page.text


async def test_whoever_has_an_address_to_return_to_is_led_there(world: World) -> None:
    browser, page = await opened(world, redirectUrl=APP_URL)
    consent = await browser.follow(await browser.send(page, button="connect-twitter"))
    returned = await browser.send(consent, button="approve")
    assert returned.location is not None
    landed = location(await browser.open(returned.location))
    assert landed.startswith(f"{APP_URL}?connected=twitter")


@on_both_engines
async def test_two_at_once_on_the_last_use_connect_one_account(world: World) -> None:
    link = await made(world, maxUses=1, platforms=["reddit", "twitter"])
    callbacks = []
    for platform in ("reddit", "twitter"):
        browser = await world.browser()
        consent = await browser.follow(
            await browser.send(await browser.open(link["url"]), button=f"connect-{platform}")
        )
        callbacks.append((browser, (await browser.send(consent, button="approve")).location or ""))
    ends = await asyncio.gather(*(browser.open(callback) for browser, callback in callbacks))
    pages = [await browser.follow(end) for (browser, _), end in zip(callbacks, ends, strict=True)]
    assert sorted("is connected" in page.text for page in pages) == [False, True]
    assert len(await world.accounts()) == 1
    over = await (await world.browser()).open(link["url"])
    assert over.status == 410
    assert "This link was used up" in over.text
    lost = next(page for page in pages if "is connected" not in page.text)
    assert 'id="link"' not in lost.text
    assert 'id="again"' not in lost.text


async def test_a_link_withdrawn_while_somebody_is_at_the_platform_connects_nothing(world: World) -> None:
    link = await made(world, platforms=["twitter"])
    browser = await world.browser()
    consent = await browser.follow(await browser.send(await browser.open(link["url"]), button="connect-twitter"))
    await world.ok("DELETE", f"/v1/connect/links/{link['id']}")
    end = await browser.follow(await browser.send(consent, button="approve"))
    assert "Nothing was connected." in end.text
    assert await world.accounts() == []
    page = await browser.open(link["url"])
    assert page.status == 410
    assert "This link was withdrawn" in page.text


async def test_a_link_says_since_when_it_is_over_and_a_page_left_open_starts_nothing(
    world: World, frozen_clock: FrozenClock
) -> None:
    browser, page = await opened(world, expiresInHours=1)
    frozen_clock.advance(HOUR_S)
    for over in (await browser.open(page.url), await browser.send(page, button="connect-twitter")):
        assert over.status == 410
        assert "This link has run out" in over.text
        assert "It worked until" in over.text


async def test_a_reconnect_link_renews_the_account_it_names_and_no_other(world: World) -> None:
    account_id = query_of(await world.landing("twitter"))["accountId"]
    link = await made(world, reconnectAccountId=account_id)
    browser = await world.browser()
    page = await browser.open(link["url"])
    assert "asks you to renew <bdi>Northwind Bakery</bdi>" in page.text
    other = await world.browser()
    wrong = await to_the_end(world, other, await other.open(link["url"]), "twitter", "single")
    assert "That is another account" in wrong.text
    end = await to_the_end(world, browser, page, "twitter")
    assert "is connected" in end.text
    assert [account["_id"] for account in await world.accounts()] == [account_id]
    assert (await browser.open(link["url"])).status == 410


@shares_a_world
@pytest.mark.parametrize(
    "token", ["lnk_" + "0" * 64, "lnk_x", "x", "%00", "%F0%9F%A5%90", "a" * 3000, "%3Cscript%3E", "..%2f..%2f"]
)
async def test_an_unknown_token_is_told_so_and_nothing_else(shared: World, token: str) -> None:
    browser = await shared.browser()
    page = await browser.open(f"{shared.base_url}/connect/link/{token}")
    assert page.status == 404, page.text
    assert "There is no" in page.text
    assert "<script>" not in page.text


async def test_s25_a_form_of_another_site_or_without_the_cookie_starts_nothing(world: World) -> None:
    link = await made(world)
    path, form = link["url"].removeprefix(world.base_url), b"platform=twitter"
    kind = {"content-type": "application/x-www-form-urlencoded"}
    cookie = await cookie_of(world, path)
    for headers, status in (
        ({"sec-fetch-site": "cross-site", "cookie": cookie}, 403),
        ({"sec-fetch-site": "same-site", "cookie": cookie}, 403),
        ({"origin": "https://evil.example", "cookie": cookie}, 403),
        ({"sec-fetch-site": "same-origin"}, 400),
        ({"sec-fetch-site": "same-origin", "cookie": cookie.replace("lnk_", "lnk_0")}, 400),
    ):
        refused = await world.call("POST", path, key=None, content=form, headers={**kind, **headers})
        assert refused.status == status, headers
        assert ("Allow cookies for" in refused.text) is (status == 400)
    row = await world.service.db.one("SELECT count(*) AS n FROM attempts")
    assert row is not None
    assert row["n"] == 0
    headers = {**kind, "sec-fetch-site": "same-origin", "cookie": cookie}
    for platform in (b"platform=nothing", b"", b"platform=" + b"x" * 9000, b"platform=%00"):
        assert (await world.call("POST", path, key=None, content=platform, headers=headers)).status == 400
    assert (await world.call("POST", path, key=None, content=form, headers=headers)).status == 303


async def cookie_of(world: World, path: str) -> str:
    answer = await world.call("GET", path, key=None)
    return answer.headers["set-cookie"].partition(";")[0]


async def test_s24_names_of_others_are_text_on_the_page(world: World) -> None:
    hostile = "<img src=x onerror=alert(1)>\"'&\u202eRTL"
    await world.service.db.run("UPDATE profiles SET name = $1", hostile)
    browser, page = await opened(world)
    await to_the_end(world, browser, page, "twitter")
    await world.service.db.run("UPDATE accounts SET display_name = $1", hostile)
    again = await browser.open(page.url)
    assert "<img src=x" not in again.text
    assert again.text.count("<bdi") >= 3
    assert "&lt;img src=x onerror=alert(1)&gt;" in again.text


async def test_s30_the_address_of_a_link_stands_in_no_log_and_in_no_database(world: World, lines: Lines) -> None:
    browser, page = await opened(world)
    await to_the_end(world, browser, page, "twitter")
    token = page.url.rpartition("/")[2]
    assert token.startswith("lnk_")
    assert token not in lines.text
    database = Path(world._database_url.removeprefix("sqlite:///"))
    written = b"".join(path.read_bytes() for path in database.parent.glob(f"{database.name}*"))
    assert b"Northwind Bakery" in written
    assert token.encode() not in written


async def test_a_platform_that_is_not_set_up_is_not_shown(world: World) -> None:
    link = await made(world)
    await world.restart(TIKTOK_CLIENT_ID="", TIKTOK_CLIENT_SECRET="")
    url = link["url"].replace(link["url"].partition("/connect/")[0], world.base_url)
    page = await (await world.browser()).open(url)
    assert "connect-tiktok" not in page.text
    assert "connect-twitter" in page.text


async def test_what_others_connected_through_a_link_is_not_told(world: World) -> None:
    browser, page = await opened(world)
    await to_the_end(world, browser, page, "twitter")
    assert "Northwind Bakery</bdi><small>" in (await browser.open(page.url)).text
    stranger = await (await world.browser()).open(page.url)
    assert ">Done<" not in stranger.text
    assert "Northwind Bakery</bdi><small>" not in stranger.text


async def test_a_link_ends_with_the_api_key_that_made_it(world: World) -> None:
    key = (await world.ok("POST", "/v1/api-keys", body={"name": "maker"}))["apiKey"]
    body = {"profileId": world.owner.profile_id}
    link = await world.ok("POST", "/v1/connect/links", key=key["key"], body=body)
    kept = await made(world)
    await world.ok("DELETE", f"/v1/api-keys/{key['id']}")
    assert (await (await world.browser()).open(link["url"])).status == 410
    assert (await (await world.browser()).open(kept["url"])).status == 200
