"""The Telegram adapter against a double of the Bot API that answers from replies/telegram and records the requests."""

import json
import traceback
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from moorline.adapter.bot import (
    BotNotAdministrator,
    BotUser,
    Chat,
    ChatMigrated,
    ChatNotFound,
    IncomingMessage,
    Member,
    MembershipChange,
    PersonUnreachable,
    PollingConflict,
    Update,
)
from moorline.adapter.telegram_updates import parse_chat, parse_member
from moorline.adapter.values import App
from moorline.errors import (
    AppMisconfigured,
    PlatformError,
    PlatformRateLimited,
    Refused,
    UnexpectedReply,
    Unreachable,
)
from moorline.platforms.telegram import Telegram, find_chat_reference, find_code, parse_update
from moorline.wire import Reply, Request

REPLIES = Path(__file__).parent / "replies" / "telegram"

TOKEN = "999:AAExampleExampleExampleExampleExample"
APP = App(client_id="999", client_secret=TOKEN)
CHANNEL = -1001234567890
ANN = 111


def file(name: str) -> Any:
    return json.loads((REPLIES / f"{name}.json").read_text())


def recorded(name: str) -> Reply:
    raw = file(name)
    return Reply(status=raw["status"], headers=raw["headers"], body=json.dumps(raw["body"]).encode())


def answer(body: object, status: int = 200) -> Reply:
    return Reply(status=status, body=json.dumps(body).encode())


def result_of(name: str) -> Any:
    return file(name)["body"]["result"]


class BotApi:
    """Plays api.telegram.org: one answer to whatever is asked; None breaks the connection off."""

    def __init__(self, reply: Reply | None) -> None:
        self.reply = reply
        self.sent: list[Request] = []

    async def send(self, request: Request) -> Reply:
        self.sent.append(request)
        if self.reply is None:
            raise Unreachable("connection refused")
        return self.reply


def bot_api(name: str) -> BotApi:
    return BotApi(recorded(name))


async def failure(reply: Reply | None) -> PlatformError:
    with pytest.raises(PlatformError) as caught:
        await Telegram().get_chat(BotApi(reply), APP, CHANNEL)
    return caught.value


def asked(method: str, parameters: object, *, repeatable: bool = True, timeout_s: float = 15.0) -> Request:
    return Request(
        method="POST",
        url=f"https://api.telegram.org/bot{TOKEN}/{method}",
        json=parameters,
        repeatable=repeatable,
        timeout_s=timeout_s,
    )


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


# What goes wrong


@pytest.mark.parametrize(
    "reply", ["error_token_wrong", "error_token_malformed", "error_logged_out", "error_token_not_allowed"]
)
async def test_a_refused_token_is_the_operators_to_repair(reply: str) -> None:
    assert isinstance(await failure(recorded(reply)), AppMisconfigured)


async def test_a_path_nobody_serves_is_the_operators_to_repair() -> None:
    assert isinstance(await failure(recorded("error_path_not_found")), AppMisconfigured)


@pytest.mark.parametrize("token", ["", "999:with space", "999:a/../getMe", "999:a?x=1", "9" * 81, "999:\u00fc"])
async def test_s30_a_token_that_would_change_the_path_is_never_sent(token: str) -> None:
    api = bot_api("get_me")

    with pytest.raises(AppMisconfigured):
        await Telegram().get_me(api, App(client_id="999", client_secret=token))

    assert api.sent == []


@pytest.mark.parametrize("reply", ["error_other_poller", "error_webhook_active", "error_ended_by_webhook"])
async def test_a_second_reader_of_the_updates_is_a_polling_conflict(reply: str) -> None:
    with pytest.raises(PollingConflict) as caught:
        await Telegram().get_updates(bot_api(reply), APP, offset=None, timeout_s=0)

    assert caught.value.code == "polling_conflict"


async def test_throttling_tells_how_long_to_wait() -> None:
    error = await failure(recorded("error_throttled"))

    assert isinstance(error, PlatformRateLimited)
    assert error.retry_after_s == 5


