"""`/dashboard/links/new`: a connect link is made, for a profile or for one account; its address is shown once."""

from dataclasses import dataclass

from litestar import Response, get, post

from moorline.access import signed_in
from moorline.accounts import accounts
from moorline.connect import links as connect_links
from moorline.errors import BadRequest, Forbidden, NotFound
from moorline.owners import apps, profiles
from moorline.owners.links import MAX_USES, Made, NewLink
from moorline.pages.dashboard import board, shown
from moorline.pages.dashboard.links import PATH
from moorline.pages.dashboard.profile_select import profile_select
from moorline.pages.dashboard.session import BoardRequest
from moorline.pages.dashboard.shown import Shown
from moorline.pages.language import NAMES
from moorline.pages.request import service_of
from moorline.pages.words import N_, platform_title
from moorline.store.accounts import Account

MAX_URL_CHARS = 2000
_LIVES_H = {24: N_("A day"), 168: N_("7 days"), 720: N_("30 days"), 2160: N_("90 days")}
_USUAL_LIFE_H = 168
# The fields of the form by what the rooms call them, and what is said when one is wrong.
_FIELDS = {
    "platforms": ("platforms", N_("Tick at least one platform that is set up here.")),
    "maxUses": ("uses", N_("Enter a number from 1 to %(most)s, or nothing for no limit.")),
    "redirect_url": ("redirect", N_("A browser cannot be sent to this address: it %(why)s.")),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """What stands in the form. `platforms` None: all that are set up; `uses` as it was typed."""

    profile_id: str = ""
    account_id: str = ""
    platforms: tuple[str, ...] | None = None
    life_h: int = _USUAL_LIFE_H
    uses: str = ""
    language: str = ""
    redirect: str = ""


@get(f"{PATH}/new", opt=signed_in(), include_in_schema=False)
async def new_link_form(request: BoardRequest) -> Response[bytes]:
    """The form; `?profile=` says who receives, `?account=` which account is to be renewed."""
    query = request.query_params
    return await _page(request, Form(profile_id=query.get("profile", ""), account_id=query.get("account", "")))


@post(PATH, opt=signed_in(), include_in_schema=False, status_code=200)
async def create_link(request: BoardRequest) -> Response[bytes]:
    """Make it, and show its address this once."""
    given = await _form(request)
    account = await _account(request, given.account_id)
    uses = int(given.uses) if given.uses.isdecimal() and len(given.uses) < 9 else 0
    new = NewLink(
        profile_id=given.profile_id if account is None else account.profile_id,
        platforms=(given.platforms or ()) if account is None else None,
        expires_in_h=given.life_h,
        max_uses=None if not given.uses or account is not None else uses,
        language=given.language or None,
        redirect_url=given.redirect or None,
        reconnect_account_id=None if account is None else account.id,
    )
    try:
        made = await connect_links.create(service_of(request), request.auth.caller, new)
    except BadRequest as error:
        wrong = next((name for name in _FIELDS if name in error.fields), None)
        if wrong is None:
            raise
        return await _page(request, given, wrong=wrong, why=error.fields[wrong])
    return shown.page(request, _shown(request, made))


async def _page(request: BoardRequest, given: Form, *, wrong: str | None = None, why: str = "") -> Response[bytes]:
    service, signed = service_of(request), request.auth
    account = await _account(request, given.account_id)
    select = await profile_select(service, signed.caller, given.profile_id or None)
    field, problem = ("", None) if wrong is None else _FIELDS[wrong]
    values = {
        "given": given,
        "account": account,
        "select": select,
        "profile": select.chosen or await profiles.usual(service.db, signed.caller),
        "offered": [(name, platform_title(name)) for name in await apps.configured(service, signed.caller.user_id)],
        "lives": _LIVES_H,
        "names": NAMES,
        "field": field,
        "problem": None if problem is None else signed.look.gettext(problem, most=str(MAX_USES), why=why),
        "max_uses": MAX_USES,
        "max_url_chars": MAX_URL_CHARS,
    }
    return board.page(request, signed, "link_new.html", values, status=200 if problem is None else 400)


def _shown(request: BoardRequest, made: Made) -> Shown:
    look = request.auth.look
    return Shown(
        title=look.gettext(N_("Your new connect link")),
        label=look.gettext(N_("Address to send")),
        text=made.url,
        more=look.markup(
            N_("Whoever has it can connect accounts until %(until)s. It can be withdrawn at any time."),
            until=look.instant(made.link.expires_at),
        ),
        back=f"/links/{made.link.id}",
        onward=look.gettext(N_("To the link")),
        has_picture=True,
    )


async def _form(request: BoardRequest) -> Form:
    form = await request.form()
    life = str(form.get("life", ""))
    language = str(form.get("language", ""))
    return Form(
        profile_id=str(form.get("profile", "")),
        account_id=str(form.get("account", "")),
        platforms=tuple(str(one) for one in form.getall("platforms", [])),
        life_h=int(life) if life in {str(hours) for hours in _LIVES_H} else _USUAL_LIFE_H,
        uses=str(form.get("uses", "")).strip(),
        language=language if language in NAMES else "",
        redirect=str(form.get("redirect", "")).strip(),
    )


async def _account(request: BoardRequest, account_id: str) -> Account | None:
    if not account_id:
        return None
    try:
        return (await accounts.get(service_of(request), request.auth.caller, account_id)).account
    except Forbidden as error:
        raise NotFound("Account not found") from error
