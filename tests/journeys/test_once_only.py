"""S02 on a real server: a state redeems one code, whoever opens the callback again, and whatever happens to the server.

What depends on minutes passing (the 60 s, the 10 minutes) is tested in process, where the clock can be moved.
"""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlencode, urlsplit

import aiohttp
import pytest

from moorline.cli.browser import Seen
from tests.journeys.conftest import OwnServer, seen_from_outside
from tests.journeys.journey import Journey, location, query_of
from tests.journeys.processes import DemoServer

TWITTER_TOKEN = "POST /2/oauth2/token"
TWITTER_ME = "GET /2/users/me"
FACEBOOK_TOKEN = "POST /{version}/oauth/access_token"


@asynccontextmanager
async def journey_on(server: DemoServer) -> AsyncIterator[Journey]:
    async with Journey.through(seen_from_outside(server)) as journey:
        yield journey


def rows_of(server: DemoServer, sql: str) -> list[tuple[object, ...]]:
    """What a statement finds in the server's database."""
    connection = sqlite3.connect(server.data_dir / "moorline.sqlite3")
    try:
        return connection.execute(sql).fetchall()
    finally:
        connection.close()


def with_query(url: str, **changed: str) -> str:
    """The address with some of its parameters changed."""
    return urlsplit(url)._replace(query=urlencode({**query_of(url), **changed})).geturl()


def is_general_page(seen: Seen) -> bool:
    """The page that tells nothing about any attempt."""
    return seen.status == 400 and seen.location is None and "This page cannot be used" in seen.text


# --- the same callback again ------------------------------------------------------------------------------------------


async def test_s02_two_callbacks_at_once_redeem_the_code_once_and_tell_both_the_same(journey: Journey) -> None:
    started = await journey.start("twitter")
    callback = await journey.consent(started["authUrl"], browser=await journey.browser())
    redeemed, asked = await journey.count("twitter", TWITTER_TOKEN), await journey.count("twitter", TWITTER_ME)
    await journey.fault("twitter", TWITTER_TOKEN, delay_ms=300)

    first, second = [await journey.browser(), await journey.browser()]
    outcomes = await asyncio.gather(first.open(callback), second.open(callback))

    assert len({location(outcome) for outcome in outcomes}) == 1
    assert query_of(location(outcomes[0]))["connected"] == "twitter"
    assert await journey.count("twitter", TWITTER_TOKEN) == redeemed + 1
    assert await journey.count("twitter", TWITTER_ME) == asked + 1
    assert len(await journey.accounts()) == 1


async def test_s02_ten_callbacks_at_once_open_one_selection(journey: Journey) -> None:
    started = await journey.start("facebook", headless=True)
    callback = await journey.consent(started["authUrl"], browser=await journey.browser())
    before = await journey.count("facebook", FACEBOOK_TOKEN)
    browsers = [await journey.browser() for _ in range(10)]
    outcomes = await asyncio.gather(*(browser.open(callback) for browser in browsers))
    fields = [query_of(location(outcome)) for outcome in outcomes]
    assert {field["step"] for field in fields} == {"select_page"}
    # The code, then the short-lived token for a long-lived one.
    assert await journey.count("facebook", FACEBOOK_TOKEN) == before + 2
    chosen = [await journey.select(field, "100000000000102") for field in fields]
    assert len({answer.json["account"]["accountId"] for answer in chosen}) == 1


async def test_s02_a_failed_callback_opened_again_tells_the_same_failure(journey: Journey) -> None:
    started = await journey.start("twitter")
    browser = await journey.browser()
    callback = await journey.consent(started["authUrl"], browser=browser)
    await journey.fault("twitter", TWITTER_TOKEN, status=503, body="down")
    before = await journey.count("twitter", TWITTER_TOKEN)
    first, again = await browser.open(callback), await browser.open(callback)
    assert location(first) == location(again)
    assert query_of(location(again))["error"] == "platform_unavailable"
    assert await journey.count("twitter", TWITTER_TOKEN) == before + 1


async def test_s02_another_code_with_a_used_state_gets_a_general_page_and_no_token_request(journey: Journey) -> None:
    started = await journey.start("twitter")
    browser = await journey.browser()
    callback = await journey.consent(started["authUrl"], browser=browser)
    location(await browser.open(callback))
    other = await journey.start("twitter")
    fresh = query_of(await journey.consent(other["authUrl"], browser=browser, person="single"))["code"]
    before = await journey.count("twitter", TWITTER_TOKEN)
    for visitor in (browser, await journey.browser()):
        assert is_general_page(await visitor.open(with_query(callback, code=fresh)))
    assert await journey.count("twitter", TWITTER_TOKEN) == before
    assert [account["username"] for account in await journey.accounts()] == ["northwindbakery"]


@pytest.mark.parametrize("state", ["", "x", "A" * 43, "A" * 4000, "\x00", "%ff", "é"])
async def test_s03_a_state_never_issued_gets_a_general_page_and_no_token_request(journey: Journey, state: str) -> None:
    before = await journey.count("twitter", TWITTER_TOKEN)
    query = urlencode({"state": state, "code": "c"})
    browser = await journey.browser()
    assert is_general_page(await browser.open(f"{journey.server.base_url}/connect/twitter/callback?{query}"))
    assert await journey.count("twitter", TWITTER_TOKEN) == before


