"""An address behind which the server changes, as that of a TCP proxy."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress


class Relay:
    """Takes connections on to where it leads now, in a thread of its own."""

    def __init__(self) -> None:
        self.port = 0
        self._leads_to = 0
        self._swallows = False
        self._open: set[asyncio.StreamWriter] = set()
        self._loop = asyncio.new_event_loop()

    def lead_to(self, port: int, *, cut: bool = True) -> None:
        """Take every new connection there (port 0: nowhere), and cut those that are open."""
        asyncio.run_coroutine_threadsafe(self._turn(port, cut=cut), self._loop).result(10)

    def swallow(self) -> None:
        """Bring no answer back any more, until it is told where to lead to."""
        self._swallows = True

    @contextmanager
    def running(self) -> Iterator["Relay"]:
        thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        thread.start()
        asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result(10)
        try:
            yield self
        finally:
            self.lead_to(0)
            self._loop.call_soon_threadsafe(self._loop.stop)
            thread.join(10)

    async def _listen(self) -> None:
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]

    async def _turn(self, port: int, *, cut: bool) -> None:
        self._leads_to, self._swallows = port, False
        for writer in self._open if cut else ():
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open.add(writer)
        try:
            there, onward = await asyncio.open_connection("127.0.0.1", self._leads_to)
            self._open.add(onward)
            await asyncio.gather(self._bring(reader, onward), self._bring(there, writer, is_answer=True))
            self._open.discard(onward)
        except OSError:
            pass  # nobody is there: whoever connected is let go of
        finally:
            self._open.discard(writer)
            writer.close()

    async def _bring(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, is_answer: bool = False
    ) -> None:
        with suppress(OSError):
            while sent := await reader.read(65536):
                if not (is_answer and self._swallows):
                    writer.write(sent)
                    await writer.drain()
        writer.close()
