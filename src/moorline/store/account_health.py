"""What four tables tell of how an account is: itself, its consent, the consent's tokens, a token of its own."""

import json
from datetime import datetime

import msgspec

from moorline import clock
from moorline.store.db import Row, Statements

COLUMNS = (
    "a.id, a.profile_id, a.platform, a.username, a.display_name, a.is_active, g.app_id, g.granted, g.dead_at_ms,"
    " g.dead_reason, g.proven_at_ms, t.access_expires_at_ms, t.refresh_expires_at_ms, t.renew_at_ms,"
    " coalesce(t.failures, 0) AS failures, t.refresh_sealed IS NOT NULL AS has_refresh,"
    " o.account_id IS NOT NULL AS has_own_token"
)
TABLES = (
    "accounts a LEFT JOIN grants g ON g.id = a.grant_id LEFT JOIN grant_tokens t ON t.grant_id = a.grant_id"
    " LEFT JOIN account_tokens o ON o.account_id = a.id"
)
_FACTS = f"SELECT {COLUMNS} FROM {TABLES} WHERE"  # noqa: S608 - constants


class AccountFacts(msgspec.Struct, frozen=True, kw_only=True):
    """One account; everything after `is_active` is of its consent, and empty where it has none.

    `app_id` is the client it was given to. `granted` None: the platform never told. `proven_at`: when it last accepted
    a token. `renew_at`: when the tokens are due to be renewed. `failures`: renewals that failed in a row.
    `has_own_token`: it lives on a token that is not its consent's (a Page).
    """

    account_id: str
    profile_id: str
    platform: str
    username: str
    display_name: str
    is_active: bool
    app_id: str | None = None
    granted: tuple[str, ...] | None = None
    dead_at: datetime | None = None
    dead_reason: str | None = None
    proven_at: datetime | None = None
    access_expires_at: datetime | None = None
    refresh_expires_at: datetime | None = None
    renew_at: datetime | None = None
    failures: int = 0
    has_refresh: bool = False
    has_own_token: bool = False


async def all_of(
    db: Statements, user_id: str, *, profile_id: str | None = None, platform: str | None = None
) -> list[AccountFacts]:
    """Accounts of the tenant, or of one of its profiles or one platform, oldest first."""
    rows = await db.all(
        f"{_FACTS} a.user_id = $1 AND (CAST($2 AS TEXT) IS NULL OR a.profile_id = $2)"
        " AND (CAST($3 AS TEXT) IS NULL OR a.platform = $3) ORDER BY a.created_at_ms, a.id",
        user_id,
        profile_id,
        platform,
    )
    return [from_row(row) for row in rows]


async def get(db: Statements, user_id: str, account_id: str) -> AccountFacts | None:
    """One account of the tenant."""
    row = await db.one(f"{_FACTS} a.user_id = $1 AND a.id = $2", user_id, account_id)
    return None if row is None else from_row(row)


async def of_grant(db: Statements, grant_id: str) -> list[AccountFacts]:
    """Every account that hangs on a grant, oldest first."""
    rows = await db.all(f"{_FACTS} a.grant_id = $1 ORDER BY a.created_at_ms, a.id", grant_id)
    return [from_row(row) for row in rows]


def from_row(row: Row) -> AccountFacts:
    """The facts of a row that has COLUMNS."""
    return AccountFacts(
        account_id=row["id"],
        profile_id=row["profile_id"],
        platform=row["platform"],
        username=row["username"],
        display_name=row["display_name"],
        is_active=bool(row["is_active"]),
        app_id=row["app_id"],
        granted=None if row["granted"] is None else tuple(json.loads(row["granted"])),
        dead_at=clock.from_ms_or_none(row["dead_at_ms"]),
        dead_reason=row["dead_reason"],
        proven_at=clock.from_ms_or_none(row["proven_at_ms"]),
        access_expires_at=clock.from_ms_or_none(row["access_expires_at_ms"]),
        refresh_expires_at=clock.from_ms_or_none(row["refresh_expires_at_ms"]),
        renew_at=clock.from_ms_or_none(row["renew_at_ms"]),
        failures=row["failures"],
        has_refresh=bool(row["has_refresh"]),
        has_own_token=bool(row["has_own_token"]),
    )
