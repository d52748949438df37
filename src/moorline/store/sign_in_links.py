"""Table `sign_in_links`: links that sign somebody in, once; only a SHA-256 of each token."""

from dataclasses import dataclass, field
from datetime import datetime

from moorline import clock
from moorline.store import users
from moorline.store.db import Statements
from moorline.store.users import User


@dataclass(frozen=True, slots=True, kw_only=True)
class SignInLink:
    """`member_id` is who is signed in by it."""

    token_hash: bytes = field(repr=False)
    member_id: str
    expires_at: datetime


async def insert(db: Statements, link: SignInLink) -> None:
    """Save a new one."""
    await db.run(
        "INSERT INTO sign_in_links (token_hash, member_id, expires_at_ms) VALUES ($1, $2, $3)",
        link.token_hash,
        link.member_id,
        clock.to_ms(link.expires_at),
    )


async def member_of(db: Statements, token_hash: bytes, now: datetime) -> User | None:
    """Whom it would sign in; using nothing up."""
    row = await db.one(
        "SELECT u.* FROM sign_in_links l JOIN users u ON u.id = l.member_id"
        " WHERE l.token_hash = $1 AND l.expires_at_ms > $2",
        token_hash,
        clock.to_ms(now),
    )
    return None if row is None else users.from_row(row)


async def use(db: Statements, token_hash: bytes, now: datetime) -> str | None:
    """Use it up, in one statement: the id of whom it signs in; None when it was used before, or has run out."""
    row = await db.one(
        "DELETE FROM sign_in_links WHERE token_hash = $1 AND expires_at_ms > $2 RETURNING member_id",
        token_hash,
        clock.to_ms(now),
    )
    return None if row is None else str(row["member_id"])


async def anybody_has_one(db: Statements, now: datetime) -> bool:
    """Whether anybody could sign in by a link."""
    row = await db.one(
        "SELECT member_id FROM sign_in_links WHERE expires_at_ms > $1 ORDER BY expires_at_ms LIMIT 1", clock.to_ms(now)
    )
    return row is not None


async def delete_of(db: Statements, member_id: str) -> int:
    """Withdraw every link of a person; how many there were."""
    return await db.run("DELETE FROM sign_in_links WHERE member_id = $1", member_id)


async def purge(db: Statements, *, now: datetime, limit: int) -> int:
    """Delete up to `limit` links that have run out; how many went."""
    return await db.run(
        "DELETE FROM sign_in_links WHERE token_hash IN"
        " (SELECT token_hash FROM sign_in_links WHERE expires_at_ms <= $1 ORDER BY expires_at_ms LIMIT $2)",
        clock.to_ms(now),
        limit,
    )
