"""Facebook's dialog, tokens and person as its sheet tells them. Facts: facebook.md, by section."""

from urllib.parse import parse_qsl, urlsplit

import pytest

from tests.sandbox.conftest import Got, Sandbox
from tests.sandbox.facebook_calls import (
    APP_ID,
    APP_SECRET,
    DAY_S,
    GRAPH,
    V,
    error,
    exchange,
    graph,
    listed,
    long_token,
    proof,
    short_token,
)
from tests.sandbox.oauth_platforms import FACEBOOK
from tests.sandbox.refusals import STATE

# --- the dialog and its callback --------------------------------------------------------------------------------------


async def test_the_callback_ends_in_the_known_fragment(sandbox: Sandbox) -> None:
    approved = (await FACEBOOK.decide(sandbox)).headers["Location"]
    denied = (await FACEBOOK.decide(sandbox, decision="deny")).headers["Location"]
    assert approved.endswith(f"&state={STATE}#_=_")
    assert denied == (
        f"{FACEBOOK.callback(sandbox)}?error=access_denied&error_code=200&error_description=Permissions+error"
        f"&error_reason=user_denied&state={STATE}#_=_"
    )


async def test_response_type_scope_and_state_are_optional(sandbox: Sandbox) -> None:
    bare: dict[str, str | None] = {"response_type": None, "scope": None, "state": None}
    location = (await FACEBOOK.decide(sandbox, changes=bare, without=FACEBOOK.scopes)).headers["Location"]
    assert set(dict(parse_qsl(urlsplit(location).query))) == {"code"}


async def test_scopes_may_be_parted_by_spaces(sandbox: Sandbox) -> None:
    got = await FACEBOOK.open_page(sandbox, {"scope": "pages_show_list pages_manage_posts"})
    assert 'id="scope-pages_show_list"' in got.text
    assert 'id="scope-pages_manage_posts"' in got.text


async def test_return_scopes_tells_what_was_granted_and_denied(sandbox: Sandbox) -> None:
    got = await FACEBOOK.decide(sandbox, without=("pages_manage_posts",), changes={"return_scopes": "true"})
    sent_back = dict(parse_qsl(urlsplit(got.headers["Location"]).query))
    assert sent_back["denied_scopes"] == "pages_manage_posts"
    granted = {"public_profile", "pages_show_list", "pages_read_engagement", "business_management"}
    assert set(sent_back["granted_scopes"].split(",")) == granted


async def test_a_config_id_is_refused_rather_than_passed_over(sandbox: Sandbox) -> None:
    assert (await FACEBOOK.open_page(sandbox, {"config_id": "1"})).status == 400


# --- versions ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "answers"), [("v25.0", "v25.0"), ("v21.0", "v21.0"), ("v18.0", "v21.0"), ("v99.0", "v21.0")]
)
async def test_expired_and_unreleased_versions_are_served_by_the_oldest_usable(
    sandbox: Sandbox, asked: str, answers: str
) -> None:
    got = await sandbox.send("GET", GRAPH, f"/{asked}/me")
    assert got.headers["facebook-api-version"] == answers


# --- tokens -----------------------------------------------------------------------------------------------------------


async def test_a_code_is_traded_by_get_as_well(sandbox: Sandbox) -> None:
    sent = FACEBOOK.exchange(sandbox, await FACEBOOK.code(sandbox), {"grant_type": None})
    got = await sandbox.send("GET", GRAPH, f"{V}/oauth/access_token", params=sent)
    assert (got.status, set(got.json)) == (200, {"access_token", "token_type", "expires_in"})
    assert got.json["expires_in"] == 5000


async def test_a_refused_code_is_told_in_a_header_as_well(sandbox: Sandbox) -> None:
    code = await FACEBOOK.code(sandbox)
    await FACEBOOK.redeem(sandbox, code)
    got = await FACEBOOK.redeem(sandbox, code)
    told = 'OAuth "Facebook Platform" "invalid_code" "This authorization code has been used."'
    assert got.headers["www-authenticate"] == told


async def test_the_second_exchange_gives_sixty_days(sandbox: Sandbox) -> None:
    got = await exchange(sandbox, await short_token(sandbox))
    assert got.json["expires_in"] == 5183944
    await sandbox.advance(59 * DAY_S)
    assert (await graph(sandbox, "/me", got.json["access_token"])).status == 200


async def test_an_expired_token_cannot_be_exchanged(sandbox: Sandbox) -> None:
    token = await short_token(sandbox)
    await sandbox.advance(5001)
    assert error(await exchange(sandbox, token)) == (400, 190, 463)


async def test_the_second_exchange_needs_the_secret_and_a_token_of_the_same_app(sandbox: Sandbox) -> None:
    token = await short_token(sandbox)
    assert error(await exchange(sandbox, token, client_secret="wrong")) == (400, 1, None)
    app = {"platform": "facebook", "client_id": "77", "client_secret": "s" * 20, "redirect_uris": ["https://a.example"]}
    await sandbox.control("POST", "apps", app)
    assert error(await exchange(sandbox, token, client_id="77", client_secret="s" * 20)) == (400, 190, None)
    assert error(await exchange(sandbox, "")) == (400, 100, None)


