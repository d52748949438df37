"""Tables `grants` and `grant_tokens`: a person's consent on a platform, and its sealed tokens, kept apart."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from moorline import clock
from moorline.store.db import Row, Statements


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """`user_id` is the tenant; `granted` None when the platform never told; `service_url` the person's own server.

    `dead_reason` is set once only a new consent helps.
    """

    id: str
    user_id: str
    platform: str
    app_id: str
    platform_user_id: str
    username: str
    granted: tuple[str, ...] | None
    service_url: str | None
    dead_reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedTokens:
    """`version` counts renewals, so that a late writer cannot put an older pair back.

    `renew_at` is when they are due to be renewed (None: never), `failures` how often that failed since it last worked.
    `warn_at` is the next instant at which a warning of their end may be due (None: none is to come).
    """

    version: int
    access_sealed: bytes = field(repr=False)
    refresh_sealed: bytes | None = field(repr=False)
    access_expires_at: datetime | None
    refresh_expires_at: datetime | None
    renew_at: datetime | None = None
    failures: int = 0
    warn_at: datetime | None = None

    @property
    def has_refresh(self) -> bool:
        """Whether a refresh token is among them."""
        return self.refresh_sealed is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class DueWarning:
    """A grant whose accounts are to be looked at, since the instant that was planned has come."""

    grant_id: str
    platform: str
    warn_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """The right of one caller to renew one version of a grant's tokens, until an instant."""

    holder: str
    version: int
    until: datetime


def granted_key(platform: str, app_id: str, granted: str) -> int:
    """A number for what was granted (JSON, as stored) to an app of a platform, the same for all who granted the same.

    A tenant has a million consents and a handful of these, so that those that lack a scope are found by it.
    """
    told = json.dumps([platform, app_id, sorted(json.loads(granted))])
    return int.from_bytes(hashlib.sha256(told.encode()).digest()[:8], "big", signed=True)


async def upsert(db: Statements, grant: Grant, now: datetime) -> str:
    """Save the grant of this person, or what is told of it now; its id, an old one for a known person."""
    granted = None if grant.granted is None else json.dumps(grant.granted)
    row = await db.one(
        "INSERT INTO grants (id, user_id, platform, app_id, platform_user_id, username, granted, service_url,"
        " created_at_ms, updated_at_ms, proven_at_ms, granted_key)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9, $9, $10)"
        " ON CONFLICT (user_id, platform, app_id, platform_user_id) DO UPDATE SET username = excluded.username,"
        " granted = coalesce(excluded.granted, grants.granted),"
        " granted_key = coalesce(excluded.granted_key, grants.granted_key),"
        " service_url = coalesce(excluded.service_url, grants.service_url), updated_at_ms = excluded.updated_at_ms"
        " RETURNING id",
        grant.id,
        grant.user_id,
        grant.platform,
        grant.app_id,
        grant.platform_user_id,
        grant.username,
        granted,
        grant.service_url,
        clock.to_ms(now),
        None if granted is None else granted_key(grant.platform, grant.app_id, granted),
    )
    if row is None:
        raise RuntimeError("an upsert answered no row")
    return str(row["id"])


async def is_known_elsewhere(db: Statements, grant: Grant) -> bool:
    """Whether another tenant has a grant of the same person for the same app."""
    row = await db.one(
        "SELECT 1 AS found FROM grants"
        " WHERE platform = $1 AND app_id = $2 AND platform_user_id = $3 AND user_id <> $4 LIMIT 1",
        grant.platform,
        grant.app_id,
        grant.platform_user_id,
        grant.user_id,
    )
    return row is not None


async def has_kin(db: Statements, grant: Grant, platforms: Sequence[str]) -> bool:
    """Whether the tenant has another grant for the same app on one of some platforms, whoever's."""
    row = await db.one(
        "SELECT 1 AS found FROM grants WHERE user_id = $1 AND app_id = $2 AND id <> $3"
        " AND $4 LIKE '%|' || platform || '|%' LIMIT 1",
        grant.user_id,
        grant.app_id,
        grant.id,
        f"|{'|'.join(platforms)}|",
    )
    return row is not None


async def get(db: Statements, grant_id: str) -> Grant | None:
    """One grant, whoever's."""
    row = await db.one("SELECT * FROM grants WHERE id = $1", grant_id)
    return None if row is None else _grant(row)


