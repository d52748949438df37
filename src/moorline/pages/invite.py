"""`/connect/invite`: where an invited person joins a team and is shown a first API key."""

import re

from litestar import Response, get, post
from litestar.datastructures import Cookie
from litestar.params import FromPath

from moorline.access import public
from moorline.connect import redirects
from moorline.errors import BadRequest, Conflict, Gone
from moorline.owners import invites, passwords
from moorline.owners.invites import Invitation
from moorline.pages import doors, telling, view
from moorline.pages.look import look_of
from moorline.pages.telling import Door, Told
from moorline.pages.visit import Visit, csrf_matches, csrf_of, is_same_site, service_of, slug_page
from moorline.pages.words import N_
from moorline.service import Service

COOKIE_PREFIX = "moorline_invite_"
PATH = "/connect/invite"
_PROBLEMS = {
    "name": N_("Enter your name, with 1 to %(max)s characters."),
    "email": N_("Enter your e-mail address, such as ana@example.com."),
    "password": N_("Enter a password of at least %(least)s characters that nobody can guess at once, or none."),
}
_TAKEN = N_("Somebody uses this e-mail address here already. Enter another.")
_TOKEN = re.compile(r"inv_[0-9a-f]{64}")


@get("/connect/invite/{token:str}", opt=public(), include_in_schema=False)
async def invite_entry(request: Visit, token: FromPath[str]) -> Response[bytes]:
    """The link itself: its token becomes a cookie and a clean address at once. Opening it uses nothing up."""
    service = service_of(request)
    try:
        if not _TOKEN.fullmatch(token):
            return await _over(request)
        await invites.read(service.db, token)
    except Gone:
        return await _over(request)
    url = redirects.page(service.settings.public_url, "invite", {"invite": _reference(token)})
    return view.redirect(url, cookies=[_cookie(service, token, max_age_s=view.COOKIE_TTL_S)])


@get("/connect/invite", opt=public(), include_in_schema=False)
async def invite_form(request: Visit) -> Response[bytes]:
    """Who invites, to what, and the empty form."""
    token = _token(request, request.query_params.get("invite", ""))
    try:
        invitation = await invites.read(service_of(request).db, token)
    except Gone:
        return await _over(request)
    return await _form(request, invitation, token)


@post("/connect/invite", opt=public(), include_in_schema=False, status_code=200)
async def invite_submit(request: Visit) -> Response[bytes]:
    """Join; what cannot be taken shows the form again, and leaves the invitation open."""
    if not is_same_site(request):
        return await slug_page(request, "invalid_state", status=403)
    service, form = service_of(request), await request.form()
    token = _token(request, str(form.get("invite", "")))
    name, email = str(form.get("name", "")), str(form.get("email", ""))
    try:
        invitation = await invites.read(service.db, token)
    except Gone:
        return await _over(request)
    if not csrf_matches(token, str(form.get("csrf", ""))):
        return await slug_page(request, "invalid_state", status=403)
    try:
        password = str(form.get("password", ""))
        joined = await invites.accept(service.db, token, name=name, email=email, password=password)
    except Gone:
        return await _over(request)
    except BadRequest as error:
        field = next(iter(error.fields), "name")
        return await _form(request, invitation, token, name=name, email=email, problem=_PROBLEMS[field], field=field)
    except Conflict:
        return await _form(
            request, invitation, token, name=name, email=email, problem=_TAKEN, field="email", status=409
        )
    values = {
        **_offer(joined.invitation),
        "name": joined.member.name,
        "key": joined.key,
        "sign_in_url": f"{doors.BOARD_PATH}/sign-in" if password else None,
    }
    return view.page(await look_of(request), "invited.html", values, cookies=[_cookie(service, token, max_age_s=0)])


async def _form(
    request: Visit,
    invitation: Invitation,
    token: str,
    *,
    name: str = "",
    email: str = "",
    problem: str | None = None,
    field: str = "name",
    status: int = 400,
) -> Response[bytes]:
    look = await look_of(request)
    values = {
        **_offer(invitation),
        "problem": None
        if problem is None
        else look.gettext(problem, max=look.number(invites.MAX_NAME_CHARS), least=look.number(passwords.MIN_CHARS)),
        "field": field,
        "action": PATH,
        "invite": _reference(token),
        "csrf": csrf_of(token),
        "name": name[: invites.MAX_NAME_CHARS],
        "email": email[: invites.MAX_EMAIL_CHARS],
        "max_name_chars": invites.MAX_NAME_CHARS,
        "max_email_chars": invites.MAX_EMAIL_CHARS,
        "max_password_chars": passwords.MAX_CHARS,
        "least": look.number(passwords.MIN_CHARS),
        "until": invitation.expires_at,
    }
    return view.page(look, "invite.html", values, status=200 if problem is None else status)


def _offer(invitation: Invitation) -> dict[str, object]:
    profiles = None if invitation.profiles is None else [profile.name for profile in invitation.profiles]
    return {"workspace": invitation.workspace, "profiles": profiles}


async def _over(request: Visit) -> Response[bytes]:
    """One page for what was used, has run out, never was, or was opened in another browser."""
    look = await look_of(request)
    told = Told(
        tone="bad",
        title=look.gettext(N_("This invitation cannot be used")),
        sentence=look.gettext(N_("It was used already, has run out, or its link is not whole.")),
        advice=look.gettext(
            N_(
                "If you joined a moment ago, sign in to the dashboard, where you can make another API key. Else open "
                "the link you were sent once more, and if this page comes back, ask for a new invitation."
            )
        ),
        is_connected=None,
        doors=(
            Door(label=look.gettext(N_("Sign in to the dashboard")), url=f"{doors.BOARD_PATH}/sign-in", id="board"),
        ),
    )
    return telling.page(look, told, status=410)


def _token(request: Visit, reference: str) -> str:
    """The token this browser entered with; one cookie per invitation, so that tabs do not clash."""
    return request.cookies.get(COOKIE_PREFIX + reference, "")


def _reference(token: str) -> str:
    """What an address may tell of an invitation: nothing that opens it."""
    return invites.hash_of(token).hex()[:16]


def _cookie(service: Service, token: str, *, max_age_s: int) -> Cookie:
    return Cookie(
        key=COOKIE_PREFIX + _reference(token),
        value=token if max_age_s else "",
        path=PATH,
        max_age=max_age_s,
        httponly=True,
        samesite="lax",
        secure=service.settings.public_url.startswith("https://"),
    )
