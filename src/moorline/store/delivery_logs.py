"""Table `delivery_logs`: every try to deliver, as integrators read it."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from moorline import clock
from moorline.store.db import Row, Statements

Status = Literal["success", "failed"]
_NEWEST = (2**63 - 1, "~")  # after every instant and every id


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryLog:
    """One try. `status_code` None: there was no answer; `error` None: it arrived."""

    id: str
    user_id: str
    webhook_id: str
    message_id: str
    webhook_name: str
    url: str = field(repr=False)
    event: str
    status: Status
    status_code: int | None
    body: str = field(repr=False)
    response_body: str | None = field(repr=False)
    error: str | None
    try_number: int
    response_ms: int
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which tries to read; None for any. `before` is the id of one: only older ones are wanted."""

    status: Status | None = None
    event: str | None = None
    webhook_id: str | None = None
    before: str | None = None


async def insert(db: Statements, log: DeliveryLog) -> None:
    """Note a try."""
    await db.run(
        "INSERT INTO delivery_logs (id, user_id, webhook_id, message_id, webhook_name, url, event, status, status_code,"
        " body, response_body, error, try_number, response_ms, created_at_ms)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)",
        log.id,
        log.user_id,
        log.webhook_id,
        log.message_id,
        log.webhook_name,
        log.url,
        log.event,
        log.status,
        log.status_code,
        log.body,
        log.response_body,
        log.error,
        log.try_number,
        log.response_ms,
        clock.to_ms(log.created_at),
    )


async def newest(db: Statements, user_id: str, wanted: Wanted, *, limit: int) -> list[DeliveryLog]:
    """The tenant's last tries, newest first; none before an unknown or foreign one."""
    start = _NEWEST if wanted.before is None else await _place_of(db, user_id, wanted.before)
    if start is None:
        return []
    rows = await db.all(
        # the tenant as one value of the range: why, says `connect_logs`
        "SELECT * FROM delivery_logs WHERE user_id >= $1 AND (user_id, created_at_ms, id) < ($1, $5, $6)"
        " AND (CAST($2 AS TEXT) IS NULL OR status = $2)"
        " AND (CAST($3 AS TEXT) IS NULL OR event = $3) AND (CAST($4 AS TEXT) IS NULL OR webhook_id = $4)"
        " ORDER BY user_id DESC, created_at_ms DESC, id DESC LIMIT $7",
        user_id,
        wanted.status,
        wanted.event,
        wanted.webhook_id,
        *start,
        limit,
    )
    return [_log(row) for row in rows]


async def of_tenant(db: Statements, user_id: str, log_id: str) -> DeliveryLog | None:
    """One try of the tenant's."""
    row = await db.one("SELECT * FROM delivery_logs WHERE id = $1 AND user_id = $2", log_id, user_id)
    return None if row is None else _log(row)


async def _place_of(db: Statements, user_id: str, log_id: str) -> tuple[int, str] | None:
    row = await db.one("SELECT created_at_ms FROM delivery_logs WHERE id = $1 AND user_id = $2", log_id, user_id)
    return None if row is None else (row["created_at_ms"], log_id)


async def count_tries(db: Statements, webhook_id: str, message_id: str) -> int:
    """The highest number a try of this message to this webhook has; 0 for none."""
    row = await db.one(
        "SELECT max(try_number) AS n FROM delivery_logs WHERE webhook_id = $1 AND message_id = $2",
        webhook_id,
        message_id,
    )
    return 0 if row is None or row["n"] is None else int(row["n"])


async def purge(db: Statements, *, before: datetime, limit: int) -> int:
    """Delete tries made before an instant; how many."""
    return await db.run(
        "DELETE FROM delivery_logs WHERE id IN"
        " (SELECT id FROM delivery_logs WHERE created_at_ms < $1 ORDER BY created_at_ms LIMIT $2)",
        clock.to_ms(before),
        limit,
    )


def _log(row: Row) -> DeliveryLog:
    return DeliveryLog(
        id=row["id"],
        user_id=row["user_id"],
        webhook_id=row["webhook_id"],
        message_id=row["message_id"],
        webhook_name=row["webhook_name"],
        url=row["url"],
        event=row["event"],
        status=row["status"],
        status_code=row["status_code"],
        body=row["body"],
        response_body=row["response_body"],
        error=row["error"],
        try_number=row["try_number"],
        response_ms=row["response_ms"],
        created_at=clock.from_ms(row["created_at_ms"]),
    )
