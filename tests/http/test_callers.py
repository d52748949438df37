"""Who is let in: every way of not having a working key answers alike, on every operation."""

import pytest

from moorline.access import Access
from tests.conftest import FrozenClock
from tests.harness import UNKNOWN_ID, World, failure, on_both_engines
from tests.http.conftest import Serve
from tests.http.test_routes import framework_of, handlers

IDS = {"platform": "twitter", "user_id": UNKNOWN_ID, "profile_id": UNKNOWN_ID}
IDS |= dict.fromkeys(("account_id", "key_id", "webhook_id", "log_id", "attempt_id"), UNKNOWN_ID) | {"path": "x"}
IDS |= dict.fromkeys(("credential_id", "link_id"), UNKNOWN_ID)
WITH_A_KEY = {Access.READ, Access.WRITE, Access.SELECTION}  # the dashboard's pages have a door of their own


async def test_every_operation_is_401_without_a_key_and_says_nothing_else(world: World) -> None:
    asked = 0
    for path, handler in handlers(framework_of(world)):
        for method in handler.http_methods if handler.opt["access"] in WITH_A_KEY else ():
            for content in (None, b"{}", b"not json"):
                failure(await world.call(method, path.format(**IDS), key=None, content=content), 401)
            asked += 1
    assert asked > 20


@on_both_engines
async def test_wrong_keys_of_every_kind_are_refused_alike(world: World) -> None:
    good = world.owner.api_key
    last = "0" if good[-1] != "0" else "1"
    given = [
        f"Bearer {good[:-1]}{last}",
        f"Bearer {good[:-1]}",
        f"Bearer {good}0",
        f"Bearer {good.upper()}",
        f"Bearer sk_{'0' * 64}",
        f"Bearer {good[3:]}",
        "Bearer",
        "Bearer ",
        f"Basic {good}",
        f"Token {good}",
        good,
        "",
        "Bearer null",
        f"Bearer {good[:20]}\xe9{good[21:]}",
        f"Bearer {good},{good}",
        "Bearer " + "x" * 5000,
    ]
    seen = set()
    for value in given:
        answer = await world.call("GET", "/v1/users", key=None, headers={"authorization": value})
        failure(answer, 401)
        seen.add((answer.text, answer.headers["content-type"]))
    assert len(seen) == 1


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER", "Bearer  "])
async def test_the_scheme_is_taken_in_any_case(world: World, scheme: str) -> None:
    headers = {"authorization": f"{scheme} {world.owner.api_key}"}
    assert (await world.call("GET", "/v1/users", key=None, headers=headers)).status == 200


@on_both_engines
async def test_an_expired_and_a_revoked_key_are_refused_like_an_unknown_one(
    world: World, frozen_clock: FrozenClock
) -> None:
    expiring = await world.new_key("a day", expiresIn=1)
    revoked = (await world.ok("POST", "/v1/api-keys", body={"name": "gone"}))["apiKey"]
    await world.ok("DELETE", f"/v1/api-keys/{revoked['id']}")
    frozen_clock.advance(24 * 3600 - 0.001)
    assert (await world.call("GET", "/v1/users", key=expiring)).status == 200
    frozen_clock.advance(0.001)
    texts = set()
    for key in (expiring, revoked["key"], "sk_" + "0" * 64):
        answer = await world.call("GET", "/v1/users", key=key)
        failure(answer, 401)
        texts.add(answer.text)
    assert len(texts) == 1


async def test_a_key_may_revoke_itself_and_is_dead_at_once(world: World) -> None:
    made = (await world.ok("POST", "/v1/api-keys", body={"name": "self"}))["apiKey"]
    await world.ok("DELETE", f"/v1/api-keys/{made['id']}", key=made["key"])
    failure(await world.call("GET", "/v1/users", key=made["key"]), 401)


# --- limits -----------------------------------------------------------------------------------------------------------


async def test_over_the_limit_is_429_with_how_long_to_wait(serve: Serve) -> None:
    world = await serve(RATE_LIMIT_PER_MINUTE="5")
    left = []
    for _ in range(5):
        answer = await world.call("GET", "/v1/users")
        assert answer.status == 200
        left.append(int(answer.headers["x-ratelimit-remaining"]))
    assert left == [4, 3, 2, 1, 0]
    answer = await world.call("GET", "/v1/users")
    failure(answer, 429, "rate_limited")
    assert 1 <= int(answer.headers["retry-after"]) <= 61
    assert answer.headers["x-ratelimit-limit"] == "5"
    assert answer.headers["x-ratelimit-remaining"] == "0"


async def test_the_limit_counts_each_key_and_no_refused_caller(serve: Serve) -> None:
    world = await serve(RATE_LIMIT_PER_MINUTE="2")
    for _ in range(10):
        failure(await world.call("GET", "/v1/users", key="sk_" + "0" * 64), 401)
        failure(await world.call("GET", "/v1/users", key=None), 401)
    for key in (world.owner.api_key, world.other.api_key):
        assert (await world.call("GET", "/v1/users", key=key)).status == 200
        assert (await world.call("GET", "/v1/users/x", key=key)).status == 400
        failure(await world.call("GET", "/v1/users", key=key), 429)


async def test_the_limit_counts_a_connect_token_by_its_attempt(serve: Serve) -> None:
    world = await serve(RATE_LIMIT_PER_MINUTE="3")
    fields = await world.selection()
    headers = {"x-connect-token": fields["connect_token"]}
    path = "/v1/connect/facebook/select-page"
    for _ in range(3):
        assert (await world.call("GET", path, key=None, headers=headers)).status == 200
    failure(await world.call("GET", path, key=None, headers=headers), 429)
    assert (await world.call("GET", "/v1/users")).status == 200


async def test_a_call_over_the_limit_changes_nothing(serve: Serve) -> None:
    world = await serve(RATE_LIMIT_PER_MINUTE="1")
    await world.ok("GET", "/v1/users")
    failure(await world.call("POST", "/v1/profiles", body={"name": "Late"}), 429)
    rows = await world.service.db.all("SELECT name FROM profiles ORDER BY name")
    assert [row["name"] for row in rows] == ["Fernhill Books", "Northwind Bakery"]
