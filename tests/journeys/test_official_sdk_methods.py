"""Every method of the official SDK's connect and accounts resources, by its blocking and by its asynchronous client.

Each test says which methods it walks and is held to that; what no test walks is named with the reason.
"""

import inspect
import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest
from late import Late
from late.resources._generated.accounts import AccountsResource
from late.resources._generated.connect import ConnectResource

from tests.journeys.journey import APP_URL, Journey, query_of

RESOURCES = (ConnectResource, AccountsResource)
NOT_WALKED = {
    "complete_telegram_connect": "its own client has no PATCH",
    "get_follower_stats": "analytics, no part of the Connect API",
    "get_google_business_reviews": "reviews, no part of the Connect API",
    "get_linked_in_mentions": "posting, no part of the Connect API",
}
Test = Callable[..., Any]
WALKED: dict[str, frozenset[str]] = {}


def walks(*names: str) -> Callable[[Test], Test]:
    """Says which methods a test calls; the fixture `sdk` holds it to that."""

    def note(test: Test) -> Test:
        WALKED[test.__name__] = frozenset(names)
        return test

    return note


class Sdk:
    """One of the SDK's two clients, its methods called by their blocking names; notes which ones were."""

    def __init__(self, late: Late, *, prefix: str) -> None:
        self._resources = (late.connect, AccountsResource(late))
        self._prefix = prefix
        self.called: set[str] = set()

    async def __call__(self, name: str, *given: object, **named: object) -> Any:
        self.called.add(name)
        (method,) = (found for one in self._resources if (found := getattr(one, self._prefix + name, None)))
        told = method(*given, **named)
        return await told if self._prefix else told


@pytest.fixture(params=["", "a"], ids=["blocking", "asynchronous"])
def sdk(request: pytest.FixtureRequest, journey: Journey) -> Iterator[Sdk]:
    sdk = Sdk(Late(journey.server.api_key, base_url=f"{journey.server.base_url}/api"), prefix=request.param)
    yield sdk
    assert sdk.called == WALKED[request.function.__name__]


def methods_of(resource: type, *, asynchronous: bool) -> set[str]:
    found = inspect.getmembers(resource, inspect.isfunction)
    return {name for name, one in found if name[0] != "_" and inspect.iscoroutinefunction(one) is asynchronous}


async def listed(journey: Journey, sdk: Sdk) -> list[Any]:
    """The accounts of this journey's profile."""
    accounts: list[Any] = (await sdk("list_accounts", profile_id=journey.profile_id))["accounts"]
    return accounts


def handles(fields: Mapping[str, str]) -> tuple[str, str]:
    return fields["profileId"], fields["tempToken"]


# --- no method is left out --------------------------------------------------------------------------------------------


def test_every_method_is_walked_or_named_with_the_reason() -> None:
    walked = {name for names in WALKED.values() for name in names}
    assert walked | set(NOT_WALKED) == {name for one in RESOURCES for name in methods_of(one, asynchronous=False)}
    assert walked.isdisjoint(NOT_WALKED)


@pytest.mark.parametrize("resource", RESOURCES)
def test_every_method_has_its_asynchronous_twin(resource: type) -> None:
    blocking = methods_of(resource, asynchronous=False)
    assert methods_of(resource, asynchronous=True) == {f"a{name}" for name in blocking}


async def test_the_telegram_poll_cannot_be_made_by_the_sdk(journey: Journey) -> None:
    late = Late(journey.server.api_key, base_url=f"{journey.server.base_url}/api")
    with pytest.raises(AttributeError, match="_patch"):
        late.connect.complete_telegram_connect("LATE-ABC123")


# --- connections without a choice -------------------------------------------------------------------------------------


