"""Table `deliveries`: one message to one webhook, from the transaction that caused it until it arrived or was given up.

Whoever works on a row pushes `due_at_ms` to the end of its lease, so a row whose worker died is due again by itself;
`holder` keeps a worker that comes back later from recording over its successor.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from moorline import clock
from moorline.store.db import Database, Row, Statements

State = Literal["due", "delivered", "given_up"]

# Only the oldest unfinished delivery of an account to a webhook may go. It is asked for by its position and not as NOT
# EXISTS, which PostgreSQL turns into a join of everything that waits with everything that waits.
_MAY_GO = (
    "d.state = 'due' AND d.position = (SELECT o.position FROM deliveries o WHERE o.webhook_id = d.webhook_id"
    " AND o.account_id = d.account_id AND o.state = 'due' ORDER BY o.position LIMIT 1)"
)
_OF_ACTIVE = "FROM deliveries d JOIN webhooks w ON w.id = d.webhook_id AND w.is_active"
# PostgreSQL's workers step over rows that another is claiming; SQLite has one writer, so there is no other.
_LOCK = {"sqlite": "", "postgresql": " FOR UPDATE OF d SKIP LOCKED"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What happened to an account, as it is told to every webhook: `body` is sent byte for byte, whenever."""

    id: str
    account_id: str
    event: str
    body: str = field(repr=False)
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """`position` orders a tenant's deliveries; `tries` counts this claim already; `due_at` is when its lease ends."""

    position: int
    message_id: str
    webhook_id: str
    account_id: str
    event: str
    body: str = field(repr=False)
    tries: int
    due_at: datetime
    holder: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """How many deliveries wait, and when the first of them is due; None when none does."""

    count: int
    next_at: datetime | None


async def insert_for_subscribers(tx: Statements, user_id: str, message: Message) -> int:
    """One delivery, due at once, for each active webhook of the tenant that wants this event; how many."""
    return await tx.run(
        "INSERT INTO deliveries (message_id, webhook_id, account_id, event, body, state, tries, due_at_ms,"
        " created_at_ms) SELECT CAST($1 AS TEXT), w.id, CAST($2 AS TEXT), CAST($3 AS TEXT), CAST($4 AS TEXT), 'due', 0,"
        " CAST($5 AS BIGINT), CAST($5 AS BIGINT) FROM webhooks w"
        " WHERE w.user_id = $6 AND w.is_active AND w.events LIKE $7",
        message.id,
        message.account_id,
        message.event,
        message.body,
        clock.to_ms(message.created_at),
        user_id,
        f'%"{message.event}"%',
    )


async def claim(
    db: Database, *, holder: str, now: datetime, until: datetime, limit: int, except_of: Sequence[str] = ()
) -> list[Delivery]:
    """Take what is due, for as long as until `until`; a delivery goes to one worker, in the order of its account.

    `except_of`: webhooks to leave out.
    """
    rows = await db.all(
        f"WITH taken AS MATERIALIZED (SELECT d.position {_OF_ACTIVE} WHERE d.due_at_ms <= $1"  # noqa: S608 - constants
        f" AND $5 NOT LIKE '%|' || d.webhook_id || '|%' AND {_MAY_GO}"
        f" ORDER BY d.due_at_ms, d.position LIMIT $2{_LOCK[db.engine]})"
        " UPDATE deliveries SET tries = tries + 1, due_at_ms = $3, holder = $4"
        " WHERE position IN (SELECT position FROM taken) RETURNING *",
        clock.to_ms(now),
        limit,
        clock.to_ms(until),
        holder,
        f"|{'|'.join(except_of)}|",
    )
    return [_delivery(row) for row in rows]


