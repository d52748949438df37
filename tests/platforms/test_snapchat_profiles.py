"""The Snapchat adapter: which public profiles a person may pick, and the account that comes of one."""

import pytest

from moorline.adapter.values import Choice, Choices, Connection, Unavailable
from moorline.errors import MoorlineError, NotFound, Unreachable
from moorline.platforms.snapchat import Snapchat, to_choice
from moorline.wire import Reply
from tests.platforms.snapchat_double import (
    API,
    APP,
    CAFE,
    FAILURES,
    FIRST_PAGE,
    HELD,
    HELD_WITH_MARKETING,
    MILL,
    MY_PROFILE,
    ORGANIZATIONS,
    OTHER_PROFILES,
    OWN,
    PERSON,
    PROFILES,
    body_of,
    got,
    ids_of,
    listed,
    page,
    recorded,
    row,
    snapchat,
)
from tests.platforms.transport import Answers, answer

# The list


async def test_the_own_profile_and_its_organization_are_asked_for() -> None:
    platform = snapchat()

    await listed(platform)

    assert platform.sent == [got(MY_PROFILE), got(PROFILES, FIRST_PAGE)]


async def test_the_own_profile_comes_first_and_once_and_nothing_else_is_claimed() -> None:
    choices = await listed(snapchat())

    assert (ids_of(choices), choices.unavailable, choices.truncated) == ([OWN, CAFE], (), False)


async def test_a_profile_is_offered_with_what_the_documented_list_shows() -> None:
    choices = await listed(snapchat())

    assert choices.items[1] == Choice(
        id=CAFE,
        name="Harbour Cafe",
        username="harbour.cafe",
        picture_url="https://cf-st.sc-cdn.net/harbour.cafe/original.jpg",
        shown={
            "display_name": "Harbour Cafe",
            "username": "harbour.cafe",
            "profile_image_url": "https://cf-st.sc-cdn.net/harbour.cafe/original.jpg",
            "subscriber_count": 320,
        },
    )


def test_a_profile_that_tells_nothing_but_its_id_is_offered_with_every_documented_key() -> None:
    choice = to_choice({"id": "p1"})

    assert (choice.name, choice.username, choice.picture_url) == ("p1", None, None)
    assert choice.shown == {"display_name": "p1", "username": None, "profile_image_url": None, "subscriber_count": 0}


@pytest.mark.parametrize(
    ("told", "count"),
    [("15000", 15000), (15000, 15000), ("0", 0), (None, 0), ("", 0), ("many", 0), ("-1", 0), (1.5, 0), (True, 0)],
)
def test_the_subscriber_count_is_a_whole_number(told: object, count: int) -> None:
    shown = to_choice({"id": "p1", "subscriber_count": told}).shown["subscriber_count"]

    assert shown == count
    assert type(shown) is int


@pytest.mark.parametrize(
    "reply",
    [
        recorded("my_profile_without_organization"),
        answer({"public_profile": {**body_of("my_profile")["public_profile"], "organization_id": None}}),
    ],
)
async def test_without_an_organization_the_own_profile_is_the_whole_list(reply: Reply) -> None:
    platform = snapchat({MY_PROFILE: reply})

    choices = await listed(platform)

    assert platform.sent == [got(MY_PROFILE)]
    assert (ids_of(choices), choices.truncated) == ([OWN], False)


async def test_without_a_profile_there_is_no_organization_to_ask() -> None:
    platform = snapchat({MY_PROFILE: recorded("my_profile_none")})

    assert await listed(platform) == Choices(items=())
    assert platform.sent == [got(MY_PROFILE)]


async def test_the_own_profile_is_shown_as_my_profile_tells_it() -> None:
    [own] = (await listed(snapchat({PROFILES: page(row(OWN))}))).items

    assert (own.name, own.picture_url) == (PERSON.display_name, PERSON.picture_url)


@pytest.mark.parametrize("organization", [7, "", {}])
async def test_an_organization_that_cannot_be_read_is_told_as_a_list_that_is_not_whole(organization: object) -> None:
    own = {**body_of("my_profile")["public_profile"], "organization_id": organization}

    choices = await listed(snapchat({MY_PROFILE: answer({"public_profile": own})}))

    assert (ids_of(choices), choices.truncated) == ([OWN], True)


