"""S06, S07, S08, S11: what the token request carries, whose code and state it takes, and who the account then is."""

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from moorline.adapter.oauth import s256
from tests.harness import (
    APP_URL,
    FACEBOOK_TOKEN,
    TWITTER_TOKEN,
    UNKNOWN_ID,
    World,
    failure,
    location,
    query_of,
)
from tests.http.conftest import Lines

SPOOFED = {
    "host": "evil.example",
    "x-forwarded-host": "evil.example",
    "x-forwarded-proto": "https",
    "x-forwarded-for": "192.0.2.1",
    "forwarded": "host=evil.example;proto=https",
}


def sent_form(world: World, platform: str, endpoint: str) -> Mapping[str, str]:
    """The last form an endpoint of the sandbox got, with its secrets."""
    return world.sandbox._calls._last[platform, endpoint][-1].call.form()


def stored_bytes(folder: Path) -> bytes:
    """Everything the database has written, its log too."""
    return b"".join(path.read_bytes() for path in folder.glob("moorline.sqlite3*"))


async def complete(world: World, platform: str, callback: str, *, key: str = "", **changes: object) -> tuple[int, str]:
    query = query_of(callback)
    body = {"code": query["code"], "state": query["state"], "profileId": world.owner.profile_id, **changes}
    answer = await world.call("POST", f"/v1/connect/{platform}", key=key, body=body)
    if answer.status >= 400:
        failure(answer, answer.status)
    return answer.status, answer.json.get("code", "")


async def test_s06_the_verifier_is_nowhere_but_in_the_token_request(world: World, lines: Lines, tmp_path: Path) -> None:
    started = await world.start("twitter")
    callback = await world.consent(started["authUrl"])
    kept = stored_bytes(tmp_path)
    landed = location(await (await world.browser()).open(callback))
    verifier = sent_form(world, "twitter", TWITTER_TOKEN)["code_verifier"]
    assert 43 <= len(verifier) <= 128
    query = query_of(started["authUrl"])
    assert (query["code_challenge_method"], query["code_challenge"]) == ("S256", s256(verifier))
    kept += stored_bytes(tmp_path)
    assert verifier.encode() not in kept
    assert verifier not in json.dumps(started) + callback + landed + lines.text


async def test_s06_the_sealed_verifier_is_wiped_with_the_outcome(world: World) -> None:
    await world.landing("twitter")
    rows = await world.service.db.all("SELECT verifier_sealed FROM attempts")
    assert [row["verifier_sealed"] for row in rows] == [None]


async def test_s07_the_code_of_another_flow_fails_at_the_verifier(world: World) -> None:
    victims = query_of(await world.consent((await world.start("twitter", tenant=world.other))["authUrl"]))
    own = query_of(await world.consent((await world.start("twitter"))["authUrl"]))
    callback = f"{world.base_url}/connect/twitter/callback?state={own['state']}&code={victims['code']}"
    assert query_of(location(await (await world.browser()).open(callback)))["error"] == "token_exchange_failed"
    assert await world.accounts() == []


@pytest.mark.parametrize("platform", ["twitter", "facebook"])
async def test_s07_a_server_completes_the_state_of_its_own_key(world: World, platform: str) -> None:
    callback = await world.consent((await world.start(platform, headless=True))["authUrl"])
    assert await complete(world, platform, callback) == (200, "")
    assert await complete(world, platform, callback) == (400, "invalid_state")


async def test_s07_a_state_of_another_profile_of_the_same_tenant_is_refused(world: World) -> None:
    second = await world.new_profile("Second")
    callback = await world.consent((await world.start("twitter"))["authUrl"])
    assert await complete(world, "twitter", callback, profileId=second) == (400, "invalid_state")
    assert await world.calls("twitter", TWITTER_TOKEN) == []
    assert await complete(world, "twitter", callback) == (200, "")


async def test_s07_a_state_of_another_platform_or_tenant_is_refused_before_any_call(world: World) -> None:
    callback = await world.consent((await world.start("twitter"))["authUrl"])
    before = await world.count()
    assert await complete(world, "facebook", callback) == (400, "invalid_state")
    status, _ = await complete(world, "twitter", callback, key=world.other.api_key)
    assert status in {400, 403}
    foreign = {"key": world.other.api_key, "profileId": world.other.profile_id}
    assert await complete(world, "twitter", callback, **foreign) == (400, "invalid_state")
    assert await world.count() == before


