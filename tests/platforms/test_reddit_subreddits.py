"""The Reddit adapter: which subreddits may become the default, and the account that comes of one."""

from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Any

import pytest

from moorline.adapter.oauth import MAX_ITEMS, to_connection
from moorline.adapter.values import Choice, Choices, Tokens, Unavailable
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
from moorline.platforms.reddit import MAX_PAGES, Reddit, to_entry
from moorline.wire import Reply
from tests.platforms.reddit_double import (
    ABOUT,
    APP,
    HELD,
    MODERATOR,
    PERSON,
    SUBSCRIBER,
    got,
    page,
    recorded,
    reddit,
)
from tests.platforms.transport import Answers, Platform, answer, body_of

NONE = recorded("none")
FIRST_PAGE = {"limit": "100"}


def lists(subscriber: Answers = NONE, moderator: Answers = NONE, about: Answers = None) -> Platform:
    return reddit({("GET", SUBSCRIBER): subscriber, ("GET", MODERATOR): moderator, ("GET", ABOUT): about})


async def listed(platform: Platform, tokens: Tokens = HELD) -> Choices:
    return await Reddit().list_choices(platform, APP, tokens, PERSON)


def names_of(choices: Choices) -> list[str]:
    return [item.name for item in choices.items]


def row(subreddit_id: str = "2qh1i", **changes: Any) -> dict[str, Any]:
    about = body_of("reddit", "about")
    return {**about, "data": {**about["data"], "id": subreddit_id, **changes}}


def listing(rows: list[Any], after: object = None) -> Reply:
    return answer({"kind": "Listing", "data": {"after": after, "children": rows}})


# The lists


async def test_what_the_person_reads_and_what_they_moderate_is_asked_for() -> None:
    platform = reddit()

    await listed(platform)

    assert platform.sent == [got(SUBSCRIBER, FIRST_PAGE), got(MODERATOR, FIRST_PAGE)]


async def test_a_subreddit_is_offered_with_what_the_documented_list_shows() -> None:
    choices = await listed(reddit())

    assert choices.items[0] == Choice(
        id="2qh1i", name="marketing", shown={"title": "Marketing", "url": "/r/marketing/", "over18": False}
    )
    assert [item.name for item in choices.items if item.shown["over18"]] == ["latenight"]


async def test_a_subreddit_of_both_lists_comes_once_and_in_reddits_order() -> None:
    assert names_of(await listed(reddit())) == ["marketing", "socialmedia", "latenight", "approved", "janesown"]


async def test_a_subreddit_that_one_list_lets_the_person_post_to_is_offered() -> None:
    closed = row(subreddit_type="private")
    mine = row(subreddit_type="private", user_is_moderator=True)

    for pair in ((closed, mine), (mine, closed)):
        choices = await listed(lists(listing([pair[0]]), listing([pair[1]])))
        assert (names_of(choices), choices.unavailable) == (["marketing"], ())


async def test_every_result_page_is_read_also_behind_an_empty_one() -> None:
    pages = [recorded("subscriber_1_of_3"), recorded("subscriber_2_of_3_empty"), recorded("subscriber_3_of_3")]
    platform = lists(pages)

    choices = await listed(platform)

    assert names_of(choices) == ["marketing", "socialmedia"]
    assert platform.sent == [
        got(SUBSCRIBER, FIRST_PAGE),
        got(SUBSCRIBER, {**FIRST_PAGE, "after": "t5_2qh1i"}),
        got(SUBSCRIBER, {**FIRST_PAGE, "after": "t5_2qh3k"}),
        got(MODERATOR, FIRST_PAGE),
    ]


async def test_the_second_list_is_read_to_its_end_as_well() -> None:
    pages = [recorded("subscriber_1_of_3"), recorded("subscriber_3_of_3")]

    assert names_of(await listed(lists(moderator=pages))) == ["marketing", "socialmedia"]


async def test_a_person_without_subreddits_has_nothing_to_choose() -> None:
    assert await listed(lists()) == Choices(items=())


