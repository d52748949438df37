"""The Facebook adapter: the account that comes of a chosen Page."""

import pytest

from moorline.adapter.values import Connection, Tokens
from moorline.errors import (
    MoorlineError,
    NotFound,
    PlatformRateLimited,
    Refused,
    ScopeMissing,
    UnexpectedReply,
    Unreachable,
)
from moorline.platforms.facebook import Facebook, to_page_connection
from moorline.wire import Reply
from tests.platforms.facebook_double import APP, GRAPH, HELD, PAGE, PAGE_FIELDS, PERSON, facebook, got, recorded
from tests.platforms.transport import answer, body_of


async def test_the_chosen_page_is_asked_for_now_with_the_persons_token() -> None:
    platform = facebook()

    connection = await Facebook().adopt(platform, APP, HELD, PERSON, "101")

    assert platform.sent == [got(PAGE, {"fields": PAGE_FIELDS})]
    assert connection == Connection(
        platform_account_id="101",
        username="northwindbikes",
        display_name="Northwind Bikes",
        picture_url="https://scontent.example.net/101.jpg",
        profile_url="https://facebook.com/northwindbikes",
        tokens=Tokens(access="EAABpage101"),
        details={"selectedPageName": "Northwind Bikes"},
    )


def test_a_page_without_user_name_goes_by_its_number() -> None:
    connection = to_page_connection(body_of("facebook", "page_without_username"))

    assert (connection.username, connection.profile_url) == ("102", "https://facebook.com/102")


def test_s30_the_page_token_is_in_neither_details_nor_repr() -> None:
    assert "EAAB" not in repr(to_page_connection(body_of("facebook", "page")))


@pytest.mark.parametrize("reply", ["error_unknown_object", "error_parameter", "page_without_token"])
async def test_a_page_that_is_no_longer_there_is_not_found(reply: str) -> None:
    with pytest.raises(NotFound):
        await Facebook().adopt(facebook({("GET", PAGE): recorded(reply)}), APP, HELD, PERSON, "101")


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        (recorded("error_token_expired"), Refused),
        (recorded("error_permission"), ScopeMissing),
        (recorded("error_rate_person"), PlatformRateLimited),
        (recorded("error_token_not_sent"), UnexpectedReply),
        (answer({"error": {"code": 1001, "message": "x", "type": "OAuthException"}}, 400), UnexpectedReply),
        (answer({"access_token": "t"}), UnexpectedReply),
        (None, Unreachable),
    ],
)
async def test_a_page_that_cannot_be_asked_for_is_told_by_its_cause(
    reply: Reply | None, expected: type[MoorlineError]
) -> None:
    with pytest.raises(expected):
        await Facebook().adopt(facebook({("GET", PAGE): reply}), APP, HELD, PERSON, "101")


async def test_s11_another_page_than_the_chosen_one_is_not_taken() -> None:
    foreign = recorded("page_without_username")

    with pytest.raises(UnexpectedReply):
        await Facebook().adopt(facebook({("GET", PAGE): foreign}), APP, HELD, PERSON, "101")


async def test_a_choice_cannot_lead_to_another_path() -> None:
    platform = facebook()

    with pytest.raises(Unreachable):
        await Facebook().adopt(platform, APP, HELD, PERSON, "me/accounts?x=1")

    assert platform.urls() == [f"{GRAPH}/me%2Faccounts%3Fx%3D1"]
