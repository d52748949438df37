"""`/v1/accounts/{id}/facebook-page` and its kin: what a connected account may be switched to, and switching it."""

from typing import Annotated, Any

from litestar import get, put
from litestar.params import FromPath, JSONBody, QueryParameter

from moorline.access import reading, writing
from moorline.accounts import options
from moorline.accounts.options import Options
from moorline.adapter.values import Choice
from moorline.http import choosing
from moorline.http.accounts import to_shape
from moorline.http.callers import CallerRequest, caller_of, service_of
from moorline.http.connect import to_bool
from moorline.http.linkedin import chosen_id
from moorline.http.selections import to_board, to_location
from moorline.http.shapes.account_options import (
    AccountSwitched,
    BoardOptions,
    BoardSwitch,
    Done,
    LocationOptions,
    LocationSwitch,
    LocationSwitched,
    NamedOption,
    OrganizationOption,
    OrganizationOptions,
    OrganizationSwitch,
    PageOption,
    PageOptions,
    PageSwitch,
    PageSwitched,
    SubredditOption,
    SubredditOptions,
    SubredditSwitch,
)
from moorline.http.shapes.selections import NotedShape
from moorline.store.accounts import AccountOfProfile

Refresh = Annotated[str, QueryParameter(name="refresh")]


@get("/accounts/{account_id:str}/facebook-page", opt=reading(), operation_id="getFacebookPages", tags=["Accounts"])
async def facebook_pages(request: CallerRequest, account_id: FromPath[str], refresh: Refresh = "false") -> PageOptions:
    """Pages the person of this account can manage."""
    listed = await _listed(request, account_id, "facebook", refresh)
    pages = [
        PageOption(
            id=item.id,
            name=item.name,
            username=item.username,
            category=item.shown.get("category"),
            fan_count=item.shown.get("fan_count"),
        )
        for item in listed.choices.items
    ]
    return PageOptions(pages=pages, selected_page_id=listed.account.platform_account_id, **_beside(listed))


@put("/accounts/{account_id:str}/facebook-page", opt=writing(), operation_id="updateFacebookPage", tags=["Accounts"])
async def switch_facebook_page(
    request: CallerRequest, account_id: FromPath[str], data: JSONBody[PageSwitch]
) -> PageSwitched:
    """Let the account stand for another Page."""
    wanted = choosing.required("selectedPageId", data.selected_page_id)
    _, page = await _choose(request, account_id, platform="facebook", noun="page", wanted=wanted)
    return PageSwitched(
        message="Facebook page updated successfully", selected_page=NamedOption(id=page.id, name=page.name)
    )


@get(
    "/accounts/{account_id:str}/linkedin-organizations",
    opt=reading(),
    operation_id="getLinkedInOrganizations",
    tags=["Accounts"],
)
async def linkedin_organizations(
    request: CallerRequest, account_id: FromPath[str], refresh: Refresh = "false"
) -> OrganizationOptions:
    """Organizations the person of this account may post for."""
    listed = await _listed(request, account_id, "linkedin", refresh)
    organizations = [
        OrganizationOption(
            id=item.id,
            name=item.name,
            vanity_name=item.shown.get("vanityName"),
            localized_name=item.shown.get("localizedName"),
        )
        for item in listed.choices.items
    ]
    return OrganizationOptions(organizations=organizations, **_beside(listed))


@put(
    "/accounts/{account_id:str}/linkedin-organization",
    opt=writing(),
    operation_id="updateLinkedInOrganization",
    tags=["Accounts"],
)
async def switch_linkedin_organization(
    request: CallerRequest, account_id: FromPath[str], data: JSONBody[OrganizationSwitch]
) -> AccountSwitched:
    """Let the account stand for the person, or for another organization."""
    wanted = chosen_id(data.account_type, data.selected_organization)
    if wanted is None:
        found = await options.choose_person(service_of(request), caller_of(request), account_id, platform="linkedin")
    else:
        found, _ = await _choose(request, account_id, platform="linkedin", noun="organization", wanted=wanted)
    return AccountSwitched(message="LinkedIn account type updated successfully", account=to_shape(found))


@get("/accounts/{account_id:str}/pinterest-boards", opt=reading(), operation_id="getPinterestBoards", tags=["Accounts"])
async def pinterest_boards(
    request: CallerRequest, account_id: FromPath[str], refresh: Refresh = "false"
) -> BoardOptions:
    """Boards the account may pin to."""
    listed = await _listed(request, account_id, "pinterest", refresh)
    return BoardOptions(
        boards=[to_board(item) for item in listed.choices.items],
        default_board_id=listed.account.details.get("defaultBoardId"),
        **_beside(listed),
    )


