"""The connection log: tables `attempts` and `account_events` read as one list."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from moorline import clock
from moorline.store.account_events import Kind
from moorline.store.attempts import Status
from moorline.store.db import Row, Statements

_NEWEST = (2**63 - 1, "~")  # after every instant and every id


@dataclass(frozen=True, slots=True, kw_only=True)
class LogEntry:
    """`kind` attempt: a connection somebody started, and `id` is its id. Else what happened to an account.

    `status`, `slug`, `steps`, `headless`, `is_reconnect` and `finished_at` are of attempts, `username` of events;
    `note` is a sanitised sentence.
    """

    id: str
    kind: Literal["attempt"] | Kind
    profile_id: str
    platform: str
    account_id: str | None
    username: str | None = None
    status: Status | None = None
    slug: str | None = None
    note: str | None = None
    steps: str = ""
    headless: bool = False
    is_reconnect: bool = False
    created_at: datetime
    finished_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a list is narrowed to; None: whatever there is.

    `statuses`, `slug` and `reconnects` (only those that renew an account, or only those that do not) are asked of
    attempts, an empty tuple wants none of them; likewise `kinds` of events. `before` is the id of an entry: only older
    ones are wanted.
    """

    profile_ids: tuple[str, ...] | None = None
    platform: str | None = None
    account_id: str | None = None
    statuses: tuple[Status, ...] | None = None
    reconnects: bool | None = None
    slug: str | None = None
    kinds: tuple[Kind, ...] | None = None
    before: str | None = None


# Both sides go down their index (user_id, created_at_ms, id) from the same place and stop at the limit, so a page reads
# at most twice what it answers, and nothing of a side that is not wanted. The tenant is one value of the range and no
# equality: with that, PostgreSQL may go down the index by age instead, past the rows of everybody else. No id or name
# holds a comma or a wildcard.
_BOTH = (
    " AND (CAST($4 AS TEXT) IS NULL OR $4 LIKE '%,' || profile_id || ',%')"
    " AND (CAST($5 AS TEXT) IS NULL OR platform = $5) AND (CAST($6 AS TEXT) IS NULL OR account_id = $6)"
    " AND user_id >= $1 AND (user_id, created_at_ms, id) < ($1, $2, $3)"
    " ORDER BY user_id DESC, created_at_ms DESC, id DESC LIMIT $12"
)
_ATTEMPTS = (
    "SELECT id, 'attempt' AS kind, profile_id, platform, account_id, CAST(NULL AS TEXT) AS username,"  # noqa: S608 - constants
    " status, slug, note, steps, headless, reconnect_account_id IS NOT NULL AS is_reconnect, created_at_ms,"
    " finished_at_ms FROM attempts WHERE $7 AND (CAST($8 AS TEXT) IS NULL OR $8 LIKE '%,' || status || ',%')"
    " AND (CAST($9 AS BOOLEAN) IS NULL OR (reconnect_account_id IS NOT NULL) = $9)"
    " AND (CAST($13 AS TEXT) IS NULL OR slug = $13)" + _BOTH
)
_EVENTS = (
    "SELECT id, kind, profile_id, platform, account_id, username, CAST(NULL AS TEXT) AS status,"  # noqa: S608 - constants
    " CAST(NULL AS TEXT) AS slug, reason AS note, CAST(NULL AS TEXT) AS steps, FALSE AS headless,"
    " FALSE AS is_reconnect, created_at_ms, CAST(NULL AS BIGINT) AS finished_at_ms"
    " FROM account_events WHERE $10 AND (CAST($11 AS TEXT) IS NULL OR $11 LIKE '%,' || kind || ',%')" + _BOTH
)
_PAGE = (
    f"SELECT * FROM (SELECT * FROM ({_ATTEMPTS}) a UNION ALL SELECT * FROM ({_EVENTS}) e) AS log"  # noqa: S608 - constants
    " ORDER BY created_at_ms DESC, id DESC LIMIT $12"
)


async def newest(db: Statements, user_id: str, wanted: Wanted, *, limit: int) -> list[LogEntry]:
    """Entries of the tenant, newest first; none after an unknown or foreign `before`."""
    start = _NEWEST if wanted.before is None else await _position(db, user_id, wanted.before)
    if start is None:
        return []
    rows = await db.all(
        _PAGE,
        user_id,
        *start,
        _listed(wanted.profile_ids),
        wanted.platform,
        wanted.account_id,
        wanted.statuses != (),
        _listed(wanted.statuses),
        wanted.reconnects,
        wanted.kinds != (),
        _listed(wanted.kinds),
        limit,
        wanted.slug,
    )
    return [_entry(row) for row in rows]


async def _position(db: Statements, user_id: str, entry_id: str) -> tuple[int, str] | None:
    row = await db.one(
        "SELECT created_at_ms FROM attempts WHERE id = $1 AND user_id = $2"
        " UNION ALL SELECT created_at_ms FROM account_events WHERE id = $1 AND user_id = $2",
        entry_id,
        user_id,
    )
    return None if row is None else (row["created_at_ms"], entry_id)


def _listed(values: tuple[str, ...] | None) -> str | None:
    return None if values is None else f",{','.join(values)},"


def _entry(row: Row) -> LogEntry:
    return LogEntry(
        id=row["id"],
        kind=row["kind"],
        profile_id=row["profile_id"],
        platform=row["platform"],
        account_id=row["account_id"],
        username=row["username"],
        status=row["status"],
        slug=row["slug"],
        note=row["note"],
        steps=row["steps"] or "",
        headless=bool(row["headless"]),
        is_reconnect=bool(row["is_reconnect"]),
        created_at=clock.from_ms(row["created_at_ms"]),
        finished_at=clock.from_ms_or_none(row["finished_at_ms"]),
    )
