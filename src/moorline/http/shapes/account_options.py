"""Models of what a connected account may be switched to."""

from typing import Any

import msgspec

from moorline.http.shapes.accounts import AccountShape
from moorline.http.shapes.selections import BoardShape, LocationShape, NotedShape


class OptionsShape(msgspec.Struct, kw_only=True):
    """What every list of options tells beside its documented array; `cached`: read at most ten minutes ago."""

    unavailable: list[NotedShape]
    truncated: bool
    cached: bool


class PageOption(msgspec.Struct, kw_only=True):
    """One Facebook Page."""

    id: str
    name: str
    username: str | None
    category: str | None
    fan_count: int | None


class PageOptions(OptionsShape, kw_only=True):
    """Facebook Pages the account may stand for."""

    pages: list[PageOption]
    selected_page_id: str = msgspec.field(name="selectedPageId")


class PageSwitch(msgspec.Struct, kw_only=True):
    """The Page to switch to."""

    selected_page_id: str | None = msgspec.field(name="selectedPageId", default=None)


class NamedOption(msgspec.Struct, kw_only=True):
    """What the account stands for now."""

    id: str
    name: str


class PageSwitched(msgspec.Struct, kw_only=True):
    """The Page the account stands for now."""

    message: str
    selected_page: NamedOption = msgspec.field(name="selectedPage")


class OrganizationOption(msgspec.Struct, kw_only=True):
    """One LinkedIn organization."""

    id: str
    name: str
    vanity_name: str | None = msgspec.field(name="vanityName")
    localized_name: str | None = msgspec.field(name="localizedName")


class OrganizationOptions(OptionsShape, kw_only=True):
    """Organizations the account may stand for."""

    organizations: list[OrganizationOption]


class OrganizationSwitch(msgspec.Struct, kw_only=True):
    """What the account is to stand for: the person, or an organization (an object with `id` or `urn`)."""

    account_type: str | None = msgspec.field(name="accountType", default=None)
    selected_organization: Any = msgspec.field(name="selectedOrganization", default=None)


class AccountSwitched(msgspec.Struct, kw_only=True):
    """The account as it is now."""

    message: str
    account: AccountShape


class BoardOptions(OptionsShape, kw_only=True):
    """Boards the account may pin to."""

    boards: list[BoardShape]
    default_board_id: str | None = msgspec.field(name="defaultBoardId", default=None)


class BoardSwitch(msgspec.Struct, kw_only=True):
    """The default board; its name comes from Pinterest, whatever `defaultBoardName` says."""

    default_board_id: str | None = msgspec.field(name="defaultBoardId", default=None)
    default_board_name: Any = msgspec.field(name="defaultBoardName", default=None)


class LocationOptions(OptionsShape, kw_only=True):
    """Locations the account may stand for."""

    locations: list[LocationShape]
    selected_location_id: str = msgspec.field(name="selectedLocationId")


class LocationSwitch(msgspec.Struct, kw_only=True):
    """The location to switch to."""

    selected_location_id: str | None = msgspec.field(name="selectedLocationId", default=None)


class LocationSwitched(msgspec.Struct, kw_only=True):
    """The location the account stands for now."""

    message: str
    selected_location: NamedOption = msgspec.field(name="selectedLocation")


class SubredditOption(msgspec.Struct, kw_only=True):
    """One subreddit the person is subscribed to or moderates."""

    id: str
    name: str
    title: str | None
    url: str
    over18: bool


class SubredditOptions(OptionsShape, kw_only=True):
    """Subreddits the account may post to."""

    subreddits: list[SubredditOption]
    default_subreddit: str | None = msgspec.field(name="defaultSubreddit", default=None)


class SubredditSwitch(msgspec.Struct, kw_only=True):
    """The default subreddit, by its name."""

    default_subreddit: str | None = msgspec.field(name="defaultSubreddit", default=None)


class Done(msgspec.Struct, kw_only=True):
    """It is set."""

    success: bool
