"""Tables webhooks, deliveries and delivery_logs on both engines."""

import asyncio
from dataclasses import replace
from typing import Any

from moorline import ids
from moorline.store import deliveries, delivery_logs, webhooks
from moorline.store.db import Database
from moorline.store.deliveries import Delivery, Message, Waiting
from moorline.store.delivery_logs import DeliveryLog, Wanted
from moorline.store.users import User
from moorline.store.webhooks import Webhook
from tests.store import rows
from tests.store.rows import NOW, after

EVENT = "account.connected"
ACCOUNT, OTHER_ACCOUNT = "a" * 24, "b" * 24


def webhook(owner: User, **changes: Any) -> Webhook:
    made = Webhook(
        id=ids.new_id(),
        user_id=owner.id,
        name="Hafen",
        url="https://app.example.com/hook?x=1",
        events=(EVENT, "account.updated"),
        is_active=True,
        secret_sealed=b"\x01secret",
        former_secret_sealed=b"\x01former",
        former_until=after(60),
        headers_sealed=b"\x01headers",
        given_up_in_a_row=3,
        last_fired_at=after(-60),
        created_at=NOW,
    )
    return replace(made, **changes)


def message(**changes: Any) -> Message:
    made = Message(id=ids.new_id(), account_id=ACCOUNT, event=EVENT, body='{"a": "é"}', created_at=NOW)
    return replace(made, **changes)


def log(owner: User, **changes: Any) -> DeliveryLog:
    made = DeliveryLog(
        id=ids.new_id(),
        user_id=owner.id,
        webhook_id=ids.new_id(),
        message_id=ids.new_id(),
        webhook_name="Hafen",
        url="https://app.example.com/hook",
        event=EVENT,
        status="failed",
        status_code=500,
        body='{"a": 1}',
        response_body="é",
        error="The receiver answered 500.",
        try_number=1,
        response_ms=12,
        created_at=NOW,
    )
    return replace(made, **changes)


async def saved(db: Database, **changes: Any) -> Webhook:
    owner, _ = await rows.saved_owner(db)
    made = webhook(owner, **changes)
    await webhooks.insert(db, made)
    return made


async def claim(db: Database, at_s: float = 0, *, holder: str = "one", limit: int = 10) -> list[Delivery]:
    claimed = await deliveries.claim(db, holder=holder, now=after(at_s), until=after(at_s + 60), limit=limit)
    return sorted(claimed, key=lambda delivery: delivery.position)


async def test_a_webhook_is_found_as_it_was_saved_by_its_tenant_only(db: Database) -> None:
    made = await saved(db)
    bare = webhook(
        replace(rows.user(), id=made.user_id),
        former_secret_sealed=None,
        former_until=None,
        headers_sealed=None,
        last_fired_at=None,
        created_at=after(1),
    )
    await webhooks.insert(db, bare)
    assert await webhooks.get(db, made.id) == made
    assert await webhooks.of_tenant(db, made.user_id, bare.id) == bare
    assert await webhooks.of_tenant(db, ids.new_id(), made.id) is None
    assert await webhooks.all_of(db, made.user_id) == [made, bare]
    assert await webhooks.all_of(db, ids.new_id()) == []


async def test_an_update_leaves_what_the_worker_counts(db: Database) -> None:
    made = await saved(db)
    changed = replace(
        made,
        name="Kai",
        url="https://b.example/",
        events=("account.updated",),
        secret_sealed=b"\x01new",
        former_secret_sealed=None,
        former_until=None,
        headers_sealed=None,
    )
    assert await webhooks.update(db, replace(changed, is_active=False, given_up_in_a_row=9, last_fired_at=None))
    assert await webhooks.get(db, made.id) == changed
    assert not await webhooks.update(db, replace(changed, user_id=ids.new_id()))


async def test_failures_are_counted_until_a_success_or_a_switch_on(db: Database) -> None:
    made = await saved(db, given_up_in_a_row=0)
    counted = await asyncio.gather(*(webhooks.count_given_up(db, made.id) for _ in range(5)))
    assert sorted(counted) == [1, 2, 3, 4, 5]
    await webhooks.count_success(db, made.id, after(5))
    assert await webhooks.get(db, made.id) == replace(made, last_fired_at=after(5))
    await webhooks.count_given_up(db, made.id)
    await webhooks.switch(db, made.id, is_active=False)
    switched_off = await webhooks.get(db, made.id)
    assert switched_off is not None
    assert (switched_off.is_active, switched_off.given_up_in_a_row) == (False, 1)
    await webhooks.switch(db, made.id, is_active=True)
    assert await webhooks.get(db, made.id) == replace(made, last_fired_at=after(5))
    assert await webhooks.count_given_up(db, ids.new_id()) == 0


