"""`/v1/connect/links`: addresses for people without any login, made, listed, read and revoked."""

from typing import Annotated, Any, cast

from litestar import delete, get, post
from litestar.params import FromPath, JSONBody, QueryParameter

from moorline import clock
from moorline.access import reading, writing
from moorline.connect import journal
from moorline.connect import links as connect_links
from moorline.http.callers import CallerRequest, caller_of, service_of
from moorline.http.shapes.links import LinkBody, LinkList, LinkMade, LinkRead, LinkShape, UseShape, UseStatus
from moorline.owners import links
from moorline.owners.links import USUAL_LIFE_H, NewLink
from moorline.store.attempts import Attempt
from moorline.store.links import Link

TAGS = ["Connect"]
ONE = "/connect/links/{link_id:str}"


@post("/connect/links", opt=writing(), operation_id="createConnectLink", tags=TAGS)
async def create_link(request: CallerRequest, data: JSONBody[LinkBody]) -> LinkMade:
    """An address by which somebody without any login connects accounts to this profile.

    `expiresInHours` is 168 unless given, at most 2160 (90 days); `maxUses` 1 to 1000.
    """
    new = NewLink(
        profile_id=data.profile_id,
        platforms=None if data.platforms is None else tuple(data.platforms),
        expires_in_h=USUAL_LIFE_H if data.expires_in_hours is None else data.expires_in_hours,
        max_uses=data.max_uses,
        language=data.language or None,
        redirect_url=data.redirect_url or data.redirect_url_camel or None,
        reconnect_account_id=data.reconnect_account_id or None,
    )
    made = await connect_links.create(service_of(request), caller_of(request), new)
    return LinkMade(**_fields(made.link), url=made.url)


@get("/connect/links", opt=reading(), operation_id="listConnectLinks", tags=TAGS)
async def list_links(
    request: CallerRequest,
    profile_id: Annotated[str | None, QueryParameter(name="profileId")] = None,
    before: Annotated[str | None, QueryParameter()] = None,
    limit: Annotated[int, QueryParameter(ge=1, le=100)] = 50,
) -> LinkList:
    """Links, newest first, those the server made for expiry warnings too; `before` is the id after which to go on."""
    service, caller = service_of(request), caller_of(request)
    found = await links.list_links(service.db, caller, profile_id=profile_id, before=before, limit=limit)
    return LinkList(links=[LinkShape(**_fields(link)) for link in found])


@get(ONE, opt=reading(), operation_id="getConnectLink", tags=TAGS)
async def get_link(
    request: CallerRequest,
    link_id: FromPath[str],
    before: Annotated[str | None, QueryParameter()] = None,
    limit: Annotated[int, QueryParameter(ge=1, le=100)] = 50,
) -> LinkRead:
    """One of them, with what was started through it, newest first; `before` is the attemptId after which to go on."""
    service = service_of(request)
    link = await links.get(service.db, caller_of(request), link_id)
    used = await connect_links.usage(service, link, before=before, limit=limit)
    return LinkRead(**_fields(link), usage=[_use(attempt) for attempt in used])


@delete(ONE, opt=writing(), operation_id="revokeConnectLink", tags=TAGS, status_code=200)
async def revoke_link(request: CallerRequest, link_id: FromPath[str]) -> LinkShape:
    """Nothing more can be connected through it, not even by somebody who is at the platform now."""
    link = await links.revoke(service_of(request).db, caller_of(request), link_id)
    return LinkShape(**_fields(link))


def _fields(link: Link) -> dict[str, Any]:
    return {
        "id": link.id,
        "profile_id": link.profile_id,
        "platforms": list(link.platforms),
        "status": links.state_of(link, clock.now()),
        "uses": link.uses,
        "max_uses": link.max_uses,
        "expires_at": clock.iso(link.expires_at),
        "language": link.language,
        "redirect_url": link.redirect_url,
        "reconnect_account_id": link.reconnect_account_id,
        "created_at": clock.iso(link.created_at),
    }


def _use(attempt: Attempt) -> UseShape:
    return UseShape(
        attempt_id=attempt.id,
        platform=attempt.platform,
        status=cast("UseStatus", journal.told_status(journal.entry_of(attempt))),
        account_id=attempt.account_id,
        created_at=clock.iso(attempt.created_at),
    )


ROUTES = [create_link, list_links, get_link, revoke_link]