@pytest.mark.parametrize(
    ("headers", "wait_s"), [({"retry-after": "7"}, 7), ({"retry-after": "soon"}, None), ({}, None)]
)
async def test_throttling_without_parameters_is_read_from_the_header(
    headers: dict[str, str], wait_s: int | None
) -> None:
    body = b'{"ok":false,"error_code":429,"description":"Too Many Requests"}'

    error = await failure(Reply(status=429, headers=headers, body=body))

    assert isinstance(error, PlatformRateLimited)
    assert error.retry_after_s == wait_s


@pytest.mark.parametrize(
    "reply",
    [
        recorded("error_restarting"),
        Reply(status=502, body=b"<html>502 Bad Gateway</html>"),
        Reply(status=504),
        Reply(status=403, body=b"<html>blocked by a proxy</html>"),
        Reply(status=401, body=b"<html>log in to the network</html>"),
        Reply(status=200, body=b"<html>"),
        None,
    ],
)
async def test_no_answer_of_the_bot_api_means_later(reply: Reply | None) -> None:
    assert isinstance(await failure(reply), Unreachable)


@pytest.mark.parametrize("reply", ["error_chat_not_found", "error_chat_id_empty", "error_group_deleted"])
async def test_an_unknown_chat_is_the_persons_to_correct(reply: str) -> None:
    error = await failure(recorded(reply))

    assert isinstance(error, ChatNotFound)
    assert isinstance(error, Refused)
    assert (error.status, error.code) == (400, "chat_not_found")


@pytest.mark.parametrize(
    "reply",
    [
        "error_kicked_from_channel",
        "error_kicked_from_supergroup",
        "error_kicked_from_group",
        "error_not_a_member_of_channel",
        "error_not_a_member_of_supergroup",
        "error_member_list_inaccessible",
        "error_need_administrator_rights",
        "error_not_enough_rights",
        "error_no_write_access",
        "error_chat_admin_required",
        "error_chat_write_forbidden",
    ],
)
async def test_s45_a_bot_without_rights_in_the_chat_is_refused(reply: str) -> None:
    error = await failure(recorded(reply))

    assert isinstance(error, BotNotAdministrator)
    assert (error.status, error.code) == (400, "bot_not_administrator")


@pytest.mark.parametrize("description", ["BAD REQUEST: CHAT NOT FOUND", "chat not found", "Chat not found, sorry"])
async def test_descriptions_are_recognised_in_any_case_and_surrounding(description: str) -> None:
    assert isinstance(
        await failure(answer({"ok": False, "error_code": 400, "description": description}, 400)), ChatNotFound
    )


async def test_a_group_that_became_a_supergroup_tells_its_new_id() -> None:
    error = await failure(recorded("error_group_upgraded"))

    assert isinstance(error, ChatMigrated)
    assert error.new_id == -100987


@pytest.mark.parametrize("reply", ["error_bot_blocked", "error_person_deactivated", "error_no_conversation"])
async def test_a_person_the_bot_may_not_write_to_is_told_from_a_chat_without_rights(reply: str) -> None:
    with pytest.raises(PersonUnreachable):
        await Telegram().send_message(bot_api(reply), APP, chat_id=ANN, text="Connected.")


@pytest.mark.parametrize(
    "reply",
    [
        "error_webhook_invalid_url",
        "error_webhook_not_https",
        "error_webhook_wrong_port",
        "error_webhook_reserved_address",
        "error_secret_token_too_long",
        "error_secret_token_characters",
    ],
)
async def test_a_refused_webhook_is_the_operators_to_repair(reply: str) -> None:
    with pytest.raises(AppMisconfigured) as caught:
        await Telegram().set_webhook(bot_api(reply), APP, url="https://moorline.example/t", secret_token="s3cret")

    assert "webhook" in str(caught.value)
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize(
    "reply",
    [
        recorded("error_text_empty"),
        recorded("error_text_too_long"),
        recorded("error_method_not_found"),
        answer({"ok": False}, 400),
        answer({"ok": False, "description": "x"}),
        answer({"ok": True}),
        answer({"ok": True, "result": 7}),
        answer({"ok": False, "error_code": 400, "description": 7, "parameters": []}, 400),
    ],
)
async def test_an_undocumented_answer_is_unexpected(reply: Reply) -> None:
    assert isinstance(await failure(reply), UnexpectedReply)


