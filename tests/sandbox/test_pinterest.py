"""Pinterest as its sheet tells it. Facts: pinterest.md, by section."""

from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from tests.sandbox.conftest import Got, Sandbox
from tests.sandbox.oauth_list_platforms import PINTEREST
from tests.sandbox.refusals import OAuthUnderTest, callback_of

API = "api.pinterest.com"
TRIAL = "api-sandbox.pinterest.com"
DAY_S = 24 * 3600
SECRET_TOO = replace(PINTEREST, scopes=(*PINTEREST.scopes, "boards:read_secret", "boards:write_secret"))


async def access_token(sandbox: Sandbox, person: str = "plenty", **consent: Any) -> str:
    token: str = (await PINTEREST.tokens(sandbox, person=person, **consent))["access_token"]
    return token


async def get(sandbox: Sandbox, path: str, token: str | None, *, host: str = API, **params: str) -> Got:
    return await sandbox.send("GET", host, f"/v5/{path}", token=token, params=params)


async def pages(sandbox: Sandbox, token: str, *, host: str = API, **params: str) -> list[list[dict[str, Any]]]:
    """Every page of boards, followed by the bookmark until that is null."""
    found: list[list[dict[str, Any]]] = []
    bookmark: str | None = ""
    while bookmark is not None:
        got = await get(sandbox, "boards", token, host=host, **params, **({"bookmark": bookmark} if bookmark else {}))
        assert got.status == 200, got.text
        found.append(got.json["items"])
        bookmark = got.json["bookmark"]
    return found


async def boards(sandbox: Sandbox, token: str, *, host: str = API, **params: str) -> list[dict[str, Any]]:
    return [board for page in await pages(sandbox, token, host=host, **params) for board in page]


async def switch(sandbox: Sandbox, name: str) -> None:
    assert (await sandbox.control("POST", "pinterest/settings", {name: True})).status == 200


async def with_flag(sandbox: Sandbox, flag: str) -> OAuthUnderTest:
    under = replace(PINTEREST, client_id=flag, client_secret=f"{flag}-secret-0123456789")
    app = {"platform": "pinterest", "client_id": flag, "client_secret": under.client_secret, "flags": [flag]}
    assert (await sandbox.control("POST", "apps", {**app, "redirect_uris": [under.callback(sandbox)]})).status == 201
    return under


def error(got: Got) -> tuple[int, int]:
    assert got.json["message"]
    return got.status, got.json["code"]


# --- the authorization request ----------------------------------------------------------------------------------------


async def test_a_wrong_app_id_is_a_page_of_json(sandbox: Sandbox) -> None:
    got = await PINTEREST.open_page(sandbox, {"client_id": "nobody"})
    assert got.json == {
        "status": "failure",
        "code": 283,
        "data": "Invalid Application ID",
        "message": "The authorization grant is invalid",
        "endpoint_name": "oauth_connect",
    }


async def test_an_app_that_is_not_approved_yet_meets_the_same_page(sandbox: Sandbox) -> None:
    unapproved = await with_flag(sandbox, "unapproved")
    for got in (await unapproved.open_page(sandbox), await unapproved.decide(sandbox)):
        assert error(got) == (400, 283)


async def test_a_wrong_redirect_uri_is_named_on_the_page_or_worded_as_a_grant(sandbox: Sandbox) -> None:
    changes = {"redirect_uri": "https://typo.example/"}
    got = await PINTEREST.open_page(sandbox, changes)
    assert (got.json["code"], "https://typo.example/" in got.json["data"]) == (7, True)
    await switch(sandbox, "redirect_refused_as_grant")
    assert error(await PINTEREST.open_page(sandbox, changes)) == (400, 283)


async def test_scopes_are_parted_by_commas_and_by_spaces_when_switched(sandbox: Sandbox) -> None:
    changes = {"scope": "user_accounts:read boards:read"}
    assert error(await PINTEREST.open_page(sandbox, changes)) == (400, 1)
    await switch(sandbox, "space_separated_scopes")
    both = replace(PINTEREST, scopes=("user_accounts:read", "boards:read"))
    assert (await both.tokens(sandbox, changes=changes))["scope"] == "user_accounts:read,boards:read"
    assert (await PINTEREST.open_page(sandbox)).status == 200


