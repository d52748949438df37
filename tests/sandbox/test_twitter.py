"""X as its sheet tells it. Facts: twitter.md, by section."""

from urllib.parse import urlsplit

import pytest

from tests.sandbox.conftest import Got, Sandbox
from tests.sandbox.oauth_platforms import TWITTER
from tests.sandbox.refusals import CHALLENGE, basic, callback_of

API = "api.x.com"
UNAUTHORIZED = {"title": "Unauthorized", "type": "about:blank", "status": 401, "detail": "Unauthorized"}


async def me(sandbox: Sandbox, token: str | None, fields: str | None = None) -> Got:
    params = {} if fields is None else {"user.fields": fields}
    return await sandbox.send("GET", API, "/2/users/me", token=token, params=params)


async def revoke(sandbox: Sandbox, token: str) -> Got:
    sent = {"token": token, "client_id": TWITTER.client[0]}
    return await sandbox.send("POST", API, "/2/oauth2/revoke", data=sent, headers=TWITTER.basic_header())


async def test_the_callback_carries_the_state_first(sandbox: Sandbox) -> None:
    location = (await TWITTER.decide(sandbox)).headers["Location"]
    assert urlsplit(location).query.startswith("state=")
    assert urlsplit(location).fragment == ""


async def test_the_token_answer_has_the_documented_shape(sandbox: Sandbox) -> None:
    tokens = await TWITTER.tokens(sandbox)
    assert set(tokens) == {"token_type", "expires_in", "access_token", "scope", "refresh_token"}
    assert (tokens["token_type"], tokens["expires_in"]) == ("bearer", 7200)
    assert set(tokens["scope"].split(" ")) == set(TWITTER.scopes)


async def test_the_client_id_may_be_left_out_of_the_body(sandbox: Sandbox) -> None:
    assert (await TWITTER.redeem(sandbox, await TWITTER.code(sandbox), {"client_id": None})).status == 200


async def test_a_client_id_in_the_body_must_be_that_of_the_header(sandbox: Sandbox) -> None:
    got = await TWITTER.redeem(sandbox, await TWITTER.code(sandbox), {"client_id": "somebody"})
    assert (got.status, got.json["error"]) == (401, "invalid_client")


@pytest.mark.parametrize("header", ["Basic !!!", "Basic " + "bm9jb2xvbg==", "Bearer abc", basic("sandbox-twitter", "")])
async def test_a_malformed_basic_header_proves_nothing(sandbox: Sandbox, header: str) -> None:
    sent = TWITTER.exchange(sandbox, await TWITTER.code(sandbox))
    got = await TWITTER.ask(sandbox, sent, headers={"Authorization": header})
    assert (got.status, got.json["error"]) == (401, "unauthorized_client")


async def test_a_state_over_500_characters_is_refused(sandbox: Sandbox) -> None:
    assert (await TWITTER.open_page(sandbox, {"state": "s" * 500})).status == 200
    assert (await TWITTER.open_page(sandbox, {"state": "s" * 501})).status == 400


async def test_localhost_is_no_host_of_a_callback(sandbox: Sandbox) -> None:
    uri = "http://localhost:8400/callback"
    app = {"platform": "twitter", "client_id": "local", "client_secret": "s" * 20, "redirect_uris": [uri]}
    await sandbox.control("POST", "apps", app)
    assert (await TWITTER.open_page(sandbox, {"client_id": "local", "redirect_uri": uri})).status == 400


async def test_a_plain_challenge_is_its_own_verifier(sandbox: Sandbox) -> None:
    changes = {"code_challenge": CHALLENGE, "code_challenge_method": "plain"}
    code = await TWITTER.code(sandbox, changes=changes)
    assert (await TWITTER.redeem(sandbox, code, {"code_verifier": CHALLENGE})).status == 200


async def test_without_offline_access_there_is_no_refresh_token(sandbox: Sandbox) -> None:
    tokens = await TWITTER.tokens(sandbox, without=("offline.access",))
    assert "refresh_token" not in tokens
    assert "offline.access" not in tokens["scope"]


async def test_a_refresh_gives_a_new_pair_and_leaves_the_old_access_token_alive(sandbox: Sandbox) -> None:
    first = await TWITTER.tokens(sandbox)
    second = (await TWITTER.refreshed(sandbox, first["refresh_token"])).json
    assert second["refresh_token"] != first["refresh_token"]
    assert (await me(sandbox, first["access_token"])).status == 200
    assert (await me(sandbox, second["access_token"])).status == 200


async def test_replaying_a_refresh_token_kills_the_whole_family(sandbox: Sandbox) -> None:
    first = await TWITTER.tokens(sandbox)
    second = (await TWITTER.refreshed(sandbox, first["refresh_token"])).json
    assert (await TWITTER.refreshed(sandbox, first["refresh_token"])).status == 400
    assert (await TWITTER.refreshed(sandbox, second["refresh_token"])).status == 400
    assert (await me(sandbox, second["access_token"])).status == 401