async def test_a_list_of_more_than_anybody_reads_is_told_as_truncated() -> None:
    pages = [
        listing([row(f"{number}x{place}") for place in range(100)], f"t5_{number}")
        for number in range(MAX_ITEMS // 100 + 1)
    ]
    platform = lists(pages)

    choices = await listed(platform)

    assert (len(choices.items), choices.truncated) == (MAX_ITEMS, True)
    assert len(platform.sent) == len(pages)


@pytest.mark.parametrize("moderated", [None, "2qh1ix0"])
async def test_a_list_of_just_the_bound_is_whole(moderated: str | None) -> None:
    rows = [row(f"2qh1ix{place}") for place in range(MAX_ITEMS)]

    choices = await listed(lists(listing(rows), listing([row(moderated)] if moderated else [])))

    assert (len(choices.items), choices.truncated) == (MAX_ITEMS, False)


@pytest.mark.parametrize(
    "afters",
    [
        ["t5_a", "t5_a"],
        ["t5_a", "t5_b", "t5_a"],
        [f"t5_{number}" for number in range(MAX_PAGES + 1)],
        [""],
        [7],
        [{}],
    ],
    ids=["same", "circle", "endless", "empty", "number", "object"],
)
@pytest.mark.parametrize("place", [SUBSCRIBER, MODERATOR])
async def test_a_list_that_names_no_new_page_ends_as_unexpected(place: str, afters: list[object]) -> None:
    pages = [listing([], after) for after in afters]

    with pytest.raises(UnexpectedReply):
        await listed(reddit({("GET", SUBSCRIBER): NONE, ("GET", MODERATOR): NONE, ("GET", place): pages}))


@pytest.mark.parametrize(
    "body",
    [{}, [], {"data": None}, {"data": []}, {"data": {}}, {"data": {"children": None}}, {"data": {"children": {}}}],
)
async def test_an_answer_without_list_is_unexpected_and_not_no_subreddits(body: object) -> None:
    with pytest.raises(UnexpectedReply):
        await listed(lists(answer(body)))


@pytest.mark.parametrize(
    "child",
    [
        "odd",
        None,
        {},
        {"kind": "t5"},
        {"kind": "t5", "data": []},
        {"kind": "t2", "data": {"id": "1", "display_name": "x"}},
        row(id=None),
        row(id=""),
        row(id=7),
        row(display_name=None),
        row(display_name=" "),
        row(display_name=[]),
    ],
)
async def test_a_row_that_is_no_subreddit_is_unexpected_and_not_absent(child: object) -> None:
    with pytest.raises(UnexpectedReply):
        await listed(lists(listing([row("3zzz"), child])))


@pytest.mark.parametrize("page_number", [0, 1])
@pytest.mark.parametrize("place", [SUBSCRIBER, MODERATOR])
@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        (recorded("error_api_token_dead"), Refused),
        (recorded("error_api_scope"), ScopeMissing),
        (recorded("error_api_throttled"), PlatformRateLimited),
        (recorded("error_api_cursor"), UnexpectedReply),
        (recorded("error_api_forbidden"), UnexpectedReply),
        (page(503), Unreachable),
        (page(403), AppMisconfigured),
        (None, Unreachable),
    ],
)
async def test_a_failure_on_the_way_is_told_and_never_a_part_of_the_list(
    place: str, page_number: int, reply: Reply | None, expected: type[MoorlineError]
) -> None:
    answers = [recorded("subscriber_1_of_3"), recorded("subscriber_2_of_3_empty")][:page_number]

    with pytest.raises(expected):
        await listed(
            reddit({("GET", SUBSCRIBER): NONE, ("GET", MODERATOR): NONE, ("GET", place): [*answers, reply, NONE]})
        )


async def test_a_grant_without_subreddits_names_the_scope() -> None:
    platform = reddit()

    with pytest.raises(ScopeMissing) as caught:
        await listed(platform, replace(HELD, granted=("identity", "submit")))

    assert caught.value.scope == "mysubreddits"
    assert platform.sent == []


# What cannot be picked


async def test_subreddits_that_cannot_be_picked_are_named_with_the_reason() -> None:
    choices = await listed(reddit())

    assert {item.name: item.reason for item in choices.unavailable} == {
        "nosuchluck": "You are banned there. Ask its moderators, or pick another subreddit.",
        "readersonly": "Only approved members post there. Ask its moderators to approve you.",
        "behindthedoor": "Only approved members post there. Ask its moderators to approve you.",
        "u_jane_doe": "It is somebody's profile. Pick a subreddit.",
    }


@pytest.mark.parametrize(
    ("changes", "offered"),
    [
        ({"subreddit_type": "public"}, True),
        ({"subreddit_type": "public", "restrict_posting": True}, True),
        ({"subreddit_type": "public", "user_is_banned": None}, True),
        ({"subreddit_type": None}, True),
        ({"subreddit_type": ["odd"], "user_is_banned": "odd"}, True),
        ({"subreddit_type": "private"}, False),
        ({"subreddit_type": "restricted"}, False),
        ({"subreddit_type": "restricted", "user_is_moderator": None, "user_is_contributor": None}, False),
        ({"subreddit_type": "restricted", "user_is_moderator": True}, True),
        ({"subreddit_type": "restricted", "user_is_contributor": True}, True),
        ({"subreddit_type": "private", "user_is_moderator": True}, True),
        ({"subreddit_type": "private", "user_is_contributor": True}, True),
        ({"subreddit_type": "private", "user_is_contributor": True, "user_is_banned": True}, False),
        ({"subreddit_type": "public", "user_is_banned": True}, False),
        ({"subreddit_type": "user", "user_is_moderator": True}, False),
    ],
    ids=str,
)
def test_a_subreddit_is_offered_to_those_who_may_post_there(changes: Mapping[str, Any], offered: bool) -> None:
    _, entry = to_entry(row(**changes))

    assert isinstance(entry, Choice if offered else Unavailable)


