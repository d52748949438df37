"""The answers of the API, written out on a shorter way than the framework's own."""

from typing import Any, TypeVar

import msgspec
from litestar import Request, Response
from litestar.types import Receive, Scope, Send
from typing_extensions import override

T = TypeVar("T")
_encode = msgspec.json.Encoder().encode
_TYPE = (b"content-type", b"application/json")


class PlainJson(Response[T]):
    """JSON of a shape, a status and a few headers.

    The framework's answer also minds cookies, work after it and encoders of other types, which no answer here has.
    """

    @override
    def to_asgi_response(
        self, app: Any, request: Request[Any, Any, Any], *, status_code: int | None = None, **_unused: Any
    ) -> Any:
        """What is sent."""
        return _Sent(self.status_code or status_code or 200, _encode(self.content), self.headers)


class _Sent:
    __slots__ = ("_body", "_headers", "_status")

    def __init__(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self._status = status
        self._body = body
        self._headers = [_TYPE, (b"content-length", b"%d" % len(body))]
        for name, value in headers.items():
            self._headers.append((name.encode("latin-1"), value.encode("latin-1")))

    async def __call__(self, _scope: Scope, _receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": self._status, "headers": self._headers})
        await send({"type": "http.response.body", "body": self._body, "more_body": False})
