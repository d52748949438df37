"""Telegram: the operator's bot posts to channels and groups where it was made an administrator.

There is no sign-in; every call carries the bot token in its path, so no message here may quote a URL.
Facts: docs/platforms/telegram.md.
"""

import re
from collections.abc import Mapping
from typing import Any

from typing_extensions import override

from moorline import clock
from moorline.adapter.bot import (
    BotNotAdministrator,
    BotPlatform,
    BotUser,
    Chat,
    ChatMigrated,
    ChatNotFound,
    Member,
    PersonUnreachable,
    PollingConflict,
    Update,
    WebhookInfo,
)
from moorline.adapter.telegram_text import find_chat_reference, find_code
from moorline.adapter.telegram_updates import as_id, as_object, as_text, parse_chat, parse_member, parse_update
from moorline.adapter.values import App, Connection
from moorline.errors import AppMisconfigured, PlatformError, PlatformRateLimited, UnexpectedReply, Unreachable
from moorline.wire import Http, Reply, Request

__all__ = ["Telegram", "find_chat_reference", "find_code", "parse_update"]

# docs/platforms/telegram.md#calls, checked 2026-11-23
API = "https://api.telegram.org"
LONGEST_POLL_S = 50
ALLOWED_UPDATES = ("message", "channel_post", "my_chat_member")

# What a token is made of; anything else would change the meaning of the path it is put into.
TOKEN = re.compile(r"[A-Za-z0-9:_-]{1,80}")

# Reads wait this long beyond the poll, so that the answer to an empty one still arrives.
POLL_MARGIN_S = 10.0

# Parts of descriptions, lower-case, as the Bot API server writes them: docs/platforms/telegram.md#errors,
# checked 2026-11-23
NO_SUCH_CHAT = ("chat not found", "chat_id is empty", "chat was deleted")
NO_SUCH_MEMBER = ("member not found", "participant_id_invalid")
NO_RIGHTS = (
    "member list is inaccessible",
    "need administrator rights",
    "not enough rights",
    "no write access",
    "chat_admin_required",
    "chat_write_forbidden",
)
NO_WAY_TO_PERSON = ("blocked by the user", "user is deactivated", "can't initiate conversation")
WRONG_WEBHOOK = ("webhook", "secret token")


class Telegram(BotPlatform):
    """`app.client_secret` is the bot token."""

    name = "telegram"
    secret_header = "x-telegram-bot-api-secret-token"

    @override
    async def get_me(self, http: Http, app: App) -> BotUser:
        me = as_object(await _call(http, app, "getMe"))
        bot_id, username = as_id(me.get("id")), as_text(me.get("username"))
        if bot_id is None or not username:
            raise _unreadable("getMe")
        return BotUser(id=bot_id, username=username, name=as_text(me.get("first_name")))

    @override
    async def get_updates(self, http: Http, app: App, *, offset: int | None, timeout_s: int) -> tuple[Update, ...]:
        wait_s = min(timeout_s, LONGEST_POLL_S)
        asked = {"timeout": wait_s, "allowed_updates": list(ALLOWED_UPDATES)}
        if offset is not None:
            asked["offset"] = offset
        raw = await _call(http, app, "getUpdates", asked, repeatable=False, timeout_s=wait_s + POLL_MARGIN_S)
        if not isinstance(raw, list):
            raise _unreadable("getUpdates")
        numbered = [(as_id(as_object(item).get("update_id")), item) for item in raw]
        return tuple(
            Update(update_id=number, event=parse_update(item)) for number, item in numbered if number is not None
        )

    @override
    async def set_webhook(self, http: Http, app: App, *, url: str, secret_token: str) -> None:
        asked = {"url": url, "secret_token": secret_token, "allowed_updates": list(ALLOWED_UPDATES)}
        # Not repeated: more than one of these calls a second is refused.
        await _call(http, app, "setWebhook", asked, repeatable=False)

    @override
    async def delete_webhook(self, http: Http, app: App) -> None:
        await _call(http, app, "deleteWebhook")

    @override
    async def get_webhook_info(self, http: Http, app: App) -> WebhookInfo:
        info = as_object(await _call(http, app, "getWebhookInfo"))
        failed_at = as_id(info.get("last_error_date"))
        return WebhookInfo(
            url=as_text(info.get("url")),
            pending_update_count=as_id(info.get("pending_update_count")) or 0,
            last_error_message=as_text(info.get("last_error_message")) or None,
            last_error_at=clock.from_ms(failed_at * 1000) if failed_at and 0 < failed_at < 1 << 36 else None,
        )

    @override
    async def get_chat(self, http: Http, app: App, chat: int | str) -> Chat:
        found = parse_chat(await _call(http, app, "getChat", {"chat_id": chat}))
        if found is None:
            raise _unreadable("getChat")
        return found

    @override
    async def get_chat_member(self, http: Http, app: App, *, chat_id: int, user_id: int) -> Member:
        try:
            raw = await _call(http, app, "getChatMember", {"chat_id": chat_id, "user_id": user_id})
        except _NoSuchMember:
            return Member(user_id=user_id, status="left")
        member = parse_member(raw)
        if member is None or member.user_id != user_id:
            raise _unreadable("getChatMember")
        return member

    @override
    async def send_message(self, http: Http, app: App, *, chat_id: int, text: str) -> int:
        sent = await _call(http, app, "sendMessage", {"chat_id": chat_id, "text": text}, repeatable=False)
        message_id = as_id(as_object(sent).get("message_id"))
        if message_id is None:
            raise _unreadable("sendMessage")
        return message_id

    @override
    def to_connection(self, chat: Chat) -> Connection:
        username = chat.username or str(chat.id)
        return Connection(
            platform_account_id=str(chat.id),
            username=username,
            display_name=chat.title or username,
            # The address of a chat's picture contains the bot token, so there is none to hand out.
            picture_url=None,
            profile_url=f"https://t.me/{chat.username}" if chat.username else None,
            details={"chatId": str(chat.id), "chatTitle": chat.title or username, "chatType": chat.type},
        )

    @override
    def may_post(self, chat: Chat, member: Member) -> bool:
        if chat.type == "channel":
            return self.is_administrator(chat, member)
        if member.status == "restricted":
            return member.can_send_messages
        return member.status in {"creator", "administrator", "member"}

    @override
    def is_administrator(self, chat: Chat, member: Member) -> bool:
        # docs/platforms/telegram.md#rights, checked 2026-11-23
        if member.status == "creator":
            return True
        return member.status == "administrator" and (chat.type != "channel" or member.can_post_messages)


