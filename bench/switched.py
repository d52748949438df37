"""What each switch costs: start connect and get account, by servers that differ in what is switched on.

All are on one PostgreSQL, each with a database of its own. What limits are counted in, and where traces are sent, runs
on the core of the load.
"""

import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass, field
from importlib import metadata, util

import aiohttp

from bench import operations
from bench.load import CONNECTIONS
from bench.operations import Operation
from bench.processes import COMMAND, Child, Fleet, until_answers
from bench.world import HOST, IN_PRODUCTION, LIMITED, environment_of, free_ports, seed, start_sandbox
from tests.engines import PostgresqlServer
from tests.redis_server import RedisServer, started_redis

NAME = "switched"
OFF, TRACES = "off", "traces"
TRACED_BY = "opentelemetry-sdk"
_APART = "limits_not_shared"  # in the log of a server whose counters did not answer in time


@dataclass(frozen=True, slots=True, kw_only=True)
class Switch:
    """A server's settings, named without their prefix."""

    name: str
    title: str
    settings: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """A server that is up. `operations` by the name their samples are kept under."""

    switch: Switch
    operations: Mapping[str, Operation]
    server: Child

    def counted_apart(self) -> bool:
        """Whether it counted by itself for a while, so that its figures are not those of its counters."""
        return _APART in self.server.told()


@dataclass(frozen=True, slots=True, kw_only=True)
class Switched:
    """`missing`: a sentence for each switch that could not be measured. `versions` of what takes part."""

    served: list[Served] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    versions: dict[str, str] = field(default_factory=dict)


def switches(*, traces_url: str, redis_url: str) -> list[Switch]:
    """What is compared, `OFF` first."""
    traced = {"TRACES_URL": traces_url, "TRACES_PERCENT": "1"}
    return [
        Switch(name=OFF, title="nothing but the log", settings={"RATE_LIMIT_PER_MINUTE": "0"}),
        Switch(name="memory", title="limits in memory", settings=LIMITED),
        Switch(name="metrics", title="limits in memory, metrics", settings=IN_PRODUCTION),
        Switch(name=TRACES, title="limits in memory, metrics, 1 % of traces", settings={**IN_PRODUCTION, **traced}),
        Switch(name="database", title="limits in the database", settings={**LIMITED, "LIMITS_URL": "database"}),
        Switch(name="redis", title="limits in Redis", settings={**LIMITED, "LIMITS_URL": redis_url}),
    ]


@asynccontextmanager
async def up(
    fleet: Fleet, opened: aiohttp.ClientSession, *, url: str, server_core: int | None, load_core: int | None
) -> AsyncIterator[Switched]:
    """Every server up, on the PostgreSQL at `url`. Raises: Broken."""
    traces_port, sandbox_port = free_ports(2)
    found = Switched()
    with ExitStack() as stack:
        redis = stack.enter_context(started_redis(fleet.folder))
        found.versions["Valkey"] = _version(redis)
        traces = fleet.start(
            "the receiver of traces", [sys.executable, "-m", "bench.floors", "web", str(traces_port)], core=load_core
        )
        stack.callback(traces.stop)
        traces_url = f"http://{HOST}:{traces_port}/v1/traces"
        await until_answers(opened, traces_url, traces)
        # Nobody asks it: it is there so that nothing could ever lead to a platform.
        outbound_map = await start_sandbox(fleet, sandbox_port, f"http://{HOST}:{sandbox_port}", core=load_core)
        databases = PostgresqlServer(url)
        for switch in switches(traces_url=traces_url, redis_url=redis.url):
            if switch.name == TRACES:
                if util.find_spec("opentelemetry") is None:
                    found.missing.append(f"{switch.title}: {TRACED_BY} is not installed.")
                    continue
                found.versions[TRACED_BY] = metadata.version(TRACED_BY)
            served = await _served(
                switch, fleet, opened, url=await databases.empty(), outbound_map=outbound_map, core=server_core
            )
            stack.callback(served.server.stop)
            found.served.append(served)
        yield found


async def _served(
    switch: Switch, fleet: Fleet, opened: aiohttp.ClientSession, *, url: str, outbound_map: str, core: int | None
) -> Served:
    (port,) = free_ports(1)
    environment = environment_of(port, url, outbound_map=outbound_map, switches=switch.settings)
    world = await seed(environment, sandbox_url="", floor_url="", played_url="")
    server = fleet.start(f"the server with {switch.name}", [str(COMMAND), "serve"], core=core, environment=environment)
    await until_answers(opened, f"{world.server_url}/healthz", server)
    once = {
        "start": ("start connect", operations.start_of(world)),
        "get": ("get account", operations.account_of(world)),
    }
    return Served(
        switch=switch,
        operations={
            f"{name}:{switch.name}": Operation(
                name=name,
                title=f"{title}, {switch.title}",
                once=step,
                engine="postgresql",
                switched=switch.name,
                connections=(max(CONNECTIONS),),
            )
            for name, (title, step) in once.items()
        },
        server=server,
    )


def _version(redis: RedisServer) -> str:
    return redis.asked("INFO server").partition("valkey_version:")[2].partition("\r")[0]
