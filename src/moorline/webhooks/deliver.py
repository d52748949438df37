"""Deliveries that are due: claimed, sent a bounded number at once and to each webhook, and recorded.

A worker that dies between sending and recording leaves the row claimed; when its lease runs out the same message goes
out again, with the same id and body, so receivers that remember ids lose nothing and do nothing twice.
"""

import asyncio
import logging
from collections.abc import Sequence
from datetime import datetime, timedelta

from moorline import clock, ids
from moorline.logs import event, working
from moorline.owners import audit
from moorline.owners.audit import Actor
from moorline.service import Service
from moorline.store import deliveries, delivery_logs, webhooks
from moorline.store.db import Statements
from moorline.store.deliveries import Delivery
from moorline.store.delivery_logs import DeliveryLog
from moorline.store.webhooks import Webhook
from moorline.webhooks.arrivals import Arrival, Arrivals
from moorline.webhooks.send import TIMEOUT_S, Letter, Outcome, send, to_log
from moorline.window import Begun, Window

# Pauses after the first, second, ... failure; with the last one a delivery was tried for almost 24 hours.
DELAYS_S = (5, 60, 5 * 60, 20 * 60, 3600, 3 * 3600, 7 * 3600, 12.5 * 3600)
MOST_TRIES = len(DELAYS_S) + 1
MOST_GIVEN_UP = 10  # in a row, then the webhook is switched off
AT_ONCE = 64  # below the connections that guarded calls have, so that none waits for one
AT_ONE_WEBHOOK = 32
CLAIMED_TOGETHER = 16  # by as many a webhook may exceed its share
LEASE = timedelta(seconds=60)
KEPT = timedelta(days=7)
log = logging.getLogger("moorline.webhooks")


class Deliveries:
    """The deliveries of one process."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._arrivals = Arrivals(service.db)
        self._window = Window(most=AT_ONCE, most_of_kind=AT_ONE_WEBHOOK, refill=CLAIMED_TOGETHER)

    async def work(self) -> int:
        """Send what is due and what becomes so meanwhile, and record the outcomes; how many.

        Raises: StoreUnavailable, once nothing is under way any more; what was not recorded is sent again.
        """
        return await self._window.keep_full(self._begin)

    async def _begin(self, full: Sequence[str]) -> Begun:
        self._service.pulse.beat("deliveries")  # while there is plenty to do, the work never ends
        if self._service.stopping.is_set():
            return Begun(count=0, may_be_more=False)
        db, now, window = self._service.db, clock.now(), self._window
        most = min(window.room, CLAIMED_TOGETHER)
        claimed = await deliveries.claim(
            db, holder=ids.new_id(), now=now, until=now + LEASE, limit=most, except_of=full
        )
        to = {webhook_id: await webhooks.get(db, webhook_id) for webhook_id in {one.webhook_id for one in claimed}}
        for one in claimed:
            if (webhook := to[one.webhook_id]) is not None:
                window.begin(f"{one.position} {one.tries}", webhook.id, self._work(webhook, one))
        return Begun(count=len(claimed), may_be_more=0 < len(claimed) == most)

    async def _work(self, webhook: Webhook, delivery: Delivery) -> None:
        with working("delivery"):
            await self._deliver(webhook, delivery)

    async def _deliver(self, webhook: Webhook, delivery: Delivery) -> None:
        if clock.now() + timedelta(seconds=TIMEOUT_S) > delivery.due_at:
            return  # waited here for so long that another worker may take it while this one sends
        letter = Letter(message_id=delivery.message_id, event=delivery.event, body=delivery.body)
        try:
            outcome = await send(self._service, webhook, letter)
        except asyncio.CancelledError:  # the process stops: it may have arrived or not, so another sends it again
            await deliveries.put_off(self._service.db, delivery, clock.now())
            raise
        entry = to_log(webhook, letter, outcome, try_number=delivery.tries)
        if outcome.arrived:
            is_ours = await self._arrivals.record(Arrival(delivery=delivery, entry=entry))
            happened = "webhook_delivered" if is_ours else "webhook_recorded_late"
        else:
            happened = await _record_failure(self._service, webhook, delivery, entry, outcome)
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


async def purge(service: Service, now: datetime, limit: int) -> int:
    """Delete up to `limit` log entries and as many finished deliveries that are older than seven days; how many."""
    gone = await delivery_logs.purge(service.db, before=now - KEPT, limit=limit)
    return gone + await deliveries.purge(service.db, before=now - KEPT, limit=limit)


async def _record_failure(
    service: Service, webhook: Webhook, delivery: Delivery, entry: DeliveryLog, outcome: Outcome
) -> str:
    """Put it off, or give it up; what happened, as the log names it."""
    now = clock.now()
    is_last = outcome.gone or delivery.tries >= MOST_TRIES

    async def write(tx: Statements) -> str:
        await delivery_logs.insert(tx, entry)
        if not is_last:
            await deliveries.put_off(tx, delivery, now + pause(delivery.tries, outcome.retry_after_s))
            return "webhook_failed"
        await webhooks.hold(tx, webhook.id)
        if not await deliveries.finish(tx, delivery, "given_up", now):
            return "webhook_recorded_late"
        if await webhooks.count_given_up(tx, webhook.id) < MOST_GIVEN_UP and not outcome.gone:
            return "webhook_given_up"
        await webhooks.switch(tx, webhook.id, is_active=False)
        told = {"name": webhook.name, "statusCode": outcome.status_code}
        await audit.note(tx, Actor.server(webhook.user_id), "webhook.disabled", webhook.id, **told)
        await deliveries.drop(tx, webhook.id, now)
        return "webhook_switched_off"

    return await service.db.transaction(write)


def pause(tries: int, retry_after_s: float | None) -> timedelta:
    """How long to wait after so many tries: a little less than the list says, so that failures do not march in step.

    A receiver may ask for more, up to the next pause of the list.
    """
    own_s = DELAYS_S[tries - 1] * (1 - 0.1 * ids.jitter())
    longest_s = DELAYS_S[min(tries, len(DELAYS_S) - 1)]
    return timedelta(seconds=max(own_s, min(retry_after_s or 0.0, longest_s)))