async def test_a_long_token_is_extended_at_most_once_a_day(sandbox: Sandbox) -> None:
    token = await long_token(sandbox)
    await sandbox.advance(3600)
    same = (await exchange(sandbox, token)).json
    assert (same["access_token"], same["expires_in"]) == (token, 5183944 - 3600)
    await sandbox.advance(DAY_S)
    fresh = (await exchange(sandbox, token)).json
    assert fresh["access_token"] != token
    assert fresh["expires_in"] == 5183944


@pytest.mark.parametrize(("token", "told"), [("garbage", (400, 190, None)), ("", (400, 2500, None))])
async def test_no_token_and_an_unknown_one_are_told_apart(
    sandbox: Sandbox, token: str, told: tuple[int, int, int | None]
) -> None:
    assert error(await graph(sandbox, "/me", token)) == told


async def test_a_bearer_header_serves_as_well(sandbox: Sandbox) -> None:
    assert (await sandbox.send("GET", GRAPH, f"{V}/me", token=await short_token(sandbox))).status == 200


async def test_a_wrong_proof_is_refused_and_a_right_one_taken(sandbox: Sandbox) -> None:
    token = await short_token(sandbox)
    assert (await graph(sandbox, "/me", token, appsecret_proof=proof(token))).status == 200
    assert error(await graph(sandbox, "/me", token, appsecret_proof=proof(token, "other"))) == (400, 100, None)


async def test_an_app_may_demand_the_proof(sandbox: Sandbox) -> None:
    app = {"platform": "facebook", "client_id": APP_ID, "client_secret": APP_SECRET, "flags": ["require_app_secret"]}
    await sandbox.control("POST", "apps", {**app, "redirect_uris": [FACEBOOK.callback(sandbox)]})
    token = await short_token(sandbox)
    assert error(await graph(sandbox, "/me", token)) == (400, 100, None)
    assert (await graph(sandbox, "/me", token, appsecret_proof=proof(token))).status == 200


# --- debug_token ------------------------------------------------------------------------------------------------------


async def debug(sandbox: Sandbox, token: str, viewer: str = f"{APP_ID}|{APP_SECRET}") -> Got:
    return await graph(sandbox, "/debug_token", viewer, input_token=token)


async def test_debug_token_describes_user_and_page_tokens(sandbox: Sandbox) -> None:
    token = await long_token(sandbox)
    user = (await debug(sandbox, token)).json["data"]
    assert (user["type"], user["app_id"], user["is_valid"]) == ("USER", APP_ID, True)
    assert user["data_access_expires_at"] - user["issued_at"] in range(90 * DAY_S - 5, 90 * DAY_S + 5)
    page = (await listed(sandbox, token))[0]
    told = (await debug(sandbox, page["access_token"])).json["data"]
    assert (told["type"], told["profile_id"], told["expires_at"]) == ("PAGE", page["id"], 0)


async def test_debug_token_tells_a_dead_token_by_200(sandbox: Sandbox) -> None:
    token = await short_token(sandbox)
    await sandbox.advance(5001)
    got = await debug(sandbox, token)
    assert (got.status, got.json["data"]["is_valid"]) == (200, False)
    assert (got.json["data"]["error"]["code"], got.json["data"]["error"]["subcode"]) == (190, 463)
    assert (await debug(sandbox, "garbage")).json["data"]["is_valid"] is False


async def test_debug_token_refuses_another_apps_token_and_a_wrong_viewer(sandbox: Sandbox) -> None:
    token = await short_token(sandbox)
    app = {"platform": "facebook", "client_id": "77", "client_secret": "s" * 20, "redirect_uris": ["https://a.example"]}
    await sandbox.control("POST", "apps", app)
    assert error(await debug(sandbox, token, "77|" + "s" * 20)) == (400, 100, None)
    assert error(await debug(sandbox, token, f"{APP_ID}|wrong")) == (400, 190, None)


# --- the person -------------------------------------------------------------------------------------------------------


async def test_me_tells_the_person_with_a_picture(sandbox: Sandbox) -> None:
    me = (await graph(sandbox, "/me", await short_token(sandbox), fields="id,name,picture.type(large)")).json
    assert (set(me), me["name"]) == ({"id", "name", "picture"}, "Ana Lima")
    assert set(me["picture"]["data"]) == {"height", "is_silhouette", "url", "width"}


async def test_a_field_that_does_not_exist_is_refused(sandbox: Sandbox) -> None:
    assert error(await graph(sandbox, "/me", await short_token(sandbox), fields="shoe_size")) == (400, 100, None)


async def test_unticked_scopes_are_declined_permissions(sandbox: Sandbox) -> None:
    token = await short_token(sandbox, without=("pages_manage_posts",))
    told = {
        entry["permission"]: entry["status"] for entry in (await graph(sandbox, "/me/permissions", token)).json["data"]
    }
    assert told == {
        "public_profile": "granted",
        "pages_show_list": "granted",
        "pages_read_engagement": "granted",
        "business_management": "granted",
        "pages_manage_posts": "declined",
    }


async def test_what_was_declined_is_asked_again_only_with_rerequest(sandbox: Sandbox) -> None:
    await short_token(sandbox, without=("pages_show_list",))
    assert await listed(sandbox, await short_token(sandbox)) == []
    again = await short_token(sandbox, changes={"auth_type": "rerequest"})
    assert len(await listed(sandbox, again)) == 11
