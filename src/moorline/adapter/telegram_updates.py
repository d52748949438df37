"""What Telegram delivers, read into values; nothing here raises, whatever is delivered.

Facts: docs/platforms/telegram.md#updates, checked 2026-11-23.
"""

from collections.abc import Mapping
from typing import Any

from moorline.adapter.bot import Chat, ForwardKind, IncomingMessage, Member, MembershipChange

# Ids have 52 significant bits at most.
_LARGEST = 1 << 52


def parse_update(raw: object) -> IncomingMessage | MembershipChange | None:
    """The event in a delivered update; None for kinds we did not ask for and for what cannot be read."""
    update = as_object(raw)
    update_id = as_id(update.get("update_id"))
    if update_id is None:
        return None
    if isinstance(update.get("my_chat_member"), dict):
        return _parse_change(update_id, as_object(update["my_chat_member"]))
    return _parse_message(update_id, as_object(update.get("message") or update.get("channel_post")))


def parse_chat(raw: object) -> Chat | None:
    """A Chat; None without id and type. A person's chat is titled with the person's name."""
    chat = as_object(raw)
    chat_id, kind = as_id(chat.get("id")), as_text(chat.get("type"))
    if chat_id is None or not kind:
        return None
    return Chat(
        id=chat_id,
        type=kind,
        title=as_text(chat.get("title")) or _full_name(chat),
        username=as_text(chat.get("username")) or None,
    )


def parse_member(raw: object) -> Member | None:
    """A ChatMember; None without user and status."""
    member = as_object(raw)
    user_id, status = as_id(as_object(member.get("user")).get("id")), as_text(member.get("status"))
    if user_id is None or not status:
        return None
    # A restricted person may have left: only then `is_member` comes, and is false.
    if status == "restricted" and member.get("is_member") is False:
        status = "left"
    return Member(
        user_id=user_id,
        status=status,
        can_post_messages=member.get("can_post_messages") is True,
        can_send_messages=member.get("can_send_messages") is not False,
    )


def as_object(value: object) -> Mapping[str, Any]:
    """The value when it is a JSON object, else an empty one."""
    return value if isinstance(value, dict) else {}


def as_id(value: object) -> int | None:
    """The value when it is a whole number of an id's size."""
    return value if isinstance(value, int) and not isinstance(value, bool) and abs(value) < _LARGEST else None


def as_text(value: object) -> str:
    """The value when it is text, without the characters no store takes (NUL, lone surrogates); else ""."""
    if not isinstance(value, str):
        return ""
    return value.replace("\0", "").encode("utf-8", "ignore").decode("utf-8")


def _parse_message(update_id: int, message: Mapping[str, Any]) -> IncomingMessage | None:
    chat, message_id = parse_chat(message.get("chat")), as_id(message.get("message_id"))
    if chat is None or message_id is None:
        return None
    sender = as_object(message.get("from"))
    forward_kind, forwarded_chat = _parse_forward(message)
    return IncomingMessage(
        update_id=update_id,
        message_id=message_id,
        chat=chat,
        text=as_text(message.get("text")) or as_text(message.get("caption")),
        # An anonymous administrator writes as a bot of Telegram's; asking for its rights would ask for the wrong one.
        sender_id=None if sender.get("is_bot") is True else as_id(sender.get("id")),
        sender_username=as_text(sender.get("username")) or None,
        sender_name=_full_name(sender),
        forward_kind=forward_kind,
        forwarded_chat=forwarded_chat,
        migrated_to=as_id(message.get("migrate_to_chat_id")),
    )


def _parse_change(update_id: int, change: Mapping[str, Any]) -> MembershipChange | None:
    chat = parse_chat(change.get("chat"))
    before, after = parse_member(change.get("old_chat_member")), parse_member(change.get("new_chat_member"))
    if chat is None or before is None or after is None:
        return None
    by_id = as_id(as_object(change.get("from")).get("id"))
    return MembershipChange(update_id=update_id, chat=chat, before=before, after=after, by_id=by_id)


def _parse_forward(message: Mapping[str, Any]) -> tuple[ForwardKind | None, Chat | None]:
    """The origin as Bot API 7.0 tells it, else by the older fields that are still sent beside it."""
    origin = as_object(message.get("forward_origin"))
    match origin.get("type"):
        case "channel":
            return "channel", parse_chat(origin.get("chat"))
        case "chat":
            return "chat", parse_chat(origin.get("sender_chat"))
        case "user":
            return "user", None
        case "hidden_user":
            return "hidden_user", None
        case _:
            return _parse_older_forward(message)


def _parse_older_forward(message: Mapping[str, Any]) -> tuple[ForwardKind | None, Chat | None]:
    chat = parse_chat(message.get("forward_from_chat"))
    if chat is not None:
        return ("channel" if chat.type == "channel" else "chat"), chat
    if isinstance(message.get("forward_from"), dict):
        return "user", None
    return ("hidden_user" if message.get("forward_sender_name") else None), None


def _full_name(person: Mapping[str, Any]) -> str:
    return f"{as_text(person.get('first_name'))} {as_text(person.get('last_name'))}".strip()
