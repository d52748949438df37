"""`GET /v1/connect/{platform}`: parameters in every spelling clients use, and what is refused at the start."""

import re

import pytest

from tests.harness import (
    APP_URL,
    UNKNOWN_ID,
    World,
    failure,
    location,
    on_both_engines,
    query_of,
    shares_a_world,
)
from tests.http.conftest import Serve

OAUTH = ["twitter", "facebook"]


@on_both_engines
async def test_the_answer_has_the_published_shape_and_nothing_went_out(world: World) -> None:
    for platform in OAUTH:
        told = await world.start(platform)
        assert {"authUrl", "state"} <= set(told)
        assert query_of(told["authUrl"])["state"] == told["state"]
    assert await world.count() == 0


@shares_a_world
@pytest.mark.parametrize("platform", ["twitter", "facebook", "bluesky", "telegram"])
async def test_every_platform_answers_an_address_and_a_state(shared: World, platform: str) -> None:
    told = await shared.ok("GET", f"/v1/connect/{platform}", query={"profileId": shared.owner.profile_id})
    assert told["authUrl"].startswith("http://127.0.0.1:")
    assert told["state"] in told["authUrl"]
    page = await (await shared.browser()).open(told["authUrl"])
    assert page.status == 200


@pytest.mark.parametrize("name", ["redirect_url", "redirectUrl"])
async def test_the_address_may_have_either_spelling(world: World, name: str) -> None:
    query = {"profileId": world.owner.profile_id, name: APP_URL}
    for platform in OAUTH:
        started = await world.ok("GET", f"/v1/connect/{platform}", query=query)
        callback = await world.consent(started["authUrl"], button="deny")
        assert location(await (await world.browser()).open(callback)).startswith(f"{APP_URL}?error=oauth_denied")


async def test_the_published_spelling_wins_and_an_empty_one_counts_as_none(world: World) -> None:
    query = {"profileId": world.owner.profile_id, "redirect_url": APP_URL, "redirectUrl": "https://other.example/"}
    started = await world.ok("GET", "/v1/connect/twitter", query=query)
    landed = location(await (await world.browser()).open(await world.consent(started["authUrl"])))
    assert landed.startswith(APP_URL)
    query = {"profileId": world.owner.profile_id, "redirect_url": ""}
    started = await world.ok("GET", "/v1/connect/twitter", query=query)
    landed = location(await (await world.browser()).open(await world.consent(started["authUrl"])))
    assert landed.startswith(f"{world.base_url}/connect/outcome?")


@shares_a_world
@pytest.mark.parametrize("value", ["true", "True", "1", "false", "0", "", "no"])
async def test_headless_is_taken_in_every_spelling(shared: World, value: str) -> None:
    query = {"profileId": shared.owner.profile_id, "redirect_url": APP_URL, "headless": value}
    started = await shared.ok("GET", "/v1/connect/facebook", query=query)
    landed = location(await (await shared.browser()).open(await shared.consent(started["authUrl"])))
    is_headless = value.lower() in {"true", "1"}
    assert landed.startswith(APP_URL if is_headless else f"{shared.base_url}/connect/facebook/select-page?")
    fields = query_of(landed)
    assert {"profileId", "tempToken", "userProfile", "connect_token", "platform", "step"} <= set(fields)
    assert (fields["platform"], fields["step"]) == ("facebook", "select_page")


async def test_headless_changes_nothing_where_there_is_no_choice(world: World) -> None:
    assert query_of(await world.landing("twitter", headless=True))["connected"] == "twitter"


@shares_a_world
async def test_a_value_of_headless_that_says_nothing_is_400(shared: World) -> None:
    query = {"profileId": shared.owner.profile_id, "headless": "maybe"}
    told = failure(await shared.call("GET", "/v1/connect/facebook", query=query), 400, "invalid_request")
    assert told["details"]["fields"] == {"headless": "true or false"}


@shares_a_world
async def test_parameters_of_later_versions_are_ignored(shared: World) -> None:
    query = {
        "profileId": shared.owner.profile_id, "headless": "false", "forceReauth": "false", "handoff": "false",
        "loginMethod": "facebook", "order": "asc", "foo[]": "1", "\u00fc": "\u00fc",
    }  # fmt: skip
    for platform in ("facebook", "twitter", "bluesky", "telegram"):
        await shared.ok("GET", f"/v1/connect/{platform}", query=query)


