"""The right to renew a grant's tokens, taken so that a lost answer keeps nobody from it."""

import asyncio
from contextlib import suppress
from datetime import datetime

from moorline import clock
from moorline.accounts.patience import patiently
from moorline.errors import StoreUnavailable
from moorline.service import Service
from moorline.store import grants
from moorline.store.grants import Lease

AGAIN_S = 1.0
_doubtful: set[asyncio.Task[None]] = set()  # the event loop alone would forget them


async def claimed(service: Service, grant_id: str, lease: Lease, now: datetime) -> bool:
    """Whether the right is ours now. Raises: StoreUnavailable; then it is given back, should it have been saved."""
    try:
        return await grants.claim(service.db, grant_id, lease, now)
    except StoreUnavailable:
        task = asyncio.create_task(_give_back(service, grant_id, lease))
        _doubtful.add(task)
        task.add_done_callback(_doubtful.discard)
        raise


async def _give_back(service: Service, grant_id: str, lease: Lease) -> None:
    """As soon as the database is there: else everybody would wait until it ran out, and nobody renew."""
    await asyncio.sleep(AGAIN_S)
    with suppress(StoreUnavailable):
        await patiently(
            lambda: grants.release(service.db, grant_id, lease),
            is_over=lambda: clock.now() >= lease.until,
            again_s=AGAIN_S,
        )
