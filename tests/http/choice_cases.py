"""What differs between the choices of Pinterest, Google Business and Snapchat, and the calls their tests share."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import pytest

from tests.harness import Answer, World


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """What differs. `first` and `second` are things of `plenty`, `refused` what is named but cannot be chosen."""

    platform: str
    listing: str
    saving: str
    listed: str
    endpoint: str
    carried: tuple[str, ...]
    step: str
    field: str
    body_of: Callable[[str], dict[str, object]]
    first: tuple[str, str]
    second: tuple[str, str]
    refused: str
    item: Mapping[str, object]
    message: str
    account: Mapping[str, object]
    added: Mapping[str, str]
    noun: str
    missing_status: int
    unknown_profile: tuple[int, int]  # of the list, of the choice
    nothing: str


PINTEREST = Case(
    platform="pinterest",
    listing="/v1/connect/pinterest/select-board",
    saving="/v1/connect/pinterest/select-board",
    listed="boards",
    endpoint="GET /v5/boards",
    carried=("tempToken", "userProfile"),
    step="select_board",
    field="boardId",
    body_of=lambda one: {"boardId": one, "boardName": "a lie"},
    first=("710000000000000102", "Sourdough"),
    second=("710000000000000130", "Harbour Market Stalls"),
    refused="710000000000000180",
    item={"description": "Sourdough of Northwind Bakery", "privacy": "PUBLIC"},
    message="Pinterest connected successfully with default board",
    account={
        "username": "northwindbakery",
        "displayName": "Northwind Bakery",
        "profilePicture": "https://i.pinimg.com/600x600_R/93/8101.jpg",
        "defaultBoardName": "Sourdough",
    },
    added={"board": "Sourdough"},
    noun="board",
    missing_status=400,
    unknown_profile=(403, 403),
    nothing="no_pinterest_boards",
)
GOOGLE = Case(
    platform="googlebusiness",
    listing="/v1/connect/googlebusiness/locations",
    saving="/v1/connect/googlebusiness/select-location",
    listed="locations",
    endpoint="GET /v1/accounts/{account_id}/locations",
    carried=("tempToken", "userProfile"),
    step="select_location",
    field="locationId",
    body_of=lambda one: {"locationId": one},
    first=("9281089117903930101", "Northwind Bakery Dock Street"),
    second=("9281089117903930113", "Harbour Flower Stall"),
    refused="9281089117903930109",
    item={
        "accountId": "accounts/104000000000000000101",
        "accountName": "Northwind Bakery",
        "address": "1 Harbour Road, Portland, ME",
        "category": "Bakery",
        "websiteUrl": "https://northwind.example",
    },
    message="Google Business location connected successfully",
    account={
        "username": "Northwind Bakery Dock Street",
        "displayName": "Northwind Bakery Dock Street",
        "selectedLocationName": "Northwind Bakery Dock Street",
        "selectedLocationId": "9281089117903930101",
    },
    added={},
    noun="location",
    missing_status=404,
    unknown_profile=(400, 404),
    nothing="no_business_locations",
)
SNAPCHAT = Case(
    platform="snapchat",
    listing="/v1/connect/snapchat/select-profile",
    saving="/v1/connect/snapchat/select-profile",
    listed="publicProfiles",
    endpoint="GET /v1/organizations/{organization_id}/public_profiles",
    carried=("tempToken", "userProfile", "publicProfiles"),
    step="select_public_profile",
    field="selectedPublicProfile",
    body_of=lambda one: {"selectedPublicProfile": {"id": one, "display_name": "a lie"}},
    first=("abc10000-0000-4000-8000-000000000101", "Northwind Bakery"),
    second=("abc10000-0000-4000-8000-000000000102", "Northwind Cafe"),
    refused="abc10000-0000-4000-8000-000000000301",
    item={
        "username": "northwindbakery",
        "profile_image_url": ("https://cf-st.sc-cdn.net/aps/moorline/abc10000-0000-4000-8000-000000000101/manage.jpg"),
        "subscriber_count": 15000,
    },
    message="Snapchat connected successfully with public profile",
    account={
        "username": "northwindbakery",
        "displayName": "Northwind Bakery",
        "profilePicture": ("https://cf-st.sc-cdn.net/aps/moorline/abc10000-0000-4000-8000-000000000101/manage.jpg"),
        "publicProfileName": "Northwind Bakery",
    },
    added={"publicProfile": "Northwind Bakery"},
    noun="public profile",
    missing_status=400,
    unknown_profile=(403, 403),
    nothing="no_public_profiles",
)
CASES = (PINTEREST, GOOGLE, SNAPCHAT)
for_each = pytest.mark.parametrize("case", CASES, ids=lambda case: case.platform)
account_is_the_choice = pytest.mark.parametrize("case", [GOOGLE, SNAPCHAT], ids=lambda case: case.platform)


async def listed(world: World, case: Case, fields: Mapping[str, str], **changes: str) -> Answer:
    query = {name: fields[name] for name in ("profileId", "tempToken")} | changes
    return await world.call("GET", case.listing, query=query)


async def listed_by_token(world: World, case: Case, fields: Mapping[str, str], **query: str) -> Answer:
    """The list by the connect token alone."""
    headers = {"x-connect-token": fields["connect_token"]}
    return await world.call("GET", case.listing, key=None, headers=headers, query=query)


async def select(world: World, case: Case, fields: Mapping[str, str], choice: str, **more: object) -> Answer:
    body = {name: fields[name] for name in ("profileId", "tempToken")} | case.body_of(choice) | more
    return await world.call("POST", case.saving, body=body)


async def select_by_token(world: World, case: Case, fields: Mapping[str, str], choice: str, **more: object) -> Answer:
    """Choose by the connect token alone."""
    headers = {"x-connect-token": fields["connect_token"]}
    return await world.call("POST", case.saving, key=None, headers=headers, body=case.body_of(choice) | more)
