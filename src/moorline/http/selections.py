"""The published choose paths: each maps its field names onto the verbs of `connect.selection`."""

from typing import Annotated

from litestar import Router, get, post
from litestar.params import HeaderParameter, JSONBody, QueryParameter

from moorline.access import selecting
from moorline.adapter.values import Choice, Unavailable
from moorline.connect import landing, selection
from moorline.errors import BadRequest, InvalidTempToken, NotFound
from moorline.http.answers import saved_account
from moorline.http.callers import CallerRequest, service_of
from moorline.http.shapes.connect import (
    ConnectedShape,
    PageChoice,
    PageList,
    PageShape,
    UnavailableShape,
)
from moorline.owners import profiles
from moorline.service import Service
from moorline.store.selections import OpenSelection

BY_CONNECT_TOKEN: list[dict[str, list[str]]] = [{"connectToken": []}]  # in the document beside the API key


@get(
    "/connect/facebook/select-page",
    opt=selecting(),
    operation_id="listFacebookPages",
    tags=["Connect"],
    security=BY_CONNECT_TOKEN,
)
async def list_facebook_pages(
    request: CallerRequest,
    profile_id: Annotated[str | None, QueryParameter(name="profileId")] = None,
    temp_token: Annotated[str | None, QueryParameter(name="tempToken")] = None,
    temp_token_header: Annotated[str | None, HeaderParameter(name="X-Temp-Token")] = None,
) -> PageList:
    """The Pages of an open choice, asked of Facebook now."""
    service = service_of(request)
    try:
        opened = await opened_by(request, profile_id=profile_id, temp_token=temp_token or temp_token_header)
    except NotFound as error:  # none is published for this call
        raise BadRequest(str(error), fields={"profileId": "unknown"}) from error
    choices = await selection.list_again(service, opened)
    return PageList(
        pages=[_page(service, opened, item) for item in choices.items],
        unavailable=[_unavailable(item) for item in choices.unavailable],
        truncated=choices.truncated,
    )


@post(
    "/connect/facebook/select-page",
    opt=selecting(),
    operation_id="selectFacebookPage",
    tags=["Connect"],
    security=BY_CONNECT_TOKEN,
    status_code=200,
)
async def select_facebook_page(request: CallerRequest, data: JSONBody[PageChoice]) -> ConnectedShape:
    """Connect the chosen Page."""
    opened = await opened_by(request, profile_id=data.profile_id, temp_token=data.temp_token)
    if not data.page_id:
        raise BadRequest("pageId is required.", fields={"pageId": "required"})
    url = data.redirect_url or data.redirect_url_camel
    caller, service = request.auth.caller, service_of(request)
    allowlist = await landing.redirect_allowlist(service, opened) if caller is None else caller.redirect_allowlist
    selection.check_redirect_url(opened, url, allowlist)
    chosen = await selection.choose(service, opened, data.page_id, redirect_url=url)
    return ConnectedShape(
        message="Facebook page connected successfully",
        account=saved_account(chosen.account),
        redirect_url=chosen.redirect_url,
    )


async def opened_by(request: CallerRequest, *, profile_id: str | None, temp_token: str | None) -> OpenSelection:
    """The open selection a call means, by its tempToken or its connect token.

    What a connect token knows may be left out; what is given must agree with it.
    Raises: BadRequest for missing fields, InvalidTempToken; as `owners.profiles.visible`.
    """
    admitted, service = request.auth, service_of(request)
    if admitted.selection is None:
        missing = {
            name: "required" for name, value in (("profileId", profile_id), ("tempToken", temp_token)) if not value
        }
        if missing:
            raise BadRequest(f"Missing required fields: {', '.join(missing)}.", fields=missing)
    if profile_id:
        profiles.check_id(profile_id)
    if admitted.caller is not None and profile_id:
        await profiles.visible(service.db, admitted.caller, profile_id)
    opened = admitted.selection if not temp_token else await landing.by_temp_token(service, temp_token)
    if opened is None or not _is_theirs(request, opened):
        raise InvalidTempToken
    if profile_id and profile_id != opened.profile_id:
        raise BadRequest(
            "profileId is not the one this connection was started for.", fields={"profileId": "of another connection"}
        )
    if admitted.caller is not None and not admitted.caller.may_see(opened.profile_id):
        raise InvalidTempToken
    return opened


def _is_theirs(request: CallerRequest, opened: OpenSelection) -> bool:
    admitted = request.auth
    if admitted.selection is not None and admitted.selection.attempt_id != opened.attempt_id:
        return False
    return admitted.caller is None or admitted.caller.user_id == opened.user_id


def _page(service: Service, opened: OpenSelection, item: Choice) -> PageShape:
    return PageShape(
        id=item.id,
        name=item.name,
        username=item.username,
        access_token=landing.choice_handle(service, opened, item.id),
        category=item.shown.get("category"),
        tasks=list(item.shown.get("tasks") or ()),
    )


def _unavailable(item: Unavailable) -> UnavailableShape:
    return UnavailableShape(id=item.id, name=item.name, reason=item.reason)


ROUTERS = Router(path="/", route_handlers=[list_facebook_pages, select_facebook_page])