@pytest.mark.parametrize("odd", [None, "", 7, {}])
def test_what_a_row_does_not_tell_is_made_of_the_name(odd: object) -> None:
    _, entry = to_entry(row(title=odd, url=odd, over18=odd))

    assert asdict(entry)["shown"] == {"title": "marketing", "url": "/r/marketing/", "over18": False}


# The account


async def test_the_chosen_subreddit_is_found_in_the_list_and_asked_for_now() -> None:
    platform = reddit()

    connection = await Reddit().adopt(platform, APP, HELD, PERSON, "2qh1i")

    assert platform.sent == [got(SUBSCRIBER, FIRST_PAGE), got(ABOUT)]
    assert connection == replace(to_connection(PERSON), details={"defaultSubreddit": "marketing"})


async def test_a_subreddit_that_is_only_moderated_can_be_chosen() -> None:
    platform = lists(moderator=recorded("moderator"), about=recorded("about"))

    await Reddit().adopt(platform, APP, HELD, PERSON, "2qh1i")

    assert platform.sent == [got(SUBSCRIBER, FIRST_PAGE), got(MODERATOR, FIRST_PAGE), got(ABOUT)]


@pytest.mark.parametrize("choice_id", ["marketing", "t5_2qh1i", "2QH1I", "", "../api/v1/me", "3aaa1", "2tso75"])
async def test_what_the_list_does_not_offer_is_not_found_and_not_asked_for(choice_id: str) -> None:
    platform = reddit()

    with pytest.raises(NotFound):
        await Reddit().adopt(platform, APP, HELD, PERSON, choice_id)

    assert platform.urls() == [SUBSCRIBER, MODERATOR]


@pytest.mark.parametrize(
    "reply",
    [
        recorded("error_api_not_found"),
        recorded("error_api_banned"),
        page(404),
        recorded("error_api_private"),
        recorded("error_api_forbidden"),
        Reply(status=403),
        Reply(status=302, headers={"location": "https://oauth.reddit.com/subreddits/search?q=marketing"}),
        recorded("about_banned_person"),
    ],
    ids=[
        "missing",
        "banned",
        "missing in HTML",
        "private",
        "forbidden",
        "forbidden without body",
        "search",
        "person banned",
    ],
)
async def test_a_subreddit_that_is_no_longer_open_to_the_person_is_not_found(reply: Reply) -> None:
    with pytest.raises(NotFound) as caught:
        await Reddit().adopt(reddit({("GET", ABOUT): reply}), APP, HELD, PERSON, "2qh1i")

    assert str(caught.value) == "Selected subreddit not found in available subreddits."


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        (recorded("error_api_token_dead"), Refused),
        (recorded("error_api_no_person"), Refused),
        (recorded("error_api_scope"), ScopeMissing),
        (recorded("error_api_throttled"), PlatformRateLimited),
        (page(403), AppMisconfigured),
        (page(403, {"retry-after": "30"}), PlatformRateLimited),
        (page(502), Unreachable),
        (Reply(status=301), UnexpectedReply),
        (recorded("error_api_cursor"), UnexpectedReply),
        (answer({}), UnexpectedReply),
        (NONE, UnexpectedReply),
        (None, Unreachable),
    ],
)
async def test_a_subreddit_that_cannot_be_asked_for_is_told_by_its_cause(
    reply: Reply | None, expected: type[MoorlineError]
) -> None:
    with pytest.raises(expected):
        await Reddit().adopt(reddit({("GET", ABOUT): reply}), APP, HELD, PERSON, "2qh1i")


async def test_s11_another_subreddit_than_the_chosen_one_is_not_taken() -> None:
    with pytest.raises(UnexpectedReply):
        await Reddit().adopt(reddit({("GET", ABOUT): recorded("about_another")}), APP, HELD, PERSON, "2qh1i")


async def test_the_failure_of_a_list_is_not_told_as_a_subreddit_that_is_missing() -> None:
    with pytest.raises(Unreachable):
        await Reddit().adopt(lists(moderator=None), APP, HELD, PERSON, "2qh1i")


async def test_the_name_in_a_list_cannot_lead_to_another_path() -> None:
    platform = lists(listing([row(display_name="marketing/../../api/v1/me?x=1")]))

    with pytest.raises(Unreachable):
        await Reddit().adopt(platform, APP, HELD, PERSON, "2qh1i")

    assert platform.urls()[-1] == "https://oauth.reddit.com/r/marketing%2F..%2F..%2Fapi%2Fv1%2Fme%3Fx%3D1/about"


async def test_choosing_without_the_scope_to_read_names_it() -> None:
    with pytest.raises(ScopeMissing) as caught:
        await Reddit().adopt(reddit(), APP, replace(HELD, granted=("identity", "mysubreddits")), PERSON, "2qh1i")

    assert caught.value.scope == "read"
