"""LinkedIn's login and member as its sheet tells them. Facts: linkedin.md, by section."""

import base64
import json

import pytest

from tests.sandbox.conftest import Sandbox
from tests.sandbox.linkedin_calls import API, DAY_S, SITE, access_token, error, get, switch, with_flags
from tests.sandbox.oauth_list_platforms import LINKEDIN
from tests.sandbox.refusals import STATE, basic, callback_of

# --- the authorization request ----------------------------------------------------------------------------------------


async def test_the_state_may_be_left_out(sandbox: Sandbox) -> None:
    assert set(callback_of(await LINKEDIN.decide(sandbox, changes={"state": None}))) == {"code"}


async def test_a_person_cannot_untick_a_scope(sandbox: Sandbox) -> None:
    tokens = await LINKEDIN.tokens(sandbox)
    assert set(tokens["scope"].split(",")) == set(LINKEDIN.scopes)


async def test_scopes_are_parted_by_spaces_alone(sandbox: Sandbox) -> None:
    assert (await LINKEDIN.open_page(sandbox, {"scope": "openid,profile"})).status == 401


@pytest.mark.parametrize(
    ("flag", "scope"),
    [
        ("no_community_management", "rw_organization_admin"),
        ("no_community_management", "w_organization_social"),
        ("no_restricted_scopes", "r_basicprofile"),
        ("no_restricted_scopes", "r_member_social"),
    ],
)
async def test_one_scope_the_app_lacks_fails_the_whole_request(sandbox: Sandbox, flag: str, scope: str) -> None:
    lacking = await with_flags(sandbox, flag)
    changes = {"scope": f"openid {scope}"}
    for got in (await lacking.open_page(sandbox, changes), await lacking.decide(sandbox, changes=changes)):
        assert callback_of(got) == {
            "error": "unauthorized_scope_error",
            "error_description": f"Scope &quot;{scope}&quot; is not authorized for your application",
            "state": STATE,
        }
    assert (await lacking.open_page(sandbox, {"scope": "openid profile email w_member_social"})).status == 200


async def test_a_scope_the_app_lacks_may_have_another_name(sandbox: Sandbox) -> None:
    await switch(sandbox, "invalid_scope_error")
    lacking = await with_flags(sandbox, "no_community_management")
    assert callback_of(await lacking.open_page(sandbox))["error"] == "invalid_scope_error"


async def test_the_callback_of_a_denial_names_the_consent_or_the_login(sandbox: Sandbox) -> None:
    location = (await LINKEDIN.decide(sandbox, decision="deny")).headers["Location"]
    assert "error_description=The+user+cancelled+the+authorization&state=" in location
    await switch(sandbox, "denial_at_login")
    assert callback_of(await LINKEDIN.decide(sandbox, decision="deny"))["error"] == "user_cancelled_login"


# --- the token endpoint -----------------------------------------------------------------------------------------------


async def test_the_token_answer_of_an_ordinary_app_has_no_refresh_token(sandbox: Sandbox) -> None:
    tokens = await LINKEDIN.tokens(sandbox)
    assert set(tokens) == {"access_token", "expires_in", "scope", "token_type", "id_token"}
    assert tokens["expires_in"] in {5_184_000, 5_183_999}
    assert tokens["token_type"] == "Bearer"
    assert tokens["access_token"].startswith("AQX")
    assert len(tokens["access_token"]) > 500


async def test_an_id_token_comes_with_openid_only(sandbox: Sandbox) -> None:
    tokens = await LINKEDIN.tokens(sandbox)
    claims = tokens["id_token"].split(".")[1]
    told = json.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))
    userinfo = (await get(sandbox, "/v2/userinfo", tokens["access_token"])).json
    assert (told["aud"], told["sub"]) == ("sandbox-linkedin", userinfo["sub"])
    assert "id_token" not in await LINKEDIN.tokens(sandbox, changes={"scope": "profile w_member_social"})


@pytest.mark.parametrize(("switched", "scope"), [("scope_with_spaces", "email openid"), ("scope_absent", None)])
async def test_the_scope_may_be_told_otherwise(sandbox: Sandbox, switched: str, scope: str | None) -> None:
    await switch(sandbox, switched)
    assert (await LINKEDIN.tokens(sandbox, changes={"scope": "openid email"})).get("scope") == scope


