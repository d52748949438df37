"""Background work: what is due in the database is claimed and done, by every process that runs this, until it stops.

There is nothing else to run and nothing to lose: a row that was claimed by a process that died is due again when its
lease runs out. Each kind of work has its own loop, so that one that waits for a slow platform keeps nobody else.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager, suppress
from functools import partial

from moorline import ids
from moorline.accounts import tokens
from moorline.connect import purge
from moorline.errors import StoreUnavailable
from moorline.jobs import renewals, revoking, warnings
from moorline.logs import event
from moorline.pulse import Pulse
from moorline.service import Service
from moorline.webhooks import deliver

IDLE_S = 1.0
PAUSE_S = 5.0  # after the database did not answer
RESTART_AFTER_S = 5.0
STOP_WITHIN_S = 10.0
RELEASE_WITHIN_S = 3.0
log = logging.getLogger("moorline.jobs")

Work = Callable[[], Awaitable[int]]


def loops(service: Service) -> list[Callable[[], Awaitable[None]]]:
    """The loops to run, each until the service is told to stop."""
    kinds: dict[str, Work] = {
        "renewals": renewals.Renewals(service).work,
        "warnings": warnings.Warnings(service).work,
        "revocations": partial(revoking.work, service),
        "deliveries": deliver.Deliveries(service).work,
    }
    each = [partial(loop, service.stopping, service.pulse, name, work) for name, work in kinds.items()]
    return [*each, partial(until_told, service.stopping, partial(purge.run, service))]


@asynccontextmanager
async def running(stopping: asyncio.Event, works: Sequence[Callable[[], Awaitable[None]]]) -> AsyncIterator[None]:
    """Run the loops beside the body, and at its end tell them to stop.

    What is under way ends first. What takes too long is broken off, and gives back what it claimed.
    """
    tasks = [asyncio.create_task(for_ever(stopping, work)) for work in works]
    try:
        yield
    finally:
        stopping.set()
        over_at = asyncio.get_running_loop().time() + STOP_WITHIN_S
        if tasks:
            _, late = await asyncio.wait(tasks, timeout=STOP_WITHIN_S)
            for task in late:
                task.cancel()
            if late:
                await asyncio.wait(late, timeout=RELEASE_WITHIN_S)
        await tokens.drain(max(0.0, over_at - asyncio.get_running_loop().time()), RELEASE_WITHIN_S)


async def for_ever(stopping: asyncio.Event, work: Callable[[], Awaitable[None]]) -> None:
    """Run background work, and again when a fault of ours ended it: nobody else would notice that it is gone."""
    while not stopping.is_set():
        try:
            await work()
        except Exception:
            log.exception("background_work_broke")
        await _rest(stopping, RESTART_AFTER_S)


async def until_told(stopping: asyncio.Event, work: Callable[[], Coroutine[object, object, None]]) -> None:
    """Run work that never ends by itself, and break it off when the service is told to stop."""
    working = asyncio.create_task(work())
    told = asyncio.create_task(stopping.wait())
    try:
        await asyncio.wait({working, told}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        told.cancel()
        working.cancel()
        await asyncio.wait({working})
    if not working.cancelled():
        working.result()


async def loop(stopping: asyncio.Event, pulse: Pulse, name: str, work: Work) -> None:
    """Do what is due; look again at once while there is some, else after a second or so."""
    while not stopping.is_set():
        pulse.beat(name)
        try:
            handled = await work()
        except StoreUnavailable as error:
            event(log, logging.WARNING, "work_delayed", work=name, reason=str(error))
            await _rest(stopping, PAUSE_S)
            continue
        if not handled:
            await _rest(stopping, IDLE_S * (0.5 + ids.jitter()))


async def _rest(stopping: asyncio.Event, seconds: float) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await stopping.wait()
