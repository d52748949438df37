"""A fleet as operators run it: PostgreSQL, three servers behind a proxy, two workers, one of which may keep dying."""

import asyncio
import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Self
from urllib.request import Request, urlopen

from moorline.sandbox.telegram_world import SANDBOX_BOT_TOKEN
from moorline.store import migrate
from moorline.vault import new_key
from tests.fleet.programs import Proxy
from tests.harness import OAUTH
from tests.journeys.journey import Server
from tests.journeys.processes import Process, free_port

SERVERS, WORKERS = 3, 2
KILLED_EVERY_S = 3.0
OWNER = "ops@example.com"


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """The sandbox in a process of its own, and the map that leads to it."""

    url: str
    outbound_map: str


class Fleet:
    """Everything that runs. `settings` are those of every server and worker, `of_last` those of the last server alone;
    a server's own is its port.
    """

    def __init__(
        self,
        folder: Path,
        settings: Mapping[str, str],
        *,
        servers: int = SERVERS,
        of_last: Mapping[str, str] | None = None,
    ) -> None:
        self.ports = [free_port() for _ in range(servers)]
        self.proxy = Proxy(_made(folder / "proxy"), self.ports)
        self.settings = {
            "MOORLINE_ENCRYPTION_KEYS": new_key(),
            "MOORLINE_PUBLIC_URL": self.proxy.base_url,
            "MOORLINE_BACKGROUND": "false",
            "MOORLINE_TRUSTED_PROXIES": "1",
            "MOORLINE_RATE_LIMIT_PER_MINUTE": "0",
            "MOORLINE_TELEGRAM_BOT_TOKEN": SANDBOX_BOT_TOKEN,
            **{f"MOORLINE_{name.upper()}_CLIENT_ID": f"sandbox-{name}" for name in OAUTH},
            **{f"MOORLINE_{name.upper()}_CLIENT_SECRET": f"sandbox-{name}-secret" for name in OAUTH},
            **settings,
        }
        self.servers: list[Process] = []
        self.workers: list[Process] = []
        self.server: Server
        self._folder = folder
        self._own: list[Mapping[str, str]] = [*({} for _ in self.ports[1:]), of_last or {}]

    @property
    def database_url(self) -> str:
        return self.settings["MOORLINE_DATABASE_URL"]

    @property
    def log(self) -> str:
        """What all of them logged so far."""
        return "".join(process.log for process in (*self.servers, *self.workers))

    def start(self, number: int) -> None:
        """Start one server, and wait until it may be sent requests."""
        self.servers[number].launch()
        self.wait_for(number)

    def wait_for(self, number: int) -> None:
        self.servers[number].wait_until_ready(f"http://127.0.0.1:{self.ports[number]}/readyz")

    @contextmanager
    def running(self, *, workers: int = WORKERS) -> Iterator[Self]:
        """Migrated, all of them started beside a sandbox, and a key made by the command line."""
        asyncio.run(migrate.upgrade(self.database_url))
        with ExitStack() as stack:
            played = stack.enter_context(sandboxed(self._folder, self.proxy.base_url))
            self.settings["MOORLINE_OUTBOUND_MAP"] = played.outbound_map
            self.servers = [
                self._process("serve", number, MOORLINE_PORT=f"{port}", **self._own[number])
                for number, port in enumerate(self.ports)
            ]
            self.workers = [self._process("worker", number) for number in range(workers)]
            for process in (*self.servers, *self.workers):
                stack.callback(process.stop)
                process.launch()
            for number in range(len(self.servers)):
                self.wait_for(number)
            stack.enter_context(self.proxy.running())
            made = self.command("keys", "create", "--email", OWNER, "--json", "--reveal-tokens")
            key = json.loads(made)
            self.server = Server(
                base_url=self.proxy.base_url,
                api_key=key["key"],
                user_id=key["user_id"],
                profile_id=self._first_profile(key["key"]),
                sandbox_url=played.url,
            )
            yield self

    def _first_profile(self, key: str) -> str:
        call = Request(f"{self.proxy.base_url}/api/v1/profiles", headers={"authorization": f"Bearer {key}"})
        with urlopen(call, timeout=30) as answer:
            return str(json.load(answer)["profiles"][0]["_id"])

    def _process(self, command: str, number: int, **own: str) -> Process:
        folder = _made(self._folder / f"{command}-{number}")
        return Process([command], folder=folder, settings={**self.settings, **own})

    def command(self, *arguments: str) -> str:
        """The first line that a command prints, beside what runs."""
        process = Process(arguments, folder=_made(self._folder / "commands"), settings=self.settings)
        try:
            return process.launch().first_line()
        finally:
            process.stop()


@contextmanager
def killing(worker: Process, every_s: float = KILLED_EVERY_S) -> Iterator[list[int]]:
    """Kill a worker again and again, and start it anew; the list counts how often."""
    ended, times = threading.Event(), [0]

    def kill() -> None:
        while not ended.is_set():
            worker.kill()
            worker.launch()
            times[0] += 1
            ended.wait(every_s)

    thread = threading.Thread(target=kill, daemon=True)
    thread.start()
    try:
        yield times
    finally:
        ended.set()
        thread.join()


@contextmanager
def sandboxed(folder: Path, callback_base: str) -> Iterator[Played]:
    """The sandbox, with the callbacks of this address registered."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    arguments = ["sandbox", "--port", str(port), "--callback-base", callback_base]
    process = Process(arguments, folder=_made(folder / "sandbox")).launch()
    try:
        process.wait_until_ready(f"{url}/_sandbox/")
        yield Played(url=url, outbound_map=process.output.partition("MOORLINE_OUTBOUND_MAP='")[2].partition("'")[0])
    finally:
        process.stop()


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder
