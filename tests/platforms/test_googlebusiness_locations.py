"""The Google Business adapter: which locations a person may pick."""

from typing import Any

import pytest

from moorline.adapter.oauth import MAX_ITEMS
from moorline.adapter.values import Choice, Choices, Unavailable
from moorline.errors import (
    AppMisconfigured,
    MoorlineError,
    PlatformRateLimited,
    Refused,
    ScopeMissing,
    UnexpectedReply,
    Unreachable,
)
from moorline.platforms.googlebusiness import AT_ONCE, Account, GoogleBusiness, to_address, to_location
from moorline.wire import Reply
from tests.platforms.googlebusiness_double import (
    ACCOUNTS,
    AGENCY,
    APP,
    COFFEE,
    GROUP,
    GROUPS_LOCATIONS,
    HELD,
    INFORMATION,
    JOHN,
    JOHNS_LOCATIONS,
    KIOSK,
    PERSON,
    PLUMBER,
    READ_MASK,
    Crowd,
    google_business,
    got,
    recorded,
    shared,
)
from tests.platforms.transport import Platform, answer

NORTH, SOUTH = "accounts/106", "accounts/107"
UNVERIFIED = "Google has not verified it. Verify it in its Business Profile, then connect again."
HIDDEN = "Google does not show you what belongs to this account. Ask one of its owners for access."
OWNER = Account(name=GROUP, title="My Business Account", kind="LOCATION_GROUP")


async def listed(platform: Platform) -> Choices:
    return await GoogleBusiness().list_choices(platform, APP, HELD, PERSON)


def ids_of(choices: Choices) -> list[str]:
    return [item.id for item in choices.items]


# Accounts


async def test_accounts_and_their_locations_are_asked_for_with_the_token_in_the_header() -> None:
    platform = google_business()

    await listed(platform)

    locations = {"readMask": READ_MASK, "pageSize": "100"}
    assert platform.sent == [
        got(ACCOUNTS, {"pageSize": "20"}),
        got(GROUPS_LOCATIONS, locations),
        got(JOHNS_LOCATIONS, locations),
    ]


async def test_every_result_page_of_accounts_is_read_also_behind_an_empty_one() -> None:
    pages = [recorded("accounts_1_of_3"), recorded("accounts_2_of_3_empty"), recorded("accounts_3_of_3")]
    platform = google_business({("GET", ACCOUNTS): pages})

    assert COFFEE in ids_of(await listed(platform))
    assert platform.asked(ACCOUNTS) == [
        got(ACCOUNTS, {"pageSize": "20"}),
        got(ACCOUNTS, {"pageSize": "20", "pageToken": "a2"}),
        got(ACCOUNTS, {"pageSize": "20", "pageToken": "a3"}),
    ]


async def test_no_more_than_a_few_accounts_are_asked_at_once() -> None:
    crowd = Crowd()

    choices = await listed(crowd)

    assert ids_of(choices) == [str(number) for number in range(1, 15)]
    assert crowd.most_at_once == AT_ONCE == 4


async def test_a_person_without_accounts_has_nothing_to_choose() -> None:
    platform = google_business({("GET", ACCOUNTS): recorded("empty")})

    assert await listed(platform) == Choices(items=())
    assert platform.urls() == [ACCOUNTS]


@pytest.mark.parametrize(
    "body", [[], {"accounts": None}, {"accounts": [{}]}, {"accounts": [{"name": 7}]}, {"accounts": [{"name": "a/1"}]}]
)
async def test_an_answer_that_lists_no_accounts_is_unexpected_and_not_none(body: object) -> None:
    with pytest.raises(UnexpectedReply):
        await listed(google_business({("GET", ACCOUNTS): answer(body)}))


async def test_an_account_without_title_is_shown_by_its_name() -> None:
    accounts = answer({"accounts": [{"name": GROUP, "type": "LOCATION_GROUP"}]})

    choices = await listed(google_business({("GET", ACCOUNTS): accounts}))

    assert choices.items[0].shown["accountName"] == GROUP


async def test_an_account_cannot_lead_to_another_path() -> None:
    platform = google_business({("GET", ACCOUNTS): answer({"accounts": [{"name": "accounts/..?x=1"}]})})

    with pytest.raises(Unreachable):
        await listed(platform)

    assert platform.urls()[-1] == f"{INFORMATION}/accounts/..%3Fx%3D1/locations"


# Organizations


def with_organization(inside: Reply | None, further: Reply | None = None) -> Platform:
    none = recorded("empty")
    return google_business(
        {
            ("GET", ACCOUNTS): [recorded("accounts_with_organization"), inside, further or none],
            **{("GET", f"{INFORMATION}/{account}/locations"): none for account in (AGENCY, SOUTH)},
            ("GET", f"{INFORMATION}/{NORTH}/locations"): recorded("locations_shared"),
        }
    )


