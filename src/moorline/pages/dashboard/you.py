"""`/dashboard/you`: who is signed in, and their password."""

from litestar import Response, get, post

from moorline.access import signed_in
from moorline.errors import BadRequest
from moorline.limits.buckets import PASSWORD_MEMBER
from moorline.owners import passwords, sessions
from moorline.pages.dashboard import board
from moorline.pages.dashboard.session import BoardRequest
from moorline.pages.dashboard.tries import too_many
from moorline.pages.request import service_of
from moorline.pages.signing import SESSION, cookie_of
from moorline.pages.words import N_

PATH = "/dashboard/you"


@get(PATH, opt=signed_in(), include_in_schema=False)
async def you_page(request: BoardRequest) -> Response[bytes]:
    """The empty form."""
    return await _page(request)


@post(PATH, opt=signed_in(), include_in_schema=False, status_code=200)
async def change_password(request: BoardRequest) -> Response[bytes]:
    """Set another password; everywhere else the person is signed out."""
    service, signed, form = service_of(request), request.auth, await request.form()
    look, new = signed.look, str(form.get("password", ""))
    if new != str(form.get("again", "")):
        return await _page(request, field="again", problem=look.gettext(N_("The two new passwords differ.")))
    # A session that was left open is no place to guess the password from. Counted by the member alone: nobody who is
    # not signed in as them can use these tries up, be it from the same client.
    use = PASSWORD_MEMBER, signed.member.id
    welcome_at = await too_many(request, use)
    if welcome_at is not None:
        problem = look.gettext(N_("Too many tries. Try again after %(time)s."), time=look.time(welcome_at))
        return await _page(request, field="current", problem=problem, status=429)
    try:
        await sessions.change_password(
            service.db,
            signed.member,
            current=str(form.get("current", "")),
            new=new,
            token=cookie_of(request, SESSION),
        )
    except BadRequest as error:
        if "current" in error.fields:
            return await _page(request, field="current", problem=look.gettext(N_("This is not your current password.")))
        await service.limits.take_back(use)
        return await _page(request, field="password", problem=_wanted(request))
    await service.limits.take_back(use)
    return board.onward(request, "/you", done="password-changed")


@post(f"{PATH}/sign-out-elsewhere", opt=signed_in(), include_in_schema=False, status_code=200)
async def sign_out_elsewhere(request: BoardRequest) -> Response[bytes]:
    """End every other session of the person."""
    await sessions.sign_out_elsewhere(service_of(request).db, cookie_of(request, SESSION))
    return board.onward(request, "/you", done="signed-out-elsewhere")


async def _page(
    request: BoardRequest, *, field: str = "", problem: str | None = None, status: int = 400
) -> Response[bytes]:
    signed = request.auth
    values = {
        "has_password": await sessions.has_password(service_of(request).db, signed.member),
        "wanted": _wanted(request),
        "field": field,
        "problem": problem,
        "max_chars": passwords.MAX_CHARS,
    }
    return board.page(request, signed, "you.html", values, status=200 if problem is None else status)


def _wanted(request: BoardRequest) -> str:
    return request.auth.look.gettext(
        N_("At least %(least)s characters, which nobody can guess at once."), least=str(passwords.MIN_CHARS)
    )
