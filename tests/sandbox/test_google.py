"""Google's accounts as the sheets tell them, tried through YouTube. Facts: youtube.md, by section."""

import base64
import json
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from tests.sandbox.conftest import Got, Sandbox
from tests.sandbox.google_calls import (
    ANA_SUB,
    APIS,
    AUTH,
    DAY_S,
    EMAIL,
    OAUTH,
    PROFILE,
    api_error,
    oauth_error,
    register,
    revoke,
    switch,
    userinfo,
)
from tests.sandbox.oauth_platforms import YOUTUBE
from tests.sandbox.refusals import STATE, basic, callback_of

WITH_NAME = replace(YOUTUBE, scopes=(*YOUTUBE.scopes, "email", "profile"))
NO_CONSENT: dict[str, str | None] = {"prompt": None}


async def refused_refresh(sandbox: Sandbox, token: str) -> tuple[int, str, str]:
    return oauth_error(await YOUTUBE.refreshed(sandbox, token))


# --- authorization ----------------------------------------------------------------------------------------------------


async def test_the_callback_has_the_documented_parameters_in_order(sandbox: Sandbox) -> None:
    location = (await YOUTUBE.decide(sandbox)).headers["Location"]
    told = parse_qsl(urlsplit(location).query)
    assert [name for name, _ in told] == ["state", "iss", "code", "scope", "authuser", "prompt"]
    sent_back = dict(told)
    assert sent_back["iss"] == "https://accounts.google.com"
    assert sent_back["code"].startswith("4/0A")
    assert "code=4%2F0A" in location
    assert (sent_back["authuser"], sent_back["prompt"]) == ("0", "consent")


@pytest.mark.parametrize(
    ("change", "headline"),
    [
        ({"client_id": "nobody"}, "Error 401: invalid_client"),
        ({"redirect_uri": "https://typo.example/"}, "Error 400: redirect_uri_mismatch"),
        ({"scope": f"{AUTH}coffee"}, "Error 400: invalid_scope"),
        ({"scope": None}, "Error 400: invalid_request"),
        ({"access_type": "sometimes"}, "Error 400: invalid_request"),
        ({"prompt": "perhaps"}, "Error 400: invalid_request"),
        ({"prompt": "none consent"}, "Error 400: invalid_request"),
        ({"include_granted_scopes": "all"}, "Error 400: invalid_request"),
    ],
)
async def test_a_bad_request_is_told_on_googles_page(
    sandbox: Sandbox, change: dict[str, str | None], headline: str
) -> None:
    assert headline in (await YOUTUBE.open_page(sandbox, change)).text


@pytest.mark.parametrize(
    ("flag", "headline"),
    [
        ("deleted_client", "Error 401: deleted_client"),
        ("admin_policy_enforced", "Error 400: admin_policy_enforced"),
        ("org_internal", "Error 403: org_internal"),
    ],
)
async def test_an_app_may_be_barred_for_everybody(sandbox: Sandbox, flag: str, headline: str) -> None:
    await register(sandbox, YOUTUBE, flag)
    assert headline in (await YOUTUBE.open_page(sandbox)).text


async def test_who_is_no_test_user_is_turned_away_after_choosing(sandbox: Sandbox) -> None:
    await register(sandbox, YOUTUBE, "not_a_tester")
    assert (await YOUTUBE.open_page(sandbox)).status == 200
    assert "Error 403: access_denied" in (await YOUTUBE.decide(sandbox)).text


async def test_a_web_view_is_no_browser_for_google(sandbox: Sandbox) -> None:
    agent = {"User-Agent": "Mozilla/5.0 (Linux; Android 15; Pixel 9; wv) AppleWebKit/537.36"}
    query = YOUTUBE.query(sandbox)
    got = await sandbox.send("GET", YOUTUBE.authorize[0], YOUTUBE.authorize[1], params=query, headers=agent)
    assert "Error 403: disallowed_useragent" in got.text


async def test_the_state_is_optional_and_then_not_sent_back(sandbox: Sandbox) -> None:
    assert "state" not in callback_of(await YOUTUBE.decide(sandbox, changes={"state": None}))


