"""`/v1/accounts/{id}/proxy/{path}`: the platform's API with the account's token put in. docs/howto/proxy.md"""

import asyncio
import contextlib
import logging
import re
from collections.abc import AsyncIterator
from typing import Any

from litestar import get, route
from litestar.exceptions import HTTPException
from litestar.params import FromPath
from litestar.types import ASGIApp, Receive, Scope, Send

from moorline.access import reading, writing
from moorline.accounts import proxy
from moorline.accounts.proxy import Asked, Proxied
from moorline.errors import BadRequest, Unreachable
from moorline.http.callers import CallerRequest, caller_of, service_of
from moorline.logs import event

PATH = "/accounts/{account_id:str}/proxy/{path:path}"
MAX_BODY_BYTES = 16 * 1024 * 1024
REPLAYED_BYTES = 1024 * 1024  # up to here a body is kept, so that the call can be made once more
_RAW = re.compile(rb"(?:/api)?/v1/accounts/([0-9A-Za-z]*)/proxy/(.*)", re.DOTALL)
_AS_IT_IS = {"as_it_is": True}  # the body is the platform's to judge, and no answer is kept
log = logging.getLogger("moorline.http")


# Not in the document: it has no way to say that a path parameter holds slashes.
@get(PATH, opt=reading() | _AS_IT_IS, include_in_schema=False)
async def proxy_read(request: CallerRequest, account_id: FromPath[str]) -> ASGIApp:
    """Read with the account's token."""
    return Relay(await proxy.call(service_of(request), caller_of(request), account_id, _asked(request, account_id)))


@route(
    PATH,
    http_method=["POST", "PUT", "PATCH", "DELETE"],
    opt=writing() | _AS_IT_IS,
    request_max_body_size=MAX_BODY_BYTES,
    include_in_schema=False,
)
async def proxy_write(request: CallerRequest, account_id: FromPath[str]) -> ASGIApp:
    """Write with the account's token."""
    body = Body(request)
    asked = _asked(request, account_id, await body.begun())
    try:
        return Relay(await proxy.call(service_of(request), caller_of(request), account_id, asked))
    except Unreachable as error:
        raise body.failure or error from error


class Body:
    """A body as it comes: whole when it is short, else as chunks, which can be sent once only."""

    def __init__(self, request: CallerRequest) -> None:
        self._chunks = request.stream()
        self.failure: HTTPException | None = None  # of the caller, while the platform was being sent the chunks

    async def begun(self) -> bytes | AsyncIterator[bytes]:
        """Read as far as a body is kept. Raises: HTTPException when it is longer than the limit."""
        first = bytearray()
        async for chunk in self._chunks:
            first += chunk
            if len(first) > REPLAYED_BYTES:
                return self._rest(bytes(first))
        return bytes(first)

    async def _rest(self, first: bytes) -> AsyncIterator[bytes]:
        yield first
        try:
            async for chunk in self._chunks:
                if chunk:
                    yield chunk
        except HTTPException as failure:
            self.failure = failure
            raise


def _asked(request: CallerRequest, account_id: str, body: bytes | AsyncIterator[bytes] | None = None) -> Asked:
    raw: Any = request.scope["raw_path"]
    found = _RAW.fullmatch(raw)
    if found is None or found[1].decode() != account_id:
        raise BadRequest("The path is written in an unusual way.", fields={"path": "no plain /accounts/{id}/proxy/..."})
    return Asked(
        method=request.method,
        path=found[2].decode("latin-1"),
        query=request.scope["query_string"].decode("latin-1"),
        headers=[(name.decode("latin-1"), value.decode("latin-1")) for name, value in request.scope["headers"]],
        body=body,
    )


class Relay:
    """Passes an answer on as it comes, and ends the call to the platform when the caller goes away."""

    def __init__(self, answer: Proxied) -> None:
        self._answer = answer

    async def __call__(self, _scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI entry."""
        passing = asyncio.create_task(self._pass_on(send))
        leaving = asyncio.create_task(_gone(receive))
        try:
            await asyncio.wait({passing, leaving}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (passing, leaving):
                task.cancel()
            await asyncio.wait({passing, leaving})
            await self._answer.close()
        with contextlib.suppress(asyncio.CancelledError):
            passing.result()

    async def _pass_on(self, send: Send) -> None:
        headers = [
            (name.encode("latin-1", "replace"), value.encode("utf-8", "surrogateescape"))
            for name, value in self._answer.headers
        ]
        await send({"type": "http.response.start", "status": self._answer.status, "headers": headers})
        try:
            async for chunk in self._answer.chunks:
                await send({"type": "http.response.body", "body": chunk, "more_body": True})
        except Unreachable as error:
            # An answer that is left without its end makes the server drop the connection, which tells the caller.
            event(log, logging.WARNING, "proxied_answer_broke_off", reason=str(error))
            return
        await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


ROUTES = [proxy_read, proxy_write]
