"""Threads as its sheet tells it. Facts: threads.md, by section."""

from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from tests.sandbox.conftest import Got, Sandbox
from tests.sandbox.instagram_calls import error
from tests.sandbox.instagram_calls import long_token as instagram_token
from tests.sandbox.oauth_platforms import THREADS
from tests.sandbox.refusals import STATE

GRAPH = "graph.threads.net"
DAY_S = 24 * 3600
SIXTY_DAYS_S = 5_183_944
ALL_FIELDS = "id,username,name,threads_profile_picture_url,threads_biography,is_verified"


async def switch(sandbox: Sandbox, **settings: bool) -> None:
    assert (await sandbox.control("POST", "threads/settings", settings)).status == 200


async def develop(sandbox: Sandbox, *flags: str) -> None:
    """Register the sandbox's own app anew with these flags."""
    app = {"platform": "threads", "client_id": THREADS.client[0], "client_secret": THREADS.client[1]}
    more = {"redirect_uris": [THREADS.callback(sandbox)], "flags": list(flags)}
    assert (await sandbox.control("POST", "apps", {**app, **more})).status == 201


async def short_token(sandbox: Sandbox, **consent: Any) -> str:
    token: str = (await THREADS.tokens(sandbox, **consent))["access_token"]
    return token


async def exchange(sandbox: Sandbox, token: str, **changes: str) -> Got:
    sent = {"grant_type": "th_exchange_token", "client_secret": THREADS.client[1], "access_token": token, **changes}
    return await sandbox.send("GET", GRAPH, "/access_token", params=sent)


async def long_token(sandbox: Sandbox, **consent: Any) -> str:
    got = await exchange(sandbox, await short_token(sandbox, **consent))
    assert got.status == 200, got.text
    token: str = got.json["access_token"]
    return token


async def refresh(sandbox: Sandbox, token: str) -> Got:
    sent = {"grant_type": "th_refresh_token", "access_token": token}
    return await sandbox.send("GET", GRAPH, "/refresh_access_token", params=sent)


async def me(sandbox: Sandbox, token: str, fields: str = ALL_FIELDS) -> Got:
    return await sandbox.send("GET", GRAPH, "/v1.0/me", params={"access_token": token, "fields": fields})


async def debug(sandbox: Sandbox, viewer: str, token: str) -> Got:
    params = {"access_token": viewer, "input_token": token}
    return await sandbox.send("GET", GRAPH, "/v1.0/debug_token", params=params)


# --- consent and callback ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("host", ["threads.net", "www.threads.net", "threads.com", "www.threads.com"])
async def test_four_hosts_ask_for_consent(sandbox: Sandbox, host: str) -> None:
    assert (await sandbox.send("GET", host, "/oauth/authorize", params=THREADS.query(sandbox))).status == 200


async def test_an_approval_ends_in_the_known_fragment_and_a_denial_does_not(sandbox: Sandbox) -> None:
    approved = (await THREADS.decide(sandbox)).headers["Location"]
    denied = (await THREADS.decide(sandbox, decision="deny")).headers["Location"]
    assert approved.startswith(f"{THREADS.callback(sandbox)}?code=AQB")
    assert approved.endswith(f"&state={STATE}#_")
    assert denied.endswith(f"&state={STATE}")


async def test_state_and_response_type_may_be_left_out(sandbox: Sandbox) -> None:
    got = await THREADS.decide(sandbox, changes={"state": None, "response_type": None})
    assert set(dict(parse_qsl(urlsplit(got.headers["Location"]).query))) == {"code"}


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("redirect_uri", "https://typo.example/", 1349168),
        ("client_id", "nobody", 1349026),
        ("client_id", None, 1349026),
        ("client_id", "sandbox-facebook", 4476002),
        ("scope", "make.coffee", 1),
        ("response_type", "token", 1),
    ],
)
async def test_faults_of_the_request_are_shown_as_json(
    sandbox: Sandbox, name: str, value: str | None, code: int
) -> None:
    got = await THREADS.open_page(sandbox, {name: value})
    assert (got.status, set(got.json)) == (400, {"error_message", "error_code"})
    assert got.json["error_code"] == code


async def test_an_app_in_development_is_for_its_tester(sandbox: Sandbox) -> None:
    await develop(sandbox, "development")
    got = await THREADS.decide(sandbox, person="single")
    assert (got.status, got.json["error_code"]) == (400, 1349245)
    assert (await THREADS.decide(sandbox, person="plenty")).status == 302
    assert (await THREADS.decide(sandbox, person="single", decision="deny")).status == 302


# --- the code exchange ------------------------------------------------------------------------------------------------


