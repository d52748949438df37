"""The Google Business adapter: the account that comes of a chosen location."""

import pytest

from moorline.adapter.values import Connection
from moorline.errors import MoorlineError, NotFound, PlatformRateLimited, Refused, Unreachable
from moorline.platforms.googlebusiness import GoogleBusiness
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
    JOHNS_LOCATIONS,
    KIOSK,
    PERSON,
    Crowd,
    google_business,
    recorded,
    shared,
)
from tests.platforms.transport import Platform


async def adopted(platform: Platform, choice_id: str = COFFEE) -> Connection:
    return await GoogleBusiness().adopt(platform, APP, HELD, PERSON, choice_id)


async def test_the_chosen_location_becomes_the_account() -> None:
    assert await adopted(google_business()) == Connection(
        platform_account_id=COFFEE,
        username="Northwind Coffee",
        display_name="Northwind Coffee",
        profile_url=f"https://maps.google.com/maps?cid={COFFEE}",
        details={
            "selectedLocationId": COFFEE,
            "selectedLocationName": "Northwind Coffee",
            "locationAccountId": GROUP,
        },
    )


async def test_the_chosen_location_is_asked_for_now_and_no_further_than_it() -> None:
    crowd = Crowd()

    await adopted(crowd, "2")

    assert crowd.urls() == [ACCOUNTS, *(f"{INFORMATION}/accounts/{number}/locations" for number in range(1, 5))]


async def test_s11_a_location_is_saved_under_the_account_it_was_offered_under() -> None:
    platform = google_business({("GET", JOHNS_LOCATIONS): recorded("locations_shared")})

    assert (await adopted(platform)).details["locationAccountId"] == GROUP


@pytest.mark.parametrize("choice_id", ["1", f"locations/{COFFEE}", "", "../accounts", AGENCY, KIOSK])
async def test_a_location_that_is_not_there_or_may_not_be_chosen_is_not_found(choice_id: str) -> None:
    with pytest.raises(NotFound) as caught:
        await adopted(google_business(), choice_id)

    assert str(caught.value) == "Selected location not found in available locations."


async def test_a_location_whose_account_was_taken_away_meanwhile_is_not_found() -> None:
    with pytest.raises(NotFound):
        await adopted(google_business({("GET", GROUPS_LOCATIONS): shared("call_permission_denied")}))


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        (shared("call_unauthenticated"), Refused),
        (shared("call_quota_of_the_minute"), PlatformRateLimited),
        (shared("call_unavailable"), Unreachable),
        (None, Unreachable),
    ],
)
async def test_a_location_that_cannot_be_asked_for_is_told_by_its_cause(
    reply: Reply | None, expected: type[MoorlineError]
) -> None:
    with pytest.raises(expected):
        await adopted(google_business({("GET", GROUPS_LOCATIONS): reply}))
