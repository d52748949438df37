"""`/dashboard/links`: addresses for people without any login; listed, looked at, withdrawn."""

from dataclasses import dataclass

from litestar import Response, get, post
from litestar.params import FromPath
from markupsafe import Markup

from moorline import clock
from moorline.access import signed_in
from moorline.accounts import accounts
from moorline.connect import journal
from moorline.connect import links as connect_links
from moorline.errors import NotFound
from moorline.owners import links
from moorline.owners.links import State
from moorline.pages.dashboard import board, entries, who
from moorline.pages.dashboard.profile_select import profile_named, profile_select
from moorline.pages.dashboard.session import BoardRequest
from moorline.pages.language import NAMES
from moorline.pages.request import service_of
from moorline.pages.words import N_, bdi, platform_title
from moorline.store.accounts import AccountOfProfile
from moorline.store.links import Link

PATH = "/dashboard/links"
ONE = f"{PATH}/{{link_id:str}}"
A_PAGE = 30
_STATES: dict[State, tuple[entries.Tone, str]] = {
    "active": ("good", N_("Can be used")),
    "used_up": ("", N_("Used up")),
    "expired": ("", N_("Run out")),
    "revoked": ("bad", N_("Withdrawn")),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A link in words; `profile` is empty when it is gone."""

    link: Link
    tone: entries.Tone
    word: str
    profile: Markup
    platforms: str
    is_active: bool


@get(PATH, opt=signed_in(), include_in_schema=False)
async def link_list(request: BoardRequest) -> Response[bytes]:
    """Newest first, those that the server made for warnings too."""
    service, signed = service_of(request), request.auth
    kept = board.filters(request, "profile")
    before = request.query_params.get("before") or None
    select = await profile_select(service, signed.caller, kept.get("profile"))
    found = await links.list_links(
        service.db, signed.caller, profile_id=kept.get("profile"), before=before, limit=A_PAGE + 1
    )
    shown = found[:A_PAGE]
    values = {
        "rows": [await _row(request, link) for link in shown],
        "further": board.further("/links", kept, shown[-1].id if len(found) > A_PAGE else None),
        "is_narrowed": bool(kept) or before is not None,
        "select": select,
    }
    return board.page(request, signed, "links.html", values)


@get(ONE, opt=signed_in(), include_in_schema=False)
async def link_page(request: BoardRequest, link_id: FromPath[str]) -> Response[bytes]:
    """One of them, and what was begun through it."""
    service, signed = service_of(request), request.auth
    link = await links.get(service.db, signed.caller, link_id)
    before = request.query_params.get("before") or None
    used = await connect_links.usage(service, link, before=before, limit=A_PAGE + 1)
    shown = used[:A_PAGE]
    trace = (link.key_id, link.member_id, None)
    values = {
        "row": await _row(request, link),
        "link": link,
        "profile": await profile_named(service, signed.caller, link.profile_id),
        "account": await _account(request, link),
        "language": None if link.language is None else NAMES[link.language],
        "made_by": (await who.named(service, signed.look, link.user_id, [trace]))[trace],
        "usage": entries.told(signed.look, [journal.entry_of(attempt) for attempt in shown]),
        "further": board.further(f"/links/{link.id}", {}, shown[-1].id if len(used) > A_PAGE else None),
        "is_first": before is None,
    }
    return board.page(request, signed, "link.html", values)


@get(f"{ONE}/withdraw", opt=signed_in(), include_in_schema=False)
async def withdraw_form(request: BoardRequest, link_id: FromPath[str]) -> Response[bytes]:
    """What it means, before it is done."""
    link = await links.get(service_of(request).db, request.auth.caller, link_id)
    return board.page(request, request.auth, "link_withdraw.html", {"row": await _row(request, link), "link": link})


@post(f"{ONE}/withdraw", opt=signed_in(), include_in_schema=False, status_code=200)
async def withdraw(request: BoardRequest, link_id: FromPath[str]) -> Response[bytes]:
    """Let it connect nothing more."""
    await links.revoke(service_of(request).db, request.auth.caller, link_id)
    return board.onward(request, f"/links/{link_id}", done="link-withdrawn")


async def _row(request: BoardRequest, link: Link) -> Row:
    service, signed = service_of(request), request.auth
    state = links.state_of(link, clock.now())
    tone, word = _STATES[state]
    profile = await profile_named(service, signed.caller, link.profile_id)
    return Row(
        link=link,
        tone=tone,
        word=signed.look.gettext(word),
        profile=Markup() if profile is None else bdi(profile.name),
        platforms=", ".join(platform_title(platform) for platform in link.platforms),
        is_active=state == "active",
    )


async def _account(request: BoardRequest, link: Link) -> AccountOfProfile | None:
    """The account that the link renews, while it is there."""
    if link.reconnect_account_id is None:
        return None
    try:
        return await accounts.get(service_of(request), request.auth.caller, link.reconnect_account_id)
    except NotFound:
        return None
