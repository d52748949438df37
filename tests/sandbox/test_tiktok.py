"""TikTok's Login Kit as its sheet tells it. Facts: tiktok.md, by section."""

import hashlib
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from tests.sandbox.conftest import Got, Sandbox
from tests.sandbox.oauth_platforms import TIKTOK
from tests.sandbox.refusals import CHALLENGE, STATE, VERIFIER, OAuthUnderTest, callback_of

API = "open.tiktokapis.com"
ME = "open_id,union_id,avatar_url,display_name,username"
HEX_CHALLENGE = hashlib.sha256(VERIFIER.encode()).hexdigest()
DESKTOP_APP = replace(TIKTOK, client_id="desk", client_secret="desk-secret-0123456789")


async def switch(sandbox: Sandbox, **settings: bool) -> None:
    assert (await sandbox.control("POST", "tiktok/settings", settings)).status == 200


async def register(sandbox: Sandbox, under: OAuthUnderTest, *flags: str, uri: str | None = None) -> None:
    app = {"platform": "tiktok", "client_id": under.client[0], "client_secret": under.client[1], "flags": list(flags)}
    uris = [uri or under.callback(sandbox)]
    assert (await sandbox.control("POST", "apps", {**app, "redirect_uris": uris})).status == 201


async def me(sandbox: Sandbox, token: str | None, fields: str | None = ME) -> Got:
    params = {} if fields is None else {"fields": fields}
    return await sandbox.send("GET", API, "/v2/user/info/", token=token, params=params)


async def revoke(sandbox: Sandbox, token: str, **changes: str) -> Got:
    sent = {"client_key": TIKTOK.client[0], "client_secret": TIKTOK.client[1], "token": token, **changes}
    return await sandbox.send("POST", API, "/v2/oauth/revoke/", data=sent)


def told(got: Got) -> tuple[int, str]:
    return got.status, got.json["error"]["code"]


# --- consent and callback ---------------------------------------------------------------------------------------------


async def test_the_callback_carries_code_scopes_and_state_in_this_order(sandbox: Sandbox) -> None:
    got = await TIKTOK.decide(sandbox, without=("video.publish",))
    query = urlsplit(got.headers["Location"]).query
    assert [name for name, _ in parse_qsl(query)] == ["code", "scopes", "state"]
    assert callback_of(got)["scopes"] == "user.info.basic,user.info.profile,user.info.stats"


async def test_the_code_holds_characters_that_come_encoded(sandbox: Sandbox) -> None:
    query = urlsplit((await TIKTOK.decide(sandbox)).headers["Location"]).query
    raw = query.removeprefix("code=").partition("&")[0]
    assert raw.endswith("%2A0%214321.va")
    assert (await TIKTOK.redeem(sandbox, raw)).json["error"] == "invalid_grant"
    assert (await TIKTOK.redeem(sandbox, dict(parse_qsl(query))["code"])).status == 200


async def test_a_client_id_is_no_client_key(sandbox: Sandbox) -> None:
    named_otherwise = replace(TIKTOK, client_field="client_id")
    assert (await named_otherwise.open_page(sandbox)).status == 400
    got = await named_otherwise.redeem(sandbox, await TIKTOK.code(sandbox))
    assert (got.status, got.json["error_description"]) == (400, "The request parameters are malformed.")


async def test_the_error_page_names_what_to_correct(sandbox: Sandbox) -> None:
    for name, shown in (("client_id", "client_key"), ("redirect_uri", "redirect_uri"), ("state", "state")):
        page = (await TIKTOK.open_page(sandbox, {name: None})).text
        assert "Something went wrong" in page
        assert f"Correct the following and try again: {shown}" in page


async def test_an_unknown_scope_is_told_to_the_callback(sandbox: Sandbox) -> None:
    sent_back = callback_of(await TIKTOK.open_page(sandbox, {"scope": "user.info.basic,make.coffee"}))
    assert (sent_back["error"], sent_back["state"]) == ("invalid_scope", STATE)


async def test_a_redirect_uri_has_no_query_and_under_512_characters(sandbox: Sandbox) -> None:
    stem = "https://own.example/"
    for uri, status in ((stem + "?a=1", 400), (stem + "x" * 492, 400), (stem + "x" * 491, 200)):
        await register(sandbox, DESKTOP_APP, uri=uri)
        assert (await DESKTOP_APP.open_page(sandbox, {"redirect_uri": uri})).status == status