async def test_unticked_scopes_shrink_the_grant_and_the_flow_goes_on(sandbox: Sandbox) -> None:
    upload = f"{AUTH}youtube.upload"
    sent_back = callback_of(await YOUTUBE.decide(sandbox, without=(upload,)))
    assert sent_back["scope"] == f"{AUTH}youtube.readonly"
    assert (await YOUTUBE.tokens(sandbox, without=(upload,)))["scope"] == f"{AUTH}youtube.readonly"


async def test_short_names_are_told_as_long_ones_with_openid(sandbox: Sandbox) -> None:
    granted = (await WITH_NAME.tokens(sandbox))["scope"].split()
    assert set(granted) == {*YOUTUBE.scopes, EMAIL, PROFILE, "openid"}


async def test_prompt_none_needs_a_known_person_and_an_earlier_consent(sandbox: Sandbox) -> None:
    silent: dict[str, str | None] = {"prompt": "none"}
    hinted: dict[str, str | None] = {**silent, "login_hint": "ana.lima@example.com"}
    by_sub: dict[str, str | None] = {**silent, "login_hint": ANA_SUB}
    assert callback_of(await YOUTUBE.open_page(sandbox, silent)) == {"error": "login_required", "state": STATE}
    assert callback_of(await YOUTUBE.open_page(sandbox, hinted))["error"] == "consent_required"
    await YOUTUBE.tokens(sandbox)
    for changes in (hinted, by_sub):
        sent_back = callback_of(await YOUTUBE.open_page(sandbox, changes))
        answer = (await YOUTUBE.redeem(sandbox, sent_back["code"])).json
        assert (sent_back["prompt"], "refresh_token" in answer) == ("none", False)


# --- when there is a refresh token ------------------------------------------------------------------------------------


@pytest.mark.parametrize("access_type", [None, "online"])
async def test_online_access_never_gives_a_refresh_token(sandbox: Sandbox, access_type: str | None) -> None:
    assert "refresh_token" not in await YOUTUBE.tokens(sandbox, changes={"access_type": access_type})


async def test_only_the_first_consent_gives_a_refresh_token_without_prompt(sandbox: Sandbox) -> None:
    assert "refresh_token" in await YOUTUBE.tokens(sandbox, changes=NO_CONSENT)
    assert "refresh_token" not in await YOUTUBE.tokens(sandbox, changes=NO_CONSENT)
    assert "refresh_token" in await YOUTUBE.tokens(sandbox)


async def test_a_new_scope_brings_the_consent_screen_back(sandbox: Sandbox) -> None:
    await YOUTUBE.tokens(sandbox, changes=NO_CONSENT)
    more = replace(YOUTUBE, scopes=(*YOUTUBE.scopes, f"{AUTH}youtube.force-ssl"))
    assert "refresh_token" in await more.tokens(sandbox, changes=NO_CONSENT)


async def test_nothing_can_be_unticked_on_a_screen_that_is_not_shown(sandbox: Sandbox) -> None:
    await YOUTUBE.tokens(sandbox)
    again = await YOUTUBE.tokens(sandbox, changes=NO_CONSENT, without=YOUTUBE.scopes)
    assert set(again["scope"].split()) == set(YOUTUBE.scopes)


async def test_include_granted_scopes_adds_what_was_granted_earlier(sandbox: Sandbox) -> None:
    await YOUTUBE.tokens(sandbox)
    reading = replace(YOUTUBE, scopes=(f"{AUTH}yt-analytics.readonly",))
    assert (await reading.tokens(sandbox))["scope"] == f"{AUTH}yt-analytics.readonly"
    merged = await reading.tokens(sandbox, changes={"include_granted_scopes": "true"})
    assert set(merged["scope"].split()) == {*YOUTUBE.scopes, *reading.scopes}


# --- the token endpoint -----------------------------------------------------------------------------------------------


async def test_the_token_answer_has_the_documented_shape(sandbox: Sandbox) -> None:
    tokens = await YOUTUBE.tokens(sandbox)
    assert list(tokens) == ["access_token", "expires_in", "refresh_token", "scope", "token_type"]
    assert (tokens["expires_in"], tokens["token_type"]) == (3599, "Bearer")
    assert tokens["access_token"].startswith("ya29.")
    assert tokens["refresh_token"].startswith("1//0")


