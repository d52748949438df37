"""Who takes turns in a run: Moorline on each engine, and its rivals; each is a process with operations of its own."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace

import aiohttp
import asyncpg

from bench import operations, rivals, switched
from bench.operations import Operation
from bench.options import Options
from bench.processes import COMMAND, Child, Fleet, until_answers
from bench.rivals import running
from bench.rivals.running import Ready
from bench.switched import Served
from bench.world import HOST, environment_of, free_ports, seed, start_sandbox
from tests.engines import started_postgresql

COMPARED = ("start", "callback")  # with rivals


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """`operations` by the name their samples are kept under; `reset` makes what it talks to forget."""

    operations: Mapping[str, Operation]
    server: Child
    reset: Callable[[], Awaitable[None]]


@dataclass(slots=True, kw_only=True)
class Sides:
    """What `further` found to measure. `versions` of what takes part; `missing` are sentences, by part of the run."""

    sides: list[Side] = field(default_factory=list)
    switched: list[Served] = field(default_factory=list)
    missing: dict[str, list[str]] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)
    postgresql_url: str | None = None


def asked(options: Options) -> tuple[str, ...]:
    """Operations to be measured on SQLite: rivals are nothing without ours beside them."""
    chosen = [name for name in operations.NAMES if name in options.only] if "sqlite" in options.engines else []
    beside = COMPARED if rivals.NAME in options.only else ()
    return tuple(name for name in operations.NAMES if name in {*chosen, *beside})


@asynccontextmanager
async def further(
    options: Options,
    ready: list[Ready],
    fleet: Fleet,
    opened: aiohttp.ClientSession,
    *,
    server_core: int | None,
    load_core: int | None,
    show: Callable[[str], None],
) -> AsyncIterator[Sides]:
    """Every side but Moorline on SQLite, up and prepared. Raises: Broken."""
    found = Sides()
    on_postgresql = "postgresql" in options.engines and bool(set(options.only) & set(operations.NAMES))
    url = None
    async with AsyncExitStack() as stack:
        if on_postgresql or switched.NAME in options.only:
            show("starting on PostgreSQL")
            url = stack.enter_context(started_postgresql(durable=True))
            found.versions["PostgreSQL"] = await _version(url)
        if url is not None and on_postgresql:
            found.postgresql_url = url
            found.sides.append(
                await _on_postgresql(options, url, fleet, opened, server_core=server_core, load_core=load_core)
            )
            stack.callback(found.sides[-1].server.stop)
        if url is not None and switched.NAME in options.only:
            show("starting with one thing after the other switched on")
            beside = await stack.enter_async_context(
                switched.up(fleet, opened, url=url, server_core=server_core, load_core=load_core)
            )
            found.switched = beside.served
            found.versions |= beside.versions
            found.missing[switched.NAME] = beside.missing
            found.sides += [Side(operations=one.operations, server=one.server, reset=_nothing) for one in beside.served]
        for one in ready:
            show(f"starting {one.rival.title}")
            found.versions |= one.versions
            found.sides.append(await _rival(one, fleet, opened, server_core=server_core, load_core=load_core))
            stack.callback(found.sides[-1].server.stop)
        yield found


async def _on_postgresql(
    options: Options,
    url: str,
    fleet: Fleet,
    opened: aiohttp.ClientSession,
    *,
    server_core: int | None,
    load_core: int | None,
) -> Side:
    port, sandbox_port = free_ports(2)
    outbound_map = await start_sandbox(fleet, sandbox_port, f"http://{HOST}:{port}", core=load_core)
    environment = environment_of(port, url, outbound_map=outbound_map)
    world = await seed(environment, sandbox_url=f"http://{HOST}:{sandbox_port}", floor_url="", played_url="")
    server = fleet.start("the server on postgresql", [str(COMMAND), "serve"], core=server_core, environment=environment)
    await until_answers(opened, f"{world.server_url}/healthz", server)
    prepared = await operations.prepare(world, opened)
    return Side(
        operations={
            f"{name}:postgresql": replace(one, title=f"{one.title}, PostgreSQL", engine="postgresql")
            for name, one in prepared.items()
            if name in options.only
        },
        server=server,
        reset=lambda: operations.reset_sandbox(world.sandbox_url, opened),
    )


async def _rival(
    ready: Ready, fleet: Fleet, opened: aiohttp.ClientSession, *, server_core: int | None, load_core: int | None
) -> Side:
    port, sandbox_port = free_ports(2)
    base_url, sandbox_url = f"http://{HOST}:{port}", f"http://{HOST}:{sandbox_port}"
    outbound_map = json.loads(await start_sandbox(fleet, sandbox_port, base_url, core=load_core))

    async def reset() -> None:
        await operations.reset_sandbox(sandbox_url, opened)
        await running.register(ready.rival, opened, base_url=base_url, sandbox_url=sandbox_url)

    await reset()
    server = running.start(ready, fleet, port, outbound_map, core=server_core)
    flows = await running.signed_in(ready, server, opened, base_url=base_url, sandbox_url=sandbox_url)
    title, name = ready.rival.title, ready.rival.name
    parts = {"start": ("start connect", flows.start()), "callback": ("callback", flows.callback())}
    calls = {"start": 0, "callback": running.CALLS}
    return Side(
        operations={
            f"{what}:{name}": Operation(
                name=what, title=f"{told}, {title}", once=part, product=title, platform_calls=calls[what]
            )
            for what, (told, part) in parts.items()
        },
        server=server,
        reset=reset,
    )


async def _nothing() -> None:
    """No platform is asked, so there is nothing to forget."""


async def _version(url: str) -> str:
    connection = await asyncpg.connect(url)
    try:
        return str(await connection.fetchval("SHOW server_version"))
    finally:
        await connection.close()