async def test_the_state_may_be_left_out(sandbox: Sandbox) -> None:
    assert set(callback_of(await PINTEREST.decide(sandbox, changes={"state": None}))) == {"code"}


async def test_a_denial_may_have_a_description(sandbox: Sandbox) -> None:
    await switch(sandbox, "denial_description")
    location = (await PINTEREST.decide(sandbox, decision="deny")).headers["Location"]
    assert [name for name, _ in parse_qsl(urlsplit(location).query)] == ["error", "error_description", "state"]


# --- tokens -----------------------------------------------------------------------------------------------------------


async def test_the_token_answer_has_the_documented_shape(sandbox: Sandbox) -> None:
    tokens = await PINTEREST.tokens(sandbox)
    assert set(tokens) == {
        "access_token", "refresh_token", "response_type", "token_type", "expires_in", "refresh_token_expires_in",
        "refresh_token_expires_at", "scope",
    }  # fmt: skip
    assert (tokens["response_type"], tokens["token_type"]) == ("authorization_code", "bearer")
    assert (tokens["expires_in"], tokens["refresh_token_expires_in"]) == (2_592_000, 5_184_000)
    assert tokens["access_token"].startswith("pina_")
    assert tokens["refresh_token"].startswith("pinr_")
    assert tokens["scope"] == ",".join(PINTEREST.scopes)


async def test_credentials_among_the_parameters_are_not_looked_at(sandbox: Sandbox) -> None:
    wrong = {"client_id": "somebody", "client_secret": "wrong"}
    assert (await PINTEREST.redeem(sandbox, await PINTEREST.code(sandbox), wrong)).status == 200


async def test_a_wrong_secret_is_code_2_with_the_word_failure(sandbox: Sandbox) -> None:
    wrong = replace(PINTEREST, client_secret="wrong")
    got = await wrong.redeem(sandbox, await PINTEREST.code(sandbox))
    assert (got.status, got.json) == (
        401,
        {"code": 2, "message": "Authentication failed.", "status": "failure"},
    )


@pytest.mark.parametrize(
    ("switched", "status", "body"),
    [
        (None, 401, {"code": 283, "message": "The authorization grant is invalid"}),
        ("grant_refused_400", 400, {"code": 1, "message": "Invalid refresh token."}),
        ("grant_refused_2", 401, {"code": 2, "message": "Authentication failed.", "status": "failure"}),
        ("grant_refused_oauth", 400, {"error": "invalid_grant"}),
    ],
)
async def test_a_refused_grant_has_several_readings(
    sandbox: Sandbox, switched: str | None, status: int, body: dict[str, object]
) -> None:
    if switched is not None:
        await switch(sandbox, switched)
    for got in (await PINTEREST.redeem(sandbox, "never-issued"), await PINTEREST.refreshed(sandbox, "never-issued")):
        assert (got.status, got.json) == (status, body)


async def test_a_refresh_gives_a_new_pair_with_a_new_sixty_days(sandbox: Sandbox) -> None:
    first = await PINTEREST.tokens(sandbox)
    await sandbox.advance(59 * DAY_S)
    second = (await PINTEREST.refreshed(sandbox, first["refresh_token"])).json
    assert second["response_type"] == "refresh_token"
    assert second["refresh_token"] != first["refresh_token"]
    assert second["scope"] == " ".join(PINTEREST.scopes)
    assert second["refresh_token_expires_at"] > first["refresh_token_expires_at"]
    await sandbox.advance(59 * DAY_S)
    assert (await PINTEREST.refreshed(sandbox, second["refresh_token"])).status == 200
    await sandbox.advance(61 * DAY_S)
    assert error(await PINTEREST.refreshed(sandbox, second["refresh_token"])) == (401, 283)


async def test_a_used_refresh_token_is_refused_and_kills_nothing(sandbox: Sandbox) -> None:
    first = await PINTEREST.tokens(sandbox)
    second = (await PINTEREST.refreshed(sandbox, first["refresh_token"])).json
    assert error(await PINTEREST.refreshed(sandbox, first["refresh_token"])) == (401, 283)
    assert (await get(sandbox, "user_account", first["access_token"])).status == 200
    assert (await PINTEREST.refreshed(sandbox, second["refresh_token"])).status == 200


