"""The load: so many people at once, each beginning again as soon as the last operation is answered."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

import aiohttp

from bench.processes import Broken, Child

CONNECTIONS = (1, 16)
CROWD = 200
TIMEOUT_S = 20.0
_WARMING_OPERATIONS = 3  # of each person, so that connections are open and caches warm before the clock starts

BATCH = 32  # so many people at most are led to a part of an operation before it is measured

Once = Callable[[aiohttp.ClientSession], Awaitable[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A part of an operation, measured by itself: `before` leads there, `after` leads on from it.

    Each is given what the one before it answered.
    """

    before: Callable[[aiohttp.ClientSession], Awaitable[Any]]
    once: Callable[[aiohttp.ClientSession, Any], Awaitable[Any]]
    after: Callable[[aiohttp.ClientSession, Any], Awaitable[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One operation under load for a moment. `cpu_ms` is the measured process's, per completed operation."""

    operations: int
    cpu_ms: float
    wall_s: float
    latencies_ms: tuple[float, ...]


async def drive(once: Once | Part, *, measured: Child, connections: int, seconds: float) -> Sample:
    """Repeat an operation on kept connections. Raises: Broken with what was answered when it fails once."""
    async with session() as opened:
        try:
            if isinstance(once, Part):
                return await _drive_part(once, opened, measured=measured, connections=connections, seconds=seconds)
            return await _drive_whole(once, opened, measured=measured, connections=connections, seconds=seconds)
        except (aiohttp.ClientError, TimeoutError, ValueError, KeyError) as error:
            measured.check()
            told = "\n".join(measured.complaints())
            raise Broken(f"An operation failed: {type(error).__name__}: {error}\n{told}".rstrip()) from error


def session() -> aiohttp.ClientSession:
    """A client that keeps connections and no cookies: every operation is somebody new."""
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0),
        cookie_jar=aiohttp.DummyCookieJar(),
        timeout=aiohttp.ClientTimeout(total=TIMEOUT_S),
    )


async def _drive_whole(
    once: Once, opened: aiohttp.ClientSession, *, measured: Child, connections: int, seconds: float
) -> Sample:
    await asyncio.gather(*(_warm(once, opened) for _ in range(connections)))
    latencies_ms: list[float] = []
    cpu_s, begun_s = measured.cpu_s(), time.perf_counter()
    people = (_repeat(once, opened, until_s=begun_s + seconds, into=latencies_ms) for _ in range(connections))
    await asyncio.gather(*people)
    wall_s, cpu_s = time.perf_counter() - begun_s, measured.cpu_s() - cpu_s
    return _sample(latencies_ms, cpu_s=cpu_s, wall_s=wall_s)


async def _drive_part(
    part: Part, opened: aiohttp.ClientSession, *, measured: Child, connections: int, seconds: float
) -> Sample:
    """In batches, until the part itself took half of the time, or everything more than twice of it."""
    latencies_ms: list[float] = []
    cpu_s = wall_s = 0.0
    begun_s = time.perf_counter()
    while wall_s < seconds / 2 and time.perf_counter() < begun_s + 2 * seconds:
        batch = await _batch(part, opened, measured=measured, connections=connections, seconds=seconds)
        latencies_ms += batch.latencies_ms
        cpu_s += batch.cpu_ms * batch.operations / 1000
        wall_s += batch.wall_s
    return _sample(latencies_ms, cpu_s=cpu_s, wall_s=wall_s)


async def _batch(
    part: Part, opened: aiohttp.ClientSession, *, measured: Child, connections: int, seconds: float
) -> Sample:
    """Lead people there for so long, measure their next step, lead them on."""
    there: list[Any] = []
    until_s = time.perf_counter() + seconds

    async def lead() -> None:
        there.append(await part.before(opened))
        while len(there) + max(CONNECTIONS) <= BATCH and time.perf_counter() < until_s:
            there.append(await part.before(opened))

    await asyncio.gather(*(lead() for _ in range(max(CONNECTIONS))))
    beyond: list[Any] = []
    latencies_ms: list[float] = []

    async def step() -> None:
        while there:
            at = there.pop()
            begun_s = time.perf_counter()
            beyond.append(await part.once(opened, at))
            latencies_ms.append((time.perf_counter() - begun_s) * 1000)

    cpu_s, begun_s = measured.cpu_s(), time.perf_counter()
    await asyncio.gather(*(step() for _ in range(connections)))
    wall_s, cpu_s = time.perf_counter() - begun_s, measured.cpu_s() - cpu_s

    async def lead_on() -> None:
        while beyond:
            await part.after(opened, beyond.pop())

    await asyncio.gather(*(lead_on() for _ in range(max(CONNECTIONS))))
    return _sample(latencies_ms, cpu_s=cpu_s, wall_s=wall_s)


def _sample(latencies_ms: Sequence[float], *, cpu_s: float, wall_s: float) -> Sample:
    count = len(latencies_ms)
    return Sample(
        operations=count, cpu_ms=cpu_s * 1000 / max(count, 1), wall_s=wall_s, latencies_ms=tuple(latencies_ms)
    )


async def _warm(once: Once, opened: aiohttp.ClientSession) -> None:
    for _ in range(_WARMING_OPERATIONS):
        await once(opened)


async def _repeat(once: Once, opened: aiohttp.ClientSession, *, until_s: float, into: list[float]) -> None:
    begun_s = time.perf_counter()
    while True:  # once at least, however short the time and busy the machine
        await once(opened)
        ended_s = time.perf_counter()
        into.append((ended_s - begun_s) * 1000)
        if ended_s >= until_s:
            return
        begun_s = ended_s