Call = Callable[[BotApi], Awaitable[object]]

CALLS: list[Call] = [
    lambda api: Telegram().get_me(api, APP),
    lambda api: Telegram().get_updates(api, APP, offset=None, timeout_s=0),
    lambda api: Telegram().get_chat(api, APP, CHANNEL),
    lambda api: Telegram().get_chat_member(api, APP, chat_id=CHANNEL, user_id=ANN),
    lambda api: Telegram().send_message(api, APP, chat_id=ANN, text="x"),
]


@pytest.mark.parametrize("call", CALLS)
async def test_a_result_of_the_wrong_shape_is_unexpected(call: Call) -> None:
    with pytest.raises(UnexpectedReply):
        await call(BotApi(answer({"ok": True, "result": {"odd": []}})))


ERROR_FILES = sorted(path.stem for path in REPLIES.glob("error_*.json"))


@pytest.mark.parametrize("name", ERROR_FILES)
async def test_s30_no_documented_refusal_repeats_the_bot_token(name: str) -> None:
    reply = recorded(name)
    echoing = json.loads(reply.body) | {"url": f"https://api.telegram.org/bot{TOKEN}/getChat"}

    error = await send_failure(answer(echoing, reply.status))

    shown = "".join(traceback.format_exception(error)) + repr(error.details) + str(error.platform_code)
    assert TOKEN not in shown


async def send_failure(reply: Reply) -> PlatformError:
    with pytest.raises(PlatformError) as caught:
        await Telegram().send_message(BotApi(reply), APP, chat_id=CHANNEL, text="x")
    return caught.value


def test_s30_the_repr_of_the_app_shows_no_token() -> None:
    assert TOKEN not in repr(APP)


# What is delivered


def update(name: str) -> IncomingMessage | MembershipChange | None:
    return parse_update(file("updates")[name])


def message(name: str) -> IncomingMessage:
    parsed = update(name)
    assert isinstance(parsed, IncomingMessage)
    return parsed


def test_a_private_message_tells_sender_chat_and_text() -> None:
    assert message("code") == IncomingMessage(
        update_id=10,
        message_id=5,
        chat=Chat(id=ANN, type="private", title="Ann Lee", username="ann"),
        text="LATE-ABC123 @mychannel",
        sender_id=ANN,
        sender_username="ann",
        sender_name="Ann Lee",
    )


@pytest.mark.parametrize("name", ["forwarded_channel_post", "forwarded_channel_post_old_server"])
def test_a_forwarded_channel_post_names_its_channel_in_both_forms(name: str) -> None:
    forwarded = message(name)

    assert forwarded.forward_kind == "channel"
    assert forwarded.forwarded_chat == Chat(id=CHANNEL, type="channel", title="My Channel", username="mychannel")


def test_a_forward_of_an_anonymous_group_administrator_names_the_group() -> None:
    forwarded = message("forwarded_group_post")

    assert forwarded.forward_kind == "chat"
    assert forwarded.forwarded_chat is not None
    assert forwarded.forwarded_chat.id == -1002222222222


@pytest.mark.parametrize(
    ("name", "kind"), [("forwarded_from_person", "user"), ("forwarded_from_hidden_person", "hidden_user")]
)
def test_s45_a_forward_from_a_person_names_no_chat(name: str, kind: str) -> None:
    forwarded = message(name)

    assert (forwarded.forward_kind, forwarded.forwarded_chat) == (kind, None)


@pytest.mark.parametrize(
    ("older", "kind"),
    [
        ({"forward_from": {"id": 222, "is_bot": False, "first_name": "Bob"}}, "user"),
        ({"forward_sender_name": "Bob"}, "hidden_user"),
        ({"forward_from_chat": {"id": -4001, "type": "group", "title": "Team"}}, "chat"),
        ({"forward_from_chat": {"id": "odd"}}, None),
    ],
)
def test_the_older_fields_of_a_forward_are_read_when_they_come_alone(older: dict[str, Any], kind: str | None) -> None:
    raw = file("updates")["code"]
    raw["message"] |= older

    parsed = parse_update(raw)

    assert isinstance(parsed, IncomingMessage)
    assert parsed.forward_kind == kind


