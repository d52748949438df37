"""One clock for all machines that share a database: the database's, followed where a machine's own is wrong."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

from moorline import clock
from moorline.errors import StoreUnavailable
from moorline.logs import event
from moorline.store.db import Database

EVERY_S = 30.0
# Machines that are kept in time differ by less, and a measurement may be wrong by as much as an answer takes.
TOLERATED = timedelta(seconds=1)
log = logging.getLogger("moorline.jobs")


@asynccontextmanager
async def kept(db: Database) -> AsyncIterator[None]:
    """Follow the database's clock until the end of the body. Raises: StoreUnavailable when it cannot be asked first."""
    if db.engine == "sqlite":  # the file is on this machine
        yield
        return
    await follow(db)
    task = asyncio.create_task(_go_on(db))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])


async def follow(db: Database) -> None:
    """Compare the clocks, and from now on tell the database's time if they differ. Raises: StoreUnavailable."""
    ahead = await db.ahead()
    wanted = ahead if abs(ahead) > TOLERATED else timedelta(0)
    if abs(wanted - clock.correction()) > TOLERATED:
        event(log, logging.WARNING, "clock_corrected", seconds=round(wanted.total_seconds(), 1))
        clock.correct(wanted)


async def _go_on(db: Database) -> None:
    while True:
        await asyncio.sleep(EVERY_S)
        try:
            await follow(db)
        except StoreUnavailable as error:
            event(log, logging.WARNING, "clock_not_compared", reason=str(error))
        except Exception:  # whatever it was this time: who stops here is wrong about the time for good
            log.exception("clock_not_compared")
