"""`ANY /v1/accounts/{id}/proxy/{path}` against the sandbox: the token goes in, and never comes out."""

import json
from typing import Any

import pytest

from tests.conftest import FrozenClock
from tests.harness import TWITTER_TOKEN, World, failure, on_both_engines
from tests.http.conftest import Lines

ME = "GET /2/users/me"
LIFE_S = 2 * 3600


async def connected(world: World, platform: str = "twitter") -> str:
    """The path of the proxy for an account of the platform."""
    await world.landing(platform)
    (account,) = [one for one in await world.accounts() if one["platform"] == platform]
    return f"/v1/accounts/{account['_id']}/proxy"


async def issued(world: World) -> set[str]:
    return {one["value"] for one in await world.control("GET", "issued")}


async def test_a_path_may_begin_with_an_allowed_host(world: World) -> None:
    proxy = await connected(world, "youtube")
    path = "youtube/v3/channels?part=snippet&mine=true"
    for host in ("www.googleapis.com", "youtube.googleapis.com", "WWW.googleapis.com"):
        assert (await world.call("GET", f"{proxy}/{host}/{path}")).status == 200


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "graph.facebook.com",
        "api.x.com.evil.example",
        "api.x.com:8443",
        "user@api.x.com",
        "user:pass@evil.example",
        "127.0.0.1",
        "169.254.169.254:80",
    ],
)
async def test_another_host_is_refused_and_the_allowed_ones_are_named(world: World, host: str) -> None:
    proxy = await connected(world)
    before = await world.count()
    told = failure(await world.call("GET", f"{proxy}/{host}/2/users/me"), 400, "host_not_allowed")
    assert "api.x.com, api.twitter.com" in told["error"]
    assert await world.count() == before


@pytest.mark.parametrize(
    "path",
    [
        "2/../../x",
        "2/%2e%2e/x",
        "2/.%2e/x",
        "2/%252e%252e/x",
        "2//users/me",
        "/api.x.com/2/users/me",
        "https://evil.example/x",
        "2/users%5Cme",
        "2/users%0d%0ame",
        "2/./users/me",
        "2%2f%2fx",
    ],
)
async def test_a_path_that_climbs_is_refused(world: World, path: str) -> None:
    proxy = await connected(world)
    before = await world.count()
    assert (await world.call("GET", f"{proxy}/{path}")).status == 400
    assert await world.count() == before


@pytest.mark.parametrize("path", ["2/oauth2/token", "2/oauth2/%74oken", "2/oauth2/revoke", "2/oauth2/TOKEN/"])
async def test_what_hands_out_tokens_or_ends_them_is_refused(world: World, path: str) -> None:
    proxy = await connected(world)
    failure(await world.call("POST", f"{proxy}/{path}", body={}), 400, "path_not_allowed")


async def test_a_read_key_may_read_and_no_more(world: World) -> None:
    proxy = await connected(world)
    reader = await world.new_key("reader", permission="read")
    assert (await world.call("GET", f"{proxy}/2/users/me", key=reader)).status == 200
    for method in ("POST", "PUT", "PATCH", "DELETE"):
        failure(await world.call(method, f"{proxy}/2/tweets", key=reader), 403, "forbidden")
    failure(await world.call("GET", f"{proxy}/2/users/me?method=delete", key=reader), 400)
    failure(await world.call("GET", f"{proxy}/2/users/me?%6Dethod=delete", key=reader), 400)
    await world.call("GET", f"{proxy}/2/users/me", key=reader, headers={"X-HTTP-Method-Override": "DELETE"})
    assert "x-http-method-override" not in (await world.calls("twitter", ME))[-1]["headers"]


async def test_headers_of_the_caller_and_of_the_connection_stay_here(world: World) -> None:
    proxy = await connected(world)
    given = {
        "Cookie": "session=1",
        "X-Connect-Token": "t",
        "Idempotency-Key": "once",
        "X-Forwarded-For": "10.1.2.3",
        "X-Forwarded-Host": "evil.example",
        "Forwarded": "for=10.1.2.3",
        "Connection": "keep-alive, x-private",
        "X-Private": "1",
        "Referer": "https://app.example.com/secret",
        "Range": "bytes=10-",
        "X-Request-Id": "given-by-the-caller",
        "X-Custom": "kept",
        "Accept-Language": "en",
    }
    assert (await world.call("GET", f"{proxy}/2/users/me", headers=given)).status == 200
    seen = (await world.calls("twitter", ME))[-1]["headers"]
    assert (seen["x-custom"], seen["accept-language"]) == ("kept", "en")
    left = {name.lower() for name in given} - {"x-custom", "accept-language", "connection"}
    assert not left & set(seen)
    assert seen["host"] != world.base_url
    assert world.owner.api_key not in json.dumps(seen)


