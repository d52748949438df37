"""Table `audit`: who changed keys, apps, webhooks, people and profiles of a tenant, and when."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec

from moorline import clock
from moorline.store.db import Row, Statements

_NEWEST = (2**63 - 1, "~")  # after every instant and every id


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEntry:
    """`user_id` is the tenant, `member_id` the person; `subject_id` what was changed; `details` are for answers."""

    id: str
    user_id: str
    member_id: str | None
    key_id: str | None
    source: str
    action: str
    subject_id: str | None
    details: Mapping[str, Any]
    created_at: datetime


async def insert(db: Statements, entry: AuditEntry) -> None:
    """Save one; nothing changes it afterwards."""
    await db.run(
        "INSERT INTO audit (id, user_id, member_id, key_id, source, action, subject_id, details, created_at_ms)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        entry.id,
        entry.user_id,
        entry.member_id,
        entry.key_id,
        entry.source,
        entry.action,
        entry.subject_id,
        msgspec.json.encode(entry.details).decode(),
        clock.to_ms(entry.created_at),
    )


async def newest(
    db: Statements, user_id: str, *, action: str | None, before: str | None, limit: int
) -> list[AuditEntry]:
    """Entries of the tenant, newest first; only those older than the entry `before`, which must be the tenant's too."""
    start = _NEWEST if before is None else await _position(db, user_id, before)
    if start is None:
        return []
    rows = await db.all(
        # the tenant as one value of the range: why, says `connect_logs`
        "SELECT * FROM audit WHERE user_id >= $1 AND (user_id, created_at_ms, id) < ($1, $3, $4)"
        " AND (CAST($2 AS TEXT) IS NULL OR action = $2)"
        " ORDER BY user_id DESC, created_at_ms DESC, id DESC LIMIT $5",
        user_id,
        action,
        *start,
        limit,
    )
    return [_entry(row) for row in rows]


async def purge(db: Statements, *, before: datetime, limit: int) -> int:
    """Delete up to `limit` entries made before an instant; how many went."""
    return await db.run(
        "DELETE FROM audit WHERE id IN (SELECT id FROM audit WHERE created_at_ms < $1 ORDER BY created_at_ms LIMIT $2)",
        clock.to_ms(before),
        limit,
    )


async def _position(db: Statements, user_id: str, entry_id: str) -> tuple[int, str] | None:
    row = await db.one("SELECT created_at_ms FROM audit WHERE id = $1 AND user_id = $2", entry_id, user_id)
    return None if row is None else (row["created_at_ms"], entry_id)


def _entry(row: Row) -> AuditEntry:
    return AuditEntry(
        id=row["id"],
        user_id=row["user_id"],
        member_id=row["member_id"],
        key_id=row["key_id"],
        source=row["source"],
        action=row["action"],
        subject_id=row["subject_id"],
        details=msgspec.json.decode(row["details"]),
        created_at=clock.from_ms(row["created_at_ms"]),
    )
