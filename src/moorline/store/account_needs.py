"""Accounts that need a person, found by what says so: switched off, a consent without a scope, an end that is near.

Each of the three is a range of an index, read from a place on; none looks at accounts that are well.
"""

from typing import Literal

import msgspec

from moorline.store import account_health, account_rows
from moorline.store.account_rows import AccountRow, Wanted
from moorline.store.db import Row, Statements

_CONSENTS_AT_MOST = 1_000  # of one tenant; a platform has a handful of scopes
_SELECT = f"SELECT {account_rows.COLUMNS}, g.id AS grant_id, g.granted_key, g.needs_at_ms"
_BY_GRANT = (
    " FROM grants g JOIN accounts a ON a.grant_id = g.id LEFT JOIN grant_tokens t ON t.grant_id = g.id"
    " LEFT JOIN account_tokens o ON o.account_id = a.id JOIN profiles p ON p.id = a.profile_id"
    " WHERE g.user_id = $1 AND a.is_active"
)
_LOST = (
    f"{_SELECT} FROM {account_health.TABLES} JOIN profiles p ON p.id = a.profile_id"
    f" WHERE a.user_id = $1 AND NOT a.is_active{account_rows.NARROWED} AND (a.created_at_ms, a.id) < ($4, $5)"
    " ORDER BY a.created_at_ms DESC, a.id DESC LIMIT $6"
)
_LACKING = (
    f"{_SELECT}{_BY_GRANT}{account_rows.NARROWED} AND g.granted_key = $4"
    " AND g.id >= $5 AND NOT (g.id = $5 AND a.id <= $6) ORDER BY g.id, a.id LIMIT $7"
)
_ENDING = (
    f"{_SELECT}{_BY_GRANT}{account_rows.NARROWED} AND g.needs_at_ms < $4"
    " AND (g.needs_at_ms, g.id) >= ($5, $6) AND NOT (g.id = $6 AND a.id <= $7)"
    # what has a token of its own does not end with its consent; what lacks a scope is found by that
    " AND o.account_id IS NULL AND $8 NOT LIKE '%,' || coalesce(CAST(g.granted_key AS TEXT), '-') || ',%'"
    " ORDER BY g.needs_at_ms, g.id, a.id LIMIT $9"
)


def _any_of(column: str) -> str:
    """A column of any consent of a sort: they are alike in it. Not by a join, for which all consents might be read."""
    return (
        f"(SELECT g.{column} FROM grants g WHERE g.user_id = $1 AND g.granted_key = k.granted_key"  # noqa: S608 - constants
        f" ORDER BY g.id LIMIT 1) AS {column}"
    )


_KINDS = (
    # from one to the next, which is one step down the index however many have granted the same
    "WITH RECURSIVE kinds (granted_key) AS ("  # noqa: S608 - constants
    " SELECT (SELECT g.granted_key FROM grants g WHERE g.user_id = $1 AND g.granted_key IS NOT NULL"
    " ORDER BY g.granted_key LIMIT 1)"
    " UNION ALL SELECT (SELECT g.granted_key FROM grants g WHERE g.user_id = $1 AND g.granted_key > kinds.granted_key"
    " ORDER BY g.granted_key LIMIT 1) FROM kinds WHERE kinds.granted_key IS NOT NULL)"
    f" SELECT k.granted_key, {_any_of('platform')}, {_any_of('app_id')}, {_any_of('granted')} FROM kinds k"
    " WHERE k.granted_key IS NOT NULL LIMIT $2"
)

Why = Literal["lost", "lacking", "ending"]


class Consents(msgspec.Struct, frozen=True, kw_only=True):
    """What was granted alike to one app of a platform, by however many people."""

    key: int
    platform: str
    app_id: str
    granted: tuple[str, ...]


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """Where a list stands: after this account. `at` is what it is ordered by: when the account was made, the key of
    the consents, when somebody is needed.
    """

    why: Why
    at: int
    grant_id: str = ""
    account_id: str = ""


class Needy(msgspec.Struct, frozen=True, kw_only=True):
    """An account and the place after it."""

    row: AccountRow
    place: Place


async def consents(db: Statements, user_id: str) -> list[Consents]:
    """What people granted to the tenant: each sort of it once."""
    rows = await db.all(_KINDS, user_id, _CONSENTS_AT_MOST)
    return [
        Consents(
            key=row["granted_key"],
            platform=row["platform"],
            app_id=row["app_id"],
            granted=tuple(msgspec.json.decode(row["granted"])),
        )
        for row in rows
    ]


async def lost(db: Statements, user_id: str, wanted: Wanted, after: Place, *, limit: int) -> list[Needy]:
    """Accounts that are switched off, newest first."""
    rows = await db.all(_LOST, user_id, *_narrowed(wanted), after.at, after.account_id, limit)
    return [_needy(row, "lost", row["created_at_ms"]) for row in rows]


async def lacking(db: Statements, user_id: str, wanted: Wanted, after: Place, *, limit: int) -> list[Needy]:
    """Accounts in use whose consent is of the sort that `after` names."""
    given = after.at, after.grant_id, after.account_id
    rows = await db.all(_LACKING, user_id, *_narrowed(wanted), *given, limit)
    return [_needy(row, "lacking", row["granted_key"]) for row in rows]


async def ending(
    db: Statements, user_id: str, wanted: Wanted, after: Place, *, before_ms: int, but: tuple[int, ...], limit: int
) -> list[Needy]:
    """Accounts in use that need a person before an instant, the soonest first; `but` are sorts of consents left out."""
    given = before_ms, after.at, after.grant_id, after.account_id, f",{','.join(map(str, but))},"
    rows = await db.all(_ENDING, user_id, *_narrowed(wanted), *given, limit)
    return [_needy(row, "ending", row["needs_at_ms"]) for row in rows]


def _narrowed(wanted: Wanted) -> tuple[str | None, str | None]:
    return account_rows.listed(wanted.profile_ids), wanted.platform


def _needy(row: Row, why: Why, at: int) -> Needy:
    place = Place(why=why, at=at, grant_id=row["grant_id"] or "", account_id=row["id"])
    return Needy(row=account_rows.from_row(row), place=place)
