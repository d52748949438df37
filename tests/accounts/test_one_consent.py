"""One consent, many accounts, long lives: what a second choice, a switch or a busy database must not break."""

import asyncio
from typing import Any

import pytest

from moorline.accounts import tokens
from moorline.errors import StoreUnavailable
from tests.conftest import FrozenClock
from tests.harness import TWITTER_TOKEN, World, failure, on_both_engines

BOARDS = "/v1/connect/pinterest/select-board"
DAY_S = 24 * 3600
PAGE, OTHER_PAGE = "100000000000101", "100000000000102"


async def boards(world: World) -> tuple[dict[str, str], list[Any]]:
    """What a select call needs, and the boards to choose from."""
    fields = await world.selection("pinterest")
    call = {"profileId": fields["profileId"], "tempToken": fields["tempToken"]}
    return call, (await world.ok("GET", BOARDS, query=call))["boards"]


async def one(world: World, sql: str) -> Any:
    row = await world.service.db.one(sql)
    assert row is not None
    return row


@on_both_engines
async def test_a_second_choice_of_a_consent_does_not_bring_its_spent_tokens_back(
    world: World, frozen_clock: FrozenClock
) -> None:
    call, found = await boards(world)
    await world.ok("POST", BOARDS, body={**call, "boardId": found[0]["id"]})
    grant_id = (await one(world, "SELECT id FROM grants"))["id"]
    await tokens.usable(world.service, grant_id, min_valid_s=40 * DAY_S)
    assert (await one(world, "SELECT version FROM grant_tokens"))["version"] == 2
    await world.ok("POST", BOARDS, body={**call, "boardId": found[1]["id"]})
    assert (await one(world, "SELECT version FROM grant_tokens"))["version"] == 2
    frozen_clock.advance(31 * DAY_S)
    await tokens.usable(world.service, grant_id)
    assert [account["isActive"] for account in await world.accounts()] == [True]


async def test_a_default_board_changes_nothing_else_of_the_account(world: World) -> None:
    call, found = await boards(world)
    saved = (await world.ok("POST", BOARDS, body={**call, "boardId": found[0]["id"]}))["account"]
    path = f"/v1/accounts/{saved['accountId']}"
    await world.ok("PUT", path, body={"displayName": "Our pins"})
    before = (await world.ok("GET", path))["account"]
    await world.ok("PUT", f"{path}/pinterest-boards", body={"defaultBoardId": found[1]["id"]})
    assert (await world.ok("GET", path))["account"] == before
    assert before["profilePicture"]


async def test_after_a_switch_the_first_choice_may_be_made_anew(world: World) -> None:
    fields = await world.selection()
    first = (await world.select(fields, PAGE)).json["account"]["accountId"]
    await world.ok("PUT", f"/v1/accounts/{first}/facebook-page", body={"selectedPageId": OTHER_PAGE})
    again = (await world.select(fields, PAGE)).json["account"]
    assert again["accountId"] != first
    assert again["selectedPageName"] == "Northwind Bakery"


@on_both_engines
async def test_an_account_that_is_disconnected_while_its_list_is_read_is_not_found(world: World) -> None:
    await world.landing("reddit")
    (account,) = await world.accounts()
    await world.fault("reddit", "GET /subreddits/mine/subscriber", delay_ms=300)
    path = f"/v1/accounts/{account['_id']}"
    reading = asyncio.create_task(world.call("GET", f"{path}/reddit-subreddits"))
    await asyncio.sleep(0.1)
    await world.ok("DELETE", path)
    assert (await reading).status in {200, 404}
    assert await world.service.db.all("SELECT account_id FROM options") == []


async def test_a_switch_is_refused_when_the_account_hangs_on_another_grant_by_then(world: World) -> None:
    fields = await world.selection()
    account_id = (await world.select(fields, PAGE)).json["account"]["accountId"]
    await world.service.db.run(
        "INSERT INTO grants (id, user_id, platform, app_id, platform_user_id, username, created_at_ms, updated_at_ms)"
        " SELECT 'ffffffffffffffffffffffff', user_id, platform, app_id, 'somebody else', 'x', 1, 1 FROM grants"
    )
    await world.fault("facebook", "GET /{version}/{node_id}", delay_ms=300)
    path = f"/v1/accounts/{account_id}/facebook-page"
    switching = asyncio.create_task(world.call("PUT", path, body={"selectedPageId": OTHER_PAGE}))
    await asyncio.sleep(0.15)
    await world.service.db.run("UPDATE accounts SET grant_id = 'ffffffffffffffffffffffff'")
    failure(await switching, 409, "conflict")
    assert (await one(world, "SELECT platform_account_id FROM accounts"))["platform_account_id"] == PAGE


@on_both_engines
async def test_s36_a_consent_another_google_platform_lives_on_is_not_withdrawn(world: World) -> None:
    settings: dict[str, str] = {}
    for platform in ("youtube", "googlebusiness"):
        app = {"client_id": "one-project", "client_secret": "one-secret"}
        callback = f"{world.base_url}/connect/{platform}/callback"
        await world.control("POST", "apps", {"platform": platform, **app, "redirect_uris": [callback]})
        settings |= {f"{platform.upper()}_{name.upper()}": value for name, value in app.items()}
    await world.restart(**settings)
    await world.landing("youtube")
    fields = await world.selection("googlebusiness")
    call = {"profileId": fields["profileId"], "tempToken": fields["tempToken"]}
    (first, *_) = (await world.ok("GET", "/v1/connect/googlebusiness/locations", query=call))["locations"]
    await world.ok("POST", "/v1/connect/googlebusiness/select-location", body={**call, "locationId": first["id"]})
    channel, place = await world.accounts()
    await world.ok("DELETE", f"/v1/accounts/{channel['_id']}")
    assert (await world.call("GET", f"/v1/accounts/{place['_id']}/gmb-locations")).status == 200
    assert await world.service.db.all("SELECT id FROM revocations") == []


@pytest.mark.parametrize("refused", [1, 3])
async def test_s35_a_rotated_token_is_saved_although_the_database_did_not_answer_at_once(
    world: World, frozen_clock: FrozenClock, monkeypatch: pytest.MonkeyPatch, refused: int
) -> None:
    await world.landing("twitter")
    grant_id = (await one(world, "SELECT id FROM grants"))["id"]
    frozen_clock.advance(2 * 3600)
    monkeypatch.setattr(tokens, "SAVE_AGAIN_S", 0.01)
    transaction, left = world.service.db.transaction, [refused]

    async def busy(work: Any, *, durable: bool = False) -> Any:
        if durable and left[0]:
            left[0] -= 1
            raise StoreUnavailable("The database is busy.")
        return await transaction(work, durable=durable)

    monkeypatch.setattr(world.service.db, "transaction", busy)
    renewed = await tokens.usable(world.service, grant_id)
    assert left == [0]
    assert len(await world.calls("twitter", TWITTER_TOKEN)) == 2
    assert (await tokens.usable(world.service, grant_id)).tokens == renewed.tokens
