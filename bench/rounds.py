"""A run: everything is started, warmed up, and measured in rounds in which everything that is compared takes turns."""

import asyncio
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp

from bench import background, chooser, details, growth, memory, operations, pages, renewing, rivals, sides, switched
from bench.background import Background
from bench.chooser import Chooser
from bench.details import Details
from bench.growth import Grown
from bench.load import CONNECTIONS, Once, Part, Sample, drive, session
from bench.memory import Memory
from bench.operations import Operation
from bench.options import Options
from bench.pages import Listing
from bench.processes import COMMAND, ROOT, Child, Fleet, cores, pin, until_answers
from bench.rivals import environments
from bench.rivals.environments import Unavailable
from bench.rivals.running import Ready
from bench.sides import Side
from bench.switched import Served
from bench.world import HOST, World, environment_of, free_ports, seed, start_sandbox, with_played
from moorline import clock

FLOOR = "H"
_SETTLE_S = 2.0
_WARM_UP_SHARE = 0.5

# Name, title, what is done, the process whose CPU counts, and at which numbers of connections.
_Turn = tuple[str, str, Once | Part, Child, tuple[int, ...]]


@dataclass(slots=True, kw_only=True)
class Results:
    """A run as it was measured. `samples` by operation (`H` is the floor) and connections, one for each round.

    `missing`: a sentence for each rival and each switch that could not be measured, by part. `versions` of the other
    products.
    """

    at: str
    commit: str
    options: Options
    pinned: bool
    operations: dict[str, Operation]
    versions: dict[str, str] = field(default_factory=dict)
    missing: dict[str, list[str]] = field(default_factory=dict)
    help_cpu_s: list[float] = field(default_factory=list)
    start_cpu_s: list[float] = field(default_factory=list)
    idle_mib: float = 0.0
    after_mib: float = 0.0
    samples: dict[tuple[str, int], list[Sample]] = field(default_factory=dict)
    rows_ms: dict[str, list[float]] = field(default_factory=dict)
    details: list[Details] = field(default_factory=list)
    listings: list[Listing] = field(default_factory=list)
    choosers: list[Chooser] = field(default_factory=list)
    memory: Memory | None = None
    background: Background = field(default_factory=Background)
    grown: list[Grown] = field(default_factory=list)

    def leave_out(self, served: Served) -> None:
        """Forget what was measured of a server, and say so."""
        for name in served.operations:
            del self.operations[name]
            for key in [key for key in self.samples if key[0] == name]:
                del self.samples[key]
        sentence = (
            f"{served.switch.title}: what it counts in did not answer in time, so it counted by itself meanwhile."
        )
        self.missing.setdefault(switched.NAME, []).append(sentence)


async def measure(options: Options) -> Results:
    """Carry out a run; nothing of it is left behind, however it ends. Raises: Broken."""
    server_core, load_core = cores()
    with tempfile.TemporaryDirectory(prefix="moorline-bench-") as name, Fleet(Path(name)) as fleet:
        pin(0, load_core)
        run = _Run(options, fleet, server_core, load_core)
        return await run.carry_out()


