"""The control API does to the simulated world what it says."""

import time
from datetime import datetime
from typing import Any

import aiohttp
import pytest

from tests.sandbox.conftest import Got, Sandbox
from tests.sandbox.oauth_platforms import OAUTH_PLATFORMS, TWITTER
from tests.sandbox.refusals import VERIFIER

ME = ("GET", "api.x.com", "/2/users/me")
APP = {
    "platform": "twitter",
    "client_id": "mine",
    "client_secret": "mine-secret-0123456789",
    "redirect_uris": ["https://mine.example/callback"],
}


async def order(sandbox: Sandbox, **fault: Any) -> Got:
    return await sandbox.control("POST", "faults", {"platform": "twitter", "endpoint": "GET /2/users/me", **fault})


async def entries(sandbox: Sandbox, platform: str = "twitter") -> dict[str, Any]:
    got = await sandbox.control("GET", f"calls?platform={platform}")
    return {entry["endpoint"]: entry for entry in got.json["endpoints"]}


def complaint(got: Got) -> str:
    assert got.status == 400
    sentence: str = got.json["error"]
    return sentence


# --- the index and wrong calls ----------------------------------------------------------------------------------------


async def test_the_index_lists_platforms_hosts_and_people(sandbox: Sandbox) -> None:
    index = (await sandbox.control("GET", "")).json
    told = {platform["name"]: platform for platform in index["platforms"]}
    assert {under.name for under in OAUTH_PLATFORMS} <= set(told)
    assert told["twitter"]["hosts"] == ["x.com", "twitter.com", "api.x.com", "api.twitter.com", "pbs.twimg.com"]
    assert [person["id"] for person in index["people"]] == ["plenty", "single", "none", "crowd"]


async def test_an_unknown_control_path_is_404_and_a_wrong_method_405(sandbox: Sandbox) -> None:
    assert (await sandbox.control("GET", "coffee")).status == 404
    assert (await sandbox.control("GET", "twitter/coffee")).status == 404
    assert (await sandbox.control("GET", "reset")).status == 405


@pytest.mark.parametrize("path", ["clock", "revoke", "faults", "apps", "settings"])
async def test_a_body_that_is_no_json_object_is_refused(sandbox: Sandbox, path: str) -> None:
    assert complaint(await sandbox.control("POST", path, ["no", "object"])) == "The body must be a JSON object."
    assert complaint(await sandbox.control("POST", path)) == "The body must be a JSON object."


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("clock", {"advance_s": -1}, "advance_s"),
        ("clock", {"advance_s": "soon"}, "advance_s"),
        ("clock", {"advance_s": 1e300}, "advance_s"),
        ("revoke", {"platform": "myspace", "person": "plenty"}, "platform"),
        ("revoke", {"platform": "twitter", "person": "nobody"}, "person"),
        ("apps", {**APP, "platform": "telegram"}, "platform"),
        ("apps", {**APP, "client_id": ""}, "client_id"),
        ("apps", {**APP, "client_secret": 7}, "client_secret"),
        ("apps", {**APP, "redirect_uris": []}, "redirect_uris"),
        ("apps", {**APP, "redirect_uris": ["/relative"]}, "redirect_uris"),
        ("apps", {**APP, "redirect_uris": ["https://[broken"]}, "redirect_uris"),
        ("apps", {**APP, "flags": ["require_app_secret"]}, "flags"),
        ("settings", {"strict_https": "yes"}, "strict_https"),
        ("settings", {"lenient": True}, "strict_https"),
        ("faults", {"platform": "myspace"}, "platform"),
        ("faults", {"platform": "twitter", "endpoint": "GET /coffee", "status": 500}, "endpoint"),
        ("faults", {"platform": "twitter", "endpoint": "/2/users/me"}, "status"),
        ("faults", {"platform": "twitter", "endpoint": "/2/users/me", "status": 99}, "status"),
        ("faults", {"platform": "twitter", "endpoint": "/2/users/me", "status": 500, "count": 0}, "count"),
        ("faults", {"platform": "twitter", "endpoint": "/2/users/me", "delay_ms": -1}, "delay_ms"),
        ("faults", {"platform": "twitter", "endpoint": "/2/users/me", "break": "yes"}, "break"),
        ("faults", {"platform": "twitter", "endpoint": "/2/users/me", "headers": {"a": 1}, "status": 500}, "headers"),
    ],
)
async def test_a_wrong_field_is_named(sandbox: Sandbox, path: str, body: dict[str, Any], field: str) -> None:
    assert complaint(await sandbox.control("POST", path, body)).startswith(field)


