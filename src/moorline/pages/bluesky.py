"""`/connect/bluesky`: the form that stands in for the authorization page Bluesky does not have."""

from litestar import Response, get, post

from moorline.access import public
from moorline.connect import app_password, landing
from moorline.connect.app_password import Credentials
from moorline.connect.finish import slug_of
from moorline.errors import BadRequest, FlowFailed, InvalidState, MoorlineError, Refused
from moorline.pages import view
from moorline.pages.callback import note_cookie
from moorline.pages.visit import Visit, is_same_site, service_of, slug_page
from moorline.store import attempts, profiles
from moorline.store.attempts import Attempt

PLATFORM = "bluesky"


@get("/connect/bluesky", opt=public(), include_in_schema=False)
async def bluesky_form(request: Visit) -> Response[bytes]:
    """The empty form, while its state can be used."""
    state = request.query_params.get("state", "")
    try:
        attempt = await app_password.unused(service_of(request), PLATFORM, state)
    except InvalidState:
        return slug_page(request, "invalid_state", status=400)
    return await _form(request, attempt, state, identifier="", problem=None)


@post("/connect/bluesky", opt=public(), include_in_schema=False, status_code=200)
async def bluesky_submit(request: Visit) -> Response[bytes]:
    """Sign in; a refusal keeps the handle and empties the password."""
    if not is_same_site(request):
        return slug_page(request, "invalid_state", status=403)
    service, form = service_of(request), await request.form()
    state, identifier = str(form.get("state", "")), str(form.get("identifier", ""))
    credentials = Credentials(platform=PLATFORM, identifier=identifier, password=str(form.get("appPassword", "")))
    try:
        attempt = await app_password.unused(service, PLATFORM, state)
    except InvalidState:
        return slug_page(request, "invalid_state", status=400)
    try:
        done = await app_password.connect_attempt(service, credentials, state_text=state)
    except InvalidState:  # the same form sent twice: the first one tells what came of it
        return slug_page(request, "invalid_state", status=400)
    except (BadRequest, Refused) as error:
        return await _form(request, attempt, state, identifier=identifier, problem=str(error))
    except FlowFailed as error:
        return slug_page(request, error.slug, status=400, attempt_id=attempt.id)
    except MoorlineError as error:
        if slug_of(error) == "internal_error":
            raise
        return await _form(request, attempt, state, identifier=identifier, problem=str(error))
    finished = await attempts.get(service.db, attempt.id) or attempt
    url = done.redirect_url or await landing.url_of(service, finished)
    return view.redirect(url, cookies=[note_cookie(service, attempt.id)])


async def _form(
    request: Visit, attempt: Attempt, state: str, *, identifier: str, problem: str | None
) -> Response[bytes]:
    service = service_of(request)
    profile = await profiles.get(service.db, attempt.user_id, attempt.profile_id)
    if profile is None:
        return slug_page(request, "profile_not_found", status=404, attempt_id=attempt.id)
    values = {
        "problem": problem,
        "profile": profile.name,
        "action": "/connect/bluesky",
        "state": state,
        "identifier": identifier[:512],
        "attempt_id": attempt.id,
    }
    return view.page(service, "bluesky.html", values, status=200 if problem is None else 400)
