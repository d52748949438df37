"""`/v1/app-credentials`: a tenant's own apps, each with its callback, used instead of the instance's."""

import asyncio
from typing import Any

import pytest

from moorline.adapter.oauth import OAuthPlatform
from moorline.jobs import revoking
from moorline.owners import apps
from moorline.platforms import ALL
from tests.conftest import FrozenClock
from tests.harness import (
    APP_URL,
    TWITTER_TOKEN,
    World,
    failure,
    location,
    on_both_engines,
    query_of,
    settles,
    shares_a_world,
)
from tests.http.conftest import Lines

PATH = "/v1/app-credentials"
SECRET = "own-secret-9f3c1b"
OAUTH = sorted(adapter.name for adapter in ALL if isinstance(adapter, OAuthPlatform))


async def own_app(world: World, platform: str = "twitter", client_id: str = "own-client", **body: object) -> Any:
    """An app of the owner's, registered here and, with its callback, at the platform."""
    given = {"platform": platform, "clientId": client_id, "clientSecret": SECRET, **body}
    told = (await world.ok("POST", PATH, body=given))["appCredential"]
    await at_platform(world, told)
    return told


async def at_platform(world: World, told: Any, secret: str = SECRET) -> None:
    app = {"platform": told["platform"], "client_id": told["clientId"], "client_secret": secret}
    await world.control("POST", "apps", {**app, "redirect_uris": [told["redirectUri"]]})


async def apps_of_grants(world: World) -> list[str]:
    return [row["app_id"] for row in await world.service.db.all("SELECT app_id FROM grants ORDER BY app_id")]


async def connect(world: World, platform: str = "twitter", **decision: Any) -> str:
    """The id of the account that a flow of the owner ends with."""
    landed = query_of(await world.landing(platform, **decision))
    assert "accountId" in landed, landed
    return landed["accountId"]


@on_both_engines
async def test_an_app_is_told_with_its_callback_and_never_with_its_secret(world: World, lines: Lines) -> None:
    told = await own_app(world, scopes=["tweet.read", "tweet.write", "users.read", "media.write", "offline.access"])
    assert told["redirectUri"] == f"{world.base_url}/connect/twitter/callback/{told['id']}"
    assert (told["isActive"], told["accounts"]) == (True, 0)
    assert (await world.ok("GET", f"{PATH}/{told['id']}"))["appCredential"] == told
    assert (await world.ok("GET", PATH))["appCredentials"] == [told]
    for answer in (await world.call("GET", PATH), await world.call("GET", f"{PATH}/{told['id']}")):
        assert SECRET not in answer.text
    assert SECRET not in lines.text
    for row in await world.service.db.all("SELECT secret_sealed FROM app_credentials"):
        assert SECRET.encode() not in bytes(row["secret_sealed"])


@pytest.mark.parametrize("platform", OAUTH)
async def test_s04_every_platform_connects_through_the_tenants_own_app(world: World, platform: str) -> None:
    told = await own_app(world, platform)
    started = await world.start(platform)
    query = query_of(started["authUrl"])
    assert told["clientId"] in query.values()
    assert query["redirect_uri"] == told["redirectUri"]
    callback = await world.consent(started["authUrl"])
    assert callback.startswith(f"{told['redirectUri']}?")
    landed = query_of(location(await (await world.browser()).open(callback)))
    if "connected" not in landed:
        kept = await world.service.db.one("SELECT app_id FROM selections")
        assert kept is not None
        assert kept["app_id"] == told["clientId"]
    else:
        assert await apps_of_grants(world) == [told["clientId"]]
    theirs = await world.start(platform, tenant=world.other)
    assert f"sandbox-{platform}" in query_of(theirs["authUrl"]).values()


async def test_s04_a_code_is_taken_at_the_callback_of_its_own_app_only(world: World) -> None:
    instance = await world.consent((await world.start("twitter"))["authUrl"])
    told = await own_app(world)
    theirs = (
        await world.ok(
            "POST",
            PATH,
            key=world.other.api_key,
            body={"platform": "twitter", "clientId": "theirs", "clientSecret": SECRET},
        )
    )["appCredential"]
    own = await world.consent((await world.start("twitter"))["authUrl"])
    paths = [f"{world.base_url}/connect/twitter/callback", told["redirectUri"], theirs["redirectUri"]]
    before, browser = await world.count(), await world.browser()
    for callback, right in ((instance, paths[0]), (own, paths[1])):
        for path in {*paths, f"{paths[0]}/{'0' * 24}", f"{paths[0]}/x", f"{told['redirectUri']}x"} - {right}:
            seen = await browser.open(f"{path}?{callback.partition('?')[2]}")
            assert seen.status == 400, path
            assert "This page cannot be used" in seen.text
        misled = right.replace("/twitter/", "/reddit/")
        assert (await browser.open(f"{misled}?{callback.partition('?')[2]}")).status == 400
    assert await world.count() == before
    for callback in (instance, own):
        assert query_of(location(await browser.open(callback)))["connected"] == "twitter"
    assert await apps_of_grants(world) == ["own-client"], "the person's older consent makes way for the younger one"