@put(
    "/accounts/{account_id:str}/pinterest-boards",
    opt=writing(),
    operation_id="updatePinterestBoards",
    tags=["Accounts"],
)
async def set_pinterest_board(
    request: CallerRequest, account_id: FromPath[str], data: JSONBody[BoardSwitch]
) -> AccountSwitched:
    """Set the default board."""
    wanted = choosing.required("defaultBoardId", data.default_board_id)
    found, _ = await _choose(request, account_id, platform="pinterest", noun="board", wanted=wanted)
    return AccountSwitched(message="Default Pinterest board updated successfully", account=to_shape(found))


@get("/accounts/{account_id:str}/gmb-locations", opt=reading(), operation_id="getGmbLocations", tags=["Accounts"])
async def locations(request: CallerRequest, account_id: FromPath[str], refresh: Refresh = "false") -> LocationOptions:
    """Locations the person of this account manages."""
    listed = await _listed(request, account_id, "googlebusiness", refresh)
    return LocationOptions(
        locations=[to_location(item) for item in listed.choices.items],
        selected_location_id=listed.account.platform_account_id,
        **_beside(listed),
    )


@put("/accounts/{account_id:str}/gmb-locations", opt=writing(), operation_id="updateGmbLocation", tags=["Accounts"])
async def switch_location(
    request: CallerRequest, account_id: FromPath[str], data: JSONBody[LocationSwitch]
) -> LocationSwitched:
    """Let the account stand for another location."""
    wanted = choosing.required("selectedLocationId", data.selected_location_id)
    _, location = await _choose(request, account_id, platform="googlebusiness", noun="location", wanted=wanted)
    return LocationSwitched(
        message="Google Business location updated successfully",
        selected_location=NamedOption(id=location.id, name=location.name),
    )


@get(
    "/accounts/{account_id:str}/reddit-subreddits", opt=reading(), operation_id="getRedditSubreddits", tags=["Accounts"]
)
async def subreddits(request: CallerRequest, account_id: FromPath[str], refresh: Refresh = "false") -> SubredditOptions:
    """Subreddits the account may post to."""
    listed = await _listed(request, account_id, "reddit", refresh)
    found = [
        SubredditOption(
            id=item.id,
            name=item.name,
            title=item.shown.get("title"),
            url=str(item.shown.get("url") or ""),
            over18=bool(item.shown.get("over18")),
        )
        for item in listed.choices.items
    ]
    default = listed.account.details.get("defaultSubreddit")
    return SubredditOptions(subreddits=found, default_subreddit=default, **_beside(listed))


@put(
    "/accounts/{account_id:str}/reddit-subreddits",
    opt=writing(),
    operation_id="updateRedditSubreddits",
    tags=["Accounts"],
)
async def set_subreddit(request: CallerRequest, account_id: FromPath[str], data: JSONBody[SubredditSwitch]) -> Done:
    """Set the default subreddit, by its name with or without `r/`, whatever its case."""
    wanted = choosing.required("defaultSubreddit", data.default_subreddit)
    name = wanted.strip().lower().strip("/").removeprefix("r/")
    await options.choose_option(
        service_of(request),
        caller_of(request),
        account_id,
        platform="reddit",
        noun="subreddit",
        is_wanted=lambda item: item.name.lower() == name,
    )
    return Done(success=True)


async def _listed(request: CallerRequest, account_id: str, platform: str, refresh: str) -> Options:
    return await options.list_options(
        service_of(request), caller_of(request), account_id, platform=platform, refresh=to_bool("refresh", refresh)
    )


async def _choose(
    request: CallerRequest, account_id: str, *, platform: str, noun: str, wanted: str
) -> tuple[AccountOfProfile, Choice]:
    return await options.choose_option(
        service_of(request),
        caller_of(request),
        account_id,
        platform=platform,
        noun=noun,
        is_wanted=lambda item: item.id == wanted,
    )


def _beside(listed: Options) -> dict[str, Any]:
    unavailable = [NotedShape(id=one.id, name=one.name, reason=one.reason) for one in listed.choices.unavailable]
    return {"unavailable": unavailable, "truncated": listed.choices.truncated, "cached": listed.cached}


ROUTES = [
    facebook_pages,
    switch_facebook_page,
    linkedin_organizations,
    switch_linkedin_organization,
    pinterest_boards,
    set_pinterest_board,
    locations,
    switch_location,
    subreddits,
    set_subreddit,
]
