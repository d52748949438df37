"""What reaches a polling bot, in which form, and how polls get in each other's way. Facts: telegram.md section 3."""

import asyncio
import json
import time
from typing import Any

import pytest

from moorline.sandbox.kernel import Books, Call
from moorline.sandbox.telegram import Telegram
from tests.sandbox.conftest import Got, Sandbox
from tests.sandbox.test_telegram import (
    CHAT_ADMIN,
    GROUP,
    HOST,
    MY_CHANNEL,
    STRANGER,
    SUPERGROUP,
    TOKEN,
    ask,
    refusal,
    write,
)

CODE = "LATE-ABC123"
OTHER_POLL = "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running"


async def updates(sandbox: Sandbox, **given: object) -> list[dict[str, Any]]:
    got = await ask(sandbox, "getUpdates", **given)
    assert got.status == 200, got.text
    found: list[dict[str, Any]] = got.json["result"]
    return found


async def sent_messages(sandbox: Sandbox, text: str, **more: object) -> list[dict[str, Any]]:
    """What the bot reads after a person wrote."""
    told = (await write(sandbox, text, **more)).json["updateIds"]
    found = await updates(sandbox)
    assert [update["update_id"] for update in found] == told
    return [update["message"] for update in found]


# --- polling ----------------------------------------------------------------------------------------------------------


async def test_an_update_comes_again_until_an_offset_confirms_it(sandbox: Sandbox) -> None:
    await write(sandbox, "one")
    await write(sandbox, "two")
    first, second = await updates(sandbox)
    assert second["update_id"] == first["update_id"] + 1
    assert await updates(sandbox, offset=first["update_id"]) == [first, second]
    assert await updates(sandbox, offset=second["update_id"]) == [second]
    assert await updates(sandbox, offset=second["update_id"] + 1) == []


async def test_a_negative_offset_leaves_only_the_last_updates(sandbox: Sandbox) -> None:
    for text in ("one", "two", "three"):
        await write(sandbox, text)
    assert [update["message"]["text"] for update in await updates(sandbox, offset=-2)] == ["two", "three"]
    assert [update["message"]["text"] for update in await updates(sandbox)] == ["two", "three"]


@pytest.mark.parametrize(("limit", "count"), [(2, 2), (0, 1), (-5, 1), (1000, 3), ("many", 1)])
async def test_the_limit_is_cut_to_1_and_100(sandbox: Sandbox, limit: object, count: int) -> None:
    for text in ("one", "two", "three"):
        await write(sandbox, text)
    assert len(await updates(sandbox, limit=limit)) == count


async def test_a_waiting_poll_wakes_for_a_new_update(sandbox: Sandbox) -> None:
    started_s = time.monotonic()
    waiting = asyncio.create_task(updates(sandbox, timeout=1000))
    await asyncio.sleep(0.2)
    await write(sandbox, "now")
    assert [update["message"]["text"] for update in await waiting] == ["now"]
    assert 0.2 <= time.monotonic() - started_s < 5


async def test_a_poll_without_updates_ends_empty_after_its_timeout(sandbox: Sandbox) -> None:
    started_s = time.monotonic()
    assert await updates(sandbox, timeout=1) == []
    assert 1 <= time.monotonic() - started_s < 3


async def test_the_same_offset_again_is_slowed_to_three_seconds(sandbox: Sandbox) -> None:
    assert await updates(sandbox, offset=5) == []
    started_s = time.monotonic()
    assert await updates(sandbox, offset=5) == []
    assert time.monotonic() - started_s >= 2.9


async def test_the_same_offset_at_once_gets_one_update(sandbox: Sandbox) -> None:
    await write(sandbox, "one")
    await write(sandbox, "two")
    assert len(await updates(sandbox)) == 2
    assert len(await updates(sandbox)) == 1


async def test_the_newest_poll_wins(sandbox: Sandbox) -> None:
    older = asyncio.create_task(ask(sandbox, "getUpdates", timeout=30))
    await asyncio.sleep(0.2)
    newer = asyncio.create_task(ask(sandbox, "getUpdates", timeout=30, offset=1))
    assert refusal(await older) == (409, OTHER_POLL)
    await write(sandbox, "now")
    assert len((await newer).json["result"]) == 1


async def test_a_reset_ends_a_waiting_poll(sandbox: Sandbox) -> None:
    waiting = asyncio.create_task(ask(sandbox, "getUpdates", timeout=30))
    await asyncio.sleep(0.2)
    await sandbox.reset()
    assert refusal(await waiting) == (500, "Internal Server Error: restart")