@walks("get_connect_url", "handle_o_auth_callback")
async def test_a_server_hands_in_the_code_itself(journey: Journey, sdk: Sdk) -> None:
    started = await sdk("get_connect_url", "youtube", journey.profile_id)
    returned = query_of(await journey.consent(started["authUrl"], browser=await journey.browser()))
    done = await sdk("handle_o_auth_callback", "youtube", returned["code"], returned["state"], journey.profile_id)
    assert done["account"]["username"] == "analimabakes"


@walks("handle_o_auth_callback", "list_facebook_pages")
async def test_a_code_handed_in_opens_the_choice_of_a_platform_with_one(journey: Journey, sdk: Sdk) -> None:
    started = await journey.start("facebook", headless=True)
    returned = query_of(await journey.consent(started["authUrl"], browser=await journey.browser()))
    opened = await sdk("handle_o_auth_callback", "facebook", returned["code"], returned["state"], journey.profile_id)
    assert (await sdk("list_facebook_pages", *handles(opened)))["pages"]


@walks("connect_bluesky_credentials")
async def test_bluesky_credentials_connect_with_the_documented_state(journey: Journey, sdk: Sdk) -> None:
    state = f"{journey.server.user_id}-{journey.profile_id}"
    done = await sdk("connect_bluesky_credentials", "other.example.net", "othr-othr-othr-othr", state)
    assert (done["account"]["platform"], done["account"]["username"]) == ("bluesky", "other.example.net")


@walks("get_telegram_connect_status", "list_accounts")
async def test_a_telegram_channel_connects_by_a_code(journey: Journey, sdk: Sdk) -> None:
    code = (await sdk("get_telegram_connect_status", journey.profile_id))["code"]
    await journey.tell_bot(f"{code} @mychannel")
    told = await journey.until(lambda told: told["status"] == "connected", code)
    assert [account["_id"] for account in await listed(journey, sdk)] == [told["account"]["_id"]]


@walks("initiate_telegram_connect", "update_account", "delete_account", "list_accounts")
async def test_a_telegram_channel_connects_by_its_id_and_is_renamed_and_disconnected(
    journey: Journey, sdk: Sdk
) -> None:
    done = await sdk("initiate_telegram_connect", "-1001234567890", journey.profile_id)
    assert (done["account"]["username"], done["account"]["chatType"]) == ("mychannel", "channel")
    account_id = done["account"]["_id"]
    renamed = await sdk("update_account", account_id, display_name="Our channel")
    assert (renamed["username"], renamed["displayName"]) == ("mychannel", "Our channel")
    await sdk("delete_account", account_id)
    assert await listed(journey, sdk) == []


@walks("initiate_telegram_connect", "get_all_accounts_health", "get_account_health")
async def test_the_health_of_an_account_is_told_in_the_list_and_by_its_id(journey: Journey, sdk: Sdk) -> None:
    account = (await sdk("initiate_telegram_connect", "@mychannel", journey.profile_id))["account"]
    told = await sdk("get_all_accounts_health", profile_id=journey.profile_id, platform="telegram", status="healthy")
    assert [(one["accountId"], one["status"]) for one in told["accounts"]] == [(account["_id"], "healthy")]
    one = await sdk("get_account_health", account["_id"])
    assert (one["accountId"], one["status"]) == (account["_id"], "healthy")


# --- choices, and options after the connection ------------------------------------------------------------------------


@walks("list_facebook_pages", "select_facebook_page", "get_facebook_pages", "update_facebook_page")
async def test_a_facebook_page_is_chosen_and_then_switched(journey: Journey, sdk: Sdk) -> None:
    fields = await journey.selection()
    pages = (await sdk("list_facebook_pages", *handles(fields)))["pages"]
    cafe = next(page for page in pages if page["name"] == "Northwind Cafe")
    whoever = {"id": "whoever", "name": "somebody else"}
    profile_id, token = handles(fields)
    done = await sdk("select_facebook_page", profile_id, cafe["id"], token, user_profile=whoever, redirect_url=APP_URL)
    assert done["message"] == "Facebook page connected successfully"
    assert done["account"]["selectedPageName"] == "Northwind Cafe"
    assert query_of(done["redirect_url"])["username"] == "Northwind Cafe"

    account_id = done["account"]["accountId"]
    options = await sdk("get_facebook_pages", account_id)
    assert options["selectedPageId"] == cafe["id"]
    other = next(page for page in options["pages"] if page["name"] == "Northwind Bakery")
    switched = await sdk("update_facebook_page", account_id, other["id"])
    assert switched["selectedPage"] == {"id": other["id"], "name": "Northwind Bakery"}
    assert (await sdk("get_facebook_pages", account_id))["selectedPageId"] == other["id"]