async def test_an_app_in_tiktoks_sandbox_is_for_its_target_users(sandbox: Sandbox) -> None:
    await register(sandbox, TIKTOK, "sandbox_app")
    sent_back = callback_of(await TIKTOK.decide(sandbox, person="single"))
    assert sent_back == {"error": "access_denied", "error_type": "non_sandbox_target", "state": STATE}
    assert "code" in callback_of(await TIKTOK.decide(sandbox, person="plenty"))


async def test_a_valid_session_can_skip_the_page_unless_forbidden(sandbox: Sandbox) -> None:
    await switch(sandbox, auto_auth=True)
    assert (await TIKTOK.open_page(sandbox)).status == 200
    await TIKTOK.tokens(sandbox, person="single", without=("video.publish",))
    assert (await TIKTOK.open_page(sandbox)).status == 200
    known = await TIKTOK.tokens(sandbox, person="single")
    assert (await TIKTOK.open_page(sandbox, {"disable_auto_auth": "1"})).status == 200
    tokens = await TIKTOK.redeem(sandbox, callback_of(await TIKTOK.open_page(sandbox))["code"])
    assert tokens.json["open_id"] == known["open_id"]


# --- desktop apps -----------------------------------------------------------------------------------------------------


async def test_a_desktop_app_needs_a_challenge_by_s256(sandbox: Sandbox) -> None:
    await register(sandbox, DESKTOP_APP, "desktop")
    assert (await DESKTOP_APP.open_page(sandbox)).status == 400
    plain = {"code_challenge": VERIFIER, "code_challenge_method": "plain"}
    assert (await DESKTOP_APP.open_page(sandbox, plain)).status == 400


@pytest.mark.parametrize(
    ("challenge", "verifier", "status"),
    [
        (HEX_CHALLENGE, VERIFIER, 200),
        (HEX_CHALLENGE.upper(), VERIFIER, 400),
        (CHALLENGE, VERIFIER, 400),
        (HEX_CHALLENGE, VERIFIER[::-1], 400),
        (HEX_CHALLENGE, None, 400),
    ],
)
async def test_a_challenge_is_lower_case_hex_and_fails_at_the_token_endpoint_only(
    sandbox: Sandbox, challenge: str, verifier: str | None, status: int
) -> None:
    await register(sandbox, DESKTOP_APP, "desktop")
    changes = {"code_challenge": challenge, "code_challenge_method": "S256"}
    code = await DESKTOP_APP.code(sandbox, changes=changes)
    got = await DESKTOP_APP.redeem(sandbox, code, {"code_verifier": verifier})
    assert got.status == status
    if status == 400:
        assert got.json["error_description"] == "Code verifier or code challenge is invalid."


@pytest.mark.parametrize(
    ("uri", "status"),
    [
        ("http://localhost:3455/callback/", 200),
        ("http://localhost:51999/callback/", 200),
        ("http://localhost/callback/", 200),
        ("http://127.0.0.1:3455/callback/", 400),
        ("http://localhost:3455/other/", 400),
        ("http://localhost:notaport/callback/", 400),
        ("http://[broken", 400),
        ("https://localhost:51999/callback/", 400),
    ],
)
async def test_a_desktop_app_may_listen_on_any_port_of_its_own_machine(sandbox: Sandbox, uri: str, status: int) -> None:
    await register(sandbox, DESKTOP_APP, "desktop", uri="http://localhost:3455/callback/")
    await sandbox.control("POST", "settings", {"strict_https": True})
    challenge = {"code_challenge": HEX_CHALLENGE, "code_challenge_method": "S256"}
    assert (await DESKTOP_APP.open_page(sandbox, {"redirect_uri": uri, **challenge})).status == status


async def test_a_web_app_may_send_a_verifier_that_nobody_looks_at(sandbox: Sandbox) -> None:
    code = await TIKTOK.code(sandbox, changes={"code_challenge": "c", "code_challenge_method": "S256"})
    assert (await TIKTOK.redeem(sandbox, code, {"code_verifier": "v"})).status == 200


# --- tokens -----------------------------------------------------------------------------------------------------------


async def test_the_token_answer_has_the_documented_shape(sandbox: Sandbox) -> None:
    tokens = await TIKTOK.tokens(sandbox, without=("video.publish",))
    assert set(tokens) == {
        "access_token", "expires_in", "open_id", "refresh_expires_in", "refresh_token", "scope", "token_type",
    }  # fmt: skip
    assert (tokens["expires_in"], tokens["refresh_expires_in"]) == (7200, 15_552_000)
    assert (tokens["access_token"][:4], tokens["refresh_token"][:4]) == ("act.", "rft.")
    assert (tokens["scope"], tokens["token_type"]) == ("user.info.basic,user.info.profile,user.info.stats", "Bearer")