async def test_a_code_that_the_tenants_server_received_is_finished_with_its_app(world: World) -> None:
    await own_app(world)
    query = query_of(await world.consent((await world.start("twitter"))["authUrl"]))
    body = {"code": query["code"], "state": query["state"], "profileId": world.owner.profile_id}
    assert (await world.ok("POST", "/v1/connect/twitter", body=body))["account"]["platform"] == "twitter"
    assert await apps_of_grants(world) == ["own-client"]


@on_both_engines
async def test_an_account_is_renewed_and_withdrawn_through_the_app_it_was_connected_by(
    world: World, frozen_clock: FrozenClock
) -> None:
    first = await own_app(world, client_id="first")
    account_id = await connect(world)
    await own_app(world, client_id="second")
    listed = sorted((await world.ok("GET", PATH))["appCredentials"], key=lambda one: str(one["clientId"]))
    assert [(one["clientId"], one["isActive"], one["accounts"]) for one in listed] == [
        ("first", False, 1),
        ("second", True, 0),
    ]
    frozen_clock.advance(2 * 3600)
    await world.control("POST", "clock", {"advance_s": 2 * 3600})
    await world.ok("GET", f"/v1/accounts/{account_id}/token")
    assert (await world.ok("GET", f"/v1/accounts/{account_id}/proxy/2/users/me"))["data"]
    refused = failure(await world.call("DELETE", f"{PATH}/{first['id']}"), 409, "app_in_use")
    assert refused["error"].startswith("1 account")
    await world.ok("DELETE", f"/v1/accounts/{account_id}")
    revoked = await world.calls("twitter", "POST /2/oauth2/revoke")
    assert [call["status"] for call in revoked] == [200, 200]
    await world.ok("DELETE", f"{PATH}/{first['id']}")
    failure(await world.call("GET", f"{PATH}/{first['id']}"), 404, "not_found")


async def test_a_wrong_secret_ends_no_account_and_a_new_one_mends_it(world: World, frozen_clock: FrozenClock) -> None:
    told = await own_app(world)
    account_id = await connect(world)
    await world.ok("PATCH", f"{PATH}/{told['id']}", body={"clientSecret": "stale"})
    frozen_clock.advance(2 * 3600)
    failure(await world.call("GET", f"/v1/accounts/{account_id}/token"), 500, "app_misconfigured")
    assert (await world.accounts())[0]["isActive"] is True
    await world.ok("PATCH", f"{PATH}/{told['id']}", body={"clientSecret": SECRET})
    before = len(await world.calls("twitter", TWITTER_TOKEN))
    await world.ok("GET", f"/v1/accounts/{account_id}/token")
    assert len(await world.calls("twitter", TWITTER_TOKEN)) == before + 1


async def test_one_taken_out_of_use_leaves_new_consents_to_the_instance(world: World) -> None:
    told = await own_app(world)
    await world.ok("PATCH", f"{PATH}/{told['id']}", body={"isActive": False})
    assert query_of((await world.start("twitter"))["authUrl"])["client_id"] == "sandbox-twitter"
    back = (await world.ok("PATCH", f"{PATH}/{told['id']}", body={"isActive": True}))["appCredential"]
    assert back["isActive"] is True
    assert query_of((await world.start("twitter"))["authUrl"])["client_id"] == "own-client"


async def test_a_platform_without_an_app_of_the_instance_connects_through_the_tenants(world: World) -> None:
    await world.restart(TWITTER_CLIENT_ID="", TWITTER_CLIENT_SECRET="")
    failure(await world.call("GET", "/v1/connect/twitter", query={"profileId": world.owner.profile_id}), 500)
    await own_app(world)
    assert await connect(world)
    assert await apps_of_grants(world) == ["own-client"]


async def test_scopes_of_the_app_are_asked_for_and_judged_by(world: World) -> None:
    scopes = ["tweet.read", "tweet.write", "users.read", "media.write", "offline.access", "like.read"]
    await own_app(world, scopes=scopes)
    started = await world.start("twitter")
    assert query_of(started["authUrl"])["scope"].split() == scopes
    account_id = query_of(location(await (await world.browser()).open(await world.consent(started["authUrl"]))))[
        "accountId"
    ]
    told = await world.ok("GET", f"/v1/accounts/{account_id}/health")
    asked = [one["scope"] for one in told["permissions"]["posting"]]
    assert set(asked) == set(scopes)


