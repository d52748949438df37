"""What the Telegram page says about the last message with its code, in the reader's language."""

from dataclasses import dataclass

from markupsafe import Markup

from moorline.connect.bot_messages import CHAT_MISSING, CHECKING, DELAYED
from moorline.pages.look import Look
from moorline.pages.words import N_, Tone, bdi
from moorline.store.bot_codes import BotCode

_SOMEBODY = N_("somebody")
_SAID: dict[str, tuple[Tone, str]] = {
    CHECKING: ("good", N_("Code received from %(sender)s; checking…")),
    CHAT_MISSING: (
        "good",
        # NOTE: sender is the Telegram name of a person, example a made-up channel name
        N_(
            "Code received from %(sender)s. Now send the bot the name of your channel or group, such as %(example)s, "
            "or forward one of its messages to it."
        ),
    ),
    DELAYED: (
        "warn",
        N_(
            "Code received from %(sender)s, but Telegram is slow to answer. If nothing happens within a minute, send "
            "the message once more."
        ),
    ),
    "not_administrator": (
        "bad",
        N_("%(sender)s is no administrator of %(chat)s. Ask an administrator to send the code."),
    ),
    "bot_not_administrator": (
        "bad",
        N_("The bot is no administrator of %(chat)s. Open its administrators, add the bot, then send the code again."),
    ),
    "chat_not_found": (
        "bad",
        N_(
            "Telegram knows no %(chat)s, or does not show it to the bot. Check the spelling, or forward one of its "
            "messages to the bot along with the code."
        ),
    ),
    "chat_not_eligible": ("bad", N_("This channel cannot be connected here. Ask %(brand)s.")),
    "code_used": ("bad", N_("This code was used for another channel. Take a new one.")),
}
_OTHERWISE: tuple[Tone, str] = ("bad", N_("That did not work. Send the message once more, or ask %(brand)s."))
# After these the code is of no more use.
_SPENT = frozenset({"code_used"})


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """What became of the last message. `is_spent`: only a new code helps."""

    tone: Tone
    text: Markup
    is_spent: bool


def of(look: Look, code: BotCode) -> News | None:
    """None while no message with this code has come."""
    if code.note_kind is None:
        return None
    tone, text = _SAID.get(code.note_kind, _OTHERWISE)
    values = {
        "sender": bdi(code.note_sender or look.translated(_SOMEBODY)),
        "chat": bdi(code.note_chat or ""),
        "brand": bdi(look.brand.name),
        "example": Markup('<bdi dir="ltr">@yourchannel</bdi>'),
    }
    return News(tone=tone, text=look.markup(text, **values), is_spent=code.note_kind in _SPENT)
