"""Background work: what is due in the database is claimed and done, by every process that runs this, until cancelled.

There is nothing else to run and nothing to lose: a row that was claimed by a process that died is due again when its
lease runs out. Each kind of work has its own loop, so that one that waits for a slow platform keeps nobody else.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from functools import partial

from moorline import ids
from moorline.accounts import tokens
from moorline.connect import purge
from moorline.errors import StoreUnavailable
from moorline.jobs import renewals, revoking, warnings
from moorline.logs import event
from moorline.service import Service
from moorline.webhooks import deliver

IDLE_S = 1.0
PAUSE_S = 5.0  # after the database did not answer
RESTART_AFTER_S = 5.0
STOP_WITHIN_S = 10.0
log = logging.getLogger("moorline.jobs")

Work = Callable[[], Awaitable[int]]


def loops(service: Service) -> list[Callable[[], Awaitable[None]]]:
    """The loops to run, each for ever."""
    kinds: dict[str, Work] = {
        "renewals": renewals.Renewals(service).work,
        "warnings": warnings.Warnings(service).work,
        "revocations": partial(revoking.work, service),
        "deliveries": deliver.Deliveries(service).work,
    }
    return [*(partial(loop, name, work) for name, work in kinds.items()), partial(purge.run, service)]


@asynccontextmanager
async def running(works: Sequence[Callable[[], Awaitable[None]]]) -> AsyncIterator[None]:
    """Run the loops beside the body, and at its end stop them; renewals under way end first."""
    tasks = [asyncio.create_task(for_ever(work)) for work in works]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks, timeout=STOP_WITHIN_S)
        await tokens.drain(STOP_WITHIN_S)


async def for_ever(work: Callable[[], Awaitable[None]]) -> None:
    """Run background work, and again when a fault of ours ended it: nobody else would notice that it is gone."""
    while True:
        try:
            await work()
        except Exception:
            log.exception("background_work_broke")
        await asyncio.sleep(RESTART_AFTER_S)


async def loop(name: str, work: Work) -> None:
    """Do what is due; look again at once while there is some, else after a second or so."""
    while True:
        try:
            handled = await work()
        except StoreUnavailable as error:
            event(log, logging.WARNING, "work_delayed", work=name, reason=str(error))
            await asyncio.sleep(PAUSE_S)
            continue
        if not handled:
            await asyncio.sleep(IDLE_S * (0.5 + ids.jitter()))
