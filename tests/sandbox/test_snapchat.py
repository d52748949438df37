"""Snapchat as its sheet tells it, in both readings where it tells two. Facts: snapchat.md, by section."""

from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.sandbox.conftest import Got, Sandbox
from tests.sandbox.oauth_platforms import SNAPCHAT
from tests.sandbox.refusals import basic, callback_of

SITE, BUSINESS, ADS = "accounts.snapchat.com", "businessapi.snapchat.com", "adsapi.snapchat.com"
MY_PROFILE = "/v1/public_profiles/my_profile"
BAKERY_ORG = "9f1c0000-0000-4000-8000-000000000101"
MARKET_ORG = "9f1c0000-0000-4000-8000-000000000102"
BAKERY, CAFE = "abc10000-0000-4000-8000-000000000101", "abc10000-0000-4000-8000-000000000102"


async def token_of(sandbox: Sandbox, person: str = "plenty", **consent: Any) -> str:
    token: str = (await SNAPCHAT.tokens(sandbox, person=person, **consent))["access_token"]
    return token


async def business(sandbox: Sandbox, path: str, token: str | None, **query: str) -> Got:
    return await sandbox.send("GET", BUSINESS, path, token=token, params=query)


async def pages(sandbox: Sandbox, token: str, organization: str, **query: str) -> list[list[dict[str, Any]]]:
    """The pages of an organization's profiles, followed by `next_link` as Snap gives it."""
    got = await business(sandbox, f"/v1/organizations/{organization}/public_profiles", token, **query)
    found = [got.json["public_profiles"]]
    while following := got.json.get("paging", {}).get("next_link"):
        parts = urlsplit(following)
        assert (parts.scheme, parts.netloc) == ("https", BUSINESS)
        got = await sandbox.send("GET", parts.netloc, f"{parts.path}?{parts.query}", token=token)
        found.append(got.json["public_profiles"])
    return found


async def switch(sandbox: Sandbox, *names: str) -> None:
    assert (await sandbox.control("POST", "snapchat/settings", dict.fromkeys(names, True))).status == 200


async def register(sandbox: Sandbox, flag: str) -> None:
    app = {"platform": "snapchat", "client_id": SNAPCHAT.client[0], "client_secret": SNAPCHAT.client[1]}
    sent = {**app, "redirect_uris": [SNAPCHAT.callback(sandbox)], "flags": [flag]}
    assert (await sandbox.control("POST", "apps", sent)).status == 201


def error(got: Got) -> tuple[int, str]:
    assert got.json["request_status"] == "ERROR"
    assert set(got.json) == {"request_id", "request_status", "debug_message", "display_message", "error_code"}
    return got.status, got.json["error_code"]


# --- authorization ----------------------------------------------------------------------------------------------------


async def test_the_state_is_optional_for_snap(sandbox: Sandbox) -> None:
    assert set(callback_of(await SNAPCHAT.decide(sandbox, changes={"state": None}))) == {"code"}
    assert "state" not in callback_of(await SNAPCHAT.decide(sandbox, decision="deny", changes={"state": None}))


async def test_an_app_of_the_developer_portal_is_unknown_to_the_business_login(sandbox: Sandbox) -> None:
    await register(sandbox, "developer_portal")
    got = await SNAPCHAT.open_page(sandbox)
    assert (got.status, "Location" in got.headers) == (400, False)
    assert "client unknown: an app of the Developer Portal" in got.text


async def test_the_login_kit_is_another_family(sandbox: Sandbox) -> None:
    got = await sandbox.send("GET", SITE, "/accounts/oauth2/auth", params=SNAPCHAT.query(sandbox))
    assert error(got) == (404, "E3003")


async def test_without_a_challenge_no_verifier_is_looked_at(sandbox: Sandbox) -> None:
    bare: dict[str, str | None] = {"code_challenge": None, "code_challenge_method": None}
    for changes in ({"code_verifier": None}, {"code_verifier": "x" * 43}):
        code = await SNAPCHAT.code(sandbox, changes=bare)
        assert (await SNAPCHAT.redeem(sandbox, code, changes)).status == 200


async def test_whether_pkce_is_known_at_all_is_a_switch(sandbox: Sandbox) -> None:
    await switch(sandbox, "pkce_ignored")
    assert (await SNAPCHAT.redeem(sandbox, await SNAPCHAT.code(sandbox), {"code_verifier": "wrong"})).status == 200


