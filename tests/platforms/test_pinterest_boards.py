"""The Pinterest adapter: which boards a person may pick, and the account that comes of one."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import pytest

from moorline.adapter.oauth import MAX_ITEMS
from moorline.adapter.values import Choice, Choices, Connection, Identity, Tokens, Unavailable
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
from moorline.platforms.pinterest import Pinterest, to_entry
from moorline.wire import Reply
from tests.platforms.pinterest_double import (
    ADS,
    APP,
    BOARDS,
    HELD,
    PERSON,
    POSTERS,
    SCOPES,
    SECRET_BOARD,
    SECRET_SCOPES,
    SHARED,
    TRADE,
    got,
    pinterest,
    recorded,
)
from tests.platforms.transport import Answers, Platform, answer

FIRST_PAGE = {"page_size": "250"}
WITH_SECRET = replace(HELD, granted=(*SCOPES, *SECRET_SCOPES))


async def listed(platform: Platform, tokens: Tokens = HELD) -> Choices:
    return await Pinterest().list_choices(platform, APP, tokens, PERSON)


async def adopted(platform: Platform, board_id: str, tokens: Tokens = HELD, person: Identity = PERSON) -> Connection:
    return await Pinterest().adopt(platform, APP, tokens, person, board_id)


def boards(replies: Answers) -> Platform:
    return pinterest({("GET", BOARDS): replies})


def page(ids: Iterable[object], bookmark: object = None) -> Reply:
    return answer({"items": [{"id": number, "name": f"Board {number}"} for number in ids], "bookmark": bookmark})


def ids_of(choices: Choices) -> list[str]:
    return [item.id for item in choices.items]


# The list


async def test_the_boards_are_asked_for_with_the_largest_page() -> None:
    platform = pinterest()

    await listed(platform)

    assert platform.sent == [got(BOARDS, FIRST_PAGE)]


async def test_a_board_is_offered_with_what_the_documented_list_shows_its_cover_and_its_pins() -> None:
    told: dict[str, Any] = {"picture_url": "https://i.pinimg.com/400x300/board.jpg", "item_count": 12}
    assert (await listed(pinterest())).items == (
        Choice(id=POSTERS, name="Posters", shown={"description": "Wall art", "privacy": "PUBLIC"}, **told),
        Choice(id=TRADE, name="Trade only", shown={"description": "", "privacy": "PROTECTED"}),
        Choice(id=SHARED, name="Print fairs", shown={"description": "", "privacy": "PUBLIC"}, **told),
    )


async def test_every_result_page_is_read_also_behind_a_short_and_an_empty_one() -> None:
    names = ("boards_1_of_3_short", "boards_2_of_3_empty", "boards_3_of_3")
    platform = boards([recorded(name) for name in names])

    choices = await listed(platform)

    assert ids_of(choices) == [POSTERS, TRADE, SHARED]
    assert not choices.truncated
    assert platform.sent == [
        got(BOARDS, FIRST_PAGE),
        got(BOARDS, {**FIRST_PAGE, "bookmark": "b3BhcXVlLWN1cnNvci0y"}),
        got(BOARDS, {**FIRST_PAGE, "bookmark": "b3BhcXVlLWN1cnNvci0z"}),
    ]


@pytest.mark.parametrize("last", [{"items": []}, {"items": [], "bookmark": None}, {"items": [], "bookmark": ""}])
async def test_a_page_without_bookmark_is_the_last(last: dict[str, Any]) -> None:
    platform = boards([page("1", "b-2"), answer(last), page("9")])

    assert ids_of(await listed(platform)) == ["1"]


async def test_a_board_met_on_two_pages_counts_once() -> None:
    assert ids_of(await listed(boards([page("12", "b-2"), page("23")]))) == ["1", "2", "3"]


@pytest.mark.parametrize(
    "replies",
    [
        [page("1", "A"), page("2", "A")],
        [page("1", "A"), page("2", "B"), page("3", "A")],
        [page("1", 7)],
        [page("1", ["A"])],
        [page("1", {})],
        [page("", f"b-{number}") for number in range(200)],
    ],
    ids=["same again", "circle", "number", "list", "object", "ever new, always empty"],
)
async def test_a_list_that_does_not_come_to_an_end_is_unexpected(replies: list[Reply]) -> None:
    with pytest.raises(UnexpectedReply):
        await listed(boards(replies))


def full_pages(count: int) -> list[Reply]:
    """That many boards, 250 to a page."""
    starts = range(0, count, 250)
    return [
        page(map(str, range(start, min(start + 250, count))), f"b-{start}" if start != starts[-1] else None)
        for start in starts
    ]


@pytest.mark.parametrize(("count", "truncated"), [(MAX_ITEMS, False), (MAX_ITEMS + 1, True)])
async def test_what_goes_on_after_the_bound_is_told_as_truncated(count: int, truncated: bool) -> None:
    choices = await listed(boards(full_pages(count)))

    assert (len(choices.items), choices.truncated) == (MAX_ITEMS, truncated)


@pytest.mark.parametrize(
    "body",
    [
        {},
        [],
        {"items": None},
        {"items": {"id": "1"}},
        {"items": ["odd"]},
        {"items": [{"name": "No number"}]},
        {"items": [{"id": 7}]},
        {"items": [{"id": ""}]},
    ],
)
async def test_an_answer_that_is_no_list_of_boards_is_unexpected_and_not_no_boards(body: object) -> None:
    with pytest.raises(UnexpectedReply):
        await listed(boards(answer(body)))


async def test_a_person_without_boards_has_nothing_to_choose() -> None:
    assert await listed(boards(recorded("boards_none"))) == Choices(items=())
    assert Pinterest.selection is not None
    assert Pinterest.selection.nothing_found == "no_pinterest_boards"


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        (recorded("error_authentication"), Refused),
        (recorded("error_scope_403"), ScopeMissing),
        (recorded("error_rate_limit"), PlatformRateLimited),
        (recorded("error_not_permitted"), AppMisconfigured),
        (Reply(status=200, body=b"<html>"), UnexpectedReply),
        (None, Unreachable),
    ],
)
@pytest.mark.parametrize("before", [[], [page("1", "b-2")]], ids=["at the start", "in the middle"])
async def test_a_failure_is_told_and_never_a_part_of_the_list(
    before: list[Reply], reply: Reply | None, expected: type[MoorlineError]
) -> None:
    with pytest.raises(expected):
        await listed(boards([*before, reply]))


# What cannot be picked


async def test_boards_that_cannot_be_picked_are_named_with_the_reason() -> None:
    assert (await listed(pinterest())).unavailable == (
        Unavailable(
            id=SECRET_BOARD,
            name="Next season",
            reason=("It is a private board, and this app may not pin to those. Make it public, or pick another board."),
        ),
        Unavailable(id=ADS, name="Campaign", reason="It holds pins for ads only. Pick another board."),
    )


@pytest.mark.parametrize(
    ("granted", "offered"),
    [
        (SCOPES, False),
        ((*SCOPES, "boards:read_secret", "pins:read_secret"), False),
        ((*SCOPES, "boards:write_secret"), False),
        ((*SCOPES, "pins:write_secret"), False),
        ((*SCOPES, *SECRET_SCOPES), True),
    ],
)
async def test_a_private_board_is_offered_to_those_who_may_write_to_it(granted: tuple[str, ...], offered: bool) -> None:
    choices = await listed(pinterest(), replace(HELD, granted=granted))

    assert (SECRET_BOARD in ids_of(choices)) is offered
    assert (SECRET_BOARD in [item.id for item in choices.unavailable]) is not offered


@pytest.mark.parametrize(("name", "shown"), [("  Posters \n", "Posters"), ("", "1"), (None, "1"), ({}, "1")])
def test_a_boards_name_is_trimmed_and_never_empty(name: object, shown: str) -> None:
    assert to_entry({"id": "1", "name": name}, SCOPES).name == shown


@pytest.mark.parametrize("odd", [None, 7, {}, []])
def test_what_a_board_does_not_tell_is_shown_as_empty(odd: object) -> None:
    entry = to_entry({"id": "1", "name": "P", "description": odd, "privacy": odd, "is_ads_only": odd}, SCOPES)

    assert entry == Choice(id="1", name="P", shown={"description": "", "privacy": ""})


# The account


@pytest.mark.parametrize(("board_id", "name"), [(POSTERS, "Posters"), (TRADE, "Trade only"), (SHARED, "Print fairs")])
async def test_a_picked_board_is_proven_by_the_list_and_becomes_a_detail_of_the_person(
    board_id: str, name: str
) -> None:
    platform = pinterest()

    connection = await adopted(platform, board_id)

    assert platform.sent == [got(BOARDS, FIRST_PAGE)]
    assert connection == Connection(
        platform_account_id=PERSON.platform_user_id,
        username="larkspurprints",
        display_name="Larkspur Prints",
        picture_url="https://i.pinimg.com/600x600_R/larkspur.jpg",
        profile_url="https://pinterest.com/larkspurprints",
        details={"defaultBoardId": board_id, "defaultBoardName": name},
    )


async def test_s11_the_account_stays_the_person_whichever_board_is_picked() -> None:
    picked = [await adopted(pinterest(), board_id) for board_id in (POSTERS, TRADE, SHARED)]

    assert {connection.platform_account_id for connection in picked} == {PERSON.platform_user_id}
    assert len({connection.details["defaultBoardId"] for connection in picked}) == 3


def test_the_success_redirect_carries_the_boards_name() -> None:
    assert Pinterest.selection is not None
    assert Pinterest.selection.success_parameters == {"board": "defaultBoardName"}


async def test_the_list_is_read_on_until_the_board_is_met_and_no_further() -> None:
    platform = boards([page("1", "b-2"), page("2", "b-3"), page("3")])

    assert (await adopted(platform, "2")).details["defaultBoardName"] == "Board 2"
    assert len(platform.sent) == 2


@pytest.mark.parametrize("board_id", ["9", "", "../user_account"])
async def test_a_board_that_is_not_in_the_list_is_not_found(board_id: str) -> None:
    with pytest.raises(NotFound, match=r"^Selected board not found in available boards\.$"):
        await adopted(boards([page("1", "b-2"), page("2")]), board_id)


@pytest.mark.parametrize("board_id", [SECRET_BOARD, ADS])
async def test_a_board_that_is_not_offered_cannot_be_picked(board_id: str) -> None:
    with pytest.raises(NotFound):
        await adopted(pinterest(), board_id)


async def test_a_private_board_can_be_picked_by_those_who_may_write_to_it() -> None:
    connection = await adopted(pinterest(), SECRET_BOARD, WITH_SECRET)

    assert connection.details["defaultBoardName"] == "Next season"


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        (recorded("error_authentication"), Refused),
        (recorded("error_scope_403"), ScopeMissing),
        (recorded("error_rate_limit"), PlatformRateLimited),
        (recorded("error_server"), Unreachable),
        (Reply(status=200, body=b"<html>"), UnexpectedReply),
        (None, Unreachable),
    ],
)
async def test_a_list_that_fails_on_the_way_to_the_board_is_told_by_its_cause(
    reply: Reply | None, expected: type[MoorlineError]
) -> None:
    with pytest.raises(expected):
        await adopted(boards([page("1", "b-2"), reply]), "2")