async def test_s03_a_state_on_another_platforms_path_is_refused_and_stays_usable(journey: Journey) -> None:
    started = await journey.start("twitter")
    browser = await journey.browser()
    callback = await journey.consent(started["authUrl"], browser=browser)
    elsewhere = callback.replace("/connect/twitter/", "/connect/facebook/")
    before = await journey.count("facebook", FACEBOOK_TOKEN), await journey.count("twitter", TWITTER_TOKEN)
    assert is_general_page(await browser.open(elsewhere))
    assert (await journey.count("facebook", FACEBOOK_TOKEN), await journey.count("twitter", TWITTER_TOKEN)) == before
    assert query_of(location(await browser.open(callback)))["connected"] == "twitter"


async def test_s02_the_browser_and_a_server_with_one_code_make_one_account(journey: Journey) -> None:
    started = await journey.start("twitter")
    browser = await journey.browser()
    callback = await journey.consent(started["authUrl"], browser=browser)
    body = {"code": query_of(callback)["code"], "state": started["state"], "profileId": journey.profile_id}
    before = await journey.count("twitter", TWITTER_TOKEN)
    await asyncio.gather(browser.open(callback), journey.call("POST", "connect/twitter", body=body))
    assert await journey.count("twitter", TWITTER_TOKEN) == before + 1
    assert len(await journey.accounts()) == 1


# --- the server dies and comes back -----------------------------------------------------------------------------------


@pytest.mark.parametrize("endpoint", [TWITTER_TOKEN, TWITTER_ME])
async def test_s02_a_server_killed_within_a_callback_leaves_no_half_account(
    own_server: OwnServer, endpoint: str
) -> None:
    with own_server() as server:
        async with journey_on(server) as journey:
            started = await journey.start("twitter")
            browser = await journey.browser()
            callback = await journey.consent(started["authUrl"], browser=browser)
            await journey.fault("twitter", endpoint, delay_ms=60_000)
            opened = asyncio.create_task(browser.open(callback))
            await until_returned(server)
            server.kill()
            with pytest.raises(aiohttp.ClientError):
                await opened
        server.start()
        async with journey_on(server) as journey:
            assert await journey.accounts() == []
            assert rows_of(server, "SELECT id FROM grants") == []
            # The state is spent: the code may have reached the platform.
            again = await journey.browser()
            outcome = query_of(location(await again.open(callback)))
            assert (outcome["error"], "connected" in outcome) == ("internal_error", False)
            body = {"code": "c", "state": started["state"], "profileId": journey.profile_id}
            assert (await journey.call("POST", "connect/twitter", body=body)).json["code"] == "invalid_state"
            # The person starts again, and nothing stands in the way.
            assert query_of(await journey.landing("twitter"))["connected"] == "twitter"
            assert len(await journey.accounts()) == 1


async def until_returned(server: DemoServer) -> None:
    """Wait until the callback has used its state up."""
    for _ in range(400):
        if rows_of(server, "SELECT 1 FROM attempts WHERE consumed_at_ms IS NOT NULL"):
            await asyncio.sleep(0.1)  # and on to the call that is held up
            return
        await asyncio.sleep(0.02)
    raise AssertionError("the callback never used its state up")


async def test_a_killed_server_comes_back_with_accounts_keys_selections_and_codes(own_server: OwnServer) -> None:
    with own_server() as server:
        async with journey_on(server) as journey:
            await journey.landing("twitter")
            fields = await journey.selection()
            code = (await journey.get("connect/telegram", profileId=journey.profile_id))["code"]
            made = await journey.call("POST", "api-keys", body={"name": "outlives it"})
            unopened = await journey.start("twitter")
            before = await journey.accounts()
        key_before = server.api_key
        server.kill()
        server.start()
        async with journey_on(server) as journey:
            assert server.api_key == key_before
            assert await journey.accounts() == before
            assert (await journey.call("GET", "users", key=made.json["apiKey"]["key"])).status == 200
            assert (await journey.code_status(code))["status"] == "pending"
            # The sandbox forgot its tokens with the process, so the choice is known but cannot be proven any more.
            chosen = await journey.select(fields, "100000000000102")
            assert (chosen.status, chosen.json["code"]) == (500, "token_revoked")
            callback = await journey.consent(unopened["authUrl"], browser=await journey.browser())
            landed = await (await journey.browser()).open(callback)
            assert query_of(location(landed))["connected"] == "twitter"


async def test_a_restarted_server_takes_a_code_it_issued_before(own_server: OwnServer) -> None:
    with own_server() as server:
        async with journey_on(server) as journey:
            code = (await journey.get("connect/telegram", profileId=journey.profile_id))["code"]
        server.stop()
        server.start()
        async with journey_on(server) as journey:
            await journey.tell_bot(f"{code} @mychannel")
            assert (await journey.code_settles(code))["status"] == "connected"