async def test_the_secret_may_stand_in_the_header_as_well(sandbox: Sandbox) -> None:
    sent = YOUTUBE.exchange(sandbox, await YOUTUBE.code(sandbox), {"client_id": None, "client_secret": None})
    got = await YOUTUBE.ask(sandbox, sent, headers={"Authorization": basic(*YOUTUBE.client)})
    assert got.status == 200


async def test_a_verifier_nobody_asked_for_is_refused(sandbox: Sandbox) -> None:
    bare: dict[str, str | None] = {"code_challenge": None, "code_challenge_method": None}
    got = await YOUTUBE.redeem(sandbox, await YOUTUBE.code(sandbox, changes=bare))
    assert oauth_error(got) == (400, "invalid_grant", "code_verifier or verifier is not needed")
    again = await YOUTUBE.redeem(sandbox, await YOUTUBE.code(sandbox, changes=bare), {"code_verifier": None})
    assert again.status == 200


async def test_a_challenge_without_a_method_is_plain(sandbox: Sandbox) -> None:
    code = await YOUTUBE.code(sandbox, changes={"code_challenge": "p" * 43, "code_challenge_method": None})
    assert (await YOUTUBE.redeem(sandbox, code, {"code_verifier": "p" * 43})).status == 200


async def test_a_code_encoded_twice_is_malformed(sandbox: Sandbox) -> None:
    code = (await YOUTUBE.code(sandbox)).replace("/", "%2F")
    assert oauth_error(await YOUTUBE.redeem(sandbox, code)) == (400, "invalid_grant", "Malformed auth code.")


async def test_with_openid_the_answer_holds_an_id_token(sandbox: Sandbox) -> None:
    token = (await WITH_NAME.tokens(sandbox))["id_token"]
    head, claims = (json.loads(base64.urlsafe_b64decode(part + "==")) for part in token.split(".")[:2])
    assert head["alg"] == "RS256"
    assert (claims["iss"], claims["sub"]) == ("https://accounts.google.com", ANA_SUB)
    assert (claims["aud"], claims["exp"] - claims["iat"]) == ("sandbox-youtube", 3600)


async def test_a_deleted_client_is_told_as_such(sandbox: Sandbox) -> None:
    refresh_token = (await YOUTUBE.tokens(sandbox))["refresh_token"]
    await register(sandbox, YOUTUBE, "deleted_client")
    assert (await refused_refresh(sandbox, refresh_token))[:2] == (401, "deleted_client")


# --- refreshing, and how refresh tokens die ---------------------------------------------------------------------------


async def test_a_refresh_gives_no_refresh_token_and_the_old_one_stays_good(sandbox: Sandbox) -> None:
    first = await YOUTUBE.tokens(sandbox)
    for _ in range(2):
        answer = (await YOUTUBE.refreshed(sandbox, first["refresh_token"])).json
        assert set(answer) == {"access_token", "expires_in", "scope", "token_type"}
        assert answer["access_token"] != first["access_token"]


async def test_a_refresh_token_of_another_client_is_our_own_mistake(sandbox: Sandbox) -> None:
    refresh_token = (await YOUTUBE.tokens(sandbox))["refresh_token"]
    await register(sandbox, YOUTUBE, client_id="second")
    second = replace(YOUTUBE, client_id="second", client_secret=YOUTUBE.client[1])
    got = await second.refreshed(sandbox, refresh_token)
    assert (got.status, got.json["error"]) == (401, "unauthorized_client")


async def test_a_refresh_token_dies_after_six_months_of_rest_and_not_of_use(sandbox: Sandbox) -> None:
    refresh_token = (await YOUTUBE.tokens(sandbox))["refresh_token"]
    for _ in range(2):
        await sandbox.advance(150 * DAY_S)
        assert (await YOUTUBE.refreshed(sandbox, refresh_token)).status == 200
    await sandbox.advance(184 * DAY_S)
    dead = (400, "invalid_grant", "Token has been expired or revoked.")
    assert await refused_refresh(sandbox, refresh_token) == dead


async def test_the_101st_refresh_token_of_a_person_and_client_kills_the_first(sandbox: Sandbox) -> None:
    tokens = [(await YOUTUBE.tokens(sandbox))["refresh_token"] for _ in range(100)]
    other = (await YOUTUBE.tokens(sandbox, person="single"))["refresh_token"]
    assert (await YOUTUBE.refreshed(sandbox, tokens[0])).status == 200
    await YOUTUBE.tokens(sandbox)
    assert await refused_refresh(sandbox, tokens[0]) == (400, "invalid_grant", "Bad Request")
    for alive in (tokens[1], other):
        assert (await YOUTUBE.refreshed(sandbox, alive)).status == 200


