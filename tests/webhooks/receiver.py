"""An application that is told of events, on loopback: it takes them, or does what bad receivers do."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import msgspec
from aiohttp import web

Reaction = Callable[[web.Request], Awaitable[web.StreamResponse]]
MANY_BYTES = 10 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """One request; `headers` has lower-case names."""

    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return msgspec.json.decode(self.body)

    @property
    def message_id(self) -> str:
        return self.headers["webhook-id"]


class Receiver:
    """Reacts to the n-th request with the n-th reaction it was given, and to all others with `usual`."""

    def __init__(self) -> None:
        self.received: list[Received] = []
        self.reactions: deque[Reaction] = deque()
        self.usual: Reaction = answering(200, "ok")
        self.port = 0
        self.closing = asyncio.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook"

    @property
    def bodies(self) -> list[Any]:
        return [one.json for one in self.received]

    async def react(self, request: web.Request) -> web.StreamResponse:
        headers = {name.lower(): value for name, value in request.headers.items()}
        self.received.append(Received(path=request.path, headers=headers, body=await request.read()))
        reaction = self.reactions.popleft() if self.reactions else self.usual
        return await reaction(request)


RECEIVER = web.AppKey("receiver", Receiver)


def answering(status: int, body: str | bytes = "", **headers: str) -> Reaction:
    """Answer; names of headers are written with underscores."""
    content = body.encode() if isinstance(body, str) else body
    named = {name.replace("_", "-"): value for name, value in headers.items()}

    async def react(_request: web.Request) -> web.StreamResponse:
        return web.Response(status=status, body=content, headers=named)

    return react


async def hang(request: web.Request) -> web.StreamResponse:
    await request.app[RECEIVER].closing.wait()
    return web.Response()


async def close_early(request: web.Request) -> web.StreamResponse:
    answer = web.StreamResponse(headers={"Content-Length": "100"})
    await answer.prepare(request)
    await answer.write(b"only this")
    assert request.transport is not None
    request.transport.close()
    return answer


async def hang_up(request: web.Request) -> web.StreamResponse:
    assert request.transport is not None
    request.transport.close()
    return web.Response()


async def no_http(request: web.Request) -> web.StreamResponse:
    assert request.transport is not None
    request.transport.write(b"220 mail.example.com ESMTP\r\n")
    request.transport.close()
    return web.Response()


async def stream_for_ever(request: web.Request) -> web.StreamResponse:
    answer = web.StreamResponse()
    await answer.prepare(request)
    while not request.app[RECEIVER].closing.is_set():
        await answer.write(b"and on ")
        await asyncio.sleep(0.01)
    return answer


async def echo(request: web.Request) -> web.StreamResponse:
    """Answer the headers that came, as debugging receivers do."""
    return web.json_response(dict(request.headers))


@asynccontextmanager
async def receiving(port: int = 0) -> AsyncIterator[Receiver]:
    receiver = Receiver()
    app = web.Application(client_max_size=MANY_BYTES)
    app[RECEIVER] = receiver
    app.router.add_route("*", "/{path:.*}", receiver.react)
    runner = web.AppRunner(app, shutdown_timeout=1.0)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", port)
    await site.start()
    receiver.port = runner.addresses[0][1]
    try:
        yield receiver
    finally:
        receiver.closing.set()
        await runner.cleanup()
