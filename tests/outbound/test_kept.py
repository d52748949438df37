"""Connections that are kept for the next call: while it follows soon, and never for as long as a server keeps them."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from typing_extensions import override

from moorline.outbound import Outbound
from moorline.wire import Request

SERVER_KEEPS_S = 2.0  # the shortest default of the servers we know of


class Exchanges(BaseHTTPRequestHandler):
    """Takes codes, and closes a connection over which none comes for a while, telling nobody."""

    protocol_version = "HTTP/1.1"
    timeout = SERVER_KEEPS_S
    connections = 0

    @override
    def setup(self) -> None:
        super().setup()
        type(self).connections += 1

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    @override
    def log_message(self, format: str, *args: object) -> None:
        """The test reads no log."""


@pytest.fixture
def origin() -> Iterator[str]:
    """A server on a thread of its own, which goes on while the loop of the test stands still."""
    Exchanges.connections = 0
    with ThreadingHTTPServer(("127.0.0.1", 0), Exchanges) as server, serving(server):
        yield f"http://127.0.0.1:{server.server_port}"


@contextmanager
def serving(server: ThreadingHTTPServer) -> Iterator[None]:
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()


def exchange(origin: str) -> Request:
    return Request(method="POST", url=f"{origin}/token", form={"code": "works once"})


async def test_a_code_is_not_sent_into_a_connection_that_its_platform_has_closed(
    outbound: Outbound, origin: str
) -> None:
    assert (await outbound.send(exchange(origin))).status == 200
    # The close comes in, but a loop that is busy has not seen it when it sends: as if both crossed on the way.
    time.sleep(SERVER_KEEPS_S + 0.3)  # noqa: ASYNC251 - the point of it
    assert (await outbound.send(exchange(origin))).status == 200
    assert Exchanges.connections == 2


async def test_calls_that_follow_each_other_share_a_connection(outbound: Outbound, origin: str) -> None:
    for _ in range(20):
        assert (await outbound.send(exchange(origin))).status == 200
    assert Exchanges.connections == 1
