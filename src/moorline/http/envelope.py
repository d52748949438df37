"""What every answer has around it: a request id, the rate-limit headers, one log line; and `/v1` for `/api/v1`."""

import logging
import re
import time
from typing import Any

from litestar.enums import ScopeType
from litestar.types import ASGIApp, HTTPScope, Message, Receive, Scope, Send

from moorline import ids
from moorline.limits.counting import Limits, noted
from moorline.logs import at_platform, attempt_id, event, request_id, trace_id

log = logging.getLogger("moorline.http")
_GIVEN_ID = re.compile(rb"[A-Za-z0-9_-]{8,64}")


class Envelope:
    """The outermost layer of the service."""

    def __init__(self, app: ASGIApp, limits: Limits) -> None:
        self._app = app
        self._limits = limits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI entry."""
        if scope["type"] != ScopeType.HTTP:
            await self._app(scope, receive, send)
            return
        await self._answer(scope, receive, send)

    async def _answer(self, scope: HTTPScope, receive: Receive, send: Send) -> None:
        if scope["path"].startswith("/v1/"):
            scope["path"] = "/api" + scope["path"]
        this_id = _id_of(scope)
        token = request_id.set(this_id)
        for of_former in (attempt_id, at_platform, trace_id):
            of_former.set(None)  # a request sent before the former answer is begun in the midst of that one
        started = time.perf_counter()
        status = 0

        async def with_headers(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message["headers"], *self._headers(scope, this_id)]
            await send(message)

        try:
            await self._app(scope, receive, with_headers)
        finally:
            event(
                log,
                logging.INFO,
                "answered",
                method=scope["method"],
                path=scope["path"],
                route=scope.get("path_template"),
                status=status,
                ms=round((time.perf_counter() - started) * 1000, 1),
            )
            request_id.reset(token)

    def _headers(self, scope: Any, this_id: str) -> list[tuple[bytes, bytes]]:
        left = noted(scope) or self._limits.untouched()
        return [
            (b"x-request-id", this_id.encode()),
            (b"x-ratelimit-limit", b"%d" % left.limit),
            (b"x-ratelimit-remaining", b"%d" % left.remaining),
            (b"x-ratelimit-reset", b"%d" % left.reset_at_s),
        ]


def _id_of(scope: Any) -> str:
    for name, value in scope["headers"]:
        if name == b"x-request-id" and _GIVEN_ID.fullmatch(value):
            return str(value.decode())
    return ids.new_id()
