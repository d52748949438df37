"""What the flow owes every platform: documented parameters, the integrator's own address, denial, servers' codes."""

import json
import re
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.journeys.conftest import OwnServer, seen_from_outside
from tests.journeys.journey import APP_URL, Journey, location, query_of

CONNECTED = {"connected", "profileId", "accountId", "username"}
FAILED = {"error", "error_description", "platform", "profileId"}
SELECTION = {"profileId", "tempToken", "userProfile", "connect_token", "platform", "step"}
OAUTH = ("twitter", "facebook")


# --- success ----------------------------------------------------------------------------------------------------------


async def test_a_finished_connection_returns_with_the_documented_parameters(journey: Journey) -> None:
    landed = await journey.landing("twitter")
    assert landed.partition("?")[0] == APP_URL
    fields = query_of(landed)
    assert set(fields) == CONNECTED
    (account,) = await journey.accounts()
    assert fields == {
        "connected": "twitter",
        "profileId": journey.profile_id,
        "accountId": account["_id"],
        "username": "northwindbakery",
    }


async def test_headless_changes_nothing_where_there_is_nothing_to_choose(journey: Journey) -> None:
    assert set(query_of(await journey.landing("twitter", headless=True))) == CONNECTED


async def test_an_open_choice_returns_headless_with_the_documented_parameters(journey: Journey) -> None:
    landed = await journey.landing("facebook", headless=True)
    assert landed.partition("?")[0] == APP_URL
    fields = query_of(landed)
    assert set(fields) == SELECTION
    assert (fields["platform"], fields["step"]) == ("facebook", "select_page")
    assert fields["profileId"] == journey.profile_id
    profile = json.loads(fields["userProfile"])
    assert (profile["name"], profile["displayName"]) == ("Ana Lima", "Ana Lima")
    assert re.fullmatch(r"\d{10,}", profile["id"])
    assert profile["profilePicture"].startswith("https://")


async def test_an_open_choice_leads_to_the_hosted_page_with_the_documented_names(journey: Journey) -> None:
    landed = await journey.landing("facebook")
    assert landed.startswith(f"{journey.server.base_url}/connect/facebook/select-page?")
    fields = query_of(landed)
    assert set(fields) == SELECTION | {"redirect_url"}
    assert fields["redirect_url"] == APP_URL


async def test_the_same_identity_twice_is_the_same_account(journey: Journey) -> None:
    first, again = [query_of(await journey.landing("twitter")) for _ in range(2)]
    assert first["accountId"] == again["accountId"]
    other = query_of(await journey.landing("twitter", person="single"))
    assert other["accountId"] != first["accountId"]
    assert [account["username"] for account in await journey.accounts()] == ["northwindbakery", "fernhillbooks"]


@pytest.mark.parametrize(
    "redirect_url",
    [
        "https://app.example.com/cb?keep=a%20b&keep=2&empty=#section/two?x=1",
        "https://app.example.com/cb?",
        "https://app.example.com:8443/%C3%A9?connected=mine",
        "http://127.0.0.1:3000/cb#top",
        "http://localhost/cb",
        "com.example.app:/connected?from=moorline",
        "exampleapp://connected",
    ],
)
async def test_s21_the_integrators_own_query_and_fragment_are_kept(journey: Journey, redirect_url: str) -> None:
    landed = await journey.landing("twitter", redirect_url)
    head, hash_sign, fragment = redirect_url.partition("#")
    assert landed.startswith(head)
    assert landed.endswith(hash_sign + fragment)
    added = landed.removeprefix(head).removesuffix(hash_sign + fragment)
    assert re.fullmatch(r"[?&]?connected=twitter&profileId=[0-9a-f]{24}&accountId=[0-9a-f]{24}&username=\w+", added)


@pytest.mark.parametrize("name", ["redirect_url", "redirectUrl"])
async def test_both_spellings_of_redirect_url_are_taken(journey: Journey, name: str) -> None:
    started = await journey.get("connect/twitter", profileId=journey.profile_id, **{name: APP_URL})
    browser = await journey.browser()
    landed = location(await browser.open(await journey.consent(started["authUrl"], browser=browser)))
    assert landed.startswith(f"{APP_URL}?connected=twitter")


