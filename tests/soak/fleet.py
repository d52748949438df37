"""The service processes of the soak: started, told the time, killed, and started again on the same port."""

import asyncio
import json
import os
import sys
import time
from asyncio.subprocess import PIPE, Process
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.journeys.processes import free_port

HOST = "127.0.0.1"
SERVED = Path(__file__).with_name("served.py")
START_TIMEOUT_S = 60.0


class Broke(Exception):
    """A process could not do its work, or ended by itself; the message is what it said, and the end of its log."""


class Member:
    """One service process, over all its lives. Each life has a name of its own, by which the sandbox is called."""

    def __init__(self, number: int, folder: Path) -> None:
        self.port = free_port()
        self.base_url = f"http://{HOST}:{self.port}"
        self.is_ready = False
        self._number = number
        self._lives = 0
        self._log_file = folder / f"served-{number}.log"
        self._process: Process | None = None
        self._reading: asyncio.Task[None] | None = None
        self._waiting: dict[str, asyncio.Future[str]] = {}
        self._commands = 0

    @property
    def name(self) -> str:
        """Of the present life."""
        return f"{self._number}.{self._lives}"

    @property
    def log(self) -> str:
        """Everything its lives logged."""
        return self._log_file.read_text(encoding="utf-8", errors="replace")

    def new_life(self) -> str:
        """The name of the life that begins."""
        self._lives += 1
        return self.name

    async def start(self, settings: Mapping[str, str], ahead_s: float) -> None:
        """Serve, from `new_life` on. Raises: Broke."""
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("MOORLINE_")}
        with self._log_file.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *(sys.executable, str(SERVED), str(ahead_s)),
                env=inherited | {f"MOORLINE_{name}": value for name, value in settings.items()},
                cwd=self._log_file.parent,  # where no `.env` lies
                stdin=PIPE,
                stdout=PIPE,
                stderr=log,
            )
        ready: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._waiting = {"ready": ready}
        self._reading = asyncio.create_task(self._read(self._process))
        if await asyncio.wait_for(ready, START_TIMEOUT_S) == "gone":
            raise Broke(self.log[-2000:])

    async def tell(self, ahead_s: float, command: str) -> bool:
        """Move its clock, or let it work too; whether it did, which it does not when it is killed. Raises: Broke."""
        return await self.ask(ahead_s, command) == "done"

    async def ask(self, ahead_s: float, command: str) -> str:
        """What it answers to a command; `gone` when it is killed. Raises: Broke."""
        assert self._process is not None
        assert self._process.stdin is not None
        self._commands += 1
        number = str(self._commands)
        said: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        if self._reading is None or self._reading.done():
            return "gone"
        self._waiting[number] = said
        self._process.stdin.write(f"{number} {ahead_s} {command}\n".encode())
        answer = await said
        if answer.startswith("broke"):
            raise Broke(f"{self.name} {answer}\n{self.log[-2000:]}")
        return answer

    def kill(self) -> None:
        """End this life as a power failure would: no handler runs."""
        assert self._process is not None
        self.is_ready = False
        self._process.kill()

    async def ended(self) -> None:
        """Wait until the process is gone."""
        assert self._process is not None
        await self._process.wait()

    async def stop(self) -> None:
        """End this life as an operator would."""
        self.is_ready = False
        if self._process is None or self._process.returncode is not None:
            return
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            await asyncio.wait_for(self._process.wait(), 20.0)
        except TimeoutError:
            self._process.kill()
            await self._process.wait()

    async def _read(self, process: Process) -> None:
        assert process.stdout is not None
        while line := (await process.stdout.readline()).decode().strip():
            number, _, answer = line.partition(" ")
            self._settle(number, answer or "done")
        for number in list(self._waiting):
            self._settle(number, "gone")

    def _settle(self, number: str, answer: str) -> None:
        waiting = self._waiting.pop(number, None)
        if waiting is not None and not waiting.done():
            waiting.set_result(answer)


class Fleet:
    """All service processes, which share a database, a sandbox and a time."""

    def __init__(self, size: int, folder: Path) -> None:
        self.members = [Member(number, folder) for number in range(size)]
        self.killed: dict[str, float] = {}  # the name of a life, and when the machine's clock saw it end
        self.settings: dict[str, str] = {}
        self.hosts: Sequence[str] = ()
        self.sandbox_url = ""
        self.ahead_s = 0.0
        self._starting: set[asyncio.Task[None]] = set()

    @property
    def ready(self) -> list[Member]:
        """Those that serve."""
        return [member for member in self.members if member.is_ready]

    async def start(self) -> None:
        """Start them all."""
        await asyncio.gather(*(self._start(member) for member in self.members))

    async def move(self, by_s: float) -> None:
        """Let time go by for all that serve; those that start hear of it when they do."""
        self.ahead_s += by_s
        await asyncio.gather(*(member.tell(self.ahead_s, "move") for member in self.ready))

    async def work(self) -> None:
        """Let everybody do what is due, all at once. Raises: Broke."""
        await asyncio.gather(*(member.tell(self.ahead_s, "work") for member in self.ready))

    async def open_link(self, token: str, platform: str) -> str:
        """Where somebody is sent who opens a connect link and picks a platform. Raises: Broke."""
        return await self.ready[0].ask(self.ahead_s, f"link:{token}:{platform}")

    def kill(self, member: Member) -> None:
        """Kill -9, and start it anew beside what goes on."""
        self.killed[member.name] = time.monotonic()
        member.kill()
        task = asyncio.create_task(self._revive(member))
        self._starting.add(task)

    async def all_ready(self) -> None:
        """Wait until every process serves. Raises: Broke."""
        await asyncio.gather(*self._starting)
        self._starting.clear()

    async def stop(self) -> None:
        """Stop them all; those that are starting are waited for."""
        await asyncio.gather(*self._starting, return_exceptions=True)
        await asyncio.gather(*(member.stop() for member in self.members))

    async def _revive(self, member: Member) -> None:
        await member.ended()
        await self._start(member)

    async def _start(self, member: Member) -> None:
        sandbox_url = f"{self.sandbox_url}/from/{member.new_life()}/sandbox"
        outbound_map = {f"https://{host}": f"{sandbox_url}/{host}" for host in self.hosts}
        own = {"PORT": str(member.port), "OUTBOUND_MAP": json.dumps(outbound_map)}
        await member.start({**self.settings, **own}, self.ahead_s)
        told_s = None
        while told_s != self.ahead_s:  # it may have moved while the process came up
            told_s = self.ahead_s
            await member.tell(told_s, "move")
        member.is_ready = True
