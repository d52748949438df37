"""What happened to accounts after they were connected, in `GET /v1/connect/logs`."""

import asyncio
from typing import Any

import pytest

from moorline.accounts import history, tokens
from moorline.errors import Refused
from moorline.jobs.renewals import Renewals
from moorline.store import accounts as stored_accounts
from moorline.store.db import Statements
from tests.accounts.test_life import LIFE_S
from tests.conftest import FrozenClock
from tests.connect.test_bot_updates import reading
from tests.harness import World, on_both_engines, settles
from tests.http.test_account_switches import BAKERY, linkedin_account, switch
from tests.http.test_bluesky import body_of
from tests.http.test_connect_logs import LOGS, logs_of


async def types_of(world: World, **query: str) -> list[str]:
    return [entry["type"] for entry in await logs_of(world, **query)]


@on_both_engines
async def test_a_disconnected_account_stays_in_the_log_with_its_name(world: World, frozen_clock: FrozenClock) -> None:
    await world.landing("twitter")
    (account,) = await world.accounts()
    frozen_clock.advance(1)
    await world.ok("DELETE", f"/v1/accounts/{account['_id']}")
    gone, connected = await logs_of(world)
    assert gone == {
        "id": gone["id"],
        "type": "disconnected",
        "attemptId": None,
        "profileId": world.owner.profile_id,
        "platform": "twitter",
        "status": None,
        "error": None,
        "stage": None,
        "platformAnswer": None,
        "reason": "Disconnected through the API.",
        "accountId": account["_id"],
        "username": account["username"],
        "createdAt": "2026-03-04T05:06:08.890Z",
        "finishedAt": None,
        "headless": False,
        "reconnect": False,
    }
    assert connected["id"] == connected["attemptId"]
    assert connected["type"] == "connect"


@on_both_engines
async def test_of_two_disconnects_at_once_one_is_told(world: World) -> None:
    await world.landing("twitter")
    (account,) = await world.accounts()
    path = f"/v1/accounts/{account['_id']}"
    answers = await asyncio.gather(*(world.call("DELETE", path) for _ in range(4)))
    assert sorted(answer.status for answer in answers) == [200, 404, 404, 404]
    assert await types_of(world) == ["disconnected", "connect"]


@on_both_engines
async def test_accounts_of_a_dead_consent_are_told_once_and_again_when_they_are_back(
    world: World, frozen_clock: FrozenClock
) -> None:
    await world.landing("twitter")
    second = await world.new_profile("Second")
    started = await world.ok("GET", "/v1/connect/twitter", query={"profileId": second})
    await (await world.browser()).open(await world.consent(started["authUrl"]))
    ids = {account["profileId"]["_id"]: account["_id"] for account in await world.accounts()}
    first_id, second_id = ids[world.owner.profile_id], ids[second]
    await world.control("POST", "revoke", {"platform": "twitter", "person": "plenty"})
    frozen_clock.advance(LIFE_S)
    await asyncio.gather(*(Renewals(world.service).work() for _ in range(2)))
    lost = await logs_of(world, type="lost")
    assert {entry["accountId"] for entry in lost} == {first_id, second_id}
    assert len(lost) == 2
    assert all(entry["reason"] for entry in lost)
    frozen_clock.advance(24 * 3600)
    await Renewals(world.service).work()
    assert len(await logs_of(world, type="lost")) == 2
    await world.landing("twitter")
    (back,) = await logs_of(world, type="restored")
    assert (back["accountId"], back["profileId"]) == (second_id, second)
    assert back["reason"] == "The person consented anew."
    assert await types_of(world, accountId=first_id) == ["connect", "lost", "connect"]


async def test_a_renewal_that_was_on_its_way_when_others_gave_up_is_told(
    world: World, frozen_clock: FrozenClock
) -> None:
    await world.landing("twitter")
    grant = await world.service.db.one("SELECT id FROM grants")
    assert grant is not None
    held = await tokens.usable(world.service, grant["id"])
    renewing = asyncio.create_task(tokens._joined(world.service, held))
    await asyncio.sleep(0)
    with pytest.raises(Refused):
        await tokens._buried(world.service, held, Refused("Gone."))
    await renewing
    assert [account["isActive"] for account in await world.accounts()] == [True]
    assert sorted(await types_of(world)) == ["connect", "lost", "restored"]


@on_both_engines
async def test_another_thing_of_the_same_consent_is_told_with_what_it_was(
    world: World, frozen_clock: FrozenClock
) -> None:
    account_id = await linkedin_account(world)
    frozen_clock.advance(1)
    await switch(world, account_id, "organization", {"id": BAKERY})
    (switched,) = await logs_of(world, type="switched")
    assert (switched["accountId"], switched["username"]) == (account_id, "northwind-bakery")
    assert switched["reason"] == "Before: Ana Lima"
    await switch(world, account_id, "organization", {"id": "999"})
    assert await types_of(world) == ["switched", "connect"]


