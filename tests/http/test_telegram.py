"""S45: whose chat a code connects, who may poll it, and the direct call by chat id."""

from typing import Any

import pytest

from moorline.sandbox import telegram_world as chats
from tests.conftest import FrozenClock
from tests.harness import UNKNOWN_ID, Tenant, World, failure, settles, shares_a_world
from tests.http.conftest import Serve


@pytest.fixture
async def bot(serve: Serve) -> World:
    """A world whose service reads what people write to the bot."""
    return await serve(TELEGRAM_MODE="polling")


async def issue(world: World, tenant: Tenant | None = None) -> str:
    who = tenant or world.owner
    told = await world.ok("GET", "/v1/connect/telegram", key=who.api_key, query={"profileId": who.profile_id})
    return str(told["code"])


async def status(world: World, code: str) -> Any:
    return await world.ok("PATCH", "/v1/connect/telegram", query={"code": code})


async def settled(world: World, code: str) -> Any:
    """The status once the message was dealt with, one way or the other."""

    async def told() -> Any:
        seen = await status(world, code)
        return seen if seen["status"] != "pending" or "note" in seen else None

    return await settles(told)


async def test_an_administrator_connects_the_channel_the_code_is_sent_with(bot: World) -> None:
    code = await issue(bot)
    assert (await status(bot, code))["status"] == "pending"
    await bot.tell_bot(f"{code} @mychannel")
    told = await settled(bot, code)
    assert (told["status"], told["chatId"], told["chatTitle"]) == ("connected", str(chats.MY_CHANNEL), "My Channel")
    assert [account["_id"] for account in await bot.accounts()] == [told["account"]["_id"]]


@pytest.mark.parametrize(
    ("sender", "text", "more", "reason"),
    [
        ("stranger", "{code} @mychannel", {}, "no administrator of My Channel"),
        ("stranger", "{code}", {"forwardFrom": str(chats.PRIVATE_CHANNEL)}, "no administrator of Private Channel"),
        ("stranger", "{code}", {"forwardFrom": "@mychannel"}, "no administrator of My Channel"),
        ("owner", "{code} @mysupergroup", {}, "no administrator of My Supergroup"),
        ("chat_admin", "{code} @notadmin", {}, "bot"),
        ("chat_admin", "{code} @nopostrights", {}, "bot"),
        ("chat_admin", "{code} @nosuchchannel", {}, "no such chat"),
    ],
)
async def test_s45_a_code_for_a_chat_the_sender_or_the_bot_does_not_administer_is_refused(
    bot: World, sender: str, text: str, more: dict[str, str], reason: str
) -> None:
    code = await issue(bot)
    await bot.tell_bot(text.format(code=code), sender=sender, **more)
    told = await settled(bot, code)
    assert told["status"] == "pending"
    assert reason in told["note"]
    assert await bot.accounts() == []


async def test_s45_a_refused_code_still_works_for_the_right_person(bot: World) -> None:
    code = await issue(bot)
    await bot.tell_bot(f"{code} @mychannel", sender="stranger")
    assert "no administrator" in (await settled(bot, code))["note"]
    await bot.tell_bot(f"{code} @mychannel")

    async def connected() -> bool:
        return bool((await status(bot, code))["status"] == "connected")

    await settles(connected)


async def test_s45_a_chat_another_tenant_holds_is_refused_without_saying_whose_it_is(bot: World) -> None:
    body = {"chatId": "@mychannel", "profileId": bot.other.profile_id}
    await bot.ok("POST", "/v1/connect/telegram", key=bot.other.api_key, body=body)
    code = await issue(bot)
    await bot.tell_bot(f"{code} @mychannel")
    assert (await settled(bot, code))["note"] == "This chat cannot be connected here."
    direct = {"chatId": str(chats.MY_CHANNEL), "profileId": bot.owner.profile_id}
    failure(await bot.call("POST", "/v1/connect/telegram", body=direct), 400, "chat_not_eligible")
    assert await bot.accounts() == []
    assert len(await bot.accounts(key=bot.other.api_key)) == 1


async def test_s45_a_code_refused_for_a_held_chat_still_connects_another(bot: World) -> None:
    body = {"chatId": "@mychannel", "profileId": bot.other.profile_id}
    await bot.ok("POST", "/v1/connect/telegram", key=bot.other.api_key, body=body)
    code = await issue(bot)
    await bot.tell_bot(f"{code} @mychannel")
    await settled(bot, code)
    await bot.tell_bot(f"{code} @mysupergroup")

    async def connected() -> bool:
        return bool((await status(bot, code))["status"] == "connected")

    await settles(connected)


async def test_s45_polling_another_tenants_code_is_404_like_one_that_never_was(bot: World) -> None:
    code = await issue(bot, bot.other)
    foreign = await bot.call("PATCH", "/v1/connect/telegram", query={"code": code})
    unknown = await bot.call("PATCH", "/v1/connect/telegram", query={"code": "LATE-ZZZZZZ"})
    failure(foreign, 404, "not_found")
    assert foreign.text == unknown.text


