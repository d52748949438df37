"""Reddit's OAuth as its sheet tells it. Facts: reddit.md, by section."""

from dataclasses import replace
from urllib.parse import urlsplit

import pytest

from tests.sandbox.conftest import Sandbox
from tests.sandbox.oauth_list_platforms import REDDIT
from tests.sandbox.reddit_calls import (
    AGENT,
    API,
    OTHER,
    SITE,
    TEMPORARY,
    access_token,
    get,
    register_other,
    revoke,
    switch,
)
from tests.sandbox.refusals import STATE, callback_of

DAY_S = 24 * 3600

# --- the authorization request ----------------------------------------------------------------------------------------


async def test_an_approval_has_the_state_first_and_a_trailing_fragment(sandbox: Sandbox) -> None:
    location = (await REDDIT.decide(sandbox)).headers["Location"]
    assert urlsplit(location).query.startswith("state=")
    assert location.endswith("#_")
    denial = (await REDDIT.decide(sandbox, decision="deny")).headers["Location"]
    assert urlsplit(denial).query == f"state={STATE}&error=access_denied"
    assert "#" not in denial


async def test_the_fragment_may_be_missing(sandbox: Sandbox) -> None:
    await switch(sandbox, "no_fragment")
    assert "#" not in (await REDDIT.decide(sandbox)).headers["Location"]


async def test_phones_have_a_page_of_their_own(sandbox: Sandbox) -> None:
    compact = replace(REDDIT, authorize=(SITE, "/api/v1/authorize.compact"))
    assert (await compact.open_page(sandbox)).status == 200
    assert (await compact.tokens(sandbox))["token_type"] == "bearer"


@pytest.mark.parametrize("changes", [{"state": "ümlaut"}, {"state": "tab\t"}, {"duration": "for ever"}], ids=str)
async def test_a_state_is_printable_and_a_duration_one_of_two(sandbox: Sandbox, changes: dict[str, str]) -> None:
    assert (await REDDIT.open_page(sandbox, changes)).status == 400


async def test_scopes_may_be_parted_by_commas(sandbox: Sandbox) -> None:
    assert (await REDDIT.open_page(sandbox, {"scope": "identity,mysubreddits"})).status == 200


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"client_id": "nobody"}, "invalid client id"),
        ({"redirect_uri": "https://typo.example/"}, "invalid redirect_uri parameter"),
        ({"scope": "make.coffee"}, "invalid scope requested"),
        ({"response_type": "token"}, "invalid response type"),
    ],
)
async def test_the_page_names_what_is_wrong(sandbox: Sandbox, changes: dict[str, str], words: str) -> None:
    assert words in (await REDDIT.open_page(sandbox, changes)).text


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"scope": "make.coffee"}, "invalid_scope"),
        ({"response_type": "token"}, "unsupported_response_type"),
    ],
)
async def test_two_of_them_may_be_told_to_the_callback(sandbox: Sandbox, changes: dict[str, str], error: str) -> None:
    await switch(sandbox, "request_errors_sent_back")
    assert callback_of(await REDDIT.open_page(sandbox, changes)) == {"state": STATE, "error": error}
    assert (await REDDIT.open_page(sandbox, {"client_id": "nobody"})).status == 400


async def test_the_scopes_are_listed(sandbox: Sandbox) -> None:
    told = (await sandbox.send("GET", SITE, "/api/v1/scopes.json", headers=AGENT)).json
    assert set(REDDIT.scopes) <= set(told)
    assert told["identity"]["id"] == "identity"


# --- tokens -----------------------------------------------------------------------------------------------------------


async def test_the_token_answer_has_the_documented_shape(sandbox: Sandbox) -> None:
    tokens = await REDDIT.tokens(sandbox)
    assert set(tokens) == {"access_token", "token_type", "expires_in", "refresh_token", "scope"}
    assert (tokens["token_type"], tokens["expires_in"]) == ("bearer", 86400)
    assert set(tokens["scope"].split(" ")) == set(REDDIT.scopes)
    assert len(tokens["access_token"]) > 500


