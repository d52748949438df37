"""Instagram with its own login as its sheet tells it. Facts: instagram.md, by section."""

from urllib.parse import parse_qsl, urlsplit

import aiohttp
import pytest

from tests.sandbox.conftest import Sandbox
from tests.sandbox.facebook_calls import short_token as facebook_token
from tests.sandbox.instagram_calls import (
    ALL_FIELDS,
    DAY_S,
    GRAPH,
    SIXTY_DAYS_S,
    error,
    exchange,
    long_token,
    me,
    refresh,
    short_token,
    switch,
)
from tests.sandbox.oauth_platforms import INSTAGRAM
from tests.sandbox.refusals import STATE

# --- consent and callback ---------------------------------------------------------------------------------------------


async def test_an_approval_ends_in_the_known_fragment_and_a_denial_does_not(sandbox: Sandbox) -> None:
    approved = (await INSTAGRAM.decide(sandbox)).headers["Location"]
    denied = (await INSTAGRAM.decide(sandbox, decision="deny")).headers["Location"]
    assert approved.startswith(f"{INSTAGRAM.callback(sandbox)}?code=AQB")
    assert approved.endswith(f"&state={STATE}#_")
    assert denied == (
        f"{INSTAGRAM.callback(sandbox)}?error=access_denied&error_reason=user_denied"
        f"&error_description=The+user+denied+your+request&state={STATE}"
    )


async def test_state_is_optional(sandbox: Sandbox) -> None:
    location = (await INSTAGRAM.decide(sandbox, changes={"state": None})).headers["Location"]
    assert set(dict(parse_qsl(urlsplit(location).query))) == {"code"}


@pytest.mark.parametrize("name", ["response_type", "scope"])
async def test_response_type_and_scope_are_required(sandbox: Sandbox, name: str) -> None:
    assert (await INSTAGRAM.open_page(sandbox, {name: None})).status == 400


@pytest.mark.parametrize("scope", ["business_basic", "business_content_publish", "instagram_basic"])
async def test_the_names_of_other_times_and_logins_are_refused(sandbox: Sandbox, scope: str) -> None:
    assert (await INSTAGRAM.open_page(sandbox, {"scope": scope})).status == 400


async def test_scopes_may_be_parted_by_spaces(sandbox: Sandbox) -> None:
    got = await INSTAGRAM.open_page(sandbox, {"scope": "instagram_business_basic instagram_business_manage_comments"})
    assert 'id="scope-instagram_business_manage_comments"' in got.text


async def test_the_older_host_and_the_parameters_of_the_login_page_are_taken(sandbox: Sandbox) -> None:
    query = INSTAGRAM.query(sandbox, {"force_reauth": "true", "enable_fb_login": "0", "force_authentication": "1"})
    assert (await sandbox.send("GET", "api.instagram.com", "/oauth/authorize", params=query)).status == 200


@pytest.mark.parametrize(
    ("name", "headline"), [("client_id", "Invalid platform app"), ("redirect_uri", "Invalid redirect_uri")]
)
async def test_the_pages_of_a_bad_request_carry_the_known_words(sandbox: Sandbox, name: str, headline: str) -> None:
    assert headline in (await INSTAGRAM.open_page(sandbox, {name: "https://typo.example/"})).text


async def test_a_personal_account_is_turned_away_without_a_redirect(sandbox: Sandbox) -> None:
    got = await INSTAGRAM.decide(sandbox, person="none")
    assert (got.status, "Location" in got.headers) == (400, False)
    assert "professional account" in got.text
    assert (await INSTAGRAM.decide(sandbox, person="none", decision="deny")).status == 302


async def test_a_personal_account_that_got_through_is_refused_by_the_api(sandbox: Sandbox) -> None:
    await switch(sandbox, personal_accounts_consent=True)
    got = await me(sandbox, await long_token(sandbox, person="none"))
    assert error(got) == (400, 10, None)
    assert got.json["error"]["message"] == "(#10) The user is not an Instagram Business"


# --- the code exchange ------------------------------------------------------------------------------------------------


