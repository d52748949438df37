"""Two platforms, one Google: whose call it is, and what they know of each other. Facts: youtube.md section 9."""

from dataclasses import replace
from typing import Any

from tests.sandbox.conftest import Sandbox
from tests.sandbox.google_calls import APIS, AUTH, OAUTH, api_error, register, revoke
from tests.sandbox.oauth_platforms import GOOGLEBUSINESS, YOUTUBE
from tests.sandbox.refusals import basic

MANAGEMENT = "mybusinessaccountmanagement.googleapis.com"
ONE_CHANNEL = replace(YOUTUBE, client_id="one-project", client_secret=YOUTUBE.client[1])
ONE_BUSINESS = replace(GOOGLEBUSINESS, client_id="one-project", client_secret=YOUTUBE.client[1])


async def counts(sandbox: Sandbox, platform: str) -> dict[str, int]:
    told = (await sandbox.control("GET", f"calls?platform={platform}")).json["endpoints"]
    return {entry["endpoint"]: entry["count"] for entry in told}


async def one_project(sandbox: Sandbox) -> tuple[dict[str, Any], dict[str, Any]]:
    """The same client id at both platforms, and the tokens of one person from each."""
    await register(sandbox, replace(YOUTUBE, client_secret=YOUTUBE.client[1]), client_id="one-project")
    await register(sandbox, replace(GOOGLEBUSINESS, client_secret=YOUTUBE.client[1]), client_id="one-project")
    return await ONE_CHANNEL.tokens(sandbox), await ONE_BUSINESS.tokens(sandbox)


async def business(sandbox: Sandbox, token: str) -> int:
    return (await sandbox.send("GET", MANAGEMENT, "/v1/accounts", token=token)).status


async def channel(sandbox: Sandbox, token: str) -> int:
    query = {"part": "id", "mine": "true"}
    return (await sandbox.send("GET", APIS, "/youtube/v3/channels", token=token, params=query)).status


def test_a_shared_host_is_listed_once(served: tuple[str, tuple[str, ...]]) -> None:
    _, hosts = served
    assert len(hosts) == len(set(hosts))
    assert {"accounts.google.com", "oauth2.googleapis.com", "www.googleapis.com"} <= set(hosts)


async def test_calls_are_counted_for_the_platform_whose_client_makes_them(sandbox: Sandbox) -> None:
    tokens = await YOUTUBE.tokens(sandbox)
    await YOUTUBE.refreshed(sandbox, tokens["refresh_token"])
    await sandbox.send("GET", APIS, "/oauth2/v3/userinfo", token=tokens["access_token"])
    await revoke(sandbox, tokens["refresh_token"])
    assert await counts(sandbox, "youtube") == {
        "POST /o/oauth2/v2/auth": 1,
        "POST /token": 2,
        "GET /oauth2/v3/userinfo": 1,
        "POST /revoke": 1,
    }
    assert await counts(sandbox, "googlebusiness") == {}


async def test_a_client_is_known_by_its_basic_header_as_well(sandbox: Sandbox) -> None:
    sent = {"grant_type": "refresh_token", "refresh_token": "never-issued"}
    headers = {"Authorization": basic(*YOUTUBE.client)}
    await sandbox.send("POST", OAUTH, "/token", data=sent, headers=headers)
    await sandbox.send("POST", OAUTH, "/token", data=sent, headers={"Authorization": "Basic !!!"})
    assert (await counts(sandbox, "youtube"), await counts(sandbox, "googlebusiness")) == (
        {"POST /token": 1},
        {"POST /token": 1},
    )


async def test_a_fault_hits_one_platform_only(sandbox: Sandbox) -> None:
    code = await GOOGLEBUSINESS.code(sandbox)
    fault = {"platform": "youtube", "endpoint": "POST /token", "status": 503, "count": 9}
    assert (await sandbox.control("POST", "faults", fault)).status == 200
    assert (await GOOGLEBUSINESS.redeem(sandbox, code)).status == 200
    assert (await YOUTUBE.redeem(sandbox, await YOUTUBE.code(sandbox))).status == 503


async def test_a_live_token_without_the_scope_is_forbidden_at_the_other_platform(sandbox: Sandbox) -> None:
    token = (await YOUTUBE.tokens(sandbox))["access_token"]
    got = await sandbox.send("GET", MANAGEMENT, "/v1/accounts", token=token)
    assert api_error(got) == (403, "ACCESS_TOKEN_SCOPE_INSUFFICIENT")


async def test_with_one_client_id_the_scopes_tell_the_platforms_apart(sandbox: Sandbox) -> None:
    of_channel, of_business = await one_project(sandbox)
    assert (
        await channel(sandbox, of_channel["access_token"]),
        await business(sandbox, of_business["access_token"]),
    ) == (
        200,
        200,
    )
    for platform in ("youtube", "googlebusiness"):
        told = await counts(sandbox, platform)
        assert (told["POST /o/oauth2/v2/auth"], told["POST /token"]) == (1, 1)


async def test_revoking_at_one_platform_ends_the_other_of_the_same_project(sandbox: Sandbox) -> None:
    of_channel, of_business = await one_project(sandbox)
    elsewhere = await GOOGLEBUSINESS.tokens(sandbox)
    await revoke(sandbox, of_business["refresh_token"])
    assert await channel(sandbox, of_channel["access_token"]) == 401
    assert (await ONE_CHANNEL.refreshed(sandbox, of_channel["refresh_token"])).status == 400
    assert await business(sandbox, elsewhere["access_token"]) == 200


async def test_granted_scopes_of_the_other_platform_can_be_included(sandbox: Sandbox) -> None:
    await one_project(sandbox)
    merged = await ONE_CHANNEL.tokens(sandbox, changes={"include_granted_scopes": "true"})
    assert f"{AUTH}business.manage" in merged["scope"].split()
    assert await business(sandbox, merged["access_token"]) == 200


async def test_removing_the_apps_of_one_platform_spares_those_of_the_other(sandbox: Sandbox) -> None:
    of_channel = (await YOUTUBE.tokens(sandbox))["access_token"]
    of_business = (await GOOGLEBUSINESS.tokens(sandbox))["access_token"]
    await sandbox.control("POST", "revoke", {"platform": "youtube", "person": "plenty"})
    assert (await channel(sandbox, of_channel), await business(sandbox, of_business)) == (401, 200)


async def test_a_reset_forgets_what_the_platforms_share(sandbox: Sandbox) -> None:
    tokens = await YOUTUBE.tokens(sandbox)
    await sandbox.reset()
    assert (await YOUTUBE.refreshed(sandbox, tokens["refresh_token"])).status == 400
    assert await channel(sandbox, tokens["access_token"]) == 401