async def test_a_host_nobody_plays_is_404(sandbox: Sandbox) -> None:
    assert (await sandbox.send("GET", "myspace.com", "/")).status == 404


async def test_a_body_over_one_mebibyte_is_refused(sandbox: Sandbox) -> None:
    got = await sandbox.send("POST", "api.x.com", "/2/oauth2/token", data=b"x" * (1024 * 1024 + 1))
    assert got.status == 413


# --- clock, reset, revoke, settings, apps -----------------------------------------------------------------------------


async def test_the_clock_moves_forward_by_the_seconds_given(sandbox: Sandbox) -> None:
    before = datetime.fromisoformat((await sandbox.control("GET", "clock")).json["now"])
    after = datetime.fromisoformat((await sandbox.control("POST", "clock", {"advance_s": 3600})).json["now"])
    assert 3600 <= (after - before).total_seconds() < 3610


async def test_reset_forgets_tokens_apps_orders_calls_clock_and_settings(sandbox: Sandbox) -> None:
    tokens = await TWITTER.tokens(sandbox)
    await sandbox.control("POST", "apps", APP)
    await sandbox.control("POST", "settings", {"strict_https": True})
    await order(sandbox, status=503)
    await sandbox.advance(10**6)
    await sandbox.reset()
    assert (await sandbox.control("GET", "calls")).json == {"endpoints": []}
    assert (await sandbox.send(*ME, token=tokens["access_token"])).status == 401
    assert (await TWITTER.refreshed(sandbox, tokens["refresh_token"])).status == 400
    assert (await TWITTER.open_page(sandbox, {"client_id": "mine"})).status == 400
    assert (await sandbox.control("GET", "settings")).json == {"strict_https": False}
    now = datetime.fromisoformat((await sandbox.control("GET", "clock")).json["now"])
    assert abs(now.timestamp() - time.time()) < 60


async def test_after_a_reset_only_the_known_secrets_are_issued(sandbox: Sandbox) -> None:
    await TWITTER.tokens(sandbox)
    await sandbox.reset()
    kinds = {entry["kind"] for entry in (await sandbox.control("GET", "issued")).json}
    assert not kinds & {"code", "access_token", "refresh_token", "page_token"}


async def test_revoke_kills_every_token_of_that_person_and_of_nobody_else(sandbox: Sandbox) -> None:
    first = (await TWITTER.tokens(sandbox))["access_token"]
    second = (await TWITTER.tokens(sandbox))["access_token"]
    other = (await TWITTER.tokens(sandbox, person="single"))["access_token"]
    await sandbox.control("POST", "revoke", {"platform": "twitter", "person": "plenty"})
    assert [(await sandbox.send(*ME, token=token)).status for token in (first, second, other)] == [401, 401, 200]


async def test_a_code_of_a_revoked_grant_is_worth_nothing(sandbox: Sandbox) -> None:
    code = await TWITTER.code(sandbox)
    await sandbox.control("POST", "revoke", {"platform": "twitter", "person": "plenty"})
    assert (await TWITTER.redeem(sandbox, code)).status == 400


async def test_every_oauth_platform_starts_with_an_app_whose_secret_is_on_the_books(sandbox: Sandbox) -> None:
    issued = {(entry["platform"], entry["value"]) for entry in (await sandbox.control("GET", "issued")).json}
    assert {(under.name, f"sandbox-{under.name}-secret") for under in OAUTH_PLATFORMS} <= issued


async def test_a_registered_app_works_like_the_first_one(sandbox: Sandbox) -> None:
    got = await sandbox.control("POST", "apps", APP)
    assert (got.status, got.json["client_id"]) == (201, "mine")
    assert "client_secret" not in got.json
    changes = {"client_id": "mine", "redirect_uri": "https://mine.example/callback"}
    assert (await TWITTER.decide(sandbox, changes=changes)).status == 302


# --- faults -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("endpoint", ["GET /2/users/me", "/2/users/me", "get /2/users/me"])
async def test_the_next_calls_answer_as_ordered_and_then_as_ever(sandbox: Sandbox, endpoint: str) -> None:
    token = (await TWITTER.tokens(sandbox))["access_token"]
    ordered = {"status": 429, "body": {"title": "Too Many Requests"}, "headers": {"x-rate-limit-reset": "1"}}
    await order(sandbox, endpoint=endpoint, count=2, **ordered)
    for _ in range(2):
        got = await sandbox.send(*ME, token=token)
        assert (got.status, got.json, got.headers["x-rate-limit-reset"]) == (429, {"title": "Too Many Requests"}, "1")
    assert (await sandbox.send(*ME, token=token)).status == 200


