"""Table `webhooks`: where a tenant wants to be told, of what, and how that went."""

import json
from dataclasses import dataclass, field
from datetime import datetime

from moorline import clock
from moorline.store.db import Row, Statements


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhook:
    """`user_id` is the tenant. `former_secret_sealed` signs too until `former_until`."""

    id: str
    user_id: str
    name: str
    url: str = field(repr=False)  # the paths of many receivers are their password
    events: tuple[str, ...]
    is_active: bool
    secret_sealed: bytes = field(repr=False)
    former_secret_sealed: bytes | None = field(default=None, repr=False)
    former_until: datetime | None = None
    headers_sealed: bytes | None = field(default=None, repr=False)
    given_up_in_a_row: int = 0
    last_fired_at: datetime | None = None
    created_at: datetime


async def insert(db: Statements, webhook: Webhook) -> None:
    """Save a new one."""
    await db.run(
        "INSERT INTO webhooks (id, user_id, name, url, events, is_active, secret_sealed, former_secret_sealed,"
        " former_until_ms, headers_sealed, given_up_in_a_row, last_fired_at_ms, created_at_ms)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
        webhook.id,
        webhook.user_id,
        webhook.name,
        webhook.url,
        json.dumps(webhook.events),
        webhook.is_active,
        webhook.secret_sealed,
        webhook.former_secret_sealed,
        clock.to_ms_or_none(webhook.former_until),
        webhook.headers_sealed,
        webhook.given_up_in_a_row,
        clock.to_ms_or_none(webhook.last_fired_at),
        clock.to_ms(webhook.created_at),
    )


async def get(db: Statements, webhook_id: str) -> Webhook | None:
    """One webhook, whoever's it is."""
    row = await db.one("SELECT * FROM webhooks WHERE id = $1", webhook_id)
    return None if row is None else _webhook(row)


async def of_tenant(db: Statements, user_id: str, webhook_id: str) -> Webhook | None:
    """One webhook of the tenant."""
    row = await db.one("SELECT * FROM webhooks WHERE id = $1 AND user_id = $2", webhook_id, user_id)
    return None if row is None else _webhook(row)


async def all_of(db: Statements, user_id: str) -> list[Webhook]:
    """Every webhook of the tenant, oldest first."""
    rows = await db.all("SELECT * FROM webhooks WHERE user_id = $1 ORDER BY created_at_ms, id", user_id)
    return [_webhook(row) for row in rows]


async def wants(db: Statements, user_id: str, event: str) -> bool:
    """Whether an active webhook of the tenant is told of this event."""
    row = await db.one(
        "SELECT 1 AS found FROM webhooks WHERE user_id = $1 AND is_active AND events LIKE $2 LIMIT 1",
        user_id,
        f'%"{event}"%',
    )
    return row is not None


async def update(db: Statements, webhook: Webhook) -> bool:
    """Save what its owner sets, but whether it is active; False when it is gone."""
    touched = await db.run(
        "UPDATE webhooks SET name = $3, url = $4, events = $5, secret_sealed = $6, former_secret_sealed = $7,"
        " former_until_ms = $8, headers_sealed = $9 WHERE id = $1 AND user_id = $2",
        webhook.id,
        webhook.user_id,
        webhook.name,
        webhook.url,
        json.dumps(webhook.events),
        webhook.secret_sealed,
        webhook.former_secret_sealed,
        clock.to_ms_or_none(webhook.former_until),
        webhook.headers_sealed,
    )
    return touched == 1


async def switch(db: Statements, webhook_id: str, *, is_active: bool) -> None:
    """Switch on or off; who is switched on starts with a clean count."""
    await db.run(
        "UPDATE webhooks SET is_active = $2, given_up_in_a_row = CASE WHEN $2 THEN 0 ELSE given_up_in_a_row END"
        " WHERE id = $1",
        webhook_id,
        is_active,
    )


async def hold(tx: Statements, webhook_id: str) -> None:
    """Let no other transaction change this webhook until this one ends. Taken before any of its deliveries."""
    await tx.run("UPDATE webhooks SET name = name WHERE id = $1", webhook_id)


async def count_success(db: Statements, webhook_id: str, now: datetime) -> None:
    """A delivery arrived."""
    await db.run(
        "UPDATE webhooks SET given_up_in_a_row = 0, last_fired_at_ms = $2 WHERE id = $1", webhook_id, clock.to_ms(now)
    )


async def count_given_up(db: Statements, webhook_id: str) -> int:
    """A delivery was given up; how many in a row that makes."""
    row = await db.one(
        "UPDATE webhooks SET given_up_in_a_row = given_up_in_a_row + 1 WHERE id = $1 RETURNING given_up_in_a_row",
        webhook_id,
    )
    return 0 if row is None else int(row["given_up_in_a_row"])


async def delete(db: Statements, user_id: str, webhook_id: str) -> bool:
    """Delete; False when the tenant has no such webhook."""
    return await db.run("DELETE FROM webhooks WHERE id = $1 AND user_id = $2", webhook_id, user_id) == 1


def _bytes(value: bytes | None) -> bytes | None:
    return None if value is None else bytes(value)


def _webhook(row: Row) -> Webhook:
    return Webhook(
        id=row["id"],
        user_id=row["user_id"],
        name=row["name"],
        url=row["url"],
        events=tuple(json.loads(row["events"])),
        is_active=bool(row["is_active"]),
        secret_sealed=bytes(row["secret_sealed"]),
        former_secret_sealed=_bytes(row["former_secret_sealed"]),
        former_until=clock.from_ms_or_none(row["former_until_ms"]),
        headers_sealed=_bytes(row["headers_sealed"]),
        given_up_in_a_row=row["given_up_in_a_row"],
        last_fired_at=clock.from_ms_or_none(row["last_fired_at_ms"]),
        created_at=clock.from_ms(row["created_at_ms"]),
    )
