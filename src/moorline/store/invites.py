"""Table `invites`: links by which somebody joins a tenant, once; only a SHA-256 of each token."""

import json
from dataclasses import dataclass, field
from datetime import datetime

from moorline import clock
from moorline.store.db import Row, Statements


@dataclass(frozen=True, slots=True, kw_only=True)
class Invite:
    """`user_id` is the tenant; `profile_ids` None means all profiles, of today and later."""

    token_hash: bytes = field(repr=False)
    user_id: str
    profile_ids: tuple[str, ...] | None
    created_at: datetime
    expires_at: datetime


async def insert(db: Statements, invite: Invite) -> None:
    """Save a new one."""
    await db.run(
        "INSERT INTO invites (token_hash, user_id, profile_ids, created_at_ms, expires_at_ms)"
        " VALUES ($1, $2, $3, $4, $5)",
        invite.token_hash,
        invite.user_id,
        None if invite.profile_ids is None else json.dumps(invite.profile_ids),
        clock.to_ms(invite.created_at),
        clock.to_ms(invite.expires_at),
    )


async def find_open(db: Statements, token_hash: bytes, now: datetime) -> Invite | None:
    """The invite, while it can be accepted."""
    row = await db.one(
        "SELECT * FROM invites WHERE token_hash = $1 AND accepted_at_ms IS NULL AND expires_at_ms > $2",
        token_hash,
        clock.to_ms(now),
    )
    return None if row is None else _invite(row)


async def accept(db: Statements, token_hash: bytes, now: datetime) -> Invite | None:
    """Use the invite up, in one statement; None when it was used before, or has run out."""
    row = await db.one(
        "UPDATE invites SET accepted_at_ms = $2"
        " WHERE token_hash = $1 AND accepted_at_ms IS NULL AND expires_at_ms > $2 RETURNING *",
        token_hash,
        clock.to_ms(now),
    )
    return None if row is None else _invite(row)


async def purge(db: Statements, *, before: datetime, limit: int) -> int:
    """Delete up to `limit` invites that ran out before an instant; how many went."""
    return await db.run(
        "DELETE FROM invites WHERE token_hash IN"
        " (SELECT token_hash FROM invites WHERE expires_at_ms < $1 ORDER BY expires_at_ms LIMIT $2)",
        clock.to_ms(before),
        limit,
    )


def _invite(row: Row) -> Invite:
    return Invite(
        token_hash=bytes(row["token_hash"]),
        user_id=row["user_id"],
        profile_ids=None if row["profile_ids"] is None else tuple(json.loads(row["profile_ids"])),
        created_at=clock.from_ms(row["created_at_ms"]),
        expires_at=clock.from_ms(row["expires_at_ms"]),
    )