async def test_of_the_platforms_headers_only_those_of_the_answer_come_back(world: World) -> None:
    proxy = await connected(world)
    headers = {
        "Set-Cookie": "guest_id=1",
        "X-RateLimit-Remaining": "3",
        "X-Rate-Limit-Limit": "75",
        "X-Request-Id": "of-the-platform",
        "Strict-Transport-Security": "max-age=1",
        "Access-Control-Allow-Origin": "*",
        "Cache-Control": "public",
        "ETag": '"1"',
        "Location": "https://evil.example/x",
    }
    await world.fault("twitter", ME, status=200, body={"data": {}}, headers=headers)
    answer = await world.call("GET", f"{proxy}/2/users/me", headers={"X-Request-Id": "of-the-caller"})
    told = answer.headers
    assert not {"set-cookie", "strict-transport-security", "access-control-allow-origin", "location"} & set(told)
    assert (told["x-platform-ratelimit-remaining"], told["x-platform-request-id"]) == ("3", "of-the-platform")
    assert (told["x-ratelimit-remaining"], told["x-request-id"]) == ("1000000", "of-the-caller")
    assert (told["x-rate-limit-limit"], told["etag"], told["cache-control"]) == ("75", '"1"', "no-store")


async def test_a_redirect_is_answered_and_not_followed(world: World) -> None:
    proxy = await connected(world)
    for place, told in (("https://api.x.com/2/users/me", True), ("https://api.x.com@evil.example/", False)):
        await world.fault("twitter", ME, status=302, body="", headers={"Location": place})
        answer = await world.call("GET", f"{proxy}/2/users/me")
        assert (answer.status, answer.headers.get("location")) == (302, place if told else None)
    assert len(await world.calls("twitter", ME)) == 3


async def test_the_platforms_refusals_and_rate_limits_are_passed_on_as_they_are(world: World) -> None:
    proxy = await connected(world)
    body = {"title": "Too Many Requests", "status": 429}
    await world.fault("twitter", ME, status=429, body=body, headers={"Retry-After": "77"})
    answer = await world.call("GET", f"{proxy}/2/users/me")
    assert (answer.status, answer.headers["retry-after"], answer.json) == (429, "77", body)
    for status in (403, 404, 503):
        await world.fault("twitter", ME, status=status, body={"title": "x"})
        answer = await world.call("GET", f"{proxy}/2/users/me")
        assert (answer.status, answer.json) == (status, {"title": "x"})
    (account,) = await world.accounts()
    assert account["isActive"] is True
    assert len(await world.calls("twitter", TWITTER_TOKEN)) == 1


async def test_a_platform_that_does_not_answer_is_told_as_everywhere(world: World) -> None:
    proxy = await connected(world)
    await world.restart(OUTBOUND_MAP=json.dumps({"https://api.x.com": "http://127.0.0.1:1"}))
    failure(await world.call("GET", f"{proxy}/2/users/me"), 500, "platform_unavailable")


UNAUTHORIZED = {"title": "Unauthorized", "type": "about:blank", "status": 401, "detail": "Unauthorized"}


@on_both_engines
async def test_a_refused_token_is_renewed_once_and_the_call_made_again(world: World) -> None:
    proxy = await connected(world)
    await world.fault("twitter", ME, status=401, body=UNAUTHORIZED)
    assert (await world.call("GET", f"{proxy}/2/users/me")).status == 200
    assert len(await world.calls("twitter", TWITTER_TOKEN)) == 2
    await world.fault("twitter", ME, status=401, body=UNAUTHORIZED, count=2)
    answer = await world.call("GET", f"{proxy}/2/users/me")
    assert (answer.status, answer.json) == (401, UNAUTHORIZED)
    assert len(await world.calls("twitter", TWITTER_TOKEN)) == 3