async def test_the_code_exchange_answers_with_a_token_and_a_large_number(sandbox: Sandbox) -> None:
    answer = await THREADS.tokens(sandbox)
    assert set(answer) == {"access_token", "user_id"}
    assert answer["access_token"].startswith("THQVJ")
    assert answer["user_id"] == 17841499900000201 > 2**53


async def test_a_code_is_traded_by_get_and_on_the_newer_host_as_well(sandbox: Sandbox) -> None:
    sent = THREADS.exchange(sandbox, await THREADS.code(sandbox))
    assert (await sandbox.send("GET", "graph.threads.com", "/oauth/access_token", params=sent)).status == 200


async def test_a_wrong_secret_can_be_told_as_a_wrong_redirect_uri(sandbox: Sandbox) -> None:
    await switch(sandbox, secret_error_as_redirect=True)
    got = await THREADS.redeem(sandbox, await THREADS.code(sandbox), {"client_secret": "wrong"})
    assert got.json["error_message"].startswith("Error validating verification code.")


@pytest.mark.parametrize(
    ("name", "value", "code", "message"),
    [
        ("redirect_uri", "https://typo.example/", 100, "Invalid redirect_uri"),
        ("client_id", "nobody", 101, "Invalid platform app"),
        ("client_secret", "wrong", 100, "Error validating client secret"),
        ("code", "never-issued", 100, "Matching code was not found or was already used"),
    ],
)
async def test_a_refused_exchange_can_come_in_graphs_envelope(
    sandbox: Sandbox, name: str, value: str, code: int, message: str
) -> None:
    await switch(sandbox, graph_token_errors=True)
    got = await THREADS.redeem(sandbox, await THREADS.code(sandbox), {name: value})
    assert error(got) == (400, code, None)
    assert got.json["error"]["message"] == message
    assert got.json["error"]["type"] == "OAuthException"


# --- sixty days -------------------------------------------------------------------------------------------------------


async def test_a_short_token_lives_an_hour_and_a_long_one_sixty_days(sandbox: Sandbox) -> None:
    short = await short_token(sandbox)
    got = await exchange(sandbox, short)
    long = got.json["access_token"]
    assert got.json == {"access_token": long, "token_type": "bearer", "expires_in": SIXTY_DAYS_S}
    await sandbox.advance(3601)
    assert error(await me(sandbox, short)) == (400, 190, 463)
    assert error(await exchange(sandbox, short)) == (400, 190, 463)
    await sandbox.advance(59 * DAY_S)
    assert (await me(sandbox, long)).status == 200
    await sandbox.advance(DAY_S)
    assert error(await me(sandbox, long)) == (400, 190, 463)
    assert error(await refresh(sandbox, long)) == (400, 190, 463)


async def test_the_second_exchange_needs_the_secret_and_a_short_token(sandbox: Sandbox) -> None:
    token = await short_token(sandbox)
    got = await exchange(sandbox, token, client_secret="wrong")
    assert got.json["error"]["message"] == "Error validating client secret"
    long = (await exchange(sandbox, token)).json["access_token"]
    assert error(await exchange(sandbox, long)) == (400, 100, None)
    assert error(await exchange(sandbox, token, grant_type="ig_exchange_token")) == (400, 100, None)


async def test_a_refresh_takes_a_long_token_of_a_day(sandbox: Sandbox) -> None:
    short = await short_token(sandbox)
    token = (await exchange(sandbox, short)).json["access_token"]
    assert error(await refresh(sandbox, short)) == (400, 100, None)
    assert error(await refresh(sandbox, token)) == (400, 100, None)
    await sandbox.advance(DAY_S + 1)
    got = await refresh(sandbox, token)
    assert set(got.json) == {"access_token", "token_type", "expires_in"}
    assert got.json["expires_in"] == SIXTY_DAYS_S
    assert (await me(sandbox, token)).status == 200
    assert (await me(sandbox, got.json["access_token"])).status == 200


async def test_the_token_asked_with_can_be_extended_or_killed(sandbox: Sandbox) -> None:
    token = await long_token(sandbox)
    await sandbox.advance(30 * DAY_S)
    await switch(sandbox, refresh_keeps_token=True)
    assert (await refresh(sandbox, token)).json["access_token"] == token
    await sandbox.advance(40 * DAY_S)
    await switch(sandbox, refresh_keeps_token=False, refresh_ends_old_token=True)
    fresh = (await refresh(sandbox, token)).json["access_token"]
    assert error(await me(sandbox, token)) == (400, 190, 460)
    assert (await me(sandbox, fresh)).status == 200


