"""Failures that no page caught: a page of ours for browsers, the JSON of the API for everybody else."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any, cast

from litestar import Request, Response
from litestar.types import ExceptionHandlersMap

from moorline import clock
from moorline.logs import request_id
from moorline.pages import telling, words
from moorline.pages.look import Look, plain_look
from moorline.pages.telling import Told
from moorline.pages.words import N_

_PATHS = ("/connect", "/dashboard")
_Handler = Callable[[Any, Any], Response[Any]]


def for_browsers(handlers: ExceptionHandlersMap) -> ExceptionHandlersMap:
    """The same handlers, with a page instead of JSON where a browser asks for one of ours.

    Their status and headers stay, and so does what they log.
    """
    return {kind: _with_page(cast("_Handler", handler)) for kind, handler in handlers.items()}


def _with_page(handler: _Handler) -> _Handler:
    def answer(request: Request[Any, Any, Any], error: Exception) -> Response[Any]:
        answered = handler(request, error)
        if not _wants_page(request):
            return answered
        return _page(request, answered)

    return answer


def _wants_page(request: Request[Any, Any, Any]) -> bool:
    path = request.scope["path"]
    ours = any(path == prefix or path.startswith(f"{prefix}/") for prefix in _PATHS)
    return ours and "text/html" in request.headers.get("accept", "").lower()


def _page(request: Request[Any, Any, Any], answered: Response[Any]) -> Response[bytes]:
    look, status = plain_look(request), answered.status_code or 500
    page = telling.page(look, _told(look, status, answered.headers.get("retry-after")), status=status)
    for name in ("retry-after", "allow"):
        if name in answered.headers:
            page.headers[name] = answered.headers[name]
    return page


def _told(look: Look, status: int, retry_after: str | None) -> Told:
    if status in {404, 405}:
        return Told(
            tone="bad",
            title=look.gettext(N_("There is no page here")),
            sentence=look.gettext(N_("The address may be cut off or mistyped, or the page has moved.")),
            advice=look.gettext(words.AGAIN),
            is_connected=None,
        )
    if status == 429:
        wait_s = int(retry_after) if retry_after is not None and retry_after.isdecimal() else 60
        at = clock.now() + timedelta(seconds=wait_s)
        return Told(
            tone="warn",
            title=look.gettext(N_("Too many tries")),
            sentence=look.gettext(N_("You can try again after %(time)s."), time=look.time(at)),
            is_connected=None,
        )
    if status == 503:
        return Told(
            tone="warn",
            title=look.gettext(N_("We are busy right now")),
            sentence=look.gettext(N_("Nothing was changed.")),
            advice=look.gettext(N_("Try again in a minute: reload this page.")),
            is_connected=None,
        )
    if status < 500:
        return Told(
            tone="bad",
            title=look.gettext(N_("This page cannot be used")),
            sentence=look.gettext(N_("What your browser sent cannot be read.")),
            advice=look.gettext(words.AGAIN),
            is_connected=None,
        )
    said = words.of(look, "internal_error")
    return Told(
        tone="bad",
        title=said.title,
        sentence=said.sentence,
        advice=said.advice,
        is_connected=None,
        reference=request_id.get(),
    )
