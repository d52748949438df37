"""After the connection: what an account may be switched to, listed, cached, chosen, refused."""

from typing import Any

import pytest

from tests.conftest import FrozenClock
from tests.harness import UNKNOWN_ID, World, failure, on_both_engines

PAGE, OTHER_PAGE, NO_TASKS = "100000000000101", "100000000000102", "100000000000105"
ACCOUNTS_EDGE = "GET /{version}/me/accounts"


async def facebook_account(world: World, page_id: str = PAGE) -> str:
    fields = await world.selection()
    answer = await world.select(fields, page_id)
    assert answer.status == 200, answer.text
    return str(answer.json["account"]["accountId"])


async def connected(world: World, platform: str) -> str:
    """A connected account, with whatever was first in its list."""
    if platform == "facebook":
        return await facebook_account(world)
    await world.landing(platform)
    (account,) = [one for one in await world.accounts() if one["platform"] == platform]
    return str(account["_id"])


async def pages(world: World, account_id: str, **query: str) -> Any:
    return await world.ok("GET", f"/v1/accounts/{account_id}/facebook-page", query=query)


async def own_token(world: World, account_id: str) -> bytes:
    row = await world.service.db.one("SELECT access_sealed FROM account_tokens WHERE account_id = $1", account_id)
    assert row is not None
    return bytes(row["access_sealed"])


@on_both_engines
async def test_pages_are_listed_with_the_selected_one_and_cached_for_ten_minutes(
    world: World, frozen_clock: FrozenClock
) -> None:
    account_id = await facebook_account(world)
    first = await pages(world, account_id)
    assert (first["cached"], first["selectedPageId"]) == (False, PAGE)
    found = {page["id"]: page for page in first["pages"]}
    assert set(found[OTHER_PAGE]) == {"id", "name", "username", "category", "fan_count"}
    assert NO_TASKS in {one["id"] for one in first["unavailable"]}
    before = len(await world.calls("facebook", ACCOUNTS_EDGE))
    assert await pages(world, account_id) == {**first, "cached": True}
    frozen_clock.advance(599.999)
    assert (await pages(world, account_id))["cached"] is True
    assert len(await world.calls("facebook", ACCOUNTS_EDGE)) == before
    frozen_clock.advance(0.001)
    assert (await pages(world, account_id))["cached"] is False
    assert (await pages(world, account_id, refresh="true"))["cached"] is False
    assert (await pages(world, account_id, refresh="false"))["cached"] is True


@on_both_engines
async def test_another_page_takes_the_place_of_the_first_in_the_same_account(world: World) -> None:
    account_id = await facebook_account(world)
    token = await own_token(world, account_id)
    path = f"/v1/accounts/{account_id}/facebook-page"
    told = await world.ok("PUT", path, body={"selectedPageId": OTHER_PAGE})
    assert told == {
        "message": "Facebook page updated successfully",
        "selectedPage": {"id": OTHER_PAGE, "name": "Northwind Cafe"},
    }
    (account,) = await world.accounts()
    assert (account["_id"], account["displayName"]) == (account_id, "Northwind Cafe")
    assert (await pages(world, account_id))["selectedPageId"] == OTHER_PAGE
    assert await own_token(world, account_id) != token
    assert await world.ok("PUT", path, body={"selectedPageId": OTHER_PAGE}) == told
    # Connecting the first Page again makes an account of its own.
    assert await facebook_account(world) != account_id


async def test_a_page_that_is_not_in_the_list_is_refused_after_asking_anew(world: World) -> None:
    account_id = await facebook_account(world)
    await pages(world, account_id)
    before = len(await world.calls("facebook", ACCOUNTS_EDGE))
    path = f"/v1/accounts/{account_id}/facebook-page"
    for page_id in ("1", NO_TASKS, "../me"):
        told = failure(await world.call("PUT", path, body={"selectedPageId": page_id}), 400, "not_available")
        assert told["error"] == "Page not in available pages."
    assert len(await world.calls("facebook", ACCOUNTS_EDGE)) > before
    for body in ({}, {"selectedPageId": ""}, {"selectedPageId": None}):
        told = failure(await world.call("PUT", path, body=body), 400, "invalid_request")
        assert told["details"]["fields"] == {"selectedPageId": "required"}
    assert (await pages(world, account_id))["selectedPageId"] == PAGE


async def test_a_page_another_account_of_the_profile_stands_for_is_a_conflict(world: World) -> None:
    first, second = await facebook_account(world), await facebook_account(world, OTHER_PAGE)
    answer = await world.call("PUT", f"/v1/accounts/{first}/facebook-page", body={"selectedPageId": OTHER_PAGE})
    failure(answer, 409, "already_connected")
    assert {account["_id"] for account in await world.accounts()} == {first, second}
    assert (await pages(world, first))["selectedPageId"] == PAGE


