"""Where each platform's choice is listed and saved, at the connection and after it, and what such a call says."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from tests.journeys.journey import Answer, Journey

Body = Mapping[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """A choice that ends a connection. LinkedIn's is listed in its pending data; `endpoint` is the platform's list."""

    platform: str
    listing: str
    saving: str
    listed: str
    endpoint: str
    body_of: Callable[[str], Body]


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """What a connected account may be switched to; `body_of` takes an item of the list."""

    platform: str
    listing: str
    saving: str
    listed: str
    endpoint: str
    body_of: Callable[[Mapping[str, Any]], Body]


CHOICES = (
    Choice(
        platform="facebook",
        listing="connect/facebook/select-page",
        saving="connect/facebook/select-page",
        listed="pages",
        endpoint="GET /{version}/me/accounts",
        body_of=lambda one: {"pageId": one},
    ),
    Choice(
        platform="googlebusiness",
        listing="connect/googlebusiness/locations",
        saving="connect/googlebusiness/select-location",
        listed="locations",
        endpoint="GET /v1/accounts/{account_id}/locations",
        body_of=lambda one: {"locationId": one},
    ),
    Choice(
        platform="pinterest",
        listing="connect/pinterest/select-board",
        saving="connect/pinterest/select-board",
        listed="boards",
        endpoint="GET /v5/boards",
        body_of=lambda one: {"boardId": one},
    ),
    Choice(
        platform="snapchat",
        listing="connect/snapchat/select-profile",
        saving="connect/snapchat/select-profile",
        listed="publicProfiles",
        endpoint="GET /v1/organizations/{organization_id}/public_profiles",
        body_of=lambda one: {"selectedPublicProfile": {"id": one}, "userProfile": {}},
    ),
    Choice(
        platform="linkedin",
        listing="connect/pending-data",
        saving="connect/linkedin/select-organization",
        listed="organizations",
        endpoint="GET /rest/organizationAcls",
        body_of=lambda one: {
            "accountType": "organization",
            "selectedOrganization": {"id": one},
            "userProfile": {},
        },
    ),
)
OPTIONS = (
    Option(
        platform="facebook",
        listing="facebook-page",
        saving="facebook-page",
        listed="pages",
        endpoint="GET /{version}/me/accounts",
        body_of=lambda item: {"selectedPageId": item["id"]},
    ),
    Option(
        platform="linkedin",
        listing="linkedin-organizations",
        saving="linkedin-organization",
        listed="organizations",
        endpoint="GET /rest/organizationAcls",
        body_of=lambda item: {"accountType": "organization", "selectedOrganization": {"id": item["id"]}},
    ),
    Option(
        platform="pinterest",
        listing="pinterest-boards",
        saving="pinterest-boards",
        listed="boards",
        endpoint="GET /v5/boards",
        body_of=lambda item: {"defaultBoardId": item["id"], "defaultBoardName": item["name"]},
    ),
    Option(
        platform="googlebusiness",
        listing="gmb-locations",
        saving="gmb-locations",
        listed="locations",
        endpoint="GET /v1/accounts/{account_id}/locations",
        body_of=lambda item: {"selectedLocationId": item["id"]},
    ),
    Option(
        platform="reddit",
        listing="reddit-subreddits",
        saving="reddit-subreddits",
        listed="subreddits",
        endpoint="GET /subreddits/mine/subscriber",
        body_of=lambda item: {"defaultSubreddit": item["name"]},
    ),
)


async def opened(journey: Journey, choice: Choice, **decision: Any) -> dict[str, Any]:
    """An open choice: the fields of its redirect, its `tempToken`, and its list as answered."""
    fields = await journey.selection(choice.platform, **decision)
    if "pendingDataToken" in fields:
        query = {"token": fields["pendingDataToken"]}
    else:
        query = {"profileId": fields["profileId"], "tempToken": fields["tempToken"]}
    return {**fields, **await journey.get(choice.listing, **query)}


async def save(journey: Journey, choice: Choice, fields: Mapping[str, Any], one: str, **more: object) -> Answer:
    """Choose by API key."""
    body = {name: fields[name] for name in ("profileId", "tempToken")} | dict(choice.body_of(one)) | more
    return await journey.call("POST", choice.saving, body=body)
