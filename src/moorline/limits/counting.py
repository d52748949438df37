"""The one place where calls and tries are counted: who is over a limit is refused, and told how long to wait."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from moorline import clock
from moorline.errors import RateLimited
from moorline.limits.buckets import KEY, Bucket
from moorline.limits.counters import Count, Counters

UNLIMITED = 1_000_000  # what the headers say when there is no limit
_NOTE = "moorline.left"

Use = tuple[Bucket, str]
"""What is counted, and against whom."""


@dataclass(frozen=True, slots=True)
class Left:
    """`reset_at_s` in Unix seconds."""

    limit: int
    remaining: int
    reset_at_s: int


class Limits:
    """How many each bucket takes (0: as many as come), and the counters they are counted by."""

    def __init__(self, most: Mapping[str, int], counters: Counters) -> None:
        self._most = most
        self._counters = counters

    async def count(self, *uses: Use) -> Left | None:
        """Count one for each use; the one with the least left, None when none of them has a limit.

        A use counts before it is known to be right, so that many at once cannot slip through; `take_back` it if it
        ought not to count. What is refused counts for nothing but the bucket that refused it.
        Raises: RateLimited.
        """
        told: Left | None = None
        counted: list[Use] = []
        full: list[tuple[Bucket, Count]] = []
        for bucket, who in uses:
            most = self._most[bucket.name]
            if not most:
                continue
            count = await self._counters.add(bucket.name, who, window_s=bucket.window_s)
            if count.hits > most:
                full.append((bucket, count))
                continue
            counted.append((bucket, who))
            if told is None or most - count.hits < told.remaining:
                told = Left(most, most - count.hits, -(-count.ends_at_ms // 1000))
        if full:
            await self.take_back(*counted)
            raise self._refusal(*max(full, key=lambda one: one[1].ends_at_ms))
        return told

    async def take_back(self, *uses: Use) -> None:
        """What was counted last was right, or came to nothing."""
        for bucket, who in uses:
            if self._most[bucket.name]:
                await self._counters.take_back(bucket.name, who, window_s=bucket.window_s)

    async def close(self) -> None:
        """Let the counters go."""
        await self._counters.close()

    def untouched(self) -> Left:
        """What the headers say of a call that was not counted."""
        limit = self._most[KEY.name] or UNLIMITED
        return Left(limit, limit, clock.now_ms() // 1000 + KEY.window_s)

    def _refusal(self, bucket: Bucket, count: Count) -> RateLimited:
        most = self._most[bucket.name]
        wait_s = max(1, -(-(count.ends_at_ms - clock.now_ms()) // 1000))
        minutes = bucket.window_s // 60
        window = "a minute" if minutes == 1 else f"{minutes} minutes"
        return RateLimited(
            f"More than {most} {bucket.counted} within {window}; wait {wait_s} s.",
            retry_after_s=wait_s,
            limit=bucket.name,
            most=most,
            reset_at_s=-(-count.ends_at_ms // 1000),
        )


def note(scope: Any, left: Left | None) -> None:
    """Keep in the ASGI scope, for the answer's headers, what a count left; of several the one nearest its end."""
    if left is None:
        return
    noted: Left | None = scope.get(_NOTE)
    if noted is None or left.remaining < noted.remaining:
        scope[_NOTE] = left


def note_refusal(scope: Any, error: RateLimited) -> None:
    """The headers tell of the limit that refused."""
    scope[_NOTE] = Left(error.most, 0, error.reset_at_s)


def noted(scope: Any) -> Left | None:
    """What was kept for the answer's headers."""
    left: Left | None = scope.get(_NOTE)
    return left
