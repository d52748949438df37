"""The cookies of people who sign in to the dashboard, and who is signed in."""

from litestar.datastructures import Cookie

from moorline.errors import Unauthorized
from moorline.owners import sessions
from moorline.pages.request import Visit, service_of
from moorline.service import Service
from moorline.store.users import User

SESSION = "moorline_session"


async def member_of(request: Visit) -> User | None:
    """Who is signed in with this browser."""
    token = cookie_of(request, SESSION)
    if not token:
        return None
    try:
        return await sessions.member_of(service_of(request).db, token)
    except Unauthorized:
        return None


def cookie_of(request: Visit, name: str) -> str:
    """A cookie of ours by its plain name; empty when there is none."""
    return request.cookies.get(_full_name(service_of(request), name), "")


def cookie(service: Service, name: str, value: str, *, max_age_s: int | None = None) -> Cookie:
    """A cookie for this host alone and for no script; without `max_age_s` it goes with the browser, with 0 at once."""
    return Cookie(
        key=_full_name(service, name),
        value=value,
        path="/",  # what a name that begins with __Host- demands
        max_age=max_age_s,
        httponly=True,
        samesite="lax",
        secure=_is_https(service),
    )


def _full_name(service: Service, name: str) -> str:
    # Browsers take a cookie of this name only from this very host over https: no neighbour can plant one.
    return f"__Host-{name}" if _is_https(service) else name


def _is_https(service: Service) -> bool:
    return service.settings.public_url.startswith("https://")