async def put_tokens(
    db: Statements, grant_id: str, tokens: SealedTokens, *, consented_at: datetime, now: datetime
) -> bool:
    """Save the tokens of a consent, or replace those of an older one; a missing refresh token keeps the stored one.

    False, and nothing changed, when the stored ones come from this consent (they may be renewed by now, and the pair it
    began with be spent) or from a younger one.
    """
    touched = await db.run(
        "INSERT INTO grant_tokens (grant_id, version, access_sealed, refresh_sealed, access_expires_at_ms,"
        " refresh_expires_at_ms, renew_at_ms, updated_at_ms, consented_at_ms, lease_until_ms, failures, warn_at_ms)"
        " VALUES ($1, 1, $2, $3, $4, $5, $6, $7, $8, 0, 0, $9)"
        " ON CONFLICT (grant_id) DO UPDATE SET version = grant_tokens.version + 1,"
        " access_sealed = excluded.access_sealed,"
        " refresh_sealed = coalesce(excluded.refresh_sealed, grant_tokens.refresh_sealed),"
        " access_expires_at_ms = excluded.access_expires_at_ms,"
        " refresh_expires_at_ms = CASE WHEN excluded.refresh_sealed IS NULL"
        " THEN grant_tokens.refresh_expires_at_ms ELSE excluded.refresh_expires_at_ms END,"
        " renew_at_ms = excluded.renew_at_ms, warn_at_ms = excluded.warn_at_ms,"
        " failures = 0, holder = NULL, lease_until_ms = 0,"
        " consented_at_ms = excluded.consented_at_ms, updated_at_ms = excluded.updated_at_ms"
        " WHERE grant_tokens.consented_at_ms < excluded.consented_at_ms",
        grant_id,
        tokens.access_sealed,
        tokens.refresh_sealed,
        clock.to_ms_or_none(tokens.access_expires_at),
        clock.to_ms_or_none(tokens.refresh_expires_at),
        clock.to_ms_or_none(tokens.renew_at),
        clock.to_ms(now),
        clock.to_ms(consented_at),
        clock.to_ms_or_none(tokens.warn_at),
    )
    return touched == 1


async def get_tokens(db: Statements, grant_id: str) -> SealedTokens | None:
    """The sealed tokens of a grant."""
    row = await db.one("SELECT * FROM grant_tokens WHERE grant_id = $1", grant_id)
    return None if row is None else _tokens(row)


async def get_with_tokens(db: Statements, grant_id: str) -> tuple[Grant, SealedTokens] | None:
    """One grant, whoever's, with its sealed tokens; None when either is not there."""
    row = await db.one(
        "SELECT g.*, t.version, t.access_sealed, t.refresh_sealed, t.access_expires_at_ms, t.refresh_expires_at_ms,"
        " t.renew_at_ms, t.failures, t.warn_at_ms FROM grants g JOIN grant_tokens t ON t.grant_id = g.id"
        " WHERE g.id = $1",
        grant_id,
    )
    return None if row is None else (_grant(row), _tokens(row))


async def claim(db: Statements, grant_id: str, lease: Lease, now: datetime) -> bool:
    """Take the right to renew this version of the tokens; False: another holds it, it is over, or the app waits."""
    touched = await db.run(
        "UPDATE grant_tokens SET holder = $3, lease_until_ms = $4 WHERE grant_id = $1 AND version = $2"
        " AND lease_until_ms <= $5 AND NOT EXISTS (SELECT 1 FROM grants g JOIN platform_pauses p"
        " ON p.platform = g.platform AND p.app_id = g.app_id AND p.server = coalesce(g.service_url, '')"
        " WHERE g.id = $1 AND p.until_ms > $5)",
        grant_id,
        lease.version,
        lease.holder,
        clock.to_ms(lease.until),
        clock.to_ms(now),
    )
    return touched == 1


async def release(db: Statements, grant_id: str, lease: Lease) -> None:
    """Give the right back; nothing happens when another took it meanwhile."""
    await db.run(
        "UPDATE grant_tokens SET lease_until_ms = 0, holder = NULL WHERE grant_id = $1 AND holder = $2",
        grant_id,
        lease.holder,
    )