# --- tokens -----------------------------------------------------------------------------------------------------------


async def test_the_token_answer_has_the_documented_shape(sandbox: Sandbox) -> None:
    tokens = await SNAPCHAT.tokens(sandbox)
    assert set(tokens) == {"access_token", "token_type", "expires_in", "refresh_token", "scope"}
    assert (tokens["token_type"], tokens["expires_in"]) == ("Bearer", 3600)
    assert tokens["access_token"].startswith("eyJ")
    assert set(tokens["scope"].split()) == set(SNAPCHAT.scopes)


async def test_the_secret_may_stand_in_the_header_as_well(sandbox: Sandbox) -> None:
    sent = SNAPCHAT.exchange(sandbox, await SNAPCHAT.code(sandbox), {"client_id": None, "client_secret": None})
    got = await SNAPCHAT.ask(sandbox, sent, headers={"Authorization": basic(*SNAPCHAT.client)})
    assert got.status == 200


async def test_a_json_body_is_taken_by_switch(sandbox: Sandbox) -> None:
    await switch(sandbox, "json_body")
    sent = SNAPCHAT.exchange(sandbox, await SNAPCHAT.code(sandbox))
    assert (await sandbox.send("POST", *SNAPCHAT.token, json=sent)).status == 200


async def test_the_status_of_an_unproven_client_is_a_switch(sandbox: Sandbox) -> None:
    await switch(sandbox, "invalid_client_400")
    got = await SNAPCHAT.redeem(sandbox, await SNAPCHAT.code(sandbox), {"client_secret": "wrong"})
    assert (got.status, got.json["error"]) == (400, "invalid_client")


async def test_a_refresh_gives_no_refresh_token_and_the_old_one_never_dies(sandbox: Sandbox) -> None:
    refresh_token = (await SNAPCHAT.tokens(sandbox))["refresh_token"]
    for _ in range(2):
        await sandbox.advance(3 * 366 * 24 * 3600)
        got = await SNAPCHAT.refreshed(sandbox, refresh_token)
        assert (got.status, "refresh_token" in got.json) == (200, False)


async def test_rotation_by_switch_gives_the_next_token_and_ends_the_old_one(sandbox: Sandbox) -> None:
    await switch(sandbox, "rotating_refresh")
    first = (await SNAPCHAT.tokens(sandbox))["refresh_token"]
    second = (await SNAPCHAT.refreshed(sandbox, first)).json["refresh_token"]
    assert second != first
    replayed = await SNAPCHAT.refreshed(sandbox, first)
    assert (replayed.status, replayed.json["error"]) == (400, "invalid_grant")
    assert (await SNAPCHAT.refreshed(sandbox, second)).status == 200


async def test_the_status_of_a_dead_refresh_token_is_a_switch(sandbox: Sandbox) -> None:
    await switch(sandbox, "dead_refresh_401")
    got = await SNAPCHAT.refreshed(sandbox, "never-issued")
    assert (got.status, got.json["error"]) == (401, "invalid_grant")


async def test_an_access_token_dies_after_an_hour(sandbox: Sandbox) -> None:
    token = await token_of(sandbox)
    await sandbox.advance(3590)
    assert (await business(sandbox, MY_PROFILE, token)).status == 200
    await sandbox.advance(11)
    assert error(await business(sandbox, MY_PROFILE, token)) == (401, "E3002")


async def test_half_an_hour_is_told_where_it_is_played(sandbox: Sandbox) -> None:
    await switch(sandbox, "half_hour_tokens")
    tokens = await SNAPCHAT.tokens(sandbox)
    assert tokens["expires_in"] == 1800
    await sandbox.advance(1801)
    assert (await business(sandbox, MY_PROFILE, tokens["access_token"])).status == 401


async def test_a_dead_token_may_be_told_by_a_text_or_a_header(sandbox: Sandbox) -> None:
    await switch(sandbox, "plain_401")
    got = await business(sandbox, MY_PROFILE, None)
    assert (got.status, got.text) == (401, "unauthorized")
    await switch(sandbox, "header_401")
    got = await business(sandbox, MY_PROFILE, "never-issued")
    assert (got.status, got.raw, "invalid_token" in got.headers["WWW-Authenticate"]) == (401, b"", True)


async def test_a_bare_token_serves_as_well(sandbox: Sandbox) -> None:
    headers = {"Authorization": await token_of(sandbox)}
    assert (await sandbox.send("GET", BUSINESS, MY_PROFILE, headers=headers)).status == 200