async def test_an_app_in_testing_loses_its_refresh_tokens_after_seven_days(sandbox: Sandbox) -> None:
    await register(sandbox, YOUTUBE, "testing")
    tokens = await YOUTUBE.tokens(sandbox)
    assert "refresh_token_expires_in" not in tokens
    await sandbox.advance(6 * DAY_S)
    assert (await YOUTUBE.refreshed(sandbox, tokens["refresh_token"])).status == 200
    await sandbox.advance(DAY_S + 1)
    assert (await refused_refresh(sandbox, tokens["refresh_token"]))[1] == "invalid_grant"


async def test_testing_spares_grants_of_the_basic_scopes(sandbox: Sandbox) -> None:
    await register(sandbox, YOUTUBE, "testing")
    tokens = await replace(YOUTUBE, scopes=("email", "profile")).tokens(sandbox)
    await sandbox.advance(8 * DAY_S)
    assert (await YOUTUBE.refreshed(sandbox, tokens["refresh_token"])).status == 200


async def test_whether_testing_tells_its_end_is_a_switch(sandbox: Sandbox) -> None:
    await register(sandbox, YOUTUBE, "testing")
    await switch(sandbox, "youtube", "testing_tells_end")
    assert (await YOUTUBE.tokens(sandbox))["refresh_token_expires_in"] in range(7 * DAY_S - 5, 7 * DAY_S + 1)


async def test_a_time_limited_grant_tells_its_end_and_keeps_it(sandbox: Sandbox) -> None:
    await register(sandbox, YOUTUBE, "time_limited")
    tokens = await YOUTUBE.tokens(sandbox)
    assert tokens["refresh_token_expires_in"] in range(DAY_S - 5, DAY_S + 1)
    await sandbox.advance(DAY_S)
    assert (await refused_refresh(sandbox, tokens["refresh_token"]))[1] == "invalid_grant"


@pytest.mark.parametrize(
    ("flag", "error", "subtype"),
    [("admin_policy_enforced", "admin_policy_enforced", None), ("session_control", "invalid_grant", "invalid_rapt")],
)
async def test_an_administrator_may_stop_refreshing(
    sandbox: Sandbox, flag: str, error: str, subtype: str | None
) -> None:
    refresh_token = (await YOUTUBE.tokens(sandbox))["refresh_token"]
    await register(sandbox, YOUTUBE, flag)
    got = await YOUTUBE.refreshed(sandbox, refresh_token)
    assert (got.status, got.json["error"], got.json.get("error_subtype")) == (400, error, subtype)


# --- revocation -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["access_token", "refresh_token"])
async def test_revoking_any_token_ends_all_of_that_person_and_project(sandbox: Sandbox, kind: str) -> None:
    first, second = await WITH_NAME.tokens(sandbox), await WITH_NAME.tokens(sandbox)
    other = await WITH_NAME.tokens(sandbox, person="single")
    got = await revoke(sandbox, first[kind])
    assert (got.status, got.json) == (200, {})
    for dead in (first, second):
        assert (await userinfo(sandbox, dead["access_token"])).status == 401
        assert (await YOUTUBE.refreshed(sandbox, dead["refresh_token"])).status == 400
    assert (await userinfo(sandbox, other["access_token"])).status == 200


async def test_a_dead_token_cannot_be_revoked_again(sandbox: Sandbox) -> None:
    token = (await YOUTUBE.tokens(sandbox))["refresh_token"]
    await revoke(sandbox, token)
    gone = (400, "invalid_token", "Token expired or revoked")
    assert [oauth_error(await revoke(sandbox, value)) for value in (token, "never-issued")] == [gone, gone]
    assert (await revoke(sandbox, "")).json["error"] == "invalid_request"


async def test_revoke_has_no_get(sandbox: Sandbox) -> None:
    assert (await sandbox.send("GET", OAUTH, "/revoke", params={"token": "t"})).status == 404