@on_both_engines
async def test_two_registered_at_once_leave_one_in_use(world: World) -> None:
    bodies = [{"platform": "twitter", "clientId": f"client-{number}", "clientSecret": SECRET} for number in range(6)]
    answers = await asyncio.gather(*(world.call("POST", PATH, body=body) for body in bodies))
    assert [answer.status for answer in answers] == [201] * 6
    listed = (await world.ok("GET", PATH))["appCredentials"]
    assert sum(one["isActive"] for one in listed) == 1
    assert len(listed) == 6


@on_both_engines
async def test_two_changes_at_once_both_hold(world: World) -> None:
    told = await own_app(world)
    scopes = ["tweet.read", "tweet.write", "users.read", "media.write", "offline.access", "like.read"]
    for _ in range(5):
        await world.ok("PATCH", f"{PATH}/{told['id']}", body={"scopes": [], "isActive": True})
        bodies: list[dict[str, Any]] = [{"scopes": scopes}, {"isActive": False}, {"clientSecret": "another"}]
        await asyncio.gather(*(world.ok("PATCH", f"{PATH}/{told['id']}", body=body) for body in bodies))
        now = (await world.ok("GET", f"{PATH}/{told['id']}"))["appCredential"]
        assert (now["scopes"], now["isActive"]) == (scopes, False)


async def test_the_same_client_id_is_there_once(world: World) -> None:
    await own_app(world)
    body = {"platform": "twitter", "clientId": "own-client", "clientSecret": "another"}
    failure(await world.call("POST", PATH, body=body), 409, "app_exists")


@shares_a_world
@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"platform": "bluesky"}, "platform"),
        ({"platform": "telegram"}, "platform"),
        ({"platform": "x" * 99}, "platform"),
        ({"clientId": ""}, "clientId"),
        ({"clientId": "sandbox-twitter"}, "clientId"),
        ({"clientId": "a\nb"}, "clientId"),
        ({"clientId": "ключ"}, "clientId"),
        ({"clientSecret": " "}, "clientSecret"),
        ({"clientSecret": "x" * 513}, "clientSecret"),
        ({"scopes": ["tweet.read"]}, "scopes"),
        ({"scopes": ['a"b']}, "scopes"),
        ({"scopes": [f"s{number}" for number in range(51)]}, "scopes"),
        ({"scopes": "tweet.read"}, "scopes"),
        ({"clientSecret": None}, "clientSecret"),
    ],
)
async def test_what_cannot_be_used_is_400_and_names_the_field(shared: World, body: dict[str, Any], field: str) -> None:
    given = {"platform": "twitter", "clientId": "own", "clientSecret": SECRET, **body}
    told = failure(await shared.call("POST", PATH, body=given), 400)
    assert field in told["details"]["fields"]
    assert (await shared.ok("GET", PATH))["appCredentials"] == []


async def test_only_the_owner_with_a_key_for_everything_may_manage_them(world: World) -> None:
    told = await own_app(world)
    limited = await world.new_key("limited", scope="profiles", profileIds=[world.owner.profile_id])
    reading = await world.new_key("reading", permission="read")
    body = {"platform": "reddit", "clientId": "own", "clientSecret": SECRET}
    for method, path, given in (
        ("GET", PATH, None),
        ("POST", PATH, body),
        ("GET", f"{PATH}/{told['id']}", None),
        ("PATCH", f"{PATH}/{told['id']}", {"isActive": False}),
        ("DELETE", f"{PATH}/{told['id']}", None),
    ):
        failure(await world.call(method, path, key=limited, body=given), 403, "forbidden")
    failure(await world.call("POST", PATH, key=reading, body=body), 403, "forbidden")
    assert len((await world.ok("GET", PATH, key=reading))["appCredentials"]) == 1


async def test_s32_a_secret_moved_to_another_row_is_not_opened(world: World) -> None:
    await own_app(world)
    await own_app(world, "reddit", "own-reddit")
    await world.service.db.run(
        "UPDATE app_credentials SET secret_sealed ="
        " (SELECT secret_sealed FROM app_credentials WHERE platform = 'twitter') WHERE platform = 'reddit'"
    )
    query = {"profileId": world.owner.profile_id}
    failure(await world.call("GET", "/v1/connect/reddit", query=query), 500, "app_misconfigured")