async def test_accounts_inside_organizations_are_asked_for_too_each_once() -> None:
    platform = with_organization(recorded("accounts_in_105"))

    choices = await listed(platform)

    assert platform.asked(ACCOUNTS) == [
        got(ACCOUNTS, {"pageSize": "20"}),
        got(ACCOUNTS, {"pageSize": "20", "parentAccount": AGENCY}),
        got(ACCOUNTS, {"pageSize": "20", "parentAccount": SOUTH}),
    ]
    assert sorted(platform.urls()[3:]) == sorted(
        f"{INFORMATION}/{account}/locations" for account in (GROUP, AGENCY, NORTH, SOUTH, JOHN)
    )
    assert ids_of(choices) == [COFFEE, PLUMBER, "9281089117903930799"]


async def test_an_organization_that_does_not_show_its_accounts_is_named_with_the_reason() -> None:
    choices = await listed(with_organization(shared("call_permission_denied")))

    assert choices.unavailable[0] == Unavailable(id=AGENCY, name="Agency", reason=HIDDEN)
    assert ids_of(choices) == [COFFEE, PLUMBER]


async def test_a_failure_inside_an_organization_is_told() -> None:
    with pytest.raises(PlatformRateLimited):
        await listed(with_organization(shared("call_quota_of_the_minute")))


# Locations


async def test_a_location_is_offered_with_what_the_documented_list_shows() -> None:
    choices = await listed(google_business())

    assert choices.items[0] == Choice(
        id=COFFEE,
        name="Northwind Coffee",
        shown={
            "accountId": GROUP,
            "accountName": "My Business Account",
            "address": "123 Main St, San Francisco, CA",
            "category": "Coffee shop",
            "websiteUrl": "https://northwind.example",
        },
    )


async def test_a_business_that_goes_to_its_customers_has_no_address() -> None:
    [plumber] = [item for item in (await listed(google_business())).items if item.id == PLUMBER]

    assert (plumber.shown["address"], plumber.shown["websiteUrl"]) == ("", "")


async def test_every_result_page_of_locations_is_read_also_behind_an_empty_one() -> None:
    pages = [recorded("locations_1_of_3"), recorded("locations_2_of_3_empty"), recorded("locations_3_of_3")]
    platform = google_business({("GET", GROUPS_LOCATIONS): pages})

    assert ids_of(await listed(platform)) == [COFFEE, PLUMBER]
    first = {"readMask": READ_MASK, "pageSize": "100"}
    assert platform.asked(GROUPS_LOCATIONS) == [
        got(GROUPS_LOCATIONS, first),
        got(GROUPS_LOCATIONS, {**first, "pageToken": "b2"}),
        got(GROUPS_LOCATIONS, {**first, "pageToken": "b3"}),
    ]


async def test_a_location_of_two_accounts_is_offered_once_under_the_one_that_is_nobodys_own() -> None:
    choices = await listed(google_business({("GET", JOHNS_LOCATIONS): recorded("locations_shared")}))

    assert ids_of(choices) == [COFFEE, PLUMBER, "9281089117903930799"]
    assert [item.shown["accountId"] for item in choices.items] == [GROUP, GROUP, JOHN]


@pytest.mark.parametrize(
    "body",
    [
        [],
        {"locations": {}},
        {"locations": ["odd"]},
        {"locations": [{"title": "Odd"}]},
        {"locations": [{"name": 7}]},
        {"locations": [{"name": "locations/"}]},
        {"locations": [{"name": f"{GROUP}/locations/1"}]},
    ],
)
async def test_an_answer_that_lists_no_locations_is_unexpected_and_not_none(body: object) -> None:
    with pytest.raises(UnexpectedReply):
        await listed(google_business({("GET", GROUPS_LOCATIONS): answer(body)}))


@pytest.mark.parametrize(
    ("address", "line"),
    [
        ({"addressLines": ["1 A St", "Floor 2"], "locality": "Bern", "regionCode": "CH"}, "1 A St, Floor 2, Bern, CH"),
        ({"locality": "San Francisco", "administrativeArea": "CA", "regionCode": "US"}, "San Francisco, CA"),
        ({"addressLines": "odd", "locality": 7, "administrativeArea": " ", "regionCode": "US"}, "US"),
        ({"addressLines": [7, None, " 1 A St "]}, "1 A St"),
        ({}, ""),
    ],
)
def test_an_address_is_one_line_of_the_parts_there_are(address: dict[str, Any], line: str) -> None:
    assert to_address(address) == line


