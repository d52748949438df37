"""A webhook that the server switches off by itself is told of in the audit log, once."""

import asyncio
from typing import Any

import pytest

from tests.conftest import FrozenClock
from tests.harness import on_both_engines
from tests.webhooks.conftest import Told
from tests.webhooks.receiver import answering
from tests.webhooks.test_deliver import give_up


async def told_of(told: Told, action: str = "webhook.disabled") -> list[Any]:
    entries: list[Any] = (await told.world.ok("GET", "/v1/audit", query={"action": action}))["entries"]
    return entries


@on_both_engines
async def test_a_receiver_that_is_gone_is_told_of_once_however_many_deliver(told: Told) -> None:
    webhook = await told.webhook(events=["account.updated"])
    first, second = await told.connect(), await told.connect("-1001111111111")
    told.receiver.usual = answering(410)
    await told.rename(first, "one", "two")
    await told.rename(second, "one")
    await asyncio.gather(*(told.deliver() for _ in range(3)))
    (entry,) = await told_of(told)
    assert (entry["source"], entry["memberId"], entry["keyId"]) == ("server", None, None)
    assert (entry["subjectId"], entry["details"]) == (webhook["_id"], {"name": "app", "statusCode": 410})
    assert await told_of(told, "webhook.changed") == []


@pytest.mark.parametrize("status", [500])
async def test_the_tenth_delivery_given_up_in_a_row_is_told_of_and_none_before(
    told: Told, frozen_clock: FrozenClock, status: int
) -> None:
    await told.webhook(events=["account.updated"])
    account = await told.connect()
    told.receiver.usual = answering(status)
    await told.rename(account, *(str(number) for number in range(11)))
    for given_up in range(1, 11):
        assert await told_of(told) == [], given_up
        await give_up(told, frozen_clock)
    assert [entry["details"]["statusCode"] for entry in await told_of(told)] == [status]
