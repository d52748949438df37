"""The load: so many people at once, each beginning again as soon as the last operation is answered."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import aiohttp

from bench.processes import Broken, Child

CONNECTIONS = (1, 16)
CROWD = 200
TIMEOUT_S = 20.0
_WARMING_OPERATIONS = 3  # of each person, so that connections are open and caches warm before the clock starts

Once = Callable[[aiohttp.ClientSession], Awaitable[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One operation under load for a moment. `cpu_ms` is the measured process's, per completed operation."""

    operations: int
    cpu_ms: float
    wall_s: float
    latencies_ms: tuple[float, ...]


async def drive(once: Once, *, measured: Child, connections: int, seconds: float) -> Sample:
    """Repeat an operation on kept connections. Raises: Broken with what was answered when it fails once."""
    async with session() as opened:
        try:
            await asyncio.gather(*(_warm(once, opened) for _ in range(connections)))
            latencies_ms: list[float] = []
            cpu_s, begun_s = measured.cpu_s(), time.perf_counter()
            people = (_repeat(once, opened, until_s=begun_s + seconds, into=latencies_ms) for _ in range(connections))
            await asyncio.gather(*people)
            wall_s, cpu_s = time.perf_counter() - begun_s, measured.cpu_s() - cpu_s
        except (aiohttp.ClientError, TimeoutError, ValueError, KeyError) as error:
            measured.check()
            told = "\n".join(measured.complaints())
            raise Broken(f"An operation failed: {type(error).__name__}: {error}\n{told}".rstrip()) from error
    count = len(latencies_ms)
    return Sample(
        operations=count, cpu_ms=cpu_s * 1000 / max(count, 1), wall_s=wall_s, latencies_ms=tuple(latencies_ms)
    )


def session() -> aiohttp.ClientSession:
    """A client that keeps connections and no cookies: every operation is somebody new."""
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0),
        cookie_jar=aiohttp.DummyCookieJar(),
        timeout=aiohttp.ClientTimeout(total=TIMEOUT_S),
    )


async def _warm(once: Once, opened: aiohttp.ClientSession) -> None:
    for _ in range(_WARMING_OPERATIONS):
        await once(opened)


async def _repeat(once: Once, opened: aiohttp.ClientSession, *, until_s: float, into: list[float]) -> None:
    begun_s = time.perf_counter()
    while begun_s < until_s:
        await once(opened)
        ended_s = time.perf_counter()
        into.append((ended_s - begun_s) * 1000)
        begun_s = ended_s