async def test_after_a_revocation_the_consent_screen_is_back(sandbox: Sandbox) -> None:
    await revoke(sandbox, (await YOUTUBE.tokens(sandbox))["refresh_token"])
    assert "refresh_token" in await YOUTUBE.tokens(sandbox, changes=NO_CONSENT)


# --- who it is --------------------------------------------------------------------------------------------------------


async def test_userinfo_tells_what_the_scopes_allow(sandbox: Sandbox) -> None:
    user = (await userinfo(sandbox, (await WITH_NAME.tokens(sandbox))["access_token"])).json
    assert list(user) == ["sub", "name", "given_name", "family_name", "picture", "email", "email_verified"]
    assert (user["sub"], user["name"], user["given_name"]) == (ANA_SUB, "Ana Lima", "Ana")
    nameless = (await WITH_NAME.tokens(sandbox, without=("profile",)))["access_token"]
    assert set((await userinfo(sandbox, nameless)).json) == {"sub", "email", "email_verified"}


async def test_version_2_of_userinfo_has_older_names(sandbox: Sandbox) -> None:
    token = (await WITH_NAME.tokens(sandbox))["access_token"]
    user = (await sandbox.send("GET", APIS, "/oauth2/v2/userinfo", token=token)).json
    assert (user["id"], user["verified_email"]) == (ANA_SUB, True)
    assert not {"sub", "email_verified"} & set(user)


async def test_userinfo_without_its_scopes_is_forbidden(sandbox: Sandbox) -> None:
    got = await userinfo(sandbox, (await YOUTUBE.tokens(sandbox))["access_token"])
    assert api_error(got) == (403, "ACCESS_TOKEN_SCOPE_INSUFFICIENT")
    assert (got.json["error"]["status"], got.json["error"]["errors"][0]["reason"]) == (
        "PERMISSION_DENIED",
        "insufficientPermissions",
    )


async def test_an_access_token_dies_after_an_hour_and_says_so(sandbox: Sandbox) -> None:
    token = (await WITH_NAME.tokens(sandbox))["access_token"]
    await sandbox.advance(3600)
    assert api_error(await userinfo(sandbox, token)) == (401, "ACCESS_TOKEN_EXPIRED")
    assert api_error(await userinfo(sandbox, "never-issued")) == (401, "authError")


async def tokeninfo(sandbox: Sandbox, path: str, token: str) -> Got:
    host = OAUTH if path == "/tokeninfo" else APIS
    return await sandbox.send("POST", host, path, data={"access_token": token})


async def test_tokeninfo_describes_an_access_token(sandbox: Sandbox) -> None:
    tokens = await WITH_NAME.tokens(sandbox)
    told: dict[str, Any] = (await tokeninfo(sandbox, "/tokeninfo", tokens["access_token"])).json
    assert (told["aud"], told["sub"], told["access_type"]) == ("sandbox-youtube", ANA_SUB, "offline")
    assert all(isinstance(value, str) for value in told.values())
    assert (await tokeninfo(sandbox, "/oauth2/v3/tokeninfo", tokens["access_token"])).json.keys() == told.keys()
    older = (await tokeninfo(sandbox, "/oauth2/v2/tokeninfo", tokens["access_token"])).json
    assert (older["audience"], older["user_id"], older["verified_email"]) == ("sandbox-youtube", ANA_SUB, True)
    assert older["expires_in"] in range(3590, 3601)


@pytest.mark.parametrize("path", ["/tokeninfo", "/oauth2/v3/tokeninfo", "/oauth2/v2/tokeninfo"])
async def test_tokeninfo_of_a_dead_token_is_an_oauth_error(sandbox: Sandbox, path: str) -> None:
    assert oauth_error(await tokeninfo(sandbox, path, "never-issued")) == (400, "invalid_token", "Invalid Value")


async def test_an_api_may_be_switched_off_in_the_project(sandbox: Sandbox) -> None:
    await register(sandbox, YOUTUBE, "api_disabled")
    got = await userinfo(sandbox, (await WITH_NAME.tokens(sandbox))["access_token"])
    assert api_error(got) == (403, "SERVICE_DISABLED")
    assert got.json["error"]["errors"][0]["reason"] == "accessNotConfigured"


async def test_a_path_google_does_not_have_is_404(sandbox: Sandbox) -> None:
    assert (await sandbox.send("GET", APIS, "/coffee")).status == 404
