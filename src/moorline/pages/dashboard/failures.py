"""What goes wrong on a page of the dashboard, as a page: an id of another tenant reads like one that never was."""

import re
from typing import Any
from urllib.parse import urlencode

from litestar import Response
from litestar.types import ExceptionHandlersMap

from moorline.errors import BadRequest, Forbidden, MoorlineError, NotFound, StoreUnavailable, Unauthorized
from moorline.pages import view
from moorline.pages.dashboard import board, once
from moorline.pages.dashboard.session import Signed
from moorline.pages.look import plain_look
from moorline.pages.request import Visit, service_of

NEXT = re.compile(r"/dashboard(?:/[a-z0-9-]+){1,4}")


def to_sign_in(request: Visit, _error: Unauthorized) -> Response[bytes]:
    """To the page where one signs in, and from there to where one wanted to go."""
    path = request.scope["path"]
    token = request.query_params.get("once")
    if token and path == board.ROOT:
        return once.enter(request, token)
    wanted = request.method == "GET" and NEXT.fullmatch(path)
    query = f"?{urlencode({'next': path})}" if wanted else ""
    return view.redirect(f"{service_of(request).settings.public_url}{board.ROOT}/sign-in{query}")


def not_here(request: Visit, _error: MoorlineError) -> Response[bytes]:
    """404: unknown, malformed, another tenant's or beyond what the person may see; nothing tells them apart."""
    look = plain_look(request)
    sentence = look.gettext("It was deleted, or its address is not whole.")
    return _shown(request, look.gettext("There is no page here"), sentence, status=404)


def failed(request: Visit, error: MoorlineError) -> Response[bytes]:
    """What was foreseen but not by the page: its own sentence."""
    look = plain_look(request)
    if isinstance(error, StoreUnavailable):
        sentence = look.gettext("The database is not answering. Nothing was changed; try again in a moment.")
    else:
        sentence = str(error)
    return _shown(request, look.gettext("This did not work"), sentence, status=error.status)


def _shown(request: Visit, title: str, sentence: str, *, status: int) -> Response[bytes]:
    values = {"title": title, "sentence": sentence, "root": board.ROOT}
    signed: Any = request.scope.get("auth")
    if isinstance(signed, Signed):
        return board.page(request, signed, "failure.html", values, status=status)
    return view.page(plain_look(request), "dashboard/failure_plain.html", values, status=status)


HANDLERS: ExceptionHandlersMap = {
    Unauthorized: to_sign_in,
    NotFound: not_here,
    BadRequest: not_here,
    Forbidden: not_here,
    MoorlineError: failed,
}
