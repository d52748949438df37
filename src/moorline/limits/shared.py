"""Counters that several processes share, and what is done while they cannot be reached.

A limit is no reason to refuse anybody, or to keep anybody waiting: without the shared counters each process counts by
itself, until they are back.
"""

import asyncio
import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from typing_extensions import override

from moorline import clock
from moorline.errors import StoreUnavailable
from moorline.limits.counters import Count, Counters, MemoryCounters, key_of
from moorline.logs import event
from moorline.settings import PREFIX
from moorline.store import limit_counters
from moorline.store.db import Database

WAIT_S = 0.25  # for an answer; then they count as away
LOOK_AGAIN_S = 1.0
WARN_EVERY_S = 60.0
_PROBE = "probe"
log = logging.getLogger("moorline.limits")


class CountersAway(Exception):
    """The shared counters did not answer; the message is no secret."""


class DatabaseCounters(Counters):
    """Counts in the database that all processes share: one statement each."""

    def __init__(self, db: Database) -> None:
        self._db = db

    @override
    async def add(self, kind: str, who: str, *, window_s: int) -> Count:
        now = clock.now()
        try:
            hits, ends_at_ms = await limit_counters.add(self._db, key_of(kind, who), now=now, window_s=window_s)
        except StoreUnavailable as error:
            raise CountersAway(str(error)) from error
        # Whose clock is ahead begins windows for all; here they seem to last longer than they can.
        return Count(hits, min(ends_at_ms, clock.to_ms(now) + window_s * 1000))

    @override
    async def take_back(self, kind: str, who: str, *, window_s: int) -> None:
        try:
            await limit_counters.take_back(self._db, key_of(kind, who), now=clock.now())
        except StoreUnavailable as error:
            raise CountersAway(str(error)) from error

    @override
    async def close(self) -> None:
        """The database is closed by whoever opened it."""


class SharedCounters(Counters):
    """Shared counters while they answer, else the process's own."""

    def __init__(self, shared: Counters) -> None:
        self._shared = shared
        self._own = MemoryCounters()
        self._coming_back: asyncio.Task[None] | None = None
        self._warned_at_s = -WARN_EVERY_S

    @override
    async def add(self, kind: str, who: str, *, window_s: int) -> Count:
        if self._coming_back is None:
            with self._lost_without_answer():
                async with asyncio.timeout(WAIT_S):
                    return await self._shared.add(kind, who, window_s=window_s)
        return await self._own.add(kind, who, window_s=window_s)

    @override
    async def take_back(self, kind: str, who: str, *, window_s: int) -> None:
        if self._coming_back is None:
            with self._lost_without_answer():
                async with asyncio.timeout(WAIT_S):
                    return await self._shared.take_back(kind, who, window_s=window_s)
        return await self._own.take_back(kind, who, window_s=window_s)

    @override
    async def close(self) -> None:
        if self._coming_back is not None:
            self._coming_back.cancel()
            with suppress(asyncio.CancelledError):
                await self._coming_back
        await self._shared.close()

    @contextmanager
    def _lost_without_answer(self) -> Iterator[None]:
        try:
            yield
        except Exception as error:  # noqa: BLE001 - whatever is wrong with the counters, it refuses nobody
            if self._coming_back is None:  # of many who waited, the first
                self._warn(error)
                self._coming_back = asyncio.create_task(self._until_back())

    async def answers(self) -> bool:
        """Whether the shared counters count now."""
        try:
            await self._probe()
        except Exception:  # noqa: BLE001 - likewise
            return False
        return True

    async def _probe(self) -> None:
        # By a count, since a server may answer and take no writes.
        async with asyncio.timeout(WAIT_S):
            await self._shared.add(_PROBE, "", window_s=60)

    async def _until_back(self) -> None:
        while True:
            await asyncio.sleep(LOOK_AGAIN_S)
            try:
                await self._probe()
            except Exception as error:  # noqa: BLE001 - likewise
                self._warn(error)
            else:
                break
        event(log, logging.INFO, "limits_shared_again")
        self._coming_back = None

    def _warn(self, error: Exception) -> None:
        if time.monotonic() - self._warned_at_s >= WARN_EVERY_S:
            self._warned_at_s = time.monotonic()
            reason = str(error) if isinstance(error, CountersAway) else type(error).__name__
            event(log, logging.WARNING, "limits_not_shared", setting=f"{PREFIX}LIMITS_URL", reason=reason)