async def test_closing_ends_a_waiting_poll_at_once() -> None:
    telegram = Telegram(Books(base_url="http://127.0.0.1"))
    path = f"/bot{TOKEN}/getUpdates"
    query = {"timeout": "50"}
    call = Call(method="GET", host=HOST, path=path, query=query, headers={}, body=b"", params={"token": TOKEN})
    waiting = asyncio.ensure_future(telegram.get_updates(call))
    await asyncio.sleep(0.1)
    await telegram.close()
    async with asyncio.timeout(1):
        assert (await waiting).status == 500


async def test_unread_updates_are_gone_after_a_day(sandbox: Sandbox) -> None:
    await write(sandbox, "old")
    await sandbox.advance(24 * 3600 + 1)
    await write(sandbox, "new")
    assert [update["message"]["text"] for update in await updates(sandbox)] == ["new"]


async def test_update_ids_go_on_over_a_reset(sandbox: Sandbox) -> None:
    (before,) = (await write(sandbox, "one")).json["updateIds"]
    await sandbox.reset()
    (after,) = (await write(sandbox, "one")).json["updateIds"]
    assert after > before


async def test_the_allowed_updates_are_remembered_until_changed(sandbox: Sandbox) -> None:
    await updates(sandbox, allowed_updates=["my_chat_member"], offset=1)
    assert (await write(sandbox, "lost")).json == {"updateIds": []}
    await updates(sandbox, offset=2)
    assert (await write(sandbox, "lost too")).json == {"updateIds": []}
    await updates(sandbox, allowed_updates=json.dumps([]), offset=3)
    assert len((await write(sandbox, "heard")).json["updateIds"]) == 1


async def test_changes_of_other_members_are_told_on_request_only(sandbox: Sandbox) -> None:
    change = {"chat": "@mychannel", "user": "stranger", "status": "kicked"}
    assert (await sandbox.control("POST", "telegram/members", change)).json == {"updateIds": []}
    await updates(sandbox, allowed_updates=["chat_member"])
    assert len((await sandbox.control("POST", "telegram/members", change)).json["updateIds"]) == 1


# --- what people write ------------------------------------------------------------------------------------------------


async def test_a_private_message_carries_sender_chat_and_mention(sandbox: Sandbox) -> None:
    (message,) = await sent_messages(sandbox, f"{CODE} @mychannel")
    assert (message["from"]["id"], message["from"]["username"]) == (CHAT_ADMIN, "chat_admin")
    assert message["from"]["is_bot"] is False
    assert (message["chat"]["id"], message["chat"]["type"]) == (CHAT_ADMIN, "private")
    assert message["text"] == f"{CODE} @mychannel"
    assert message["entities"] == [{"offset": 12, "length": 10, "type": "mention"}]


async def test_entities_count_utf16_units(sandbox: Sandbox) -> None:
    (message,) = await sent_messages(sandbox, "\U0001f600 /start@MoorlineSandboxBot https://t.me/mychannel")
    assert message["entities"] == [
        {"offset": 3, "length": 25, "type": "bot_command"},
        {"offset": 29, "length": 22, "type": "url"},
    ]


async def test_a_forwarded_channel_post_names_the_channel_in_both_forms(sandbox: Sandbox) -> None:
    (message,) = await sent_messages(sandbox, CODE, forwardFrom=str(MY_CHANNEL))
    origin = message["forward_origin"]
    assert (origin["type"], origin["chat"]["id"], origin["chat"]["type"]) == ("channel", MY_CHANNEL, "channel")
    assert message["forward_from_chat"] == origin["chat"]
    assert message["forward_from_message_id"] == origin["message_id"]
    assert message["forward_date"] == origin["date"]
    assert message["text"] == CODE


async def test_a_group_is_forwarded_as_sender_chat(sandbox: Sandbox) -> None:
    (message,) = await sent_messages(sandbox, CODE, forwardFrom=str(SUPERGROUP))
    assert message["forward_origin"]["type"] == "chat"
    assert message["forward_origin"]["sender_chat"]["id"] == SUPERGROUP


async def test_a_forward_from_a_person_names_no_chat(sandbox: Sandbox) -> None:
    (message,) = await sent_messages(sandbox, CODE, forwardFrom="stranger", forwardAs="user")
    assert message["forward_origin"]["sender_user"]["id"] == STRANGER
    assert message["forward_from"]["id"] == STRANGER
    assert "forward_from_chat" not in message


