"""The Telegram adapter: its calls, who may do what in a chat, and the account that comes of it."""

from datetime import UTC, datetime

import pytest

from moorline.adapter.bot import BotUser, Chat, Member, Update
from moorline.adapter.telegram_updates import parse_chat, parse_member
from moorline.errors import UnexpectedReply
from moorline.platforms.telegram import Telegram
from tests.platforms.telegram_double import ANN, APP, CHANNEL, BotApi, answer, asked, bot_api, file, result_of

# The calls


async def test_get_me_asks_for_the_bot_and_answers_it() -> None:
    api = bot_api("get_me")

    assert await Telegram().get_me(api, APP) == BotUser(id=999, username="MoorlineBot", name="Moorline")
    assert api.sent == [asked("getMe", {})]


async def test_get_updates_waits_longer_than_the_poll_and_asks_for_three_kinds() -> None:
    api = bot_api("get_updates")

    await Telegram().get_updates(api, APP, offset=10, timeout_s=25)

    kinds = ["message", "channel_post", "my_chat_member"]
    parameters = {"timeout": 25, "allowed_updates": kinds, "offset": 10}
    assert api.sent == [asked("getUpdates", parameters, repeatable=False, timeout_s=35.0)]


async def test_the_first_poll_has_no_offset_and_no_poll_is_longer_than_the_server_allows() -> None:
    api = bot_api("get_updates")

    await Telegram().get_updates(api, APP, offset=None, timeout_s=300)

    [request] = api.sent
    assert request.json == {"timeout": 50, "allowed_updates": ["message", "channel_post", "my_chat_member"]}
    assert request.timeout_s == 60.0


async def test_get_updates_numbers_every_update_also_those_we_do_not_follow() -> None:
    updates = await Telegram().get_updates(bot_api("get_updates"), APP, offset=None, timeout_s=0)

    assert [update.update_id for update in updates] == list(range(10, 23))
    assert updates[-1] == Update(update_id=22, event=None)
    assert all(update.event is not None for update in updates[:-1])


async def test_one_unreadable_update_does_not_hide_the_others() -> None:
    good = file("updates")["code"]
    reply = answer({"ok": True, "result": [7, {"update_id": 8, "message": []}, {"message": {}}, good]})

    updates = await Telegram().get_updates(BotApi(reply), APP, offset=None, timeout_s=0)

    assert [(update.update_id, update.event is None) for update in updates] == [(8, True), (10, False)]


async def test_set_webhook_registers_url_secret_and_kinds_once() -> None:
    api = bot_api("webhook_set")

    await Telegram().set_webhook(api, APP, url="https://moorline.example/t", secret_token="s3cret")

    parameters = {
        "url": "https://moorline.example/t",
        "secret_token": "s3cret",
        "allowed_updates": ["message", "channel_post", "my_chat_member"],
    }
    assert api.sent == [asked("setWebhook", parameters, repeatable=False)]


def test_deliveries_are_proven_by_the_documented_header() -> None:
    assert Telegram().secret_header == "X-Telegram-Bot-Api-Secret-Token".lower()


async def test_delete_webhook_keeps_the_updates_that_wait() -> None:
    api = bot_api("webhook_deleted")

    await Telegram().delete_webhook(api, APP)

    assert api.sent == [asked("deleteWebhook", {})]


async def test_get_webhook_info_tells_what_went_wrong_last() -> None:
    api = bot_api("webhook_info")

    info = await Telegram().get_webhook_info(api, APP)

    assert api.sent == [asked("getWebhookInfo", {})]
    assert info.url == "https://moorline.example/connect/telegram/updates"
    assert info.pending_update_count == 3
    assert info.last_error_message == "Wrong response from the webhook: 500 Internal Server Error"
    assert info.last_error_at == datetime.fromtimestamp(1767000000, UTC)


async def test_get_webhook_info_has_an_empty_url_while_none_is_set() -> None:
    info = await Telegram().get_webhook_info(bot_api("webhook_info_none"), APP)

    assert (info.url, info.pending_update_count, info.last_error_message, info.last_error_at) == ("", 0, None, None)


