"""Deliveries that are due: claimed, sent a bounded number at once, and recorded.

A worker that dies between sending and recording leaves the row claimed; when its lease runs out the same message goes
out again, with the same id and body, so receivers that remember ids lose nothing and do nothing twice.
"""

import asyncio
import logging
from datetime import datetime, timedelta

from moorline import clock, ids
from moorline.logs import event
from moorline.service import Service
from moorline.store import deliveries, delivery_logs, webhooks
from moorline.store.db import Statements
from moorline.store.deliveries import Delivery
from moorline.store.webhooks import Webhook
from moorline.webhooks.send import TIMEOUT_S, Letter, Outcome, send, to_log

# Pauses after the first, second, ... failure; with the last one a delivery was tried for almost 24 hours.
DELAYS_S = (5, 60, 5 * 60, 20 * 60, 3600, 3 * 3600, 7 * 3600, 12.5 * 3600)
MOST_TRIES = len(DELAYS_S) + 1
MOST_GIVEN_UP = 10  # in a row, then the webhook is switched off
AT_ONCE = 32
LEASE = timedelta(seconds=60)
KEPT = timedelta(days=7)
log = logging.getLogger("moorline.webhooks")


async def deliver_due(service: Service, *, limit: int = 100) -> int:
    """Send what is due and record the outcomes; how many deliveries were claimed.

    Raises: StoreUnavailable, once nothing of this batch is under way any more; what was not recorded is sent again.
    """
    now = clock.now()
    claimed = await deliveries.claim(service.db, holder=ids.new_id(), now=now, until=now + LEASE, limit=limit)
    to = {webhook_id: await webhooks.get(service.db, webhook_id) for webhook_id in {one.webhook_id for one in claimed}}
    room = asyncio.Semaphore(AT_ONCE)
    works = [_deliver(service, room, webhook, one) for one in claimed if (webhook := to[one.webhook_id]) is not None]
    for result in await asyncio.gather(*works, return_exceptions=True):
        if isinstance(result, BaseException):
            raise result
    return len(claimed)


async def next_due(service: Service) -> datetime | None:
    """When the next delivery may go; None when none waits. In the past: now."""
    return await deliveries.next_due(service.db)


async def purge(service: Service, now: datetime, limit: int) -> int:
    """Delete up to `limit` log entries and as many finished deliveries that are older than seven days; how many."""
    gone = await delivery_logs.purge(service.db, before=now - KEPT, limit=limit)
    return gone + await deliveries.purge(service.db, before=now - KEPT, limit=limit)


async def _deliver(service: Service, room: asyncio.Semaphore, webhook: Webhook, delivery: Delivery) -> None:
    async with room:
        if clock.now() + timedelta(seconds=TIMEOUT_S) > delivery.due_at:
            return  # waited here for so long that another worker may take it while this one sends
        letter = Letter(message_id=delivery.message_id, event=delivery.event, body=delivery.body)
        outcome = await send(service, webhook, letter)
    await _record(service, webhook, delivery, letter, outcome)


async def _record(service: Service, webhook: Webhook, delivery: Delivery, letter: Letter, outcome: Outcome) -> None:
    now = clock.now()
    entry = to_log(webhook, letter, outcome, try_number=delivery.tries)
    is_last = outcome.gone or delivery.tries >= MOST_TRIES

    async def write(tx: Statements) -> str:
        await delivery_logs.insert(tx, entry)
        if not outcome.arrived and not is_last:
            await deliveries.put_off(tx, delivery, now + pause(delivery.tries, outcome.retry_after_s))
            return "webhook_failed"
        await webhooks.hold(tx, webhook.id)
        if not await deliveries.finish(tx, delivery, "delivered" if outcome.arrived else "given_up", now):
            return "webhook_recorded_late"
        if outcome.arrived:
            await webhooks.count_success(tx, webhook.id, now)
            return "webhook_delivered"
        if await webhooks.count_given_up(tx, webhook.id) < MOST_GIVEN_UP and not outcome.gone:
            return "webhook_given_up"
        await webhooks.switch(tx, webhook.id, is_active=False)
        await deliveries.drop(tx, webhook.id, now)
        return "webhook_switched_off"

    happened = await service.db.transaction(write)
    event(
        log,
        logging.INFO if outcome.arrived else logging.WARNING,
        happened,
        webhook=webhook.id,
        message=letter.message_id,
        kind=letter.event,
        tries=delivery.tries,
        status=outcome.status_code,
        reason=outcome.error,
    )


def pause(tries: int, retry_after_s: float | None) -> timedelta:
    """How long to wait after so many tries: a little less than the list says, so that failures do not march in step.

    A receiver may ask for more, up to the next pause of the list.
    """
    own_s = DELAYS_S[tries - 1] * (1 - 0.1 * ids.jitter())
    longest_s = DELAYS_S[min(tries, len(DELAYS_S) - 1)]
    return timedelta(seconds=max(own_s, min(retry_after_s or 0.0, longest_s)))