async def test_a_token_that_ran_out_is_renewed_before_the_call(world: World, frozen_clock: FrozenClock) -> None:
    proxy = await connected(world)
    frozen_clock.advance(LIFE_S)
    assert (await world.call("GET", f"{proxy}/2/users/me")).status == 200
    assert len(await world.calls("twitter", TWITTER_TOKEN)) == 2


async def test_a_consent_that_is_over_is_told_and_switches_the_account_off(world: World) -> None:
    proxy = await connected(world)
    await world.control("POST", "revoke", {"platform": "twitter", "person": "plenty"})
    failure(await world.call("GET", f"{proxy}/2/users/me"), 500, "token_revoked")
    (account,) = await world.accounts()
    assert account["isActive"] is False


async def test_the_answer_is_not_kept_for_an_idempotency_key(world: World) -> None:
    proxy = await connected(world)
    once = {"Idempotency-Key": "once"}
    for _ in range(2):
        await world.call("POST", f"{proxy}/2/tweets", body={"text": "x"}, headers=once)
    assert len(await world.calls("twitter", "POST (not an endpoint)")) == 2


async def test_only_a_call_that_the_platform_accepts_proves_the_connection(
    world: World, frozen_clock: FrozenClock
) -> None:
    proxy = await connected(world)
    health = proxy.replace("/proxy", "/health")
    connected_at = (await world.ok("GET", health))["lastProvenAt"]
    frozen_clock.advance(60)
    await world.fault("twitter", ME, status=403, body={"title": "Forbidden"})
    assert (await world.call("GET", f"{proxy}/2/users/me")).status == 403
    assert (await world.ok("GET", health))["lastProvenAt"] == connected_at
    assert (await world.call("GET", f"{proxy}/2/users/me")).status == 200
    assert (await world.ok("GET", health))["lastProvenAt"] > connected_at


def spelled(token: str) -> dict[str, Any]:
    """A token as answers repeat it."""
    return {"paging": {"next": f"https://graph.example/x?access_token={token}&after=1"}, "echo": [token, f"a{token}b"]}


@pytest.mark.parametrize("status", [200, 400, 500])
async def test_s30_a_token_that_the_platform_repeats_is_masked(world: World, lines: Lines, status: int) -> None:
    proxy = await connected(world)
    token = (await world.ok("GET", proxy.removesuffix("proxy") + "token"))["accessToken"]
    body = {**spelled(token), "access_token": "another-token", "refresh_token": "a-further-one"}
    headers = {"X-Echo": token, "WWW-Authenticate": f'Bearer token="{token}"'}
    await world.fault("twitter", ME, status=status, body=body, headers=headers)
    answer = await world.call("GET", f"{proxy}/2/users/me")
    assert (answer.status, answer.headers["x-echo"]) == (status, "*" * len(token))
    assert answer.json["echo"] == ["*" * len(token), f"a{'*' * len(token)}b"]
    assert answer.json["paging"]["next"].endswith("&after=1")
    assert (answer.json["access_token"], answer.json["refresh_token"]) == ("*" * 13, "*" * 13)
    assert token not in answer.text + str(answer.headers) + lines.text


async def test_s30_credentials_in_the_callers_query_do_not_go_on(world: World) -> None:
    proxy = await connected(world)
    query = "user.fields=name&access_token=x&ACCESS%5Ftoken=y&a=%2F+b&client_secret=z"
    assert (await world.call("GET", f"{proxy}/2/users/me?{query}")).status == 200
    assert (await world.calls("twitter", ME))[-1]["query"] == {"user.fields": "name", "a": "/ b"}


async def test_s30_no_token_is_in_an_answer_a_refusal_or_the_log(world: World, lines: Lines) -> None:
    proxy = await connected(world)
    answers = [
        await world.call("GET", f"{proxy}/2/users/me"),
        await world.call("GET", f"{proxy}/2/no/such/thing"),
        await world.call("GET", f"{proxy}/evil.example/x"),
        await world.call("POST", f"{proxy}/2/oauth2/token"),
    ]
    await world.control("POST", "revoke", {"platform": "twitter", "person": "plenty"})
    answers.append(await world.call("GET", f"{proxy}/2/users/me"))
    for value in await issued(world):
        assert value not in lines.text
        for answer in answers:
            assert value not in answer.text
            assert value not in str(answer.headers)
    assert "call_proxied" in lines.text
