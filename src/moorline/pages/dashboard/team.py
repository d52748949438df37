"""`/dashboard/team`: who belongs to the workspace; somebody is invited, or let in who has no password."""

from dataclasses import dataclass

from litestar import Response, get, post
from litestar.params import FromPath

from moorline.access import signed_in
from moorline.connect import redirects
from moorline.errors import Forbidden
from moorline.owners import invites, sessions, users
from moorline.owners.audit import Actor
from moorline.pages.dashboard import board, profile_boxes, reserved, shown
from moorline.pages.dashboard.profile_boxes import Ticked
from moorline.pages.dashboard.session import BoardRequest
from moorline.pages.dashboard.shown import Shown
from moorline.pages.request import service_of
from moorline.pages.words import N_
from moorline.store.users import User

PATH = "/dashboard/team"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """Somebody of the workspace; `profiles` None: all."""

    user: User
    profiles: list[str] | None
    is_owner: bool
    is_you: bool


@get(PATH, opt=signed_in(), include_in_schema=False)
async def team_page(request: BoardRequest) -> Response[bytes]:
    """The owner and the members, oldest first, with a form for an invitation."""
    return reserved.refusal(request, "team") or await _page(request)


@post(f"{PATH}/invitations", opt=signed_in(), include_in_schema=False, status_code=200)
async def invite(request: BoardRequest) -> Response[bytes]:
    """An invitation, whose address is shown this once."""
    refused = reserved.refusal(request, "team")
    if refused is not None:
        return refused
    ticked = await profile_boxes.ticked_of(request)
    if ticked.is_wrong:
        return await _page(request, ticked, problem=profile_boxes.WANTED)
    service, look = service_of(request), request.auth.look
    made, token = await invites.create(service.db, request.auth.caller, ticked.profile_ids)
    told = Shown(
        title=look.gettext(N_("Your new invitation")),
        label=look.gettext(N_("Address to send")),
        text=redirects.page(service.settings.public_url, f"invite/{token}"),
        more=look.markup(N_("One person can join with it, until %(until)s."), until=look.instant(made.expires_at)),
        back="/team",
        onward=look.gettext(N_("To the team")),
        has_picture=True,
    )
    return shown.page(request, told)


@post(f"{PATH}/{{member_id:str}}/sign-in-link", opt=signed_in(), include_in_schema=False, status_code=200)
async def sign_in_link(request: BoardRequest, member_id: FromPath[str]) -> Response[bytes]:
    """A link by which a member signs in once: for who has no password, or forgot it."""
    service, signed = service_of(request), request.auth
    if not signed.is_owner:
        raise Forbidden("Only the owner may let members in.")
    member = await users.get(service.db, signed.caller, member_id)
    token = await sessions.new_link(service.db, member, by=Actor.of(signed.caller))
    look, minutes = signed.look, int(sessions.LINK_LIFE.total_seconds()) // 60
    told = Shown(
        title=look.gettext(N_("Sign-in link")),
        about=member.name,
        label=look.gettext(N_("Address to send")),
        text=f"{board.address(request, '')}?once={token}",
        more=look.ngettext(
            "Whoever opens it signs in as this person, once, within %(n)s minute.",
            "Whoever opens it signs in as this person, once, within %(n)s minutes.",
            minutes,
        ),
        back="/team",
        onward=look.gettext(N_("To the team")),
    )
    return shown.page(request, told)


async def _page(request: BoardRequest, ticked: Ticked | None = None, *, problem: str | None = None) -> Response[bytes]:
    service, signed = service_of(request), request.auth
    people = await users.list_users(service.db, signed.caller)
    values = {
        "rows": [
            Row(
                user=user,
                profiles=await profile_boxes.names_of(service, signed.caller, user.profile_ids),
                is_owner=user.id == user.root_id,
                is_you=user.id == signed.member.id,
            )
            for user in people
        ],
        "boxes": await profile_boxes.boxes(request, ticked),
        "problem": None if problem is None else signed.look.gettext(problem),
    }
    return board.page(request, signed, "team.html", values, status=200 if problem is None else 400)
