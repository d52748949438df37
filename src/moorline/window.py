"""A bounded number of things under way at once: whatever takes long keeps its own place, and nobody else's."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from contextlib import suppress
from dataclasses import dataclass

LOOK_AGAIN_S = 1.0  # for what may have come meanwhile beside what is under way


@dataclass(frozen=True, slots=True, kw_only=True)
class Begun:
    """How many were begun, and whether there may be more that could be now."""

    count: int
    may_be_more: bool


Begin = Callable[[Sequence[str]], Awaitable[Begun]]
"""Looks for what may be begun, but of some kinds, and begins it."""


class Window:
    """What is under way, each under a key of its own and of some kind (a platform, a receiver).

    `most` at once; a kind that has `most_of_kind` is full, so that one that hangs leaves room for the others. More is
    looked for as soon as `refill` have ended.
    """

    def __init__(self, *, most: int, most_of_kind: int, refill: int) -> None:
        self._most = most
        self._most_of_kind = most_of_kind
        self._refill = refill
        self._kinds: Counter[str] = Counter()
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._failure: BaseException | None = None
        self._ended = 0
        self._some_ended = asyncio.Event()
        self._no_others_until_s = 0.0

    @property
    def room(self) -> int:
        """How many more may be begun."""
        return self._most - len(self._tasks)

    def takes(self, key: str, kind: str) -> bool:
        """Whether this is not under way, and neither the window nor its kind is full."""
        return self.room > 0 and key not in self._tasks and self._kinds[kind] < self._most_of_kind

    def begin(self, key: str, kind: str, work: Coroutine[object, object, None]) -> None:
        """Begin something that is not under way."""
        self._kinds[kind] += 1
        self._tasks[key] = asyncio.create_task(work)
        self._tasks[key].add_done_callback(lambda done: self._end(key, kind, done))

    async def keep_full(self, begin: Begin) -> int:
        """Let `begin` do its work again and again, leaving out the kinds that are full, until there is nothing left and
        nothing is under way; how much was begun in all.

        Raises: what `begin` or something begun raised first, once nothing is under way any more.
        """
        begun, self._failure = 0, None
        try:
            while self._failure is None:
                self._ended = 0
                self._some_ended.clear()
                found = await self._fill(begin)
                begun += found
                if not found and not self._tasks:
                    break
                await self._until_some_ended()
        except asyncio.CancelledError:
            for task in self._tasks.values():
                task.cancel()
            raise
        finally:
            if self._tasks:
                await asyncio.wait(self._tasks.values())
        if self._failure is not None:
            raise self._failure
        return begun

    async def _fill(self, begin: Begin) -> int:
        begun, loop = 0, asyncio.get_running_loop()
        while self.room:
            full = sorted(kind for kind, count in self._kinds.items() if count >= self._most_of_kind)
            # To find that there are no others, all that waits of the full kinds has to be looked through: now and then.
            if full and loop.time() < self._no_others_until_s:
                break
            found = await begin(full)
            begun += found.count
            if full and not found.count:
                self._no_others_until_s = loop.time() + LOOK_AGAIN_S
            if not found.may_be_more:
                break
        return begun

    async def _until_some_ended(self) -> None:
        if self._tasks:
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOK_AGAIN_S):
                    await self._some_ended.wait()

    def _end(self, key: str, kind: str, done: "asyncio.Task[None]") -> None:
        del self._tasks[key]
        self._kinds[kind] -= 1
        self._ended += 1
        if not done.cancelled() and (error := done.exception()) is not None and self._failure is None:
            self._failure = error
        if self._ended >= self._refill or not self._tasks or self._failure is not None:
            self._some_ended.set()