async def test_another_board_is_told_without_a_name_that_did_not_change(world: World) -> None:
    await world.landing("reddit")
    (account,) = await world.accounts()
    path = f"/v1/accounts/{account['_id']}/reddit-subreddits"
    listed = (await world.ok("GET", path))["subreddits"]
    await world.ok("PUT", path, body={"defaultSubreddit": listed[3]["name"]})
    (switched,) = await logs_of(world, type="switched")
    assert (switched["accountId"], switched["reason"]) == (account["_id"], None)


@on_both_engines
async def test_a_bot_that_is_removed_and_comes_back_is_told(world: World) -> None:
    body = {"chatId": "@mychannel", "profileId": world.owner.profile_id}
    await world.ok("POST", "/v1/connect/telegram", body=body)

    async def told() -> list[str]:
        return await types_of(world)

    async with reading(world):
        for standing, wanted in (("left", "lost"), ("administrator", "restored")):
            await world.control("POST", "telegram/members", {"chat": "@mychannel", "user": "bot", "status": standing})

            async def newest(wanted: str = wanted) -> bool:
                return (await told())[0] == wanted

            await settles(newest)
    assert await told() == ["restored", "lost", "connect"]
    assert [entry["reason"] for entry in await logs_of(world)] == [
        "The bot may post there again.",
        "The bot may no longer post there.",
        None,
    ]


async def test_an_account_connected_without_an_attempt_is_told_as_connected(world: World) -> None:
    account = (await world.ok("POST", "/v1/connect/bluesky/credentials", body=body_of(world)))["account"]
    (told,) = await logs_of(world)
    assert (told["type"], told["status"], told["attemptId"]) == ("connect", "connected", None)
    assert (told["accountId"], told["username"]) == (account["_id"], "demo.bsky.social")
    assert await logs_of(world, status="connected") == await logs_of(world, type="connect") == [told]
    assert await logs_of(world, status="failed") == await logs_of(world, type="reconnect") == []


@on_both_engines
async def test_both_kinds_are_filtered_and_paged_as_one_list(world: World, frozen_clock: FrozenClock) -> None:
    gone: list[str] = []
    for _ in range(3):
        await world.landing("twitter")
        frozen_clock.advance(1)
        gone += [account["_id"] for account in await world.accounts()]
        await world.ok("DELETE", f"/v1/accounts/{gone[-1]}")
        frozen_clock.advance(1)
    everything = await logs_of(world)
    assert [entry["type"] for entry in everything] == ["disconnected", "connect"] * 3
    paged: list[Any] = []
    while page := await logs_of(world, limit="2", **({"before": paged[-1]["id"]} if paged else {})):
        paged += page
    assert paged == everything
    assert await types_of(world, type="disconnected", platform="twitter") == ["disconnected"] * 3
    assert await types_of(world, accountId=gone[0]) == ["disconnected", "connect"]
    assert await types_of(world, status="connected") == ["connect"] * 3
    assert await types_of(world, type="disconnected", status="connected") == []
    assert await types_of(world, platform="reddit") == []


async def test_s40_events_are_told_to_those_who_may_see_the_profile(world: World) -> None:
    await world.landing("twitter")
    (account,) = await world.accounts()
    await world.ok("DELETE", f"/v1/accounts/{account['_id']}")
    second = await world.new_profile("Second")
    limited = await world.new_key("limited", scope="profiles", profileIds=[second])
    assert await logs_of(world, key=limited) == []
    assert await logs_of(world, key=limited, accountId=account["_id"]) == []
    assert await logs_of(world, key=world.other.api_key) == []
    theirs = (await logs_of(world))[0]["id"]
    assert (await world.ok("GET", LOGS, key=world.other.api_key, query={"before": theirs}))["logs"] == []


async def test_a_reason_is_cut_and_holds_neither_control_characters_nor_secrets(world: World) -> None:
    await world.landing("twitter")
    (account,) = await world.accounts()
    found = await stored_accounts.get(world.service.db, world.owner.user_id, account["_id"])
    assert found is not None
    said = f"no\x00\n\u202e access_token=abcdef123456 Bearer zyxwvu987654 {'x' * 1000}"

    async def write(tx: Statements) -> None:
        await history.note(tx, found.account, "lost", said)

    await world.service.db.transaction(write)
    reason = (await logs_of(world, type="lost"))[0]["reason"]
    assert reason.isprintable()
    assert len(reason) == history.MAX_REASON_CHARS
    assert "abcdef123456" not in reason
    assert "zyxwvu987654" not in reason