async def test_a_hidden_forward_gives_a_name_only(sandbox: Sandbox) -> None:
    (message,) = await sent_messages(sandbox, CODE, forwardAs="hidden_user")
    assert message["forward_origin"]["type"] == "hidden_user"
    assert message["forward_sender_name"] == message["forward_origin"]["sender_user_name"]
    assert "forward_from" not in message


async def test_a_forward_with_a_comment_is_two_messages_comment_first(sandbox: Sandbox) -> None:
    comment, forward = await sent_messages(sandbox, CODE, forwardFrom="@notadmin", twoMessages=True)
    assert comment["text"] == CODE
    assert "forward_origin" not in comment
    assert forward["forward_origin"]["chat"]["username"] == "notadmin"
    assert CODE not in forward["text"]


async def test_a_caption_carries_the_text(sandbox: Sandbox) -> None:
    (message,) = await sent_messages(sandbox, f"{CODE} @mychannel", asCaption=True)
    assert message["caption"] == f"{CODE} @mychannel"
    assert message["caption_entities"][0]["type"] == "mention"
    assert "text" not in message
    file_id = message["photo"][0]["file_id"]
    assert (await ask(sandbox, "getFile", file_id=file_id)).status == 200


async def test_a_reply_shows_what_it_answers(sandbox: Sandbox) -> None:
    (message,) = await sent_messages(sandbox, CODE, replyTo="Send me the code")
    assert message["reply_to_message"]["text"] == "Send me the code"


async def test_a_reply_to_a_forward_comes_after_the_forward(sandbox: Sandbox) -> None:
    forward, reply = await sent_messages(sandbox, CODE, replyTo="A post", forwardFrom="@mychannel")
    assert forward["forward_origin"]["chat"]["id"] == MY_CHANNEL
    assert (reply["text"], reply["reply_to_message"]) == (CODE, forward)


async def test_a_channel_post_has_no_sender(sandbox: Sandbox) -> None:
    await write(sandbox, CODE, chat="@mychannel")
    (update,) = await updates(sandbox)
    assert update["channel_post"]["chat"]["id"] == MY_CHANNEL
    assert "from" not in update["channel_post"]


async def test_in_a_group_a_plain_member_bot_hears_commands_only(sandbox: Sandbox) -> None:
    assert (await write(sandbox, CODE, chat=str(GROUP))).json == {"updateIds": []}
    assert len((await write(sandbox, f"/connect {CODE}", chat=str(GROUP))).json["updateIds"]) == 1
    assert len((await write(sandbox, CODE, chat=str(SUPERGROUP))).json["updateIds"]) == 1


# --- the bot's own membership -----------------------------------------------------------------------------------------


async def change(sandbox: Sandbox, chat: str, status: str, **more: object) -> dict[str, Any]:
    """The `my_chat_member` that follows a change of the bot's membership."""
    body = {"chat": chat, "user": "bot", "status": status, **more}
    got: Got = await sandbox.control("POST", "telegram/members", body)
    (update,) = await updates(sandbox, offset=got.json["updateIds"][0])
    told: dict[str, Any] = update["my_chat_member"]
    return told


async def test_a_promoted_bot_hears_of_its_rights(sandbox: Sandbox) -> None:
    told = await change(sandbox, "@notadmin", "administrator", can_post_messages=True)
    assert (told["chat"]["username"], told["from"]["id"]) == ("notadmin", CHAT_ADMIN)
    assert told["old_chat_member"]["status"] == "left"
    assert told["new_chat_member"]["status"] == "administrator"
    assert told["new_chat_member"]["can_post_messages"] is True
    assert (await ask(sandbox, "sendMessage", chat_id="@notadmin", text="hello")).status == 200


async def test_a_bot_hears_that_it_lost_its_rights_or_its_place(sandbox: Sandbox) -> None:
    told = await change(sandbox, "@mychannel", "administrator", can_post_messages=False)
    assert told["new_chat_member"]["can_post_messages"] is False
    told = await change(sandbox, "@mychannel", "kicked")
    assert told["new_chat_member"]["status"] == "kicked"


async def test_a_bot_hears_that_a_person_blocked_it(sandbox: Sandbox) -> None:
    told = await change(sandbox, "stranger", "kicked")
    assert (told["chat"]["id"], told["chat"]["type"]) == (STRANGER, "private")
    assert (told["old_chat_member"]["status"], told["new_chat_member"]["status"]) == ("member", "kicked")


async def test_a_bot_that_leaves_hears_of_it(sandbox: Sandbox) -> None:
    await ask(sandbox, "leaveChat", chat_id="@mychannel")
    (update,) = await updates(sandbox)
    assert update["my_chat_member"]["new_chat_member"]["status"] == "left"
