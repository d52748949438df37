"""Renewals side by side: what one platform, or one row, does to the others."""

import asyncio
from dataclasses import replace

import pytest
from typing_extensions import override

from moorline import pulse
from moorline.adapter.values import App, Tokens
from moorline.jobs import renewals
from moorline.jobs.renewals import Renewals
from moorline.limits import buckets
from moorline.limits.counters import MemoryCounters
from moorline.limits.counting import Limits
from moorline.platforms.twitter import Twitter
from moorline.wire import Http
from tests.conftest import FrozenClock
from tests.harness import World, on_both_engines, settles
from tests.http.conftest import Lines

LIFE_S = 2 * 3600


async def versions(world: World) -> dict[str, list[int]]:
    """The versions of the grants' tokens, by platform."""
    rows = await world.service.db.all(
        "SELECT g.platform, t.version FROM grants g JOIN grant_tokens t ON t.grant_id = g.id ORDER BY t.version"
    )
    return {name: [row["version"] for row in rows if row["platform"] == name] for name in {r["platform"] for r in rows}}


class Hanging(Twitter):
    """X, answering when it is let."""

    def __init__(self) -> None:
        self.asked = 0
        self.goes_on = asyncio.Event()

    @override
    async def refresh(self, http: Http, app: App, tokens: Tokens) -> Tokens:
        self.asked += 1
        await self.goes_on.wait()
        return await super().refresh(http, app, tokens)


async def test_a_platform_that_hangs_leaves_room_for_the_others(
    world: World, frozen_clock: FrozenClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(renewals, "AT_ONCE", 3)
    monkeypatch.setattr(renewals, "AT_ONE_PLATFORM", 2)
    monkeypatch.setattr(renewals, "REFILL", 1)
    for tenant in (world.owner, world.other):
        for person in ("plenty", "single"):
            await world.landing("twitter", tenant=tenant, person=person)
    for person in ("plenty", "single"):
        await world.landing("youtube", person=person)
    frozen_clock.advance(LIFE_S)
    await world.service.db.run(  # X's have waited longest
        "UPDATE grant_tokens SET renew_at_ms = 1 WHERE grant_id IN (SELECT id FROM grants WHERE platform = 'twitter')"
    )
    hanging = Hanging()
    service = replace(world.service, platforms={**world.service.platforms, "twitter": hanging})
    work = asyncio.create_task(Renewals(service).work())

    async def others_done() -> bool:
        return (await versions(world))["youtube"] == [2, 2]

    await settles(others_done)
    assert hanging.asked == 2
    assert (await versions(world))["twitter"] == [1, 1, 1, 1]
    hanging.goes_on.set()
    assert await asyncio.wait_for(work, timeout=10) == 6
    assert (await versions(world))["twitter"] == [2, 2, 2, 2]


async def test_renewals_that_come_to_no_end_are_not_taken_for_stuck(
    world: World, frozen_clock: FrozenClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pulse, "SILENT_S", 2.5)
    await world.landing("twitter")
    frozen_clock.advance(LIFE_S)
    hanging = Hanging()
    service = replace(world.service, platforms={**world.service.platforms, "twitter": hanging})
    service.pulse.beat("renewals")
    work = asyncio.create_task(Renewals(service).work())
    await asyncio.sleep(4)
    assert hanging.asked == 1
    assert service.pulse.silent() == []
    hanging.goes_on.set()
    assert await asyncio.wait_for(work, timeout=10) == 1
    await asyncio.sleep(2.6)
    assert service.pulse.silent() == ["renewals"]


@on_both_engines
async def test_tokens_that_cannot_be_read_wait_and_keep_no_other_waiting(
    world: World, frozen_clock: FrozenClock, monkeypatch: pytest.MonkeyPatch, lines: Lines
) -> None:
    monkeypatch.setattr(renewals, "AT_ONCE", 1)
    await world.landing("twitter")
    await world.landing("youtube")
    frozen_clock.advance(LIFE_S)
    sealed = await world.service.db.one(
        "SELECT t.grant_id, t.access_sealed FROM grant_tokens t JOIN grants g ON g.id = t.grant_id"
        " WHERE g.platform = 'twitter'"
    )
    assert sealed is not None
    change = "UPDATE grant_tokens SET access_sealed = $1, renew_at_ms = 1 WHERE grant_id = $2"
    await world.service.db.run(change, b"\x01damaged", sealed["grant_id"])
    assert await asyncio.wait_for(Renewals(world.service).work(), timeout=10) == 2
    assert await versions(world) == {"twitter": [1], "youtube": [2]}
    assert [account["isActive"] for account in await world.accounts()] == [True, True]
    assert "tokens_unreadable" in lines.text
    assert await Renewals(world.service).work() == 0
    # The key, or the value, is there again.
    await world.service.db.run(change, bytes(sealed["access_sealed"]), sealed["grant_id"])
    assert await Renewals(world.service).work() == 1
    assert await versions(world) == {"twitter": [2], "youtube": [2]}


async def test_a_grant_whose_row_breaks_something_of_ours_waits_too(
    world: World, frozen_clock: FrozenClock, lines: Lines
) -> None:
    await world.landing("twitter")
    frozen_clock.advance(LIFE_S)
    await world.service.db.run("UPDATE grants SET granted = 'no JSON'")
    assert await asyncio.wait_for(Renewals(world.service).work(), timeout=10) == 1
    assert "renewal_broke" in lines.text
    assert await Renewals(world.service).work() == 0
    row = await world.service.db.one("SELECT failures, lease_until_ms FROM grant_tokens")
    assert row is not None
    assert (row["failures"], row["lease_until_ms"]) == (1, 0)


async def test_s60_a_platform_gets_no_more_renewals_a_minute_than_it_takes_from_all_workers_together(
    world: World, frozen_clock: FrozenClock
) -> None:
    for tenant in (world.owner, world.other):
        for person in ("plenty", "single"):
            await world.landing("twitter", tenant=tenant, person=person)
    await world.landing("youtube")
    frozen_clock.advance(LIFE_S)
    limits = Limits({**buckets.numbers(0, {}), "renewal-platform": 3}, MemoryCounters())
    service = replace(world.service, limits=limits)
    workers = [Renewals(service) for _ in range(2)]
    begun = await asyncio.gather(*(worker.work() for worker in workers))
    assert await versions(world) == {"twitter": [1, 2, 2, 2], "youtube": [2]}, begun
    frozen_clock.advance(59)
    assert [await worker.work() for worker in workers] == [0, 0]
    frozen_clock.advance(1)
    await asyncio.gather(*(worker.work() for worker in workers))
    assert await versions(world) == {"twitter": [2, 2, 2, 2], "youtube": [2]}
