"""The Snapchat adapter: lists that go on, and lists that fail."""

import pytest
from typing_extensions import override

from moorline.adapter.oauth import MAX_ITEMS
from moorline.adapter.values import Choice, Unavailable
from moorline.errors import AppMisconfigured, FlowFailed, MoorlineError, UnexpectedReply
from moorline.platforms.snapchat import MAX_PAGES, to_choices, to_cursor
from moorline.wire import Reply, Request
from tests.platforms.snapchat_double import (
    CAFE,
    FAILURES,
    FIRST_PAGE,
    HELD_WITH_MARKETING,
    MILL,
    MY_PROFILE,
    ORGANIZATIONS,
    OTHER_PROFILES,
    OWN,
    PROFILES,
    got,
    ids_of,
    listed,
    page,
    recorded,
    row,
    snapchat,
)
from tests.platforms.transport import Platform, answer


@pytest.mark.parametrize("last", ["profiles_3_of_3", "profiles"])
async def test_every_result_page_is_read_also_behind_an_empty_one(last: str) -> None:
    pages = [recorded("profiles_1_of_3"), recorded("profiles_2_of_3_empty"), recorded(last)]
    platform = snapchat({PROFILES: pages})

    choices = await listed(platform)

    assert platform.sent[1:] == [
        got(PROFILES, FIRST_PAGE),
        got(PROFILES, {**FIRST_PAGE, "cursor": "Q1=="}),
        got(PROFILES, {**FIRST_PAGE, "cursor": "Q2=="}),
    ]
    assert (ids_of(choices), choices.truncated) == ([OWN, CAFE], False)


@pytest.mark.parametrize("name", ["profiles_next_elsewhere", "profiles_link_alone"])
async def test_a_next_page_is_asked_for_by_its_cursor_at_the_address_we_know(name: str) -> None:
    platform = snapchat({PROFILES: [recorded(name), recorded("profiles_3_of_3")]})

    await listed(platform)

    assert platform.sent[1:] == [got(PROFILES, FIRST_PAGE), got(PROFILES, {**FIRST_PAGE, "cursor": "Q2=="})]


async def test_organizations_are_paged_like_profiles() -> None:
    first = answer({"organizations": [], "paging": {"next_page_id": "P2"}})
    platform = snapchat({ORGANIZATIONS: [first, recorded("organizations")]})

    choices = await listed(platform, HELD_WITH_MARKETING)

    assert platform.asked(ORGANIZATIONS) == [got(ORGANIZATIONS), got(ORGANIZATIONS, {"cursor": "P2"})]
    assert ids_of(choices) == [OWN, CAFE, MILL]


@pytest.mark.parametrize(
    "paging", [None, {}, "odd", {"next_page_id": None}, {"next_page_id": ""}, {"next_page_id": "", "next_link": ""}]
)
def test_without_a_next_page_the_list_ends(paging: object) -> None:
    assert to_cursor({"paging": paging}) is None


@pytest.mark.parametrize(
    "paging",
    [
        {"next_page_id": 7},
        {"next_page_id": {"a": 1}},
        {"next_link": PROFILES},
        {"next_link": f"{PROFILES}?limit=10&cursor="},
        {"next_link": ["odd"]},
        {"next_link": "https://["},
    ],
)
def test_a_next_page_without_cursor_is_unexpected_and_not_the_end(paging: object) -> None:
    with pytest.raises(UnexpectedReply):
        to_cursor({"paging": paging})


@pytest.mark.parametrize("cursors", [["A", "A"], ["A", "B", "A"]])
async def test_a_list_that_turns_in_a_circle_ends_as_unexpected(cursors: list[str]) -> None:
    platform = snapchat({PROFILES: [page(row(CAFE), paging={"next_page_id": cursor}) for cursor in cursors]})

    with pytest.raises(UnexpectedReply):
        await listed(platform)

    assert len(platform.asked(PROFILES)) == len(cursors)


async def test_a_list_longer_than_the_bound_is_cut_and_said_to_be() -> None:
    rows = [row(f"p{number}") for number in range(MAX_ITEMS)]
    platform = snapchat({PROFILES: page(*rows, paging={"next_page_id": "Q1"})})

    choices = await listed(platform)

    assert (len(choices.items), choices.truncated) == (MAX_ITEMS, True)
    assert platform.urls() == [MY_PROFILE, PROFILES]


async def test_after_a_list_as_long_as_the_bound_no_further_organization_is_asked() -> None:
    rows = [row(f"p{number}") for number in range(MAX_ITEMS)]
    platform = snapchat({PROFILES: page(*rows)})

    choices = await listed(platform, HELD_WITH_MARKETING)

    assert OTHER_PROFILES not in platform.urls()
    assert choices.truncated


@pytest.mark.parametrize(("count", "truncated"), [(MAX_ITEMS, False), (MAX_ITEMS + 1, True)])
def test_a_list_is_cut_at_the_bound_and_not_before(count: int, truncated: bool) -> None:
    choices = to_choices([Choice(id=f"p{number}", name="P") for number in range(count)])

    assert (len(choices.items), choices.truncated) == (MAX_ITEMS, truncated)


def test_what_cannot_be_picked_counts_towards_the_bound() -> None:
    choices = to_choices([Unavailable(name="P", reason="R")] * (MAX_ITEMS + 1))

    assert (len(choices.unavailable), choices.truncated) == (MAX_ITEMS, True)


class Endless(Platform):
    """Empty pages without end, each with a cursor of its own."""

    def __init__(self) -> None:
        super().__init__({})
        self.pages = 0

    @override
    async def send(self, request: Request) -> Reply:
        if request.url == MY_PROFILE:
            return recorded("my_profile")
        self.pages += 1
        return page(paging={"next_page_id": f"Q{self.pages}"})


async def test_empty_pages_without_end_are_given_up_and_said_to_be() -> None:
    platform = Endless()

    choices = await listed(platform)

    assert (ids_of(choices), choices.truncated) == ([OWN], True)
    assert platform.pages == MAX_PAGES


@pytest.mark.parametrize("body", [{}, [], {"public_profiles": {}}, {"public_profiles": None}, {"paging": {}}])
async def test_an_answer_without_list_is_unexpected_and_not_no_profiles(body: object) -> None:
    with pytest.raises(UnexpectedReply):
        await listed(snapchat({PROFILES: answer(body)}))


@pytest.mark.parametrize("reply", [recorded("profiles_none"), answer({"request_status": "SUCCESS", "paging": {}})])
async def test_a_success_may_leave_out_a_list_that_is_empty(reply: Reply) -> None:
    choices = await listed(snapchat({PROFILES: reply}))

    assert (ids_of(choices), choices.truncated) == ([OWN], False)


@pytest.mark.parametrize(("reply", "expected"), FAILURES)
@pytest.mark.parametrize("place", [MY_PROFILE, ORGANIZATIONS, PROFILES, OTHER_PROFILES])
async def test_a_failure_anywhere_is_told_and_never_a_shorter_list(
    place: str, reply: Reply | None, expected: type[MoorlineError]
) -> None:
    with pytest.raises(expected):
        await listed(snapchat({place: reply}), HELD_WITH_MARKETING)


@pytest.mark.parametrize(
    ("reply", "expected"),
    [*FAILURES, (recorded("error_not_allowlisted"), AppMisconfigured), (recorded("error_no_role"), FlowFailed)],
)
async def test_a_failure_in_the_middle_of_a_list_is_told(reply: Reply | None, expected: type[MoorlineError]) -> None:
    with pytest.raises(expected):
        await listed(snapchat({PROFILES: [recorded("profiles_1_of_3"), reply]}))
