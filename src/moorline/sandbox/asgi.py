"""Between ASGI and the kernel's `Call` and `Reply`: reading a body with a limit, sending an answer whole or cut."""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from urllib.parse import parse_qsl

from moorline.sandbox.kernel import Call, Reply

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

BODY_LIMIT_BYTES = 1024 * 1024


class TooLarge(Exception):
    """The body is over `BODY_LIMIT_BYTES`."""


class HungUp(Exception):
    """The caller left before the body was complete."""


async def read_body(receive: Receive) -> bytes:
    """The whole body. Raises TooLarge, with the rest unread, and HungUp."""
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise HungUp
        body += message.get("body", b"")
        if len(body) > BODY_LIMIT_BYTES:
            raise TooLarge
        if not message.get("more_body"):
            return bytes(body)


def read_call(scope: Scope, body: bytes, *, host: str, path: str) -> Call:
    """The request of an HTTP scope. Of a repeated parameter or header the last one counts."""
    return Call(
        method=scope["method"],
        host=host,
        path=path,
        query=dict(parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)),
        raw_query=scope["query_string"].decode("latin-1"),
        headers={name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]},
        body=body,
    )


async def send_reply(send: Send, reply: Reply, *, keep_bytes: int | None = None) -> None:
    """Send the answer. With `keep_bytes` the head promises more than follows, so the server drops the connection."""
    body = reply.body if keep_bytes is None else reply.body[:keep_bytes]
    promised = len(reply.body) if keep_bytes is None else max(len(reply.body), len(body) + 1)
    headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in reply.headers]
    headers.append((b"content-length", str(promised).encode()))
    await send({"type": "http.response.start", "status": reply.status, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": keep_bytes is not None})
