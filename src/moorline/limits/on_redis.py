"""Counters in Redis, or what speaks like it, through the `limits` library: one call each, seldom two."""

from typing import Any

from limits.aio.storage import RedisStorage
from redis.asyncio import BlockingConnectionPool
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from typing_extensions import override

from moorline import clock
from moorline.limits.counters import Count, Counters, key_of
from moorline.limits.shared import WAIT_S, CountersAway

CONNECTIONS = 32
_PREFIX = "moorline"
_MOST_KNOWN = 10_000


class RedisCounters(Counters):
    """Counts that all processes with this address share. Nothing is asked of it before the first count."""

    def __init__(self, url: str) -> None:
        self._pool = BlockingConnectionPool.from_url(
            url,
            max_connections=CONNECTIONS,
            timeout=WAIT_S,
            socket_timeout=WAIT_S,
            socket_connect_timeout=WAIT_S,
            retry=Retry(
                NoBackoff(), 1
            ),  # a connection that Redis closed meanwhile; the library's own waits for seconds
        )
        options: dict[str, Any] = {"connection_pool": self._pool}
        self._storage = RedisStorage(url, implementation="redispy", key_prefix=_PREFIX, **options)
        self._ends_at_ms: dict[str, int] = {}  # asked once a window: a count is answered without it

    @override
    async def add(self, kind: str, who: str, *, window_s: int) -> Count:
        key = self._key(kind, who)
        try:
            hits = await self._storage.incr(key, window_s)
            return Count(hits, await self._end_of(key, hits, window_s))
        except (RedisError, OSError) as error:
            raise CountersAway(type(error).__name__) from error

    @override
    async def take_back(self, kind: str, who: str, *, window_s: int) -> None:
        try:
            await self._storage.incr(self._key(kind, who), window_s, amount=-1)
        except (RedisError, OSError) as error:
            raise CountersAway(type(error).__name__) from error

    @override
    async def close(self) -> None:
        await self._pool.aclose()

    async def _end_of(self, key: str, hits: int, window_s: int) -> int:
        now_ms = clock.now_ms()
        known = self._ends_at_ms.get(key, 0)
        if hits == 1:
            known = now_ms + window_s * 1000
        elif known <= now_ms:
            known = int(await self._storage.get_expiry(key) * 1000)
        if len(self._ends_at_ms) >= _MOST_KNOWN:
            self._ends_at_ms.clear()
        self._ends_at_ms[key] = known
        return known

    @staticmethod
    def _key(kind: str, who: str) -> str:
        return f"{kind}:{key_of(kind, who).hex()}"
