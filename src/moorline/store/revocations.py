"""Table `revocations`: consents to be withdrawn at their platform, until that is done or hopeless."""

from dataclasses import dataclass, field
from datetime import datetime

from moorline import clock
from moorline.store.db import Row, Statements


@dataclass(frozen=True, slots=True, kw_only=True)
class Revocation:
    """`grant_sealed` holds what the platform needs to know: the tokens and whose they are. `user_id` is the tenant."""

    id: str
    user_id: str
    platform: str
    app_id: str
    grant_sealed: bytes = field(repr=False)
    tries: int
    created_at: datetime


async def insert(db: Statements, revocation: Revocation, due_at: datetime) -> None:
    """Save one to be tried from an instant on."""
    await db.run(
        "INSERT INTO revocations (id, platform, app_id, grant_sealed, tries, due_at_ms, lease_until_ms, created_at_ms,"
        " user_id) VALUES ($1, $2, $3, $4, $5, $6, 0, $7, $8)",
        revocation.id,
        revocation.platform,
        revocation.app_id,
        revocation.grant_sealed,
        revocation.tries,
        clock.to_ms(due_at),
        clock.to_ms(revocation.created_at),
        revocation.user_id,
    )


async def due(db: Statements, *, now: datetime, limit: int) -> list[str]:
    """Those to be tried now that nobody is at, the longest due first; those of apps that are to wait are left out."""
    rows = await db.all(
        "SELECT id FROM revocations r WHERE due_at_ms <= $1 AND lease_until_ms <= $1"
        " AND NOT EXISTS (SELECT 1 FROM platform_pauses p WHERE p.platform = r.platform AND p.app_id = r.app_id"
        " AND p.server = '' AND p.until_ms > $1) ORDER BY due_at_ms LIMIT $2",
        clock.to_ms(now),
        limit,
    )
    return [row["id"] for row in rows]


async def claim(
    db: Statements, revocation_id: str, *, holder: str, now: datetime, until: datetime
) -> Revocation | None:
    """Take one to try it; None when another is at it, its app is to wait, or it is done."""
    row = await db.one(
        "UPDATE revocations SET holder = $2, lease_until_ms = $3, tries = tries + 1"
        " WHERE id = $1 AND lease_until_ms <= $4 AND NOT EXISTS (SELECT 1 FROM platform_pauses p"
        " WHERE p.platform = revocations.platform AND p.app_id = revocations.app_id AND p.server = ''"
        " AND p.until_ms > $4) RETURNING *",
        revocation_id,
        holder,
        clock.to_ms(until),
        clock.to_ms(now),
    )
    return None if row is None else _revocation(row)


async def put_off(db: Statements, revocation_id: str, *, holder: str, due_at: datetime) -> None:
    """It failed for a passing reason: try again from an instant on."""
    await db.run(
        "UPDATE revocations SET holder = NULL, lease_until_ms = 0, due_at_ms = $3 WHERE id = $1 AND holder = $2",
        revocation_id,
        holder,
        clock.to_ms(due_at),
    )


async def delete(db: Statements, revocation_id: str) -> None:
    """It is done, or hopeless: wipe it."""
    await db.run("DELETE FROM revocations WHERE id = $1", revocation_id)


def _revocation(row: Row) -> Revocation:
    return Revocation(
        id=row["id"],
        user_id=row["user_id"] or "",
        platform=row["platform"],
        app_id=row["app_id"],
        grant_sealed=bytes(row["grant_sealed"]),
        tries=row["tries"],
        created_at=clock.from_ms(row["created_at_ms"]),
    )
