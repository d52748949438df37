"""Table `bot_codes`: access codes people send to the bot. What became of one stands in its attempt."""

from dataclasses import dataclass
from datetime import datetime

from moorline import clock
from moorline.store.db import Row, Statements


@dataclass(frozen=True, slots=True, kw_only=True)
class BotCode:
    """A code with its attempt. `chat_id` is the chat it was claimed for, `note` why it was refused last, in English.

    `note_kind` is what became of the last message with this code, for whoever tells it in other words; the message came
    from `note_sender` and was about `note_chat`, both as people call them. None where there was none, or no name.
    """

    code: str
    attempt_id: str
    chat_id: str | None
    note: str | None
    note_kind: str | None = None
    note_sender: str | None = None
    note_chat: str | None = None
    expires_at: datetime
    user_id: str
    profile_id: str
    account_id: str | None


_SELECT = (
    "SELECT c.code, c.attempt_id, c.chat_id, c.note, c.note_kind, c.note_sender, c.note_chat, c.expires_at_ms,"
    " a.user_id, a.profile_id, a.account_id FROM bot_codes c JOIN attempts a ON a.id = c.attempt_id"
)


async def insert(db: Statements, *, code: str, attempt_id: str, expires_at: datetime) -> None:
    """Raises: UniqueViolated when the code is in use: draw another."""
    await db.run(
        "INSERT INTO bot_codes (code, attempt_id, expires_at_ms) VALUES ($1, $2, $3)",
        code,
        attempt_id,
        clock.to_ms(expires_at),
    )


async def get(db: Statements, code: str) -> BotCode | None:
    """One code, whoever's, expired or not."""
    row = await db.one(f"{_SELECT} WHERE c.code = $1", code)
    return None if row is None else _bot_code(row)


async def of_attempt(db: Statements, attempt_id: str) -> BotCode | None:
    """The code of an attempt."""
    row = await db.one(f"{_SELECT} WHERE c.attempt_id = $1", attempt_id)
    return None if row is None else _bot_code(row)


async def claim(db: Statements, code: str, chat_id: str, now: datetime) -> bool:
    """Use the code up for one chat; True again for the same chat, so that a crash in between loses nothing."""
    touched = await db.run(
        "UPDATE bot_codes SET chat_id = $2, note = NULL, note_kind = NULL, note_sender = NULL, note_chat = NULL"
        " WHERE code = $1 AND (chat_id IS NULL OR chat_id = $2) AND expires_at_ms > $3",
        code,
        chat_id,
        clock.to_ms(now),
    )
    return touched == 1


async def set_note(
    db: Statements,
    code: str,
    note: str | None,
    *,
    kind: str | None = None,
    sender: str | None = None,
    chat: str | None = None,
) -> None:
    """Keep what became of the last message with this code; nothing for a code that is not there."""
    await db.run(
        "UPDATE bot_codes SET note = $2, note_kind = $3, note_sender = $4, note_chat = $5 WHERE code = $1",
        code,
        note,
        kind,
        sender,
        chat,
    )


def _bot_code(row: Row) -> BotCode:
    return BotCode(
        code=row["code"],
        attempt_id=row["attempt_id"],
        chat_id=row["chat_id"],
        note=row["note"],
        note_kind=row["note_kind"],
        note_sender=row["note_sender"],
        note_chat=row["note_chat"],
        expires_at=clock.from_ms(row["expires_at_ms"]),
        user_id=row["user_id"],
        profile_id=row["profile_id"],
        account_id=row["account_id"],
    )