async def test_an_app_with_a_consent_on_its_way_is_kept(world: World) -> None:
    told = await own_app(world, "facebook", "own-facebook")
    fields = await world.selection()
    failure(await world.call("DELETE", f"{PATH}/{told['id']}"), 409, "app_in_use")
    assert (await world.select(fields, "100000000000101")).status == 200
    assert await apps_of_grants(world) == ["own-facebook"]


@on_both_engines
async def test_a_consent_whose_app_went_in_that_moment_saves_nothing(world: World) -> None:
    told = await own_app(world)
    callback = await world.consent((await world.start("twitter"))["authUrl"])
    await world.fault("twitter", "GET /2/users/me", delay_ms=1500)
    browser = await world.browser()
    finishing = asyncio.create_task(browser.open(callback))
    await settles(lambda: world.calls("twitter", TWITTER_TOKEN))
    await world.ok("DELETE", f"{PATH}/{told['id']}")
    assert query_of(location(await finishing))["error"] == "app_misconfigured"
    assert await world.accounts() == []
    assert await world.rows_with_tokens() == 0


async def test_s36_an_app_is_kept_until_its_consents_are_withdrawn(world: World, frozen_clock: FrozenClock) -> None:
    told = await own_app(world)
    account_id = await connect(world)
    await world.fault("twitter", "POST /2/oauth2/revoke", status=503, body={}, count=100)
    await world.ok("DELETE", f"/v1/accounts/{account_id}")
    failure(await world.call("DELETE", f"{PATH}/{told['id']}"), 409, "app_in_use")
    await world.control("DELETE", "faults")
    frozen_clock.advance(3600)
    assert await revoking.work(world.service) == 1
    revoked = await world.calls("twitter", "POST /2/oauth2/revoke")
    assert [call["status"] for call in revoked][-2:] == [200, 200]
    await world.ok("DELETE", f"{PATH}/{told['id']}")


async def test_s36_a_withdrawal_waits_for_the_right_secret(world: World, frozen_clock: FrozenClock) -> None:
    told = await own_app(world)
    account_id = await connect(world)
    await world.ok("PATCH", f"{PATH}/{told['id']}", body={"clientSecret": "stale"})
    await world.ok("DELETE", f"/v1/accounts/{account_id}")
    await world.ok("PATCH", f"{PATH}/{told['id']}", body={"clientSecret": SECRET})
    frozen_clock.advance(3600)
    assert await revoking.work(world.service) == 1
    revoked = await world.calls("twitter", "POST /2/oauth2/revoke")
    assert [call["status"] for call in revoked][-2:] == [200, 200]


async def test_an_account_is_reconnected_through_the_app_it_was_connected_by(world: World) -> None:
    account_id = await connect(world)
    await own_app(world)
    query = {"profileId": world.owner.profile_id, "reconnectAccountId": account_id, "redirect_url": APP_URL}
    started = await world.ok("GET", "/v1/connect/twitter", query=query)
    assert query_of(started["authUrl"])["client_id"] == "sandbox-twitter"
    landed = query_of(location(await (await world.browser()).open(await world.consent(started["authUrl"]))))
    assert landed.get("accountId") == account_id, landed
    assert query_of((await world.start("twitter"))["authUrl"])["client_id"] == "own-client"


async def test_connecting_anew_through_another_app_withdraws_the_older_consent(
    world: World, frozen_clock: FrozenClock
) -> None:
    account_id = await connect(world)
    await own_app(world)
    frozen_clock.advance(1)
    assert await connect(world) == account_id
    assert await revoking.work(world.service) == 1
    assert await apps_of_grants(world) == ["own-client"]


async def test_a_callback_whose_apps_secret_cannot_be_opened_is_told_so(world: World) -> None:
    await own_app(world)
    callback = await world.consent((await world.start("twitter"))["authUrl"])
    await world.service.db.run("UPDATE app_credentials SET secret_sealed = $1", b"\x01broken")
    seen = await (await world.browser()).open(callback)
    assert seen.status == 400
    assert "does not accept the app of" in seen.text


async def test_a_code_for_an_app_that_is_gone_is_no_use(world: World) -> None:
    told = await own_app(world)
    query = query_of(await world.consent((await world.start("twitter"))["authUrl"]))
    await world.ok("DELETE", f"{PATH}/{told['id']}")
    body = {"code": query["code"], "state": query["state"], "profileId": world.owner.profile_id}
    failure(await world.call("POST", "/v1/connect/twitter", body=body), 400, "invalid_state")


async def test_there_is_an_end_to_how_many_may_be_registered(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(apps, "MAX_CREDENTIALS", 2)
    for number in range(2):
        await own_app(world, client_id=f"client-{number}")
    body = {"platform": "twitter", "clientId": "one-more", "clientSecret": SECRET}
    failure(await world.call("POST", PATH, body=body), 409)
