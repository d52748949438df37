"""A token that has run out, asked for by one caller and by two hundred at once: the platform is asked once.

The account is connected at the sandbox like any other; each time its token is made to have run out by a statement in
the database, and the sandbox's token endpoint takes a while, so that all callers are there before it answers.
"""

import asyncio
import sqlite3
import time
from contextlib import closing
from urllib.parse import urlencode

import aiohttp
import msgspec

from bench import operations
from bench.load import CROWD, Once, Sample, session
from bench.operations import Unexpected
from bench.processes import Broken, Child
from bench.world import World
from moorline.store.sqlite import open_connection

NAME = "renewing"
TITLE = "token endpoint, renewed first"
CALLERS = (1, CROWD)
ANSWERED_AFTER_S = 0.05
_FEWEST_TIMES = 3
_PLATFORM, _ENDPOINT = "twitter", "POST /2/oauth2/token"


async def measure(world: World, server: Child, *, seconds: float) -> dict[int, Sample]:
    """A sample for each number of callers. Raises: Broken when a call fails, or the platform is asked twice."""
    try:
        async with session() as opened:
            account_id = (await operations.consented(world, opened, _PLATFORM))["accountId"]
            once = operations.token_of(world, account_id)
            with closing(open_connection(str(world.database_path))) as connection:
                return {
                    callers: await _sample(
                        world, server, once, connection, account_id, callers=callers, seconds=seconds
                    )
                    for callers in CALLERS
                }
    except (aiohttp.ClientError, TimeoutError, ValueError, KeyError) as error:
        server.check()
        told = "\n".join(server.complaints())
        raise Broken(f"A renewal failed: {type(error).__name__}: {error}\n{told}".rstrip()) from error


async def _sample(
    world: World,
    server: Child,
    once: Once,
    connection: sqlite3.Connection,
    account_id: str,
    *,
    callers: int,
    seconds: float,
) -> Sample:
    async with session() as opened:
        await asyncio.gather(*(once(opened) for _ in range(callers)))  # so that connections are open
        latencies_ms: list[float] = []
        cpu_s, begun_s, times = 0.0, time.perf_counter(), 0
        while times < _FEWEST_TIMES or time.perf_counter() < begun_s + seconds:
            await _order_a_delay(world, opened)
            asked = await _asked(world, opened)
            _run_out(connection, account_id)
            before_s = server.cpu_s()
            latencies_ms += await asyncio.gather(*(_timed(once, opened) for _ in range(callers)))
            cpu_s += server.cpu_s() - before_s
            asked = await _asked(world, opened) - asked
            if asked != 1:
                raise Unexpected(f"{callers} callers of one token made the platform be asked {asked} times")
            times += 1
        wall_s = time.perf_counter() - begun_s
    count = len(latencies_ms)
    return Sample(operations=count, cpu_ms=cpu_s * 1000 / count, wall_s=wall_s, latencies_ms=tuple(latencies_ms))


async def _timed(once: Once, opened: aiohttp.ClientSession) -> float:
    begun_s = time.perf_counter()
    await once(opened)
    return (time.perf_counter() - begun_s) * 1000


async def _order_a_delay(world: World, opened: aiohttp.ClientSession) -> None:
    fault = {"platform": _PLATFORM, "endpoint": _ENDPOINT, "delay_ms": round(ANSWERED_AFTER_S * 1000), "count": 1}
    async with opened.post(f"{world.sandbox_url}/_sandbox/faults", data=msgspec.json.encode(fault)) as answer:
        answer.raise_for_status()


async def _asked(world: World, opened: aiohttp.ClientSession) -> int:
    """How often the token endpoint was called."""
    url = f"{world.sandbox_url}/_sandbox/calls?{urlencode({'platform': _PLATFORM})}"
    endpoints = (await operations.json_at(opened, url))["endpoints"]
    return sum(int(one["count"]) for one in endpoints if one["endpoint"] == _ENDPOINT)


def _run_out(connection: sqlite3.Connection, account_id: str) -> None:
    """The account's access token ended long ago."""
    connection.execute(
        "UPDATE grant_tokens SET access_expires_at_ms = 1"
        " WHERE grant_id = (SELECT grant_id FROM accounts WHERE id = ?1)",
        (account_id,),
    )
