"""The published choose paths: each maps its field names onto the verbs of `connect.selection`."""

from typing import Annotated

from litestar import get, post
from litestar.params import HeaderParameter, JSONBody, QueryParameter

from moorline.access import selecting
from moorline.adapter.values import Choice
from moorline.connect import landing
from moorline.connect.selection import Chosen
from moorline.http import choosing
from moorline.http.answers import saved_account
from moorline.http.callers import CallerRequest, service_of
from moorline.http.choosing import BY_CONNECT_TOKEN
from moorline.http.shapes.connect import ConnectedShape
from moorline.http.shapes.selections import (
    BoardChoice,
    BoardList,
    BoardShape,
    LocationChoice,
    LocationList,
    LocationShape,
    PageChoice,
    PageList,
    PageShape,
    PublicProfileChoice,
    PublicProfileList,
    PublicProfileShape,
)
from moorline.service import Service
from moorline.store.selections import OpenSelection

ProfileId = Annotated[str | None, QueryParameter(name="profileId")]
TempToken = Annotated[str | None, QueryParameter(name="tempToken")]
TempTokenHeader = Annotated[str | None, HeaderParameter(name="X-Temp-Token")]


@get(
    "/connect/facebook/select-page",
    opt=selecting(),
    operation_id="listFacebookPages",
    tags=["Connect"],
    security=BY_CONNECT_TOKEN,
)
async def list_facebook_pages(
    request: CallerRequest,
    profile_id: ProfileId = None,
    temp_token: TempToken = None,
    temp_token_header: TempTokenHeader = None,
) -> PageList:
    """The Pages of an open choice, asked of Facebook now."""
    with choosing.unknown_is_malformed("profileId"):
        opened = await _opened(request, "facebook", profile_id, temp_token or temp_token_header)
    listed = await choosing.listed_now(request, opened)
    return PageList(pages=[_page(service_of(request), opened, item) for item in listed.items], **listed.beside)


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
    opened = await _opened(request, "facebook", data.profile_id, data.temp_token)
    chosen = await choosing.save(request, opened, choosing.required("pageId", data.page_id), data)
    return _connected(chosen, "Facebook page connected successfully")


@get(
    "/connect/googlebusiness/locations",
    opt=selecting(),
    operation_id="listGoogleBusinessLocations",
    tags=["Connect"],
    security=BY_CONNECT_TOKEN,
)
async def list_locations(
    request: CallerRequest,
    profile_id: ProfileId = None,
    temp_token: TempToken = None,
    temp_token_header: TempTokenHeader = None,
) -> LocationList:
    """The locations of an open choice, asked of Google now."""
    with choosing.unknown_is_malformed("profileId"):
        opened = await _opened(request, "googlebusiness", profile_id, temp_token or temp_token_header)
    listed = await choosing.listed_now(request, opened)
    return LocationList(locations=[to_location(item) for item in listed.items], **listed.beside)


@post(
    "/connect/googlebusiness/select-location",
    opt=selecting(),
    operation_id="selectGoogleBusinessLocation",
    tags=["Connect"],
    security=BY_CONNECT_TOKEN,
    status_code=200,
)
async def select_location(request: CallerRequest, data: JSONBody[LocationChoice]) -> ConnectedShape:
    """Connect the chosen location."""
    opened = await _opened(request, "googlebusiness", data.profile_id, data.temp_token)
    chosen = await choosing.save(request, opened, choosing.required("locationId", data.location_id), data)
    return _connected(chosen, "Google Business location connected successfully")


@get(
    "/connect/pinterest/select-board",
    opt=selecting(),
    operation_id="listPinterestBoardsForSelection",
    tags=["Connect"],
    security=BY_CONNECT_TOKEN,
)
async def list_boards(
    request: CallerRequest,
    profile_id: ProfileId = None,
    temp_token: TempToken = None,
    temp_token_header: TempTokenHeader = None,
) -> BoardList:
    """The boards of an open choice, asked of Pinterest now."""
    with choosing.unknown_is_forbidden():
        opened = await _opened(request, "pinterest", profile_id, temp_token or temp_token_header)
    listed = await choosing.listed_now(request, opened)
    return BoardList(boards=[to_board(item) for item in listed.items], **listed.beside)