@pytest.mark.parametrize(("renews", "alive"), [(False, False), (True, True)])
async def test_the_grant_of_a_private_profile_lapses_after_ninety_days(
    sandbox: Sandbox, renews: bool, alive: bool
) -> None:
    await switch(sandbox, refresh_renews_private_grant=renews)
    private, public = await long_token(sandbox, person="single"), await long_token(sandbox)
    await sandbox.advance(45 * DAY_S)
    private = (await refresh(sandbox, private)).json["access_token"]
    public = (await refresh(sandbox, public)).json["access_token"]
    await sandbox.advance(46 * DAY_S)
    assert (await me(sandbox, public)).status == 200
    got = await me(sandbox, private)
    assert got.status == 200 if alive else error(got) == (400, 190, None)


async def test_an_expired_token_can_be_told_as_a_missing_resource(sandbox: Sandbox) -> None:
    await switch(sandbox, expired_as_missing=True)
    token = await short_token(sandbox)
    await sandbox.advance(3601)
    got = await me(sandbox, token)
    assert error(got) == (400, 100, None)
    assert got.json["error"]["message"] == "The requested resource does not exist"


# --- the profile ------------------------------------------------------------------------------------------------------


async def test_me_tells_the_profile_with_a_textual_id(sandbox: Sandbox) -> None:
    token = await long_token(sandbox)
    profile = (await me(sandbox, token)).json
    assert set(profile) == set(ALL_FIELDS.split(","))
    assert (profile["id"], profile["username"]) == ("17841499900000201", "northwind.bakery")
    assert set((await me(sandbox, token, "username")).json) == {"id", "username"}
    assert (await sandbox.send("GET", GRAPH, "/v1.0/me", token=token)).json == {"id": profile["id"]}


async def test_fields_without_a_value_are_left_out(sandbox: Sandbox) -> None:
    profile = (await me(sandbox, await long_token(sandbox, person="none"))).json
    assert set(profile) == {"id", "username", "is_verified"}


async def test_an_odd_name_comes_as_it_is(sandbox: Sandbox) -> None:
    profile = (await me(sandbox, await long_token(sandbox, person="crowd"))).json
    assert profile["name"] == "  <b>Sommer</b> & Daughters \u202e🧵 "


async def test_every_call_needs_the_basic_scope(sandbox: Sandbox) -> None:
    token = await long_token(sandbox, without=("threads_basic",))
    assert error(await me(sandbox, token)) == (400, 10, None)
    await sandbox.advance(2 * DAY_S)
    assert error(await refresh(sandbox, token)) == (400, 10, None)


async def test_unknown_fields_tokens_and_paths_are_refused(sandbox: Sandbox) -> None:
    token = await short_token(sandbox)
    assert error(await me(sandbox, token, "shoe_size")) == (400, 100, None)
    assert error(await me(sandbox, await instagram_token(sandbox))) == (400, 190, None)
    assert error(await sandbox.send("GET", GRAPH, "/v25.0/me", token=token)) == (400, 100, None)


async def test_a_removed_app_has_dead_tokens(sandbox: Sandbox) -> None:
    token = await long_token(sandbox)
    await sandbox.control("POST", "revoke", {"platform": "threads", "person": "plenty"})
    assert error(await me(sandbox, token)) == (400, 190, 460)


# --- debug_token ------------------------------------------------------------------------------------------------------


async def test_debug_token_answers_testers_of_the_app_only(sandbox: Sandbox) -> None:
    token, other = await long_token(sandbox), await long_token(sandbox, person="single", without=THREADS.scopes[2:])
    assert error(await debug(sandbox, token, other)) == (400, 10, None)
    await develop(sandbox, "development")
    told = (await debug(sandbox, token, other)).json["data"]
    assert (told["type"], told["application"], told["is_valid"]) == ("USER", "sandbox-threads", True)
    assert told["scopes"] == list(THREADS.scopes[:2])
    assert told["expires_at"] - told["issued_at"] == SIXTY_DAYS_S
    assert told["user_id"] == "17841499900000202"


async def test_debug_token_tells_a_dead_token_by_200(sandbox: Sandbox) -> None:
    token, short = await long_token(sandbox), await short_token(sandbox)
    await develop(sandbox, "development")
    await sandbox.advance(3601)
    got = await debug(sandbox, token, short)
    assert (got.status, got.json["data"]["is_valid"]) == (200, False)
    assert error(await debug(sandbox, token, "garbage")) == (400, 100, None)


async def test_debug_token_can_take_the_apps_own_token(sandbox: Sandbox) -> None:
    token, app_token = await long_token(sandbox), f"TH|{THREADS.client[0]}|{THREADS.client[1]}"
    assert error(await debug(sandbox, app_token, token)) == (400, 190, None)
    await switch(sandbox, app_token_debugs=True)
    assert (await debug(sandbox, app_token, token)).json["data"]["is_valid"] is True
    assert error(await debug(sandbox, "TH|sandbox-threads|wrong", token)) == (400, 190, None)
