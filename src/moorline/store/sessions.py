"""Table `sessions`: who is signed in to the dashboard; only a SHA-256 of each session's token."""

from dataclasses import dataclass, field
from datetime import datetime

from moorline import clock
from moorline.store import users
from moorline.store.db import Statements
from moorline.store.users import User


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """`member_id` is the person."""

    token_hash: bytes = field(repr=False)
    member_id: str
    created_at: datetime
    expires_at: datetime


async def insert(db: Statements, session: Session) -> None:
    """Save a new one."""
    await db.run(
        "INSERT INTO sessions (token_hash, member_id, created_at_ms, expires_at_ms) VALUES ($1, $2, $3, $4)",
        session.token_hash,
        session.member_id,
        clock.to_ms(session.created_at),
        clock.to_ms(session.expires_at),
    )


async def member_of(db: Statements, token_hash: bytes, now: datetime) -> User | None:
    """Whose session it is, while it lives."""
    row = await db.one(
        "SELECT u.* FROM sessions s JOIN users u ON u.id = s.member_id"
        " WHERE s.token_hash = $1 AND s.expires_at_ms > $2",
        token_hash,
        clock.to_ms(now),
    )
    return None if row is None else users.from_row(row)


async def delete(db: Statements, token_hash: bytes) -> bool:
    """End one; False when it is gone already."""
    return await db.run("DELETE FROM sessions WHERE token_hash = $1", token_hash) == 1


async def delete_of(db: Statements, member_id: str, *, but: bytes = b"") -> int:
    """End every session of a person, but for the one with this hash; how many there were."""
    return await db.run("DELETE FROM sessions WHERE member_id = $1 AND token_hash <> $2", member_id, but)


async def purge(db: Statements, *, now: datetime, limit: int) -> int:
    """Delete up to `limit` sessions that are over; how many went."""
    return await db.run(
        "DELETE FROM sessions WHERE token_hash IN"
        " (SELECT token_hash FROM sessions WHERE expires_at_ms <= $1 ORDER BY expires_at_ms LIMIT $2)",
        clock.to_ms(now),
        limit,
    )