async def test_a_replay_leaves_other_consents_of_the_person_alone(sandbox: Sandbox) -> None:
    other = await TWITTER.tokens(sandbox)
    first = await TWITTER.tokens(sandbox)
    await TWITTER.refreshed(sandbox, first["refresh_token"])
    await TWITTER.refreshed(sandbox, first["refresh_token"])
    assert (await me(sandbox, other["access_token"])).status == 200


async def test_an_access_token_dies_after_two_hours(sandbox: Sandbox) -> None:
    token = (await TWITTER.tokens(sandbox))["access_token"]
    await sandbox.advance(7190)
    assert (await me(sandbox, token)).status == 200
    await sandbox.advance(11)
    got = await me(sandbox, token)
    assert (got.status, got.json) == (401, UNAUTHORIZED)


@pytest.mark.parametrize("token", [None, "never-issued"])
async def test_an_unknown_or_missing_access_token_is_unauthorized(sandbox: Sandbox, token: str | None) -> None:
    got = await me(sandbox, token)
    assert (got.status, got.json) == (401, UNAUTHORIZED)


@pytest.mark.parametrize("scope", ["users.read", "tweet.read"])
async def test_users_me_needs_both_scopes(sandbox: Sandbox, scope: str) -> None:
    token = (await TWITTER.tokens(sandbox, without=(scope,)))["access_token"]
    got = await me(sandbox, token)
    assert (got.status, got.json["title"]) == (403, "Forbidden")


async def test_users_me_shows_three_fields_and_those_asked_for(sandbox: Sandbox) -> None:
    token = (await TWITTER.tokens(sandbox))["access_token"]
    assert set((await me(sandbox, token)).json["data"]) == {"id", "name", "username"}
    user = (await me(sandbox, token, "profile_image_url,verified_type,public_metrics")).json["data"]
    assert set(user) == {"id", "name", "username", "profile_image_url", "verified_type", "public_metrics"}
    assert user["profile_image_url"].endswith("_normal.jpg")


async def test_a_field_that_does_not_exist_is_an_invalid_request(sandbox: Sandbox) -> None:
    token = (await TWITTER.tokens(sandbox))["access_token"]
    got = await me(sandbox, token, "shoe_size")
    assert (got.status, got.json["title"]) == (400, "Invalid Request")
    assert got.json["errors"][0]["parameters"] == {"user.fields": ["shoe_size"]}


@pytest.mark.parametrize("person", ["plenty", "single", "none", "crowd"])
async def test_every_person_has_an_account_with_an_id_beyond_2_to_the_53(sandbox: Sandbox, person: str) -> None:
    token = (await TWITTER.tokens(sandbox, person=person))["access_token"]
    user_id = (await me(sandbox, token)).json["data"]["id"]
    assert isinstance(user_id, str)
    assert int(user_id) > 2**53


async def test_revoking_kills_the_token_given_and_only_that_one(sandbox: Sandbox) -> None:
    tokens = await TWITTER.tokens(sandbox)
    assert (await revoke(sandbox, tokens["refresh_token"])).json == {"revoked": True}
    assert (await me(sandbox, tokens["access_token"])).status == 200
    assert (await TWITTER.refreshed(sandbox, tokens["refresh_token"])).status == 400
    await revoke(sandbox, tokens["access_token"])
    assert (await me(sandbox, tokens["access_token"])).status == 401


async def test_revoking_needs_the_apps_proof_and_a_token(sandbox: Sandbox) -> None:
    bare = await sandbox.send("POST", API, "/2/oauth2/revoke", data={"token": "t"})
    assert (bare.status, bare.json["error"]) == (401, "unauthorized_client")
    assert (await revoke(sandbox, "")).json["error_description"] == "Missing required parameter [token]."


async def test_a_path_x_does_not_have_is_a_problem(sandbox: Sandbox) -> None:
    got = await sandbox.send("GET", API, "/2/coffee")
    assert (got.status, got.json["title"]) == (404, "Not Found")
    got = await sandbox.send("GET", API, "/2/oauth2/token")
    assert (got.status, got.headers["Allow"]) == (405, "POST")


async def test_the_older_hosts_answer_alike(sandbox: Sandbox) -> None:
    query = TWITTER.query(sandbox)
    form = {"person": "single", "decision": "approve", "scope": "users.read"}
    got = await sandbox.send("POST", "twitter.com", "/i/oauth2/authorize", params=query, data=form)
    sent = TWITTER.exchange(sandbox, callback_of(got)["code"])
    headers = TWITTER.basic_header()
    assert (await sandbox.send("POST", "api.twitter.com", "/2/oauth2/token", data=sent, headers=headers)).status == 200