async def test_a_code_verifier_is_refused_even_with_its_challenge(sandbox: Sandbox) -> None:
    challenge = {"code_challenge": "c" * 43, "code_challenge_method": "plain"}
    code = await LINKEDIN.code(sandbox, changes=challenge)
    got = await LINKEDIN.redeem(sandbox, code, {"code_verifier": "c" * 43})
    assert (got.status, got.json["error"]) == (400, "invalid_redirect_uri")


async def test_a_code_that_does_not_fit_may_be_worded_as_in_production(sandbox: Sandbox) -> None:
    await switch(sandbox, "production_code_error")
    got = await LINKEDIN.redeem(sandbox, await LINKEDIN.code(sandbox), {"redirect_uri": "https://other.example/"})
    assert (got.status, got.json["error"]) == (400, "invalid_request")


async def test_a_basic_header_does_no_harm_and_proves_nothing(sandbox: Sandbox) -> None:
    sent = LINKEDIN.exchange(sandbox, await LINKEDIN.code(sandbox))
    assert (await LINKEDIN.ask(sandbox, sent, headers={"Authorization": basic("x", "y")})).status == 200
    sent = LINKEDIN.exchange(sandbox, await LINKEDIN.code(sandbox), {"client_id": None, "client_secret": None})
    got = await LINKEDIN.ask(sandbox, sent, headers={"Authorization": basic(*LINKEDIN.client)})
    assert (got.status, got.json["error_description"]) == (400, 'A required parameter "client_id" is missing')


async def test_a_token_lives_sixty_days(sandbox: Sandbox) -> None:
    token = await access_token(sandbox)
    await sandbox.advance(60 * DAY_S - 10)
    assert (await get(sandbox, "/v2/userinfo", token)).status == 200
    await sandbox.advance(11)
    assert error(await get(sandbox, "/v2/userinfo", token)) == (401, 65602, "EXPIRED_ACCESS_TOKEN")


async def test_the_same_scopes_again_leave_earlier_tokens_alive(sandbox: Sandbox) -> None:
    first, second = await access_token(sandbox), await access_token(sandbox)
    assert [(await get(sandbox, "/v2/userinfo", token)).status for token in (first, second)] == [200, 200]


async def test_other_scopes_kill_the_earlier_tokens_of_that_person_for_that_app(sandbox: Sandbox) -> None:
    first, other = await access_token(sandbox), await access_token(sandbox, "single")
    elsewhere = (await (await with_flags(sandbox)).tokens(sandbox))["access_token"]
    second = await access_token(sandbox, scope="openid profile")
    assert error(await get(sandbox, "/v2/userinfo", first)) == (401, 65601, "REVOKED_ACCESS_TOKEN")
    for token in (second, other, elsewhere):
        assert (await get(sandbox, "/v2/userinfo", token)).status == 200


# --- refresh ----------------------------------------------------------------------------------------------------------


async def test_a_partner_refreshes_with_one_token_that_never_changes_nor_lives_longer(sandbox: Sandbox) -> None:
    partner = await with_flags(sandbox, "refresh_tokens")
    tokens = await partner.tokens(sandbox)
    assert tokens["refresh_token_expires_in"] in {31_536_000, 31_535_999}
    await sandbox.advance(59 * DAY_S)
    refreshed = (await partner.refreshed(sandbox, tokens["refresh_token"])).json
    assert set(refreshed) == {"access_token", "expires_in", "refresh_token", "refresh_token_expires_in"}
    assert refreshed["refresh_token"] == tokens["refresh_token"]
    assert refreshed["access_token"] != tokens["access_token"]
    assert 305 * DAY_S < refreshed["refresh_token_expires_in"] <= 306 * DAY_S
    assert (await get(sandbox, "/v2/userinfo", tokens["access_token"])).status == 200
    assert (await partner.refreshed(sandbox, tokens["refresh_token"])).status == 200


