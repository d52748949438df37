"""`/connect/outcome`: what became of an attempt, as often as it is asked; and the stylesheet."""

from typing import Any

from litestar import Response, get
from litestar.params import FromQuery

from moorline.access import public
from moorline.connect import landing
from moorline.pages import view
from moorline.pages.visit import Visit, cookie_attempts, known_slug, service_of, slug_page
from moorline.store import accounts
from moorline.store.attempts import Attempt


@get("/connect/outcome", opt=public(), include_in_schema=False)
async def outcome(request: Visit, attempt: FromQuery[str] = "", slug: FromQuery[str] = "") -> Response[bytes]:
    """The truth about an attempt, for the browser that was at it; a general page for any other."""
    service = service_of(request)
    found = await landing.finished(service, attempt) if attempt in cookie_attempts(request) else None
    if found is None:
        return slug_page(request, known_slug(slug or "invalid_state"), status=400)
    if found.status == "connected":
        return await _connected(request, found)
    if found.status == "selecting" and await landing.is_open(service, found):
        return view.redirect(await landing.url_of(service, found))
    too_old = found.status in {"started", "selecting"}
    slug_found = "session_expired" if too_old else landing.slug_of(found)
    return slug_page(request, slug_found, status=200, attempt_id=found.id)


async def _connected(request: Visit, attempt: Attempt) -> Response[bytes]:
    service = service_of(request)
    entry = await accounts.get(service.db, attempt.user_id, attempt.account_id or "")
    name = "Your account" if entry is None else entry.account.display_name
    values: dict[str, Any] = {
        "good": True,
        "title": f"{name} is connected",
        "sentence": f"{service.settings.brand} can now post to it.",
        "advice": "You can take this back any time in the platform's own settings.",
        "attempt_id": attempt.id,
        "back_url": None,
        "back_host": None,
    }
    return view.page(service, "outcome.html", values)


@get("/connect/static/moorline.css", opt=public(), include_in_schema=False)
async def style() -> Response[bytes]:
    """The one stylesheet."""
    return Response(view.STYLE, media_type="text/css", headers={"cache-control": "public, max-age=3600"})