async def test_an_endpoint_may_be_named_by_a_real_path(sandbox: Sandbox) -> None:
    fault = {"platform": "facebook", "endpoint": "GET /v25.0/me", "status": 500, "body": "down"}
    assert (await sandbox.control("POST", "faults", fault)).status == 200
    got = await sandbox.send("GET", "graph.facebook.com", "/v21.0/me")
    assert (got.status, got.text) == (500, "down")


async def test_an_order_is_for_its_own_endpoint_only(sandbox: Sandbox) -> None:
    await order(sandbox, status=503)
    assert (await TWITTER.tokens(sandbox))["expires_in"] == 7200


async def test_a_delay_alone_gives_the_usual_answer_late(sandbox: Sandbox) -> None:
    token = (await TWITTER.tokens(sandbox))["access_token"]
    await order(sandbox, delay_ms=150)
    begun = time.monotonic()
    assert (await sandbox.send(*ME, token=token)).status == 200
    assert time.monotonic() - begun >= 0.15


async def test_a_break_does_the_work_and_loses_the_answer(sandbox: Sandbox) -> None:
    first = (await TWITTER.tokens(sandbox))["refresh_token"]
    await order(sandbox, endpoint="POST /2/oauth2/token", **{"break": True})
    with pytest.raises(aiohttp.ClientPayloadError):
        await TWITTER.refreshed(sandbox, first)
    assert (await TWITTER.refreshed(sandbox, first)).status == 400


async def test_a_break_may_come_within_an_answer_and_before_the_work(sandbox: Sandbox) -> None:
    first = (await TWITTER.tokens(sandbox))["refresh_token"]
    await order(sandbox, endpoint="POST /2/oauth2/token", break_after_bytes=5, status=200, body='{"access_token":1}')
    with pytest.raises(aiohttp.ClientPayloadError):
        await TWITTER.refreshed(sandbox, first)
    assert (await TWITTER.refreshed(sandbox, first)).status == 200


async def test_orders_can_be_cancelled(sandbox: Sandbox) -> None:
    await order(sandbox, status=503, count=9)
    await sandbox.control("DELETE", "faults")
    assert (await sandbox.send(*ME)).status == 401


# --- calls ------------------------------------------------------------------------------------------------------------


async def test_calls_are_counted_by_endpoint_with_their_status(sandbox: Sandbox) -> None:
    for _ in range(3):
        await sandbox.send(*ME)
    await sandbox.send("GET", "api.x.com", "/2/coffee")
    told = await entries(sandbox)
    assert told["GET /2/users/me"]["count"] == 3
    assert [request["status"] for request in told["GET /2/users/me"]["requests"]] == [401, 401, 401]
    assert told["GET (not an endpoint)"]["requests"][0]["path"] == "/2/coffee"
    assert await entries(sandbox, "facebook") == {}
    assert (await sandbox.control("GET", "calls?platform=myspace")).status == 400


async def test_the_last_fifty_requests_are_kept(sandbox: Sandbox) -> None:
    for number in range(55):
        await sandbox.send(*ME, params={"n": str(number)})
    told = (await entries(sandbox))["GET /2/users/me"]
    assert told["count"] == 55
    assert [request["query"]["n"] for request in told["requests"]] == [str(number) for number in range(5, 55)]


async def test_no_secret_stands_in_the_log(sandbox: Sandbox) -> None:
    tokens = await TWITTER.tokens(sandbox)
    token = tokens["access_token"]
    await sandbox.send(*ME, token=token)
    await sandbox.send("GET", "api.x.com", f"/2/{token}/x", params={"other": f"a{token}b"}, headers={"X-Other": token})
    await sandbox.send("POST", "api.x.com", "/2/x", json={"deep": [{"password": "hunter2", "note": token}]})
    await sandbox.send("POST", "api.x.com", "/2/x", data=b"unreadable " + token.encode())
    log = (await sandbox.control("GET", "calls")).text
    issued = [entry["value"] for entry in (await sandbox.control("GET", "issued")).json]
    assert [
        secret for secret in (*issued, VERIFIER, "hunter2", TWITTER.basic_header()["Authorization"]) if secret in log
    ] == []
    assert "sha256:" in log


async def test_the_kind_of_authorization_stays_readable(sandbox: Sandbox) -> None:
    await sandbox.send(*ME, token="abc")
    headers = (await entries(sandbox))["GET /2/users/me"]["requests"][0]["headers"]
    assert headers["authorization"] == "Bearer sha256:ba7816bf8f01cfea"