async def test_a_refresh_may_kill_the_earlier_access_token(sandbox: Sandbox) -> None:
    await switch(sandbox, "refresh_kills_access")
    partner = await with_flags(sandbox, "refresh_tokens")
    tokens = await partner.tokens(sandbox)
    refreshed = (await partner.refreshed(sandbox, tokens["refresh_token"])).json
    assert error(await get(sandbox, "/v2/userinfo", tokens["access_token"]))[1] == 65601
    assert (await get(sandbox, "/v2/userinfo", refreshed["access_token"])).status == 200


async def test_a_refresh_token_ends_a_year_after_the_consent_however_often_used(sandbox: Sandbox) -> None:
    partner = await with_flags(sandbox, "refresh_tokens")
    token = (await partner.tokens(sandbox))["refresh_token"]
    await sandbox.advance(364 * DAY_S)
    assert (await partner.refreshed(sandbox, token)).status == 200
    await sandbox.advance(DAY_S + 1)
    got = await partner.refreshed(sandbox, token)
    assert (got.status, got.json) == (
        400,
        {
            "error": "invalid_request",
            "error_description": "The provided authorization grant or refresh token is invalid, expired or revoked",
        },
    )


async def test_refresh_tokens_that_are_unknown_revoked_or_anothers_are_dead(sandbox: Sandbox) -> None:
    partner = await with_flags(sandbox, "refresh_tokens")
    other = await with_flags(sandbox, "refresh_tokens", client_id="other")
    token = (await partner.tokens(sandbox))["refresh_token"]
    assert (await partner.refreshed(sandbox, "never-issued")).status == 400
    assert (await LINKEDIN.refreshed(sandbox, "never-issued")).status == 400
    assert (await other.refreshed(sandbox, token)).status == 400
    await sandbox.control("POST", "revoke", {"platform": "linkedin", "person": "plenty"})
    assert (await partner.refreshed(sandbox, token)).status == 400


async def test_a_refresh_without_a_parameter_names_it(sandbox: Sandbox) -> None:
    got = await LINKEDIN.ask(sandbox, {"grant_type": "refresh_token"})
    assert (got.status, got.json["error_description"]) == (400, 'A required parameter "refresh_token" is missing')


# --- the end of a token -----------------------------------------------------------------------------------------------


async def test_revoking_ends_everything_the_member_granted_this_app(sandbox: Sandbox) -> None:
    first, second = await access_token(sandbox), await access_token(sandbox)
    elsewhere = (await (await with_flags(sandbox)).tokens(sandbox))["access_token"]
    client_id, secret = LINKEDIN.client
    sent = {"client_id": client_id, "client_secret": secret, "token": first}
    assert (await sandbox.send("POST", SITE, "/oauth/v2/revoke", data={**sent, "token": elsewhere})).status == 200
    assert (await get(sandbox, "/v2/userinfo", first)).status == 200
    got = await sandbox.send("POST", SITE, "/oauth/v2/revoke", data=sent)
    assert (got.status, got.text) == (200, "")
    assert [error(await get(sandbox, "/v2/userinfo", token))[1] for token in (first, second)] == [65601, 65601]
    assert (await get(sandbox, "/v2/userinfo", elsewhere)).status == 200
    assert (await sandbox.send("POST", SITE, "/oauth/v2/revoke", data={**sent, "client_secret": "x"})).status == 401


async def test_there_may_be_no_revocation_endpoint(sandbox: Sandbox) -> None:
    await switch(sandbox, "no_revocation")
    assert (await sandbox.send("POST", SITE, "/oauth/v2/revoke", data={"token": "t"})).status == 404


async def test_introspection_tells_active_revoked_expired_and_nothing_of_others(sandbox: Sandbox) -> None:
    client_id, secret = LINKEDIN.client

    async def told(token: str) -> dict[str, object]:
        sent = {"client_id": client_id, "client_secret": secret, "token": token}
        answer: dict[str, object] = (await sandbox.send("POST", SITE, "/oauth/v2/introspectToken", data=sent)).json
        return answer

    token, other = await access_token(sandbox), await access_token(sandbox, "single")
    assert set(await told(token)) == {
        "active", "client_id", "authorized_at", "created_at", "status", "expires_at", "scope", "auth_type",
    }  # fmt: skip
    assert ((await told(token))["status"], (await told(token))["auth_type"]) == ("active", "3L")
    await sandbox.control("POST", "revoke", {"platform": "linkedin", "person": "plenty"})
    assert ((await told(token))["status"], (await told(token))["active"]) == ("revoked", False)
    await sandbox.advance(61 * DAY_S)
    assert (await told(other))["status"] == "expired"
    assert await told("never-issued") == {"active": False}
    foreign = (await (await with_flags(sandbox)).tokens(sandbox))["access_token"]
    assert await told(foreign) == {"active": False}


