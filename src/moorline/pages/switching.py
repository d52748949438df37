"""`?lang=` on any page: the language becomes the browser's own, and the address clean again."""

from litestar import Response
from litestar.datastructures import Cookie

from moorline.pages import language, view
from moorline.pages.look import CHOSEN_NOW_COOKIE, LANGUAGE_COOKIE
from moorline.pages.request import Visit, service_of
from moorline.service import Service

PARAMETER = b"lang="
COOKIE_TTL_S = 365 * 24 * 60 * 60


async def switch_language(request: Visit) -> Response[bytes] | None:
    """A redirect to the same page without the parameter; None for a request that has none."""
    raw = request.scope["query_string"]
    if request.method != "GET" or PARAMETER not in raw:
        return None
    kept = [part for part in raw.split(b"&") if not part.startswith(PARAMETER)]
    if len(kept) == raw.count(b"&") + 1:
        return None
    service, chosen = service_of(request), language.known(request.query_params.get("lang"))
    query = b"&".join(kept).decode("latin-1")
    # Absolute, since a path that begins with two slashes would name another host.
    path = request.scope["raw_path"].partition(b"?")[0].decode("latin-1")
    url = f"{service.settings.public_url}{path}{'?' if query else ''}{query}"
    if chosen is None:
        return view.redirect(url)
    cookies = [_cookie(service, LANGUAGE_COOKIE, chosen, COOKIE_TTL_S), _cookie(service, CHOSEN_NOW_COOKIE, chosen)]
    return view.redirect(url, cookies=cookies)


def _cookie(service: Service, name: str, language: str, max_age_s: int | None = None) -> Cookie:
    return Cookie(
        key=name,
        value=language,
        path="/",
        max_age=max_age_s,
        httponly=True,
        samesite="lax",
        secure=service.settings.public_url.startswith("https://"),
    )