@pytest.mark.parametrize("chat", [CHANNEL, "@mychannel"])
async def test_get_chat_takes_an_id_or_a_name(chat: int | str) -> None:
    api = bot_api("get_chat_channel")

    found = await Telegram().get_chat(api, APP, chat)

    assert api.sent == [asked("getChat", {"chat_id": chat})]
    assert found == Chat(id=CHANNEL, type="channel", title="My Channel", username="mychannel")


async def test_get_chat_member_asks_for_one_persons_standing() -> None:
    api = bot_api("member_administrator")

    member = await Telegram().get_chat_member(api, APP, chat_id=CHANNEL, user_id=ANN)

    assert api.sent == [asked("getChatMember", {"chat_id": CHANNEL, "user_id": ANN})]
    assert member == Member(user_id=ANN, status="administrator", can_post_messages=True)


@pytest.mark.parametrize("reply", ["error_member_not_found", "error_participant_id_invalid"])
async def test_s45_somebody_the_chat_does_not_know_has_left(reply: str) -> None:
    member = await Telegram().get_chat_member(bot_api(reply), APP, chat_id=CHANNEL, user_id=ANN)

    assert member == Member(user_id=ANN, status="left")


async def test_s45_the_standing_of_another_person_is_not_taken() -> None:
    with pytest.raises(UnexpectedReply):
        await Telegram().get_chat_member(bot_api("member_creator"), APP, chat_id=CHANNEL, user_id=222)


async def test_send_message_sends_once_and_answers_the_number() -> None:
    api = bot_api("sent_message")

    assert await Telegram().send_message(api, APP, chat_id=ANN, text="Connected.") == 31
    assert api.sent == [asked("sendMessage", {"chat_id": ANN, "text": "Connected."}, repeatable=False)]


# Rights


def member(name: str) -> Member:
    parsed = parse_member(result_of(f"member_{name}"))
    assert parsed is not None
    return parsed


def chat(name: str) -> Chat:
    parsed = parse_chat(result_of(f"get_chat_{name}"))
    assert parsed is not None
    return parsed


@pytest.mark.parametrize(
    ("where", "who", "administrator", "post"),
    [
        ("channel", "creator", True, True),
        ("channel", "administrator", True, True),
        ("channel", "administrator_without_posting", False, False),
        ("channel", "member", False, False),
        ("channel", "left", False, False),
        ("channel", "kicked", False, False),
        ("supergroup", "creator", True, True),
        ("supergroup", "group_administrator", True, True),
        ("supergroup", "member", False, True),
        ("supergroup", "restricted", False, True),
        ("supergroup", "muted", False, False),
        ("supergroup", "restricted_and_gone", False, False),
        ("supergroup", "left", False, False),
        ("supergroup", "kicked", False, False),
        ("group", "group_administrator", True, True),
        ("group", "member", False, True),
        ("group", "left", False, False),
    ],
)
def test_s45_who_administers_and_who_may_post(where: str, who: str, administrator: bool, post: bool) -> None:
    assert Telegram().is_administrator(chat(where), member(who)) is administrator
    assert Telegram().may_post(chat(where), member(who)) is post


# The account


def test_s11_a_channel_is_kept_by_its_number_not_by_its_name() -> None:
    connection = Telegram().to_connection(chat("channel"))

    assert connection.platform_account_id == "-1001234567890"
    assert connection.username == "mychannel"
    assert connection.display_name == "My Channel"
    assert connection.profile_url == "https://t.me/mychannel"
    assert connection.details == {"chatId": "-1001234567890", "chatTitle": "My Channel", "chatType": "channel"}
    assert connection.tokens is None


def test_a_private_channel_goes_by_its_number_and_has_no_public_address() -> None:
    connection = Telegram().to_connection(chat("private_channel"))

    assert connection.username == "-1001111111111"
    assert connection.display_name == "Hidden"
    assert connection.profile_url is None


def test_a_person_is_shown_by_full_name() -> None:
    connection = Telegram().to_connection(chat("person"))

    assert (connection.display_name, connection.details["chatType"]) == ("Ann Lee", "private")


@pytest.mark.parametrize("name", ["channel", "private_channel", "supergroup", "group", "person"])
def test_s30_no_account_carries_a_picture_address_with_the_token(name: str) -> None:
    assert Telegram().to_connection(chat(name)).picture_url is None