class _Run:
    def __init__(self, options: Options, fleet: Fleet, server_core: int | None, load_core: int | None) -> None:
        self._options = options
        self._fleet = fleet
        self._server_core = server_core
        self._load_core = load_core
        self._postgresql_url: str | None = None

    async def carry_out(self) -> Results:
        options, fleet = self._options, self._fleet
        ready, missing = await self._rivals()
        _show("starting")
        server_port, sandbox_port, floor_port, played_port = free_ports(4)
        sandbox_url, floor_url = f"http://{HOST}:{sandbox_port}", f"http://{HOST}:{floor_port}"
        played_url = f"http://{HOST}:{played_port}"
        outbound_map = with_played(
            await start_sandbox(fleet, sandbox_port, f"http://{HOST}:{server_port}", core=self._load_core), played_url
        )
        database_url = f"sqlite:///{fleet.folder / 'moorline.sqlite3'}"
        environment = environment_of(server_port, database_url, outbound_map=outbound_map)
        floor = fleet.start(
            "the floor", [sys.executable, "-m", "bench.floors", "web", str(floor_port)], core=self._server_core
        )
        played = fleet.start(
            "the long lists", [sys.executable, "-m", "bench.played", str(played_port)], core=self._load_core
        )
        world = await seed(environment, sandbox_url=sandbox_url, floor_url=floor_url, played_url=played_url)
        results = Results(
            at=clock.iso(clock.now()),
            commit=_commit(),
            options=options,
            pinned=self._server_core is not None,
            operations={},
            missing={rivals.NAME: missing},
        )
        results.help_cpu_s = self._help_cpu_s()
        async with session() as opened:
            await until_answers(opened, floor_url, floor)
            await until_answers(opened, f"{played_url}/told", played)
            server = await self._start_server(opened, world, environment, into=results.start_cpu_s)
            await asyncio.sleep(_SETTLE_S)
            results.idle_mib = server.resident_mib()
            prepared = await operations.prepare(world, opened)
            own = Side(
                operations={name: prepared[name] for name in sides.asked(options)},
                server=server,
                reset=lambda: operations.reset_sandbox(sandbox_url, opened),
            )
            async with sides.further(
                options, ready, fleet, opened, server_core=self._server_core, load_core=self._load_core, show=_show
            ) as found:
                results.versions = found.versions
                results.missing |= found.missing
                self._postgresql_url = found.postgresql_url
                await self._rounds(opened, world, floor, [own, *found.sides], results)
                for served in found.switched:
                    if served.counted_apart():
                        results.leave_out(served)
            results.after_mib = server.resident_mib()
            if memory.NAME in options.only:
                flow = prepared["twitter"].once
                assert not isinstance(flow, Part)
                results.memory = await memory.measure(flow, server, flows=options.flows, reset=own.reset, show=_show)
            server.stop()
            results.background = await background.measure(
                options, fleet, server_core=self._server_core, load_core=self._load_core, opened=opened, show=_show
            )
            if growth.NAME in options.only:
                place = growth.Stage(
                    crowds=options.crowds,
                    rounds=options.rounds,
                    seconds=options.seconds,
                    fleet=fleet,
                    server_core=self._server_core,
                    load_core=self._load_core,
                    show=_show,
                )
                results.grown = await growth.measure(place, opened)
        _show("")
        return results

    async def _rivals(self) -> tuple[list[Ready], list[str]]:
        """Those whose environment is there or can be made, and a sentence for each of the others."""
        ready: list[Ready] = []
        missing: list[str] = []
        for rival in rivals.RIVALS if rivals.NAME in self._options.only else ():
            _show(f"installing {rival.title}")
            try:
                python = await environments.python_of(rival)
                versions = await environments.versions_of(rival, python)
            except Unavailable as error:
                print(f"Going on without {error}", file=sys.stderr)
                # The first line alone: what the installer said names hosts and paths.
                missing.append(str(error).partition("\n")[0].rstrip(":"))
            else:
                ready.append(Ready(rival=rival, python=python, versions=versions))
        return ready, missing

    async def _start_server(
        self, opened: aiohttp.ClientSession, world: World, environment: Mapping[str, str], *, into: list[float]
    ) -> Child:
        """Start the server several times, noting the CPU seconds until it answers; the last one stays."""
        while True:
            server = self._fleet.start(
                "the server", [str(COMMAND), "serve"], core=self._server_core, environment=environment
            )
            await until_answers(opened, f"{world.server_url}/healthz", server)
            into.append(server.cpu_s())
            if len(into) == self._options.starts:
                return server
            server.stop()

    def _help_cpu_s(self) -> list[float]:
        command = [str(COMMAND), "--help"]
        self._fleet.finish("the help", command, core=self._server_core)  # compiles what was never run
        return [self._fleet.finish("the help", command, core=self._server_core)[1] for _ in range(self._options.starts)]

    async def _rounds(
        self, opened: aiohttp.ClientSession, world: World, floor: Child, everybody: Sequence[Side], results: Results
    ) -> None:
        server, options = everybody[0].server, self._options
        for side in everybody:
            results.operations |= side.operations
        at = self._connections(results.operations)
        turns: list[_Turn] = [(FLOOR, "the floor", operations.constant(world), floor, at)]
        for side in everybody:
            turns += [
                (name, one.title, one.once, side.server, one.connections) for name, one in side.operations.items()
            ]
        for _, title, once, measured, _ in turns:
            _show(f"warming up: {title}")
            await drive(once, measured=measured, connections=max(CONNECTIONS), seconds=options.seconds * _WARM_UP_SHARE)
        for number in range(options.rounds):
            for side in everybody:
                await side.reset()
            _show(f"round {number + 1} of {options.rounds}: rows")
            for kind, ms in self._rows_ms().items():
                results.rows_ms.setdefault(kind, []).append(ms)
            # Every second round the other way round, so that what only drifts favours nobody.
            for name, title, once, measured, at in turns if number % 2 == 0 else reversed(turns):
                for connections in at:
                    _show(f"round {number + 1} of {options.rounds}: {title}, {connections} connections")
                    sample = await drive(once, measured=measured, connections=connections, seconds=options.seconds)
                    results.samples.setdefault((name, connections), []).append(sample)
            await self._measure_calls_out(opened, world, server, results)

    def _connections(self, measured: Mapping[str, Operation]) -> tuple[int, ...]:
        """Every number of connections something is compared with the floor at."""
        asked = {*CONNECTIONS, *(one for operation in measured.values() for one in operation.connections)}
        return tuple(sorted(asked | set(renewing.CALLERS if renewing.NAME in self._options.only else ())))

    async def _measure_calls_out(
        self, opened: aiohttp.ClientSession, world: World, server: Child, results: Results
    ) -> None:
        if renewing.NAME in self._options.only:
            _show(renewing.TITLE)
            for callers, sample in (await renewing.measure(world, server, seconds=self._options.seconds)).items():
                results.samples.setdefault((renewing.NAME, callers), []).append(sample)
        if details.NAME in self._options.only:
            _show(details.TITLE)
            results.details.append(await details.measure(world, opened, server))
        if pages.NAME in self._options.only:
            _show(pages.TITLE)
            command = [sys.executable, "-m", "bench.pages", world.played_url]
            told, _ = self._fleet.finish("the pages", command, core=self._server_core)
            results.listings.append(Listing(**json.loads(told)))

        if chooser.NAME in self._options.only:
            _show(chooser.TITLE)
            results.choosers.append(await chooser.measure(world, server))

    def _rows_ms(self) -> dict[str, float]:
        """By kind, and on which engine when it is not SQLite."""
        measured = self._rows_ms_at(str(self._fleet.folder))
        if self._postgresql_url is not None:
            of_postgresql = self._rows_ms_at(self._postgresql_url)
            measured |= {f"{kind}, PostgreSQL": ms for kind, ms in of_postgresql.items()}
        return measured

    def _rows_ms_at(self, where: str) -> dict[str, float]:
        command = [sys.executable, "-m", "bench.floors", "rows", where]
        told, _ = self._fleet.finish("the rows", command, core=self._server_core)
        measured: dict[str, float] = json.loads(told)
        return measured


def _commit() -> str:
    """The short hash of the commit, with a plus when the tree differs from it; `unknown` outside a checkout."""
    git: Callable[[str], str] = lambda command: subprocess.run(  # noqa: E731
        ["git", *command.split()], cwd=ROOT, capture_output=True, text=True, check=False
    ).stdout.strip()
    commit = git("rev-parse --short HEAD")
    changed = git("status --porcelain -- src")
    return f"{commit}{'+' if changed else ''}" if commit else "unknown"


def _show(what: str) -> None:
    """One line that says what is being done, for a person who watches."""
    if sys.stderr.isatty():
        print(f"\r\x1b[2K{what}", end="", file=sys.stderr, flush=True)
