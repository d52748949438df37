"""The frame of the dashboard: every page of somebody who is signed in goes through `page`."""

from collections.abc import Mapping
from urllib.parse import urlencode

from litestar import Response
from litestar.datastructures import Cookie

from moorline.pages import pictures, view
from moorline.pages.dashboard import navigation
from moorline.pages.dashboard.flash import MESSAGES
from moorline.pages.dashboard.session import BoardRequest, Signed
from moorline.pages.request import service_of
from moorline.pages.words import platform_title
from moorline.service import Service

ROOT = "/dashboard"


def page(
    request: BoardRequest,
    signed: Signed,
    template: str,
    values: Mapping[str, object],
    *,
    status: int = 200,
    cookies: list[Cookie] | None = None,
    form_to: tuple[str, ...] = (),
) -> Response[bytes]:
    """A page in the frame. `template` is a name under `templates/dashboard/` and extends `dashboard/frame.html`.

    Besides `values` the template has `signed`, `csrf`, `flash` (the message of `?done=`, or None), `root` and
    `picture_of(row)`: the address of our own for a row's `picture_url`.
    `form_to` as in `view.page`: `view.A_PLATFORM` where a form's answer may lead to one.
    """
    here = request.scope["path"].removeprefix(ROOT).strip("/").partition("/")[0]
    framed: dict[str, object] = {
        "signed": signed,
        "csrf": signed.csrf,
        "flash": MESSAGES.get(request.query_params.get("done", "")),
        "root": ROOT,
        "navigation": navigation.parts_for(signed),
        "here": here,
        "picture_of": lambda row: pictures.url(service_of(request), row.picture_url),
    }
    return view.page(
        signed.look, f"dashboard/{template}", framed | dict(values), status=status, cookies=cookies, form_to=form_to
    )


def onward(request: BoardRequest, path: str, *, done: str | None = None) -> Response[bytes]:
    """303 to a page below ROOT (after a form), which then shows the message called `done`.

    Raises: KeyError for a message that is not among `flash.MESSAGES`.
    """
    if done is None:
        return view.redirect(address(request, path))
    MESSAGES[done]
    joint = "&" if "?" in path else "?"
    return view.redirect(address(request, f"{path}{joint}done={done}"))


def address(request: BoardRequest, path: str) -> str:
    """The whole address of a page below ROOT; `path` begins with a slash, or is empty."""
    return f"{service_of(request).settings.public_url}{ROOT}{path}"


def filters(request: BoardRequest, *names: str) -> dict[str, str]:
    """Those of the query's parameters that are given and not empty; what a form sends for "all" is empty."""
    return {name: value for name in names if (value := request.query_params.get(name, ""))}


def platforms_to_choose(service: Service) -> list[tuple[str, str]]:
    """Every platform and its title, by title."""
    return sorted(((name, platform_title(name)) for name in service.platforms), key=lambda one: one[1].lower())


def further(path: str, kept: Mapping[str, str], last: str | None, *, by: str = "before") -> str | None:
    """The path of the next page of a list, after the entry `last`; None on the last page."""
    return None if last is None else f"{ROOT}{path}?{urlencode({**kept, by: last})}"
