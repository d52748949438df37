"""`/connect/{platform}/callback`: where platforms send the browser back."""

from datetime import timedelta

from litestar import Response, get
from litestar.datastructures import Cookie
from litestar.params import FromPath

from moorline import clock
from moorline.access import public
from moorline.connect import finish, landing, tickets
from moorline.connect.finish import Returned
from moorline.connect.tickets import Kind
from moorline.errors import AppMisconfigured, BadRequest, InvalidState, NotConfigured, NotFound
from moorline.limits.buckets import CALLBACK_CLIENT, CALLBACK_STATE
from moorline.pages import view
from moorline.pages.request import client_of, count
from moorline.pages.visit import Visit, cookie_attempts, service_of, slug_page
from moorline.service import Service


@get("/connect/{platform:str}/callback", opt=public(), include_in_schema=False)
async def callback(request: Visit, platform: FromPath[str]) -> Response[bytes]:
    """Finish the flow, then lead on: to the integrator's address, the chooser, or the outcome."""
    return await _finish(request, platform, None)


@get("/connect/{platform:str}/callback/{credential_id:str}", opt=public(), include_in_schema=False)
async def callback_of_own_app(request: Visit, platform: FromPath[str], credential_id: FromPath[str]) -> Response[bytes]:
    """The same for a tenant's own app, on a path of its own: a code for one app is never taken for another's (S04)."""
    return await _finish(request, platform, credential_id)


async def _finish(request: Visit, platform: str, credential_id: str | None) -> Response[bytes]:
    """Raises: RateLimited, with the state unused, so that the same address may be opened later."""
    service, returned = service_of(request), _returned(request, platform, credential_id)
    uses = [(CALLBACK_CLIENT, client_of(request))]
    if returned.state:  # some denials come without one, from anybody
        uses.append((CALLBACK_STATE, returned.state))
    await count(request, *uses)
    try:
        attempt = await finish.from_browser(service, returned, cookie_attempts=cookie_attempts(request))
    except (InvalidState, BadRequest, NotFound):
        return await slug_page(request, "invalid_state", status=400)
    except AppMisconfigured:
        return await slug_page(request, "app_misconfigured", status=400, platform=platform)
    except NotConfigured:
        return await slug_page(request, "not_configured", status=400, platform=platform)
    url = await landing.url_of(service, attempt)
    return view.redirect(url, cookies=[note_cookie(service, attempt.id)])


def _returned(request: Visit, platform: str, credential_id: str | None) -> Returned:
    query = request.query_params
    error = query.get("error") or query.get("error_code")  # some failures come without `error`
    return Returned(
        platform=platform,
        credential_id=credential_id,
        state=query.get("state", ""),
        code=query.get("code", "").removesuffix("#_=_"),
        error=error,
        error_description=query.get("error_description") or query.get("error_message"),
        issuer=query.get("iss"),
    )


def note_cookie(service: Service, attempt_id: str) -> Cookie:
    """The cookie that lets this browser, and no other, see the outcome again."""
    expires_at = clock.now() + timedelta(seconds=view.COOKIE_TTL_S)
    value = tickets.issue(service.vault, Kind.COOKIE, attempt_id=attempt_id, expires_at=expires_at)
    return view.attempt_cookie(service, attempt_id, value)
