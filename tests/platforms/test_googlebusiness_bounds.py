"""The Google Business adapter: lists that are refused as a whole, or have no end."""

import pytest

from moorline.errors import UnexpectedReply
from moorline.platforms.googlebusiness import GoogleBusiness
from tests.platforms.googlebusiness_double import (
    ACCOUNTS,
    APP,
    GROUPS_LOCATIONS,
    HELD,
    JOHNS_LOCATIONS,
    PERSON,
    google_business,
)
from tests.platforms.transport import MAX_CALLS, answer

REFUSED = answer({"error": {"code": 403, "message": "The caller has no access.", "status": "PERMISSION_DENIED"}}, 403)


async def test_a_person_from_whom_every_account_is_hidden_is_told_what_google_said() -> None:
    platform = google_business({("GET", JOHNS_LOCATIONS): REFUSED, ("GET", GROUPS_LOCATIONS): REFUSED})

    with pytest.raises(UnexpectedReply) as caught:
        await GoogleBusiness().list_choices(platform, APP, HELD, PERSON)

    assert caught.value.platform_status == 403


async def test_pages_that_are_always_empty_and_organizations_without_end_are_unexpected(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    empty = [answer({"locations": [], "nextPageToken": f"t{number}"}) for number in range(MAX_CALLS)]
    deep = [
        answer({"accounts": [{"name": f"accounts/{number}", "accountName": "O", "type": "ORGANIZATION"}]})
        for number in range(MAX_CALLS)
    ]
    for place, replies, bound in (
        (GROUPS_LOCATIONS, empty, "moorline.adapter.google.MAX_PAGES"),
        (ACCOUNTS, deep, "moorline.platforms.googlebusiness.MAX_ORGANIZATIONS"),
    ):
        monkeypatch.setattr(bound, 50)
        with pytest.raises(UnexpectedReply, match="come to an end"):
            await GoogleBusiness().list_choices(google_business({("GET", place): replies}), APP, HELD, PERSON)
