"""`/dashboard?once=...`: a link that signs in, once. Its token leaves the address at once; a button uses it up."""

import re

from litestar import Response, get, post

from moorline.access import public
from moorline.errors import Gone
from moorline.owners import sessions
from moorline.pages import view
from moorline.pages.dashboard.known import known_cookie
from moorline.pages.look import look_of
from moorline.pages.request import Visit, csrf_matches, csrf_of, service_of
from moorline.pages.signing import SESSION, cookie, cookie_of

ONCE = "moorline_once"
PATH = "/dashboard/sign-in/once"
_TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")


def enter(request: Visit, token: str) -> Response[bytes]:
    """From the link to a clean address, the token in a cookie. Messengers that look at links use nothing up."""
    service = service_of(request)
    named = token if _TOKEN.fullmatch(token) else "malformed"  # what is none is told like one that was used
    kept = cookie(service, ONCE, named, max_age_s=int(sessions.LINK_LIFE.total_seconds()))
    return view.redirect(f"{service.settings.public_url}{PATH}", cookies=[kept])


@get(PATH, opt=public(), include_in_schema=False)
async def once_form(request: Visit) -> Response[bytes]:
    """Who would be signed in, and the button."""
    token = cookie_of(request, ONCE)
    look = await look_of(request)
    try:
        member = await sessions.offered_to(service_of(request).db, token)
    except Gone:
        return view.page(look, "dashboard/once_gone.html", {"kept": bool(token)}, status=410)
    values = {"member": member, "action": PATH, "csrf": csrf_of(token)}
    return view.page(look, "dashboard/once.html", values)


@post(PATH, opt=public(), include_in_schema=False, status_code=200)
async def once_submit(request: Visit) -> Response[bytes]:
    """Sign in, and use the link up."""
    service, form = service_of(request), await request.form()
    token = cookie_of(request, ONCE)
    look = (await look_of(request)).at("")
    if not csrf_matches(token, str(form.get("csrf", ""))):
        return view.page(look, "dashboard/once_gone.html", {"kept": bool(token)}, status=403)
    try:
        opened = await sessions.sign_in_by_link(service.db, token)
    except Gone:
        return view.page(look, "dashboard/once_gone.html", {"kept": bool(token)}, status=410)
    await sessions.sign_out(service.db, cookie_of(request, SESSION))
    cookies = [
        cookie(service, SESSION, opened.token, max_age_s=int(sessions.LIFE.total_seconds())),
        cookie(service, ONCE, "", max_age_s=0),
        known_cookie(service, opened.member),
    ]
    return view.redirect(f"{service.settings.public_url}/dashboard?done=signed-in", cookies=cookies)