# --- the member -------------------------------------------------------------------------------------------------------


async def test_userinfo_tells_what_the_scopes_cover(sandbox: Sandbox) -> None:
    bare = (await get(sandbox, "/v2/userinfo", await access_token(sandbox, scope="openid"))).json
    assert set(bare) == {"sub"}
    mail = (await get(sandbox, "/v2/userinfo", await access_token(sandbox, scope="openid email"))).json
    assert mail == {**bare, "email": "ana.lima@example.com", "email_verified": True}
    whole = (await get(sandbox, "/v2/userinfo", await access_token(sandbox))).json
    assert (whole["name"], whole["given_name"], whole["family_name"]) == ("Ana Lima", "Ana", "Lima")
    assert whole["locale"] == {"country": "US", "language": "en"}
    assert whole["picture"].startswith("https://media.licdn.com/")


async def test_a_picture_or_a_name_may_be_missing(sandbox: Sandbox) -> None:
    assert "picture" not in (await get(sandbox, "/v2/userinfo", await access_token(sandbox, "none"))).json
    nameless = (await get(sandbox, "/v2/userinfo", await access_token(sandbox, "single"))).json
    assert "name" not in nameless
    assert (nameless["given_name"], nameless["family_name"]) == ("Ben", "Okafor")


async def test_a_members_id_is_another_one_for_another_app(sandbox: Sandbox) -> None:
    ours = (await get(sandbox, "/v2/userinfo", await access_token(sandbox))).json["sub"]
    assert ours == (await get(sandbox, "/v2/userinfo", await access_token(sandbox))).json["sub"]
    elsewhere = (await (await with_flags(sandbox)).tokens(sandbox))["access_token"]
    assert (await get(sandbox, "/v2/userinfo", elsewhere)).json["sub"] != ours


async def test_userinfo_needs_openid(sandbox: Sandbox) -> None:
    token = await access_token(sandbox, scope="profile")
    assert error(await get(sandbox, "/v2/userinfo", token)) == (403, 100, "ACCESS_DENIED")


async def test_the_vanity_name_needs_the_basic_profile(sandbox: Sandbox) -> None:
    assert error(await get(sandbox, "/v2/me", await access_token(sandbox))) == (403, 100, "ACCESS_DENIED")
    token = await access_token(sandbox, scope="openid r_basicprofile")
    me = (await get(sandbox, "/v2/me", token)).json
    assert set(me) == {"id", "localizedFirstName", "localizedLastName", "vanityName", "profilePicture"}
    assert (me["vanityName"], me["localizedFirstName"]) == ("ana-lima-bakes", "Ana")
    assert me["id"] == (await get(sandbox, "/v2/userinfo", token)).json["sub"]


@pytest.mark.parametrize(("token", "message"), [(None, "Empty oauth2 access token"), ("x", "Invalid access token")])
async def test_a_missing_or_unknown_token_is_65600(sandbox: Sandbox, token: str | None, message: str) -> None:
    got = await get(sandbox, "/v2/userinfo", token)
    assert error(got) == (401, 65600, "INVALID_ACCESS_TOKEN")
    assert got.json["message"] == message


@pytest.mark.parametrize(
    ("switched", "expected"),
    [("errors_without_code", (401, 65600, None)), ("errors_without_number", (401, None, "INVALID_ACCESS_TOKEN"))],
)
async def test_either_kind_of_code_may_be_missing(
    sandbox: Sandbox, switched: str, expected: tuple[int, int | None, str | None]
) -> None:
    await switch(sandbox, switched)
    assert error(await get(sandbox, "/v2/userinfo", None)) == expected


async def test_a_path_linkedin_does_not_have_is_not_found(sandbox: Sandbox) -> None:
    assert error(await sandbox.send("GET", API, "/v2/coffee")) == (404, None, "NOT_FOUND")