async def test_the_trailing_slash_is_required(sandbox: Sandbox) -> None:
    without_slash = replace(TIKTOK, token=(API, "/v2/oauth/token"))
    assert (await without_slash.redeem(sandbox, await TIKTOK.code(sandbox))).status == 404


async def test_errors_can_come_with_200(sandbox: Sandbox) -> None:
    await switch(sandbox, errors_with_200=True)
    got = await TIKTOK.redeem(sandbox, "never-issued")
    assert (got.status, set(got.json)) == (200, {"error", "error_description", "log_id"})
    assert told(await me(sandbox, None)) == (200, "access_token_invalid")


async def test_a_refresh_gives_a_new_pair_and_the_one_sent_stops_working(sandbox: Sandbox) -> None:
    first = await TIKTOK.tokens(sandbox)
    await sandbox.advance(24 * 3600)
    second = (await TIKTOK.refreshed(sandbox, first["refresh_token"])).json
    assert set(second) == set(first)
    assert (second["expires_in"], second["refresh_expires_in"]) == (7200, 15_552_000)
    assert (await TIKTOK.refreshed(sandbox, first["refresh_token"])).json["error"] == "invalid_grant"
    assert (await TIKTOK.refreshed(sandbox, second["refresh_token"])).status == 200


async def test_tokens_die_after_two_hours_and_after_180_days(sandbox: Sandbox) -> None:
    tokens = await TIKTOK.tokens(sandbox)
    await sandbox.advance(7190)
    assert (await me(sandbox, tokens["access_token"])).status == 200
    await sandbox.advance(11)
    assert told(await me(sandbox, tokens["access_token"])) == (401, "access_token_invalid")
    await sandbox.advance(15_552_000 - 7200)
    assert (await TIKTOK.refreshed(sandbox, tokens["refresh_token"])).status == 400


async def test_the_older_lifetimes_can_be_switched_on(sandbox: Sandbox) -> None:
    await switch(sandbox, older_lifetimes=True)
    tokens = await TIKTOK.tokens(sandbox)
    assert (tokens["expires_in"], tokens["refresh_expires_in"]) == (86_400, 31_536_000)
    await sandbox.advance(86_000)
    assert (await me(sandbox, tokens["access_token"])).status == 200
    await switch(sandbox, older_lifetimes=False)
    assert (await TIKTOK.refreshed(sandbox, tokens["refresh_token"])).json["expires_in"] == 7200


async def test_the_life_of_refresh_tokens_can_run_on(sandbox: Sandbox) -> None:
    await switch(sandbox, refresh_life_runs_on=True)
    first = await TIKTOK.tokens(sandbox)
    await sandbox.advance(24 * 3600)
    second = (await TIKTOK.refreshed(sandbox, first["refresh_token"])).json
    assert 15_552_000 - 24 * 3600 - 5 <= second["refresh_expires_in"] <= 15_552_000 - 24 * 3600


@pytest.mark.parametrize("ends", [False, True])
async def test_a_refresh_leaves_the_old_access_token_alive_or_ends_it(sandbox: Sandbox, ends: bool) -> None:
    await switch(sandbox, refresh_ends_access=ends)
    first = await TIKTOK.tokens(sandbox)
    second = (await TIKTOK.refreshed(sandbox, first["refresh_token"])).json
    assert (await me(sandbox, first["access_token"])).status == (401 if ends else 200)
    assert (await me(sandbox, second["access_token"])).status == 200


# --- the user ---------------------------------------------------------------------------------------------------------


async def test_success_carries_an_error_object_too(sandbox: Sandbox) -> None:
    tokens = await TIKTOK.tokens(sandbox)
    answer = (await me(sandbox, tokens["access_token"])).json
    assert (answer["error"]["code"], answer["error"]["message"]) == ("ok", "")
    user = answer["data"]["user"]
    assert set(user) == set(ME.split(","))
    assert (user["username"], user["display_name"]) == ("northwind.bakery", "Northwind Bakery")
    assert user["open_id"] == tokens["open_id"]
    assert user["open_id"].count("-") == 4


async def test_open_ids_differ_by_app_and_union_ids_do_not(sandbox: Sandbox) -> None:
    await register(sandbox, DESKTOP_APP)
    users = []
    for under in (TIKTOK, DESKTOP_APP):
        token = (await under.tokens(sandbox))["access_token"]
        users.append((await me(sandbox, token)).json["data"]["user"])
    assert users[0]["open_id"] != users[1]["open_id"]
    assert users[0]["union_id"] == users[1]["union_id"]