class _NoSuchMember(PlatformError):
    """The chat does not know this person."""


async def _call(
    http: Http,
    app: App,
    method: str,
    parameters: Mapping[str, object] | None = None,
    *,
    repeatable: bool = True,
    timeout_s: float = 15.0,
) -> Any:
    if not TOKEN.fullmatch(app.client_secret):
        raise AppMisconfigured("The Telegram bot token is malformed: copy it from @BotFather again.")
    url = f"{API}/bot{app.client_secret}/{method}"
    reply = await http.send(
        Request(method="POST", url=url, json=parameters or {}, repeatable=repeatable, timeout_s=timeout_s)
    )
    answer = reply.json_or_empty()
    if reply.status == 200 and answer.get("ok") is True and "result" in answer:
        return answer["result"]
    raise _failure(reply, answer, method)


def _failure(reply: Reply, answer: Mapping[str, Any], method: str) -> PlatformError:
    """What a refused call means, by status and a part of its description: the wording differs between servers."""
    described = as_text(answer.get("description")).lower()
    status = reply.status
    # Something that is no JSON object comes from a machine in front of the Bot API, whatever its status.
    if status >= 500 or not answer:
        return Unreachable(f"Telegram gave no usable answer to {method} (status {status}).", platform_status=status)
    if status == 429:
        return PlatformRateLimited(
            "Telegram asks to wait.", retry_after_s=_retry_after_s(reply, answer), platform_status=status
        )
    if status == 409:
        return PollingConflict(
            "Another process or a webhook reads this bot's updates: run one consumer per bot token.",
            platform_status=status,
        )
    return _refused_by_app(status, described) or _refused_in_chat(status, described, answer, method)


def _refused_by_app(status: int, described: str) -> AppMisconfigured | None:
    if status == 401 or described == "logged out":
        return AppMisconfigured("Telegram does not accept the bot token.", platform_status=status)
    if status == 421 or (status == 404 and "method" not in described):
        return AppMisconfigured("The Bot API server does not serve this bot token.", platform_status=status)
    if status == 400 and _has_any(described, WRONG_WEBHOOK):
        return AppMisconfigured(
            "Telegram refuses this webhook: its address must be public https on port 443, 80, 88 or 8443, and its "
            "secret 1 to 256 letters, digits, _ or -.",
            platform_status=status,
        )
    return None


def _refused_in_chat(status: int, described: str, answer: Mapping[str, Any], method: str) -> PlatformError:
    migrated_to = as_id(as_object(answer.get("parameters")).get("migrate_to_chat_id"))
    if migrated_to is not None:
        return ChatMigrated(migrated_to)
    if status in {400, 403}:
        if _has_any(described, NO_SUCH_CHAT):
            return ChatNotFound("Telegram knows no such chat, or the bot has never seen it.", platform_status=status)
        if _has_any(described, NO_SUCH_MEMBER):
            return _NoSuchMember("The chat does not know this person.", platform_status=status)
        if _has_any(described, NO_WAY_TO_PERSON):
            return PersonUnreachable("The bot may not write to this person.", platform_status=status)
        if status == 403 or _has_any(described, NO_RIGHTS):
            return BotNotAdministrator(
                "The bot is no administrator of this chat: add it there as administrator.", platform_status=status
            )
    return UnexpectedReply(f"Telegram refused {method} in no documented way.", platform_status=status)


def _retry_after_s(reply: Reply, answer: Mapping[str, Any]) -> int | None:
    told = as_id(as_object(answer.get("parameters")).get("retry_after"))
    header = reply.headers.get("retry-after", "")
    if told is None and re.fullmatch(r"[0-9]{1,6}", header):
        return int(header)
    return told


def _has_any(described: str, parts: tuple[str, ...]) -> bool:
    return any(part in described for part in parts)


def _unreadable(method: str) -> UnexpectedReply:
    return UnexpectedReply(f"Telegram's answer to {method} lacks what we asked for.", platform_status=200)
