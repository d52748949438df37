"""The Telegram adapter: what goes wrong."""

import json
import traceback
from collections.abc import Awaitable, Callable

import pytest

from moorline.adapter.bot import BotNotAdministrator, ChatMigrated, ChatNotFound, PersonUnreachable, PollingConflict
from moorline.adapter.values import App
from moorline.errors import AppMisconfigured, PlatformError, PlatformRateLimited, Refused, UnexpectedReply, Unreachable
from moorline.platforms.telegram import Telegram
from moorline.wire import Reply
from tests.platforms.telegram_double import (
    ANN,
    APP,
    CHANNEL,
    REPLIES,
    TOKEN,
    BotApi,
    answer,
    bot_api,
    failure,
    recorded,
)


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
