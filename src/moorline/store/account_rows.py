"""Accounts as lists for people show them: how they are (`account_health`), with picture, profile and person."""

from datetime import datetime

import msgspec

from moorline import clock
from moorline.store import account_health
from moorline.store.account_health import AccountFacts
from moorline.store.db import Row, Statements


class AccountRow(msgspec.Struct, frozen=True, kw_only=True):
    """One account; `person` is the user name of whoever consented, None where nobody had to."""

    facts: AccountFacts
    platform_account_id: str
    picture_url: str | None
    profile_url: str | None
    profile_name: str
    person: str | None
    created_at: datetime


class Renewals(msgspec.Struct, frozen=True, kw_only=True):
    """How many accounts of a platform are renewed by themselves, and when the first of them."""

    platform: str
    accounts: int
    first_at: datetime


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """What a list is narrowed to; None: whatever there is. `before` is the id of an account: only older ones."""

    profile_ids: tuple[str, ...] | None = None
    platform: str | None = None
    before: str | None = None


COLUMNS = (
    f"{account_health.COLUMNS}, a.platform_account_id, a.picture_url, a.profile_url, a.created_at_ms,"
    " p.name AS profile_name, g.username AS person"
)
# $2 and $3; neither an id nor a platform holds a comma or a wildcard
NARROWED = (
    " AND (CAST($2 AS TEXT) IS NULL OR $2 LIKE '%,' || a.profile_id || ',%')"
    " AND (CAST($3 AS TEXT) IS NULL OR a.platform = $3)"
)
_SELECT = f"SELECT {COLUMNS} FROM {account_health.TABLES} JOIN profiles p ON p.id = a.profile_id"  # noqa: S608 - constants
_NEWEST = (2**63 - 1, "~")  # after every instant and every id


async def newest(db: Statements, user_id: str, wanted: Wanted, *, limit: int) -> list[AccountRow]:
    """Accounts of the tenant, newest first; none before an unknown or foreign one."""
    start = _NEWEST if wanted.before is None else await _place_of(db, user_id, wanted.before)
    if start is None:
        return []
    rows = await db.all(
        f"{_SELECT} WHERE a.user_id = $1{NARROWED} AND (a.created_at_ms, a.id) < ($4, $5)"
        " ORDER BY a.created_at_ms DESC, a.id DESC LIMIT $6",
        user_id,
        listed(wanted.profile_ids),
        wanted.platform,
        *start,
        limit,
    )
    return [from_row(row) for row in rows]


async def get(db: Statements, user_id: str, account_id: str) -> AccountRow | None:
    """One account of the tenant."""
    row = await db.one(f"{_SELECT} WHERE a.user_id = $1 AND a.id = $2", user_id, account_id)
    return None if row is None else from_row(row)


async def renewals(
    db: Statements, user_id: str, *, profile_ids: tuple[str, ...] | None, traded: tuple[str, ...], before: datetime
) -> list[Renewals]:
    """What is renewed by itself before an instant, by platform, the soonest first. `traded` as in `Trouble`."""
    rows = await db.all(
        "SELECT a.platform, count(*) AS n, min(t.renew_at_ms) AS first_at_ms FROM accounts a"
        " JOIN grant_tokens t ON t.grant_id = a.grant_id"
        " WHERE a.user_id = $1 AND (CAST($2 AS TEXT) IS NULL OR $2 LIKE '%,' || a.profile_id || ',%')"
        " AND a.is_active AND t.renew_at_ms < $3"
        " AND (t.refresh_sealed IS NOT NULL OR $4 LIKE '%,' || a.platform || ',%')"
        " GROUP BY a.platform ORDER BY 3, 1",
        user_id,
        listed(profile_ids),
        clock.to_ms(before),
        listed(traded),
    )
    return [
        Renewals(platform=row["platform"], accounts=row["n"], first_at=clock.from_ms(row["first_at_ms"]))
        for row in rows
    ]


async def count_of_profile(db: Statements, profile_id: str) -> int:
    """How many accounts hang on a profile."""
    row = await db.one("SELECT count(*) AS n FROM accounts WHERE profile_id = $1", profile_id)
    return 0 if row is None else int(row["n"])


async def beside(db: Statements, user_id: str, account_id: str, *, limit: int) -> list[str]:
    """What the other accounts on the same consent are called, up to `limit` of them."""
    rows = await db.all(
        "SELECT b.display_name FROM accounts a JOIN accounts b ON b.grant_id = a.grant_id AND b.id <> a.id"
        " WHERE a.id = $2 AND a.user_id = $1 ORDER BY b.created_at_ms, b.id LIMIT $3",
        user_id,
        account_id,
        limit,
    )
    return [row["display_name"] for row in rows]


async def _place_of(db: Statements, user_id: str, account_id: str) -> tuple[int, str] | None:
    row = await db.one("SELECT created_at_ms FROM accounts WHERE id = $1 AND user_id = $2", account_id, user_id)
    return None if row is None else (row["created_at_ms"], account_id)


def listed(values: tuple[str, ...] | None) -> str | None:
    """Values as one text in which LIKE finds each of them between commas; None stays None."""
    return None if values is None else f",{','.join(values)},"


def from_row(row: Row) -> AccountRow:
    """The account of a row that has COLUMNS."""
    return AccountRow(
        facts=account_health.from_row(row),
        platform_account_id=row["platform_account_id"],
        picture_url=row["picture_url"],
        profile_url=row["profile_url"],
        profile_name=row["profile_name"],
        person=row["person"],
        created_at=clock.from_ms(row["created_at_ms"]),
    )
