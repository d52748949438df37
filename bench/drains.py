"""What waits is let go, and one process does it all: ten thousand renewals, twenty thousand deliveries.

The process is `moorline worker` on PostgreSQL and `moorline serve`, which nobody calls, on SQLite. It is up and idle
when the work becomes due, and read again when nothing is left.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import aiohttp

from bench import seeding
from bench.processes import Broken, Child, parent_of, tree_cpu_s
from bench.seeding import Sizes, Tenant
from moorline.store.db import Database

RENEWALS, DELIVERIES = "renewals", "deliveries"
LONGEST_S = 900.0
_POLL_S = 0.1

Left = Callable[[Database], Awaitable[int]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Drain:
    """How it went. CPU is the worker's; PostgreSQL's own and its writing transactions are None on SQLite."""

    count: int
    wall_s: float
    cpu_ms_each: float
    database_cpu_ms_each: float | None
    writes_each: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A database with what is seeded in it, the worker that is to do it, and who it talks to."""

    url: str
    worker: Child
    tenant: Tenant
    opened: aiohttp.ClientSession
    answerer_url: str


async def renewals(place: Place, sizes: Sizes) -> Drain:
    """Every renewal reached the platform once, and was saved. Raises: Broken."""
    drain = await _drain(place, sizes.due, begin=seeding.let_be_due, left=seeding.grants_left, told="renewed")
    async with seeding.opened(place.url) as db:
        row = await db.one("SELECT count(*) AS n FROM grants WHERE dead_at_ms IS NOT NULL")
    if row is None or row["n"]:
        raise Broken("A grant was given up, although its platform refused nobody.")
    return drain


async def deliveries(place: Place, sizes: Sizes, *, hooks: int) -> Drain:
    """Every delivery arrived once, after those of its account that are older. Raises: Broken."""
    await seeding.seed_deliveries(place.url, place.tenant, hooks=hooks, count=sizes.deliveries)

    async def begin(db: Database) -> None:
        await seeding.let_go(db, place.tenant, is_active=True)

    drain = await _drain(place, sizes.deliveries, begin=begin, left=seeding.deliveries_left, told="delivered")
    async with seeding.opened(place.url) as db:
        await seeding.let_go(db, place.tenant, is_active=False)
    return drain


async def _drain(
    place: Place, count: int, *, begin: Callable[[Database], Awaitable[None]], left: Left, told: str
) -> Drain:
    worker = place.worker
    await _told(place, begin_anew=True)
    async with seeding.opened(place.url) as db:
        pid, writes = await server_pid(db), await _writes(db)
        database_s = None if pid is None else tree_cpu_s(pid)
        cpu_s, begun_s = worker.cpu_s(), time.perf_counter()
        await begin(db)
    while (await _told(place))[told] < count:
        await _wait(worker, begun_s)
    async with seeding.opened(place.url) as db:
        while await left(db):
            await _wait(worker, begun_s)
        wall_s, cpu_s = time.perf_counter() - begun_s, worker.cpu_s() - cpu_s
        written = await _writes(db)
    answered = await _told(place)
    if answered != {"renewed": 0, "refused": 0, "delivered": 0, "misplaced": 0, told: count}:
        raise Broken(f"{count} were to be {told}, and this is what came: {answered}.")
    return Drain(
        count=count,
        wall_s=wall_s,
        cpu_ms_each=cpu_s * 1000 / count,
        database_cpu_ms_each=None
        if pid is None or database_s is None
        else (tree_cpu_s(pid) - database_s) * 1000 / count,
        writes_each=None if writes is None or written is None else (written - writes) / count,
    )


async def _wait(worker: Child, begun_s: float) -> None:
    worker.check()
    if time.perf_counter() - begun_s > LONGEST_S:
        told = "\n".join(worker.complaints())
        raise Broken(f"{worker.name} was not done after {LONGEST_S:g} s:\n{told}".rstrip())
    await asyncio.sleep(_POLL_S)


async def _told(place: Place, *, begin_anew: bool = False) -> dict[str, int]:
    method = "DELETE" if begin_anew else "GET"
    async with place.opened.request(method, f"{place.answerer_url}/told") as answer:
        told: dict[str, int] = await answer.json()
    return told


async def server_pid(db: Database) -> int | None:
    """The process all others of PostgreSQL descend from; None on SQLite."""
    if db.engine == "sqlite":
        return None
    row = await db.one("SELECT pg_backend_pid() AS pid")
    return None if row is None else parent_of(int(row["pid"]))


async def _writes(db: Database) -> int | None:
    """How many transactions have written in this PostgreSQL: each took a number."""
    if db.engine == "sqlite":
        return None
    row = await db.one("SELECT CAST(CAST(pg_snapshot_xmax(pg_current_snapshot()) AS TEXT) AS BIGINT) AS n")
    return None if row is None else int(row["n"])