async def test_an_organizations_id_cannot_lead_to_another_path() -> None:
    own = {**body_of("my_profile")["public_profile"], "organization_id": "../me?x=/1"}
    platform = snapchat({MY_PROFILE: answer({"public_profile": own})})

    with pytest.raises(Unreachable):
        await listed(platform)

    assert platform.urls()[1] == f"{API}/organizations/..%2Fme%3Fx%3D%2F1/public_profiles"


# Further organizations


async def test_with_the_marketing_scope_every_organization_is_asked_once() -> None:
    platform = snapchat()

    choices = await listed(platform, HELD_WITH_MARKETING)

    assert platform.sent == [
        got(MY_PROFILE),
        got(ORGANIZATIONS),
        got(PROFILES, FIRST_PAGE),
        got(OTHER_PROFILES, FIRST_PAGE),
    ]
    assert ids_of(choices) == [OWN, CAFE, MILL]


async def test_a_person_without_profile_of_their_own_is_offered_those_of_their_organizations() -> None:
    platform = snapchat({MY_PROFILE: recorded("my_profile_none")})

    assert ids_of(await listed(platform, HELD_WITH_MARKETING)) == [OWN, CAFE, MILL]


async def test_a_person_with_neither_profile_nor_organization_has_nothing_to_choose() -> None:
    platform = snapchat({MY_PROFILE: recorded("my_profile_none"), ORGANIZATIONS: recorded("organizations_none")})

    assert await listed(platform, HELD_WITH_MARKETING) == Choices(items=())
    assert Snapchat.selection is not None
    assert Snapchat.selection.nothing_found == "no_public_profiles"


@pytest.mark.parametrize(
    "wrapper",
    [
        {"sub_request_status": "ERROR", "sub_request_error_reason": "Internal error."},
        {"sub_request_status": "ERROR", "organization": {"id": "b37e0a16-org"}},
        {"sub_request_status": "SUCCESS", "organization": {"id": 7}},
        {"sub_request_status": "SUCCESS"},
        "odd",
    ],
)
async def test_an_organization_that_snapchat_could_not_read_is_told_as_missing(wrapper: object) -> None:
    organizations = answer({"request_status": "PARTIAL", "organizations": [wrapper]})

    choices = await listed(snapchat({ORGANIZATIONS: organizations}), HELD_WITH_MARKETING)

    assert (ids_of(choices), choices.truncated) == ([OWN, CAFE], True)


@pytest.mark.parametrize("place", [PROFILES, ORGANIZATIONS])
@pytest.mark.parametrize("name", ["error_not_allowlisted", "error_no_role", "error_not_found", "error_gone"])
async def test_an_organization_without_a_role_in_it_does_not_hide_the_rest(place: str, name: str) -> None:
    choices = await listed(snapchat({place: recorded(name)}), HELD_WITH_MARKETING)

    assert OWN in ids_of(choices)
    assert (MILL in ids_of(choices)) is (place == PROFILES)
    assert choices.truncated


# What cannot be picked


@pytest.mark.parametrize("extra", [{}, {"public_profile": {}}, {"public_profile": {"id": CAFE}}])
async def test_a_row_that_failed_without_a_name_makes_the_list_not_whole(extra: dict[str, object]) -> None:
    reply = page(row(OWN), {"sub_request_status": "ERROR", **extra}, request_status="PARTIAL")

    choices = await listed(snapchat({PROFILES: reply}))

    assert (ids_of(choices), choices.unavailable, choices.truncated) == ([OWN], (), True)


async def test_a_recorded_partial_answer_keeps_what_could_be_read() -> None:
    choices = await listed(snapchat({PROFILES: recorded("profiles_partial")}))

    assert (ids_of(choices), choices.truncated) == ([OWN], True)


async def test_a_row_that_failed_with_a_name_is_named_with_the_reason() -> None:
    choices = await listed(snapchat({PROFILES: recorded("profiles_partial_named")}))

    reason = "Snapchat could not show it to us. Check your role on it in Snapchat's Business Manager, then try again."
    assert choices.unavailable == (Unavailable(id=CAFE, name="Harbour Cafe", reason=reason),)
    assert (ids_of(choices), choices.truncated) == ([OWN], False)


