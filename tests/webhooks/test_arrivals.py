"""Arrivals that are recorded together, and what one that cannot be recorded does to the others."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from moorline import ids
from moorline.store import deliveries, delivery_logs, webhooks
from moorline.store.db import Database, UniqueViolated, Work
from moorline.store.deliveries import Delivery
from moorline.store.delivery_logs import Wanted
from moorline.store.users import User
from moorline.store.webhooks import Webhook
from moorline.webhooks import deliver, send
from moorline.webhooks.arrivals import Arrival, Arrivals
from tests.harness import settles
from tests.store import rows
from tests.store.rows import after
from tests.store.test_webhook_tables import claim, log, message, saved
from tests.webhooks.conftest import Told
from tests.webhooks.receiver import hang, receiving


class Counted:
    """Passes everything on to a real database, and counts its transactions."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self.transactions = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._db, name)

    async def transaction(self, work: Work[Any], *, durable: bool = False) -> Any:
        self.transactions += 1
        return await self._db.transaction(work, durable=durable)


async def claimed(db: Database, made: Webhook, count: int) -> list[Delivery]:
    for _ in range(count):
        await deliveries.insert_for_subscribers(db, made.user_id, message(account_id=ids.new_id()))
    return [one for one in await claim(db, limit=100) if one.webhook_id == made.id]


def arrival(made: Webhook, delivery: Delivery, **changes: Any) -> Arrival:
    entry = log(owner_of(made), webhook_id=made.id, message_id=delivery.message_id, status="success")
    return Arrival(delivery=delivery, entry=replace(entry, **changes))


def owner_of(made: Webhook) -> User:
    return replace(rows.user(), id=made.user_id)


async def left(db: Database) -> int:
    row = await db.one("SELECT count(*) AS n FROM deliveries WHERE state = 'due'")
    assert row is not None
    return int(row["n"])


async def test_arrivals_of_one_moment_share_commits(db: Database) -> None:
    made = await saved(db, given_up_in_a_row=3, last_fired_at=None)
    counted = Counted(db)
    arrivals = Arrivals(counted)
    ours = await asyncio.gather(*(arrivals.record(arrival(made, one)) for one in await claimed(db, made, 40)))
    assert ours == [True] * 40
    assert counted.transactions <= 2
    assert await left(db) == 0
    assert len(await delivery_logs.newest(db, made.user_id, Wanted(), limit=100)) == 40
    found = await webhooks.get(db, made.id)
    assert found is not None
    assert found.given_up_in_a_row == 0
    assert found.last_fired_at is not None


async def test_one_that_another_worker_has_by_now_is_told_from_the_others(db: Database) -> None:
    made = await saved(db)
    first, second, third = await claimed(db, made, 3)
    await claim(db, 60, holder="another")
    await deliveries.finish(db, replace(second, holder="another"), "delivered", after(61))
    arrivals = Arrivals(db)
    taken = [replace(first, holder="another"), second, replace(third, holder="another")]
    assert await asyncio.gather(*(arrivals.record(arrival(made, one)) for one in taken)) == [True, False, True]


async def test_one_that_cannot_be_recorded_keeps_no_other_from_it(db: Database) -> None:
    made = await saved(db)
    known = log(owner_of(made))
    await delivery_logs.insert(db, known)
    ordered = await claimed(db, made, 5)
    arrivals = Arrivals(db)
    changes: list[dict[str, Any]] = [{}, {}, {"id": known.id}, {}, {}]
    told = await asyncio.gather(
        *(arrivals.record(arrival(made, one, **more)) for one, more in zip(ordered, changes, strict=True)),
        return_exceptions=True,
    )
    assert isinstance(told[2], UniqueViolated)
    assert [one for at, one in enumerate(told) if at != 2] == [True] * 4
    assert await left(db) == 1


async def test_two_workers_with_the_same_webhooks_do_not_wait_for_each_other_for_ever(db: Database) -> None:
    both = [await saved(db) for _ in range(2)]
    ordered = [[(made, one) for one in await claimed(db, made, 20)] for made in both]
    workers = [Arrivals(db), Arrivals(db)]
    recorded = [
        workers[(at + number) % 2].record(arrival(made, one))
        for at, mine in enumerate(ordered)
        for number, (made, one) in enumerate(mine)
    ]
    assert all(await asyncio.wait_for(asyncio.gather(*recorded), timeout=20))
    assert await left(db) == 0


async def test_a_receiver_that_hangs_leaves_room_for_the_others(told: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(send, "TIMEOUT_S", 30.0)
    monkeypatch.setattr(deliver, "AT_ONCE", 3)
    monkeypatch.setattr(deliver, "AT_ONE_WEBHOOK", 2)
    monkeypatch.setattr(deliver, "CLAIMED_TOGETHER", 1)
    async with receiving() as hanging:
        hanging.usual = hang
        allow = f"127.0.0.1:{told.receiver.port},127.0.0.1:{hanging.port}"
        await told.world.restart(OUTBOUND_ALLOW=allow)
        await told.webhook(url=hanging.url)
        await told.webhook()
        for chat in ("@mychannel", "-1001111111111"):
            account = await told.connect(chat)
            await told.rename(account, "one", "two", "three")
        work = asyncio.create_task(told.deliver())

        async def others_told() -> bool:
            return len(told.receiver.received) == 8

        await settles(others_told)
        assert len(hanging.received) == 2
        assert not work.done()
        hanging.closing.set()
        await work
