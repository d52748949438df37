"""A hundred LinkedIn organizations in one call of the API, of which LinkedIn tells each after a tenth of a second."""

import time
from dataclasses import dataclass
from urllib.parse import urlencode

import aiohttp

from bench import operations
from bench.operations import Unexpected
from bench.processes import Child
from bench.world import World

NAME = "details"
TITLE = "100 organization details"
COUNT = 100
AT_ONCE = 20
_IDS = [str(5591000 + number) for number in range(COUNT)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Details:
    """`in_calls` is the time of all in times of one; `most_at_once` as the platform saw it."""

    in_calls: float
    most_at_once: int
    cpu_ms_each: float


async def measure(world: World, opened: aiohttp.ClientSession, server: Child) -> Details:
    """Ask for one and for all, with a new consent, on connections that are open by then."""
    temp_token = await _temp_token(world, opened)
    await _ask(world, opened, temp_token, _IDS)
    one_s = await _ask(world, opened, temp_token, _IDS[:1])
    await _most_at_once(world, opened)
    cpu_s = server.cpu_s()
    all_s = await _ask(world, opened, temp_token, _IDS)
    return Details(
        in_calls=all_s / one_s,
        cpu_ms_each=(server.cpu_s() - cpu_s) * 1000 / COUNT,
        most_at_once=await _most_at_once(world, opened),
    )


async def _temp_token(world: World, opened: aiohttp.ClientSession) -> str:
    fields = await operations.consented(world, opened, "linkedin")
    query = urlencode({"token": fields["pendingDataToken"]})
    url = f"{world.server_url}/api/v1/connect/pending-data?{query}"
    return str((await operations.json_at(opened, url))["tempToken"])


async def _ask(world: World, opened: aiohttp.ClientSession, temp_token: str, ids: list[str]) -> float:
    """How many seconds the call takes."""
    query = urlencode({"tempToken": temp_token, "orgIds": ",".join(ids)})
    begun_s = time.perf_counter()
    url = f"{world.server_url}/api/v1/connect/linkedin/organizations?{query}"
    told = (await operations.json_at(opened, url))["organizations"]
    taken_s = time.perf_counter() - begun_s
    if [one["id"] for one in told if one["vanityName"]] != ids:
        raise Unexpected(f"{len(ids)} organizations were asked for, not all were told: {str(told)[:300]}")
    return taken_s


async def _most_at_once(world: World, opened: aiohttp.ClientSession) -> int:
    return int((await operations.json_at(opened, f"{world.played_url}/told"))["most"])
