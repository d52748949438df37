"""What counts: a number for each key that begins anew when its window is over, here in the process's own memory."""

import hashlib
from dataclasses import dataclass
from typing import Protocol

from typing_extensions import override

from moorline import clock

MOST_KEYS = 50_000  # of one kind; then those that are over go, and if that is not enough the oldest
_LONGEST_KEPT = 128  # characters; a state in an address may have many more


@dataclass(frozen=True, slots=True)
class Count:
    """How many there were in the window that ends at `ends_at_ms`."""

    hits: int
    ends_at_ms: int


def key_of(kind: str, who: str) -> bytes:
    """What stands for whom: of one length, and no list of addresses for whoever reads the store."""
    return hashlib.sha256(f"{kind}\x00{who}".encode("utf-8", "surrogatepass")).digest()[:16]


class Counters(Protocol):
    """A window begins with the first hit of a key. `kind` is the name of a bucket, `who` whom it counts."""

    async def add(self, kind: str, who: str, *, window_s: int) -> Count:
        """Count one more; the number with it."""
        ...

    async def take_back(self, kind: str, who: str, *, window_s: int) -> None:
        """Count one less, if the window is not over."""
        ...

    async def close(self) -> None:
        """Let go of what is held."""
        ...


class MemoryCounters(Counters):
    """The counts of one process, in bounded memory.

    Somebody who makes up clients or addresses without end pushes out old ones of the same kind, and of no other.
    """

    def __init__(self) -> None:
        self._kinds: dict[str, dict[str, Count]] = {}

    @override
    async def add(self, kind: str, who: str, *, window_s: int) -> Count:
        now_ms, who = clock.now_ms(), _short(kind, who)
        kept = self._kinds.get(kind)
        if kept is None:
            kept = self._kinds[kind] = {}
        found = kept.get(who)
        if found is None or found.ends_at_ms <= now_ms:
            kept.pop(who, None)  # so that the order is that in which windows began
            if len(kept) >= MOST_KEYS:
                self._sweep(kept, now_ms)
            found = Count(0, now_ms + window_s * 1000)
        counted = kept[who] = Count(found.hits + 1, found.ends_at_ms)
        return counted

    @override
    async def take_back(self, kind: str, who: str, *, window_s: int) -> None:
        kept, who = self._kinds.get(kind, {}), _short(kind, who)
        found = kept.get(who)
        if found is not None and found.hits:
            kept[who] = Count(found.hits - 1, found.ends_at_ms)

    @override
    async def close(self) -> None:
        self._kinds.clear()

    @staticmethod
    def _sweep(kept: dict[str, Count], now_ms: int) -> None:
        # All windows of a kind are equally long, so those that are over stand in front.
        over = 0
        for count in kept.values():
            if count.ends_at_ms > now_ms:
                break
            over += 1
        for who in list(kept)[: max(over, MOST_KEYS // 10)]:
            del kept[who]


def _short(kind: str, who: str) -> str:
    return who if len(who) <= _LONGEST_KEPT else key_of(kind, who).hex()