def test_a_caption_counts_as_text() -> None:
    assert message("caption").text == "late-abc123"


@pytest.mark.parametrize("name", ["channel_post", "anonymous_administrator"])
def test_s45_a_message_without_a_real_person_behind_it_has_no_sender(name: str) -> None:
    assert message(name).sender_id is None


def test_a_group_that_migrates_tells_its_new_id() -> None:
    migrated = message("group_migrated")

    assert (migrated.chat.id, migrated.migrated_to) == (-4001, -100987)


def test_the_bots_promotion_tells_both_standings_and_who_did_it() -> None:
    assert update("bot_promoted") == MembershipChange(
        update_id=20,
        chat=Chat(id=CHANNEL, type="channel", title="My Channel", username="mychannel"),
        before=Member(user_id=999, status="left"),
        after=Member(user_id=999, status="administrator", can_post_messages=True),
        by_id=ANN,
    )


def test_the_bots_removal_means_it_may_no_longer_post() -> None:
    removed = update("bot_removed")

    assert isinstance(removed, MembershipChange)
    assert Telegram().may_post(removed.chat, removed.before)
    assert not Telegram().may_post(removed.chat, removed.after)


def test_an_update_of_a_kind_we_did_not_ask_for_is_nothing() -> None:
    assert update("unasked_kind") is None


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "update_id",
                    "message",
                    "channel_post",
                    "my_chat_member",
                    "chat",
                    "from",
                    "id",
                    "type",
                    "text",
                    "message_id",
                    "forward_origin",
                    "new_chat_member",
                    "old_chat_member",
                    "user",
                    "status",
                ]
            ),
            inner,
            max_size=6,
        )
    ),
    max_leaves=20,
)


@given(JSON)
@example({"update_id": True, "message": {}})
@example({"update_id": 1, "message": {"message_id": 1, "chat": {"id": 1 << 60, "type": "private"}}})
@example({"update_id": 1, "my_chat_member": {"chat": {"id": 1, "type": "group"}, "old_chat_member": "x"}})
def test_parsing_anything_never_raises(raw: object) -> None:
    parsed = parse_update(raw)

    assert parsed is None or isinstance(parsed, IncomingMessage | MembershipChange)


@pytest.mark.parametrize("path", ["message", "chat", "from", "forward_origin", "entities", "text"])
@given(JSON)
def test_a_real_message_with_one_odd_part_never_raises(path: str, odd: object) -> None:
    raw = file("updates")["forwarded_channel_post"]
    if path == "message":
        raw["message"] = odd
    else:
        raw["message"][path] = odd

    parse_update(raw)


def test_text_loses_what_no_store_takes() -> None:
    raw = file("updates")["code"]
    raw["message"]["text"] = "LATE-\0ABC123\ud800"

    parsed = parse_update(raw)

    assert isinstance(parsed, IncomingMessage)
    assert parsed.text == "LATE-ABC123"


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


# What people write


@pytest.mark.parametrize(
    "text",
    [
        "LATE-ABC123",
        "late-abc123 @mychannel",
        "/start LATE-ABC123",
        "/connect@MoorlineBot LATE-ABC123",
        "/start@MoorlineBot late_abc123",
        "Here is my code: \u201cLATE-ABC123\u201d!",
        "(LATE-ABC123)",
        "code:LATE-ABC123.",
        "LATE\u2013ABC123",
        "LATE\u2011ABC123",
        "LATE\u2212ABC123",
        "\u200eLATE-ABC123\u200f",
        "LATE-ABC\u200b123",
        "\uff2c\uff21\uff34\uff25\uff0d\uff21\uff22\uff23\uff11\uff12\uff13",
        "LATE-ABC123@mychannel",
        "@mychannel\nLATE-ABC123",
    ],
)
def test_a_code_is_found_however_it_is_written(text: str) -> None:
    assert find_code(text, "LATE") == "LATE-ABC123"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "LATE",
        "LATE-",
        "LATE-ABC12",
        "LATE-ABC1234",
        "PLATE-ABC123",
        "LATE ABC123",
        "better late than never",
        "/start",
    ],
)
def test_what_is_no_code_is_not_taken_for_one(text: str) -> None:
    assert find_code(text, "LATE") is None


