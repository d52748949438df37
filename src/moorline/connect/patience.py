"""What a platform gave for a code that is spent is saved although the database is away for a moment."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from moorline.errors import StoreUnavailable

AGAIN_S = 0.5
WITHIN_S = 8.0  # less than a server that stops waits for its requests
T = TypeVar("T")


async def patiently(step: Callable[[], Awaitable[T]]) -> T:
    """What the step answers, tried again while the database cannot serve it. Raises: as the step, at last."""
    loop = asyncio.get_running_loop()
    over_at = loop.time() + WITHIN_S
    while True:
        try:
            return await step()
        except StoreUnavailable:
            if loop.time() >= over_at:
                raise
            await asyncio.sleep(AGAIN_S)
