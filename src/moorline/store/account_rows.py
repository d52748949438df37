"""Accounts as lists for people show them: how they are (`account_health`), with picture, profile and person."""

from collections.abc import Mapping, Sequence
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


class Trouble(msgspec.Struct, frozen=True, kw_only=True):
    """What may need a person: access that ends before an instant, or lacks one of a platform's scopes.

    `traded`: platforms where the access itself is traded for the next, which needs nobody while it works.
    """

    ends_before: datetime
    traded: tuple[str, ...]
    scopes: Mapping[str, Sequence[str]]


_SELECT = (
    f"SELECT {account_health.COLUMNS}, a.platform_account_id, a.picture_url, a.profile_url, a.created_at_ms,"  # noqa: S608 - constants
    f" p.name AS profile_name, g.username AS person FROM {account_health.TABLES}"
    " JOIN profiles p ON p.id = a.profile_id WHERE a.user_id = $1"
)
_WANTED = (
    # neither an id nor a platform holds a comma or a wildcard
    " AND (CAST($2 AS TEXT) IS NULL OR $2 LIKE '%,' || a.profile_id || ',%')"
    " AND (CAST($3 AS TEXT) IS NULL OR a.platform = $3)"
    " AND (CAST($4 AS TEXT) IS NULL OR (a.created_at_ms, a.id) <"
    " (SELECT b.created_at_ms, b.id FROM accounts b WHERE b.id = $4 AND b.user_id = $1))"
)
_NEWEST = " ORDER BY a.created_at_ms DESC, a.id DESC LIMIT $5"
_TROUBLE = (
    " AND (NOT a.is_active OR (o.account_id IS NULL AND (t.refresh_expires_at_ms < $6 OR (t.access_expires_at_ms < $6"
    " AND t.refresh_sealed IS NULL AND (t.failures > 0 OR $7 NOT LIKE '%,' || a.platform || ',%'))))"
)


async def newest(db: Statements, user_id: str, wanted: Wanted, *, limit: int) -> list[AccountRow]:
    """Accounts of the tenant, newest first."""
    rows = await db.all(f"{_SELECT}{_WANTED}{_NEWEST}", user_id, *_arguments(wanted), limit)
    return [_row(row) for row in rows]


async def maybe_in_trouble(
    db: Statements, user_id: str, wanted: Wanted, trouble: Trouble, *, limit: int
) -> list[AccountRow]:
    """Those among them that may need a person, newest first: none that does is left out, some may need nobody."""
    lacks, scopes = _lacking(trouble.scopes, first=8)
    rows = await db.all(
        f"{_SELECT}{_WANTED}{_TROUBLE}{lacks}){_NEWEST}",
        user_id,
        *_arguments(wanted),
        limit,
        clock.to_ms(trouble.ends_before),
        _listed(trouble.traded),
        *scopes,
    )
    return [_row(row) for row in rows]


async def get(db: Statements, user_id: str, account_id: str) -> AccountRow | None:
    """One account of the tenant."""
    row = await db.one(f"{_SELECT} AND a.id = $2", user_id, account_id)
    return None if row is None else _row(row)


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
        _listed(profile_ids),
        clock.to_ms(before),
        _listed(traded),
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


def _arguments(wanted: Wanted) -> tuple[str | None, str | None, str | None]:
    return _listed(wanted.profile_ids), wanted.platform, wanted.before


def _lacking(scopes: Mapping[str, Sequence[str]], *, first: int) -> tuple[str, list[str]]:
    """A condition for a consent without one of its platform's scopes, and its arguments from `$first` on."""
    conditions: list[str] = []
    arguments: list[str] = []
    for platform, needed in scopes.items():
        platform_at = first + len(arguments)
        arguments.append(platform)
        wants = []
        for scope in needed:
            wants.append(f"g.granted NOT LIKE ${first + len(arguments)}")
            arguments.append(f'%"{scope}"%')
        conditions.append(f" OR (a.platform = ${platform_at} AND ({' OR '.join(wants)}))")
    return "".join(conditions), arguments


def _listed(values: tuple[str, ...] | None) -> str | None:
    return None if values is None else f",{','.join(values)},"


def _row(row: Row) -> AccountRow:
    return AccountRow(
        facts=account_health.from_row(row),
        platform_account_id=row["platform_account_id"],
        picture_url=row["picture_url"],
        profile_url=row["profile_url"],
        profile_name=row["profile_name"],
        person=row["person"],
        created_at=clock.from_ms(row["created_at_ms"]),
    )
