"""The LinkedIn adapter: the account that comes of a chosen organization, and what is told about one."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from moorline.adapter.values import Connection, Tokens
from moorline.errors import (
    AppMisconfigured,
    MoorlineError,
    NotFound,
    PlatformRateLimited,
    Refused,
    UnexpectedReply,
    Unreachable,
)
from moorline.platforms.linkedin import LinkedIn, to_details, to_organization_connection
from moorline.wire import Reply
from tests.platforms.linkedin_double import (
    APP,
    HELD,
    PERSON,
    PROVEN_FIELDS,
    ROLES,
    UNTOLD,
    asked,
    asked_roles,
    linkedin,
    lookup,
    organization,
    recorded,
)
from tests.platforms.transport import Answers, Platform, answer, body_of


async def adopted(platform: Platform, choice_id: str = "101", tokens: Tokens = HELD) -> Connection:
    return await LinkedIn().adopt(platform, APP, tokens, PERSON, choice_id)


async def described(platform: Platform, organization_id: str = "101") -> Mapping[str, Any]:
    return await LinkedIn().describe(platform, APP, HELD, organization_id)


# The account


async def test_the_role_is_proven_now_and_the_organization_read() -> None:
    platform = linkedin()

    connection = await adopted(platform)

    assert platform.sent == [asked_roles(), asked(organization())]
    assert connection == Connection(
        platform_account_id="101",
        username="northwind-bikes",
        display_name="Northwind Bikes",
        picture_url="https://media.licdn.com/dms/image/v2/101_400.png",
        profile_url="https://www.linkedin.com/company/northwind-bikes/",
        details={"accountType": "organization"},
    )


async def test_a_content_admin_who_may_not_read_the_details_gets_the_names() -> None:
    platform = linkedin()

    connection = await adopted(platform, "102")

    assert platform.sent == [asked_roles(), asked(organization("102")), asked(lookup("102"))]
    assert connection == Connection(
        platform_account_id="102",
        username="harbour-cafe",
        display_name="Harbour Café",
        profile_url="https://www.linkedin.com/company/harbour-cafe/",
        details={"accountType": "organization"},
    )


@pytest.mark.parametrize("names", [recorded("error_denied"), answer({"results": {}}), answer({"results": {"102": 7}})])
async def test_an_organization_whose_names_are_kept_from_us_is_connected_by_its_number(names: Reply) -> None:
    connection = await adopted(linkedin({("GET", lookup("102")): names}), "102")

    assert (connection.username, connection.display_name, connection.profile_url) == ("102", "102", None)


def test_an_organization_without_name_in_addresses_goes_by_the_name() -> None:
    connection = to_organization_connection("101", body_of("linkedin", "organization_bare"))

    assert (connection.username, connection.profile_url) == ("Northwind Bikes", None)


@pytest.mark.parametrize(
    "choice_id", ["103", "104", "105", "", "0101", "me", "101/../102", "urn:li:organization:101"], ids=repr
)
async def test_what_the_person_may_not_post_for_is_not_found(choice_id: str) -> None:
    platform = linkedin()

    with pytest.raises(NotFound) as caught:
        await adopted(platform, choice_id)

    assert str(caught.value) == "Selected organization not found in available organizations."
    assert platform.urls() == [ROLES]


@pytest.mark.parametrize(
    ("roles", "tokens"),
    [("roles_none", HELD), ("error_denied", UNTOLD), ("roles", replace(HELD, granted=("openid", "profile")))],
)
async def test_nothing_is_found_where_there_is_no_list(roles: str, tokens: Tokens) -> None:
    with pytest.raises(NotFound):
        await adopted(linkedin({("GET", ROLES): recorded(roles)}), "101", tokens)


async def test_an_organization_that_is_gone_is_not_found() -> None:
    with pytest.raises(NotFound):
        await adopted(linkedin({("GET", organization()): recorded("error_not_found")}))


@pytest.mark.parametrize("place", [ROLES, organization()])
@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        (recorded("error_token_expired"), Refused),
        (recorded("error_throttled_app"), PlatformRateLimited),
        (recorded("error_version_ended"), AppMisconfigured),
        (Reply(status=200, body=b"<html>"), UnexpectedReply),
        (None, Unreachable),
    ],
)
async def test_a_choice_that_cannot_be_proven_is_told_by_its_cause(
    place: str, reply: Reply | None, expected: type[MoorlineError]
) -> None:
    with pytest.raises(expected):
        await adopted(linkedin({("GET", place): reply}))


async def test_s11_another_organization_than_the_chosen_one_is_not_taken() -> None:
    foreign = answer({**body_of("linkedin", "organization"), "id": 102})

    with pytest.raises(UnexpectedReply):
        await adopted(linkedin({("GET", organization()): foreign}))


# Details


async def test_details_come_under_their_documented_names() -> None:
    platform = linkedin()

    assert await described(platform) == {
        "logoUrl": "https://media.licdn.com/dms/image/v2/101_400.png",
        "vanityName": "northwind-bikes",
        "website": "https://northwind.example/en",
        "description": "Bicycles for the coast.",
    }
    assert platform.sent == [asked(organization())]


async def test_the_fields_known_to_be_accepted_are_asked_for_when_more_are_refused() -> None:
    answers: dict[tuple[str, str], Answers] = {
        ("GET", organization()): recorded("error_parameter"),
        ("GET", organization(fields=PROVEN_FIELDS)): recorded("organization_proven_fields"),
    }
    platform = linkedin(answers)

    details = await described(platform)

    assert platform.sent == [asked(organization()), asked(organization(fields=PROVEN_FIELDS))]
    assert (details["website"], "description" in details) == ("https://www.northwind.example", False)


async def test_fields_that_are_always_refused_are_our_mistake() -> None:
    refused = recorded("error_parameter")
    answers = {("GET", organization()): refused, ("GET", organization(fields=PROVEN_FIELDS)): refused}

    with pytest.raises(UnexpectedReply):
        await described(linkedin(answers))


@pytest.mark.parametrize("reply", ["error_not_found", "error_denied"])
async def test_an_unknown_or_forbidden_organization_has_no_details(reply: str) -> None:
    assert await described(linkedin({("GET", organization()): recorded(reply)})) == {}


@pytest.mark.parametrize("organization_id", ["abc", "", "1" * 20, "101/x", "-1", "\u0661"], ids=repr)
async def test_what_is_no_number_has_no_details_and_is_not_asked_for(organization_id: str) -> None:
    platform = linkedin()

    assert await described(platform, organization_id) == {}
    assert platform.sent == []


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        (recorded("error_token_revoked"), Refused),
        (recorded("error_throttled_member"), PlatformRateLimited),
        (recorded("error_unavailable"), Unreachable),
        (recorded("error_version_ended"), AppMisconfigured),
        (None, Unreachable),
    ],
)
async def test_trouble_is_not_taken_for_missing_details(reply: Reply | None, expected: type[MoorlineError]) -> None:
    with pytest.raises(expected):
        await described(linkedin({("GET", organization()): reply}))


def test_what_is_not_told_is_left_out() -> None:
    assert to_details(body_of("linkedin", "organization_bare")) == {}


@pytest.mark.parametrize(
    "logo",
    [
        None,
        "odd",
        {"original": "urn:li:digitalmediaAsset:C4D0B"},
        {"original~": {"elements": "odd"}},
        {"original~": {"elements": ["odd", {}, {"identifiers": []}, {"identifiers": [{"identifier": 7}]}]}},
        {"original~": {"elements": [{"identifiers": "odd", "data": {"x": 1}}]}},
    ],
)
def test_an_odd_logo_is_none(logo: object) -> None:
    assert "logoUrl" not in to_details({"logoV2": logo})


def test_a_logo_whose_width_is_not_told_does_before_none() -> None:
    element = {"identifiers": [{"identifier": "https://media.licdn.com/a.png"}]}

    assert to_details({"logoV2": {"original~": {"elements": [element]}}}) == {
        "logoUrl": "https://media.licdn.com/a.png"
    }


def test_of_several_addresses_of_a_logo_the_first_is_taken() -> None:
    identifiers = [{"identifier": "https://media.licdn.com/a.png"}, {"identifier": "https://media.licdn.com/b.png"}]

    details = to_details({"logoV2": {"original~": {"elements": [{"identifiers": identifiers}]}}})

    assert details == {"logoUrl": "https://media.licdn.com/a.png"}
