"""`GET /v1/connect/logs` and `/v1/connect/attempts/{id}`: what became of every start, to those who may see it."""

from typing import Any

import pytest

from moorline import ids
from tests.conftest import FrozenClock
from tests.harness import APP_URL, TWITTER_TOKEN, UNKNOWN_ID, World, failure, on_both_engines

LOGS = "/v1/connect/logs"
FIELDS = {
    "id",
    "type",
    "attemptId",
    "profileId",
    "platform",
    "status",
    "error",
    "stage",
    "platformAnswer",
    "reason",
    "accountId",
    "username",
    "createdAt",
    "finishedAt",
    "headless",
    "reconnect",
}


async def logs_of(world: World, *, key: str = "", **query: str) -> list[Any]:
    listed: list[Any] = (await world.ok("GET", LOGS, key=key, query=query))["logs"]
    return listed


async def every_outcome(world: World, clock: FrozenClock) -> None:
    """One attempt of each kind, a second apart, the oldest connected and the newest only started."""
    await world.landing("twitter")
    clock.advance(1)
    await world.landing("twitter", button="deny")
    clock.advance(1)
    await world.landing("facebook", headless=True)
    clock.advance(1)
    await world.start("reddit")


@on_both_engines
async def test_every_start_is_told_with_what_became_of_it_the_newest_first(
    world: World, frozen_clock: FrozenClock
) -> None:
    await every_outcome(world, frozen_clock)
    told = await logs_of(world)
    assert [(one["platform"], one["status"], one["error"], one["headless"]) for one in told] == [
        ("reddit", "started", None, False),
        ("facebook", "selecting", None, True),
        ("twitter", "failed", "oauth_denied", False),
        ("twitter", "connected", None, False),
    ]
    (account,) = await world.accounts()
    assert [one["accountId"] for one in told] == [None, None, None, account["_id"]]
    assert [one["finishedAt"] is None for one in told] == [True, True, False, False]
    assert {frozenset(one) for one in told} == {frozenset(FIELDS)}
    assert {one["profileId"] for one in told} == {world.owner.profile_id}


@on_both_engines
async def test_each_filter_leaves_what_it_names(world: World, frozen_clock: FrozenClock) -> None:
    await every_outcome(world, frozen_clock)
    everything = await logs_of(world)
    (account,) = await world.accounts()
    second = await world.new_profile("Second")
    for field, value in (
        ("platform", "twitter"),
        ("status", "started"),
        ("status", "selecting"),
        ("status", "connected"),
        ("status", "failed"),
        ("accountId", account["_id"]),
    ):
        left = [one for one in everything if one[field] == value]
        assert left
        assert await logs_of(world, **{field: value}) == left
    assert await logs_of(world, profileId=world.owner.profile_id) == everything
    assert await logs_of(world, profileId=second) == []


@on_both_engines
async def test_pages_by_before_hold_every_attempt_once_also_those_of_one_instant(
    world: World, frozen_clock: FrozenClock
) -> None:
    for _ in range(5):
        await world.start("twitter")
    everything = [one["attemptId"] for one in await logs_of(world)]
    paged: list[str] = []
    while page := await logs_of(world, limit="2", **({"before": paged[-1]} if paged else {})):
        assert len(page) <= 2
        paged += [one["attemptId"] for one in page]
    assert paged == everything
    assert len(set(paged)) == 5


async def test_one_attempt_is_told_as_in_the_list_while_it_goes_on(world: World) -> None:
    started = await world.start("twitter")
    path = f"/v1/connect/attempts/{started['attemptId']}"
    assert (await world.ok("GET", path))["status"] == "started"
    await (await world.browser()).open(await world.consent(started["authUrl"]))
    told = await world.ok("GET", path)
    assert told["status"] == "connected"
    assert [step["name"] for step in told.pop("steps")] == [
        "started",
        "returned",
        "exchanged",
        "identified",
        "connected",
    ]
    assert [told] == await logs_of(world)


async def test_a_failure_is_told_by_slug_and_sentence_without_the_platforms_text(world: World) -> None:
    body = {"error": "invalid_request", "error_description": "<b>secret-of-the-platform</b>"}
    await world.fault("twitter", TWITTER_TOKEN, status=400, body=body)
    await world.landing("twitter")
    (told,) = await logs_of(world)
    assert told["status"] == "failed"
    assert told["error"] in {"token_exchange_failed", "internal_error"}
    assert told["reason"]
    assert "secret-of-the-platform" not in str(told)


async def test_a_renewed_account_is_told_as_reconnected(world: World) -> None:
    await world.landing("twitter")
    (account,) = await world.accounts()
    query = {"profileId": world.owner.profile_id, "redirect_url": APP_URL, "reconnectAccountId": account["_id"]}
    started = await world.ok("GET", "/v1/connect/twitter", query=query)
    await (await world.browser()).open(await world.consent(started["authUrl"]))
    told = await logs_of(world, accountId=account["_id"])
    assert sorted((one["reconnect"], one["status"]) for one in told) == [(False, "connected"), (True, "connected")]


async def test_s40_a_limited_key_sees_the_attempts_of_its_profiles_only(world: World) -> None:
    first = (await world.start("twitter"))["attemptId"]
    second = await world.new_profile("Second")
    limited = await world.new_key("limited", scope="profiles", profileIds=[second], permission="read")
    assert await logs_of(world, key=limited) == []
    assert await logs_of(world, key=limited, profileId=world.owner.profile_id) == []
    failure(await world.call("GET", f"/v1/connect/attempts/{first}", key=limited), 404, "not_found")
    mine = (await world.ok("GET", "/v1/connect/reddit", query={"profileId": second}))["attemptId"]
    assert [one["attemptId"] for one in await logs_of(world, key=limited)] == [mine]
    assert (await world.ok("GET", f"/v1/connect/attempts/{mine}", key=limited))["attemptId"] == mine


async def test_s40_no_attempt_of_another_tenant_is_listed_or_begins_a_page(world: World) -> None:
    theirs = (await world.start("twitter", tenant=world.other))["attemptId"]
    await world.start("twitter")
    assert len(await logs_of(world)) == 1
    assert await logs_of(world, before=theirs) == await logs_of(world, before=UNKNOWN_ID) == []


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("profileId", "x"),
        ("accountId", "x"),
        ("before", "0" * 23),
        ("platform", "myspace"),
        ("status", "returned"),
        ("type", "attempt"),
        ("type", "connected"),
        ("limit", "0"),
        ("limit", "101"),
        ("limit", "x"),
    ],
)
async def test_a_wrong_filter_is_refused_by_name(world: World, name: str, value: str) -> None:
    told = failure(await world.call("GET", LOGS, query={name: value}), 400)
    assert name in told["details"]["fields"]


async def test_an_attempt_that_is_none_is_not_found_and_a_malformed_id_refused(world: World) -> None:
    failure(await world.call("GET", f"/v1/connect/attempts/{ids.new_id()}"), 404, "not_found")
    failure(await world.call("GET", "/v1/connect/attempts/x"), 400)
    failure(await world.call("GET", LOGS, key=None), 401)
