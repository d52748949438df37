"""What people write to the bot, read with tolerance: the code, and the chat they mean.

Facts: docs/platforms/telegram.md#what-people-write, checked 2026-11-23.
"""

import re
import unicodedata

# Autocorrection and foreign keyboards put these in the place of a hyphen.
_DASHES = dict.fromkeys(map(ord, "\u2010\u2011\u2012\u2013\u2014\u2212_"), "-")
_NAME = r"[A-Za-z][A-Za-z0-9_]{3,31}"
_ADDRESS = re.compile(
    rf"(?<![\w./])(?:https?://)?(?:www\.)?t(?:elegram)?\.me/(?:c/(\d{{1,15}})|(?:s/)?({_NAME}))\b", re.IGNORECASE
)
# Not inside a word, as in an e-mail address, unless that word is a code: people forget the space.
_MENTION = re.compile(rf"(?:(?<![\w@/])|(?<=[-_][A-Za-z0-9]{{6}}))@({_NAME})\b")
_NUMBER = re.compile(r"(?<![\w-])-\d{5,16}\b")

# A private chat's id is this much below the number in its addresses (-100... in writing).
_CHANNEL_BASE = -1_000_000_000_000
_LARGEST = 1 << 52

# First words of t.me addresses that name no chat.
_NOT_A_CHAT = frozenset({"joinchat", "addstickers", "addemoji", "share", "proxy", "socks", "login", "iv"})


def find_code(text: str, prefix: str) -> str | None:
    """The first access code in a message, in the form it was issued: `<prefix>-` and 6 upper-case characters."""
    plain = _plain(text).translate(_DASHES)
    pattern = rf"(?<![A-Za-z0-9]){re.escape(prefix.translate(_DASHES))}-([A-Za-z0-9]{{6}})(?![A-Za-z0-9])"
    found = re.search(pattern, plain, re.IGNORECASE | re.ASCII)
    return f"{prefix}-{found[1].upper()}" if found else None


def find_chat_reference(text: str) -> str | int | None:
    """The chat a message names: `@name` (also from a t.me address) or a numeric id; None when it names none."""
    plain = _plain(text)
    for found in _ADDRESS.finditer(plain):
        if found[1]:
            return _within_bounds(_CHANNEL_BASE - int(found[1]))
        if found[2].lower() not in _NOT_A_CHAT and not _is_bot(found[2]):
            return f"@{found[2]}"
    for mention in _MENTION.finditer(plain):
        if not _is_bot(mention[1]):
            return f"@{mention[1]}"
    number = _NUMBER.search(plain.replace("\u2212", "-").replace("\u2013", "-"))
    return _within_bounds(int(number[0])) if number else None


def _plain(text: str) -> str:
    """Full-width letters as usual ones, invisible characters gone."""
    return "".join(char for char in unicodedata.normalize("NFKC", text) if unicodedata.category(char) != "Cf")


def _is_bot(name: str) -> bool:
    """Names that end with `bot` belong to bots, such as the one that is written to."""
    return name.lower().endswith("bot")


def _within_bounds(chat_id: int) -> int | None:
    return chat_id if abs(chat_id) < _LARGEST else None