@post(
    "/connect/pinterest/select-board",
    opt=selecting(),
    operation_id="selectPinterestBoard",
    tags=["Connect"],
    security=BY_CONNECT_TOKEN,
    status_code=200,
)
async def select_board(request: CallerRequest, data: JSONBody[BoardChoice]) -> ConnectedShape:
    """Connect the person's account, with the chosen board as its default."""
    with choosing.unknown_is_forbidden():
        opened = await _opened(request, "pinterest", data.profile_id, data.temp_token)
    with choosing.unknown_is_malformed("boardId"):
        chosen = await choosing.save(request, opened, choosing.required("boardId", data.board_id), data)
    return _connected(chosen, "Pinterest connected successfully with default board")


@get(
    "/connect/snapchat/select-profile",
    opt=selecting(),
    operation_id="listSnapchatProfiles",
    tags=["Connect"],
    security=BY_CONNECT_TOKEN,
)
async def list_public_profiles(
    request: CallerRequest,
    profile_id: ProfileId = None,
    temp_token: TempToken = None,
    temp_token_header: TempTokenHeader = None,
) -> PublicProfileList:
    """The public profiles of an open choice, asked of Snapchat now."""
    with choosing.unknown_is_forbidden():
        opened = await _opened(request, "snapchat", profile_id, temp_token or temp_token_header)
    listed = await choosing.listed_now(request, opened)
    return PublicProfileList(public_profiles=[_public_profile(item) for item in listed.items], **listed.beside)


@post(
    "/connect/snapchat/select-profile",
    opt=selecting(),
    operation_id="selectSnapchatProfile",
    tags=["Connect"],
    security=BY_CONNECT_TOKEN,
    status_code=200,
)
async def select_public_profile(request: CallerRequest, data: JSONBody[PublicProfileChoice]) -> ConnectedShape:
    """Connect the chosen public profile."""
    with choosing.unknown_is_forbidden():
        opened = await _opened(request, "snapchat", data.profile_id, data.temp_token)
    with choosing.unknown_is_malformed("selectedPublicProfile"):
        chosen = await choosing.save(
            request, opened, choosing.id_in("selectedPublicProfile", data.selected_public_profile, "id"), data
        )
    return _connected(chosen, "Snapchat connected successfully with public profile")


async def _opened(
    request: CallerRequest, platform: str, profile_id: str | None, temp_token: str | None
) -> OpenSelection:
    opened = await choosing.opened_by(request, profile_id=profile_id, temp_token=temp_token)
    return choosing.of_platform(opened, platform)


def _connected(chosen: Chosen, message: str) -> ConnectedShape:
    return ConnectedShape(message=message, account=saved_account(chosen.account), redirect_url=chosen.redirect_url)


def _page(service: Service, opened: OpenSelection, item: Choice) -> PageShape:
    return PageShape(
        id=item.id,
        name=item.name,
        username=item.username,
        access_token=landing.choice_handle(service, opened, item.id),
        category=item.shown.get("category"),
        tasks=list(item.shown.get("tasks") or ()),
    )


def to_location(item: Choice) -> LocationShape:
    """The documented form of a location."""
    return LocationShape(
        id=item.id,
        name=item.name,
        account_id=str(item.shown.get("accountId") or ""),
        account_name=item.shown.get("accountName"),
        address=item.shown.get("address"),
        category=item.shown.get("category"),
        website_url=item.shown.get("websiteUrl"),
    )


def to_board(item: Choice) -> BoardShape:
    """The documented form of a board."""
    return BoardShape(
        id=item.id, name=item.name, description=item.shown.get("description"), privacy=item.shown.get("privacy")
    )


def _public_profile(item: Choice) -> PublicProfileShape:
    return PublicProfileShape(
        id=item.id,
        display_name=item.name,
        username=item.shown.get("username"),
        profile_image_url=item.shown.get("profile_image_url"),
        subscriber_count=item.shown.get("subscriber_count") or 0,
    )


ROUTES = [
    list_facebook_pages,
    select_facebook_page,
    list_locations,
    select_location,
    list_boards,
    select_board,
    list_public_profiles,
    select_public_profile,
]
