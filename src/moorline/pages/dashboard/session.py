"""Who is signed in: the guard before every page of the dashboard, and where a form must have come from."""

from dataclasses import dataclass, field

from litestar import Request, Response
from litestar.connection import ASGIConnection
from litestar.datastructures import State
from litestar.handlers import BaseRouteHandler

from moorline.access import Access
from moorline.owners import sessions
from moorline.owners.caller import Caller
from moorline.pages.look import Look, look_of
from moorline.pages.request import Visit, csrf_matches, csrf_of, is_same_site, service_of
from moorline.pages.signing import SESSION, cookie_of
from moorline.pages.switching import switch_language
from moorline.pages.visit import slug_page
from moorline.store.users import User


@dataclass(frozen=True, slots=True, kw_only=True)
class Signed:
    """A person with a session. `look` wears their workspace's brand; `csrf` is what each of their forms must repeat."""

    member: User
    caller: Caller
    look: Look
    csrf: str = field(repr=False)

    @property
    def is_owner(self) -> bool:
        """Whether the workspace is theirs: only then its keys of others, apps, brand and team are."""
        return self.member.id == self.member.root_id


BoardRequest = Request[User, Signed, State]


async def admit(connection: ASGIConnection[User, Signed, State, State], handler: BaseRouteHandler) -> None:
    """The guard. Raises: Unauthorized without a session that lives."""
    if handler.opt["access"] is not Access.SIGNED_IN:
        return
    request: Visit = Request(connection.scope)
    service = service_of(request)
    token = cookie_of(request, SESSION)
    member = await sessions.member_of(service.db, token)
    connection.scope["auth"] = Signed(
        member=member,
        caller=sessions.caller_of(member),
        look=await look_of(request, user_id=member.root_id),
        csrf=csrf_of(token),
    )


async def before(request: Visit) -> Response[bytes] | None:
    """Changes the language when that is asked; refuses a form that came from elsewhere (S25), before it is acted on.

    What is posted without a session (to sign in) has a cookie of its own and is checked where it is read.
    """
    if request.method != "POST":
        return await switch_language(request)
    if not is_same_site(request):
        return await slug_page(request, "invalid_state", status=403)
    if request.route_handler.opt["access"] is Access.SIGNED_IN:
        form = await request.form()
        if not csrf_matches(cookie_of(request, SESSION), str(form.get("csrf", ""))):
            return await slug_page(request, "invalid_state", status=403)
    return None
