"""The work nobody calls for, on SQLite and on PostgreSQL: what is seeded, claimed, renewed, delivered, by one process.

PostgreSQL is started for the run with its own defaults, so that a commit is on the disk, on the core of the load.
"""

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field

import aiohttp

from bench import claims, drains, seeding
from bench.claims import Claims
from bench.drains import Drain, Place
from bench.options import Options
from bench.processes import COMMAND, Child, Fleet, until_answers, until_told
from bench.seeding import Tenant
from bench.world import HOST, environment_of, free_ports
from moorline import settings
from moorline.app import open_service
from moorline.cli.environment import platform_names
from moorline.store import migrate
from tests.engines import ENGINES, Engine, started_postgresql

ANSWERED_AFTER_S = 0.05
ONE_HOOK, MANY_HOOKS = 1, seeding.HOOKS
NAMES = (claims.NAME, drains.RENEWALS, drains.DELIVERIES)


@dataclass(slots=True, kw_only=True)
class Background:
    """Each measurement by what was done (`deliveries` with the number of webhooks) and engine, one for each round."""

    claims: dict[Engine, list[Claims]] = field(default_factory=dict)
    renewals: dict[Engine, list[Drain]] = field(default_factory=dict)
    deliveries: dict[tuple[int, Engine], list[Drain]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Stage:
    """What a run is carried out with. `show` says what is being done."""

    options: Options
    fleet: Fleet
    server_core: int | None
    load_core: int | None
    opened: aiohttp.ClientSession
    show: Callable[[str], None]


async def measure(
    options: Options,
    fleet: Fleet,
    *,
    server_core: int | None,
    load_core: int | None,
    opened: aiohttp.ClientSession,
    show: Callable[[str], None],
) -> Background:
    """Measure what is asked for. Raises: Broken."""
    found = Background()
    stage = _Stage(options=options, fleet=fleet, server_core=server_core, load_core=load_core, opened=opened, show=show)
    if set(options.only) & set(NAMES):
        for engine in ENGINES:
            with _database(engine, fleet) as url:
                await _on(engine, url, stage, found)
    return found


async def _on(engine: Engine, url: str, stage: _Stage, found: Background) -> None:
    options, fleet = stage.options, stage.fleet
    (port, answerer_port) = free_ports(2)
    answerer_url = f"http://{HOST}:{answerer_port}"
    environment = environment_of(
        port,
        url,
        outbound_map=json.dumps({"https://api.x.com": answerer_url}),
        outbound_allow=f"{HOST}:{answerer_port}",
    )
    command = [sys.executable, "-m", "bench.answerer", str(answerer_port), str(ANSWERED_AFTER_S)]
    answerer = fleet.start("the answerer", command, core=stage.load_core)
    await until_answers(stage.opened, f"{answerer_url}/told", answerer)
    stage.show(f"seeding {engine}")
    tenant = await _seed(environment, url, options, hooks_url=f"{answerer_url}/hook")
    if claims.NAME in options.only:
        await _claim(engine, url, stage, found)
    async with _working(engine, port, environment, stage) as worker:
        place = Place(url=url, worker=worker, tenant=tenant, opened=stage.opened, answerer_url=answerer_url)
        await _drain(engine, place, stage, found)
    answerer.stop()


async def _seed(environment: Mapping[str, str], url: str, options: Options, *, hooks_url: str) -> Tenant:
    await migrate.upgrade(url)
    async with open_service(settings.load(environment, platforms=platform_names())) as service:
        tenant = await seeding.seed_tenant(service, hooks_url=hooks_url)
        await seeding.seed_grants(service, url, tenant, options.sizes)
    return tenant


async def _claim(engine: Engine, url: str, stage: _Stage, found: Background) -> None:
    for number in range(stage.options.drains):
        stage.show(f"{engine}: {claims.TITLE}, round {number + 1} of {stage.options.drains}")
        async with seeding.opened(url) as db:
            await seeding.let_be_due(db)
        command = [sys.executable, "-m", "bench.claims", url]
        told, _ = await asyncio.to_thread(stage.fleet.finish, "the claims", command, core=stage.server_core)
        found.claims.setdefault(engine, []).append(Claims(**json.loads(told)))


async def _drain(engine: Engine, place: Place, stage: _Stage, found: Background) -> None:
    options = stage.options
    for number in range(options.drains):
        rounds = f"round {number + 1} of {options.drains}"
        if drains.RENEWALS in options.only:
            stage.show(f"{engine}: {options.sizes.due} renewals, {rounds}")
            found.renewals.setdefault(engine, []).append(await drains.renewals(place, options.sizes))
        if drains.DELIVERIES in options.only:
            for hooks in (ONE_HOOK, MANY_HOOKS):
                stage.show(f"{engine}: {options.sizes.deliveries} deliveries, {hooks} webhooks, {rounds}")
                drain = await drains.deliveries(place, options.sizes, hooks=hooks)
                found.deliveries.setdefault((hooks, engine), []).append(drain)


@contextmanager
def _database(engine: Engine, fleet: Fleet) -> Iterator[str]:
    if engine == "sqlite":
        yield f"sqlite:///{fleet.folder / 'background.sqlite3'}"
        return
    with started_postgresql(durable=True) as url:
        yield url


@asynccontextmanager
async def _working(engine: Engine, port: int, environment: Mapping[str, str], stage: _Stage) -> AsyncIterator[Child]:
    """The one process that works, up and idle."""
    verb = "serve" if engine == "sqlite" else "worker"
    worker = stage.fleet.start(
        f"the {verb} on {engine}", [str(COMMAND), verb], core=stage.server_core, environment=environment
    )
    try:
        if engine == "sqlite":
            await until_answers(stage.opened, f"http://{HOST}:{port}/healthz", worker)
        else:
            await until_told(worker, "Working.")
        yield worker
    finally:
        worker.stop()