async def test_a_held_webhook_is_unchanged_and_a_deleted_one_is_gone(db: Database) -> None:
    made = await saved(db)
    await db.transaction(lambda tx: webhooks.hold(tx, made.id))
    assert await webhooks.get(db, made.id) == made
    assert not await webhooks.delete(db, ids.new_id(), made.id)
    assert await webhooks.delete(db, made.user_id, made.id)
    assert not await webhooks.delete(db, made.user_id, made.id)


async def test_a_message_is_queued_for_the_subscribers_among_the_active_webhooks_of_its_tenant(db: Database) -> None:
    made = await saved(db)
    owner = replace(rows.user(), id=made.user_id)
    await webhooks.insert(db, webhook(owner, is_active=False))
    await webhooks.insert(db, webhook(owner, events=("account.connected.not", "xaccount.connected")))
    await saved(db)
    queued = message()
    assert await deliveries.insert_for_subscribers(db, made.user_id, queued) == 1
    assert await deliveries.insert_for_subscribers(db, ids.new_id(), message()) == 0
    (claimed,) = await claim(db)
    assert claimed == Delivery(
        position=claimed.position,
        message_id=queued.id,
        webhook_id=made.id,
        account_id=ACCOUNT,
        event=EVENT,
        body=queued.body,
        tries=1,
        due_at=after(60),
        holder="one",
    )


async def test_the_oldest_unfinished_delivery_of_an_account_goes_first_and_alone(db: Database) -> None:
    made = await saved(db)
    ordered = [message(), message(), message(account_id=OTHER_ACCOUNT)]
    for one in ordered:
        await deliveries.insert_for_subscribers(db, made.user_id, one)
    first, elsewhere = await claim(db)
    assert (first.message_id, elsewhere.message_id) == (ordered[0].id, ordered[2].id)
    assert await claim(db) == []
    assert await deliveries.put_off(db, first, after(5))
    assert await rows.next_delivery_at(db) == after(5)
    assert await claim(db, 4.999) == []
    (again,) = await claim(db, 5)
    assert (again.message_id, again.tries) == (ordered[0].id, 2)
    assert await deliveries.finish(db, again, "given_up", after(6))
    (second,) = await claim(db, 6)
    assert second.message_id == ordered[1].id


async def test_a_lease_that_runs_out_lets_another_take_the_delivery_and_shuts_the_first_out(db: Database) -> None:
    made = await saved(db)
    await deliveries.insert_for_subscribers(db, made.user_id, message())
    (slow,) = await claim(db)
    assert await claim(db, 59.999, holder="two") == []
    (taken,) = await claim(db, 60, holder="two")
    assert (taken.message_id, taken.tries) == (slow.message_id, 2)
    assert not await deliveries.put_off(db, slow, after(500))
    assert not await deliveries.finish(db, slow, "delivered", after(61))
    assert await deliveries.finish(db, taken, "delivered", after(61))
    assert not await deliveries.finish(db, taken, "given_up", after(62)), "it is finished once"
    assert await rows.next_delivery_at(db) is None


async def test_a_claim_may_leave_out_webhooks(db: Database) -> None:
    made = await saved(db)
    other = webhook(replace(rows.user(), id=made.user_id))
    await webhooks.insert(db, other)
    await deliveries.insert_for_subscribers(db, made.user_id, message())

    async def left_out(*webhook_ids: str) -> list[str]:
        until = after(60)
        taken = await deliveries.claim(db, holder="one", now=NOW, until=until, limit=9, except_of=webhook_ids)
        return [delivery.webhook_id for delivery in taken]

    assert await left_out(made.id, other.id) == []
    assert await left_out(made.id) == [other.id]
    assert await left_out() == [made.id]


async def test_of_many_who_claim_at_once_each_delivery_goes_to_one(db: Database) -> None:
    made = await saved(db)
    for number in range(30):
        await deliveries.insert_for_subscribers(db, made.user_id, message(account_id=f"{number:024}"))
    claimed = await asyncio.gather(*(claim(db, holder=str(number), limit=4) for number in range(12)))
    positions = [delivery.position for batch in claimed for delivery in batch]
    assert len(positions) == len(set(positions)) == 30
    assert max(len(batch) for batch in claimed) <= 4


async def test_what_waits_for_a_webhook_that_is_off_does_not_go(db: Database) -> None:
    made = await saved(db)
    await deliveries.insert_for_subscribers(db, made.user_id, message())
    await webhooks.switch(db, made.id, is_active=False)
    assert await claim(db) == []
    assert await rows.next_delivery_at(db) is None


