"""`/v1/accounts`: the published shape, names, pages, and disconnecting."""

import re

import pytest

from tests.harness import UNKNOWN_ID, World, failure, on_both_engines, shares_a_world


@on_both_engines
async def test_an_account_has_the_published_shape(world: World) -> None:
    await world.landing("twitter")
    told = await world.ok("GET", "/v1/accounts")
    assert told["hasAnalyticsAccess"] is False
    account = told["accounts"][0]
    assert re.fullmatch(r"[0-9a-f]{24}", account["_id"])
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", account.pop("createdAt"))
    assert account.pop("profilePicture").startswith("https://")
    assert account == {
        "_id": account["_id"],
        "platform": "twitter",
        "profileId": {"_id": world.owner.profile_id, "name": "Northwind Bakery", "slug": "northwind-bakery"},
        "username": "northwindbakery",
        "displayName": "Northwind Bakery",
        "profileUrl": "https://x.com/northwindbakery",
        "isActive": True,
    }
    assert (await world.ok("GET", f"/v1/accounts/{account['_id']}"))["account"]["_id"] == account["_id"]


async def test_the_list_is_whole_without_a_page_and_in_order_with_one(world: World) -> None:
    fields = await world.selection()
    for number in (101, 102, 103, 104):
        assert (await world.select(fields, f"100000000000{number}")).status == 200
    whole = [account["_id"] for account in await world.accounts()]
    assert len(whole) == 4
    pages = []
    for page in ("1", "2", "3"):
        told = await world.ok("GET", "/v1/accounts", query={"page": page, "limit": "2"})
        pages.append([account["_id"] for account in told["accounts"]])
    assert pages == [whole[:2], whole[2:], []]
    assert len((await world.ok("GET", "/v1/accounts", query={"limit": "3"}))["accounts"]) == 3
    assert len((await world.ok("GET", "/v1/accounts", query={"page": "1"}))["accounts"]) == 4


async def test_the_list_is_read_on_after_the_last_account_of_a_page(world: World) -> None:
    fields = await world.selection()
    for number in (101, 102, 103, 104, 106):
        assert (await world.select(fields, f"100000000000{number}")).status == 200
    whole = [account["_id"] for account in await world.accounts()]
    for at, last in enumerate(whole):
        told = await world.ok("GET", "/v1/accounts", query={"after": last, "limit": "2"})
        assert [account["_id"] for account in told["accounts"]] == whole[at + 1 : at + 3]
    assert len((await world.ok("GET", "/v1/accounts", query={"after": whole[0]}))["accounts"]) == 4
    for query in ({"after": UNKNOWN_ID}, {"after": whole[0], "profileId": UNKNOWN_ID}):
        assert (await world.ok("GET", "/v1/accounts", query=query))["accounts"] == []


async def test_the_list_is_filtered_by_profile(world: World) -> None:
    await world.landing("twitter")
    second = await world.new_profile("Second")
    for profile_id, count in ((world.owner.profile_id, 1), (second, 0), (UNKNOWN_ID, 0)):
        told = await world.ok("GET", "/v1/accounts", query={"profileId": profile_id})
        assert len(told["accounts"]) == count


@shares_a_world
@pytest.mark.parametrize(
    "query",
    [
        *({"profileId": "x"}, {"page": "0"}, {"page": "x"}, {"limit": "0"}, {"limit": "1001"}, {"page": ""}),
        *({"after": "x"}, {"after": ""}, {"after": UNKNOWN_ID, "page": "1"}),
    ],
)
async def test_a_malformed_filter_is_400(shared: World, query: dict[str, str]) -> None:
    failure(await shared.call("GET", "/v1/accounts", query=query), 400, "invalid_request")


@on_both_engines
async def test_an_account_is_renamed_here_and_stays_the_same_account(world: World) -> None:
    await world.landing("twitter")
    account = (await world.accounts())[0]
    path = f"/v1/accounts/{account['_id']}"
    told = await world.ok("PUT", path, body={"displayName": "Acme Official"})
    assert told == {
        "message": "Account updated successfully",
        "username": "northwindbakery",
        "displayName": "Acme Official",
    }
    assert (await world.ok("PUT", path, body={"username": "@acme"}))["username"] == "@acme"
    after = (await world.accounts())[0]
    assert after == account | {"username": "@acme", "displayName": "Acme Official"}


async def test_an_account_with_a_wrong_name_is_400_and_keeps_its_name(world: World) -> None:
    await world.landing("twitter")
    account = (await world.accounts())[0]
    bodies: list[dict[str, object]] = [
        {"displayName": ""}, {"username": " "}, {"username": "a\nb"}, {"displayName": "x" * 201}, {"displayName": 1},
    ]  # fmt: skip
    for body in bodies:
        told = failure(await world.call("PUT", f"/v1/accounts/{account['_id']}", body=body), 400, "invalid_request")
        assert set(told["details"]["fields"]) == set(body)
    assert (await world.accounts())[0] == account


async def test_s44_renaming_binds_nothing_else(world: World) -> None:
    await world.landing("twitter")
    account = (await world.accounts())[0]
    body = {
        "displayName": "New", "isActive": False, "platform": "facebook", "profileId": world.other.profile_id,
        "_id": UNKNOWN_ID, "grant_id": UNKNOWN_ID, "platform_account_id": "1",
    }  # fmt: skip
    await world.ok("PUT", f"/v1/accounts/{account['_id']}", body=body)
    assert (await world.accounts())[0] == account | {"displayName": "New"}


@on_both_engines
async def test_disconnecting_wipes_the_tokens_and_revokes_at_the_platform(world: World) -> None:
    await world.landing("twitter")
    account_id = (await world.accounts())[0]["_id"]
    assert await world.ok("DELETE", f"/v1/accounts/{account_id}") == {"message": "Account disconnected successfully"}
    failure(await world.call("DELETE", f"/v1/accounts/{account_id}"), 404, "not_found")
    assert await world.accounts() == []
    assert await world.rows_with_tokens() == 0
    assert len(await world.calls("twitter", "POST /2/oauth2/revoke")) == 2


async def test_disconnecting_one_page_keeps_the_grant_of_the_others(world: World) -> None:
    fields = await world.selection()
    for number in (101, 102):
        assert (await world.select(fields, f"100000000000{number}")).status == 200
    first, second = [account["_id"] for account in await world.accounts()]
    await world.ok("DELETE", f"/v1/accounts/{first}")
    assert len(await world.service.db.all("SELECT * FROM grants")) == 1
    await world.ok("DELETE", f"/v1/accounts/{second}")
    assert await world.service.db.all("SELECT * FROM grants") == []


async def test_disconnecting_works_while_the_platform_does_not(world: World) -> None:
    await world.landing("twitter")
    await world.fault("twitter", "POST /2/oauth2/revoke", status=503, count=9)
    await world.ok("DELETE", f"/v1/accounts/{(await world.accounts())[0]['_id']}")
    assert await world.accounts() == []
    assert await world.service.db.all("SELECT * FROM grant_tokens") == []