async def waiting(db: Statements, webhook_id: str) -> Waiting:
    """What waits for a webhook."""
    row = await db.one(
        "SELECT count(*) AS n, min(due_at_ms) AS next_ms FROM deliveries WHERE webhook_id = $1 AND state = 'due'",
        webhook_id,
    )
    if row is None or row["next_ms"] is None:
        return Waiting(count=0, next_at=None)
    return Waiting(count=row["n"], next_at=clock.from_ms(row["next_ms"]))


async def next_try(db: Statements, webhook_id: str, message_id: str) -> datetime | None:
    """When a message is tried again by itself; None when it arrived, was given up, or never waited."""
    row = await db.one(
        "SELECT due_at_ms FROM deliveries WHERE webhook_id = $1 AND message_id = $2 AND state = 'due'",
        webhook_id,
        message_id,
    )
    return None if row is None else clock.from_ms(row["due_at_ms"])


async def put_off(db: Statements, delivery: Delivery, due_at: datetime) -> bool:
    """It failed: try again from an instant on. False when it is no longer this worker's."""
    touched = await db.run(
        "UPDATE deliveries SET due_at_ms = $3, holder = NULL WHERE position = $1 AND holder = $2 AND state = 'due'",
        delivery.position,
        delivery.holder,
        clock.to_ms(due_at),
    )
    return touched == 1


async def finish(db: Statements, delivery: Delivery, state: State, now: datetime) -> bool:
    """It arrived, or was given up; the next of its account may go. False when it is no longer this worker's."""
    touched = await db.run(
        "UPDATE deliveries SET state = $3, finished_at_ms = $4, holder = NULL"
        " WHERE position = $1 AND holder = $2 AND state = 'due'",
        delivery.position,
        delivery.holder,
        state,
        clock.to_ms(now),
    )
    return touched == 1


async def arrive(db: Statements, webhook_id: str, message_id: str, now: datetime) -> None:
    """It arrived another way: nobody need try any more."""
    await db.run(
        "UPDATE deliveries SET state = 'delivered', finished_at_ms = $3, holder = NULL"
        " WHERE webhook_id = $1 AND message_id = $2 AND state = 'due'",
        webhook_id,
        message_id,
        clock.to_ms(now),
    )


async def drop(db: Statements, webhook_id: str, now: datetime) -> int:
    """Give up whatever waits for a webhook; how many deliveries."""
    return await db.run(
        "UPDATE deliveries SET state = 'given_up', finished_at_ms = $2, holder = NULL"
        " WHERE webhook_id = $1 AND state = 'due'",
        webhook_id,
        clock.to_ms(now),
    )


async def delete_of(db: Statements, webhook_id: str) -> None:
    """Forget every delivery of a webhook."""
    await db.run("DELETE FROM deliveries WHERE webhook_id = $1", webhook_id)


async def purge(db: Statements, *, before: datetime, limit: int) -> int:
    """Delete up to `limit` of what was finished before an instant, and of what waits since for a webhook that is gone;
    how many rows.
    """
    finished = await db.run(
        "DELETE FROM deliveries WHERE position IN"
        " (SELECT position FROM deliveries WHERE finished_at_ms < $1 ORDER BY finished_at_ms LIMIT $2)",
        clock.to_ms(before),
        limit,
    )
    forgotten = await db.run(
        "DELETE FROM deliveries WHERE position IN (SELECT d.position FROM deliveries d"
        " WHERE d.state = 'due' AND d.due_at_ms < $1 AND NOT EXISTS"
        " (SELECT 1 FROM webhooks w WHERE w.id = d.webhook_id) ORDER BY d.due_at_ms LIMIT $2)",
        clock.to_ms(before),
        limit,
    )
    return finished + forgotten


def _delivery(row: Row) -> Delivery:
    return Delivery(
        position=row["position"],
        message_id=row["message_id"],
        webhook_id=row["webhook_id"],
        account_id=row["account_id"],
        event=row["event"],
        body=row["body"],
        tries=row["tries"],
        due_at=clock.from_ms(row["due_at_ms"]),
        holder=row["holder"],
    )