async def test_the_code_exchange_answers_in_a_list_under_data(sandbox: Sandbox) -> None:
    got = await INSTAGRAM.redeem(sandbox, await INSTAGRAM.code(sandbox))
    [row] = got.json["data"]
    assert set(row) == {"access_token", "user_id", "permissions"}
    assert row["access_token"].startswith("IGAA")
    assert row["user_id"] == "17841499900000101"
    assert row["permissions"] == ",".join(INSTAGRAM.scopes)


async def test_the_code_exchange_can_answer_flat_with_a_number_and_a_list(sandbox: Sandbox) -> None:
    await switch(sandbox, flat_exchange=True)
    answer = (await INSTAGRAM.redeem(sandbox, await INSTAGRAM.code(sandbox))).json
    assert set(answer) == {"access_token", "user_id", "permissions"}
    assert answer["user_id"] == 17841499900000101 > 2**53
    assert answer["permissions"] == list(INSTAGRAM.scopes)


async def test_the_id_of_the_code_exchange_can_be_the_app_scoped_one(sandbox: Sandbox) -> None:
    await switch(sandbox, scoped_exchange_id=True)
    tokens = await INSTAGRAM.tokens(sandbox)
    assert tokens["user_id"] == (await me(sandbox, tokens["access_token"])).json["id"]


async def test_unticked_scopes_are_no_permissions(sandbox: Sandbox) -> None:
    tokens = await INSTAGRAM.tokens(sandbox, without=("instagram_business_manage_insights",))
    assert tokens["permissions"] == "instagram_business_basic,instagram_business_content_publish"


async def test_a_multipart_body_serves_as_well(sandbox: Sandbox) -> None:
    with aiohttp.MultipartWriter("form-data") as body:
        for name, value in INSTAGRAM.exchange(sandbox, await INSTAGRAM.code(sandbox)).items():
            body.append(value).set_content_disposition("form-data", name=name)
    assert (await sandbox.send("POST", "api.instagram.com", "/oauth/access_token", data=body)).status == 200


async def test_a_code_with_its_fragment_left_on_matches_nothing(sandbox: Sandbox) -> None:
    got = await INSTAGRAM.redeem(sandbox, await INSTAGRAM.code(sandbox) + "#_")
    assert got.json == {
        "error_type": "OAuthException",
        "code": 400,
        "error_message": "Matching code was not found or was already used",
    }


async def test_a_used_code_can_be_told_from_an_unknown_one(sandbox: Sandbox) -> None:
    await switch(sandbox, used_code_told=True)
    code = await INSTAGRAM.code(sandbox)
    await INSTAGRAM.redeem(sandbox, code)
    got = await INSTAGRAM.redeem(sandbox, code)
    assert got.json["error_message"] == "This authorization code has been used"


async def test_a_refused_exchange_can_come_in_graphs_envelope(sandbox: Sandbox) -> None:
    await switch(sandbox, graph_token_errors=True)
    got = await INSTAGRAM.redeem(sandbox, "never-issued")
    assert error(got) == (400, 100, None)
    assert got.json["error"]["message"] == "Matching code was not found or was already used"


# --- sixty days -------------------------------------------------------------------------------------------------------


async def test_a_short_token_lives_an_hour_and_a_long_one_sixty_days(sandbox: Sandbox) -> None:
    short = await short_token(sandbox)
    got = await exchange(sandbox, short)
    assert (got.json["token_type"], got.json["expires_in"]) == ("bearer", SIXTY_DAYS_S)
    await sandbox.advance(3601)
    assert error(await me(sandbox, short)) == (400, 190, 463)
    await sandbox.advance(SIXTY_DAYS_S - 3610)
    assert (await me(sandbox, got.json["access_token"])).status == 200
    await sandbox.advance(11)
    assert error(await me(sandbox, got.json["access_token"])) == (400, 190, 463)


async def test_the_second_exchange_needs_the_secret_and_the_grant_type(sandbox: Sandbox) -> None:
    token = await short_token(sandbox)
    got = await exchange(sandbox, token, client_secret="wrong")
    assert error(got) == (400, 100, None)
    assert got.json["error"]["message"] == "Error validating client secret"
    assert error(await exchange(sandbox, token, grant_type="ig_refresh_token")) == (400, 100, None)


