"""What a platform gave for a code or token that is spent is saved although the database is away for a moment."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from moorline.errors import StoreUnavailable

AGAIN_S = 0.5
WITHIN_S = 8.0  # less than a server that stops waits for its requests
T = TypeVar("T")


async def patiently(
    step: Callable[[], Awaitable[T]], *, is_over: Callable[[], bool] | None = None, again_s: float = AGAIN_S
) -> T:
    """What the step answers, tried again while the database cannot serve it, for eight seconds or until `is_over`.

    Raises: as the step, at last.
    """
    is_over = is_over or _after(WITHIN_S)
    while True:
        try:
            return await step()
        except StoreUnavailable:
            if is_over():
                raise
            await asyncio.sleep(again_s)


def _after(within_s: float) -> Callable[[], bool]:
    loop = asyncio.get_running_loop()
    over_at = loop.time() + within_s
    return lambda: loop.time() >= over_at