async def test_an_odd_name_comes_as_it_is(sandbox: Sandbox) -> None:
    token = (await TIKTOK.tokens(sandbox, person="crowd"))["access_token"]
    user = (await me(sandbox, token)).json["data"]["user"]
    assert user["display_name"] == "<b>Sommer</b> & Daughters \u202e🧵  "


@pytest.mark.parametrize("fields", [None, "", "open_id,shoe_size"])
async def test_fields_are_required_and_must_exist(sandbox: Sandbox, fields: str | None) -> None:
    token = (await TIKTOK.tokens(sandbox))["access_token"]
    assert told(await me(sandbox, token, fields)) == (400, "invalid_params")


async def test_one_field_without_its_scope_fails_the_whole_call(sandbox: Sandbox) -> None:
    token = (await TIKTOK.tokens(sandbox, without=("user.info.profile",)))["access_token"]
    got = await me(sandbox, token)
    assert (told(got), got.json["data"]) == ((401, "scope_not_authorized"), {})
    assert (await me(sandbox, token, "open_id,display_name,follower_count")).status == 200
    await switch(sandbox, scope_missing_is_400=True)
    assert told(await me(sandbox, token)) == (400, "scope_permission_missed")


@pytest.mark.parametrize("token", [None, "never-issued"])
async def test_an_unknown_or_missing_access_token_is_invalid(sandbox: Sandbox, token: str | None) -> None:
    assert told(await me(sandbox, token)) == (401, "access_token_invalid")


async def test_errors_of_resources_can_be_flat(sandbox: Sandbox) -> None:
    await switch(sandbox, flat_errors=True)
    assert set((await me(sandbox, None)).json) == {"code", "message", "log_id"}


async def test_a_token_has_600_calls_in_a_sliding_minute(sandbox: Sandbox) -> None:
    token, other = [(await TIKTOK.tokens(sandbox))["access_token"] for _ in range(2)]
    statuses = {(await me(sandbox, token, "open_id")).status for _ in range(600)}
    assert statuses == {200}
    assert told(await me(sandbox, token)) == (429, "rate_limit_exceeded")
    assert (await me(sandbox, other)).status == 200
    await sandbox.advance(60)
    assert (await me(sandbox, token)).status == 200


# --- the end ----------------------------------------------------------------------------------------------------------


async def test_revoking_disconnects_the_app_from_the_account(sandbox: Sandbox) -> None:
    first, second = await TIKTOK.tokens(sandbox), await TIKTOK.tokens(sandbox)
    other: dict[str, Any] = await TIKTOK.tokens(sandbox, person="single")
    got = await revoke(sandbox, first["access_token"])
    assert (got.status, got.raw) == (200, b"")
    for tokens in (first, second):
        assert told(await me(sandbox, tokens["access_token"])) == (401, "access_token_invalid")
        assert (await TIKTOK.refreshed(sandbox, tokens["refresh_token"])).json["error"] == "invalid_grant"
    assert (await me(sandbox, other["access_token"])).status == 200


async def test_a_revocation_can_answer_with_braces(sandbox: Sandbox) -> None:
    await switch(sandbox, revoke_answers_braces=True)
    assert (await revoke(sandbox, (await TIKTOK.tokens(sandbox))["access_token"])).json == {}


async def test_revoking_needs_the_apps_proof_and_a_live_token_of_the_app(sandbox: Sandbox) -> None:
    token = (await TIKTOK.tokens(sandbox))["access_token"]
    assert (await revoke(sandbox, token, client_secret="wrong")).json["error"] == "invalid_client"
    assert (await revoke(sandbox, "")).json["error"] == "invalid_request"
    await register(sandbox, DESKTOP_APP)
    foreign = {"client_key": DESKTOP_APP.client[0], "client_secret": DESKTOP_APP.client[1]}
    assert (await revoke(sandbox, token, **foreign)).json["error"] == "invalid_grant"
    await sandbox.advance(7201)
    assert (await revoke(sandbox, token)).json["error"] == "invalid_grant"


async def test_a_removed_app_has_dead_tokens(sandbox: Sandbox) -> None:
    token = (await TIKTOK.tokens(sandbox))["access_token"]
    await sandbox.control("POST", "revoke", {"platform": "tiktok", "person": "plenty"})
    assert told(await me(sandbox, token)) == (401, "access_token_invalid")


async def test_a_wrong_method_is_refused(sandbox: Sandbox) -> None:
    got = await sandbox.send("GET", API, "/v2/oauth/token/")
    assert (got.status, got.headers["Allow"]) == (405, "POST")