async def test_the_second_exchange_needs_a_live_short_token(sandbox: Sandbox) -> None:
    token = await short_token(sandbox)
    long = (await exchange(sandbox, token)).json["access_token"]
    assert (await exchange(sandbox, long)).json["error"]["message"] == "Session key invalid"
    await sandbox.advance(3601)
    assert error(await exchange(sandbox, token)) == (400, 190, 463)


@pytest.mark.parametrize("path", ["/access_token", "/refresh_access_token", "/v25.0/me"])
async def test_tokens_are_traded_by_get_only(sandbox: Sandbox, path: str) -> None:
    got = await sandbox.send("POST", GRAPH, path)
    assert error(got) == (400, 100, None)
    assert got.json["error"]["type"] == "IGApiException"


async def test_a_refresh_gives_sixty_days_anew_and_tells_the_permissions(sandbox: Sandbox) -> None:
    token = await long_token(sandbox)
    await sandbox.advance(30 * DAY_S)
    got = await refresh(sandbox, token)
    assert (got.json["expires_in"], got.json["permissions"]) == (SIXTY_DAYS_S, ",".join(INSTAGRAM.scopes))
    assert got.json["access_token"] != token
    assert (await me(sandbox, token)).status == 200
    await sandbox.advance(59 * DAY_S)
    assert (await me(sandbox, got.json["access_token"])).status == 200
    assert error(await me(sandbox, token)) == (400, 190, 463)


async def test_a_refresh_needs_no_secret_but_a_day_of_age(sandbox: Sandbox) -> None:
    token = await long_token(sandbox)
    assert error(await refresh(sandbox, token)) == (400, 100, None)
    await sandbox.advance(DAY_S - 60)
    assert error(await refresh(sandbox, token)) == (400, 100, None)
    await sandbox.advance(61)
    assert (await refresh(sandbox, token)).status == 200


async def test_a_short_token_cannot_be_refreshed(sandbox: Sandbox) -> None:
    got = await refresh(sandbox, await short_token(sandbox))
    assert got.json["error"]["message"] == "Unsupported request - method type: get"
    assert error(await refresh(sandbox, await long_token(sandbox), grant_type="refresh_token")) == (400, 100, None)


async def test_an_expired_token_cannot_be_refreshed(sandbox: Sandbox) -> None:
    token = await long_token(sandbox)
    await sandbox.advance(SIXTY_DAYS_S + 1)
    assert error(await refresh(sandbox, token)) == (400, 190, 463)


async def test_a_refresh_needs_the_basic_scope(sandbox: Sandbox) -> None:
    token = await long_token(sandbox, without=("instagram_business_basic",))
    await sandbox.advance(2 * DAY_S)
    assert error(await refresh(sandbox, token)) == (400, 10, None)
    assert error(await me(sandbox, token)) == (400, 10, None)


async def test_a_refresh_can_extend_the_token_it_was_asked_with(sandbox: Sandbox) -> None:
    await switch(sandbox, refresh_keeps_token=True, refresh_without_permissions=True)
    token = await long_token(sandbox)
    await sandbox.advance(50 * DAY_S)
    assert (await refresh(sandbox, token)).json == {
        "access_token": token,
        "token_type": "bearer",
        "expires_in": SIXTY_DAYS_S,
    }
    await sandbox.advance(50 * DAY_S)
    assert (await me(sandbox, token)).status == 200


async def test_a_refresh_can_kill_the_token_it_was_asked_with(sandbox: Sandbox) -> None:
    await switch(sandbox, refresh_ends_old_token=True)
    token = await long_token(sandbox)
    await sandbox.advance(2 * DAY_S)
    fresh = (await refresh(sandbox, token)).json["access_token"]
    assert error(await me(sandbox, token)) == (400, 190, 460)
    assert (await me(sandbox, fresh)).status == 200


# --- the account ------------------------------------------------------------------------------------------------------