async def test_what_the_platform_says_to_a_list_is_told(world: World) -> None:
    account_id = await facebook_account(world)
    path = f"/v1/accounts/{account_id}/facebook-page"
    await world.fault("facebook", ACCOUNTS_EDGE, status=503, body={}, count=3)
    failure(await world.call("GET", path), 500, "platform_unavailable")
    await world.control("DELETE", "faults")
    await world.control("POST", "revoke", {"platform": "facebook", "person": "plenty"})
    failure(await world.call("GET", path), 500, "token_revoked")
    failure(await world.call("PUT", path, body={"selectedPageId": OTHER_PAGE}), 500, "token_revoked")
    assert len(await world.accounts()) == 1


@pytest.mark.parametrize(
    ("path", "platform", "body"),
    [
        ("facebook-page", "facebook", {"selectedPageId": "1"}),
        ("linkedin-organizations", "linkedin", None),
        ("linkedin-organization", "linkedin", {"accountType": "personal"}),
        ("pinterest-boards", "pinterest", {"defaultBoardId": "1"}),
        ("gmb-locations", "googlebusiness", {"selectedLocationId": "1"}),
        ("reddit-subreddits", "reddit", {"defaultSubreddit": "x"}),
    ],
)
async def test_the_wrong_kind_of_account_is_refused(
    world: World, path: str, platform: str, body: dict[str, str] | None
) -> None:
    account_id = await connected(world, "twitter")
    whole = f"/v1/accounts/{account_id}/{path}"
    if path != "linkedin-organization":
        told = failure(await world.call("GET", whole), 400, "wrong_platform")
        assert told["error"] == f"This is a twitter account, not a {platform} account."
    if body is not None:
        failure(await world.call("PUT", whole, body=body), 400, "wrong_platform")


async def test_a_read_only_key_lists_and_does_not_switch(world: World) -> None:
    account_id = await facebook_account(world)
    key = await world.new_key("reader", permission="read")
    path = f"/v1/accounts/{account_id}/facebook-page"
    assert (await world.call("GET", path, key=key)).status == 200
    failure(await world.call("PUT", path, key=key, body={"selectedPageId": OTHER_PAGE}), 403, "forbidden")
    failure(await world.call("GET", f"/v1/accounts/{UNKNOWN_ID}/facebook-page", key=key), 404)
    failure(await world.call("GET", "/v1/accounts/x/facebook-page", key=key), 400)
    failure(await world.call("GET", path, query={"refresh": "perhaps"}), 400)


@on_both_engines
async def test_a_subreddit_is_set_by_its_name_and_survives_a_new_consent(world: World) -> None:
    account_id = await connected(world, "reddit")
    path = f"/v1/accounts/{account_id}/reddit-subreddits"
    listed = await world.ok("GET", path)
    assert "defaultSubreddit" not in listed or listed["defaultSubreddit"] is None
    assert len(listed["subreddits"]) > 50
    wanted = listed["subreddits"][7]
    assert set(wanted) == {"id", "name", "title", "url", "over18"}
    assert await world.ok("PUT", path, body={"defaultSubreddit": f"r/{wanted['name'].upper()}"}) == {"success": True}
    assert (await world.ok("GET", path))["defaultSubreddit"] == wanted["name"]
    await world.landing("reddit")
    assert len(await world.accounts()) == 1
    assert (await world.ok("GET", path))["defaultSubreddit"] == wanted["name"]
    failure(await world.call("PUT", path, body={"defaultSubreddit": "nosuchplace"}), 400, "not_available")


@on_both_engines
async def test_a_board_is_set_and_the_account_stays_the_person(world: World) -> None:
    fields = await world.selection("pinterest")
    query = {"profileId": fields["profileId"], "tempToken": fields["tempToken"]}
    boards = (await world.ok("GET", "/v1/connect/pinterest/select-board", query=query))["boards"]
    body = {**query, "boardId": boards[0]["id"]}
    account = (await world.ok("POST", "/v1/connect/pinterest/select-board", body=body))["account"]
    path = f"/v1/accounts/{account['accountId']}/pinterest-boards"
    listed = await world.ok("GET", path)
    assert (listed["boards"], listed["defaultBoardId"]) == (boards, boards[0]["id"])
    told = await world.ok("PUT", path, body={"defaultBoardId": boards[3]["id"], "defaultBoardName": "a lie"})
    assert told["message"] == "Default Pinterest board updated successfully"
    assert (told["account"]["_id"], told["account"]["username"]) == (account["accountId"], account["username"])
    assert (await world.ok("GET", path))["defaultBoardId"] == boards[3]["id"]
    (row,) = await world.service.db.all("SELECT details FROM accounts")
    assert boards[3]["name"] in row["details"]
    assert "a lie" not in row["details"]
