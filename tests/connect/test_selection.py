"""`connect.selection`: an open choice, while it lives and when it does not."""

import asyncio
from dataclasses import replace

import pytest

from moorline.connect import selection
from moorline.errors import BadRequest, FlowFailed, InvalidTempToken, NotFound, Refused
from moorline.store.selections import OpenSelection
from tests.conftest import FrozenClock
from tests.harness import APP_URL, World, on_both_engines

PAGE, OTHER_PAGE = "100000000000101", "100000000000102"
NODE = "GET /{version}/{node_id}"


async def opened(world: World, person: str = "plenty") -> OpenSelection:
    """The open selection of a fresh consent."""
    await world.selection(person=person)
    row = await world.service.db.one("SELECT attempt_id FROM selections ORDER BY expires_at_ms DESC LIMIT 1")
    assert row is not None
    return await selection.get(world.service, row["attempt_id"])


async def status_of(world: World, attempt_id: str) -> tuple[str, str | None]:
    row = await world.service.db.one("SELECT status, slug FROM attempts WHERE id = $1", attempt_id)
    assert row is not None
    return row["status"], row["slug"]


@on_both_engines
async def test_a_choice_is_open_for_fifteen_minutes(world: World, frozen_clock: FrozenClock) -> None:
    found = await opened(world)
    frozen_clock.advance(selection.SELECTION_TTL_S - 0.001)
    assert (await selection.get(world.service, found.attempt_id)).attempt_id == found.attempt_id
    frozen_clock.advance(0.001)
    with pytest.raises(InvalidTempToken):
        await selection.get(world.service, found.attempt_id)


@on_both_engines
async def test_listing_again_asks_the_platform_and_keeps_what_it_says(world: World) -> None:
    found = await opened(world, person="single")
    assert [item.name for item in selection.listed(found).items] == ["Fernhill Books"]
    page = {"id": "77", "name": "New Page", "access_token": "EAABnew", "category": "Cafe", "tasks": ["MANAGE"]}
    await world.fault("facebook", "GET /{version}/me/accounts", status=200, body={"data": [page]})
    again = await selection.list_again(world.service, found)
    assert [(item.id, item.name) for item in again.items] == [("77", "New Page")]
    stored = await selection.get(world.service, found.attempt_id)
    assert selection.listed(stored) == again
    row = await world.service.db.one("SELECT identity, choices FROM selections")
    assert row is not None
    assert "EAAB" not in row["identity"] + row["choices"]


async def test_a_page_that_came_after_the_consent_may_be_chosen(world: World) -> None:
    found = await opened(world)
    outdated = replace(found, choices={**found.choices, "items": []})
    chosen = await selection.choose(world.service, outdated, PAGE, redirect_url=None)
    assert chosen.account.display_name == "Northwind Bakery"


async def test_a_choice_that_is_gone_saves_nothing_and_leaves_the_others(world: World) -> None:
    found = await opened(world)
    gone = {"error": {"code": 100, "error_subcode": 33, "message": "does not exist", "type": "GraphMethodException"}}
    await world.fault("facebook", NODE, status=400, body=gone)
    with pytest.raises(NotFound):
        await selection.choose(world.service, found, PAGE, redirect_url=None)
    assert await world.accounts() == []
    chosen = await selection.choose(world.service, found, OTHER_PAGE, redirect_url=None)
    assert chosen.account.display_name == "Northwind Cafe"
    assert await status_of(world, found.attempt_id) == ("connected", None)


async def test_a_page_of_another_id_than_the_one_asked_for_is_not_saved(world: World) -> None:
    found = await opened(world)
    other = {"id": OTHER_PAGE, "name": "Other", "access_token": "EAABx"}
    await world.fault("facebook", NODE, status=200, body=other)
    answer = await world.select(await world.selection(), PAGE)
    assert answer.status == 500
    assert await world.accounts() == []
    assert (await selection.get(world.service, found.attempt_id)).saved_account_id is None


async def test_something_that_was_never_listed_is_asked_for_anew_and_then_refused(world: World) -> None:
    found = await opened(world)
    before = len(await world.calls("facebook", "GET /{version}/me/accounts"))
    with pytest.raises(NotFound, match="Selected page not found in available pages"):
        await selection.choose(world.service, found, "100000000000301", redirect_url=None)
    assert len(await world.calls("facebook", "GET /{version}/me/accounts")) > before


@on_both_engines
async def test_leaving_wipes_the_tokens_and_keeps_the_outcome(world: World) -> None:
    found = await opened(world)
    await selection.cancel(world.service, found)
    assert await world.rows_with_tokens() == 0
    assert await status_of(world, found.attempt_id) == ("failed", "selection_cancelled")
    with pytest.raises(InvalidTempToken):
        await selection.get(world.service, found.attempt_id)
    await selection.cancel(world.service, found)
    assert await status_of(world, found.attempt_id) == ("failed", "selection_cancelled")


