"""The one consumer of the bot's updates: who reads, how far, what twice changes, whom it stops listening to."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from typing import Any

import pytest

from moorline import clock
from moorline.adapter.bot import BotPlatform
from moorline.adapter.telegram_updates import parse_update
from moorline.connect import bot_code, bot_messages, bot_updates
from moorline.connect.bot_updates import BotConsumer
from moorline.sandbox import telegram_world as chats
from moorline.store import bot_inboxes
from tests.conftest import FrozenClock
from tests.harness import World, on_both_engines, settles
from tests.http.conftest import Lines, Serve

BOT_ID = str(chats.BOT.id)
UPDATES = "POST /bot{token}/getUpdates"
GET_CHAT = "POST /bot{token}/getChat"


def adapter_of(world: World) -> BotPlatform:
    return bot_code.bot(world.service, "telegram")


@asynccontextmanager
async def reading(world: World) -> AsyncIterator["asyncio.Task[None]"]:
    """A consumer at work, as one process of the service runs it."""
    consumer = asyncio.create_task(BotConsumer(world.service, adapter_of(world)).run())
    try:
        yield consumer
    finally:
        consumer.cancel()
        with suppress(asyncio.CancelledError):
            await consumer


async def issue(world: World) -> str:
    query = {"profileId": world.owner.profile_id}
    return str((await world.ok("GET", "/v1/connect/telegram", query=query))["code"])


async def status(world: World, code: str) -> Any:
    return await world.ok("PATCH", "/v1/connect/telegram", query={"code": code})


async def connects(world: World, code: str) -> None:
    async def connected() -> bool:
        return bool((await status(world, code))["status"] == "connected")

    await settles(connected)


async def said(world: World, person: chats.User = chats.CHAT_ADMIN) -> list[str]:
    """What the bot wrote to somebody."""
    sent = (await world.control("GET", "telegram/messages"))["messages"]
    return [message["text"] for message in sent.get(str(person.id), [])]


async def hears(world: World, count: int, person: chats.User = chats.CHAT_ADMIN) -> list[str]:
    """What the bot wrote to somebody, once it wrote that often."""

    async def told() -> list[str] | None:
        texts = await said(world, person)
        return texts if len(texts) >= count else None

    texts: list[str] = await settles(told)
    return texts


# --- who reads --------------------------------------------------------------------------------------------------------


@on_both_engines
async def test_only_one_of_two_consumers_reads(world: World, lines: Lines) -> None:
    async with reading(world), reading(world):
        for _ in range(3):
            code = await issue(world)
            await world.tell_bot(f"{code} @mychannel")
            await connects(world, code)
    assert len(await said(world)) == 3
    assert "bot_conflict" not in lines.text


@on_both_engines
async def test_when_the_reader_ends_the_next_one_reads_at_once(world: World) -> None:
    async with reading(world):
        first = await issue(world)
        await world.tell_bot(f"{first} @mychannel")
        await connects(world, first)
    async with reading(world):
        second = await issue(world)
        await world.tell_bot(f"{second} @mysupergroup")
        await connects(world, second)


async def test_a_reader_that_was_killed_holds_the_inbox_for_its_lease_and_no_longer(
    world: World, frozen_clock: FrozenClock
) -> None:
    await issue(world)
    held_until = clock.now() + timedelta(seconds=bot_updates.LEASE_S)
    killed = await bot_inboxes.take(world.service.db, BOT_ID, holder="killed", now=clock.now(), until=held_until)
    assert killed is not None
    async with reading(world):
        code = await issue(world)
        await world.tell_bot(f"{code} @mychannel")
        await asyncio.sleep(0.2)
        assert (await status(world, code))["status"] == "pending"
        assert await world.calls("telegram", UPDATES) == []
        frozen_clock.advance(bot_updates.LEASE_S)
        await connects(world, code)
    assert not await bot_inboxes.advance(world.service.db, killed, 10**9)


@on_both_engines
async def test_a_holder_that_froze_past_its_lease_cannot_move_the_offset(world: World) -> None:
    await issue(world)
    db, now = world.service.db, clock.now()
    first = await bot_inboxes.take(db, BOT_ID, holder="a", now=now, until=now + timedelta(seconds=20))
    assert first is not None
    assert await bot_inboxes.take(db, BOT_ID, holder="b", now=now, until=now + timedelta(seconds=20)) is None
    later = now + timedelta(seconds=20)
    second = await bot_inboxes.take(db, BOT_ID, holder="b", now=later, until=later + timedelta(seconds=20))
    assert second is not None
    assert second.fence == first.fence + 1
    assert not await bot_inboxes.advance(db, first, 50)
    assert await bot_inboxes.advance(db, second, 7)
    again = await bot_inboxes.take(db, BOT_ID, holder="b", now=later, until=later + timedelta(seconds=40))
    assert again is not None
    assert (again.fence, again.next_offset) == (second.fence, 7)


# --- how far ----------------------------------------------------------------------------------------------------------


async def test_messages_written_while_nobody_reads_are_dealt_with_afterwards(world: World) -> None:
    code = await issue(world)
    await world.tell_bot(f"{code} @mychannel")
    await world.restart(TELEGRAM_MODE="polling")
    await connects(world, code)


async def test_after_a_restart_nothing_is_dealt_with_twice(serve: Serve) -> None:
    world = await serve(TELEGRAM_MODE="polling")
    code = await issue(world)
    await world.tell_bot(f"{code} @mychannel")
    await connects(world, code)
    before = await said(world)
    await world.restart()
    second = await issue(world)
    await world.tell_bot(f"{second} @mysupergroup")
    await connects(world, second)
    assert (await said(world))[:-1] == before


async def test_a_message_that_keeps_failing_is_left_and_the_next_one_dealt_with(world: World, lines: Lines) -> None:
    first, second = await issue(world), await issue(world)
    busy = {"ok": False, "error_code": 429, "description": "Too Many Requests", "parameters": {"retry_after": 0}}
    await world.fault("telegram", GET_CHAT, status=429, body=busy, count=bot_updates.HANDLE_TRIES)
    await world.tell_bot(f"{first} @mychannel")
    await world.tell_bot(f"{second} @mysupergroup")
    async with reading(world):
        await connects(world, second)
    assert (await status(world, first))["status"] == "pending"
    assert lines.text.count('"bot_update_delayed"') == bot_updates.HANDLE_TRIES


async def test_passing_trouble_is_waited_out(world: World) -> None:
    code = await issue(world)
    busy = {"ok": False, "error_code": 429, "description": "Too Many Requests", "parameters": {"retry_after": 0}}
    await world.fault("telegram", GET_CHAT, status=429, body=busy, count=bot_updates.HANDLE_TRIES - 1)
    await world.tell_bot(f"{code} @mychannel")
    async with reading(world):
        await connects(world, code)


async def test_an_outage_of_the_platform_does_not_end_the_reading(world: World) -> None:
    await world.fault("telegram", UPDATES, status=502, count=2)
    async with reading(world) as consumer:
        code = await issue(world)
        await world.tell_bot(f"{code} @mychannel")
        await connects(world, code)
        assert not consumer.done()


# --- twice ------------------------------------------------------------------------------------------------------------


@on_both_engines
async def test_an_update_delivered_twice_changes_nothing_more(world: World) -> None:
    code = await issue(world)
    update = parse_update(message(f"{code} @mychannel"))
    assert update is not None
    await bot_messages.handle(world.service, adapter_of(world), update)
    before = await world.accounts()
    await bot_messages.handle(world.service, adapter_of(world), update)
    assert await world.accounts() == before
    assert len(before) == 1
    assert (await status(world, code))["status"] == "connected"


async def test_delivered_again_after_the_code_ran_out_it_stays_connected(
    world: World, frozen_clock: FrozenClock
) -> None:
    code = await issue(world)
    update = parse_update(message(f"{code} @mychannel"))
    assert update is not None
    await bot_messages.handle(world.service, adapter_of(world), update)
    frozen_clock.advance(bot_code.CODE_TTL_S)
    await bot_messages.handle(world.service, adapter_of(world), update)
    assert (await status(world, code))["status"] == "connected"
    assert len(await world.accounts()) == 1


async def test_a_code_that_was_used_connects_no_other_chat(world: World) -> None:
    async with reading(world):
        code = await issue(world)
        await world.tell_bot(f"{code} @mychannel")
        await connects(world, code)
        await world.tell_bot(f"{code} @mysupergroup")
        texts = await hears(world, 2)
    assert "This code was used for another chat" in texts[1]
    assert (await status(world, code))["chatTitle"] == "My Channel"
    assert len(await world.accounts()) == 1


async def test_code_and_chat_may_come_in_two_messages(world: World) -> None:
    async with reading(world):
        first, second = await issue(world), await issue(world)
        await world.tell_bot(first)
        await hears(world, 1)
        await world.tell_bot("@mychannel")
        await connects(world, first)
        await world.tell_bot(second, forwardFrom=str(chats.PRIVATE_CHANNEL), twoMessages=True)
        await connects(world, second)


async def test_halves_of_different_people_are_not_joined(world: World) -> None:
    async with reading(world):
        code = await issue(world)
        await world.tell_bot(code, sender="stranger")
        await hears(world, 1, chats.STRANGER)
        await world.tell_bot("@mychannel")
        await world.tell_bot("LATE-ZZZZZZ @mychannel")
        await hears(world, 1)
    assert (await status(world, code))["status"] == "pending"
    assert await world.accounts() == []


# --- guessing ---------------------------------------------------------------------------------------------------------


async def test_after_ten_codes_that_do_not_exist_a_sender_is_not_listened_to(
    world: World, frozen_clock: FrozenClock
) -> None:
    async with reading(world):
        for number in range(bot_messages.MAX_MISSES):
            await world.tell_bot(f"LATE-ZZZZ{number:02d} @mychannel")
        await hears(world, bot_messages.MAX_MISSES)
        good, others = await issue(world), await issue(world)
        await world.tell_bot(f"{good} @mychannel")
        await world.tell_bot(f"{others} @mychannel", sender="owner")
        await connects(world, others)
        assert (await status(world, good))["status"] == "pending"
        assert len(await said(world)) == bot_messages.MAX_MISSES
        frozen_clock.advance(bot_messages.MISSES_TTL_S)
        fresh = await issue(world)
        await world.tell_bot(f"{fresh} @mysupergroup")
        await connects(world, fresh)


# --- the webhook ------------------------------------------------------------------------------------------------------


def message(text: str, update_id: int = 1) -> dict[str, Any]:
    person = {"id": chats.CHAT_ADMIN.id, "is_bot": False, "first_name": "Ann", "username": "chat_admin"}
    return {
        "update_id": update_id,
        "message": {
            "message_id": 1,
            "date": 1,
            "chat": {"id": chats.CHAT_ADMIN.id, "type": "private", "first_name": "Ann"},
            "from": person,
            "text": text,
        },
    }


WEBHOOK = "/connect/telegram/webhook"
SECRET_HEADER = "X-Telegram-Bot-Api-Secret-Token"


async def test_by_webhook_the_platform_delivers_and_the_chat_is_connected(serve: Serve) -> None:
    world = await serve(TELEGRAM_MODE="webhook")
    code = await issue(world)
    await world.tell_bot(f"{code} @mychannel")
    await connects(world, code)
    assert await world.calls("telegram", UPDATES) == []


async def test_a_delivery_without_our_secret_is_401_and_changes_nothing(serve: Serve) -> None:
    world = await serve(TELEGRAM_MODE="webhook")
    code = await issue(world)
    secret = bot_updates.webhook_secret(world.service, adapter_of(world))
    body = message(f"{code} @mychannel")
    for given in ("", "x", secret[:-1], secret.upper(), secret + "0", "\u00e9", "0" * len(secret)):
        answer = await world.call("POST", WEBHOOK, key=None, body=body, headers={SECRET_HEADER: given})
        assert answer.status == 401, given
    assert (await world.call("POST", WEBHOOK, key=None, body=body)).status == 401
    assert (await status(world, code))["status"] == "pending"
    answer = await world.call("POST", WEBHOOK, key=None, body=body, headers={SECRET_HEADER: secret})
    assert answer.status == 200
    assert (await status(world, code))["status"] == "connected"


async def test_the_secret_is_made_of_the_bots_token_and_does_not_tell_it(world: World) -> None:
    secret = bot_updates.webhook_secret(world.service, adapter_of(world))
    assert 1 <= len(secret) <= 256
    assert secret.isalnum()
    assert chats.SANDBOX_BOT_TOKEN.partition(":")[2] not in secret


async def test_s63_a_delivery_that_is_no_update_is_taken_or_refused_and_never_a_fault(serve: Serve) -> None:
    world = await serve(TELEGRAM_MODE="webhook")
    headers = {SECRET_HEADER: bot_updates.webhook_secret(world.service, adapter_of(world))}
    for content, expected in (
        (b"{}", 200),
        (b"[]", 200),
        (b"null", 200),
        (b'{"update_id": "x"}', 200),
        (b'{"update_id": 1, "message": {"chat": 7}}', 200),
        (b'{"update_id": 2, "unknown_kind": {}}', 200),
        (b'{"update_id": ' + b"9" * 5000 + b"}", 400),
        (b"", 400),
        (b"not json", 400),
        (b"\xff", 400),
        (b"[" * 100_000, 400),
    ):
        answer = await world.call("POST", WEBHOOK, key=None, content=content, headers=headers)
        assert answer.status == expected, content[:40]
    large = b'{"x": "' + b"x" * (1024 * 1024) + b'"}'
    assert (await world.call("POST", WEBHOOK, key=None, content=large, headers=headers)).status == 413


@pytest.mark.parametrize("mode", ["polling", "off"])
async def test_where_nothing_is_delivered_there_is_no_webhook(serve: Serve, mode: str) -> None:
    world = await serve(TELEGRAM_MODE=mode)
    headers = {SECRET_HEADER: bot_updates.webhook_secret(world.service, adapter_of(world))}
    assert (await world.call("POST", WEBHOOK, key=None, body=message("x"), headers=headers)).status == 404


async def test_switching_from_webhook_to_polling_takes_the_webhook_back(serve: Serve) -> None:
    world = await serve(TELEGRAM_MODE="webhook")
    first = await issue(world)
    await world.tell_bot(f"{first} @mychannel")
    await connects(world, first)
    await world.restart(TELEGRAM_MODE="polling")
    second = await issue(world)
    await world.tell_bot(f"{second} @mysupergroup")
    await connects(world, second)


# --- membership -------------------------------------------------------------------------------------------------------


@on_both_engines
async def test_an_account_goes_inactive_when_the_bot_is_removed_and_active_when_it_is_back(world: World) -> None:
    body = {"chatId": "@mychannel", "profileId": world.owner.profile_id}
    await world.ok("POST", "/v1/connect/telegram", body=body)

    async def active() -> bool:
        return bool((await world.accounts())[0]["isActive"])

    async def inactive() -> bool:
        return not await active()

    async with reading(world):
        for standing, wanted in (("left", inactive), ("administrator", active)):
            change = {"chat": "@mychannel", "user": "bot", "status": standing}
            await world.control("POST", "telegram/members", change)
            await settles(wanted)
