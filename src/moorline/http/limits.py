"""Calls per minute and caller, counted by the `limits` library; what is left goes into every answer's headers."""

import time
from dataclasses import dataclass
from typing import Any

from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter

from moorline.errors import RateLimited

UNLIMITED = 1_000_000  # what the headers say when there is no limit
_WINDOW_S = 60


@dataclass(frozen=True, slots=True)
class Left:
    """`reset_at_s` in Unix seconds."""

    limit: int
    remaining: int
    reset_at_s: int


class RateLimits:
    """One fixed window a minute per key (0: no limit)."""

    def __init__(self, per_minute: int) -> None:
        self._per_minute = per_minute
        self._item = RateLimitItemPerMinute(max(per_minute, 1))
        self._limiter = FixedWindowRateLimiter(MemoryStorage())

    def count(self, scope: Any, who: str) -> None:
        """Count a call and note what is left for the answer. Raises: RateLimited."""
        if not self._per_minute:
            return
        allowed = self._limiter.hit(self._item, who)
        stats = self._limiter.get_window_stats(self._item, who)
        scope["moorline.left"] = Left(self._per_minute, max(stats.remaining, 0), int(stats.reset_time))
        if not allowed:
            wait_s = max(1, int(stats.reset_time - time.time()) + 1)
            raise RateLimited(
                f"More than {self._per_minute} calls a minute with this key; wait {wait_s} s.", retry_after_s=wait_s
            )

    def untouched(self) -> Left:
        """What the headers say of a call that was not counted."""
        limit = self._per_minute or UNLIMITED
        return Left(limit, limit, int(time.time()) + _WINDOW_S)