@walks(
    "list_google_business_locations",
    "select_google_business_location",
    "get_gmb_locations",
    "update_gmb_location",
)
async def test_a_business_location_is_chosen_and_then_switched(journey: Journey, sdk: Sdk) -> None:
    fields = await journey.selection("googlebusiness")
    first, second, *_ = (await sdk("list_google_business_locations", *handles(fields)))["locations"]
    profile_id, token = handles(fields)
    done = await sdk(
        "select_google_business_location",
        profile_id,
        first["id"],
        token,
        user_profile=json.loads(fields["userProfile"]),
        redirect_url=APP_URL,
    )
    account = done["account"]
    assert (account["selectedLocationId"], account["selectedLocationName"]) == (first["id"], first["name"])
    assert query_of(done["redirect_url"])["accountId"] == account["accountId"]

    options = await sdk("get_gmb_locations", account["accountId"])
    assert options["selectedLocationId"] == first["id"]
    switched = await sdk("update_gmb_location", account["accountId"], second["id"])
    assert switched["selectedLocation"] == {"id": second["id"], "name": second["name"]}
    assert (await sdk("get_gmb_locations", account["accountId"]))["selectedLocationId"] == second["id"]


@walks(
    "list_pinterest_boards_for_selection",
    "select_pinterest_board",
    "get_pinterest_boards",
    "update_pinterest_boards",
)
async def test_a_pinterest_board_is_chosen_and_then_another_made_the_default(journey: Journey, sdk: Sdk) -> None:
    fields = await journey.selection("pinterest")
    connect_token = fields["connect_token"]
    boards = (await sdk("list_pinterest_boards_for_selection", connect_token, *handles(fields)))["boards"]
    profile_id, token = handles(fields)
    done = await sdk(
        "select_pinterest_board",
        profile_id,
        boards[0]["id"],
        token,
        board_name=boards[0]["name"],
        user_profile=json.loads(fields["userProfile"]),
        refresh_token="none of ours",
        expires_in=2592000,
        redirect_url=APP_URL,
    )
    assert done["account"]["defaultBoardName"] == boards[0]["name"]
    assert query_of(done["redirect_url"])["board"] == boards[0]["name"]

    account_id = done["account"]["accountId"]
    assert (await sdk("get_pinterest_boards", account_id))["boards"] == boards
    other = boards[1]
    switched = await sdk("update_pinterest_boards", account_id, other["id"], default_board_name=other["name"])
    assert switched["account"]["_id"] == account_id
    assert (await sdk("get_pinterest_boards", account_id))["defaultBoardId"] == other["id"]


@walks("list_snapchat_profiles", "select_snapchat_profile", "list_accounts")
async def test_a_snapchat_public_profile_is_chosen(journey: Journey, sdk: Sdk) -> None:
    fields = await journey.selection("snapchat")
    connect_token = fields["connect_token"]
    found = (await sdk("list_snapchat_profiles", connect_token, *handles(fields)))["publicProfiles"]
    assert found[0] in json.loads(fields["publicProfiles"])
    profile_id, token = handles(fields)
    done = await sdk(
        "select_snapchat_profile",
        profile_id,
        found[1],
        token,
        json.loads(fields["userProfile"]),
        x_connect_token=connect_token,
        refresh_token="none of ours",
        expires_in=1800,
        redirect_url=APP_URL,
    )
    assert done["account"]["publicProfileName"] == found[1]["display_name"]
    assert query_of(done["redirect_url"])["publicProfile"] == found[1]["display_name"]
    (account,) = await listed(journey, sdk)
    assert (account["_id"], account["username"]) == (done["account"]["accountId"], found[1]["username"])


