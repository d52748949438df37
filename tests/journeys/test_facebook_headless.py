"""The headless choice of a Facebook Page, and the accounts that hang on one consent."""

import asyncio
import sqlite3

import pytest

from tests.journeys.facebook_steps import OFFERED, pages_of
from tests.journeys.journey import Journey, query_of
from tests.journeys.processes import DemoServer

BAKERY, CAFE = "100000000000101", "100000000000102"
VIEW_ONLY = "100000000000105"
NO_TOKEN = "100000000000190"  # a business lists it, the person has no role on it


# --- the list and the choice ------------------------------------------------------------------------------------------


async def test_every_page_is_listed_once_with_its_documented_fields(journey: Journey) -> None:
    listed = await pages_of(journey, await journey.selection())
    pages = listed["pages"]
    assert len({page["id"] for page in pages}) == len(pages) == OFFERED
    for page in pages:
        assert {"id", "name", "username", "access_token", "category", "tasks"} == set(page)
    assert next(page for page in pages if page["id"] == "100000000000104")["username"] is None


async def test_a_page_that_cannot_be_connected_is_listed_with_its_reason(journey: Journey) -> None:
    listed = await pages_of(journey, await journey.selection())
    unavailable = listed["unavailable"]
    reasons = {entry["id"]: entry["reason"] for entry in unavailable}
    assert set(reasons) == {VIEW_ONLY, NO_TOKEN}
    assert "not post to it" in reasons[VIEW_ONLY]
    assert "no access" in reasons[NO_TOKEN]


@pytest.mark.parametrize("page_id", [VIEW_ONLY, NO_TOKEN, "999", "../me", "me"])
async def test_a_page_that_cannot_be_connected_is_not_found_when_chosen(journey: Journey, page_id: str) -> None:
    answer = await journey.select(await journey.selection(), page_id)
    assert (answer.status, answer.json["code"]) == (404, "not_found")
    assert await journey.accounts() == []


async def test_a_person_without_pages_is_told_so(journey: Journey) -> None:
    fields = query_of(await journey.landing("facebook", headless=True, person="none"))
    assert fields["error"] == "no_facebook_pages"


async def test_a_person_who_did_not_show_the_pages_is_asked_to_tick_the_box(journey: Journey) -> None:
    fields = query_of(await journey.landing("facebook", untick={"pages_show_list"}))
    assert fields["error"] == "scope_missing"
    # Facebook asks again for what was left out, so the next try succeeds.
    assert (await journey.selection())["step"] == "select_page"


async def test_pages_of_businesses_are_left_out_without_that_permission(journey: Journey) -> None:
    listed = await pages_of(journey, await journey.selection(untick={"business_management"}))
    pages = listed["pages"]
    assert {page["name"] for page in pages}.isdisjoint({"Northwind Wholesale", "Northwind Farm Shop"})


async def test_s11_identity_and_name_come_from_facebook_and_not_from_the_call(journey: Journey) -> None:
    fields = await journey.selection()
    claimed = {"id": "1", "name": "Somebody", "profilePicture": "https://evil.example.com/x.png"}
    for profile in (claimed, '{"id": "1", "name": "Somebody"}'):
        account = (await journey.select(fields, BAKERY, userProfile=profile)).json["account"]
        assert account["displayName"] == account["selectedPageName"] == "Northwind Bakery"
        assert "evil" not in account["profilePicture"]


async def test_a_pages_own_handle_opens_the_choice_like_the_temp_token(journey: Journey) -> None:
    fields = await journey.selection()
    pages = (await pages_of(journey, fields))["pages"]
    answer = await journey.select({**fields, "tempToken": pages[0]["access_token"]}, CAFE)
    assert answer.json["account"]["displayName"] == "Northwind Cafe"


async def test_a_connect_token_alone_lists_and_saves_and_is_then_dead(journey: Journey) -> None:
    fields = await journey.selection()
    token = {"x-connect-token": fields["connect_token"]}
    path = "connect/facebook/select-page"
    assert len((await journey.call("GET", path, key=None, headers=token)).json["pages"]) == OFFERED
    chosen = await journey.call("POST", path, key=None, headers=token, body={"pageId": BAKERY})
    assert chosen.json["account"]["displayName"] == "Northwind Bakery"
    assert (await journey.call("GET", path, key=None, headers=token)).status == 401
    assert (await journey.call("GET", "accounts", key=None, headers=token)).status == 401


async def test_s21_another_redirect_url_than_the_started_one_is_refused(journey: Journey) -> None:
    fields = await journey.selection()
    answer = await journey.select(fields, BAKERY, redirect_url="https://evil.example.com/")
    assert (answer.status, answer.json["code"]) == (400, "invalid_redirect_url")
    assert await journey.accounts() == []


# --- one consent, many accounts ---------------------------------------------------------------------------------------


async def test_a_second_page_of_one_consent_reuses_the_grant(journey: Journey, seeded_server: DemoServer) -> None:
    fields = await journey.selection(person="plenty")
    first, second = [(await journey.select(fields, page_id)).json["account"] for page_id in (BAKERY, CAFE)]
    assert first["accountId"] != second["accountId"]
    assert len(await journey.accounts()) == 2
    connection = sqlite3.connect(seeded_server.data_dir / "moorline.sqlite3")
    found = connection.execute(
        "SELECT count(DISTINCT grant_id), count(grant_id) FROM accounts WHERE profile_id = ?", [journey.profile_id]
    ).fetchone()
    connection.close()
    assert found == (1, 2)


async def test_the_same_page_twice_is_the_same_account(journey: Journey) -> None:
    first = (await journey.select(await journey.selection(), BAKERY)).json["account"]
    again = (await journey.select(await journey.selection(), BAKERY)).json["account"]
    assert first["accountId"] == again["accountId"]
    assert len(await journey.accounts()) == 1


async def test_the_same_choice_sent_ten_times_at_once_makes_one_account(journey: Journey) -> None:
    fields = await journey.selection()
    answers = await asyncio.gather(*(journey.select(fields, BAKERY) for _ in range(10)))
    assert {answer.status for answer in answers} == {200}
    assert len({answer.json["account"]["accountId"] for answer in answers}) == 1
    assert len(await journey.accounts()) == 1


async def test_another_profile_gets_an_account_of_its_own(journey: Journey) -> None:
    first = (await journey.select(await journey.selection(), BAKERY)).json["account"]
    await journey.new_profile("Another")
    second = (await journey.select(await journey.selection(), BAKERY)).json["account"]
    assert first["accountId"] != second["accountId"]


async def test_disconnecting_the_last_page_revokes_at_facebook_and_the_last_but_one_does_not(journey: Journey) -> None:
    fields = await journey.selection(person="single")
    revoked = "DELETE /{version}/{user_id}/permissions"
    before = await journey.count("facebook", revoked)
    account = (await journey.select(fields, "100000000000301")).json["account"]
    await journey.new_profile("Another")
    other = (await journey.select(await journey.selection(person="single"), "100000000000301")).json["account"]
    for account_id, count in ((account["accountId"], before), (other["accountId"], before + 1)):
        assert (await journey.call("DELETE", f"accounts/{account_id}")).status == 200
        assert await journey.count("facebook", revoked) == count
