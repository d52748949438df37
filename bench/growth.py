"""What an operation costs among a thousand accounts and among a million, on both engines, and what an account takes.

For each engine there are two databases (`bench.crowd`), each with a server and a sandbox of its own; in every round
each operation is carried out as often on one as on the other, by turns. CPU is the server's with, on PostgreSQL, the
database's own. Accounts are asked for at random, so that what was read before is seldom what is read next.
"""

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from random import Random
from typing import TypeVar

import aiohttp

from bench import crowd, operations, seeding, sized
from bench.claims import Claims
from bench.crowd import Crowd
from bench.drains import server_pid
from bench.load import Once
from bench.processes import COMMAND, Broken, Child, Fleet, tree_cpu_s, until_answers
from bench.world import HOST, World, environment_of, free_ports, seed, start_sandbox
from moorline import clock, settings
from moorline.app import open_service
from moorline.cli.environment import platform_names
from tests.engines import ENGINES, Engine, PostgresqlServer, started_postgresql

_T = TypeVar("_T")

NAME = "growth"
TITLE = "growth"
SEED = 1
AT_ONCE = 16
A_LIST = 100
# As often in each round, and on each database, where rounds are of a second; where they are shorter, less often.
TIMES = {"start": 300, "callback": 100, "get": 600, "token": 600, "list": 120}
SWEEP = "due sweep"
_LET_BE_DUE = "UPDATE grant_tokens SET renew_at_ms = $2 WHERE grant_id = $1"
SWEPT = 300
AT_MOST = {"start": 1.2, "callback": 1.2, "get": 1.2, "token": 1.2, "list": 1.5, SWEEP: 1.5}


@dataclass(slots=True, kw_only=True)
class Grown:
    """One engine. `cpu_ms` by operation and number of accounts, one for each round; `bytes_each` by table and index."""

    engine: Engine
    crowds: tuple[int, int]
    cpu_ms: dict[tuple[str, int], list[float]] = field(default_factory=dict)
    bytes_each: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """What a run is carried out with. `crowds`: accounts of the two databases; `show` says what is being done."""

    crowds: tuple[int, int]
    rounds: int
    seconds: float
    fleet: Fleet
    server_core: int | None
    load_core: int | None
    show: Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Filled:
    """A database with its accounts, and the environment of its server."""

    url: str
    port: int
    environment: Mapping[str, str]
    world: World
    crowd: Crowd


@dataclass(frozen=True, slots=True, kw_only=True)
class _Served:
    """A database whose server is up."""

    filled: _Filled
    server: Child
    database_pid: int | None

    def cpu_s(self) -> float:
        """The server's and the database's."""
        return self.server.cpu_s() + (0.0 if self.database_pid is None else tree_cpu_s(self.database_pid))


async def measure(stage: Stage, opened: aiohttp.ClientSession) -> list[Grown]:
    """Both engines, one after the other. Raises: Broken."""
    found = []
    for engine in ENGINES:
        with _databases(engine, stage) as make_url:
            grown = Grown(engine=engine, crowds=stage.crowds)
            filled = [await _fill(stage, await make_url(count), count, engine=engine) for count in grown.crowds]
            grown.bytes_each = await sized.bytes_each(filled[-1].url, accounts=grown.crowds[-1])
            await _sweeps(stage, filled, grown)
            await _operations(stage, filled, grown, opened)
        found.append(grown)
    return found


async def _fill(stage: Stage, url: str, count: int, *, engine: Engine) -> _Filled:
    stage.show(f"{engine}: filling in {count:,} accounts")
    port, sandbox_port = free_ports(2)
    outbound_map = await start_sandbox(stage.fleet, sandbox_port, f"http://{HOST}:{port}", core=stage.load_core)
    environment = environment_of(port, url, outbound_map=outbound_map)
    sandbox_url = f"http://{HOST}:{sandbox_port}"
    world = await seed(environment, sandbox_url=sandbox_url, floor_url="", played_url="")
    async with open_service(settings.load(environment, platforms=platform_names())) as service:
        made = await crowd.seed(service, url, accounts=count, seed_number=SEED)
    return _Filled(url=url, port=port, environment=environment, world=world, crowd=made)


