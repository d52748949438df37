"""The LinkedIn adapter: how it reads a list of roles to its end, and when it stops."""

import pytest
from typing_extensions import override

from moorline.adapter.oauth import MAX_ITEMS
from moorline.adapter.values import Choices, Tokens
from moorline.errors import MoorlineError, PlatformRateLimited, Refused, ScopeMissing, UnexpectedReply, Unreachable
from moorline.platforms.linkedin import MAX_PAGES, LinkedIn, to_next_start
from moorline.wire import Reply, Request
from tests.platforms.linkedin_double import APP, HELD, PERSON, ROLES, UNTOLD, asked_roles, linkedin, lookup, recorded
from tests.platforms.transport import Answers, Platform, answer

NEXT = [{"type": "application/json", "rel": "next", "href": "/rest/organizationAcls?start=100"}]


def rows(first: int, count: int) -> list[dict[str, str]]:
    numbers = range(first, first + count)
    return [{"organization": f"urn:li:organization:{number}", "role": "ANALYST"} for number in numbers]


class Lists(Platform):
    """Answers every page of roles from `answers`, the last again and again, and knows no names."""

    def __init__(self, answers: Answers) -> None:
        super().__init__({("GET", ROLES): answers})

    @override
    async def send(self, request: Request) -> Reply:
        if request.url.startswith(lookup()[:-2]):
            return answer({"results": {}})
        return await super().send(request)

    def starts(self) -> list[str]:
        return [request.query["start"] for request in self.sent]


async def listed(platform: Platform) -> Choices:
    return await LinkedIn().list_choices(platform, APP, HELD, PERSON)


async def test_every_result_page_is_read_also_behind_a_short_and_an_empty_one() -> None:
    pages = [recorded("roles_1_of_3_short"), recorded("roles_2_of_3_empty"), recorded("roles_3_of_3")]
    platform = linkedin({("GET", ROLES): pages})

    choices = await listed(platform)

    assert platform.asked(ROLES) == [asked_roles(0), asked_roles(100), asked_roles(200)]
    assert [item.id for item in choices.unavailable] == ["103"]
    assert not choices.truncated


async def test_the_strongest_role_counts_also_across_result_pages() -> None:
    pages = [recorded("roles_1_of_3_short"), recorded("roles_2_of_3_empty"), recorded("roles_3_of_3")]

    choices = await listed(linkedin({("GET", ROLES): pages}))

    assert [item.name for item in choices.items] == ["Northwind Bikes", "Harbour Café"]


async def test_a_choice_on_a_later_page_is_found() -> None:
    pages = [recorded("roles_1_of_3_short"), recorded("roles_2_of_3_empty"), recorded("roles_3_of_3")]

    connection = await LinkedIn().adopt(linkedin({("GET", ROLES): pages}), APP, HELD, PERSON, "101")

    assert connection.platform_account_id == "101"


@pytest.mark.parametrize(
    ("count", "paging", "goes_on"),
    [
        (1, {"links": NEXT}, True),
        (0, {"links": NEXT, "total": 1}, True),
        (100, {"total": 101}, True),
        (100, {"total": 100}, False),
        (1, {"total": 101}, True),
        (100, {}, True),
        (99, {}, False),
        (100, {"links": [{"rel": "prev"}, "odd"]}, True),
        (99, {"links": "odd", "total": "odd"}, False),
        (99, None, False),
        (100, "odd", True),
    ],
)
def test_a_link_or_else_the_total_or_else_a_full_page_means_another_page(
    count: int, paging: object, goes_on: bool
) -> None:
    assert to_next_start({"elements": rows(0, count), "paging": paging}, 0) == (100 if goes_on else None)


