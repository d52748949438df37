"""Revocations that were not done at once: tried again when they are due."""

import asyncio

from moorline import clock
from moorline.accounts import revocation
from moorline.logs import working
from moorline.service import Service
from moorline.store import revocations

AT_ONCE = 8


async def work(service: Service) -> int:
    """Try what is due; how many were tried."""
    if service.stopping.is_set():
        return 0
    due = await revocations.due(service.db, now=clock.now(), limit=AT_ONCE)
    await asyncio.gather(*(_attempt(service, revocation_id) for revocation_id in due))
    return len(due)


async def _attempt(service: Service, revocation_id: str) -> None:
    with working("revocation"):
        await revocation.attempt(service, revocation_id)
