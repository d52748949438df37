"""The Facebook adapter: which Pages a person may pick, and the account that comes of one."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from moorline.adapter.values import Choice, Choices, Connection, Identity, Tokens
from moorline.errors import (
    AppMisconfigured,
    MoorlineError,
    NotFound,
    PlatformRateLimited,
    Refused,
    ScopeMissing,
    UnexpectedReply,
    Unreachable,
)
from moorline.platforms.facebook import Facebook, to_choices, to_page_connection
from moorline.wire import Reply
from tests.platforms.facebook_double import (
    ACCOUNTS,
    APP,
    BUSINESSES,
    EDGES,
    GRAPH,
    HELD,
    LONG,
    PAGE,
    PAGE_FIELDS,
    PERSON,
    facebook,
    got,
    proof,
    recorded,
)
from tests.platforms.transport import Answers, Platform, answer, body_of

FIRST_PAGE = {"fields": PAGE_FIELDS, "limit": "100"}
NO_PORTFOLIOS = replace(PERSON, granted=("public_profile", "pages_show_list"))


async def listed(platform: Platform, person: Identity = PERSON) -> Choices:
    return await Facebook().list_choices(platform, APP, HELD, person)


def ids_of(choices: Choices) -> list[str]:
    return [item.id for item in choices.items]


# The person's own Pages


async def test_the_pages_are_asked_for_with_their_fields_and_the_proof() -> None:
    platform = facebook()

    await listed(platform, NO_PORTFOLIOS)

    assert platform.sent == [got(ACCOUNTS, FIRST_PAGE)]


async def test_a_page_is_offered_with_what_the_documented_list_shows_and_no_token() -> None:
    choices = await listed(facebook())

    assert choices.items[0] == Choice(
        id="101",
        name="Northwind Bikes",
        username="northwindbikes",
        picture_url="https://scontent.example.net/101.jpg",
        shown={
            "category": "Bicycle shop",
            "tasks": ["MODERATE", "MESSAGING", "ANALYZE", "ADVERTISE", "CREATE_CONTENT", "MANAGE"],
            "fan_count": 42,
        },
    )
    assert "EAAB" not in repr(choices)


async def test_a_page_without_user_name_is_offered_by_its_name() -> None:
    [page] = [item for item in (await listed(facebook())).items if item.id == "102"]

    assert (page.name, page.username) == ("Harbour Cafe", None)


async def test_every_result_page_is_read_also_behind_an_empty_one() -> None:
    pages = [recorded("accounts_1_of_3"), recorded("accounts_2_of_3_empty"), recorded("accounts_3_of_3")]
    platform = facebook({("GET", ACCOUNTS): pages})

    choices = await listed(platform, NO_PORTFOLIOS)

    assert ids_of(choices) == ["101", "102", "104"]
    assert platform.sent == [
        got(ACCOUNTS, FIRST_PAGE),
        got(ACCOUNTS, {**FIRST_PAGE, "after": "QVFA2"}),
        got(ACCOUNTS, {**FIRST_PAGE, "after": "QVFA3"}),
    ]


async def test_a_next_page_on_another_host_is_not_asked_there() -> None:
    pages = [recorded("accounts_next_elsewhere"), recorded("accounts_3_of_3")]
    platform = facebook({("GET", ACCOUNTS): pages})

    await listed(platform, NO_PORTFOLIOS)

    assert platform.urls() == [ACCOUNTS, ACCOUNTS]


async def test_cursors_alone_do_not_mean_another_page() -> None:
    platform = facebook()

    await listed(platform, NO_PORTFOLIOS)

    assert "cursors" in body_of("facebook", "accounts")["paging"]
    assert len(platform.sent) == 1


def turning(after: object) -> Reply:
    return answer({"data": [], "paging": {"cursors": {"after": after}, "next": f"{ACCOUNTS}?after=x"}})


@pytest.mark.parametrize(
    "pages",
    [
        [turning("A"), turning("A")],
        [turning("A"), turning("B"), turning("A"), turning("B")],
        [turning(None)],
        [turning("")],
        [answer({"data": [], "paging": {"cursors": "odd", "next": "x"}})],
        [answer({"data": [], "paging": {"next": "x"}})],
    ],
)
async def test_a_list_that_turns_in_a_circle_ends_as_unexpected(pages: list[Reply]) -> None:
    with pytest.raises(UnexpectedReply):
        await listed(facebook({("GET", ACCOUNTS): pages}), NO_PORTFOLIOS)


@pytest.mark.parametrize("body", [{}, {"data": None}, {"data": {"id": "101"}}, []])
async def test_an_answer_without_list_is_unexpected_and_not_no_pages(body: object) -> None:
    with pytest.raises(UnexpectedReply):
        await listed(facebook({("GET", ACCOUNTS): answer(body)}), NO_PORTFOLIOS)


async def test_a_person_without_pages_has_nothing_to_choose() -> None:
    choices = await listed(facebook({("GET", ACCOUNTS): recorded("accounts_none")}))

    assert choices == Choices(items=())
    assert Facebook.selection is not None
    assert Facebook.selection.nothing_found == "no_facebook_pages"


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        (recorded("error_token_expired"), Refused),
        (recorded("error_permission_first"), ScopeMissing),
        (recorded("error_rate_app"), PlatformRateLimited),
        (None, Unreachable),
    ],
)
async def test_a_failure_of_the_first_list_is_told(reply: Reply | None, expected: type[MoorlineError]) -> None:
    with pytest.raises(expected):
        await listed(facebook({("GET", ACCOUNTS): reply}))


# Pages of business portfolios


def with_portfolios(changes: Mapping[tuple[str, str], Answers] | None = None) -> Platform:
    none = recorded("accounts_none")
    edges = dict.fromkeys((("GET", edge) for edge in EDGES), none)
    own = {("GET", EDGES[0]): recorded("owned_pages_901"), ("GET", EDGES[3]): recorded("client_pages_902")}
    return facebook({("GET", BUSINESSES): recorded("businesses"), **edges, **own, **(changes or {})})


async def test_portfolios_are_asked_for_owned_and_client_pages() -> None:
    platform = with_portfolios()

    await listed(platform)

    assert platform.sent[:2] == [got(ACCOUNTS, FIRST_PAGE), got(BUSINESSES, {"fields": "id,name", "limit": "100"})]
    by_url = {request.url: request for request in platform.sent[2:]}
    assert by_url == {edge: got(edge, FIRST_PAGE) for edge in EDGES}


async def test_pages_of_portfolios_come_after_the_persons_own_and_each_page_once() -> None:
    assert ids_of(await listed(with_portfolios())) == ["101", "102", "105", "106"]


async def test_a_page_met_with_and_without_token_is_the_one_with_token() -> None:
    choices = await listed(with_portfolios())

    assert "106" in ids_of(choices)
    assert "106" not in [item.id for item in choices.unavailable]


@pytest.mark.parametrize(("granted", "asked"), [(NO_PORTFOLIOS.granted, False), (PERSON.granted, True), (None, True)])
async def test_portfolios_are_asked_unless_the_person_refused_them(
    granted: tuple[str, ...] | None, asked: bool
) -> None:
    platform = with_portfolios()

    await listed(platform, replace(PERSON, granted=granted))

    assert (BUSINESSES in platform.urls()) is asked


@pytest.mark.parametrize("place", [EDGES[0], EDGES[1], BUSINESSES])
@pytest.mark.parametrize(
    "reply",
    [
        recorded("error_permission"),
        recorded("error_parameter"),
        recorded("error_token_invalid"),
        recorded("error_service"),
        answer({}),
        None,
    ],
    ids=["scope", "parameter", "token", "trouble", "odd", "no answer"],
)
async def test_a_portfolio_that_refuses_does_not_hide_the_other_pages(place: str, reply: Reply | None) -> None:
    choices = await listed(with_portfolios({("GET", place): reply}))

    assert set(ids_of(choices)) >= {"101", "102"}
    assert ("106" in ids_of(choices)) is (place != BUSINESSES)


@pytest.mark.parametrize("place", [EDGES[0], BUSINESSES])
@pytest.mark.parametrize(
    ("reply", "expected"), [("error_rate_business", PlatformRateLimited), ("error_app_unknown", AppMisconfigured)]
)
async def test_a_rate_limit_at_a_portfolio_is_told_since_pages_would_be_missing(
    place: str, reply: str, expected: type[MoorlineError]
) -> None:
    with pytest.raises(expected):
        await listed(with_portfolios({("GET", place): recorded(reply)}))


async def test_a_portfolio_without_number_is_passed_over() -> None:
    platform = with_portfolios({("GET", BUSINESSES): answer({"data": [{"name": "Odd"}, {"id": "902"}]})})

    assert "106" in ids_of(await listed(platform))


# What cannot be picked


async def test_pages_that_cannot_be_picked_are_named_with_the_reason() -> None:
    choices = await listed(with_portfolios())

    assert {item.name: item.reason for item in choices.unavailable} == {
        "Only Numbers": "You can view it, but not post to it. Ask its owner for content access.",
        "Client Without Token": (
            "Facebook gives this app no access to it. Tick it when Facebook asks which Pages to share."
        ),
    }


@pytest.mark.parametrize(
    ("tasks", "offered"),
    [
        (["MANAGE"], True),
        (["CREATE_CONTENT"], True),
        (["PROFILE_PLUS_FULL_CONTROL"], True),
        (["PROFILE_PLUS_CREATE_CONTENT", "PROFILE_PLUS_ANALYZE"], True),
        (["PROFILE_PLUS_MANAGE"], True),
        (["ANALYZE", "MODERATE", "MESSAGING", "ADVERTISE", "MANAGE_LEADS"], False),
        (["PROFILE_PLUS_ANALYZE"], False),
        ([], False),
        (None, True),
    ],
)
def test_a_page_is_offered_to_those_who_may_post_or_whose_tasks_are_not_told(
    tasks: list[str] | None, offered: bool
) -> None:
    page: dict[str, Any] = {"id": "1", "name": "P", "access_token": "t"}
    choices = to_choices([page if tasks is None else {**page, "tasks": tasks}])

    assert bool(choices.items) is offered
    assert bool(choices.unavailable) is not offered


@pytest.mark.parametrize(("name", "shown"), [("  Northwind \n", "Northwind"), ("", "1"), (None, "1")])
def test_a_pages_name_is_trimmed_and_never_empty(name: object, shown: str) -> None:
    [item] = to_choices([{"id": "1", "name": name, "access_token": "t", "tasks": ["MANAGE"]}]).items

    assert item.name == shown


async def test_an_entry_without_number_is_left_out() -> None:
    page = {"name": "Odd", "access_token": "t", "tasks": ["MANAGE"]}

    choices = await listed(facebook({("GET", ACCOUNTS): answer({"data": [page, "odd", {**page, "id": 7}]})}))

    assert choices == Choices(items=())


# The account


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


async def test_every_call_to_the_graph_carries_the_proof_of_its_token() -> None:
    platform = with_portfolios()
    await Facebook().identify(platform, APP, HELD)
    await listed(platform)
    await Facebook().adopt(platform, APP, HELD, PERSON, "101")
    await Facebook().revoke(platform, APP, HELD, PERSON)

    proofs = [request.query["appsecret_proof"] for request in platform.sent]
    assert proofs == [proof(LONG)] * len(platform.sent)
    assert {request.query["access_token"] for request in platform.sent} == {LONG}
