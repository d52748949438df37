"""`selection.describe`: details of many choices, asked of a platform that takes its time."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from typing_extensions import override

from moorline.connect import selection
from moorline.connect.selection import DESCRIBED_AT_ONCE
from moorline.errors import PlatformRateLimited
from moorline.outbound import Outbound
from moorline.service import Service
from moorline.store.selections import OpenSelection
from moorline.wire import Reply, Request
from tests.harness import World

ORGANIZATION = "GET /v2/organizations/{organization_id}"
AUDITED = [str(5591000 + number) for number in range(1, 61)]  # the plentiful person has a role in each
DELAY_MS = 100


class Watched(Outbound):
    """The service's own way out, watched: how many calls are under way, how many were dropped."""

    def __init__(self, http: Outbound) -> None:
        super().__init__()
        self._http = http
        self.under_way = 0
        self.most = 0
        self.asked = 0
        self.dropped = 0

    @override
    async def send(self, request: Request) -> Reply:
        self.asked += 1
        self.under_way += 1
        self.most = max(self.most, self.under_way)
        try:
            return await self._http.send(request)
        except asyncio.CancelledError:
            self.dropped += 1
            raise
        finally:
            self.under_way -= 1


async def opened(world: World) -> OpenSelection:
    await world.selection("linkedin")
    row = await world.service.db.one("SELECT attempt_id FROM selections")
    assert row is not None
    return await selection.get(world.service, row["attempt_id"])


def watched(world: World) -> tuple[Service, Watched]:
    way_out = Watched(world.service.http)
    return replace(world.service, http=way_out), way_out


def vanity_names(told: list[tuple[str, Mapping[str, Any]]]) -> list[tuple[str, str]]:
    return [(choice_id, details["vanityName"]) for choice_id, details in told]


async def test_twenty_are_asked_for_at_once_and_never_more(world: World) -> None:
    found, (service, way_out) = await opened(world), watched(world)
    await world.fault("linkedin", ORGANIZATION, delay_ms=DELAY_MS, count=len(AUDITED))

    told = await selection.describe(service, found, AUDITED)

    assert way_out.most == DESCRIBED_AT_ONCE == 20
    assert (way_out.asked, len(told)) == (len(AUDITED), len(AUDITED))


async def test_details_come_in_the_order_asked_for_whichever_is_answered_first(world: World) -> None:
    found, ids = await opened(world), AUDITED[:30][::-1]
    await world.fault("linkedin", ORGANIZATION, delay_ms=5 * DELAY_MS, count=3)

    told = await selection.describe(world.service, found, ids)

    assert vanity_names(told) == [(one, f"audited-bakery-{int(one) - 5591000:03d}") for one in ids]


async def test_what_is_under_way_is_dropped_and_the_rest_is_never_asked_for_when_one_fails(world: World) -> None:
    found, (service, way_out) = await opened(world), watched(world)
    await world.fault("linkedin", ORGANIZATION, status=429, body={"status": 429, "code": "TOO_MANY_REQUESTS"})
    await world.fault("linkedin", ORGANIZATION, delay_ms=10 * DELAY_MS, count=len(AUDITED))

    with pytest.raises(PlatformRateLimited):
        await selection.describe(service, found, AUDITED)

    assert (way_out.under_way, way_out.dropped) == (0, way_out.asked - 1)
    # The place of the one that failed may be taken once before the failure is known to all.
    assert way_out.asked <= DESCRIBED_AT_ONCE + 1