@walks(
    "get_pending_o_auth_data",
    "list_linked_in_organizations",
    "select_linked_in_organization",
    "get_linked_in_organizations",
    "update_linked_in_organization",
    "list_accounts",
)
async def test_a_linkedin_person_and_an_organization_are_chosen_and_then_switched(journey: Journey, sdk: Sdk) -> None:
    fields = await journey.selection("linkedin")
    pending = await sdk("get_pending_o_auth_data", fields["pendingDataToken"])
    first, second, *_ = pending["organizations"]
    profile_id, token, who = pending["profileId"], pending["tempToken"], pending["userProfile"]
    details = (await sdk("list_linked_in_organizations", token, f"{second['id']},{first['id']}"))["organizations"]
    assert [(one["id"], one["vanityName"]) for one in details] == [
        (one["id"], one["vanityName"]) for one in (second, first)
    ]

    choose = "select_linked_in_organization"
    person = await sdk(choose, profile_id, token, who, "personal", redirect_url=APP_URL)
    assert (person["account"]["accountType"], person["account"]["displayName"]) == ("personal", "Ana Lima")
    assert query_of(person["redirect_url"])["accountId"] == person["account"]["accountId"]
    company = await sdk(choose, profile_id, token, who, "organization", selected_organization=first)
    assert (company["account"]["accountType"], company["account"]["displayName"]) == ("organization", first["name"])
    assert company["bulkRefresh"]["updatedCount"] >= 1

    account_id = company["account"]["accountId"]
    options = (await sdk("get_linked_in_organizations", account_id))["organizations"]
    assert [one["id"] for one in options] == [one["id"] for one in pending["organizations"]]
    change = "update_linked_in_organization"
    switched = await sdk(change, account_id, "organization", selected_organization=options[1])
    assert (switched["account"]["_id"], switched["account"]["username"]) == (account_id, options[1]["vanityName"])
    assert {account["displayName"] for account in await listed(journey, sdk)} == {"Ana Lima", options[1]["name"]}


@walks("get_connect_url", "list_accounts", "get_reddit_subreddits", "update_reddit_subreddits")
async def test_a_subreddit_is_made_the_default(journey: Journey, sdk: Sdk) -> None:
    started = await sdk("get_connect_url", "reddit", journey.profile_id, redirect_url=APP_URL)
    landed = query_of(await journey.through_pages(started["authUrl"]))
    (account,) = await listed(journey, sdk)
    assert account["_id"] == landed["accountId"]
    wanted = (await sdk("get_reddit_subreddits", account["_id"]))["subreddits"][3]
    assert await sdk("update_reddit_subreddits", account["_id"], wanted["name"]) == {"success": True}
    assert (await sdk("get_reddit_subreddits", account["_id"]))["defaultSubreddit"] == wanted["name"]


@walks("get_pending_o_auth_data", "select_linked_in_organization", "update_linked_in_organization", "list_accounts")
async def test_a_linkedin_organization_gives_way_to_the_person(journey: Journey, sdk: Sdk) -> None:
    pending = await sdk("get_pending_o_auth_data", (await journey.selection("linkedin"))["pendingDataToken"])
    given = (pending["profileId"], pending["tempToken"], pending["userProfile"], "organization")
    one = await sdk("select_linked_in_organization", *given, selected_organization=pending["organizations"][0])
    await sdk("update_linked_in_organization", one["account"]["accountId"], "personal")
    (account,) = await listed(journey, sdk)
    assert (account["_id"], account["displayName"]) == (one["account"]["accountId"], "Ana Lima")
