"""`GET /v1/accounts/{id}/token`: for keys that may see one, valid long enough, the Page's own for a Page."""

import asyncio

import pytest

from tests.conftest import FrozenClock
from tests.harness import TWITTER_TOKEN, UNKNOWN_ID, World, failure, on_both_engines

LIFE_S = 2 * 3600
PAGE = "100000000000101"


async def path_of(world: World, platform: str = "twitter") -> str:
    await world.landing(platform)
    (account,) = await world.accounts()
    return f"/v1/accounts/{account['_id']}/token"


@on_both_engines
async def test_the_token_is_the_platforms_own_and_may_not_be_kept_by_caches(world: World) -> None:
    path = await path_of(world)
    answer = await world.call("GET", path)
    assert answer.status == 200, answer.text
    assert answer.headers["cache-control"] == "no-store"
    told = answer.json
    assert set(told) == {"accountId", "platform", "platformAccountId", "accessToken", "expiresAt", "scopes"}
    issued = {one["value"] for one in await world.control("GET", "issued") if one["platform"] == "twitter"}
    assert told["accessToken"] in issued
    assert "tweet.read" in told["scopes"]


async def test_a_token_that_would_not_last_is_renewed_first(world: World, frozen_clock: FrozenClock) -> None:
    path = await path_of(world)
    first = (await world.ok("GET", path))["accessToken"]
    frozen_clock.advance(LIFE_S - 600)
    assert (await world.ok("GET", path))["accessToken"] == first
    second = (await world.ok("GET", path, query={"min_valid_s": "601"}))["accessToken"]
    assert second != first
    assert (await world.ok("GET", path, query={"min_valid_s": "3600"}))["accessToken"] == second


async def test_s35_many_callers_cause_one_renewal(world: World, frozen_clock: FrozenClock) -> None:
    path = await path_of(world)
    frozen_clock.advance(LIFE_S)
    answers = await asyncio.gather(*(world.ok("GET", path) for _ in range(50)))
    assert len({answer["accessToken"] for answer in answers}) == 1
    assert len(await world.calls("twitter", TWITTER_TOKEN)) == 2


async def test_a_page_answers_its_own_token_which_has_no_end(world: World) -> None:
    fields = await world.selection()
    account_id = (await world.select(fields, PAGE)).json["account"]["accountId"]
    told = await world.ok("GET", f"/v1/accounts/{account_id}/token")
    assert (told["platformAccountId"], "expiresAt" in told) == (PAGE, False)


async def test_a_key_needs_the_permission(world: World, lines: object) -> None:
    path = await path_of(world)
    plain = await world.new_key("plain")
    failure(await world.call("GET", path, key=plain), 403, "forbidden")
    failure(await world.call("GET", path, key=world.other.api_key), 404)
    failure(await world.call("GET", f"/v1/accounts/{UNKNOWN_ID}/token"), 404)
    reader = await world.new_key("reader", permission="read", revealTokens=True)
    assert (await world.call("GET", path, key=reader)).status == 200


@pytest.mark.parametrize("seconds", ["-1", "3601", "x", "1.5"])
async def test_a_wrong_span_is_refused_by_name(world: World, seconds: str) -> None:
    path = await path_of(world)
    told = failure(await world.call("GET", path, query={"min_valid_s": seconds}), 400)
    assert "min_valid_s" in told["details"]["fields"]


async def test_what_cannot_be_had_is_told_by_its_cause(world: World, frozen_clock: FrozenClock) -> None:
    telegram = await world.ok(
        "POST", "/v1/connect/telegram", body={"chatId": "@mychannel", "profileId": world.owner.profile_id}
    )
    failure(await world.call("GET", f"/v1/accounts/{telegram['account']['_id']}/token"), 400, "no_token")
    await world.landing("twitter")
    account = next(one for one in await world.accounts() if one["platform"] == "twitter")
    path = f"/v1/accounts/{account['_id']}/token"
    frozen_clock.advance(LIFE_S)
    await world.fault("twitter", TWITTER_TOKEN, status=503, body={}, count=2)
    failure(await world.call("GET", path), 500, "platform_unavailable")
    await world.control("DELETE", "faults")
    await world.control("POST", "revoke", {"platform": "twitter", "person": "plenty"})
    failure(await world.call("GET", path), 500, "token_revoked")
    (lost,) = [one for one in await world.accounts() if one["platform"] == "twitter"]
    assert lost["isActive"] is False
