"""`/dashboard/sign-in`: e-mail address and password become a session; and the way out."""

from datetime import datetime
from urllib.parse import urlencode

from litestar import Response, get, post
from litestar.datastructures import Cookie

from moorline import clock, ids
from moorline.access import public, signed_in
from moorline.errors import Unauthorized
from moorline.owners import sessions
from moorline.pages import view
from moorline.pages.dashboard.failures import NEXT
from moorline.pages.dashboard.known import is_known, known_cookie
from moorline.pages.dashboard.session import BoardRequest
from moorline.pages.dashboard.tries import of_sign_in, too_many
from moorline.pages.look import look_of
from moorline.pages.request import Visit, client_of, csrf_matches, csrf_of, service_of
from moorline.pages.signing import SESSION, cookie, cookie_of

PATH = "/dashboard/sign-in"
FORM = "moorline_sign_in"
MAX_EMAIL_CHARS = 254


@get(PATH, opt=public(), include_in_schema=False)
async def sign_in_form(request: Visit) -> Response[bytes]:
    """The empty form. Before there is anybody who could sign in, how to make somebody."""
    return await _form(request, onward=request.query_params.get("next", ""))


@post(PATH, opt=public(), include_in_schema=False, status_code=200)
async def sign_in(request: Visit) -> Response[bytes]:
    """Sign in; what is refused keeps the address and empties the password."""
    service, form = service_of(request), await request.form()
    email, password = str(form.get("email", ""))[: MAX_EMAIL_CHARS + 1], str(form.get("password", ""))
    onward = str(form.get("next", ""))
    look = (await look_of(request)).at("")
    note = cookie_of(request, FORM)
    if not note or not csrf_matches(note, str(form.get("csrf", ""))):
        problem = look.gettext(
            "Your browser did not keep the note that belongs to this page. "
            "Allow cookies for this address, then try again."
        )
        return await _form(request, onward=onward, email=email, problem=problem, status=403)
    if not email.strip() or not password:
        problem = look.gettext("Enter your e-mail address and your password.")
        return await _form(request, onward=onward, email=email, problem=problem, status=400)
    address = email.strip().lower()
    uses = of_sign_in(client=client_of(request), address=address, is_known=await is_known(request, address))
    welcome_at = await too_many(request, *uses)
    if welcome_at is not None:
        return await _too_many(request, email=email, onward=onward, welcome_at=welcome_at)
    try:
        opened = await sessions.sign_in(service.db, email=email, password=password)
    except Unauthorized:
        problem = look.gettext("This e-mail address and password do not belong together.")
        return await _form(request, onward=onward, email=email, problem=problem, status=400)
    await service.limits.take_back(*uses)
    await sessions.sign_out(service.db, cookie_of(request, SESSION))
    cookies = [
        cookie(service, SESSION, opened.token, max_age_s=int(sessions.LIFE.total_seconds())),
        cookie(service, FORM, "", max_age_s=0),
        known_cookie(service, opened.member),
    ]
    return view.redirect(f"{service.settings.public_url}{_safe(onward) or '/dashboard'}", cookies=cookies)


@post("/dashboard/sign-out", opt=signed_in(), include_in_schema=False, status_code=200)
async def sign_out(request: BoardRequest) -> Response[bytes]:
    """End the session, here and in the store."""
    service = service_of(request)
    await sessions.sign_out(service.db, cookie_of(request, SESSION))
    url = f"{service.settings.public_url}{PATH}?{urlencode({'done': 'signed-out'})}"
    return view.redirect(url, cookies=[cookie(service, SESSION, "", max_age_s=0)])


async def _form(
    request: Visit, *, onward: str, email: str = "", problem: str | None = None, status: int = 200
) -> Response[bytes]:
    service = service_of(request)
    note = cookie_of(request, FORM) or ids.new_secret()
    values = {
        "problem": problem,
        "email": email,
        "next": _safe(onward),
        "action": PATH,
        "csrf": csrf_of(note),
        "is_new": not await sessions.anybody_can_sign_in(service.db),
        "is_out": request.query_params.get("done") == "signed-out",
        "max_email_chars": MAX_EMAIL_CHARS,
    }
    look = (await look_of(request)).at("")
    cookies: list[Cookie] = [cookie(service, FORM, note)]
    return view.page(look, "dashboard/sign_in.html", values, status=status, cookies=cookies)


async def _too_many(request: Visit, *, email: str, onward: str, welcome_at: datetime) -> Response[bytes]:
    look = await look_of(request)
    problem = look.gettext("Too many tries. Try again after %(time)s.", time=look.time(welcome_at))
    answer = await _form(request, onward=onward, email=email, problem=problem, status=429)
    answer.headers["retry-after"] = str(max(1, int((welcome_at - clock.now()).total_seconds()) + 1))
    return answer


def _safe(onward: str) -> str:
    """Where to go after signing in: a page of the dashboard, or nowhere."""
    return onward if NEXT.fullmatch(onward) else ""