async def test_a_code_lives_fifteen_minutes(bot: World, frozen_clock: FrozenClock) -> None:
    code = await issue(bot)
    assert (await status(bot, code))["expiresIn"] == 900
    frozen_clock.advance(15 * 60)
    assert await status(bot, code) == {
        "status": "expired",
        "message": "Access code has expired. Please generate a new one.",
    }


async def test_s45_a_code_that_ran_out_connects_nothing(bot: World, frozen_clock: FrozenClock) -> None:
    code = await issue(bot)
    frozen_clock.advance(15 * 60)
    await bot.tell_bot(f"{code} @mychannel")

    async def answered() -> bool:
        sent = await bot.control("GET", "telegram/messages")
        return "unknown or has run out" in str(sent)

    await settles(answered)
    assert await bot.accounts() == []


async def test_a_code_is_found_whatever_its_case_and_the_space_around_it(bot: World) -> None:
    code = await issue(bot)
    assert (await status(bot, f" {code.lower()} "))["status"] == "pending"


# --- the direct call --------------------------------------------------------------------------------------------------


@shares_a_world
@pytest.mark.parametrize(
    ("chat_id", "code"),
    [
        (None, "invalid_request"),
        ("", "invalid_request"),
        ("mychannel", "invalid_request"),
        ("@x", "invalid_request"),
        ("12.5", "invalid_request"),
        (True, "invalid_request"),
        ("@notadmin", "bot_not_administrator"),
        (str(chats.NOT_ADMIN), None),
        ("@nopostrights", "bot_not_administrator"),
        ("@kickedout", None),
        ("-1009999999999", "chat_not_found"),
        (str(chats.DELETED_GROUP), "chat_not_found"),
    ],
)
async def test_a_chat_that_cannot_be_connected_is_400(shared: World, chat_id: object, code: str | None) -> None:
    body = {"chatId": chat_id, "profileId": shared.owner.profile_id}
    failure(await shared.call("POST", "/v1/connect/telegram", body=body), 400, code)
    assert await shared.accounts() == []


async def test_a_chat_is_taken_by_number_text_or_name_and_is_one_account(world: World) -> None:
    ids = set()
    for chat_id in (chats.MY_CHANNEL, str(chats.MY_CHANNEL), "@mychannel", " @MyChannel "):
        body = {"chatId": chat_id, "profileId": world.owner.profile_id}
        told = await world.ok("POST", "/v1/connect/telegram", body=body)
        assert told["message"] == "Telegram channel connected successfully"
        account = told["account"]
        assert (account["platform"], account["username"], account["chatType"]) == ("telegram", "mychannel", "channel")
        ids.add(account["_id"])
    assert len(ids) == 1


async def test_a_group_that_was_upgraded_is_connected_under_its_new_id(world: World) -> None:
    new_id = f"-100{-chats.UPGRADED_GROUP:010d}"
    await world.control("POST", "telegram/members", {"chat": new_id, "user": "bot", "status": "administrator"})
    body = {"chatId": str(chats.UPGRADED_GROUP), "profileId": world.owner.profile_id}
    told = await world.ok("POST", "/v1/connect/telegram", body=body)
    assert (told["account"]["displayName"], told["account"]["chatType"]) == ("Upgraded Group", "supergroup")
    rows = await world.service.db.all("SELECT platform_account_id FROM accounts")
    assert [row["platform_account_id"] for row in rows] == [new_id]


async def test_without_a_bot_telegram_is_not_configured(serve: Serve) -> None:
    world = await serve(TELEGRAM_BOT_TOKEN="")
    query = {"profileId": world.owner.profile_id}
    failure(await world.call("GET", "/v1/connect/telegram", query=query), 500, "not_configured")
    body = {"chatId": "@mychannel", "profileId": world.owner.profile_id}
    failure(await world.call("POST", "/v1/connect/telegram", body=body), 500, "not_configured")


async def test_an_unknown_profile_is_404_and_a_malformed_one_400(world: World) -> None:
    for profile_id, status_wanted in ((UNKNOWN_ID, 404), (world.other.profile_id, 404), ("x", 400), ("", 400)):
        body = {"chatId": "@mychannel", "profileId": profile_id}
        failure(await world.call("POST", "/v1/connect/telegram", body=body), status_wanted)
        query = {"profileId": profile_id}
        failure(await world.call("GET", "/v1/connect/telegram", query=query), status_wanted)
    failure(await world.call("GET", "/v1/connect/telegram"), 400)
    failure(await world.call("POST", "/v1/connect/telegram", body={"chatId": "@mychannel"}), 400)
    failure(await world.call("PATCH", "/v1/connect/telegram"), 400)
