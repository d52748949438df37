"""Every failure in the one body shape: `{"error": sentence, "code": snake_case, "details": {...}?}`."""

import logging
import re
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec
from litestar import MediaType, Request, Response
from litestar.exceptions import HTTPException, MethodNotAllowedException, NotFoundException, ValidationException
from litestar.types import ExceptionHandlersMap

from moorline.errors import BadRequest, MoorlineError, PlatformError, RateLimited, StoreUnavailable
from moorline.limits.counting import note_refusal
from moorline.logs import event

log = logging.getLogger("moorline.http")
AnyRequest = Request[Any, Any, Any]
# How the framework and its decoder name what is not there.
_MISSING = re.compile(r"Missing required \w+ parameter '([^']+)'|missing required field `([^`]+)`")

_CODES = {400: "invalid_request", 401: "unauthorized", 403: "forbidden", 404: "not_found", 405: "method_not_allowed",
          409: "conflict", 413: "body_too_large", 415: "invalid_request", 429: "rate_limited"}  # fmt: skip


def answer(error: MoorlineError) -> Response[bytes]:
    """The answer of an error that knows its status and code."""
    headers: dict[str, str] = {}
    if isinstance(error, RateLimited | StoreUnavailable):
        headers["retry-after"] = str(error.retry_after_s)
    return _body(error.status, str(error), code=error.code, details=error.details, headers=headers)


def moorline_error(request: AnyRequest, error: MoorlineError) -> Response[bytes]:
    """Render; what a platform did to us is logged with what it answered."""
    if isinstance(error, PlatformError):
        event(
            log,
            logging.WARNING,
            "platform_refused",
            path=request.scope["path"],
            error_code=error.code,
            reason=str(error),
            platform_status=error.platform_status,
            platform_code=error.platform_code,
        )
    if isinstance(error, RateLimited):
        note_refusal(request.scope, error)
    return answer(error)


def validation_error(_request: AnyRequest, error: ValidationException) -> Response[bytes]:
    """A malformed call, as the framework found it: 400 with the fields."""
    fields = dict(_wrong_fields(error))
    told = "; ".join(f"{field}: {sentence}" for field, sentence in fields.items()) or str(error.detail)
    return answer(BadRequest(f"Invalid call: {told}.", fields=fields))


def _wrong_fields(error: ValidationException) -> Iterator[tuple[str, str]]:
    entries = error.extra if isinstance(error.extra, list) else [{"message": error.detail}]
    for entry in entries:
        if not isinstance(entry, Mapping):
            continue
        said, field = str(entry.get("message", "invalid")), entry.get("key") or entry.get("source")
        missing = _MISSING.search(said)
        if missing is not None:
            yield missing[1] or missing[2], "required"
        elif field == "data":  # the framework's word for the body; it says no more when there is none
            yield "body", "required" if said == "'data'" else said
        elif field is not None:
            yield str(field), said


def http_error(request: AnyRequest, error: HTTPException) -> Response[bytes]:
    """What the framework itself refuses: unknown paths, methods, bodies."""
    status = 400 if error.status_code in {415, 422} else error.status_code
    if isinstance(error, NotFoundException):
        sentence = f"There is nothing at {request.scope['path'][:200]}."
    elif isinstance(error, MethodNotAllowedException):
        sentence = f"{request.method} is not possible here."
    elif status >= 500:
        return unexpected(request, error)
    else:
        sentence = str(error.detail)
    return _body(status, sentence, code=_CODES.get(status, "invalid_request"), headers=dict(error.headers or {}))


def malformed(_request: AnyRequest, _error: Exception) -> Response[bytes]:
    """A body no parser can take: nested too deep, or not UTF-8."""
    return answer(BadRequest("The body is no JSON this server reads: nested too deep, or not UTF-8."))


def unexpected(request: AnyRequest, error: Exception) -> Response[bytes]:
    """A fault of ours: logged with its trace, told without it."""
    log.error("unexpected_error path=%s", request.scope["path"], exc_info=error)
    return _body(500, "Something went wrong on our side; it is in the log.", code="internal_error")


def _body(
    status: int,
    sentence: str,
    *,
    code: str,
    details: Mapping[str, object] | None = None,
    headers: dict[str, str] | None = None,
) -> Response[bytes]:
    content: dict[str, object] = {"error": sentence.encode("utf-8", "replace").decode()}
    if status != 401:  # the published 401 body is exactly {"error": "Unauthorized"}
        content["code"] = code
    if details:
        content["details"] = dict(details)
    return Response(msgspec.json.encode(content), status_code=status, headers=headers, media_type=MediaType.JSON)


HANDLERS: ExceptionHandlersMap = {
    MoorlineError: moorline_error,
    ValidationException: validation_error,
    HTTPException: http_error,
    RecursionError: malformed,
    UnicodeError: malformed,
    Exception: unexpected,
}