async def put_off(
    db: Statements, grant_id: str, lease: Lease, renew_at: datetime, *, needs_at: datetime | None = None
) -> None:
    """Note that renewing failed for a passing reason, give the right back, and be due again at an instant.

    `needs_at`: from when on a person is needed, since it fails (None: as before). Nothing happens when another took the
    right meanwhile.
    """
    touched = await db.run(
        "UPDATE grant_tokens SET lease_until_ms = 0, holder = NULL, failures = failures + 1,"
        " renew_at_ms = CASE WHEN renew_at_ms IS NULL THEN NULL ELSE CAST($3 AS BIGINT) END"
        " WHERE grant_id = $1 AND holder = $2",
        grant_id,
        lease.holder,
        clock.to_ms(renew_at),
    )
    if touched == 1 and needs_at is not None:
        await set_need(db, grant_id, needs_at)


async def due(db: Statements, *, now: datetime, limit: int, except_of: Sequence[str] = ()) -> list[tuple[str, str]]:
    """Grants whose tokens are due to be renewed and that nobody is at, the longest due first: (id, platform).

    Those of apps that are to wait are left out, and `except_of`: whole platforms.
    """
    rows = await db.all(
        "SELECT t.grant_id, g.platform FROM grant_tokens t JOIN grants g ON g.id = t.grant_id"
        " WHERE t.renew_at_ms <= $1 AND t.lease_until_ms <= $1 AND $3 NOT LIKE '%|' || g.platform || '|%'"
        " AND NOT EXISTS (SELECT 1 FROM platform_pauses p WHERE p.platform = g.platform AND p.app_id = g.app_id"
        " AND p.server = coalesce(g.service_url, '') AND p.until_ms > $1) ORDER BY t.renew_at_ms LIMIT $2",
        clock.to_ms(now),
        limit,
        f"|{'|'.join(except_of)}|",
    )
    return [(row["grant_id"], row["platform"]) for row in rows]


async def bury(db: Statements, grant_id: str, *, version: int, reason: str, now: datetime) -> bool:
    """Note that this version of the tokens is dead for good; False when a newer one came, or it was noted before."""
    touched = await db.run(
        "UPDATE grants SET dead_at_ms = $3, dead_reason = $4, updated_at_ms = $3, needs_at_ms = NULL"
        " WHERE id = $1 AND dead_at_ms IS NULL"
        " AND EXISTS (SELECT 1 FROM grant_tokens WHERE grant_id = $1 AND version = $2)",
        grant_id,
        version,
        clock.to_ms(now),
        reason,
    )
    if touched == 1:
        await db.run(
            "UPDATE grant_tokens SET renew_at_ms = NULL, warn_at_ms = NULL, lease_until_ms = 0, holder = NULL"
            " WHERE grant_id = $1",
            grant_id,
        )
    return touched == 1


async def prove(db: Statements, grant_id: str, now: datetime) -> None:
    """Note that the platform accepted a token of this grant just now."""
    await db.run("UPDATE grants SET proven_at_ms = $2 WHERE id = $1", grant_id, clock.to_ms(now))


async def revive(db: Statements, grant_id: str, now: datetime, *, needs_at: datetime | None = None) -> bool:
    """Note that the platform accepted a token of this grant just now; whether it had been given up.

    `needs_at`: from when on a person is needed, as far as is known today (None: never, or nobody told).
    """
    given = clock.to_ms(now), clock.to_ms_or_none(needs_at)
    # Nearly always it had not, and this is all; the second statement is for one that had.
    if await db.run(
        "UPDATE grants SET proven_at_ms = $2, needs_at_ms = $3 WHERE id = $1 AND dead_at_ms IS NULL", grant_id, *given
    ):
        return False
    touched = await db.run(
        "UPDATE grants SET proven_at_ms = $2, needs_at_ms = $3, dead_at_ms = NULL, dead_reason = NULL"
        " WHERE id = $1 AND dead_at_ms IS NOT NULL",
        grant_id,
        *given,
    )
    return touched == 1


async def set_need(db: Statements, grant_id: str, needs_at: datetime | None) -> None:
    """Note from when on a person is needed, unless it was given up: then one is."""
    at_ms = clock.to_ms_or_none(needs_at)
    await db.run("UPDATE grants SET needs_at_ms = $2 WHERE id = $1 AND dead_at_ms IS NULL", grant_id, at_ms)