def test_the_first_of_several_codes_counts() -> None:
    assert find_code("LATE-ABC123 LATE-XYZ789", "LATE") == "LATE-ABC123"


@pytest.mark.parametrize("prefix", ["MOOR", "My_App", "A-B", "X.Y", "x+"])
def test_a_code_comes_back_as_it_was_issued_whatever_the_prefix(prefix: str) -> None:
    assert find_code(f"/start {prefix.lower()}-abc123", prefix) == f"{prefix}-ABC123"


@pytest.mark.parametrize(
    ("text", "reference"),
    [
        ("LATE-ABC123 @mychannel", "@mychannel"),
        ("LATE-ABC123@mychannel", "@mychannel"),
        ("/connect@MoorlineBot LATE-ABC123 @mychannel", "@mychannel"),
        ("@MoorlineBot LATE-ABC123 @MyChannel.", "@MyChannel"),
        ("LATE-ABC123 https://t.me/mychannel", "@mychannel"),
        ("LATE-ABC123 t.me/mychannel/77?single", "@mychannel"),
        ("https://telegram.me/s/mychannel", "@mychannel"),
        ("HTTPS://T.ME/mychannel", "@mychannel"),
        ("https://t.me/MoorlineBot?start=x https://t.me/mychannel", "@mychannel"),
        ("t.me/c/1234567890", CHANNEL),
        ("https://t.me/c/1234567890/55", CHANNEL),
        ("t.me/c/123", -1_000_000_000_123),
        ("LATE-ABC123 -1001234567890", CHANNEL),
        ("LATE-ABC123 (-1001234567890)", CHANNEL),
        ("\u22121001234567890", CHANNEL),
        ("-4001234", -4001234),
        ("\u2068@mychannel\u2069", "@mychannel"),
    ],
)
def test_the_chat_a_message_names_is_found(text: str, reference: str | int) -> None:
    assert find_chat_reference(text) == reference


@pytest.mark.parametrize(
    "text",
    [
        "",
        "LATE-ABC123",
        "LATE-123456",
        "/connect@MoorlineBot LATE-ABC123",
        "ana@example.com",
        "https://t.me/joinchat/AAAA",
        "https://t.me/+abcdefgh",
        "https://example.org/t.me/mychannel",
        "https://set.me/mychannel",
        "@ab",
        "2026-11-23",
        "1234567890",
        "minus -5 degrees",
        "-9999999999999999",
        "t.me/c/999999999999999999",
    ],
)
def test_a_message_that_names_no_chat_gives_none(text: str) -> None:
    assert find_chat_reference(text) is None


@given(st.text(max_size=200))
def test_reading_any_text_never_raises(text: str) -> None:
    code, reference = find_code(text, "LATE"), find_chat_reference(text)

    assert code is None or len(code) == len("LATE-ABC123")
    assert reference is None or isinstance(reference, str | int)


@given(
    st.text(alphabet="ABCDEFGHJKLMNPQRSTUVWXYZ23456789", min_size=6, max_size=6),
    st.sampled_from(["", "/start ", "/connect@MoorlineBot ", "> ", "\u201c", "\t\n"]),
    st.sampled_from(["", ".", " @mychannel", "\n", "!", "\u201d"]),
    st.booleans(),
)
def test_every_issued_code_is_found_in_every_usual_wrapping(code: str, before: str, after: str, lower: bool) -> None:
    written = f"LATE-{code}".lower() if lower else f"LATE-{code}"

    assert find_code(f"{before}{written}{after}", "LATE") == f"LATE-{code}"


@given(
    st.from_regex(r"[A-Za-z][A-Za-z0-9_]{4,31}", fullmatch=True).filter(lambda name: not name.lower().endswith("bot"))
)
def test_every_channel_name_is_found_as_mention_and_as_address(name: str) -> None:
    assert find_chat_reference(f"LATE-ABC123 @{name}") == f"@{name}"