async def test_completing_for_a_profile_that_is_not_there_leaves_the_state_usable(world: World) -> None:
    callback = await world.consent((await world.start("twitter"))["authUrl"])
    # No 404 is published for this operation, a 403 is.
    assert await complete(world, "twitter", callback, profileId=UNKNOWN_ID) == (403, "forbidden")
    assert await complete(world, "twitter", callback, profileId=world.other.profile_id) == (403, "forbidden")
    assert await complete(world, "twitter", callback) == (200, "")


async def test_a_code_the_platform_refuses_is_answered_as_its_failure_and_uses_the_state_up(world: World) -> None:
    callback = await world.consent((await world.start("twitter"))["authUrl"])
    assert (await complete(world, "twitter", callback, code="made-up"))[0] == 500
    assert await complete(world, "twitter", callback) == (400, "invalid_state")


@pytest.mark.parametrize(("platform", "endpoint"), [("twitter", TWITTER_TOKEN), ("facebook", FACEBOOK_TOKEN)])
async def test_s08_the_redirect_uri_is_the_same_in_both_requests_whatever_the_headers_say(
    world: World, platform: str, endpoint: str
) -> None:
    query = {"profileId": world.owner.profile_id, "redirect_url": APP_URL}
    started = await world.ok("GET", f"/v1/connect/{platform}", query=query, headers=SPOOFED)
    asked = query_of(started["authUrl"])["redirect_uri"]
    assert asked == f"{world.base_url}/connect/{platform}/callback"
    callback = await world.consent(started["authUrl"])
    answer = await world.call("GET", callback.removeprefix(world.base_url), key=None, headers=SPOOFED)
    assert answer.status == 303
    assert "evil" not in answer.headers["location"]
    forms = [noted.call.form() for noted in world.sandbox._calls._last[platform, endpoint]]
    assert [form["redirect_uri"] for form in forms if "code" in form] == [asked]


async def test_s08_the_redirect_uri_of_the_start_is_sent_even_when_the_setting_changed_since(world: World) -> None:
    callback = await world.consent((await world.start("twitter"))["authUrl"])
    await world.restart(TWITTER_REDIRECT_URI="https://app.example.com/elsewhere")
    assert query_of(location(await (await world.browser()).open(callback)))["connected"] == "twitter"
    sent = sent_form(world, "twitter", TWITTER_TOKEN)
    assert sent["redirect_uri"] == f"{world.base_url}/connect/twitter/callback"


async def test_s11_who_the_account_is_comes_from_the_platform_and_not_from_the_body(world: World) -> None:
    fields = await world.selection()
    lie = {"id": "1", "name": "Somebody Else", "username": "evil", "accessToken": "EAABlie", "displayName": "Evil"}
    claims: list[object] = [lie, json.dumps(lie), "not json", None, [], 7]
    for told in claims:
        answer = await world.select(fields, "100000000000101", userProfile=told, username="evil", accountId=UNKNOWN_ID)
        assert answer.status == 200, answer.text
        assert answer.json["account"]["username"] == "northwindbakery"
        assert answer.json["account"]["displayName"] == "Northwind Bakery"
    listed = await world.accounts()
    assert [account["username"] for account in listed] == ["northwindbakery"]
    grants = await world.service.db.all("SELECT username, platform_user_id FROM grants")
    assert [row["username"] for row in grants] == ["Ana Lima"]


async def test_s11_the_account_is_kept_by_the_platforms_id_and_not_by_the_name(world: World) -> None:
    await world.landing("twitter")
    first = (await world.accounts())[0]
    renamed = {"data": {"id": "1790000000000000101", "username": "newname", "name": "New Name"}}
    await world.fault("twitter", "GET /2/users/me", status=200, body=renamed)
    await world.landing("twitter")
    again = await world.accounts()
    assert [(account["_id"], account["username"]) for account in again] == [(first["_id"], "newname")]
