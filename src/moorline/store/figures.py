"""How many connections were tried and how many accesses end, counted by the database: one statement each."""

from dataclasses import dataclass
from datetime import datetime

from moorline import clock
from moorline.store.db import Statements

DAY_MS = 24 * 60 * 60 * 1000
WEEK_MS = 7 * DAY_MS


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """What came of the attempts of a day on a platform; `day` counts days in UTC since 1970-01-01."""

    day: int
    platform: str
    connected: int
    failed: int


async def tried(db: Statements, user_id: str, *, profile_ids: tuple[str, ...] | None, since: datetime) -> list[Tried]:
    """The tenant's attempts begun since an instant that are over. `profile_ids` None: of all profiles."""
    rows = await db.all(
        # down the index (user_id, created_at_ms, id), from the instant on
        f"SELECT created_at_ms / {DAY_MS} AS day, platform,"  # noqa: S608 - a constant
        " sum(CASE WHEN status = 'connected' THEN 1 ELSE 0 END) AS connected,"
        " sum(CASE WHEN status = 'failed' THEN 1 ELSE 0 END) AS failed"
        " FROM attempts WHERE user_id = $1 AND created_at_ms >= $3 AND status IN ('connected', 'failed')"
        " AND (CAST($2 AS TEXT) IS NULL OR $2 LIKE '%,' || profile_id || ',%')"
        " GROUP BY 1, 2 ORDER BY 1, 2",
        user_id,
        _listed(profile_ids),
        clock.to_ms(since),
    )
    return [
        Tried(day=row["day"], platform=row["platform"], connected=int(row["connected"]), failed=int(row["failed"]))
        for row in rows
    ]


async def ends(
    db: Statements, user_id: str, *, profile_ids: tuple[str, ...] | None, now: datetime, weeks: int
) -> dict[int, int]:
    """How many accounts come to need a person in each of the coming weeks, by its number from 0; weeks without any are
    not there.
    """
    rows = await db.all(
        # down the index (user_id, needs_at_ms, id): accounts whose access does not end in these weeks are not read
        f"SELECT (g.needs_at_ms - $3) / {WEEK_MS} AS week, count(*) AS n FROM grants g"  # noqa: S608 - a constant
        " JOIN accounts a ON a.grant_id = g.id WHERE g.user_id = $1 AND g.needs_at_ms >= $3 AND g.needs_at_ms < $4"
        " AND a.is_active AND (CAST($2 AS TEXT) IS NULL OR $2 LIKE '%,' || a.profile_id || ',%') GROUP BY 1",
        user_id,
        _listed(profile_ids),
        clock.to_ms(now),
        clock.to_ms(now) + weeks * WEEK_MS,
    )
    return {row["week"]: row["n"] for row in rows}


def _listed(values: tuple[str, ...] | None) -> str | None:
    # neither an id nor a platform holds a comma or a wildcard
    return None if values is None else f",{','.join(values)},"
