"""`/connect/again`: the same connection once more, for the browser that was at the first."""

from litestar import Response, post

from moorline.access import public
from moorline.connect import again
from moorline.errors import BadRequest, Forbidden, Gone, MoorlineError, NotFound
from moorline.pages import view
from moorline.pages.request import (
    ATTEMPT_COOKIE_PREFIX,
    Visit,
    cookie_attempts,
    csrf_matches,
    is_same_site,
    service_of,
)
from moorline.pages.starts import count_start
from moorline.pages.visit import error_page, slug_page
from moorline.store import attempts


@post("/connect/again", opt=public(), include_in_schema=False, status_code=200)
async def start_again(request: Visit) -> Response[bytes]:
    """Start a new attempt like the one this browser was at, and go to its platform. Twice at once: two attempts.

    Raises: RateLimited.
    """
    if not is_same_site(request):
        return await slug_page(request, "invalid_state", status=403)
    form = await request.form()
    attempt_id = str(form.get("attempt", ""))
    if attempt_id not in cookie_attempts(request):
        return await slug_page(request, "invalid_state", status=400)
    if not csrf_matches(request.cookies[ATTEMPT_COOKIE_PREFIX + attempt_id], str(form.get("csrf", ""))):
        return await slug_page(request, "invalid_state", status=403)
    service = service_of(request)
    attempt = await attempts.get(service.db, attempt_id)
    if attempt is None:
        return await slug_page(request, "session_expired", status=410)
    await count_start(request, link_id=attempt.link_id)
    try:
        started = await again.again(service, attempt, force_reauth=form.get("as") == "another")
    except (NotFound, Gone, Forbidden, BadRequest):  # whoever sent the person here may not any more, or not this
        return await slug_page(request, "profile_not_found", status=410, attempt_id=attempt_id)
    except MoorlineError as error:
        return await error_page(request, error, attempt_id=attempt_id)
    return view.redirect(started.url)
