"""Table `links`: addresses that let somebody without any login connect; only a SHA-256 of each token."""

import json
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime

from moorline import clock
from moorline.store.db import Row, Statements

_NEWEST = (2**63 - 1, "~")  # after every instant and every id


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """`user_id` is the tenant; neither `key_id` nor `member_id`: the server made it.

    `reconnect_account_id`: it renews this account and connects nothing else. `max_uses` None: no limit; `uses` counts
    the accounts connected through it.
    """

    id: str
    user_id: str
    key_id: str | None
    member_id: str | None
    profile_id: str
    token_hash: bytes = field(repr=False)
    platforms: tuple[str, ...]
    redirect_url: str | None
    language: str | None
    reconnect_account_id: str | None
    max_uses: int | None
    uses: int = 0
    expires_at: datetime
    revoked_at: datetime | None = None
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Connected:
    """An account that was connected through a link."""

    platform: str
    display_name: str


async def insert_for_profile(db: Statements, link: Link) -> bool:
    """Save a new one if its tenant has its profile; False (and nothing saved) otherwise. One statement."""
    row = await db.one(
        "INSERT INTO links (id, user_id, key_id, member_id, profile_id, token_hash, platforms, redirect_url, language,"
        " reconnect_account_id, max_uses, uses, expires_at_ms, created_at_ms)"
        " SELECT $1, user_id, $3, $4, id, $6, $7, $8, $9, $10, CAST($11 AS INTEGER), 0, $12, $13"
        " FROM profiles WHERE id = $5 AND user_id = $2 RETURNING id",
        link.id,
        link.user_id,
        link.key_id,
        link.member_id,
        link.profile_id,
        link.token_hash,
        json.dumps(link.platforms),
        link.redirect_url,
        link.language,
        link.reconnect_account_id,
        link.max_uses,
        clock.to_ms(link.expires_at),
        clock.to_ms(link.created_at),
    )
    return row is not None


async def by_token(db: Statements, token_hash: bytes) -> Link | None:
    """The link of a token, alive or not."""
    row = await db.one("SELECT * FROM links WHERE token_hash = $1", token_hash)
    return None if row is None else _link(row)


async def get(db: Statements, link_id: str) -> Link | None:
    """One link, whoever's."""
    row = await db.one("SELECT * FROM links WHERE id = $1", link_id)
    return None if row is None else _link(row)


async def of_tenant(db: Statements, user_id: str, link_id: str) -> Link | None:
    """One link of the tenant's."""
    row = await db.one("SELECT * FROM links WHERE id = $1 AND user_id = $2", link_id, user_id)
    return None if row is None else _link(row)


async def newest(
    db: Statements, user_id: str, *, profile_ids: tuple[str, ...] | None, before: str | None, limit: int
) -> list[Link]:
    """Links of the tenant, newest first. `profile_ids` None: of all profiles; `before` is the id of a link of theirs:
    only older ones are wanted.
    """
    start = _NEWEST if before is None else await _place_of(db, user_id, before)
    if start is None:
        return []
    rows = await db.all(
        "SELECT * FROM links WHERE user_id = $1 AND (created_at_ms, id) < ($3, $4)"
        # an id holds neither comma nor wildcard
        " AND (CAST($2 AS TEXT) IS NULL OR $2 LIKE '%,' || profile_id || ',%')"
        " ORDER BY created_at_ms DESC, id DESC LIMIT $5",
        user_id,
        None if profile_ids is None else f",{','.join(profile_ids)},",
        *start,
        limit,
    )
    return [_link(row) for row in rows]


async def _place_of(db: Statements, user_id: str, link_id: str) -> tuple[int, str] | None:
    row = await db.one("SELECT created_at_ms FROM links WHERE id = $1 AND user_id = $2", link_id, user_id)
    return None if row is None else (row["created_at_ms"], link_id)


async def revoke(db: Statements, link_id: str, now: datetime) -> bool:
    """Let it connect nothing more; False when it was revoked before, or is gone."""
    touched = await db.run(
        "UPDATE links SET revoked_at_ms = $2 WHERE id = $1 AND revoked_at_ms IS NULL", link_id, clock.to_ms(now)
    )
    return touched == 1


async def revoke_of_key(db: Statements, key_id: str, now: datetime) -> int:
    """Revoke whatever was made with this API key; how many."""
    return await db.run(
        "UPDATE links SET revoked_at_ms = $2 WHERE key_id = $1 AND revoked_at_ms IS NULL", key_id, clock.to_ms(now)
    )


async def revoke_of_account(db: Statements, account_id: str, now: datetime) -> int:
    """Revoke whatever was to renew this account; how many."""
    return await db.run(
        "UPDATE links SET revoked_at_ms = $2 WHERE reconnect_account_id = $1 AND revoked_at_ms IS NULL",
        account_id,
        clock.to_ms(now),
    )


async def count_use(db: Statements, link_id: str, account_id: str) -> bool:
    """Count an account that is being saved, in its transaction.

    False when the link was used up or revoked meanwhile, or is there for another account.
    """
    touched = await db.run(
        "UPDATE links SET uses = uses + 1 WHERE id = $1 AND (max_uses IS NULL OR uses < max_uses)"
        " AND revoked_at_ms IS NULL AND (reconnect_account_id IS NULL OR reconnect_account_id = $2)",
        link_id,
        account_id,
    )
    return touched == 1


async def connected(db: Statements, link_id: str, *, by: Collection[str], limit: int) -> list[Connected]:
    """What some of its attempts connected and is still there, oldest first; kept as long as attempts are."""
    if not by:
        return []
    asked = ", ".join(f"${number + 3}" for number in range(len(by)))
    rows = await db.all(
        "SELECT a.id, a.platform, a.display_name, min(t.created_at_ms) AS first_ms FROM attempts t"  # noqa: S608 - numbers
        f" JOIN accounts a ON a.id = t.account_id WHERE t.id IN ({asked}) AND t.link_id = $1 AND t.status = 'connected'"
        " GROUP BY a.id, a.platform, a.display_name ORDER BY first_ms, a.id LIMIT $2",
        link_id,
        limit,
        *by,
    )
    return [Connected(platform=row["platform"], display_name=row["display_name"]) for row in rows]


async def purge(db: Statements, *, before: datetime, limit: int) -> int:
    """Delete up to `limit` links that ran out before an instant; how many went."""
    return await db.run(
        "DELETE FROM links WHERE id IN (SELECT id FROM links WHERE expires_at_ms < $1 ORDER BY expires_at_ms LIMIT $2)",
        clock.to_ms(before),
        limit,
    )


def _link(row: Row) -> Link:
    return Link(
        id=row["id"],
        user_id=row["user_id"],
        key_id=row["key_id"],
        member_id=row["member_id"],
        profile_id=row["profile_id"],
        token_hash=bytes(row["token_hash"]),
        platforms=tuple(json.loads(row["platforms"])),
        redirect_url=row["redirect_url"],
        language=row["language"],
        reconnect_account_id=row["reconnect_account_id"],
        max_uses=row["max_uses"],
        uses=row["uses"],
        expires_at=clock.from_ms(row["expires_at_ms"]),
        revoked_at=clock.from_ms_or_none(row["revoked_at_ms"]),
        created_at=clock.from_ms(row["created_at_ms"]),
    )