async def test_an_access_token_may_be_short(sandbox: Sandbox) -> None:
    await switch(sandbox, "opaque_tokens")
    assert len((await REDDIT.tokens(sandbox))["access_token"]) < 100


async def test_a_temporary_consent_has_nothing_to_refresh_and_dies_after_a_day(sandbox: Sandbox) -> None:
    tokens = await TEMPORARY.tokens(sandbox)
    assert "refresh_token" not in tokens
    await sandbox.advance(DAY_S - 10)
    assert (await get(sandbox, "/api/v1/me", tokens["access_token"])).status == 200
    await sandbox.advance(11)
    assert (await get(sandbox, "/api/v1/me", tokens["access_token"])).status == 401


async def test_credentials_in_the_body_are_not_read(sandbox: Sandbox) -> None:
    wrong = {"client_id": "somebody", "client_secret": "wrong"}
    assert (await REDDIT.redeem(sandbox, await REDDIT.code(sandbox), wrong)).json["token_type"] == "bearer"


async def test_wrong_credentials_are_challenged(sandbox: Sandbox) -> None:
    got = await replace(REDDIT, client_secret="wrong").redeem(sandbox, "c")
    assert (got.status, got.json) == (401, {"message": "Unauthorized", "error": 401})
    assert got.headers["www-authenticate"] == 'Basic realm="reddit"'


async def test_a_password_is_for_scripts_and_an_unknown_grant_type_unsupported(sandbox: Sandbox) -> None:
    got = await REDDIT.ask(sandbox, {"grant_type": "password"})
    assert (got.status, got.json) == (
        200,
        {"error": "unauthorized_client", "error_description": "Only script apps may use password auth"},
    )
    got = await REDDIT.ask(sandbox, {"grant_type": "telepathy"})
    assert (got.status, got.json) == (200, {"error": "unsupported_grant_type"})


async def test_a_refused_grant_may_be_400(sandbox: Sandbox) -> None:
    assert (await REDDIT.redeem(sandbox, "never-issued")).status == 200
    await switch(sandbox, "grant_errors_400")
    got = await REDDIT.redeem(sandbox, "never-issued")
    assert (got.status, got.json) == (400, {"error": "invalid_grant"})


# --- refresh ----------------------------------------------------------------------------------------------------------


async def test_a_refresh_answers_with_the_same_refresh_token_and_it_never_ends(sandbox: Sandbox) -> None:
    first = await REDDIT.tokens(sandbox)
    for _ in range(2):
        await sandbox.advance(700 * DAY_S)
        got = (await REDDIT.refreshed(sandbox, first["refresh_token"])).json
        assert got["refresh_token"] == first["refresh_token"]
        assert got["access_token"] != first["access_token"]
        assert (await get(sandbox, "/api/v1/me", got["access_token"])).status == 200


async def test_a_refresh_leaves_the_earlier_access_token_alive(sandbox: Sandbox) -> None:
    first = await REDDIT.tokens(sandbox)
    await REDDIT.refreshed(sandbox, first["refresh_token"])
    assert (await get(sandbox, "/api/v1/me", first["access_token"])).status == 200


async def test_a_dead_refresh_token_is_400_with_a_number(sandbox: Sandbox) -> None:
    await register_other(sandbox)
    token = (await REDDIT.tokens(sandbox))["refresh_token"]
    for got in (await REDDIT.refreshed(sandbox, "never-issued"), await OTHER.refreshed(sandbox, token)):
        assert (got.status, got.json) == (400, {"message": "Bad Request", "error": 400})
    await switch(sandbox, "bare_refresh_refusal")
    assert (await REDDIT.refreshed(sandbox, "never-issued")).json == {"error": 400}


async def test_a_refresh_without_a_token_is_an_invalid_request(sandbox: Sandbox) -> None:
    assert (await REDDIT.ask(sandbox, {"grant_type": "refresh_token"})).json == {"error": "invalid_request"}


# --- revocation -------------------------------------------------------------------------------------------------------


