"""`account.expiring` beside renewals: of what renews by itself nothing is told, of a right to renew that ends it is."""

import asyncio
from datetime import datetime, timedelta

import pytest

from moorline.jobs.renewals import Renewals
from moorline.jobs.warnings import Warnings
from tests.accounts.expiring import WEBHOOK, days_told, lived, move, partner, queued, subscribed
from tests.conftest import FrozenClock
from tests.harness import World, on_both_engines

INSTAGRAM_REFRESH = "GET /refresh_access_token"


@pytest.mark.parametrize("platform", ["instagram", "bluesky", "pinterest", "twitter"])
async def test_what_renews_by_itself_is_never_told_of(world: World, frozen_clock: FrozenClock, platform: str) -> None:
    if platform == "bluesky":
        await world.ok("POST", "/v1/webhooks/settings", body=WEBHOOK)
        state = (await world.start("bluesky"))["state"]
        body = {"identifier": "demo.bsky.social", "appPassword": "demo-demo-demo-demo", "state": state}
        await world.ok("POST", "/v1/connect/bluesky/credentials", body=body)
    elif platform == "pinterest":
        await world.ok("POST", "/v1/webhooks/settings", body=WEBHOOK)
        fields = await world.selection("pinterest")
        call = {"profileId": fields["profileId"], "tempToken": fields["tempToken"]}
        (board, *_) = (await world.ok("GET", "/v1/connect/pinterest/select-board", query=call))["boards"]
        await world.ok("POST", "/v1/connect/pinterest/select-board", body={**call, "boardId": board["id"]})
    else:
        await subscribed(world, platform, "plenty")
    await lived(world, frozen_clock, 100)
    assert await days_told(world) == []
    assert [account["isActive"] for account in await world.accounts()] == [True]


async def test_what_is_traded_for_new_access_is_told_of_once_that_fails_and_no_more_when_it_works(
    world: World, frozen_clock: FrozenClock
) -> None:
    await subscribed(world, "instagram", "plenty")
    await lived(world, frozen_clock, 45)
    await world.fault("instagram", INSTAGRAM_REFRESH, status=503, body={}, count=10_000)
    await lived(world, frozen_clock, 9)
    assert await days_told(world) == [7]  # it was not failing yet when 14 days were left
    assert "Renewing it fails" in (await queued(world))[0].account["reason"]
    await world.control("DELETE", "faults")
    await lived(world, frozen_clock, 40)
    assert await days_told(world) == [7]
    assert [account["isActive"] for account in await world.accounts()] == [True]


@on_both_engines
async def test_a_right_to_renew_that_ends_is_told_of_although_every_renewal_works(
    world: World, frozen_clock: FrozenClock
) -> None:
    await partner(world, "linkedin", "refresh_tokens")
    await subscribed(world)
    renewals, warnings = Renewals(world.service), Warnings(world.service)
    for _ in range(12):
        await move(world, frozen_clock, 27)
        await asyncio.gather(renewals.work(), warnings.work())
    assert await days_told(world) == []
    # Renewed on day 324 for the last time: on day 374 the year is over, and the access ends on day 384.
    await lived(world, frozen_clock, 61)
    told = await queued(world)
    assert [one.days_left for one in told] == [14, 7, 1]
    for one in told:
        left = datetime.fromisoformat(one.account["expiresAt"]) - one.at
        assert timedelta(days=one.days_left - 1) < left <= timedelta(days=one.days_left)
    events = await world.service.db.all("SELECT event FROM deliveries ORDER BY position")
    assert [row["event"] for row in events] == [*["account.expiring"] * 3, "account.disconnected"]


@on_both_engines
async def test_a_warning_that_was_missed_is_told_although_the_access_was_renewed_first(
    world: World, frozen_clock: FrozenClock
) -> None:
    await partner(world, "youtube", "testing")
    await world.control("POST", "youtube/settings", {"testing_tells_end": True})
    await subscribed(world, "youtube", "plenty")
    renewals, warnings = Renewals(world.service), Warnings(world.service)
    await move(world, frozen_clock, 6.1)  # a day before the end nobody was at work
    assert await renewals.work() == 1
    assert await warnings.work() == 1
    assert await days_told(world) == [1]
    for _ in range(20):
        await move(world, frozen_clock, 1 / 24)
        await renewals.work()
        await warnings.work()
    assert await days_told(world) == [1]


async def test_a_consent_that_ends_within_days_is_told_of_at_what_is_still_to_come_and_never_at_once(
    world: World, frozen_clock: FrozenClock
) -> None:
    await partner(world, "youtube", "testing")
    await world.control("POST", "youtube/settings", {"testing_tells_end": True})
    await subscribed(world, "youtube", "plenty")
    warnings = Warnings(world.service)
    await warnings.work()
    assert await days_told(world) == []
    for _ in range(7 * 24):
        await move(world, frozen_clock, 1 / 24)
        await Renewals(world.service).work()
        await warnings.work()
    assert await days_told(world) == [1]
    (told,) = await queued(world)
    left = datetime.fromisoformat(told.account["expiresAt"]) - told.at
    assert timedelta(hours=22) < left <= timedelta(hours=24)
