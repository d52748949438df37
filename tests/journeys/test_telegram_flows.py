"""Telegram: the access code from every side, who may use it for which chat, and what becomes of the chat later."""

import asyncio
import re
from typing import Any

import pytest

from tests.journeys.journey import APP_URL, Journey, location, query_of

MY_CHANNEL, PRIVATE, GROUP = "-1001234567890", "-1001111111111", "-400000001"


async def new_code(journey: Journey) -> str:
    code: str = (await journey.get("connect/telegram", profileId=journey.profile_id))["code"]
    return code


async def one_account(journey: Journey) -> Any:
    (account,) = await journey.accounts()
    return account


async def becomes(journey: Journey, *, is_active: bool) -> None:
    """Wait until the one account is switched."""
    for _ in range(200):
        if (await one_account(journey))["isActive"] is is_active:
            return
        await asyncio.sleep(0.05)
    raise AssertionError(f"isActive did not become {is_active}")


# --- connecting -------------------------------------------------------------------------------------------------------


async def test_a_code_with_a_channel_name_connects_it(journey: Journey) -> None:
    code = await new_code(journey)
    pending = await journey.code_status(code)
    assert (pending["status"], set(pending)) == ("pending", {"status", "expiresAt", "expiresIn"})
    assert 890 <= pending["expiresIn"] <= 900
    await journey.tell_bot(f"{code} @mychannel")
    told = await journey.code_settles(code)
    assert (told["status"], told["chatId"], told["chatTitle"], told["chatType"]) == (
        "connected",
        MY_CHANNEL,
        "My Channel",
        "channel",
    )
    account = await one_account(journey)
    assert (account["_id"], account["username"]) == (told["account"]["_id"], "mychannel")
    assert account["profileUrl"] == "https://t.me/mychannel"


@pytest.mark.parametrize(
    "written", ["{code} https://t.me/mychannel", "/start {code}  @MyChannel", "{lower} @mychannel", "@mychannel {code}"]
)
async def test_a_code_is_read_as_people_write_it(journey: Journey, written: str) -> None:
    code = await new_code(journey)
    await journey.tell_bot(written.format(code=code, lower=code.lower()))
    assert (await journey.code_settles(code))["status"] == "connected"


@pytest.mark.parametrize("more", [{}, {"asCaption": True}, {"twoMessages": True}])
async def test_a_private_channel_connects_by_a_forward(journey: Journey, more: dict[str, Any]) -> None:
    code = await new_code(journey)
    await journey.tell_bot(code, forwardFrom=PRIVATE, **more)
    assert (await journey.code_settles(code))["status"] == "connected"
    account = await one_account(journey)
    assert (account["displayName"], account["username"]) == ("Private Channel", PRIVATE)
    assert "profileUrl" not in account


async def test_a_code_and_a_channel_name_may_come_one_after_the_other(journey: Journey) -> None:
    code = await new_code(journey)
    await journey.tell_bot(code)
    assert (await journey.code_status(code))["status"] == "pending"
    await journey.tell_bot("@mychannel")
    assert (await journey.code_settles(code))["status"] == "connected"


async def test_a_channel_connects_directly_by_its_id_and_by_its_name(journey: Journey) -> None:
    for chat in (MY_CHANNEL, "@mychannel", int(MY_CHANNEL)):
        body = {"chatId": chat, "profileId": journey.profile_id}
        answer = await journey.call("POST", "connect/telegram", body=body)
        assert answer.status == 200, answer.text
        assert answer.json["account"]["_id"] == (await one_account(journey))["_id"]


async def test_a_code_connects_one_chat_only(journey: Journey) -> None:
    code = await new_code(journey)
    await journey.tell_bot(f"{code} @mychannel")
    await journey.code_settles(code)
    await journey.tell_bot(f"{code} {PRIVATE}")
    await until_said(journey, "used for another chat")
    assert (await one_account(journey))["username"] == "mychannel"


async def until_said(journey: Journey, text: str) -> None:
    """Wait until the bot answered chat_admin with this text."""
    for _ in range(200):
        messages = (await journey.control("GET", "telegram/messages"))["messages"].get("111000111", [])
        if any(text in message["text"] for message in messages):
            return
        await asyncio.sleep(0.05)
    raise AssertionError(f"the bot never said: {text}")


# --- refusals ---------------------------------------------------------------------------------------------------------


async def test_s45_who_does_not_administer_the_channel_is_refused_with_a_note(journey: Journey) -> None:
    code = await new_code(journey)
    await journey.tell_bot(f"{code} @mychannel", sender="stranger")
    told = await journey.code_settles(code)
    assert told["status"] == "pending"
    assert "@stranger is no administrator of My Channel" in told["note"]
    await journey.tell_bot(f"{code} @mychannel")
    told = await journey.until(lambda told: told["status"] == "connected", code)
    assert "note" not in told


async def test_s45_a_forward_proves_nothing_about_who_forwards_it(journey: Journey) -> None:
    code = await new_code(journey)
    await journey.tell_bot(code, sender="stranger", forwardFrom=MY_CHANNEL)
    assert "no administrator" in (await journey.code_settles(code))["note"]
    assert await journey.accounts() == []


async def test_s45_somebody_elses_code_is_unknown(journey: Journey) -> None:
    assert (await journey.call("PATCH", "connect/telegram", query={"code": "LATE-ZZZZZZ"})).status == 404