async def test_there_is_no_endpoint_to_revoke_a_token(sandbox: Sandbox) -> None:
    assert (await sandbox.send("POST", SITE, "/login/oauth2/revoke", data={"token": "t"})).status == 404


# --- the own profile --------------------------------------------------------------------------------------------------


async def test_my_profile_is_one_object_with_a_count_as_text(sandbox: Sandbox) -> None:
    told = (await business(sandbox, MY_PROFILE, await token_of(sandbox))).json
    assert (set(told), told["request_status"]) == ({"request_id", "request_status", "public_profile"}, "SUCCESS")
    profile = told["public_profile"]
    assert (profile["id"], profile["organization_id"], profile["snap_user_name"]) == (
        BAKERY,
        BAKERY_ORG,
        "northwindbakery",
    )
    assert profile["subscriber_count"] == "15000"
    assert set(profile["logo_urls"]) == {
        "original_logo_url",
        "discover_feed_logo_url",
        "mega_profile_logo_url",
        "manage_profile_logo_url",
    }


async def test_my_profile_is_wrapped_by_switch(sandbox: Sandbox) -> None:
    await switch(sandbox, "wrapped_my_profile")
    told = (await business(sandbox, MY_PROFILE, await token_of(sandbox))).json
    assert [row["public_profile"]["id"] for row in told["public_profiles"]] == [BAKERY]


@pytest.mark.parametrize("person", ["single", "crowd"])
async def test_single_and_crowd_have_a_profile_of_their_own(sandbox: Sandbox, person: str) -> None:
    assert "public_profile" in (await business(sandbox, MY_PROFILE, await token_of(sandbox, person))).json


async def test_without_a_profile_my_profile_is_not_found(sandbox: Sandbox) -> None:
    got = await business(sandbox, MY_PROFILE, await token_of(sandbox, "none"))
    assert (error(got), got.json["debug_message"]) == ((404, "E3003"), "Resource can not be found")


async def test_without_a_profile_my_profile_may_be_empty_instead(sandbox: Sandbox) -> None:
    await switch(sandbox, "empty_my_profile")
    got = await business(sandbox, MY_PROFILE, await token_of(sandbox, "none"))
    assert (got.status, set(got.json)) == (200, {"request_id", "request_status"})


async def test_a_person_may_have_roles_and_no_profile_of_their_own(sandbox: Sandbox) -> None:
    await switch(sandbox, "no_own_profile")
    token = await token_of(sandbox)
    assert (await business(sandbox, MY_PROFILE, token)).status == 404
    assert len(await pages(sandbox, token, BAKERY_ORG)) > 1


# --- profiles of organizations ----------------------------------------------------------------------------------------


async def test_lists_wrap_every_row_and_some_rows_are_errors(sandbox: Sandbox) -> None:
    found = await pages(sandbox, await token_of(sandbox), BAKERY_ORG)
    assert [[row["sub_request_status"] for row in page] for page in found] == [["SUCCESS"], [], ["SUCCESS", "ERROR"]]
    assert set(found[2][1]) == {"sub_request_status", "sub_request_error_reason"}
    cafe = found[2][0]["public_profile"]
    assert cafe["id"] == CAFE
    assert "subscriber_count" not in cafe
    assert "manage_profile_logo_url" not in cafe["logo_urls"]


async def test_a_list_with_an_error_is_a_success_or_partial_by_switch(sandbox: Sandbox) -> None:
    token = await token_of(sandbox)
    path = f"/v1/organizations/{BAKERY_ORG}/public_profiles"

    async def statuses() -> list[str]:
        first = await business(sandbox, path, token)
        second = await business(sandbox, path, token, cursor=first.json["paging"]["next_page_id"])
        third = await business(sandbox, path, token, cursor=second.json["paging"]["next_page_id"])
        assert "paging" not in third.json
        return [got.json["request_status"] for got in (first, second, third)]

    assert await statuses() == ["SUCCESS", "SUCCESS", "SUCCESS"]
    await switch(sandbox, "partial_status")
    assert await statuses() == ["SUCCESS", "SUCCESS", "PARTIAL"]


