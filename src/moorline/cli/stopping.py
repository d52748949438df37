"""The HTTP server, and how it stops: unready at once, the port open for a while, then what is under way to its end."""

import asyncio
import os
import signal
import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import uvicorn
from typing_extensions import override

GRACE_S = 10
FIRST_WORD_S = 0.2  # whoever has just connected says within this what they want
SIGNALS = (signal.SIGTERM, signal.SIGINT)


class Server(uvicorn.Server):
    """Sets `stopping` at the first signal. The second one ends the process, which loses nothing that kill -9 would not.

    `drain_s`: how long it goes on answering then, so that who sends it requests can hear that it is not ready.
    """

    def __init__(self, config: uvicorn.Config, *, stopping: asyncio.Event, drain_s: float) -> None:
        super().__init__(config)
        self._stopping = stopping
        self._drain_s = drain_s

    @contextmanager
    @override
    def capture_signals(self) -> Iterator[None]:
        with on_first_signal(self._begin):
            yield

    def _begin(self) -> None:
        self._stopping.set()
        self.should_exit = True

    @override
    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._stopping.set()
        # Kept connections end with their next answer, each side knowing it.
        self.server_state.default_headers = [*self.server_state.default_headers, (b"connection", b"close")]
        await asyncio.sleep(self._drain_s)
        await self._close_port(sockets or [])
        await asyncio.sleep(FIRST_WORD_S)
        await super().shutdown(sockets)

    async def _close_port(self, sockets: Sequence[socket.socket]) -> None:
        """Take in who has connected but is not yet taken in, whom the closing of the port would cut off."""
        waiting = [connection for listening in sockets for connection in _accepted(listening)]
        for server in self.servers:
            server.close()
        for listening in sockets:
            listening.close()
        for connection in waiting:
            await asyncio.get_running_loop().connect_accepted_socket(self._protocol, connection)

    def _protocol(self) -> asyncio.Protocol:
        made: asyncio.Protocol = self.config.http_protocol_class(  # type: ignore[call-arg]
            config=self.config, server_state=self.server_state, app_state=self.lifespan.state
        )
        return made


def _accepted(listening: socket.socket) -> Iterator[socket.socket]:
    while True:
        try:
            connection, _ = listening.accept()
        except OSError:  # there is nobody, which is told by an error, as the socket does not block
            return
        yield connection


@contextmanager
def on_first_signal(begin: Callable[[], None]) -> Iterator[None]:
    """Call `begin` at the first SIGTERM or SIGINT of the body; a second one ends the process."""
    loop = asyncio.get_running_loop()

    def first() -> None:
        for number in SIGNALS:
            loop.remove_signal_handler(number)
            loop.add_signal_handler(number, _end, number)
        begin()

    for number in SIGNALS:
        loop.add_signal_handler(number, first)
    try:
        yield
    finally:
        for number in SIGNALS:
            loop.remove_signal_handler(number)
            loop.add_signal_handler(number, _end, number)


def _end(number: int) -> None:
    signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)