async def test_a_used_refresh_token_may_live_on_beside_the_next(sandbox: Sandbox) -> None:
    await switch(sandbox, "used_refresh_lives")
    first = await PINTEREST.tokens(sandbox)
    second = (await PINTEREST.refreshed(sandbox, first["refresh_token"])).json
    for token in (first["refresh_token"], second["refresh_token"]):
        assert (await PINTEREST.refreshed(sandbox, token)).status == 200


async def test_a_refresh_may_kill_the_earlier_access_token(sandbox: Sandbox) -> None:
    await switch(sandbox, "refresh_kills_access")
    first = await PINTEREST.tokens(sandbox)
    second = (await PINTEREST.refreshed(sandbox, first["refresh_token"])).json
    assert error(await get(sandbox, "user_account", first["access_token"])) == (401, 2)
    assert (await get(sandbox, "user_account", second["access_token"])).status == 200


async def test_a_refresh_may_ask_for_fewer_scopes_and_never_for_more(sandbox: Sandbox) -> None:
    first = (await PINTEREST.tokens(sandbox))["refresh_token"]
    sent = {"grant_type": "refresh_token", "refresh_token": first}
    assert error(await PINTEREST.ask(sandbox, {**sent, "scope": "boards:read_secret"})) == (400, 1)
    narrowed = (await PINTEREST.ask(sandbox, {**sent, "scope": "boards:read"})).json
    assert narrowed["scope"] == "boards:read"
    assert (await get(sandbox, "boards", narrowed["access_token"])).status == 200
    assert error(await get(sandbox, "user_account", narrowed["access_token"])) == (401, 3)


async def test_the_end_of_a_refresh_token_may_go_untold(sandbox: Sandbox) -> None:
    await switch(sandbox, "no_refresh_expires_at")
    assert "refresh_token_expires_at" not in await PINTEREST.tokens(sandbox)


async def test_an_old_app_gets_a_year_and_refreshes_without_a_new_refresh_token(sandbox: Sandbox) -> None:
    legacy = await with_flag(sandbox, "legacy")
    tokens = await legacy.tokens(sandbox)
    assert tokens["refresh_token_expires_in"] == 31_536_000
    await sandbox.advance(300 * DAY_S)
    for refreshed in [(await legacy.refreshed(sandbox, tokens["refresh_token"])).json for _ in range(2)]:
        assert set(refreshed) == {"access_token", "response_type", "token_type", "expires_in", "scope"}
        assert (await get(sandbox, "user_account", refreshed["access_token"])).status == 200


async def test_an_old_app_that_asks_for_continuous_refresh_gets_it(sandbox: Sandbox) -> None:
    legacy = await with_flag(sandbox, "legacy")
    code = await legacy.code(sandbox)
    tokens = (await legacy.redeem(sandbox, code, {"continuous_refresh": "true"})).json
    assert tokens["refresh_token_expires_in"] == 5_184_000
    assert "refresh_token" in (await legacy.refreshed(sandbox, tokens["refresh_token"])).json
    assert (
        await PINTEREST.redeem(sandbox, await PINTEREST.code(sandbox), {"continuous_refresh": "true"})
    ).status == 200


async def test_an_access_token_dies_after_thirty_days(sandbox: Sandbox) -> None:
    token = await access_token(sandbox)
    await sandbox.advance(30 * DAY_S - 10)
    assert (await get(sandbox, "user_account", token)).status == 200
    await sandbox.advance(11)
    assert error(await get(sandbox, "user_account", token)) == (401, 2)


async def test_revoking_is_for_system_users_alone(sandbox: Sandbox) -> None:
    sent = {"token": await access_token(sandbox)}
    got = await sandbox.send("POST", API, "/v5/oauth/token/revoke", data=sent)
    assert error(got) == (401, 2)
    got = await sandbox.send("POST", API, "/v5/oauth/token/revoke", data=sent, headers=PINTEREST.basic_header())
    assert error(got) == (403, 29)


# --- the account ------------------------------------------------------------------------------------------------------