@pytest.mark.parametrize(
    ("paging", "following"),
    [
        ({"start": 0, "count": 10, "links": NEXT}, 10),
        ({"start": 0, "count": 10, "total": 11}, 10),
        ({"start": 0, "count": 10}, 10),
        ({"start": 0, "count": 0, "links": NEXT}, 100),
        ({"start": 0, "count": -1, "links": NEXT}, 100),
        ({"start": 0, "count": 500, "links": NEXT}, 100),
        ({"start": 0, "count": "odd", "links": NEXT}, 100),
    ],
)
def test_pages_smaller_than_asked_for_leave_nothing_out(paging: dict[str, object], following: int) -> None:
    assert to_next_start({"elements": rows(0, 10), "paging": paging}, 0) == following


async def test_names_are_asked_for_a_hundred_at_a_time() -> None:
    first, second = [str(number) for number in range(1000, 1100)], ["1100"]
    names: dict[tuple[str, str], Answers] = {
        ("GET", lookup(*first)): answer({"results": {"1000": {"localizedName": "First"}}}),
        ("GET", lookup(*second)): answer({"results": {"1100": {"localizedName": "Last"}}}),
    }
    pages = [answer({"elements": rows(1000, 100)}), answer({"elements": rows(1100, 1)})]
    platform = linkedin({("GET", ROLES): pages, **names})

    choices = await listed(platform)

    assert platform.urls() == [ROLES, ROLES, lookup(*first), lookup(*second)]
    assert (choices.unavailable[0].name, choices.unavailable[-1].name) == ("First", "Last")


# Where it stops


@pytest.mark.parametrize("start", [0, 50, 200, "100", [], {}])
async def test_another_page_than_the_one_asked_for_is_unexpected(start: object) -> None:
    pages = [answer({"elements": rows(0, 100)}), answer({"elements": [], "paging": {"start": start}})]

    with pytest.raises(UnexpectedReply):
        await listed(Lists(pages))


async def test_a_list_without_end_is_told_as_cut() -> None:
    platform = Lists(answer({"elements": [], "paging": {"links": NEXT}}))

    assert await listed(platform) == Choices(items=(), truncated=True)
    assert platform.starts() == [str(start) for start in range(0, MAX_ITEMS, 100)]


@pytest.mark.parametrize(("links", "truncated"), [([], False), (NEXT, True)], ids=["ends there", "goes on"])
async def test_a_list_is_read_up_to_its_bound(links: list[object], truncated: bool) -> None:
    pages = [answer({"elements": rows(start, 100)}) for start in range(0, MAX_ITEMS, 100)]
    pages[-1] = answer({"elements": rows(MAX_ITEMS - 100, 100), "paging": {"links": links, "total": MAX_ITEMS}})
    platform = Lists(pages)

    choices = await listed(platform)

    assert (len(choices.unavailable), choices.truncated) == (MAX_ITEMS, truncated)
    assert len(platform.starts()) == MAX_PAGES


async def test_a_page_larger_than_the_bound_is_cut() -> None:
    choices = await listed(Lists(answer({"elements": rows(0, MAX_ITEMS + 1)})))

    assert (len(choices.unavailable), choices.truncated) == (MAX_ITEMS, True)


async def test_a_further_role_at_the_bound_is_no_further_organization() -> None:
    further = {"organization": "urn:li:organization:0", "role": "ADMINISTRATOR"}

    choices = await listed(Lists(answer({"elements": [*rows(0, MAX_ITEMS), further], "paging": {"total": 1}})))

    assert ([item.id for item in choices.items], choices.truncated) == (["0"], False)


@pytest.mark.parametrize("tokens", [HELD, UNTOLD], ids=["scopes told", "not told"])
@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        (recorded("error_denied"), ScopeMissing),
        (recorded("error_token_expired"), Refused),
        (recorded("error_throttled_app"), PlatformRateLimited),
        (answer({}), UnexpectedReply),
        (None, Unreachable),
    ],
)
async def test_an_error_in_the_middle_is_told_and_no_part_of_the_list_given(
    tokens: Tokens, reply: Reply | None, expected: type[MoorlineError]
) -> None:
    platform = Lists([answer({"elements": rows(0, 100)}), reply])

    with pytest.raises(expected):
        await LinkedIn().list_choices(platform, APP, tokens, PERSON)
