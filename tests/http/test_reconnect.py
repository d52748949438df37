"""S12: an account is renewed by whoever it belongs to, as what it is, and by nobody else."""

from typing import Any

import pytest

from tests.harness import APP_URL, UNKNOWN_ID, World, failure, location, on_both_engines, query_of

PAGE = "100000000000101"


async def came_back(world: World, platform: str, *, person: str = "plenty", **query: str) -> dict[str, str]:
    """Start with these parameters, consent as a person, and the parameters of the final address."""
    started = await world.ok(
        "GET",
        f"/v1/connect/{platform}",
        query={"profileId": world.owner.profile_id, "redirect_url": APP_URL, **query},
    )
    callback = await world.consent(started["authUrl"], person=person)
    return query_of(location(await (await world.browser()).open(callback)))


async def tokens_of(world: World) -> list[tuple[int, bytes]]:
    rows = await world.service.db.all("SELECT version, access_sealed FROM grant_tokens")
    return [(row["version"], bytes(row["access_sealed"])) for row in rows]


async def connected(world: World, platform: str) -> dict[str, Any]:
    """An account of the person with plenty."""
    if platform == "facebook":
        fields = await world.selection()
        await world.select(fields, PAGE)
    elif platform == "pinterest":
        fields = await world.selection("pinterest")
        call = {"profileId": fields["profileId"], "tempToken": fields["tempToken"]}
        board = (await world.ok("GET", "/v1/connect/pinterest/select-board", query=call))["boards"][4]
        await world.ok("POST", "/v1/connect/pinterest/select-board", body={**call, "boardId": board["id"]})
    else:
        await world.landing(platform)
    (account,) = await world.accounts()
    return dict(account)


@on_both_engines
@pytest.mark.parametrize("platform", ["twitter", "facebook", "pinterest"])
async def test_the_same_account_is_renewed_without_asking_for_a_choice(world: World, platform: str) -> None:
    account = await connected(world, platform)
    details = await world.service.db.one("SELECT details FROM accounts")
    told = await came_back(world, platform, reconnectAccountId=account["_id"])
    assert (told["connected"], told["accountId"]) == (platform, account["_id"])
    assert await world.accounts() == [account]
    after = await world.service.db.one("SELECT details FROM accounts")
    assert details is not None
    assert after is not None
    assert after["details"] == details["details"]


@on_both_engines
@pytest.mark.parametrize("platform", ["twitter", "facebook"])
async def test_s12_another_identity_changes_nothing(world: World, platform: str) -> None:
    account = await connected(world, platform)
    tokens = await tokens_of(world)
    told = await came_back(world, platform, person="single", reconnectAccountId=account["_id"])
    assert told["error"] == "reconnect_account_mismatch"
    assert await world.accounts() == [account]
    assert await tokens_of(world) == tokens
    assert await world.service.db.all("SELECT attempt_id FROM selections WHERE saved_account_id IS NULL") == []


async def test_s12_a_person_who_was_not_expected_is_not_connected(world: World) -> None:
    told = await came_back(world, "twitter", expectedPlatformUserId="1")
    assert told["error"] == "reconnect_account_mismatch"
    assert await world.accounts() == []
    person_id = (await connected(world, "twitter"))["_id"]
    row = await world.service.db.one("SELECT platform_user_id FROM grants")
    assert row is not None
    told = await came_back(world, "twitter", expectedPlatformUserId=row["platform_user_id"])
    assert told["accountId"] == person_id


async def test_a_lost_account_is_active_again_after_it_was_reconnected(world: World) -> None:
    account = await connected(world, "reddit")
    await world.control("POST", "revoke", {"platform": "reddit", "person": "plenty"})
    failure(await world.call("GET", f"/v1/accounts/{account['_id']}/reddit-subreddits"), 500, "token_revoked")
    assert (await world.accounts())[0]["isActive"] is False
    await came_back(world, "reddit", reconnectAccountId=account["_id"])
    assert await world.accounts() == [account]


async def test_a_page_that_the_person_lost_is_told_and_nothing_is_changed(world: World) -> None:
    account = await connected(world, "facebook")
    await world.service.db.run("UPDATE accounts SET platform_account_id = '999'")
    told = await came_back(world, "facebook", reconnectAccountId=account["_id"])
    assert told["error"] == "account_not_eligible"
    assert [one["_id"] for one in await world.accounts()] == [account["_id"]]


async def test_an_account_of_another_place_cannot_be_reconnected_here(world: World) -> None:
    account = await connected(world, "twitter")
    start, query = "/v1/connect/twitter", {"profileId": world.owner.profile_id}
    failure(await world.call("GET", start, query={**query, "reconnectAccountId": UNKNOWN_ID}), 404)
    failure(await world.call("GET", start, query={**query, "reconnectAccountId": "x"}), 400)
    wrong = {"profileId": await world.new_profile("Second"), "reconnectAccountId": account["_id"]}
    told = failure(await world.call("GET", start, query=wrong), 400)
    assert set(told["details"]["fields"]) == {"reconnectAccountId"}
    other = {**query, "reconnectAccountId": account["_id"]}
    assert "fields" in failure(await world.call("GET", "/v1/connect/reddit", query=other), 400)["details"]
    failure(await world.call("GET", "/v1/connect/bluesky", query=other), 400)
    theirs = {"profileId": world.other.profile_id, "reconnectAccountId": account["_id"]}
    failure(await world.call("GET", start, key=world.other.api_key, query=theirs), 404)
