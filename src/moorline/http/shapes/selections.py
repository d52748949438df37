"""Models of the lists to choose from and of the choices; the same items are listed after the connection."""

from typing import Any, Literal

import msgspec


class NotedShape(msgspec.Struct, kw_only=True, omit_defaults=True):
    """Something the platform named, and what is to be said of it."""

    id: str | None = None
    name: str
    reason: str


class ListShape(msgspec.Struct, kw_only=True):
    """What every list tells beside its documented array.

    `unavailable` cannot be chosen, `alreadyConnected` can, again; `truncated`: the list goes on beyond what was read.
    """

    unavailable: list[NotedShape]
    already_connected: list[NotedShape] = msgspec.field(name="alreadyConnected")
    truncated: bool


class PageShape(msgspec.Struct, kw_only=True):
    """One Facebook Page; `access_token` is a sealed handle that stands for its token."""

    id: str
    name: str
    username: str | None
    access_token: str
    category: str | None
    tasks: list[str]


class PageList(ListShape, kw_only=True):
    """Facebook Pages to choose from."""

    pages: list[PageShape]


class LocationShape(msgspec.Struct, kw_only=True):
    """One location of a Google Business account."""

    id: str
    name: str
    account_id: str = msgspec.field(name="accountId")
    account_name: str | None = msgspec.field(name="accountName")
    address: str | None
    category: str | None
    website_url: str | None = msgspec.field(name="websiteUrl")


class LocationList(ListShape, kw_only=True):
    """Locations to choose from."""

    locations: list[LocationShape]


class BoardShape(msgspec.Struct, kw_only=True):
    """One Pinterest board."""

    id: str
    name: str
    description: str | None
    privacy: str | None


class BoardList(ListShape, kw_only=True):
    """Boards to choose from."""

    boards: list[BoardShape]


class PublicProfileShape(msgspec.Struct, kw_only=True):
    """One Snapchat public profile."""

    id: str
    display_name: str
    username: str | None
    profile_image_url: str | None
    subscriber_count: int


class PublicProfileList(ListShape, kw_only=True):
    """Public profiles to choose from."""

    public_profiles: list[PublicProfileShape] = msgspec.field(name="publicProfiles")


class OrganizationShape(msgspec.Struct, kw_only=True):
    """One LinkedIn organization the person may post for."""

    id: str
    urn: str | None
    name: str
    vanity_name: str | None = msgspec.field(name="vanityName")


class PendingData(ListShape, kw_only=True, omit_defaults=True):
    """What a pendingDataToken stands for; its tokens are sealed handles."""

    platform: str
    profile_id: str = msgspec.field(name="profileId")
    temp_token: str = msgspec.field(name="tempToken")
    refresh_token: str | None = msgspec.field(name="refreshToken", default=None)
    expires_in: int | None = msgspec.field(name="expiresIn", default=None)
    user_profile: dict[str, Any] = msgspec.field(name="userProfile")
    selection_type: Literal["organizations"] = msgspec.field(name="selectionType")
    organizations: list[OrganizationShape]


class OrganizationDetails(msgspec.Struct, kw_only=True, omit_defaults=True):
    """Details of one organization; what LinkedIn does not tell, or not this person, is left out."""

    id: str
    logo_url: str | None = msgspec.field(name="logoUrl", default=None)
    vanity_name: str | None = msgspec.field(name="vanityName", default=None)
    website: str | None = None
    industry: str | None = None
    description: str | None = None


class OrganizationDetailsList(msgspec.Struct, kw_only=True):
    """Details, in the order asked for."""

    organizations: list[OrganizationDetails]


class ChoiceBody(msgspec.Struct, kw_only=True):
    """What every choice comes with. What a connect token knows already may be left out; `userProfile`,
    `refreshToken` and `expiresIn` are read by nobody: the server holds the consent itself.
    """

    profile_id: str | None = msgspec.field(name="profileId", default=None)
    temp_token: str | None = msgspec.field(name="tempToken", default=None)
    user_profile: Any = msgspec.field(name="userProfile", default=None)
    redirect_url: str | None = None
    redirect_url_camel: str | None = msgspec.field(name="redirectUrl", default=None)


class PageChoice(ChoiceBody, kw_only=True):
    """The chosen Page."""

    page_id: str | None = msgspec.field(name="pageId", default=None)


class LocationChoice(ChoiceBody, kw_only=True):
    """The chosen location."""

    location_id: str | None = msgspec.field(name="locationId", default=None)


class BoardChoice(ChoiceBody, kw_only=True):
    """The chosen board; its name comes from Pinterest, whatever `boardName` says."""

    board_id: str | None = msgspec.field(name="boardId", default=None)
    board_name: Any = msgspec.field(name="boardName", default=None)
    refresh_token: Any = msgspec.field(name="refreshToken", default=None)
    expires_in: Any = msgspec.field(name="expiresIn", default=None)


class PublicProfileChoice(ChoiceBody, kw_only=True):
    """The chosen public profile: an object with its `id`, or that object's JSON text."""

    selected_public_profile: Any = msgspec.field(name="selectedPublicProfile", default=None)
    refresh_token: Any = msgspec.field(name="refreshToken", default=None)
    expires_in: Any = msgspec.field(name="expiresIn", default=None)


class OrganizationChoice(ChoiceBody, kw_only=True):
    """The person's own account, or the chosen organization: an object with its `id` or `urn`, or its JSON text."""

    account_type: str | None = msgspec.field(name="accountType", default=None)
    selected_organization: Any = msgspec.field(name="selectedOrganization", default=None)
