"""What is over goes: sealed tokens of choices nobody made, old attempts and logs, kept answers, senders, invites."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import timedelta
from functools import partial

from moorline import clock
from moorline.accounts import history
from moorline.errors import StoreUnavailable
from moorline.logs import event, working
from moorline.owners import audit, invites, links, sessions
from moorline.service import Service
from moorline.store import attempts, bot_inboxes, kept_answers, selections
from moorline.webhooks import deliver

EVERY_S = 60.0
BATCH = 1_000
KEEP_ATTEMPTS = timedelta(days=30)
LONGEST_CALLBACK = timedelta(minutes=5)  # every call of it timed out and repeated
RECENT_ATTEMPTS = timedelta(hours=2)
log = logging.getLogger("moorline.purge")


async def run(service: Service) -> None:
    """Purge every minute until cancelled."""
    while True:
        with working("purge"):
            try:
                await close_abandoned(service, LONGEST_CALLBACK)
                await purge(service)
            except StoreUnavailable as error:
                event(log, logging.WARNING, "purge_delayed", reason=str(error))
        await asyncio.sleep(EVERY_S)


async def close_abandoned(service: Service, at_work: timedelta) -> None:
    """Give callbacks that died with their process an outcome, so that who asks again is told and need not wait."""
    now = clock.now()
    closed = await attempts.fail_abandoned(
        service.db, created_after=now - RECENT_ATTEMPTS, returned_before=now - at_work, now=now
    )
    if closed:
        event(log, logging.WARNING, "attempts_abandoned", attempts=closed)


async def purge(service: Service) -> int:
    """Delete everything that is over, in small batches so that nobody waits behind one; how many rows went."""
    now = clock.now()
    sweeps: tuple[Callable[[], Awaitable[int]], ...] = (
        partial(selections.purge, service.db, now=now, limit=BATCH),
        partial(kept_answers.purge, service.db, now=now, limit=BATCH),
        partial(bot_inboxes.purge_senders, service.db, now=now, limit=BATCH),
        partial(attempts.purge, service.db, before=now - KEEP_ATTEMPTS, limit=BATCH),
        partial(history.purge, service.db, now=now, limit=BATCH),
        partial(audit.purge, service.db, now=now, limit=BATCH),
        partial(deliver.purge, service, now, BATCH),
        partial(invites.purge, service.db, now=now, limit=BATCH),
        partial(links.purge, service.db, now=now, limit=BATCH),
        partial(sessions.purge, service.db, now=now, limit=BATCH),
    )
    total = 0
    for sweep in sweeps:
        while gone := await sweep():
            total += gone
    if total:
        event(log, logging.INFO, "purged", rows=total)
    return total
