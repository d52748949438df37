"""What waits to be done, counted by the database in bounded reads down an index: for whoever watches the service.

A count ends at `MOST`, which then means "at least so many".
"""

from dataclasses import dataclass
from datetime import datetime

from moorline import clock
from moorline.store.db import Row, Statements

MOST = 10_000
MOST_LOOKED_AT = 1_000  # where more than an index has to be read of each


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """How many wait, and since when the first of them could have been done; None when none could."""

    count: int
    oldest_at: datetime | None


async def renewals(db: Statements, now: datetime) -> Due:
    """Grants whose tokens are due and that nobody is at."""
    row = await db.one(
        "SELECT count(*) AS n, min(renew_at_ms) AS oldest_ms FROM (SELECT renew_at_ms FROM grant_tokens"
        " WHERE renew_at_ms <= $1 AND lease_until_ms <= $1 ORDER BY renew_at_ms LIMIT $2) AS due",
        clock.to_ms(now),
        MOST,
    )
    return _due(row)


async def deliveries(db: Statements, now: datetime) -> Due:
    """Deliveries that are due, and since when the first that may go does: others wait for an older one that failed."""
    row = await db.one(
        "SELECT (SELECT count(*) FROM (SELECT webhook_id FROM deliveries WHERE state = 'due' AND due_at_ms <= $1"
        " ORDER BY due_at_ms, position LIMIT $2) AS d JOIN webhooks w ON w.id = d.webhook_id AND w.is_active) AS n,"
        " (SELECT min(d.due_at_ms) FROM (SELECT position, webhook_id, account_id, due_at_ms FROM deliveries"
        " WHERE state = 'due' AND due_at_ms <= $1"
        " ORDER BY due_at_ms, position LIMIT $3) AS d JOIN webhooks w ON w.id = d.webhook_id AND w.is_active"
        " WHERE d.position = (SELECT o.position FROM deliveries o WHERE o.webhook_id = d.webhook_id"
        " AND o.account_id = d.account_id AND o.state = 'due' ORDER BY o.position LIMIT 1)) AS oldest_ms",
        clock.to_ms(now),
        MOST,
        MOST_LOOKED_AT,
    )
    return _due(row)


async def revocations(db: Statements) -> int:
    """Consents that are still to be withdrawn at their platform, due or not."""
    row = await db.one("SELECT count(*) AS n FROM (SELECT 1 FROM revocations LIMIT $1) AS waiting", MOST)
    return 0 if row is None else int(row["n"])


async def ending(db: Statements, now: datetime, until: datetime) -> int:
    """Grants that end between two instants unless their tokens are renewed or consented to anew.

    Access without a token to renew it ends with itself, all other access with that token. What was given up counts no
    more.
    """
    row = await db.one(
        "SELECT (SELECT count(*) FROM (SELECT 1 FROM grant_tokens WHERE refresh_sealed IS NULL"
        " AND access_expires_at_ms > $1 AND access_expires_at_ms <= $2 AND renew_at_ms IS NOT NULL LIMIT $3) AS a)"
        " + (SELECT count(*) FROM (SELECT 1 FROM grant_tokens WHERE refresh_expires_at_ms > $1"
        " AND refresh_expires_at_ms <= $2 AND renew_at_ms IS NOT NULL LIMIT $3) AS r) AS n",
        clock.to_ms(now),
        clock.to_ms(until),
        MOST,
    )
    return 0 if row is None else int(row["n"])


def _due(row: Row | None) -> Due:
    if row is None or row["oldest_ms"] is None:
        return Due(count=0 if row is None else int(row["n"]), oldest_at=None)
    return Due(count=int(row["n"]), oldest_at=clock.from_ms(row["oldest_ms"]))
