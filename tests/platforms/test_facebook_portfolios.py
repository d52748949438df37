"""The Facebook adapter: Pages of business portfolios, beside the person's own."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from moorline.adapter.oauth import MAX_ITEMS
from moorline.adapter.values import Choices, Identity
from moorline.errors import AppMisconfigured, MoorlineError, PlatformRateLimited
from moorline.platforms.facebook import Facebook
from moorline.wire import Reply, Request
from tests.platforms.facebook_double import (
    ACCOUNTS,
    APP,
    BUSINESSES,
    EDGES,
    HELD,
    LONG,
    PAGE_FIELDS,
    PERSON,
    facebook,
    got,
    proof,
    recorded,
)
from tests.platforms.transport import Answers, Platform, answer

FIRST_PAGE = {"fields": PAGE_FIELDS, "limit": "100"}
NO_PORTFOLIOS = replace(PERSON, granted=("public_profile", "pages_show_list"))


async def listed(platform: Platform, person: Identity = PERSON) -> Choices:
    return await Facebook().list_choices(platform, APP, HELD, person)


def ids_of(choices: Choices) -> list[str]:
    return [item.id for item in choices.items]


def page(page_id: str) -> dict[str, Any]:
    return {"id": page_id, "name": "P", "access_token": "EAABp", "tasks": ["MANAGE"]}


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


async def test_pages_that_cannot_be_picked_are_named_with_the_reason() -> None:
    choices = await listed(with_portfolios())

    assert {item.name: item.reason for item in choices.unavailable} == {
        "Only Numbers": "You can view it, but not post to it. Ask its owner for content access.",
        "Client Without Token": (
            "Facebook gives this app no access to it. Tick it when Facebook asks which Pages to share."
        ),
    }


class EdgesInTurn:
    """Lets portfolios answer in the order of `edges` only, whichever was asked first."""

    def __init__(self, platform: Platform, edges: list[str]) -> None:
        self._platform = platform
        self._may_answer = {edge: asyncio.Event() for edge in edges}
        self._order = edges

    async def send(self, request: Request) -> Reply:
        if request.url in self._may_answer:
            place = self._order.index(request.url)
            if place > 0:
                await self._may_answer[self._order[place - 1]].wait()
            self._may_answer[request.url].set()
        return await self._platform.send(request)


@pytest.mark.parametrize("edges", [EDGES, EDGES[::-1], [EDGES[3], EDGES[0], EDGES[2], EDGES[1]]])
async def test_the_order_of_pages_is_that_of_the_lists_whichever_portfolio_answers_first(edges: list[str]) -> None:
    owned = answer({"data": [page("3"), page("2"), page("1")]})
    served = answer({"data": [page("5"), page("1"), page("4"), page("3")]})
    platform = with_portfolios({("GET", EDGES[0]): owned, ("GET", EDGES[3]): served})

    choices = await Facebook().list_choices(EdgesInTurn(platform, edges), APP, HELD, PERSON)

    assert ids_of(choices) == ["101", "102", "3", "2", "1", "5", "4"]


async def test_a_portfolio_that_breaks_off_keeps_the_pages_it_named_before() -> None:
    first = answer({"data": [page("7")], "paging": {"cursors": {"after": "A"}, "next": "x"}})
    platform = with_portfolios({("GET", EDGES[1]): [first, None]})

    assert "7" in ids_of(await listed(platform))


async def test_own_pages_and_those_of_portfolios_are_ten_thousand_at_most_and_then_no_list_is_read_on() -> None:
    own = [page(str(1000 + number)) for number in range(MAX_ITEMS - 1)]
    goes_on = {"cursors": {"after": "A"}, "next": "x"}
    edges = {
        ("GET", edge): answer({"data": [page(f"{at}1"), page(f"{at}2")], "paging": goes_on})
        for at, edge in enumerate(EDGES)
    }
    platform = with_portfolios({("GET", ACCOUNTS): answer({"data": own}), **edges})

    choices = await listed(platform)

    assert (len(choices.items), choices.truncated) == (MAX_ITEMS, True)
    assert platform.urls() == [ACCOUNTS, BUSINESSES, *EDGES]


async def test_every_call_to_the_graph_carries_the_proof_of_its_token() -> None:
    platform = with_portfolios()
    await Facebook().identify(platform, APP, HELD)
    await listed(platform)
    await Facebook().adopt(platform, APP, HELD, PERSON, "101")
    await Facebook().revoke(platform, APP, HELD, PERSON)

    proofs = [request.query["appsecret_proof"] for request in platform.sent]
    assert proofs == [proof(LONG)] * len(platform.sent)
    assert {request.query["access_token"] for request in platform.sent} == {LONG}