@pytest.mark.parametrize("odd", [None, 7, "odd", [], {"primaryCategory": "odd"}, {"primaryCategory": {}}])
def test_odd_fields_of_a_location_are_empty(odd: object) -> None:
    raw = {"name": "locations/1", "title": None, "storefrontAddress": odd, "categories": odd, "metadata": odd}

    location = to_location({**raw, "websiteUri": 7}, OWNER)

    shown = {"accountId": GROUP, "accountName": OWNER.title, "address": "", "category": "", "websiteUrl": ""}
    assert location.choice == Choice(id="1", name="1", shown=shown)
    assert location.maps_url is None


async def test_a_list_too_long_is_told_as_truncated() -> None:
    def page(start: int) -> Reply:
        rows = [{"name": f"locations/{number}"} for number in range(start, start + MAX_ITEMS // 2)]
        return answer({"locations": rows, "nextPageToken": str(start)})

    pages = [page(start) for start in (0, 5000, 10000)]
    further = {("GET", JOHNS_LOCATIONS): recorded("locations_shared")}
    platform = google_business({("GET", GROUPS_LOCATIONS): pages, **further})

    choices = await listed(platform)

    assert (len(choices.items), choices.truncated) == (MAX_ITEMS, True)
    assert len(platform.asked(GROUPS_LOCATIONS)) == 2
    assert (await listed(google_business())).truncated is False


# What cannot be picked


async def test_a_location_that_is_not_verified_is_named_with_the_reason() -> None:
    choices = await listed(google_business())

    assert choices.unavailable == (Unavailable(id=KIOSK, name="Harbour Kiosk", reason=UNVERIFIED),)
    assert KIOSK not in ids_of(choices)


async def test_a_location_of_which_google_does_not_say_whether_it_is_verified_is_offered() -> None:
    choices = await listed(google_business({("GET", GROUPS_LOCATIONS): recorded("locations_bare")}))

    assert (len(choices.items), choices.unavailable) == (1, ())


@pytest.mark.parametrize("name", ["call_permission_denied", "call_not_found"])
async def test_an_account_that_refuses_does_not_hide_the_others_and_is_named(name: str) -> None:
    choices = await listed(google_business({("GET", JOHNS_LOCATIONS): shared(name)}))

    assert ids_of(choices) == [COFFEE, PLUMBER]
    assert Unavailable(id=JOHN, name="John Doe", reason=HIDDEN) in choices.unavailable


async def test_an_account_that_refuses_a_later_page_is_not_shown_in_part() -> None:
    pages = [recorded("locations_1_of_3"), shared("call_permission_denied")]

    choices = await listed(google_business({("GET", GROUPS_LOCATIONS): pages}))

    assert choices == Choices(items=(), unavailable=(Unavailable(id=GROUP, name="My Business Account", reason=HIDDEN),))


async def test_an_organization_hidden_in_two_ways_is_named_once() -> None:
    denied = shared("call_permission_denied")
    platform = google_business(
        {
            ("GET", ACCOUNTS): [recorded("accounts_with_organization"), denied],
            ("GET", f"{INFORMATION}/{AGENCY}/locations"): denied,
        }
    )

    assert [item.name for item in (await listed(platform)).unavailable] == ["Agency", "Harbour Kiosk"]


@pytest.mark.parametrize("place", [ACCOUNTS, GROUPS_LOCATIONS, JOHNS_LOCATIONS])
@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        (shared("call_unauthenticated"), Refused),
        (shared("call_scope"), ScopeMissing),
        (shared("call_disabled"), AppMisconfigured),
        (shared("call_quota_zero"), AppMisconfigured),
        (shared("call_quota_of_the_minute"), PlatformRateLimited),
        (shared("call_invalid_argument"), UnexpectedReply),
        (Reply(status=403, body=b"<html>"), UnexpectedReply),
        (shared("call_unavailable"), Unreachable),
        (None, Unreachable),
    ],
)
async def test_any_other_failure_is_told_and_no_part_of_the_list(
    place: str, reply: Reply | None, expected: type[MoorlineError]
) -> None:
    with pytest.raises(expected):
        await listed(google_business({("GET", place): reply}))


async def test_a_failure_in_the_middle_of_a_list_is_told() -> None:
    pages = [recorded("locations_1_of_3"), shared("call_unavailable")]

    with pytest.raises(Unreachable):
        await listed(google_business({("GET", GROUPS_LOCATIONS): pages}))


async def test_a_person_who_may_see_no_accounts_at_all_is_not_told_there_are_none() -> None:
    with pytest.raises(UnexpectedReply):
        await listed(google_business({("GET", ACCOUNTS): shared("call_permission_denied")}))
