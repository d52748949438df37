"""Counters in Redis, or what speaks like it, through the `limits` library: one call each, seldom two."""

import ssl
from typing import Any

from limits.aio.storage import RedisStorage
from redis.asyncio import BlockingConnectionPool, SSLConnection
from redis.asyncio.connection import AbstractConnection, RedisSSLContext
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


class _Pool(BlockingConnectionPool):
    """Connections that share the certificates they trust: to read them takes a good part of `WAIT_S`, and the loop."""

    _trusted: RedisSSLContext | None = None

    @override
    def make_connection(self) -> AbstractConnection:
        made: AbstractConnection = super().make_connection()  # type: ignore[no-untyped-call]  # redis has no types
        if isinstance(made, SSLConnection):
            self._trusted = made.ssl_context = self._trusted or made.ssl_context
        return made

    def check(self) -> None:
        """Read the certificates now. Raises: ValueError when they, or what else the address says, are unusable."""
        try:
            self.make_connection()
            if self._trusted is not None:
                self._trusted.get()
        except (RedisError, OSError, TypeError) as error:
            raise ValueError(type(error).__name__) from error


class RedisCounters(Counters):
    """Counts that all processes with this address share. Nothing is asked of it before the first count.

    Raises: ValueError when it is none; its message may repeat the address.
    """

    def __init__(self, url: str) -> None:
        self._pool = _Pool.from_url(
            url,
            max_connections=CONNECTIONS,
            timeout=WAIT_S,
            socket_timeout=WAIT_S,
            socket_connect_timeout=WAIT_S,
            retry=Retry(
                NoBackoff(), 1
            ),  # a connection that Redis closed meanwhile; the library's own waits for seconds
        )
        self._pool.check()
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
            raise CountersAway(_reason(error)) from error

    @override
    async def take_back(self, kind: str, who: str, *, window_s: int) -> None:
        try:
            await self._storage.incr(self._key(kind, who), window_s, amount=-1)
        except (RedisError, OSError) as error:
            raise CountersAway(_reason(error)) from error

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


def _reason(error: BaseException) -> str:
    """What the log says of it: of a certificate what is wrong with it, without the host it is for."""
    at: BaseException | None = error
    while at is not None:
        if isinstance(at, ssl.SSLCertVerificationError):
            return f"its certificate is not trusted: {at.verify_message.partition(',')[0]}"
        at = at.__cause__ or at.__context__
    return type(error).__name__