async def test_a_business_and_a_private_account(sandbox: Sandbox) -> None:
    business = (await get(sandbox, "user_account", await access_token(sandbox))).json
    assert (business["id"], business["username"]) == ("1029384756102938101", "northwindbakery")
    assert (business["account_type"], business["business_name"]) == ("BUSINESS", "Northwind Bakery")
    assert business["profile_image"].startswith("https://i.pinimg.com/")
    without = (await get(sandbox, "user_account", await access_token(sandbox, "none"))).json
    assert (without["account_type"], without["business_name"]) == ("PINNER", None)
    absent = (await get(sandbox, "user_account", await access_token(sandbox, "single"))).json
    assert (absent["account_type"], "business_name" in absent) == ("PINNER", False)


async def test_an_old_answer_has_no_id(sandbox: Sandbox) -> None:
    await switch(sandbox, "account_without_id")
    assert "id" not in (await get(sandbox, "user_account", await access_token(sandbox))).json


@pytest.mark.parametrize(("path", "scope"), [("user_account", "user_accounts:read"), ("boards", "boards:read")])
async def test_a_scope_that_was_unticked_is_missed(sandbox: Sandbox, path: str, scope: str) -> None:
    token = await access_token(sandbox, without=(scope,))
    assert error(await get(sandbox, path, token)) == (401, 3)
    await switch(sandbox, "scope_refused_403")
    assert error(await get(sandbox, path, token)) == (403, 3)


@pytest.mark.parametrize("token", [None, "never-issued"])
async def test_a_missing_or_unknown_token_fails(sandbox: Sandbox, token: str | None) -> None:
    got = await get(sandbox, "user_account", token)
    assert (got.status, got.json) == (401, {"code": 2, "message": "Authentication failed.", "status": "failure"})


async def test_every_answer_of_the_api_tells_the_limits(sandbox: Sandbox) -> None:
    for token in (await access_token(sandbox), None):
        headers = (await get(sandbox, "boards", token)).headers
        assert {"x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset"} <= {name.lower() for name in headers}


# --- boards -----------------------------------------------------------------------------------------------------------


async def test_thirty_boards_to_pin_to_come_in_more_than_one_page_however_large(sandbox: Sandbox) -> None:
    found = await pages(sandbox, await access_token(sandbox), page_size="250")
    assert [bool(page) for page in found] == [True, False, True]
    listed = [board for page in found for board in page]
    assert len([board for board in listed if not board["is_ads_only"]]) == 30
    assert len({board["id"] for board in listed}) == 31
    assert "SECRET" not in {board["privacy"] for board in listed}


async def test_a_page_has_twenty_five_boards_unless_told_and_a_short_one_is_not_the_last(sandbox: Sandbox) -> None:
    sizes = [len(page) for page in await pages(sandbox, await access_token(sandbox, "crowd"))]
    assert (sum(sizes), sizes[0], max(sizes)) == (1200, 25, 25)
    assert min(sizes[:-1]) < 25


@pytest.mark.parametrize("wrong", [{"page_size": "0"}, {"page_size": "251"}, {"bookmark": "x"}, {"privacy": "ODD"}])
async def test_a_wrong_parameter_is_code_1(sandbox: Sandbox, wrong: dict[str, str]) -> None:
    assert error(await get(sandbox, "boards", await access_token(sandbox), **wrong)) == (400, 1)


async def test_a_bookmark_is_good_for_its_own_list_alone(sandbox: Sandbox) -> None:
    bookmark = (await get(sandbox, "boards", await access_token(sandbox), page_size="5")).json["bookmark"]
    other = await access_token(sandbox, "crowd")
    assert error(await get(sandbox, "boards", other, bookmark=bookmark)) == (400, 1)


async def test_descriptions_are_told_null_or_absent(sandbox: Sandbox) -> None:
    listed = await boards(sandbox, await access_token(sandbox))
    kinds = {type(board["description"]).__name__ if "description" in board else "absent" for board in listed}
    assert kinds == {"str", "NoneType", "absent"}


async def test_a_board_of_somebody_else_is_among_them(sandbox: Sandbox) -> None:
    owners = {board["owner"]["username"] for board in await boards(sandbox, await access_token(sandbox))}
    assert owners == {"northwindbakery", "harbourmarket"}