@pytest.mark.parametrize(
    ("chat", "said"),
    [("@notadmin", "administrator"), ("@nopostrights", "administrator"), ("@nosuchchannel", "no such")],
)
async def test_a_chat_the_bot_cannot_post_to_is_refused_with_a_note(journey: Journey, chat: str, said: str) -> None:
    code = await new_code(journey)
    await journey.tell_bot(f"{code} {chat}")
    assert said in (await journey.code_settles(code))["note"]
    assert await journey.accounts() == []


@pytest.mark.parametrize("chat", ["@notadmin", "-1009876543210", "@nosuchchannel", "-100999", "@kickedout"])
async def test_a_chat_the_bot_cannot_post_to_is_no_direct_connection_either(journey: Journey, chat: str) -> None:
    answer = await journey.call("POST", "connect/telegram", body={"chatId": chat, "profileId": journey.profile_id})
    assert (answer.status, answer.json["code"] in {"bot_not_administrator", "chat_not_found"}) == (400, True)
    assert await journey.accounts() == []


@pytest.mark.parametrize("chat", ["", "mychannel", "@", "12 34", None, "@" + "x" * 40])
async def test_a_malformed_chat_is_refused_naming_the_field(journey: Journey, chat: str | None) -> None:
    answer = await journey.call("POST", "connect/telegram", body={"chatId": chat, "profileId": journey.profile_id})
    assert (answer.status, list(answer.json["details"]["fields"])) == (400, ["chatId"])


@pytest.mark.parametrize(
    "text",
    [
        "",
        "hello",
        "\x00\x07",
        "LATE-",
        "LATE-AAAAAA @mychannel",
        "@mychannel -100 LATE-",
        "https://t.me/c/99999999999999999999/1 LATE-ABCDEF",
        "-9999999999999999 LATE-ABCDEF",
        "\u202e@mychannel\U0001f950 /start",
        "@" + "x" * 4000,
    ],
)
async def test_s45_the_bot_reads_on_whatever_it_is_sent(journey: Journey, text: str) -> None:
    await journey.tell_bot(text, sender="owner")
    code = await new_code(journey)
    await journey.tell_bot(f"{code} @mychannel", sender="owner")
    assert (await journey.code_settles(code))["status"] == "connected"


# --- the hosted page --------------------------------------------------------------------------------------------------


async def test_the_hosted_page_leads_on_once_the_code_was_used(journey: Journey) -> None:
    issued = await journey.start("telegram", APP_URL)
    browser = await journey.browser()
    page = await browser.open(issued["authUrl"])
    assert page.status == 200
    assert issued["code"] in page.text
    assert "@MoorlineSandboxBot" in page.text
    still = await browser.send(page, button="check")
    assert (still.status, "Waiting for your message" in still.text) == (200, True)
    await journey.tell_bot(f"{issued['code']} @mychannel")
    await journey.code_settles(issued["code"])
    fields = query_of(location(await browser.send(page, button="check")))
    account = await one_account(journey)
    assert fields == {
        "connected": "telegram",
        "profileId": journey.profile_id,
        "accountId": account["_id"],
        "username": "mychannel",
    }


async def test_the_hosted_page_shows_why_a_message_was_refused(journey: Journey) -> None:
    issued = await journey.start("telegram", None)
    await journey.tell_bot(f"{issued['code']} @mychannel", sender="stranger")
    await journey.code_settles(issued["code"])
    page = await (await journey.browser()).open(issued["authUrl"])
    assert "@stranger is no administrator of My Channel" in re.sub(r"</?bdi>", "", page.text)


async def test_the_hosted_page_of_an_unknown_state_tells_nothing(journey: Journey) -> None:
    url = f"{journey.server.base_url}/connect/telegram?state={'A' * 43}"
    page = await (await journey.browser()).open(url)
    assert (page.status, "This page cannot be used" in page.text) == (400, True)


# --- later ------------------------------------------------------------------------------------------------------------


async def test_an_account_is_inactive_while_the_bot_is_out_of_its_channel(journey: Journey) -> None:
    await journey.call("POST", "connect/telegram", body={"chatId": "@mychannel", "profileId": journey.profile_id})
    member = {"chat": "@mychannel", "user": "bot"}
    await journey.control("POST", "telegram/members", {**member, "status": "left"})
    await becomes(journey, is_active=False)
    await journey.control("POST", "telegram/members", {**member, "status": "administrator"})
    await becomes(journey, is_active=True)


async def test_a_group_keeps_its_account_when_it_becomes_a_supergroup(journey: Journey) -> None:
    await journey.control("POST", "telegram/members", {"chat": GROUP, "user": "bot", "status": "administrator"})
    code = await new_code(journey)
    await journey.tell_bot(f"{code} {GROUP}")
    before = (await journey.code_settles(code))["account"]
    assert (before["chatType"], before["username"]) == ("group", GROUP)
    new_id = str((await journey.control("POST", "telegram/migrate", {"chat": GROUP}))["migrateToChatId"])
    told = await journey.until(lambda told: told["chatId"] == new_id, code)
    assert (told["account"]["_id"], told["account"]["username"]) == (before["_id"], new_id)
    for chat in (GROUP, new_id):
        body = {"chatId": chat, "profileId": journey.profile_id}
        again = await journey.call("POST", "connect/telegram", body=body)
        assert (again.status, again.json["account"]["_id"]) == (200, before["_id"])
    assert len(await journey.accounts()) == 1
