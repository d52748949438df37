"""What is over goes: sealed tokens of choices nobody made, old attempts and logs, kept answers, senders, invites."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Protocol

from moorline import clock
from moorline.accounts import history, pauses
from moorline.connect import state
from moorline.errors import StoreUnavailable
from moorline.logs import event, working
from moorline.owners import audit, invites, links, sessions
from moorline.service import Service
from moorline.store import attempts, bot_inboxes, kept_answers, limit_counters, selections
from moorline.store.db import Database
from moorline.webhooks import deliver

EVERY_S = 60.0
BATCH = 200  # rows: whoever writes meanwhile waits for one batch at most
KEEP_ATTEMPTS = timedelta(days=30)
KEEP_UNRETURNED = timedelta(days=7)  # attempts that nobody came back from: any stranger makes them, and without end
LONGEST_CALLBACK = timedelta(minutes=5)  # every call of it timed out and repeated
RECENT_ATTEMPTS = timedelta(hours=2)
_STATE_TTL = timedelta(seconds=state.STATE_TTL_S)
_STILL_AT_WORK = _STATE_TTL + LONGEST_CALLBACK + timedelta(minutes=5)
_LEFT_OVER = timedelta(days=1)  # how far back a process looks for what others did not come to
_BEGINNING = datetime(1970, 1, 2, tzinfo=UTC)
log = logging.getLogger("moorline.purge")


class Sweeps:
    """What is done once to every attempt at some age: each process goes on from where it was."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._wiped_until = self._deleted_until = _BEGINNING

    async def sweep(self) -> int:
        """Wipe verifiers whose state has expired, and delete attempts that nobody came back from; how many rows."""
        db, now = self._service.db, clock.now()
        expired, forgotten = now - _STATE_TTL, now - KEEP_UNRETURNED
        wipe = partial(attempts.wipe_verifiers, db, now=now)
        wiped = await in_pages(db, wipe, after=max(self._wiped_until, expired - _LEFT_OVER), until=expired)
        self._wiped_until = expired
        delete = partial(attempts.delete_unreturned, db)
        after = max(self._deleted_until, forgotten - _LEFT_OVER)
        deleted = await in_pages(db, delete, after=after, until=forgotten)
        self._deleted_until = forgotten
        if wiped or deleted:
            event(log, logging.INFO, "attempts_swept", wiped=wiped, deleted=deleted)
        return wiped + deleted


class OfPage(Protocol):
    """Does something to the attempts that were created after an instant and until another; to how many."""

    async def __call__(self, *, after: datetime, until: datetime) -> int: ...


async def in_pages(db: Database, act: OfPage, *, after: datetime, until: datetime) -> int:
    """Do it to all of them, some at a time; to how many in all."""
    total = 0
    while after < until:
        end = await attempts.end_of_page(db, after=after, until=until, limit=BATCH)
        total += await act(after=after, until=end)
        after = end
        await asyncio.sleep(0)  # on SQLite a page is read at once: others come in between
    return total


async def run(service: Service) -> None:
    """Purge every minute until cancelled."""
    sweeps, back = Sweeps(service), RECENT_ATTEMPTS
    while True:
        with working("purge"):
            try:
                await close_abandoned(service, LONGEST_CALLBACK, back=back)
                await sweeps.sweep()
                await purge(service)
                back = _STILL_AT_WORK
            except StoreUnavailable as error:
                event(log, logging.WARNING, "purge_delayed", reason=str(error))
        await asyncio.sleep(EVERY_S)


async def close_abandoned(service: Service, at_work: timedelta, *, back: timedelta = RECENT_ATTEMPTS) -> None:
    """Give callbacks that died with their process an outcome, so that who asks again is told and need not wait."""
    now = clock.now()
    fail = partial(attempts.fail_abandoned, service.db, returned_before=now - at_work, now=now)
    closed = await in_pages(service.db, fail, after=now - back, until=now)
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
        partial(limit_counters.purge, service.db, now=now, limit=BATCH),
        partial(pauses.purge, service),
    )
    total = 0
    for sweep in sweeps:
        while gone := await sweep():
            total += gone
    if total:
        event(log, logging.INFO, "purged", rows=total)
    return total
