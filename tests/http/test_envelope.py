"""What every answer has, whatever it answers: JSON, ids and limits in headers, one meaning per path spelling."""

import time

import pytest

from moorline.store.migrations import HEAD
from tests.harness import UNKNOWN_ID, World, failure, shares_a_world

pytestmark = shares_a_world

READS = ["/users", "/profiles", "/accounts", "/api-keys", "/usage-stats"]


@pytest.mark.parametrize("path", READS)
async def test_both_roots_and_a_trailing_slash_answer_alike(shared: World, path: str) -> None:
    answers = [
        await shared.call("GET", spelled)
        for spelled in (f"/v1{path}", f"/v1{path}/", f"/api/v1{path}", f"/api/v1{path}/")
    ]
    assert [answer.status for answer in answers] == [200] * 4
    assert len({answer.text for answer in answers}) == 1


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE"])
async def test_nothing_ever_redirects_for_a_slash(shared: World, method: str) -> None:
    for path in (*READS, f"/users/{UNKNOWN_ID}", "/connect/twitter", "/connect/facebook/select-page", "/nothing"):
        for root in ("/v1", "/api/v1"):
            for slash in ("", "/"):
                answer = await shared.call(method, f"{root}{path}{slash}", content=b"{}" if method == "POST" else None)
                assert not 300 <= answer.status < 400, f"{method} {root}{path}{slash}: {answer.status}"


async def test_a_write_with_a_trailing_slash_is_carried_out(shared: World) -> None:
    made = await shared.ok("POST", "/api/v1/profiles/", body={"name": "Slashed"})
    await shared.ok("PUT", f"/v1/profiles/{made['profile']['_id']}/", body={"name": "Again"})
    await shared.ok("DELETE", f"/v1/profiles/{made['profile']['_id']}/")


@pytest.mark.parametrize(
    "path",
    [
        "/", "/v1", "/v1/", "/api", "/api/v1", "/api/v2/users", "/v1/nothing", "/v1/users/a/b", "/v1/connect",
        "/v1/webhooks/nothing", "/favicon.ico", "/v1/%2e%2e/users", "/v1/users%00", "/v1/%c3%bc", "/connect",
        "/api/x", "/.env", "/v1/connect/a/b/c",
    ],
)  # fmt: skip
@pytest.mark.parametrize("key", ["", None])
async def test_s44_an_unknown_path_is_404_json_with_or_without_a_key(shared: World, path: str, key: str | None) -> None:
    for method in ("GET", "POST", "DELETE"):
        failure(await shared.call(method, path, key=key), 404, "not_found")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/v1/users"),
        ("PATCH", f"/v1/profiles/{UNKNOWN_ID}"),
        ("PUT", "/v1/accounts"),
        ("GET", f"/v1/api-keys/{UNKNOWN_ID}"),
        ("DELETE", "/v1/connect/twitter"),
        ("PUT", "/v1/connect/telegram"),
        ("GET", "/v1/connect/bluesky/credentials"),
        ("POST", "/healthz"),
        ("TRACE", "/v1/users"),
    ],
)
async def test_s44_an_unused_method_is_405_json_and_names_the_others(shared: World, method: str, path: str) -> None:
    answer = await shared.call(method, path)
    failure(answer, 405, "method_not_allowed")
    assert answer.headers["allow"]


async def test_options_asks_for_no_key(shared: World) -> None:
    for path in READS:
        answer = await shared.call("OPTIONS", f"/v1{path}", key=None)
        assert answer.status == 204
        assert "GET" in answer.headers["allow"]


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/v1/users", 200),
        ("GET", f"/v1/users/{UNKNOWN_ID}", 404),
        ("GET", "/v1/users/x", 400),
        ("GET", "/nothing", 404),
        ("PUT", "/v1/users", 405),
        ("GET", "/healthz", 200),
        ("GET", "/readyz", 200),
        ("GET", "/api/openapi.json", 200),
        ("GET", "/api/docs", 200),
        ("GET", "/connect/outcome", 400),
    ],
)
async def test_every_answer_has_a_request_id_and_the_limits_as_integers(
    shared: World, method: str, path: str, status: int
) -> None:
    answers = [await shared.call(method, path) for _ in range(2)]
    assert [answer.status for answer in answers] == [status, status]
    assert len({answer.headers["x-request-id"] for answer in answers}) == 2
    headers = answers[0].headers
    limit, left = int(headers["x-ratelimit-limit"]), int(headers["x-ratelimit-remaining"])
    assert limit == left == 1_000_000
    assert 0 < int(headers["x-ratelimit-reset"]) - time.time() <= 61


async def test_unknown_parameters_are_ignored_on_every_read(shared: World) -> None:
    query = {"forceReauth": "false", "handoff": "false", "order": "asc", "includeOverLimit": "false", "x": "\u00fc"}
    for path in READS:
        plain, extra = await shared.call("GET", f"/v1{path}"), await shared.call("GET", f"/v1{path}", query=query)
        assert extra.status == 200
        assert extra.text == plain.text


async def test_the_service_says_whether_it_is_up_and_ready(shared: World) -> None:
    assert (await shared.call("GET", "/healthz", key=None)).json == {"status": "ok"}
    assert (await shared.call("GET", "/readyz", key=None)).json == {"status": "ready"}


async def test_a_server_that_the_schema_no_longer_fits_is_not_ready(shared: World) -> None:
    db = shared.service.db
    await db.run("UPDATE alembic_version SET version_num = '0001'")
    try:
        answer = await shared.call("GET", "/readyz", key=None)
    finally:
        await db.run("UPDATE alembic_version SET version_num = $1", HEAD)
    assert (answer.status, answer.json) == (503, {"status": "not ready"})


async def test_an_answer_does_not_name_the_server_software(shared: World) -> None:
    answer = await shared.call("GET", "/v1/users")
    assert "server" not in answer.headers
    assert "x-powered-by" not in answer.headers