async def test_dropped_arrived_and_deleted_deliveries_do_not_go(db: Database) -> None:
    dropped, arrived, deleted = await saved(db), await saved(db), await saved(db)
    queued = message()
    for made in (dropped, arrived, deleted):
        await deliveries.insert_for_subscribers(db, made.user_id, queued)
    assert await deliveries.drop(db, dropped.id, NOW) == 1
    await deliveries.arrive(db, arrived.id, queued.id, NOW)
    await deliveries.delete_of(db, deleted.id)
    assert await claim(db) == []
    states = await db.all("SELECT webhook_id, state, finished_at_ms FROM deliveries ORDER BY position")
    assert [(row["webhook_id"], row["state"], row["finished_at_ms"] is not None) for row in states] == [
        (dropped.id, "given_up", True),
        (arrived.id, "delivered", True),
    ]
    assert await deliveries.drop(db, dropped.id, NOW) == 0


async def test_what_waits_for_a_webhook_is_counted_and_says_when_it_is_tried(db: Database) -> None:
    made, other = await saved(db), await saved(db)
    assert await deliveries.waiting(db, made.id) == Waiting(count=0, next_at=None)
    early, late = message(created_at=after(5)), message(created_at=after(9))
    for queued in (late, early):
        await deliveries.insert_for_subscribers(db, made.user_id, queued)
    await deliveries.insert_for_subscribers(db, other.user_id, message())
    assert await deliveries.waiting(db, made.id) == Waiting(count=2, next_at=after(5))
    assert await deliveries.next_try(db, made.id, late.id) == after(9)
    assert await deliveries.next_try(db, other.id, late.id) is None
    await deliveries.arrive(db, made.id, late.id, NOW)
    assert await deliveries.next_try(db, made.id, late.id) is None
    assert await deliveries.waiting(db, made.id) == Waiting(count=1, next_at=after(5))


async def test_finished_deliveries_and_those_of_webhooks_that_are_gone_are_purged(db: Database) -> None:
    kept, gone = await saved(db), await saved(db)
    for made in (kept, gone):
        for _ in range(2):
            await deliveries.insert_for_subscribers(db, made.user_id, message())
    await webhooks.delete(db, gone.user_id, gone.id)
    (finished,) = await claim(db)
    await deliveries.finish(db, finished, "delivered", NOW)
    assert await deliveries.purge(db, before=NOW, limit=10) == 0
    assert await deliveries.purge(db, before=after(0.001), limit=1) == 2  # one that is finished, one that waits
    assert await deliveries.purge(db, before=after(0.001), limit=10) == 1
    assert await deliveries.purge(db, before=after(0.001), limit=10) == 0
    (waiting,) = await claim(db)
    assert waiting.webhook_id == kept.id


async def test_tries_are_read_newest_first_by_status_event_and_webhook(db: Database) -> None:
    owner, _ = await rows.saved_owner(db)
    other, _ = await rows.saved_owner(db)
    first = log(owner)
    second = log(owner, created_at=after(1), status="success", status_code=None, response_body=None, error=None)
    third = log(owner, created_at=after(2), event="webhook.test", webhook_id=first.webhook_id)
    for made in (first, second, third, log(other, created_at=after(3))):
        await delivery_logs.insert(db, made)

    async def newest(limit: int = 10, **wanted: Any) -> list[DeliveryLog]:
        return await delivery_logs.newest(db, owner.id, Wanted(**wanted), limit=limit)

    assert await newest() == [third, second, first]
    assert await newest(2) == [third, second]
    assert await newest(status="success") == [second]
    assert await newest(event=EVENT) == [second, first]
    assert await newest(webhook_id=first.webhook_id) == [third, first]
    assert await newest(webhook_id=first.webhook_id, status="success") == []
    assert await newest(before=third.id) == [second, first]
    assert await newest(before=first.id) == await newest(before=ids.new_id()) == []
    assert await delivery_logs.of_tenant(db, owner.id, first.id) == first
    assert await delivery_logs.of_tenant(db, other.id, first.id) is None


async def test_tries_of_a_message_are_counted_by_webhook(db: Database) -> None:
    owner, _ = await rows.saved_owner(db)
    first = log(owner, try_number=2)
    await delivery_logs.insert(db, first)
    await delivery_logs.insert(db, log(owner, message_id=first.message_id, try_number=7))
    assert await delivery_logs.count_tries(db, first.webhook_id, first.message_id) == 2
    assert await delivery_logs.count_tries(db, first.webhook_id, ids.new_id()) == 0


async def test_old_tries_are_purged(db: Database) -> None:
    owner, _ = await rows.saved_owner(db)
    for seconds in (-2, -1, 0):
        await delivery_logs.insert(db, log(owner, created_at=after(seconds)))
    assert [await delivery_logs.purge(db, before=NOW, limit=1) for _ in range(3)] == [1, 1, 0]
    (left,) = await delivery_logs.newest(db, owner.id, Wanted(), limit=10)
    assert left.created_at == NOW
