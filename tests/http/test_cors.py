"""Browser-based callers: any origin the operator allows, on successes and on errors."""

import pytest

from tests.harness import APP_URL, UNKNOWN_ID, World, failure
from tests.http.conftest import Serve

ORIGIN = "https://app.example.com"
EXPOSED = {"x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset", "x-request-id"}


@pytest.fixture
async def allowing(serve: Serve) -> World:
    return await serve(CORS_ORIGINS=f"{ORIGIN} https://other.example", RATE_LIMIT_PER_MINUTE="30")


def names(value: str) -> set[str]:
    return {name.strip().lower() for name in value.split(",")}


async def test_success_and_every_kind_of_error_may_be_read_by_an_allowed_origin(allowing: World) -> None:
    for method, path, key, status in (
        ("GET", "/v1/users", "", 200),
        ("GET", "/v1/users", None, 401),
        ("GET", "/v1/users/x", "", 400),
        ("GET", f"/v1/users/{UNKNOWN_ID}", "", 404),
        ("GET", "/v1/nothing", "", 404),
        ("PUT", "/v1/users", "", 405),
        ("POST", "/v1/connect/telegram", "", 400),
    ):
        content = b"{}" if method == "POST" else None
        answer = await allowing.call(method, path, key=key, headers={"origin": ORIGIN}, content=content)
        assert answer.status == status
        assert answer.headers["access-control-allow-origin"] == ORIGIN, f"{method} {path}"
        assert names(answer.headers["access-control-expose-headers"]) >= EXPOSED
        assert "access-control-allow-credentials" not in answer.headers
        assert "origin" in names(answer.headers["vary"])


async def test_a_call_over_the_limit_and_a_fault_may_be_read_too(allowing: World) -> None:
    await allowing.fault("telegram", "POST /bot{token}/getChat", status=500, count=9)
    body = {"chatId": "@mychannel", "profileId": allowing.owner.profile_id}
    broken = await allowing.call("POST", "/v1/connect/telegram", body=body, headers={"origin": ORIGIN})
    assert (broken.status, broken.headers["access-control-allow-origin"]) == (500, ORIGIN)
    while (answer := await allowing.call("GET", "/v1/users", headers={"origin": ORIGIN})).status == 200:
        pass
    failure(answer, 429)
    assert answer.headers["access-control-allow-origin"] == ORIGIN


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE"])
async def test_a_preflight_allows_what_clients_send(allowing: World, method: str) -> None:
    headers = {
        "origin": ORIGIN,
        "access-control-request-method": method,
        "access-control-request-headers": "authorization,content-type,x-connect-token,idempotency-key",
    }
    for path in ("/v1/users", f"/api/v1/profiles/{UNKNOWN_ID}", "/v1/connect/facebook/select-page"):
        answer = await allowing.call("OPTIONS", path, key=None, headers=headers)
        assert answer.status in {200, 204}
        assert answer.headers["access-control-allow-origin"] == ORIGIN
        assert method.lower() in names(answer.headers["access-control-allow-methods"])
        wanted = {"authorization", "content-type", "x-connect-token", "idempotency-key"}
        assert wanted <= names(answer.headers["access-control-allow-headers"])


async def test_another_origin_gets_no_permission(allowing: World) -> None:
    for origin in ("https://evil.example", "https://app.example.com.evil.example", "http://app.example.com", "null"):
        answer = await allowing.call("GET", "/v1/users", headers={"origin": origin})
        assert answer.status == 200
        assert answer.headers.get("access-control-allow-origin") is None


async def test_without_the_setting_no_origin_gets_permission(world: World) -> None:
    answer = await world.call("GET", "/v1/users", headers={"origin": ORIGIN})
    assert "access-control-allow-origin" not in answer.headers


async def test_a_star_allows_every_origin(serve: Serve) -> None:
    world = await serve(CORS_ORIGINS="*")
    for origin in (ORIGIN, "http://localhost:3000"):
        answer = await world.call("GET", "/v1/nothing", headers={"origin": origin})
        assert answer.headers["access-control-allow-origin"] in {"*", origin}
        assert "access-control-allow-credentials" not in answer.headers


async def test_no_page_of_a_flow_may_be_read_with_its_cookies_by_another_origin(serve: Serve) -> None:
    world = await serve(CORS_ORIGINS="*")
    landed = await world.landing("facebook", APP_URL)
    answer = await world.call("GET", landed.removeprefix(world.base_url), key=None, headers={"origin": ORIGIN})
    assert "access-control-allow-credentials" not in answer.headers
