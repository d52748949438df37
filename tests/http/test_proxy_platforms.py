"""The proxy, platform by platform: where calls go by default, what goes with them, what a dead token looks like."""

import json

import pytest

from moorline import platforms
from moorline.adapter.oauth import OAuthPlatform
from moorline.adapter.values import App
from tests.harness import OAUTH, World, failure
from tests.http.choice_cases import CASES, GOOGLE, PINTEREST, SNAPCHAT, Case, select

PAGE = "100000000000101"
CHOSEN = {case.platform: case for case in CASES}
READS = {
    "facebook": f"v25.0/{PAGE}?fields=id,name",
    "instagram": "v25.0/me?fields=user_id,username",
    "threads": "v1.0/me?fields=id,username",
    "linkedin": "v2/userinfo",
    "twitter": "2/users/me",
    "tiktok": "v2/user/info/?fields=open_id,display_name",
    "youtube": "youtube/v3/channels?part=snippet&mine=true",
    "reddit": "api/v1/me",
    "pinterest": "v5/boards?page_size=2",
    "googlebusiness": f"v1/locations/{GOOGLE.first[0]}?readMask=name,title",
    "snapchat": f"v1/public_profiles/{SNAPCHAT.first[0]}",
}


async def connected(world: World, platform: str) -> str:
    """The path of the proxy for an account of the platform."""
    if platform == "bluesky":
        state = f"{world.owner.user_id}-{world.owner.profile_id}"
        body = {"identifier": "demo.bsky.social", "appPassword": "demo-demo-demo-demo", "state": state}
        await world.ok("POST", "/v1/connect/bluesky/credentials", body=body)
    elif platform == "facebook":
        await world.select(await world.selection(), PAGE)
    elif platform in CHOSEN:
        case: Case = CHOSEN[platform]
        answer = await select(world, case, await world.selection(platform), case.first[0])
        assert answer.status == 200, answer.text
    else:
        await world.landing(platform, person="none" if platform == "linkedin" else "plenty")
    (account,) = await world.accounts()
    return f"/v1/accounts/{account['_id']}/proxy"


def test_every_platform_with_a_consent_has_a_read_here() -> None:
    assert set(READS) == set(OAUTH)


@pytest.mark.parametrize("platform", READS)
async def test_a_call_reaches_the_platform_with_the_accounts_token(world: World, platform: str) -> None:
    proxy = await connected(world, platform)
    answer = await world.call("GET", f"{proxy}/{READS[platform]}")
    assert answer.status == 200, answer.text
    assert answer.headers["x-platform-status"] == "200"
    assert isinstance(answer.json, dict)
    issued = {one["value"] for one in await world.control("GET", "issued")}
    assert [value for value in issued if value in answer.text + str(answer.headers)] == []


@pytest.mark.parametrize("platform", READS)
async def test_the_usual_host_of_a_platform_may_also_be_named(world: World, platform: str) -> None:
    adapter = platforms.by_name()[platform]
    assert isinstance(adapter, OAuthPlatform)
    host = adapter.versioned(adapter.api_hosts[0], App(client_id="x", client_secret="y"))
    assert host in world.sandbox.hosts()
    proxy = await connected(world, platform)
    assert (await world.call("GET", f"{proxy}/{host}/{READS[platform]}")).status == 200


async def test_a_thing_is_made_at_the_platform_through_the_proxy(world: World) -> None:
    proxy = await connected(world, "pinterest")
    made = await world.call("POST", f"{proxy}/v5/boards", body={"name": "Made through the proxy"})
    assert made.status == 201, made.text
    found, bookmark = set(), ""
    while bookmark is not None:
        page = await world.ok("GET", f"{proxy}/v5/boards?page_size=250&bookmark={bookmark}")
        found |= {board["id"] for board in page["items"]}
        bookmark = page["bookmark"]
    assert {made.json["id"], PINTEREST.first[0]} <= found


async def test_a_page_is_called_with_its_own_token_and_the_proof_of_the_secret(world: World) -> None:
    proxy = await connected(world, "facebook")
    assert (await world.call("GET", f"{proxy}/v25.0/me?fields=id&appsecret_proof=wrong")).json["id"] == PAGE
    called = (await world.calls("facebook", "GET /{version}/me"))[-1]["query"]
    assert set(called) == {"fields", "appsecret_proof"}


