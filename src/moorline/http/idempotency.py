"""`Idempotency-Key` on POST and PUT: the same call again within 24 hours gets the first one's answer, made once."""

import hashlib
import logging
from datetime import timedelta
from typing import Any

from litestar import MediaType, Request, Response
from litestar.enums import ScopeType
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from moorline import clock
from moorline.errors import BadRequest, Conflict, StoreUnavailable
from moorline.http.callers import Admitted
from moorline.logs import event
from moorline.service import Service
from moorline.store import kept_answers
from moorline.vault import CannotOpen

HEADER = "idempotency-key"
_RAW_HEADER = HEADER.encode()
KEPT = timedelta(hours=24)
IN_WORK = timedelta(seconds=60)  # a call that died with its process holds its key no longer
MAX_KEY_CHARS = 255
_SLOT = "moorline.idempotency"
log = logging.getLogger("moorline.http")
AnyRequest = Request[Any, Any, Any]


async def begin(request: AnyRequest) -> Response[bytes] | None:
    """A `before_request` step: the kept answer, or None when the call is to be made (its key is reserved then).

    Raises: BadRequest for an unusable key; Conflict when the first call is still at work, or was another call.
    """
    if request.method not in {"POST", "PUT"} or request.route_handler.opt.get("repeatable") is False:
        return None
    key = request.headers.get(HEADER)
    if key is None:
        return None
    if not 1 <= len(key) <= MAX_KEY_CHARS or not key.isprintable():
        raise BadRequest(f"Idempotency-Key must have 1 to {MAX_KEY_CHARS} printable characters.")
    service: Service = request.app.state.service
    key_hash = _hash(_who(request.auth), request.method, request.scope["path"], key)
    request_hash = _hash(str(request.scope["query_string"]), (await request.body()).hex())
    now = clock.now()
    if await kept_answers.begin(service.db, key_hash, request_hash, now=now, until=now + IN_WORK):
        request.scope[_SLOT] = key_hash  # type: ignore[literal-required]  # a slot of ours in the ASGI scope
        return None
    kept = await kept_answers.get(service.db, key_hash)
    if kept is None or kept.status is None or kept.answer_sealed is None:
        raise Conflict("A call with this Idempotency-Key is still at work; try again in a moment.")
    if kept.request_hash != request_hash:
        raise Conflict("This Idempotency-Key was used for another call; use a new one.")
    try:
        body = service.vault.open(kept.answer_sealed, about=about_answer(key_hash))
    except CannotOpen as error:
        raise Conflict("The answer kept for this Idempotency-Key cannot be read; use a new one.") from error
    return Response(body, status_code=kept.status, media_type=MediaType.JSON)


class Keeper:
    """The layer that sees the answer before the caller does: keeps a success, frees the key after a failure."""

    def __init__(self, app: ASGIApp, service: Service) -> None:
        self._app = app
        self._service = service

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI entry. Only calls with the header take the longer way."""
        if scope["type"] != ScopeType.HTTP or _RAW_HEADER not in dict(scope["headers"]):
            await self._app(scope, receive, send)
            return
        messages: list[Any] = []

        async def collect(message: Message) -> None:
            if isinstance(scope.get(_SLOT), bytes):
                messages.append(message)
            else:  # no key was reserved: nothing is to be kept, and a streamed answer must not wait for its end
                await send(message)

        try:
            await self._app(scope, receive, collect)
        finally:
            try:
                await self._settle(scope, messages)
            except StoreUnavailable as error:  # what was done is done: the caller gets its answer
                event(log, logging.ERROR, "answer_not_kept", reason=str(error))
        for message in messages:
            await send(message)

    async def _settle(self, scope: Any, messages: list[Any]) -> None:
        key_hash = scope.get(_SLOT)
        if not isinstance(key_hash, bytes):
            return
        status = messages[0]["status"] if messages else 500
        if status >= 400:
            await kept_answers.forget(self._service.db, key_hash)
            return
        body = b"".join(message.get("body", b"") for message in messages[1:])
        sealed = self._service.vault.seal(body, about=about_answer(key_hash))
        await kept_answers.finish(
            self._service.db, key_hash, status=status, answer_sealed=sealed, until=clock.now() + KEPT
        )


def _who(admitted: Admitted) -> str:
    if admitted.caller is not None:
        return admitted.caller.key_id or admitted.caller.member_id
    return "" if admitted.selection is None else admitted.selection.attempt_id


def _hash(*parts: str) -> bytes:
    return hashlib.sha256("\x00".join(parts).encode("utf-8", "surrogatepass")).digest()


def about_answer(key_hash: bytes) -> str:
    """What a kept answer is sealed for."""
    return f"kept_answers|{key_hash.hex()}"