async def test_plenty_has_two_profiles_in_all(sandbox: Sandbox) -> None:
    token = await token_of(sandbox)
    rows = [
        row for org in (BAKERY_ORG, MARKET_ORG) for page in await pages(sandbox, token, org, limit="50") for row in page
    ]
    assert {row["public_profile"]["id"] for row in rows if "public_profile" in row} == {BAKERY, CAFE}


async def test_crowd_has_1200_profiles_ten_at_a_time(sandbox: Sandbox) -> None:
    token = await token_of(sandbox, "crowd")
    organization = (await business(sandbox, MY_PROFILE, token)).json["public_profile"]["organization_id"]
    found = await pages(sandbox, token, organization)
    assert max(len(page) for page in found) == 10
    assert [] in found[1:-1]
    profiles = [row["public_profile"] for page in found for row in page]
    assert len({profile["id"] for profile in profiles}) == 1200
    assert "<img src=x onerror=alert(1)>" in {profile["display_name"] for profile in profiles}


@pytest.mark.parametrize("wrong", [{"limit": "0"}, {"limit": "many"}, {"cursor": "nonsense"}])
async def test_a_wrong_list_parameter_is_told_in_the_envelope(sandbox: Sandbox, wrong: dict[str, str]) -> None:
    path = f"/v1/organizations/{BAKERY_ORG}/public_profiles"
    assert error(await business(sandbox, path, await token_of(sandbox), **wrong))[0] == 400


async def test_one_profile_is_a_list_of_one(sandbox: Sandbox) -> None:
    token = await token_of(sandbox)
    told = (await business(sandbox, f"/v1/public_profiles/{CAFE}", token)).json
    assert [row["public_profile"]["snap_user_name"] for row in told["public_profiles"]] == ["northwind.cafe"]


@pytest.mark.parametrize("path", ["/v1/public_profiles/{}", "/v1/organizations/{}/public_profiles"])
async def test_what_is_somebody_elses_is_403_and_what_is_nobodys_404(sandbox: Sandbox, path: str) -> None:
    token = await token_of(sandbox, "single")
    known = CAFE if "organizations" not in path else BAKERY_ORG
    forbidden = await business(sandbox, path.format(known), token)
    assert (forbidden.status, forbidden.raw) == (403, b"")
    assert error(await business(sandbox, path.format("nobody"), token)) == (404, "E3003")


async def test_an_app_that_is_not_on_the_allowlist_gets_403_without_a_body(sandbox: Sandbox) -> None:
    await register(sandbox, "not_allowlisted")
    token = await token_of(sandbox)
    for path in (MY_PROFILE, f"/v1/organizations/{BAKERY_ORG}/public_profiles", f"/v1/public_profiles/{CAFE}"):
        got = await business(sandbox, path, token)
        assert (got.status, got.raw) == (403, b"")


async def test_the_profile_scope_is_needed(sandbox: Sandbox) -> None:
    token = await token_of(sandbox, without=("snapchat-profile-api",))
    assert (await business(sandbox, MY_PROFILE, token)).status == 403


# --- the Ads API ------------------------------------------------------------------------------------------------------


async def test_me_and_organizations_are_there_for_the_marketing_scope(sandbox: Sandbox) -> None:
    token = await token_of(sandbox)
    me = await sandbox.send("GET", ADS, "/v1/me", token=token)
    assert (me.json["me"]["display_name"], me.json["me"]["email"]) == ("Ana Lima", "ana.lima@example.com")
    assert int(me.headers["X-Rate-Limit-Reset"]) > 1_700_000_000
    listed = (await sandbox.send("GET", ADS, "/v1/me/organizations", token=token)).json
    assert [row["organization"]["id"] for row in listed["organizations"]] == [BAKERY_ORG, MARKET_ORG]


@pytest.mark.parametrize("path", ["/v1/me", "/v1/me/organizations"])
async def test_the_profile_scope_alone_opens_nothing_of_the_ads_api(sandbox: Sandbox, path: str) -> None:
    token = await token_of(sandbox, without=("snapchat-marketing-api",))
    assert (await sandbox.send("GET", ADS, path, token=token)).status == 403


async def test_whether_businessapi_lists_organizations_is_a_switch(sandbox: Sandbox) -> None:
    token = await token_of(sandbox)
    assert error(await business(sandbox, "/v1/me/organizations", token)) == (404, "E3003")
    await switch(sandbox, "organizations_on_businessapi")
    listed = (await business(sandbox, "/v1/me/organizations", token)).json
    assert len(listed["organizations"]) == 2
