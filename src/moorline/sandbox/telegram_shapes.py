"""The JSON shapes of the simulated Bot API: users, chats, members, messages. Source: telegram.md sections 3, 4, 7."""

import re
import struct
import zlib
from collections.abc import Mapping

from moorline.sandbox.telegram_world import Chat, Kind, Member, Standing, User

Json = dict[str, object]

# What an administrator may do beside posting; the same for every seeded administrator (section 3).
ADMIN_RIGHTS: Mapping[str, bool] = {
    "can_be_edited": False,
    "can_manage_chat": True,
    "can_change_info": False,
    "can_edit_messages": True,
    "can_delete_messages": True,
    "can_invite_users": True,
    "can_restrict_members": False,
    "can_promote_members": False,
    "can_manage_video_chats": False,
    "can_post_stories": False,
    "can_edit_stories": False,
    "can_delete_stories": False,
    "can_manage_direct_messages": False,
    "is_anonymous": False,
    "can_manage_voice_chats": False,
}
CHANNEL_ONLY = frozenset({"can_edit_messages", "can_manage_direct_messages"})
MAY_SEND = ("can_send_messages", "can_send_photos", "can_send_videos", "can_send_polls", "can_send_other_messages")
CAPTION_PHOTO_ID = "AgACAgIAsandbox-captioned-photo"

ENTITY = re.compile(
    r"(?P<url>https?://\S+|\bt\.me/\S+)|(?P<mention>(?<!\w)@[A-Za-z]\w{3,31})|(?P<bot_command>(?<![\w/])/\w{1,32}(@\w+)?)"
)


def user_json(user: User) -> Json:
    """A user as it stands in messages and members."""
    shown: Json = {"id": user.id, "is_bot": user.is_bot, "first_name": user.first_name}
    if user.last_name:
        shown["last_name"] = user.last_name
    return shown | {"username": user.username} | ({} if user.is_bot else {"language_code": "en"})


def chat_json(chat: Chat, person: User | None) -> Json:
    """A chat as it stands in messages; `person` is whom a private chat is with."""
    if person is not None:
        names: Json = {"first_name": person.first_name}
        if person.last_name:
            names["last_name"] = person.last_name
        return {"id": chat.id, **names, "username": person.username, "type": chat.kind.value}
    shown: Json = {"id": chat.id, "title": chat.title}
    if chat.username:
        shown["username"] = chat.username
    if chat.kind is Kind.GROUP:
        shown["all_members_are_administrators"] = False
    return shown | {"type": chat.kind.value}


def full_chat_json(chat: Chat, person: User | None, *, with_invite_link: bool) -> Json:
    """The answer of getChat."""
    shown = chat_json(chat, person)
    if chat.username:
        shown["active_usernames"] = [chat.username]
    if with_invite_link:
        shown["invite_link"] = f"https://t.me/+sandbox{abs(chat.id)}"
    if chat.has_photo:
        small, big = photo_ids(chat.id)
        shown["photo"] = {
            "small_file_id": small,
            "small_file_unique_id": f"s{abs(chat.id)}",
            "big_file_id": big,
            "big_file_unique_id": f"b{abs(chat.id)}",
        }
    return shown | {"accepted_gift_types": {}, "accent_color_id": 0, "max_reaction_count": 11}


def photo_ids(chat_id: int) -> tuple[str, str]:
    """The file ids of a chat's photo: small, big."""
    return f"AQADAgADsandbox-small{chat_id}", f"AQADAgADsandbox-big{chat_id}"


def member_json(user: User, member: Member, chat: Chat) -> Json:
    """A ChatMember in the form of its status."""
    shown: Json = {"user": user_json(user), "status": member.standing.value}
    if member.standing is Standing.CREATOR:
        return shown | {"is_anonymous": False}
    if member.standing is Standing.KICKED:
        return shown | {"until_date": 0}
    if member.standing is Standing.RESTRICTED:
        return shown | {"is_member": True, "until_date": 0} | dict.fromkeys(MAY_SEND, False)
    if member.standing is Standing.ADMINISTRATOR:
        return shown | _rights(member, chat)
    return shown


def _rights(member: Member, chat: Chat) -> Json:
    if chat.kind is Kind.CHANNEL:
        return {**ADMIN_RIGHTS, "can_post_messages": member.may_post}
    rights = {name: value for name, value in ADMIN_RIGHTS.items() if name not in CHANNEL_ONLY}
    return {**rights, "can_pin_messages": True, "can_manage_topics": False}


def content_json(text: str, *, as_caption: bool = False) -> Json:
    """What a message says: a text, or a photo with the text as its caption."""
    entities = _entities(text)
    said: Json = {"text": text}
    if as_caption:
        photo = {"file_id": CAPTION_PHOTO_ID, "file_unique_id": "sandboxcaption", "file_size": len(PHOTO)}
        size = {"width": PHOTO_SIDE_PX, "height": PHOTO_SIDE_PX}
        said = {"photo": [photo | size], "caption": text}
    if entities:
        said["caption_entities" if as_caption else "entities"] = entities
    return said


def _entities(text: str) -> list[Json]:
    """Mentions, commands and links; offsets count UTF-16 units."""
    return [
        {
            "offset": _utf16_units(text[: found.start()]),
            "length": _utf16_units(found.group()),
            "type": found.lastgroup or "url",
        }
        for found in ENTITY.finditer(text)
    ]


def _utf16_units(text: str) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def origin_json(kind: str, *, chat: Json, user: Json, date: int) -> Json:
    """The `forward_origin` of a forwarded message, and the legacy fields beside it (section 3)."""
    if kind == "channel":
        return {
            "forward_origin": {"type": kind, "chat": chat, "message_id": 77, "author_signature": "Ann", "date": date},
            "forward_from_chat": chat,
            "forward_from_message_id": 77,
            "forward_signature": "Ann",
            "forward_date": date,
        }
    if kind == "chat":
        origin: Json = {"type": kind, "sender_chat": chat, "date": date}
        return {"forward_origin": origin, "forward_from_chat": chat, "forward_date": date}
    if kind == "user":
        origin = {"type": kind, "sender_user": user, "date": date}
        return {"forward_origin": origin, "forward_from": user, "forward_date": date}
    origin = {"type": "hidden_user", "sender_user_name": "Hidden Person", "date": date}
    return {"forward_origin": origin, "forward_sender_name": "Hidden Person", "forward_date": date}


PHOTO_SIDE_PX = 16


def _png(side_px: int) -> bytes:
    """A square of one colour."""
    rows = (b"\0" + b"\x22\x9e\xd9" * side_px) * side_px
    head = struct.pack(">IIBBBBB", side_px, side_px, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", head), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    packed = (
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body)) for kind, body in chunks
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(packed)


PHOTO = _png(PHOTO_SIDE_PX)
