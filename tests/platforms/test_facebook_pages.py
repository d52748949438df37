"""The Facebook adapter: which Pages a person may pick."""

import asyncio
import json
import weakref
from dataclasses import dataclass, replace
from typing import Any

import pytest
from typing_extensions import override

from moorline.adapter.oauth import MAX_ITEMS
from moorline.adapter.values import Choice, Choices, Identity, Unavailable
from moorline.errors import (
    MoorlineError,
    PlatformRateLimited,
    Refused,
    ScopeMissing,
    UnexpectedReply,
    Unreachable,
)
from moorline.platforms.facebook import Facebook, to_entry
from moorline.wire import Reply, Request
from tests.platforms.facebook_double import (
    ACCOUNTS,
    APP,
    BUSINESSES,
    EDGES,
    HELD,
    PAGE_FIELDS,
    PERSON,
    facebook,
    got,
    recorded,
)
from tests.platforms.transport import Platform, answer, body_of

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


# What cannot be picked


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
    entry = to_entry(page if tasks is None else {**page, "tasks": tasks})

    assert isinstance(entry, Choice if offered else Unavailable)


@pytest.mark.parametrize(("name", "shown"), [("  Northwind \n", "Northwind"), ("", "1"), (None, "1")])
def test_a_pages_name_is_trimmed_and_never_empty(name: object, shown: str) -> None:
    entry = to_entry({"id": "1", "name": name, "access_token": "t", "tasks": ["MANAGE"]})

    assert entry is not None
    assert entry.name == shown


async def test_an_entry_without_number_is_left_out() -> None:
    page = {"name": "Odd", "access_token": "t", "tasks": ["MANAGE"]}

    choices = await listed(facebook({("GET", ACCOUNTS): answer({"data": [page, "odd", {**page, "id": 7}]})}))

    assert choices == Choices(items=())


# How many are listed, and what is held meanwhile


def rows(count: int, *, first: int) -> list[dict[str, Any]]:
    page = {"name": "P", "access_token": "EAABp", "tasks": ["MANAGE"]}
    return [{"id": str(first + number), **page} for number in range(count)]


class Row(dict[str, Any]):
    """An object of an answer; unlike a plain one it can be watched until nobody holds it."""


@dataclass(frozen=True, kw_only=True)
class WatchedReply(Reply):
    """Notes in `watched` every entry of its body."""

    watched: list[weakref.ref[Any]]

    @override
    def json(self) -> Any:
        return json.loads(self.body, object_hook=self._row)

    def _row(self, value: dict[str, Any]) -> Row:
        row = Row(value)
        if "access_token" in row:
            self.watched.append(weakref.ref(row))
        return row


class LongLists:
    """Gives every list of Pages in five result pages of a hundred; `held` is what was left of earlier ones, by call."""

    def __init__(self) -> None:
        self.held: list[int] = []
        self.watched: list[weakref.ref[Any]] = []

    async def send(self, request: Request) -> Reply:
        self.held.append(sum(one() is not None for one in self.watched))
        if request.url == BUSINESSES:
            return recorded("businesses")
        number = int(request.query.get("after", "1"))
        paging = {"cursors": {"after": str(number + 1)}, "next": "x"} if number < 5 else {}
        body = {"data": rows(100, first=100 * len(self.held)), "paging": paging}
        await asyncio.sleep(0)  # so that the lists of portfolios are read in turns
        reply = WatchedReply(status=200, body=json.dumps(body).encode(), watched=self.watched)
        self.watched.append(weakref.ref(reply))
        return reply


async def test_nothing_of_a_result_page_is_held_as_it_was_sent_when_the_next_one_is_asked_for() -> None:
    platform = LongLists()

    choices = await Facebook().list_choices(platform, APP, HELD, PERSON)

    assert len(choices.items) == 5 * 100 * (1 + len(EDGES))
    assert len(platform.watched) == 5 * (100 + 1) * (1 + len(EDGES))
    assert platform.held == [0] * (1 + 5 * (1 + len(EDGES)))


async def test_ten_thousand_pages_are_listed_and_no_portfolio_is_asked_for_more() -> None:
    platform = facebook({("GET", ACCOUNTS): answer({"data": rows(MAX_ITEMS + 1, first=1)})})

    choices = await listed(platform)

    assert (len(choices.items), choices.truncated) == (MAX_ITEMS, True)
    assert platform.urls() == [ACCOUNTS]