async def test_revoking_a_refresh_token_kills_its_access_tokens(sandbox: Sandbox) -> None:
    first = await REDDIT.tokens(sandbox)
    second = (await REDDIT.refreshed(sandbox, first["refresh_token"])).json
    other = await access_token(sandbox)
    got = await revoke(sandbox, first["refresh_token"])
    assert (got.status, got.text) == (200, "")
    for token in (first["access_token"], second["access_token"]):
        assert (await get(sandbox, "/api/v1/me", token)).status == 401
    assert (await REDDIT.refreshed(sandbox, first["refresh_token"])).status == 400
    assert (await get(sandbox, "/api/v1/me", other)).status == 200


async def test_revoking_an_access_token_kills_that_one(sandbox: Sandbox) -> None:
    tokens = await REDDIT.tokens(sandbox)
    assert (await revoke(sandbox, tokens["access_token"])).status == 200
    assert (await get(sandbox, "/api/v1/me", tokens["access_token"])).status == 401
    assert (await REDDIT.refreshed(sandbox, tokens["refresh_token"])).status == 200


async def test_revoking_an_unknown_token_succeeds_and_anothers_does_not(sandbox: Sandbox) -> None:
    await register_other(sandbox)
    assert (await revoke(sandbox, "never-issued")).status == 200
    token = (await REDDIT.tokens(sandbox))["refresh_token"]
    got = await revoke(sandbox, token, headers=OTHER.basic_header())
    assert (got.status, got.json) == (400, {"error": "unauthorized_client"})
    assert (await REDDIT.refreshed(sandbox, token)).status == 200


async def test_revoking_needs_the_apps_proof(sandbox: Sandbox) -> None:
    wrong = replace(REDDIT, client_secret="wrong").basic_header()
    assert (await revoke(sandbox, "t", headers=wrong)).status == 401


async def test_a_revocation_may_be_204(sandbox: Sandbox) -> None:
    await switch(sandbox, "revocation_204")
    assert (await revoke(sandbox, "never-issued")).status == 204


# --- the User-Agent ---------------------------------------------------------------------------------------------------

_CALLS = [
    ("POST", SITE, "/api/v1/access_token"),
    ("POST", SITE, "/api/v1/revoke_token"),
    ("GET", API, "/api/v1/me"),
    ("GET", API, "/subreddits/mine/subscriber"),
    ("GET", API, "/r/Breadit/about"),
]


@pytest.mark.parametrize("agent", ["", "python-requests/2.32", "curl/8.5.0", "Python/3.11 aiohttp/3.13", "axios/1.7"])
@pytest.mark.parametrize(("method", "host", "path"), _CALLS)
async def test_a_default_user_agent_meets_a_page(
    sandbox: Sandbox, method: str, host: str, path: str, agent: str
) -> None:
    got = await sandbox.send(method, host, path, headers={"User-Agent": agent})
    assert (got.status, got.headers["Content-Type"]) == (429, "text/html; charset=utf-8")
    assert "whoa there, pardner!" in got.text
    assert int(got.headers["retry-after"]) > 0


async def test_the_page_may_be_403(sandbox: Sandbox) -> None:
    await switch(sandbox, "blocked_403")
    assert (await sandbox.send("GET", API, "/api/v1/me")).status == 403


@pytest.mark.parametrize("agent", ["python:com.example.app:v1.2 (by /u/someone)", "moorline/1.0 (+https://a.example)"])
async def test_an_agent_that_describes_its_app_is_let_through(sandbox: Sandbox, agent: str) -> None:
    token = await access_token(sandbox)
    got = await sandbox.send("GET", API, "/api/v1/me", token=token, headers={"User-Agent": agent})
    assert got.status == 200


async def test_a_path_reddit_does_not_have_is_not_found(sandbox: Sandbox) -> None:
    got = await sandbox.send("GET", API, "/api/v1/coffee", headers=AGENT)
    assert (got.status, got.json) == (404, {"message": "Not Found", "error": 404})