@on_both_engines
async def test_leaving_while_the_choice_is_being_saved_saves_nothing(world: World) -> None:
    found = await opened(world)
    await world.fault("facebook", NODE, delay_ms=400)
    at_work = asyncio.create_task(selection.choose(world.service, found, PAGE, redirect_url=None))
    await asyncio.sleep(0.15)
    await selection.cancel(world.service, found)
    with pytest.raises(FlowFailed) as raised:
        await at_work
    assert raised.value.slug == "session_expired"
    assert await world.accounts() == []
    assert await world.rows_with_tokens() == 0
    assert await status_of(world, found.attempt_id) == ("failed", "selection_cancelled")


async def test_leaving_after_saving_takes_nothing_back(world: World) -> None:
    found = await opened(world)
    await selection.choose(world.service, found, PAGE, redirect_url=None)
    await selection.cancel(world.service, await selection.get(world.service, found.attempt_id))
    assert len(await world.accounts()) == 1
    assert await status_of(world, found.attempt_id) == ("connected", None)


@on_both_engines
async def test_the_same_choice_many_times_at_once_is_one_account(world: World) -> None:
    found = await opened(world)
    chosen = await asyncio.gather(*(selection.choose(world.service, found, PAGE, redirect_url=None) for _ in range(8)))
    assert len({one.account.id for one in chosen}) == 1
    assert len(await world.accounts()) == 1


async def test_different_choices_at_once_are_all_saved(world: World) -> None:
    found = await opened(world)
    ids = [f"10000000000010{number}" for number in (1, 2, 3, 4)]
    await asyncio.gather(*(selection.choose(world.service, found, one, redirect_url=None) for one in ids))
    assert len(await world.accounts()) == 4
    assert len(await world.service.db.all("SELECT id FROM grants")) == 1


async def test_a_profile_deleted_meanwhile_is_told_and_nothing_is_saved(world: World) -> None:
    found = await opened(world)
    await world.new_profile("Another")
    await world.ok("DELETE", f"/v1/profiles/{world.owner.profile_id}")
    with pytest.raises(FlowFailed) as raised:
        await selection.choose(world.service, found, PAGE, redirect_url=None)
    assert raised.value.slug == "profile_not_found"
    assert await world.service.db.all("SELECT id FROM grants") == []


async def test_a_permission_taken_back_meanwhile_is_told(world: World) -> None:
    found = await opened(world)
    await world.control("POST", "revoke", {"platform": "facebook", "person": "plenty"})
    with pytest.raises(Refused):
        await selection.list_again(world.service, found)
    with pytest.raises(Refused):
        await selection.choose(world.service, found, PAGE, redirect_url=None)


@on_both_engines
async def test_s32_sealed_tokens_moved_to_another_attempt_do_not_open(world: World) -> None:
    first, second = await opened(world), await opened(world, person="single")
    moved = replace(second, tokens_sealed=first.tokens_sealed)
    for broken in (moved, replace(second, tokens_sealed=b""), replace(second, tokens_sealed=first.tokens_sealed[:-1])):
        with pytest.raises(InvalidTempToken):
            await selection.list_again(world.service, broken)
        with pytest.raises(InvalidTempToken):
            await selection.choose(world.service, broken, PAGE, redirect_url=None)


async def test_an_open_choice_shows_who_consented_and_no_token(world: World) -> None:
    found = await opened(world)
    assert found.identity["display_name"] == "Ana Lima"
    assert found.redirect_url == APP_URL
    assert "EAAB" not in repr(found)


ADDRESSES: list[tuple[str | None, tuple[str, ...] | None, str | None, bool]] = [
    (APP_URL, None, None, True),
    (APP_URL, None, APP_URL, True),
    (APP_URL, None, "https://b.example/", False),
    (APP_URL, ("https://b.example",), "https://b.example/", True),
    (APP_URL, ("https://b.example",), APP_URL, True),
    (APP_URL, ("https://b.example",), "https://c.example/", False),
    (None, None, "https://b.example/", True),
    (None, None, "javascript:alert(1)", False),
    (None, ("https://b.example",), "https://c.example/", False),
    (None, (), "https://c.example/", False),
]


async def test_s21_which_address_a_select_call_may_name(world: World) -> None:
    found = await opened(world)
    for own, allowlist, asked, taken in ADDRESSES:
        attempt = replace(found, redirect_url=own)
        if taken:
            selection.check_redirect_url(attempt, asked, allowlist)
        else:
            with pytest.raises(BadRequest, match="redirect_url"):
                selection.check_redirect_url(attempt, asked, allowlist)