async def renew_tokens(
    db: Statements, grant_id: str, lease: Lease, tokens: SealedTokens, now: datetime, *, is_same_end: bool = False
) -> bool:
    """Save renewed tokens and give the right back; False when newer ones came meanwhile, which then stay.

    A missing refresh token keeps the stored one. `is_same_end`: they end when those before them did, so that a warning
    that is planned, or due this moment, stays so. Whoever lost the lease but not the version still saves: its pair is
    the one the platform issued last.
    """
    touched = await db.run(
        "UPDATE grant_tokens SET version = version + 1, access_sealed = $3,"
        " refresh_sealed = coalesce($4, refresh_sealed), access_expires_at_ms = $5,"
        " refresh_expires_at_ms = CASE WHEN $4 IS NULL THEN refresh_expires_at_ms ELSE $6 END,"
        " renew_at_ms = $8, failures = 0, warn_at_ms = CASE WHEN $10 THEN coalesce(warn_at_ms, $9) ELSE $9 END,"
        " lease_until_ms = 0, holder = NULL, updated_at_ms = $7 WHERE grant_id = $1 AND version = $2",
        grant_id,
        lease.version,
        tokens.access_sealed,
        tokens.refresh_sealed,
        clock.to_ms_or_none(tokens.access_expires_at),
        clock.to_ms_or_none(tokens.refresh_expires_at),
        clock.to_ms(now),
        clock.to_ms_or_none(tokens.renew_at),
        clock.to_ms_or_none(tokens.warn_at),
        is_same_end,
    )
    return touched == 1


async def due_warnings(db: Statements, *, now: datetime, limit: int) -> list[DueWarning]:
    """Grants that a warning may be due of, the longest due first."""
    rows = await db.all(
        "SELECT t.grant_id, g.platform, t.warn_at_ms FROM grant_tokens t JOIN grants g ON g.id = t.grant_id"
        " WHERE t.warn_at_ms <= $1 ORDER BY t.warn_at_ms LIMIT $2",
        clock.to_ms(now),
        limit,
    )
    return [
        DueWarning(grant_id=row["grant_id"], platform=row["platform"], warn_at=clock.from_ms(row["warn_at_ms"]))
        for row in rows
    ]


async def take_warning(tx: Statements, due: DueWarning) -> bool:
    """Let nobody else tell what is due, and hold the tokens until this transaction ends; False: somebody did."""
    touched = await tx.run(
        "UPDATE grant_tokens SET warn_at_ms = NULL WHERE grant_id = $1 AND warn_at_ms = $2",
        due.grant_id,
        clock.to_ms(due.warn_at),
    )
    return touched == 1


async def plan_warning(db: Statements, grant_id: str, warn_at: datetime | None) -> None:
    """Set when a warning may be due next (None: never)."""
    await db.run("UPDATE grant_tokens SET warn_at_ms = $2 WHERE grant_id = $1", grant_id, clock.to_ms_or_none(warn_at))


async def delete_unused(db: Statements, grant_id: str) -> bool:
    """Delete the grant and its tokens if no account hangs on it; whether it went."""
    touched = await db.run(
        "DELETE FROM grants WHERE id = $1 AND NOT EXISTS (SELECT 1 FROM accounts WHERE grant_id = $1)", grant_id
    )
    return touched == 1


def _tokens(row: Row) -> SealedTokens:
    refresh_sealed = row["refresh_sealed"]
    return SealedTokens(
        version=row["version"],
        access_sealed=bytes(row["access_sealed"]),
        refresh_sealed=None if refresh_sealed is None else bytes(refresh_sealed),
        access_expires_at=clock.from_ms_or_none(row["access_expires_at_ms"]),
        refresh_expires_at=clock.from_ms_or_none(row["refresh_expires_at_ms"]),
        renew_at=clock.from_ms_or_none(row["renew_at_ms"]),
        failures=row["failures"],
        warn_at=clock.from_ms_or_none(row["warn_at_ms"]),
    )


def _grant(row: Row) -> Grant:
    return Grant(
        id=row["id"],
        user_id=row["user_id"],
        platform=row["platform"],
        app_id=row["app_id"],
        platform_user_id=row["platform_user_id"],
        username=row["username"],
        granted=None if row["granted"] is None else tuple(json.loads(row["granted"])),
        service_url=row["service_url"],
        dead_reason=row["dead_reason"],
    )
