"""One service process of the soak: serves the API, and moves its clock and does the background work when it is told.

A line of standard input is `<number> <ahead_s> move` or `<number> <ahead_s> work`: the clock goes to that many seconds
ahead of the machine's, and with `work` everything that is due is done. The answer is `<number> done`. With
`<number> <ahead_s> link:<token>:<platform>` somebody who opened a connect link begins a connection, and the answer is
where they are sent. The process ends when standard input does, so nothing is left over when the tests are killed.
"""

import asyncio
import os
import sys
from collections.abc import Sequence
from datetime import timedelta

from moorline import clock, logs
from moorline.app import create_app, open_service
from moorline.cli.environment import platform_names
from moorline.cli.listening import listen
from moorline.cli.running import run, uvicorn_server
from moorline.connect import links
from moorline.jobs import revoking
from moorline.jobs.renewals import Renewals
from moorline.jobs.warnings import Warnings
from moorline.service import Service
from moorline.settings import PREFIX, load
from moorline.webhooks.deliver import Deliveries

MOST_ROUNDS = 200


class Commanded:
    """Carries out the lines; the time they tell only goes forward."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._renewals = Renewals(service)
        self._warnings = Warnings(service)
        self._deliveries = Deliveries(service)
        self._working: set[asyncio.Task[None]] = set()

    async def read(self) -> None:
        """Carry out every line until the input ends."""
        lines = asyncio.StreamReader()
        await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
        while line := (await lines.readline()).decode().split():
            number, ahead_s, command = line
            ahead_to(float(ahead_s))
            if command != "move":
                task = asyncio.create_task(self._work(number) if command == "work" else self._open(number, command))
                self._working.add(task)
                task.add_done_callback(self._working.discard)
            else:
                say(f"{number} done")

    async def _open(self, number: str, command: str) -> None:
        _, token, platform = command.split(":")
        try:
            started = await links.start(self._service, token, platform)
        except Exception as error:
            say(f"{number} broke {error!r}")
            raise
        say(f"{number} {started.url}")

    async def _work(self, number: str) -> None:
        counts: Sequence[int] = ()
        try:
            for _ in range(MOST_ROUNDS):
                counts = await asyncio.gather(
                    self._renewals.work(),
                    self._warnings.work(),
                    revoking.work(self._service),
                    self._deliveries.work(),
                )
                if not any(counts):
                    break
            else:
                say(f"{number} broke still something due after {MOST_ROUNDS} rounds: {counts}")
                return
        except Exception as error:
            say(f"{number} broke {error!r}")
            raise
        say(f"{number} done")


def ahead_to(ahead_s: float) -> None:
    """Move the clock to so many seconds ahead of the machine's; never back."""
    global _ahead_s  # noqa: PLW0603 - as global as the clock it moves
    clock.advance(timedelta(seconds=max(0.0, ahead_s - _ahead_s)))
    _ahead_s = max(_ahead_s, ahead_s)


_ahead_s = 0.0


def say(line: str) -> None:
    """One whole line."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


async def serve() -> None:
    """Serve until standard input ends."""
    given = {name: value for name, value in os.environ.items() if name.startswith(PREFIX)}
    settings = load(given, platforms=platform_names())
    logs.configure(settings.log_level, json=settings.log_json)
    listening = listen(settings.host, settings.port)
    async with open_service(settings) as service:
        server = uvicorn_server(create_app(service), stopping=service.stopping)
        serving = asyncio.create_task(server.serve(sockets=[listening]))
        while not server.started and not serving.done():  # noqa: ASYNC110 - uvicorn tells by attributes alone
            await asyncio.sleep(0.01)
        say("ready")
        await Commanded(service).read()
        server.should_exit = True
        await serving


if __name__ == "__main__":
    ahead_to(float(sys.argv[1]))
    run(serve())
