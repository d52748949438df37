"""Table `limit_counters`: counts of limits that processes share, each until its window is over."""

from datetime import datetime

from moorline import clock
from moorline.store.db import Statements


async def add(db: Statements, key_hash: bytes, *, now: datetime, window_s: int) -> tuple[int, int]:
    """Count one more, in a new window when the last is over: how many there are, and when it ends in ms since 1970."""
    now_ms = clock.to_ms(now)
    row = await db.one(
        "INSERT INTO limit_counters (key_hash, hits, ends_at_ms) VALUES ($1, 1, $3) ON CONFLICT (key_hash) DO UPDATE"
        " SET hits = CASE WHEN limit_counters.ends_at_ms <= $2 THEN 1 ELSE limit_counters.hits + 1 END,"
        " ends_at_ms = CASE WHEN limit_counters.ends_at_ms <= $2 THEN excluded.ends_at_ms"
        " ELSE limit_counters.ends_at_ms END RETURNING hits, ends_at_ms",
        key_hash,
        now_ms,
        now_ms + window_s * 1000,
    )
    return (0, now_ms) if row is None else (row["hits"], row["ends_at_ms"])


async def take_back(db: Statements, key_hash: bytes, *, now: datetime) -> None:
    """Count one less, while the window lasts."""
    await db.run(
        "UPDATE limit_counters SET hits = hits - 1 WHERE key_hash = $1 AND ends_at_ms > $2 AND hits > 0",
        key_hash,
        clock.to_ms(now),
    )


async def purge(db: Statements, *, now: datetime, limit: int) -> int:
    """Delete up to `limit` counts whose window is over; how many went."""
    return await db.run(
        "DELETE FROM limit_counters WHERE key_hash IN"
        " (SELECT key_hash FROM limit_counters WHERE ends_at_ms <= $1 ORDER BY ends_at_ms LIMIT $2)"
        " AND ends_at_ms + 0 <= $1",  # it may have begun anew meanwhile; + 0: checked, not searched by
        clock.to_ms(now),
        limit,
    )
