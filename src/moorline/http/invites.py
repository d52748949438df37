"""`POST /v1/invite/tokens`: a link by which somebody joins the team."""

from litestar import post
from litestar.params import JSONBody

from moorline import clock
from moorline.access import writing
from moorline.connect import redirects
from moorline.http.callers import CallerRequest, caller_of, service_of
from moorline.http.shapes.invites import InviteBody, InviteCreated
from moorline.owners import invites


@post("/invite/tokens", opt=writing(), operation_id="createInviteToken", tags=["Invites"])
async def create_invite(request: CallerRequest, data: JSONBody[InviteBody]) -> InviteCreated:
    """An invitation, good once and for seven days; token and link are shown this once."""
    service = service_of(request)
    wanted = None if data.scope == "all" else data.profile_ids or ()
    invite, token = await invites.create(service.db, caller_of(request), wanted)
    return InviteCreated(
        token=token,
        scope=data.scope,
        invited_profile_ids=list(invite.profile_ids or ()),
        expires_at=clock.iso(invite.expires_at),
        invite_url=redirects.page(service.settings.public_url, f"invite/{token}"),
    )


ROUTES = [create_invite]