@shares_a_world
@pytest.mark.parametrize("platform", ["facebook", "twitter", "bluesky", "telegram"])
async def test_a_profile_that_is_missing_malformed_or_unknown_is_400_or_404(shared: World, platform: str) -> None:
    path = f"/v1/connect/{platform}"
    told = failure(await shared.call("GET", path), 400, "invalid_request")
    assert "profileId" in told["details"]["fields"]
    for malformed in ("", "x", UNKNOWN_ID.upper(), UNKNOWN_ID + "0"):
        told = failure(await shared.call("GET", path, query={"profileId": malformed}), 400, "invalid_request")
        assert "profileId" in told["details"]["fields"]
    failure(await shared.call("GET", path, query={"profileId": UNKNOWN_ID}), 404, "not_found")
    failure(await shared.call("GET", path, query={"profileId": shared.other.profile_id}), 404, "not_found")


@shares_a_world
@pytest.mark.parametrize("platform", ["myspace", "Twitter", "x", "%00", "linked in", "n" * 300])
async def test_an_unknown_platform_is_400_and_the_known_ones_are_named(shared: World, platform: str) -> None:
    path = f"/v1/connect/{platform.replace(' ', '%20')}"
    query = {"profileId": shared.owner.profile_id}
    told = failure(await shared.call("GET", path, query=query), 400, "unsupported_platform")
    assert "twitter" in told["details"]["fields"]["platform"]
    body = {"code": "c", "state": "s", "profileId": shared.owner.profile_id}
    failure(await shared.call("POST", path, body=body), 400, "unsupported_platform")


@shares_a_world
async def test_completing_what_has_no_code_is_400(shared: World) -> None:
    body = {"code": "c", "state": "s", "profileId": shared.owner.profile_id}
    failure(await shared.call("POST", "/v1/connect/bluesky", body=body), 400)


@shares_a_world
@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)", "data:text/html,x", "//evil.example", "/relative", "relative", "http://app.example.com/",
        "https://user@evil.example/", "https:\\\\evil.example", "https://a.example/\r\nSet-Cookie:x", "https://",
        "file:///etc/passwd", "https://a.example/ space", "https://\u00fc.example/", "vbscript:x", "about:blank",
    ],
)  # fmt: skip
async def test_s20_an_address_no_browser_may_be_sent_to_is_refused_at_the_start(shared: World, url: str) -> None:
    for platform in ("facebook", "twitter", "bluesky", "telegram"):
        for name in ("redirect_url", "redirectUrl"):
            query = {"profileId": shared.owner.profile_id, name: url}
            told = failure(await shared.call("GET", f"/v1/connect/{platform}", query=query), 400)
            assert told["code"] == "invalid_redirect_url"
            assert "redirect_url" in told["details"]["fields"]


@pytest.mark.parametrize(
    ("url", "before", "after"),
    [
        ("https://a.example/x?a=1&b=%20#top", "https://a.example/x?a=1&b=%20&connected=", "#top"),
        ("http://localhost:3000", "http://localhost:3000?connected=", ""),
        ("myapp://done/here", "myapp://done/here?connected=", ""),
    ],
)
async def test_s21_the_last_address_is_the_one_of_the_start_and_our_parameters(
    world: World, url: str, before: str, after: str
) -> None:
    landed = await world.landing("twitter", url)
    assert landed.startswith(before)
    assert landed.endswith(after)


async def test_a_platform_without_credentials_is_not_configured(serve: Serve) -> None:
    world = await serve(TWITTER_CLIENT_ID="", TWITTER_CLIENT_SECRET="")
    query = {"profileId": world.owner.profile_id}
    told = failure(await world.call("GET", "/v1/connect/twitter", query=query), 500, "not_configured")
    assert "MOORLINE_TWITTER_CLIENT_ID" in told["error"]
    body = {"code": "c", "state": "s", "profileId": world.owner.profile_id}
    failure(await world.call("POST", "/v1/connect/twitter", body=body), 500, "not_configured")


async def test_s01_states_are_random_and_hold_nothing_readable(world: World) -> None:
    states = [(await world.start("twitter"))["state"] for _ in range(50)]
    assert len({state[:8] for state in states}) == 50
    for state in states:
        assert re.fullmatch(r"[A-Za-z0-9_-]{43}", state)
        assert world.owner.profile_id not in state
    rows = await world.service.db.all("SELECT state_hash FROM attempts")
    assert not any(state.encode() in bytes(row["state_hash"]) for row in rows for state in states)


@shares_a_world
@pytest.mark.parametrize("missing", ["code", "state", "profileId"])
async def test_completing_without_a_field_is_400_and_names_it(shared: World, missing: str) -> None:
    body = {"code": "c", "state": "s", "profileId": shared.owner.profile_id}
    wrong: list[object] = [None, 7, []]
    for value in wrong:
        told = failure(await shared.call("POST", "/v1/connect/twitter", body={**body, missing: value}), 400)
        assert missing in told["details"]["fields"]
    del body[missing]
    told = failure(await shared.call("POST", "/v1/connect/twitter", body=body), 400, "invalid_request")
    assert told["details"]["fields"] == {missing: "required"}