async def test_linkedins_version_is_put_in_unless_the_caller_names_one(world: World) -> None:
    proxy = await connected(world, "linkedin")
    for given, wanted in (({}, "202609"), ({"LinkedIn-Version": "202608"}, "202608")):
        await world.call("GET", f"{proxy}/v2/userinfo", headers=given)
        last = (await world.calls("linkedin", "GET /v2/userinfo"))[-1]["headers"]
        assert (last["linkedin-version"], last["x-restli-protocol-version"]) == (wanted, "2.0.0")


async def test_reddit_sees_the_name_of_the_app_and_not_that_of_the_callers_library(world: World) -> None:
    proxy = await connected(world, "reddit")
    assert (await world.call("GET", f"{proxy}/api/v1/me", headers={"User-Agent": "python-requests/2"})).status == 200
    last = (await world.calls("reddit", "GET /api/v1/me"))[-1]["headers"]
    assert last["user-agent"].startswith("web:moorline.sandbox-reddit:")


async def test_a_person_who_left_without_a_way_to_renew_is_told_at_once(world: World) -> None:
    proxy = await connected(world, "linkedin")
    await world.control("POST", "revoke", {"platform": "linkedin", "person": "none"})
    failure(await world.call("GET", f"{proxy}/v2/userinfo"), 500, "token_revoked")
    (account,) = await world.accounts()
    assert account["isActive"] is False


@pytest.mark.parametrize("status", [400, 401])
async def test_what_a_page_is_told_about_its_token_is_passed_on(world: World, status: int) -> None:
    proxy = await connected(world, "facebook")
    body = {"error": {"message": "Error validating access token", "type": "OAuthException", "code": 190}}
    await world.fault("facebook", "GET /{version}/me", status=status, body=body)
    answer = await world.call("GET", f"{proxy}/v25.0/me")
    assert (answer.status, answer.json) == (status, body)
    (account,) = await world.accounts()
    assert account["isActive"] is True


async def test_bluesky_is_called_at_the_accounts_own_server_and_a_session_that_ended_is_renewed(world: World) -> None:
    proxy = await connected(world, "bluesky")
    path = "xrpc/com.atproto.server.getSession"
    await world.fault("bluesky", f"GET /{path}", status=400, body={"error": "ExpiredToken", "message": "x"})
    answer = await world.call("GET", f"{proxy}/{path}")
    assert (answer.status, answer.json["handle"]) == (200, "demo.bsky.social")
    assert len(await world.calls("bluesky", "POST /xrpc/com.atproto.server.refreshSession")) == 1
    failure(await world.call("GET", f"{proxy}/bsky.social.evil.example/{path}"), 400, "host_not_allowed")


@pytest.mark.parametrize("name", ["refreshSession", "createSession", "createAppPassword", "getServiceAuth"])
async def test_bluesky_makes_no_session_or_password_through_the_proxy(world: World, name: str) -> None:
    proxy = await connected(world, "bluesky")
    for method in ("GET", "POST"):
        told = await world.call(method, f"{proxy}/xrpc/com.atproto.server.{name}")
        failure(told, 400, "path_not_allowed")


async def test_telegram_has_no_token_to_call_with(world: World) -> None:
    body = {"chatId": "@mychannel", "profileId": world.owner.profile_id}
    account = (await world.ok("POST", "/v1/connect/telegram", body=body))["account"]["_id"]
    failure(await world.call("GET", f"/v1/accounts/{account}/proxy/getMe"), 400, "no_token")


async def test_an_account_of_another_app_is_told_so_before_anything_is_sent(world: World) -> None:
    proxy = await connected(world, "twitter")
    await world.restart(TWITTER_CLIENT_ID="another-app", TWITTER_CLIENT_SECRET="s")
    before = await world.count()
    failure(await world.call("GET", f"{proxy}/2/users/me"), 500, "app_misconfigured")
    assert await world.count() == before


async def test_another_version_of_a_host_is_what_the_operator_set(world: World) -> None:
    proxy = await connected(world, "pinterest")
    await world.restart(PINTEREST_API_VERSION="api-sandbox")
    told = failure(await world.call("GET", f"{proxy}/api.pinterest.com/v5/boards"), 400, "host_not_allowed")
    assert json.dumps(told).count("api-sandbox.pinterest.com") == 2