async def test_a_row_that_succeeded_without_id_is_named_as_one_that_cannot_be_picked() -> None:
    choices = await listed(snapchat({PROFILES: page(row(7, snap_user_name="odd.one"))}))

    assert [(item.id, item.name) for item in choices.unavailable] == [(None, "odd.one")]


async def test_a_profile_read_once_and_failed_once_can_be_picked() -> None:
    choices = await listed(snapchat({PROFILES: page(row(OWN, "ERROR", display_name="Northwind Bikes"))}))

    assert (ids_of(choices), choices.unavailable) == ([OWN], ())


async def test_a_partial_answer_whose_rows_all_succeeded_is_not_whole() -> None:
    choices = await listed(snapchat({PROFILES: page(row(CAFE), request_status="PARTIAL")}))

    assert (ids_of(choices), choices.truncated) == ([OWN, CAFE], True)


async def test_a_row_that_does_not_say_how_it_went_is_taken() -> None:
    choices = await listed(snapchat({PROFILES: page({"public_profile": {"id": CAFE}})}))

    assert (ids_of(choices), choices.truncated) == ([OWN, CAFE], False)


@pytest.mark.parametrize("wrapper", ["odd", None, {}, {"public_profile": "odd"}])
async def test_an_odd_row_makes_the_list_not_whole(wrapper: object) -> None:
    choices = await listed(snapchat({PROFILES: page(row(CAFE), wrapper)}))

    assert (ids_of(choices), choices.truncated) == ([OWN, CAFE], True)


# The account


async def test_the_choice_is_looked_for_in_a_list_asked_for_now() -> None:
    platform = snapchat()

    connection = await Snapchat().adopt(platform, APP, HELD, PERSON, CAFE)

    assert platform.sent == [got(MY_PROFILE), got(PROFILES, FIRST_PAGE)]
    assert connection == Connection(
        platform_account_id=CAFE,
        username="harbour.cafe",
        display_name="Harbour Cafe",
        picture_url="https://cf-st.sc-cdn.net/harbour.cafe/original.jpg",
        profile_url="https://www.snapchat.com/@harbour.cafe",
        details={"publicProfileName": "Harbour Cafe"},
    )


async def test_the_parameter_of_the_success_redirect_is_among_the_details() -> None:
    connection = await Snapchat().adopt(snapchat(), APP, HELD, PERSON, OWN)

    assert Snapchat.selection is not None
    assert Snapchat.selection.success_parameters == {"publicProfile": "publicProfileName"}
    assert connection.details["publicProfileName"] == "Northwind Bikes"


async def test_a_profile_without_user_name_goes_by_its_name() -> None:
    platform = snapchat({PROFILES: page(row("p1", display_name="Plain"))})

    connection = await Snapchat().adopt(platform, APP, HELD, PERSON, "p1")

    assert (connection.username, connection.profile_url) == ("Plain", None)


@pytest.mark.parametrize("choice_id", [MILL, "", "Harbour Cafe", "harbour.cafe", "../me"])
async def test_s11_what_is_not_in_the_list_is_not_found(choice_id: str) -> None:
    with pytest.raises(NotFound, match=r"^Selected public profile not found in available public profiles\.$"):
        await Snapchat().adopt(snapchat(), APP, HELD, PERSON, choice_id)


async def test_a_profile_that_snapchat_cannot_read_now_is_not_found() -> None:
    with pytest.raises(NotFound):
        await Snapchat().adopt(snapchat({PROFILES: recorded("profiles_partial_named")}), APP, HELD, PERSON, CAFE)


@pytest.mark.parametrize(("reply", "expected"), FAILURES)
async def test_a_choice_that_cannot_be_proven_is_told_by_its_cause(
    reply: Answers, expected: type[MoorlineError]
) -> None:
    with pytest.raises(expected):
        await Snapchat().adopt(snapchat({PROFILES: reply}), APP, HELD, PERSON, CAFE)