@pytest.mark.parametrize(
    "redirect_url",
    ["javascript:alert(1)", "//evil.example.com/", "http://app.example.com/", "https://a@evil.example.com/", "cb"],
)
async def test_s20_an_address_no_browser_may_be_sent_to_is_refused_at_the_start(
    journey: Journey, redirect_url: str
) -> None:
    query = {"profileId": journey.profile_id, "redirect_url": redirect_url}
    answer = await journey.call("GET", "connect/twitter", query=query)
    assert (answer.status, answer.json["code"]) == (400, "invalid_redirect_url")


async def test_without_a_redirect_url_a_hosted_page_tells_the_outcome(journey: Journey) -> None:
    browser = await journey.browser()
    started = await journey.start("twitter", None)
    callback = await journey.consent(started["authUrl"], browser=browser)
    page = await browser.follow(await browser.open(callback))
    assert (page.status, urlsplit(page.url).path) == (200, "/connect/outcome")
    assert "<h1><bdi>Northwind Bakery</bdi> is connected</h1>" in page.text
    stranger = await (await journey.browser()).open(page.url)
    assert (stranger.status, "Northwind" in stranger.text) == (400, False)


async def test_s10_the_way_back_is_a_303_that_keeps_nothing(journey: Journey) -> None:
    browser = await journey.browser()
    started = await journey.start("facebook")
    callback = await journey.consent(started["authUrl"], browser=browser)
    seen = await browser.open(callback)
    assert (seen.status, seen.text) == (303, "")


async def test_s01_two_hundred_starts_share_no_state(journey: Journey) -> None:
    states = [(await journey.start("twitter"))["state"] for _ in range(200)]
    assert len(set(states)) == 200
    assert len({state[:8] for state in states}) == 200
    assert all(journey.profile_id not in state and journey.server.user_id not in state for state in states)


# --- failure ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("platform", OAUTH)
async def test_a_denied_consent_returns_with_the_documented_parameters(journey: Journey, platform: str) -> None:
    fields = query_of(await journey.landing(platform, button="deny"))
    assert set(fields) == FAILED
    assert (fields["error"], fields["platform"]) == ("oauth_denied", platform)
    assert fields["profileId"] == journey.profile_id
    assert await journey.accounts() == []


@pytest.mark.parametrize("platform", OAUTH)
async def test_a_denied_consent_without_a_redirect_url_is_told_on_a_page(journey: Journey, platform: str) -> None:
    browser = await journey.browser()
    started = await journey.start(platform, None)
    denied = await journey.consent(started["authUrl"], browser=browser, button="deny")
    page = await browser.follow(await browser.open(denied))
    assert "<h1>You did not give permission</h1>" in page.text
    assert "Nothing was connected." in page.text


async def test_s09_a_denial_asks_for_no_token(journey: Journey) -> None:
    before = await journey.count("twitter", "POST /2/oauth2/token")
    await journey.landing("twitter", button="deny")
    assert await journey.count("twitter", "POST /2/oauth2/token") == before


async def test_s09_an_error_text_of_the_platform_is_never_markup(journey: Journey) -> None:
    started = await journey.start("twitter", None)
    browser = await journey.browser()
    denied = await journey.consent(started["authUrl"], browser=browser, button="deny")
    page = await browser.follow(await browser.open(f"{denied}&error_description=%3Cimg%20src%3Dx%20onerror%3D1%3E"))
    assert "<img" not in page.text


@pytest.mark.parametrize("scope", ["users.read", "tweet.read", "offline.access"])
async def test_an_unticked_scope_that_is_needed_is_named_as_missing(journey: Journey, scope: str) -> None:
    fields = query_of(await journey.landing("twitter", untick={scope}))
    assert fields["error"] == "scope_missing"
    assert await journey.accounts() == []