async def test_me_tells_the_account_with_two_ids(sandbox: Sandbox) -> None:
    token = await long_token(sandbox)
    profile = (await me(sandbox, token)).json
    assert set(profile) == {*ALL_FIELDS.split(","), "id"}
    assert (profile["user_id"], profile["username"]) == ("17841499900000101", "northwind.bakery")
    assert (profile["name"], profile["account_type"]) == ("Northwind Bakery", "BUSINESS")
    assert profile["id"].startswith("8001")
    assert set((await me(sandbox, token, fields="")).json) == {"id"}


async def test_an_account_without_name_and_picture_lacks_the_fields(sandbox: Sandbox) -> None:
    profile = (await me(sandbox, await long_token(sandbox, person="single"))).json
    assert set(profile) == {"id", "user_id", "username", "account_type"}
    assert profile["account_type"] == "MEDIA_CREATOR"


async def test_an_odd_name_comes_as_it_is(sandbox: Sandbox) -> None:
    profile = (await me(sandbox, await long_token(sandbox, person="crowd"))).json
    assert profile["name"] == "  <b>Sommer</b> & Daughters \u202e🧵 "


async def test_me_answers_in_the_other_known_shapes(sandbox: Sandbox) -> None:
    token = await long_token(sandbox, person="single")
    await switch(sandbox, wrapped_profile=True, numeric_profile_id=True, mixed_case_account_type=True)
    [profile] = (await me(sandbox, token)).json["data"]
    assert (profile["user_id"], profile["account_type"]) == (17841499900000102, "Media_Creator")


async def test_me_answers_without_a_version_and_by_bearer_as_well(sandbox: Sandbox) -> None:
    token = await short_token(sandbox)
    assert (await sandbox.send("GET", GRAPH, "/me?fields=username", token=token)).json["username"] == "northwind.bakery"
    await switch(sandbox, versioned_me_unsupported=True)
    got = await me(sandbox, token)
    assert got.json["error"]["message"] == "Unsupported request - method type: get"
    assert (await me(sandbox, token, path="/me")).status == 200


async def test_me_reports_usage_in_two_headers(sandbox: Sandbox) -> None:
    got = await me(sandbox, await short_token(sandbox))
    assert {"x-app-usage", "x-business-use-case-usage"} <= {name.lower() for name in got.headers}


async def test_unknown_fields_tokens_and_paths_are_refused(sandbox: Sandbox) -> None:
    assert error(await me(sandbox, await short_token(sandbox), fields="shoe_size")) == (400, 100, None)
    assert error(await me(sandbox, "")) == (400, 2500, None)
    assert error(await sandbox.send("GET", GRAPH, "/25/me")) == (400, 100, None)


async def test_tokens_do_not_work_at_the_other_login(sandbox: Sandbox) -> None:
    token = await facebook_token(sandbox)
    got = await me(sandbox, token)
    assert error(got) == (400, 190, None)
    assert got.json["error"]["message"] == "Invalid OAuth access token - Cannot parse access token"
    other = await sandbox.send("GET", "graph.facebook.com", "/v25.0/me", token=await short_token(sandbox))
    assert error(other) == (400, 190, None)


# --- the end ----------------------------------------------------------------------------------------------------------


async def test_a_removed_app_has_dead_tokens(sandbox: Sandbox) -> None:
    token = await long_token(sandbox)
    await sandbox.control("POST", "revoke", {"platform": "instagram", "person": "plenty"})
    await sandbox.advance(2 * DAY_S)
    assert error(await me(sandbox, token)) == (400, 190, 460)
    assert error(await refresh(sandbox, token)) == (400, 190, 460)


async def test_there_is_no_revocation_unless_switched_on(sandbox: Sandbox) -> None:
    token = await long_token(sandbox)
    assert error(await sandbox.send("DELETE", GRAPH, "/me/permissions", token=token)) == (400, 100, None)
    assert (await me(sandbox, token)).status == 200
    await switch(sandbox, permissions_deletable=True)
    got = await sandbox.send("DELETE", GRAPH, "/v25.0/me/permissions", token=token)
    assert got.json == {"success": True}
    assert error(await me(sandbox, token)) == (400, 190, 460)