async def _sweeps(stage: Stage, filled: Sequence[_Filled], grown: Grown) -> None:
    """What is due is found and finished, before any server could do it."""
    for number in range(stage.rounds):
        for one in _by_turns(filled, number):
            stage.show(f"{grown.engine}: {SWEEP} among {one.crowd.accounts:,}, round {number + 1}")
            async with seeding.opened(one.url) as db:
                pid = await server_pid(db)
                random = Random(number)  # noqa: S311 - which ones does not matter
                due_ids = random.sample(one.crowd.grant_ids, min(SWEPT, len(one.crowd.grant_ids)))
                for grant_id in due_ids:
                    await db.run(_LET_BE_DUE, grant_id, clock.now_ms())
            database_s = 0.0 if pid is None else tree_cpu_s(pid)
            command = [sys.executable, "-m", "bench.claims", one.url]
            told, _ = await asyncio.to_thread(stage.fleet.finish, "the claims", command, core=stage.server_core)
            swept = Claims(**json.loads(told))
            if swept.count != len(due_ids):
                raise Broken(f"{len(due_ids)} grants were due, and {swept.count} were claimed.")
            database_s = 0.0 if pid is None else tree_cpu_s(pid) - database_s
            _note(grown, SWEEP, one, swept.cpu_ms_each + database_s * 1000 / swept.count)


async def _operations(stage: Stage, filled: Sequence[_Filled], grown: Grown, opened: aiohttp.ClientSession) -> None:
    async with _up(stage, filled, opened) as served:
        for number in range(-1, stage.rounds):  # the first warms up
            for name in TIMES:
                for one in _by_turns(served, number):
                    stage.show(f"{grown.engine}: {name} among {one.filled.crowd.accounts:,}, round {number + 1}")
                    cpu_ms = await _spent(one, await _steps(stage, one.filled, name, opened, number), opened)
                    if number >= 0:
                        _note(grown, name, one.filled, cpu_ms)


async def _steps(stage: Stage, filled: _Filled, name: str, opened: aiohttp.ClientSession, number: int) -> list[Once]:
    """What is to be done, as often as it is in a round."""
    world, made = filled.world, filled.crowd
    count = max(int(TIMES[name] * min(stage.seconds, 1)), AT_ONCE)
    if name == "start":
        return [operations.start_of(world)] * count
    if name == "callback":
        await operations.reset_sandbox(world.sandbox_url, opened)
        return await operations.callbacks(world, opened, count)
    random, path = Random(f"{name} {number}"), f"{world.server_url}/api/v1/accounts"  # noqa: S311 - which ones does not matter
    if name == "list":
        places = [random.randrange(len(made.account_ids) - A_LIST) for _ in range(count)]
        return [
            operations.getting(f"{path}?limit={A_LIST}&after={made.account_ids[place]}", made.key) for place in places
        ]
    below = "/token" if name == "token" else ""
    return [operations.getting(f"{path}/{random.choice(made.account_ids)}{below}", made.key) for _ in range(count)]


async def _spent(one: _Served, steps: Sequence[Once], opened: aiohttp.ClientSession) -> float:
    """CPU ms of each step, `AT_ONCE` of them at a time. Raises: Broken."""
    left = iter(steps)

    async def work() -> None:
        for step in left:
            await step(opened)

    try:
        cpu_s = one.cpu_s()
        await asyncio.gather(*(work() for _ in range(AT_ONCE)))
        return (one.cpu_s() - cpu_s) * 1000 / len(steps)
    except (aiohttp.ClientError, TimeoutError, ValueError, KeyError) as error:
        told = "\n".join(one.server.complaints())
        raise Broken(f"An operation failed: {type(error).__name__}: {error}\n{told}".rstrip()) from error


@asynccontextmanager
async def _up(stage: Stage, filled: Sequence[_Filled], opened: aiohttp.ClientSession) -> AsyncIterator[list[_Served]]:
    served: list[_Served] = []
    try:
        for one in filled:
            name = f"the server of {one.crowd.accounts} accounts"
            server = stage.fleet.start(
                name, [str(COMMAND), "serve"], core=stage.server_core, environment=one.environment
            )
            async with seeding.opened(one.url) as db:
                served.append(_Served(filled=one, server=server, database_pid=await server_pid(db)))
            await until_answers(opened, f"http://{HOST}:{one.port}/healthz", server)
        yield served
    finally:
        for one_up in served:
            one_up.server.stop()


@contextmanager
def _databases(engine: Engine, stage: Stage) -> Iterator[Callable[[int], "asyncio.Future[str]"]]:
    """What makes a database for so many accounts."""
    if engine == "sqlite":

        async def on_sqlite(count: int) -> str:
            return f"sqlite:///{stage.fleet.folder / f'crowd-{count}.sqlite3'}"

        yield lambda count: asyncio.ensure_future(on_sqlite(count))
        return
    with started_postgresql(durable=True) as url:
        server = PostgresqlServer(url)
        yield lambda _: asyncio.ensure_future(server.empty())


def _by_turns(of: Sequence[_T], number: int) -> list[_T]:
    """Every second round the other way round, so that what only drifts favours nobody."""
    return list(of if number % 2 == 0 else reversed(of))


def _note(grown: Grown, name: str, filled: _Filled, cpu_ms: float) -> None:
    grown.cpu_ms.setdefault((name, filled.crowd.accounts), []).append(cpu_ms)