async def test_secret_boards_need_their_own_scope(sandbox: Sandbox) -> None:
    token = (await SECRET_TOO.tokens(sandbox))["access_token"]
    assert len(await boards(sandbox, token)) == 33
    assert {board["name"] for board in await boards(sandbox, token, privacy="SECRET")} == {
        "New Products",
        "Gifts for the team",
    }
    assert await boards(sandbox, await access_token(sandbox), privacy="SECRET") == []
    assert {board["privacy"] for board in await boards(sandbox, token, privacy="PUBLIC_AND_SECRET")} == {
        "PUBLIC",
        "SECRET",
    }
    assert [board["name"] for board in await boards(sandbox, token, privacy="PROTECTED")] == ["Trade only"]


async def test_one_person_has_one_board_and_one_has_none(sandbox: Sandbox) -> None:
    assert [board["name"] for board in await boards(sandbox, await access_token(sandbox, "single"))] == ["Shelves"]
    none = await access_token(sandbox, "none")
    assert (await get(sandbox, "boards", none)).json == {"items": [], "bookmark": None}


async def make(sandbox: Sandbox, token: str, board: object) -> Got:
    return await sandbox.send("POST", API, "/v5/boards", token=token, json=board)


async def test_a_new_board_is_listed_from_then_on(sandbox: Sandbox) -> None:
    token = await access_token(sandbox, "none")
    got = await make(sandbox, token, {"name": "First", "description": "Made here", "privacy": "PUBLIC"})
    assert (got.status, got.json["name"], got.json["owner"]) == (201, "First", {"username": "cleomarsh"})
    assert await boards(sandbox, token) == [got.json]


async def test_a_new_board_needs_a_name_a_scope_and_a_known_privacy(sandbox: Sandbox) -> None:
    token = await access_token(sandbox)
    assert error(await make(sandbox, token, {"description": "nameless"})) == (400, 1)
    assert error(await make(sandbox, token, ["no", "object"])) == (400, 1)
    assert error(await make(sandbox, token, {"name": "x", "privacy": "ODD"})) == (400, 1)
    assert error(await make(sandbox, token, {"name": "x", "privacy": "SECRET"})) == (401, 3)
    assert error(await make(sandbox, await access_token(sandbox, without=("boards:write",)), {"name": "x"})) == (401, 3)
    secret = (await SECRET_TOO.tokens(sandbox))["access_token"]
    assert (await make(sandbox, secret, {"name": "x", "privacy": "SECRET"})).status == 201


# --- trial access -----------------------------------------------------------------------------------------------------


async def test_trial_access_has_tokens_and_boards_of_its_own(sandbox: Sandbox) -> None:
    trial = replace(PINTEREST, token=(TRIAL, "/v5/oauth/token"))
    tokens = await trial.tokens(sandbox)
    listed = await boards(sandbox, tokens["access_token"], host=TRIAL)
    assert [board["name"] for board in listed] == ["Trial Board"]
    assert error(await get(sandbox, "boards", tokens["access_token"])) == (401, 2)
    assert error(await get(sandbox, "boards", await access_token(sandbox), host=TRIAL)) == (401, 2)


async def test_a_refresh_token_of_one_world_is_dead_in_the_other(sandbox: Sandbox) -> None:
    trial = replace(PINTEREST, token=(TRIAL, "/v5/oauth/token"))
    there, here = await trial.tokens(sandbox), await PINTEREST.tokens(sandbox)
    assert error(await PINTEREST.refreshed(sandbox, there["refresh_token"])) == (401, 283)
    assert error(await trial.refreshed(sandbox, here["refresh_token"])) == (401, 283)
    again = (await trial.refreshed(sandbox, there["refresh_token"])).json
    assert (await get(sandbox, "user_account", again["access_token"], host=TRIAL)).status == 200
    assert (await PINTEREST.refreshed(sandbox, here["refresh_token"])).status == 200


async def test_a_path_pinterest_does_not_have_fails(sandbox: Sandbox) -> None:
    assert (await sandbox.send("GET", API, "/v5/coffee")).status == 404