async def test_a_profile_deleted_meanwhile_receives_nothing(journey: Journey) -> None:
    browser = await journey.browser()
    started = await journey.start("twitter")
    callback = await journey.consent(started["authUrl"], browser=browser)
    assert (await journey.call("DELETE", f"profiles/{journey.profile_id}")).status == 200
    assert query_of(location(await browser.open(callback)))["error"] == "profile_not_found"


# --- a server hands in the code ---------------------------------------------------------------------------------------


async def returned_code(journey: Journey, platform: str, **decision: Any) -> dict[str, str]:
    """The body of a completing call: code and state taken from the callback's address, which nobody opens."""
    started = await journey.start(platform)
    back = query_of(await journey.consent(started["authUrl"], browser=await journey.browser(), **decision))
    return {"code": back["code"], "state": back["state"], "profileId": journey.profile_id}


async def test_a_server_completes_an_account(journey: Journey) -> None:
    answer = await journey.call("POST", "connect/twitter", body=await returned_code(journey, "twitter"))
    assert answer.status == 200
    (account,) = await journey.accounts()
    assert answer.json["account"]["accountId"] == account["_id"]
    assert query_of(answer.json["redirect_url"])["accountId"] == account["_id"]


async def test_a_server_gets_the_fields_of_an_open_choice(journey: Journey) -> None:
    answer = await journey.call("POST", "connect/facebook", body=await returned_code(journey, "facebook"))
    assert set(answer.json) == SELECTION
    chosen = await journey.select(answer.json, "100000000000101")
    assert chosen.json["account"]["displayName"] == "Northwind Bakery"


async def test_s07_a_state_is_good_for_its_own_profile_and_platform_only(journey: Journey) -> None:
    body = await returned_code(journey, "twitter")
    for path, changed in (
        ("connect/twitter", {"profileId": journey.server.profile_id}),
        ("connect/facebook", {}),
        ("connect/twitter", {"state": "A" * 43}),
    ):
        answer = await journey.call("POST", path, body={**body, **changed})
        assert (answer.status, answer.json["code"]) == (400, "invalid_state")
    assert (await journey.call("POST", "connect/twitter", body=body)).status == 200


async def test_s07_a_foreign_code_with_an_own_state_fails_at_the_verifier(journey: Journey) -> None:
    foreign, own = [await returned_code(journey, "twitter") for _ in range(2)]
    answer = await journey.call("POST", "connect/twitter", body={**own, "code": foreign["code"]})
    assert answer.status == 500
    assert await journey.accounts() == []


async def test_a_state_handed_in_twice_is_refused_the_second_time(journey: Journey) -> None:
    body = await returned_code(journey, "twitter")
    first, again = [await journey.call("POST", "connect/twitter", body=body) for _ in range(2)]
    assert (first.status, again.status, again.json["code"]) == (200, 400, "invalid_state")


async def test_a_call_repeated_with_its_idempotency_key_gets_the_first_answer(journey: Journey) -> None:
    body = await returned_code(journey, "twitter")
    key = {"idempotency-key": body["state"]}
    first, again = [await journey.call("POST", "connect/twitter", body=body, headers=key) for _ in range(2)]
    assert (first.status, again.status) == (200, 200)
    assert first.json == again.json


async def test_s08_a_callback_of_the_integrators_own_is_sent_to_the_platform_and_finished_by_the_server(
    own_server: OwnServer,
) -> None:
    own = "https://app.example.com/oauth/twitter?tenant=7"
    with own_server(MOORLINE_TWITTER_REDIRECT_URI=own) as server:
        async with Journey.through(seen_from_outside(server)) as journey:
            app = {"client_id": "sandbox-twitter", "client_secret": "sandbox-twitter-secret", "redirect_uris": [own]}
            await journey.control("POST", "apps", {"platform": "twitter", **app})
            started = await journey.start("twitter")
            assert query_of(started["authUrl"])["redirect_uri"] == own
            back = await journey.consent(started["authUrl"], browser=await journey.browser())
            assert back.startswith(f"{own}&")
            body = {name: query_of(back)[name] for name in ("code", "state")}
            answer = await journey.call("POST", "connect/twitter", body={**body, "profileId": journey.profile_id})
            assert answer.json["account"]["username"] == "northwindbakery"
