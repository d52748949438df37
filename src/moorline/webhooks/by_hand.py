"""What somebody asks for instead of waiting: a test, the log of tries, one message once more."""

from dataclasses import dataclass
from datetime import datetime

from moorline import clock, ids
from moorline.errors import NotFound
from moorline.owners.caller import Caller
from moorline.service import Service
from moorline.store import deliveries, delivery_logs, webhooks
from moorline.store.db import Statements
from moorline.store.deliveries import Waiting
from moorline.store.delivery_logs import DeliveryLog, Wanted
from moorline.webhooks import events
from moorline.webhooks.send import Letter, Outcome, send, to_log
from moorline.webhooks.settings import check_id, find, refuse_limited


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """Whether it arrived, and if not, why."""

    arrived: bool
    reason: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """A try, and when its message is tried again by itself; None: it is not. `can_be_sent`: its webhook is there."""

    log: DeliveryLog
    next_at: datetime | None
    can_be_sent: bool


async def test(service: Service, caller: Caller, webhook_id: str) -> Sent:
    """Send a test, once and now, also to a webhook that is switched off. Raises: as `settings.find`."""
    webhook = await find(service.db, caller, webhook_id)
    message_id = ids.new_id()
    letter = Letter(message_id=message_id, event=events.TEST, body=events.test_body(message_id, clock.now()))
    outcome = await send(service, webhook, letter)
    await delivery_logs.insert(service.db, to_log(webhook, letter, outcome, try_number=1))
    return _sent(outcome)


async def list_logs(service: Service, caller: Caller, wanted: Wanted, *, limit: int) -> list[DeliveryLog]:
    """The last tries, newest first. Raises: Forbidden, BadRequest for a malformed id."""
    refuse_limited(caller)
    for name, given in (("webhookId", wanted.webhook_id), ("before", wanted.before)):
        if given is not None:
            check_id(name, given)
    return await delivery_logs.newest(service.db, caller.user_id, wanted, limit=limit)


async def get_try(service: Service, caller: Caller, log_id: str) -> Tried:
    """One try. Raises: Forbidden, BadRequest for a malformed id, NotFound."""
    logged = await _logged(service, caller, log_id)
    webhook = await webhooks.of_tenant(service.db, caller.user_id, logged.webhook_id)
    next_at = None
    if webhook is not None and webhook.is_active:
        next_at = await deliveries.next_try(service.db, logged.webhook_id, logged.message_id)
    return Tried(log=logged, next_at=next_at, can_be_sent=webhook is not None)


async def waiting(service: Service, caller: Caller, webhook_id: str) -> Waiting:
    """What waits for a webhook. Raises: as `settings.find`."""
    webhook = await find(service.db, caller, webhook_id)
    return await deliveries.waiting(service.db, webhook.id)


async def redeliver(service: Service, caller: Caller, log_id: str) -> Sent:
    """Send the message of a try once more, now: same id and body, new timestamp and signature.

    When it arrives, nobody tries any more on its own. Raises: Forbidden, BadRequest for a malformed id, NotFound when
    the log or its webhook is gone.
    """
    logged = await _logged(service, caller, log_id)
    webhook = await find(service.db, caller, logged.webhook_id)
    letter = Letter(message_id=logged.message_id, event=logged.event, body=logged.body)
    outcome = await send(service, webhook, letter)
    now = clock.now()

    async def write(tx: Statements) -> None:
        tries = await delivery_logs.count_tries(tx, webhook.id, letter.message_id)
        await delivery_logs.insert(tx, to_log(webhook, letter, outcome, try_number=tries + 1))
        if outcome.arrived:
            await webhooks.hold(tx, webhook.id)
            await deliveries.arrive(tx, webhook.id, letter.message_id, now)
            await webhooks.count_success(tx, webhook.id, now)

    await service.db.transaction(write)
    return _sent(outcome)


async def _logged(service: Service, caller: Caller, log_id: str) -> DeliveryLog:
    refuse_limited(caller)
    check_id("logId", log_id)
    logged = await delivery_logs.of_tenant(service.db, caller.user_id, log_id)
    if logged is None:
        raise NotFound("Webhook log not found")
    return logged


def _sent(outcome: Outcome) -> Sent:
    return Sent(arrived=outcome.arrived, reason=outcome.error)
