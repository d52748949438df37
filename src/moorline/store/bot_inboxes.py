"""Tables `bot_inboxes` and `bot_senders`: who reads a bot's updates and how far, and what its senders are half through.

Exactly one process holds the lease on an inbox. Its fence number grows with every change of holder, so a holder that
froze past its lease cannot move the offset.
"""

from dataclasses import dataclass
from datetime import datetime

from moorline import clock
from moorline.store.db import Statements


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """A held inbox: read on from `next_offset` (0: from the oldest that waits)."""

    bot_id: str
    fence: int
    next_offset: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    """What a sender said lately: a code or a chat that waits for the other, and codes that did not exist."""

    code: str | None
    chat: str | None
    misses: int


async def put_name(db: Statements, bot_id: str, username: str) -> None:
    """Remember the bot's user name."""
    await db.run(
        "INSERT INTO bot_inboxes (bot_id, username, next_offset, fence, lease_until_ms) VALUES ($1, $2, 0, 0, 0)"
        " ON CONFLICT (bot_id) DO UPDATE SET username = excluded.username",
        bot_id,
        username,
    )


async def get_name(db: Statements, bot_id: str) -> str | None:
    """The bot's user name, once somebody asked the platform for it."""
    row = await db.one("SELECT username FROM bot_inboxes WHERE bot_id = $1", bot_id)
    return None if row is None else str(row["username"])


async def hold(db: Statements, bot_id: str) -> None:
    """In a transaction: let no other that holds this inbox go on until this one is over."""
    await db.run("UPDATE bot_inboxes SET username = username WHERE bot_id = $1", bot_id)


async def take(db: Statements, bot_id: str, *, holder: str, now: datetime, until: datetime) -> Lease | None:
    """Take or extend the lease; None while another holds it. A new holder raises the fence."""
    row = await db.one(
        "UPDATE bot_inboxes SET fence = CASE WHEN holder = $2 THEN fence ELSE fence + 1 END, holder = $2,"
        " lease_until_ms = $4 WHERE bot_id = $1 AND (holder = $2 OR holder IS NULL OR lease_until_ms <= $3)"
        " RETURNING fence, next_offset",
        bot_id,
        holder,
        clock.to_ms(now),
        clock.to_ms(until),
    )
    return None if row is None else Lease(bot_id=bot_id, fence=row["fence"], next_offset=row["next_offset"])


async def advance(db: Statements, lease: Lease, next_offset: int) -> bool:
    """Move the offset on; False when the lease went to another."""
    touched = await db.run(
        "UPDATE bot_inboxes SET next_offset = $3 WHERE bot_id = $1 AND fence = $2",
        lease.bot_id,
        lease.fence,
        next_offset,
    )
    return touched == 1


async def release(db: Statements, bot_id: str, *, holder: str) -> None:
    """Let the next one take it at once; nothing when another holds it."""
    await db.run(
        "UPDATE bot_inboxes SET holder = NULL, lease_until_ms = 0 WHERE bot_id = $1 AND holder = $2", bot_id, holder
    )


async def sender(db: Statements, bot_id: str, sender_id: int, now: datetime) -> Sender:
    """What this sender is half through; empty when it is too long ago."""
    row = await db.one("SELECT * FROM bot_senders WHERE bot_id = $1 AND sender_id = $2", bot_id, sender_id)
    if row is None:
        return Sender(code=None, chat=None, misses=0)
    joined = row["joined_until_ms"] > clock.to_ms(now)
    return Sender(
        code=row["code"] if joined else None,
        chat=row["chat"] if joined else None,
        misses=row["misses"] if row["misses_until_ms"] > clock.to_ms(now) else 0,
    )


async def put_half(
    db: Statements, bot_id: str, sender_id: int, *, code: str | None, chat: str | None, until: datetime
) -> None:
    """Keep the code or the chat of a sender until the other half comes (both None: forget)."""
    await db.run(
        "INSERT INTO bot_senders (bot_id, sender_id, code, chat, joined_until_ms, misses, misses_until_ms)"
        " VALUES ($1, $2, $3, $4, $5, 0, 0) ON CONFLICT (bot_id, sender_id) DO UPDATE SET code = excluded.code,"
        " chat = excluded.chat, joined_until_ms = excluded.joined_until_ms",
        bot_id,
        sender_id,
        code,
        chat,
        clock.to_ms(until),
    )


async def count_miss(db: Statements, bot_id: str, sender_id: int, *, now: datetime, until: datetime) -> None:
    """Count a code that does not exist; the count starts anew when the last one is past `until`."""
    await db.run(
        "INSERT INTO bot_senders (bot_id, sender_id, joined_until_ms, misses, misses_until_ms)"
        " VALUES ($1, $2, 0, 1, $4) ON CONFLICT (bot_id, sender_id) DO UPDATE SET"
        " misses = CASE WHEN bot_senders.misses_until_ms > $3 THEN bot_senders.misses + 1 ELSE 1 END,"
        " misses_until_ms = excluded.misses_until_ms",
        bot_id,
        sender_id,
        clock.to_ms(now),
        clock.to_ms(until),
    )


async def purge_senders(db: Statements, *, now: datetime, limit: int) -> int:
    """Delete up to `limit` senders who are through nothing; how many went."""
    return await db.run(
        "DELETE FROM bot_senders WHERE (bot_id, sender_id) IN (SELECT bot_id, sender_id FROM bot_senders"
        " WHERE misses_until_ms <= $1 AND joined_until_ms <= $1 ORDER BY misses_until_ms LIMIT $2)",
        clock.to_ms(now),
        limit,
    )
