"""The life of a grant: renewed ahead of time, given up once and told, brought back by a new consent, withdrawn."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from typing_extensions import override

from moorline.accounts import tokens
from moorline.accounts.pauses import DEFAULT_PAUSE_S
from moorline.adapter.values import App, Tokens
from moorline.errors import Refused
from moorline.jobs import revoking
from moorline.jobs.renewals import Renewals
from moorline.platforms.twitter import Twitter
from moorline.wire import Http
from tests.conftest import FrozenClock
from tests.harness import TWITTER_TOKEN, World, failure, on_both_engines

LIFE_S = 2 * 3600
REVOKE = "POST /2/oauth2/revoke"
PAGES = ("100000000000101", "100000000000102", "100000000000103")


async def row(world: World, sql: str, *args: object) -> Any:
    found = await world.service.db.one(sql, *args)
    assert found is not None
    return found


async def grant_of(world: World, platform: str = "twitter") -> str:
    await world.landing(platform)
    return str((await row(world, "SELECT id FROM grants WHERE platform = $1", platform))["id"])


async def due_in_s(world: World, frozen_clock: FrozenClock) -> float | None:
    renew_at_ms = (await row(world, "SELECT renew_at_ms FROM grant_tokens"))["renew_at_ms"]
    return None if renew_at_ms is None else renew_at_ms / 1000 - frozen_clock.now().timestamp()


async def active(world: World) -> list[bool]:
    return [account["isActive"] for account in await world.accounts()]


# --- renewals ---------------------------------------------------------------------------------------------------------


@on_both_engines
async def test_tokens_are_renewed_ahead_of_their_end_and_not_before(world: World, frozen_clock: FrozenClock) -> None:
    await grant_of(world)
    renewals = Renewals(world.service)
    due_s = await due_in_s(world, frozen_clock)
    assert due_s is not None
    assert LIFE_S * 0.75 <= due_s <= LIFE_S * 0.8
    frozen_clock.advance(due_s - 1)
    assert await renewals.work() == 0
    frozen_clock.advance(2)
    assert await renewals.work() == 1
    assert len(await world.calls("twitter", TWITTER_TOKEN)) == 2
    assert await renewals.work() == 0
    assert (await row(world, "SELECT version FROM grant_tokens"))["version"] == 2


@on_both_engines
async def test_two_workers_at_once_renew_each_grant_once(world: World, frozen_clock: FrozenClock) -> None:
    await grant_of(world)
    await world.landing("twitter", tenant=world.other)
    await world.landing("youtube")
    frozen_clock.advance(LIFE_S)
    before = await world.count()
    await asyncio.gather(*(Renewals(world.service).work() for _ in range(4)))
    assert await world.count() == before + 3
    versions = await world.service.db.all("SELECT version FROM grant_tokens")
    assert [entry["version"] for entry in versions] == [2, 2, 2]


async def test_a_failure_that_passes_is_tried_again_later_and_disconnects_nobody(
    world: World, frozen_clock: FrozenClock
) -> None:
    await grant_of(world)
    renewals = Renewals(world.service)
    frozen_clock.advance(LIFE_S)
    await world.fault("twitter", TWITTER_TOKEN, status=503, body={}, count=100)
    pauses = []
    for failures in range(1, 12):
        assert await renewals.work() == 1
        assert (await row(world, "SELECT failures FROM grant_tokens"))["failures"] == failures
        pause_s = await due_in_s(world, frozen_clock)
        assert pause_s is not None
        assert await renewals.work() == 0
        pauses.append(pause_s)
        frozen_clock.advance(pause_s + 0.001)
    assert 60 <= pauses[0] <= 75
    assert pauses[4] > 3 * pauses[1]
    assert max(pauses) <= 1.25 * 6 * 3600
    assert await active(world) == [True]
    await world.control("DELETE", "faults")
    assert await renewals.work() == 1
    assert (await row(world, "SELECT failures FROM grant_tokens"))["failures"] == 0


async def test_a_platform_that_asks_to_wait_is_left_in_peace_while_others_are_served(
    world: World, frozen_clock: FrozenClock
) -> None:
    await grant_of(world)
    renewals = Renewals(world.service)
    frozen_clock.advance(LIFE_S)
    await world.fault("twitter", TWITTER_TOKEN, status=429, body={})
    assert await renewals.work() == 1
    await world.landing("twitter", tenant=world.other)
    await world.landing("youtube")
    await world.service.db.run("UPDATE grant_tokens SET renew_at_ms = 1")
    asked = len(await world.calls("twitter", TWITTER_TOKEN))
    frozen_clock.advance(DEFAULT_PAUSE_S - 1)
    assert await renewals.work() == 1  # YouTube's
    assert len(await world.calls("twitter", TWITTER_TOKEN)) == asked
    frozen_clock.advance(1)
    assert await renewals.work() == 2
    assert len(await world.calls("twitter", TWITTER_TOKEN)) == asked + 2


class Broken(Twitter):
    """An adapter with a fault."""

    @override
    async def refresh(self, http: Http, app: App, tokens: Tokens) -> Tokens:
        raise TypeError("a fault of ours")


async def test_a_grant_that_breaks_something_of_ours_waits_and_keeps_no_other_waiting(
    world: World, frozen_clock: FrozenClock
) -> None:
    await grant_of(world)
    await world.landing("youtube")
    broken = replace(world.service, platforms={**world.service.platforms, "twitter": Broken()})
    frozen_clock.advance(LIFE_S)
    assert await Renewals(broken).work() == 2
    versions = await world.service.db.all(
        "SELECT g.platform, t.version, t.failures FROM grants g JOIN grant_tokens t ON t.grant_id = g.id"
    )
    assert {(one["platform"], one["version"], one["failures"]) for one in versions} == {
        ("twitter", 1, 1),
        ("youtube", 2, 0),
    }
    assert await Renewals(broken).work() == 0
    frozen_clock.advance(80)
    assert await Renewals(world.service).work() == 1
    assert await active(world) == [True, True]


# --- dead grants ------------------------------------------------------------------------------------------------------


@on_both_engines
async def test_a_revoked_grant_switches_its_accounts_off_once_and_a_new_consent_brings_them_back(
    world: World, frozen_clock: FrozenClock
) -> None:
    grant_id = await grant_of(world)
    await world.control("POST", "revoke", {"platform": "twitter", "person": "plenty"})
    frozen_clock.advance(LIFE_S)
    assert await Renewals(world.service).work() == 1
    assert await active(world) == [False]
    buried = await row(world, "SELECT dead_at_ms, dead_reason FROM grants")
    assert buried["dead_reason"]
    calls = await world.count()
    frozen_clock.advance(24 * 3600)
    assert await Renewals(world.service).work() == 0
    with pytest.raises(Refused):
        await tokens.usable(world.service, grant_id)
    assert await world.count() == calls
    (account,) = await world.accounts()
    await world.landing("twitter")
    assert [one["_id"] for one in await world.accounts()] == [account["_id"]]
    assert await active(world) == [True]
    assert (await row(world, "SELECT dead_at_ms FROM grants"))["dead_at_ms"] is None
    await tokens.usable(world.service, grant_id)


async def test_a_grant_found_dead_by_a_call_is_given_up_although_its_token_had_time_left(world: World) -> None:
    await grant_of(world, "reddit")
    (account,) = await world.accounts()
    await world.control("POST", "revoke", {"platform": "reddit", "person": "plenty"})
    failure(await world.call("GET", f"/v1/accounts/{account['_id']}/reddit-subreddits"), 500, "token_revoked")
    assert await active(world) == [False]


async def test_a_token_the_platform_forgot_is_renewed_and_the_call_made_again(world: World) -> None:
    await grant_of(world, "reddit")
    (account,) = await world.accounts()
    await world.fault("reddit", "GET /subreddits/mine/subscriber", status=401, body={}, count=1)
    path = f"/v1/accounts/{account['_id']}/reddit-subreddits"
    assert (await world.ok("GET", path))["subreddits"]
    assert (await row(world, "SELECT version FROM grant_tokens"))["version"] == 2
    assert await active(world) == [True]


async def test_tokens_that_cannot_be_renewed_are_given_up_when_they_end(
    world: World, frozen_clock: FrozenClock
) -> None:
    await world.landing("linkedin", person="none")
    assert (await row(world, "SELECT refresh_sealed FROM grant_tokens"))["refresh_sealed"] is None
    ends_ms = (await row(world, "SELECT access_expires_at_ms FROM grant_tokens"))["access_expires_at_ms"]
    frozen_clock.advance(ends_ms / 1000 - frozen_clock.now().timestamp() - 1)
    assert await Renewals(world.service).work() == 0
    frozen_clock.advance(1)
    assert await Renewals(world.service).work() == 1
    assert await active(world) == [False]


# --- withdrawing ------------------------------------------------------------------------------------------------------


async def pages_of_one_person(world: World) -> list[str]:
    fields = await world.selection()
    return [(await world.select(fields, page)).json["account"]["accountId"] for page in PAGES]


@on_both_engines
async def test_s36_disconnecting_one_of_three_pages_keeps_the_others_and_the_last_revokes(world: World) -> None:
    first, second, third = await pages_of_one_person(world)
    endpoint = "DELETE /{version}/{user_id}/permissions"
    for account_id in (first, second):
        await world.ok("DELETE", f"/v1/accounts/{account_id}")
    assert len(await world.calls("facebook", endpoint)) == 0
    assert (await world.call("GET", f"/v1/accounts/{third}/facebook-page")).status == 200
    await world.ok("DELETE", f"/v1/accounts/{third}")
    assert len(await world.calls("facebook", endpoint)) == 1
    assert await world.service.db.all("SELECT id FROM revocations") == []


@on_both_engines
async def test_s36_a_revocation_that_fails_is_tried_again_with_the_tokens_gone(
    world: World, frozen_clock: FrozenClock
) -> None:
    await grant_of(world)
    (account,) = await world.accounts()
    await world.fault("twitter", REVOKE, status=503, body={}, count=100)
    await world.ok("DELETE", f"/v1/accounts/{account['_id']}")
    assert await world.accounts() == []
    assert await world.rows_with_tokens() == 0
    waiting = await row(world, "SELECT tries, grant_sealed FROM revocations")
    assert waiting["tries"] == 1
    for issued in await world.control("GET", "issued"):
        assert issued["value"].encode() not in bytes(waiting["grant_sealed"])
    assert await revoking.work(world.service) == 0
    frozen_clock.advance(80)
    assert await revoking.work(world.service) == 1
    assert (await row(world, "SELECT tries FROM revocations"))["tries"] == 2
    await world.control("DELETE", "faults")
    frozen_clock.advance(400)
    assert await revoking.work(world.service) == 1
    assert await world.service.db.all("SELECT id FROM revocations") == []


async def test_s36_a_revocation_that_never_succeeds_is_given_up_and_wiped_after_three_days(
    world: World, frozen_clock: FrozenClock
) -> None:
    await grant_of(world)
    (account,) = await world.accounts()
    await world.fault("twitter", REVOKE, status=503, body={}, count=10_000)
    await world.ok("DELETE", f"/v1/accounts/{account['_id']}")
    for _ in range(40):
        frozen_clock.advance(6 * 3600)
        await revoking.work(world.service)
    assert await world.service.db.all("SELECT id FROM revocations") == []


async def test_s36_a_platform_that_says_wait_for_years_is_waited_for_until_it_is_given_up(
    world: World, frozen_clock: FrozenClock
) -> None:
    await world.landing("youtube")
    (account,) = await world.accounts()
    await world.fault("youtube", "POST /revoke", status=429, body={}, headers={"retry-after": "900000000"}, count=100)
    await world.ok("DELETE", f"/v1/accounts/{account['_id']}")
    assert (await row(world, "SELECT tries FROM revocations"))["tries"] == 1
    frozen_clock.advance(3 * 86400)
    await revoking.work(world.service)
    assert await world.service.db.all("SELECT id FROM revocations") == []


async def test_s36_a_revocation_is_tried_by_one_at_a_time(world: World, frozen_clock: FrozenClock) -> None:
    await grant_of(world)
    (account,) = await world.accounts()
    await world.fault("twitter", REVOKE, status=503, body={}, count=100)
    await world.ok("DELETE", f"/v1/accounts/{account['_id']}")
    calls_a_try = len(await world.calls("twitter", REVOKE))
    frozen_clock.advance(80)
    await asyncio.gather(*(revoking.work(world.service) for _ in range(5)))
    assert len(await world.calls("twitter", REVOKE)) == 2 * calls_a_try
    assert (await row(world, "SELECT tries FROM revocations"))["tries"] == 2


async def test_s36_a_revocation_that_waited_longer_than_the_access_lives_renews_it_first(
    world: World, frozen_clock: FrozenClock
) -> None:
    await world.landing("tiktok")
    (account,) = await world.accounts()
    revoke = "POST /v2/oauth/revoke/"
    await world.fault("tiktok", revoke, status=503, body={}, count=3)
    await world.ok("DELETE", f"/v1/accounts/{account['_id']}")
    assert (await row(world, "SELECT tries FROM revocations"))["tries"] == 1
    frozen_clock.advance(25 * 3600)
    await world.control("POST", "clock", {"advance_s": 25 * 3600})
    assert await revoking.work(world.service) == 1
    assert [call["status"] for call in await world.calls("tiktok", revoke)] == [503, 503, 503, 200]
    assert await world.service.db.all("SELECT id FROM revocations") == []
