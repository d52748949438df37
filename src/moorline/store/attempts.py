"""Table `attempts`: one row per connection somebody started: its one-use state, then what became of it."""

import json
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from moorline import clock
from moorline.store.db import Row, Statements

# started: sent to the platform. returned: the callback has it. selecting: consent is given, the choice is open.
Status = Literal["started", "returned", "selecting", "connected", "failed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """`user_id` is the tenant; `state_hash` and `code_hash` are SHA-256; `note` is sanitised, for the operator.

    `reconnect_account_id`: the account to be renewed, instead of one to be made; `expected_platform_user_id`: whom the
    platform has to name. `credential_id`: the tenant's own app (None: the instance's); `scopes`: asked for instead of
    the app's. `key_id`, `member_id` or `link_id` tell who started it; `opener_origin` is the page that opened a popup.
    `steps` are lines of `connect.steps`; `tries` counts sign-ins, where a person types a password here.
    """

    id: str
    user_id: str
    key_id: str | None
    profile_id: str
    platform: str
    app_id: str
    redirect_uri: str
    redirect_url: str | None
    headless: bool
    reconnect_account_id: str | None = None
    expected_platform_user_id: str | None = None
    credential_id: str | None = None
    member_id: str | None = None
    link_id: str | None = None
    scopes: tuple[str, ...] | None = None
    language: str | None = None
    opener_origin: str | None = None
    state_hash: bytes = field(repr=False)
    verifier_sealed: bytes | None = field(default=None, repr=False)
    code_hash: bytes | None = field(default=None, repr=False)
    status: Status = "started"
    slug: str | None = None
    note: str | None = None
    account_id: str | None = None
    steps: str = ""
    tries: int = 0
    created_at: datetime
    expires_at: datetime
    consumed_at: datetime | None = None
    finished_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """A state that comes back: where to, with which code, and (None: any) for which tenant and profile.

    `credential_id` is the tenant's own app whose callback it came to; None: the instance's.
    """

    state_hash: bytes = field(repr=False)
    code_hash: bytes = field(repr=False)
    platform: str
    app_id: str
    now: datetime
    credential_id: str | None = None
    user_id: str | None = None
    profile_id: str | None = None


async def insert_for_profile(db: Statements, attempt: Attempt) -> bool:
    """Save a started attempt if its tenant has its profile; False (and nothing saved) otherwise. One statement."""
    row = await db.one(
        "INSERT INTO attempts (id, user_id, key_id, profile_id, platform, app_id, redirect_uri, redirect_url, headless,"
        " state_hash, verifier_sealed, status, created_at_ms, expires_at_ms, reconnect_account_id,"
        " expected_platform_user_id, credential_id, member_id, link_id, scopes, language, opener_origin)"
        " SELECT $1, user_id, $3, id, $5, $6, $7, $8, $9, $10, $11, 'started', $12, $13, $14, $15, $16, $17, $18, $19,"
        " $20, $21 FROM profiles WHERE id = $4 AND user_id = $2 RETURNING id",
        attempt.id,
        attempt.user_id,
        attempt.key_id,
        attempt.profile_id,
        attempt.platform,
        attempt.app_id,
        attempt.redirect_uri,
        attempt.redirect_url,
        attempt.headless,
        attempt.state_hash,
        attempt.verifier_sealed,
        clock.to_ms(attempt.created_at),
        clock.to_ms(attempt.expires_at),
        attempt.reconnect_account_id,
        attempt.expected_platform_user_id,
        attempt.credential_id,
        attempt.member_id,
        attempt.link_id,
        None if attempt.scopes is None else json.dumps(attempt.scopes),
        attempt.language,
        attempt.opener_origin,
    )
    return row is not None


async def consume(db: Statements, use: Use) -> Attempt | None:
    """Use up the state: the row when this call was the first, in time and for the right place; None otherwise."""
    row = await db.one(
        "UPDATE attempts SET status = 'returned', code_hash = $4, consumed_at_ms = $5"
        " WHERE state_hash = $1 AND platform = $2 AND app_id = $3 AND consumed_at_ms IS NULL AND expires_at_ms > $5"
        " AND coalesce(credential_id, '') = $8"
        " AND (CAST($6 AS TEXT) IS NULL OR user_id = $6) AND (CAST($7 AS TEXT) IS NULL OR profile_id = $7) RETURNING *",
        use.state_hash,
        use.platform,
        use.app_id,
        use.code_hash,
        clock.to_ms(use.now),
        use.user_id,
        use.profile_id,
        use.credential_id or "",
    )
    return None if row is None else _attempt(row)


async def by_state(db: Statements, state_hash: bytes) -> Attempt | None:
    """The attempt of a state, used or not."""
    row = await db.one("SELECT * FROM attempts WHERE state_hash = $1", state_hash)
    return None if row is None else _attempt(row)


async def get(db: Statements, attempt_id: str) -> Attempt | None:
    """One attempt, whoever's."""
    row = await db.one("SELECT * FROM attempts WHERE id = $1", attempt_id)
    return None if row is None else _attempt(row)


async def of_tenant(db: Statements, user_id: str, attempt_id: str) -> Attempt | None:
    """One attempt of the tenant's."""
    row = await db.one("SELECT * FROM attempts WHERE id = $1 AND user_id = $2", attempt_id, user_id)
    return None if row is None else _attempt(row)


async def of_link(db: Statements, link_id: str, *, before: str | None, limit: int) -> list[Attempt]:
    """Attempts started through a connect link, newest first; `before` is the id of one: only older ones are wanted."""
    start: tuple[int, str] | None = (2**63 - 1, "~")  # after every instant and every id
    if before is not None:
        row = await db.one("SELECT created_at_ms FROM attempts WHERE id = $1 AND link_id = $2", before, link_id)
        start = None if row is None else (row["created_at_ms"], before)
    if start is None:
        return []
    rows = await db.all(
        "SELECT * FROM attempts WHERE link_id = $1 AND (created_at_ms, id) < ($2, $3)"
        " ORDER BY created_at_ms DESC, id DESC LIMIT $4",
        link_id,
        *start,
        limit,
    )
    return [_attempt(row) for row in rows]


async def count_try(db: Statements, attempt_id: str, *, at_most: int) -> int | None:
    """Count one sign-in more; which one it is, or None (and nothing counted) when there were as many as may be."""
    row = await db.one(
        "UPDATE attempts SET tries = coalesce(tries, 0) + 1 WHERE id = $1 AND coalesce(tries, 0) < $2 RETURNING tries",
        attempt_id,
        at_most,
    )
    return None if row is None else row["tries"]


async def set_selecting(db: Statements, attempt_id: str, *, steps: str) -> None:
    """Consent is given and the choice is open; `steps` are added to those kept."""
    await db.run(
        "UPDATE attempts SET status = 'selecting', verifier_sealed = NULL, steps = coalesce(steps, '') || $2"
        " WHERE id = $1 AND status = 'returned'",
        attempt_id,
        steps,
    )


async def set_connected(
    db: Statements, attempt_id: str, account_id: str, now: datetime, *, steps: str = ""
) -> str | None:
    """The account is saved; a later choice from the same consent replaces the earlier in the journal.

    The connect link it was started through, if it was.
    """
    row = await db.one(
        "UPDATE attempts SET status = 'connected', account_id = $2, finished_at_ms = $3, verifier_sealed = NULL,"
        " slug = NULL, steps = coalesce(steps, '') || $4 WHERE id = $1 RETURNING link_id",
        attempt_id,
        account_id,
        clock.to_ms(now),
        steps,
    )
    return None if row is None else row["link_id"]


async def count_once(db: Statements, attempt_id: str, account_id: str) -> bool:
    """Note that this account was counted at the attempt's connect link; False when it was before."""
    touched = await db.run(
        "UPDATE attempts SET counted_account_id = $2 WHERE id = $1 AND coalesce(counted_account_id, '') <> $2",
        attempt_id,
        account_id,
    )
    return touched == 1


async def set_failed(
    db: Statements, attempt_id: str, *, slug: str, note: str | None, now: datetime, steps: str = ""
) -> bool:
    """Note why it failed; False when it is connected already (or gone), which nothing takes back."""
    touched = await db.run(
        "UPDATE attempts SET status = 'failed', slug = $2, note = $3, finished_at_ms = $4, verifier_sealed = NULL,"
        " steps = coalesce(steps, '') || $5 WHERE id = $1 AND status <> 'connected'",
        attempt_id,
        slug,
        note,
        clock.to_ms(now),
        steps,
    )
    return touched == 1


async def fail_abandoned(
    db: Statements, *, after: datetime, until: datetime, returned_before: datetime, now: datetime
) -> int:
    """Note a failure of our own for callbacks nobody can be at work on any more; how many there were.

    Of attempts created after an instant and until another.
    """
    return await db.run(
        "UPDATE attempts SET status = 'failed', slug = 'internal_error', note = 'The server stopped at work on it.',"
        " finished_at_ms = $4, verifier_sealed = NULL"
        " WHERE status = 'returned' AND created_at_ms > $1 AND created_at_ms <= $2 AND consumed_at_ms < $3",
        clock.to_ms(after),
        clock.to_ms(until),
        clock.to_ms(returned_before),
        clock.to_ms(now),
    )


async def end_of_page(db: Statements, *, after: datetime, until: datetime, limit: int) -> datetime:
    """Where a page of `limit` attempts created after an instant ends: `until` at the latest."""
    row = await db.one(
        "SELECT created_at_ms FROM attempts WHERE created_at_ms > $1 AND created_at_ms <= $2"
        " ORDER BY created_at_ms LIMIT 1 OFFSET $3",
        clock.to_ms(after),
        clock.to_ms(until),
        limit - 1,
    )
    return until if row is None else clock.from_ms(row["created_at_ms"])


async def wipe_verifiers(db: Statements, *, after: datetime, until: datetime, now: datetime) -> int:
    """Wipe what nobody can use any more, of attempts created after an instant and until another; how many there were.

    Nobody came back with their state, and it has expired.
    """
    return await db.run(
        "UPDATE attempts SET verifier_sealed = NULL WHERE created_at_ms > $1 AND created_at_ms <= $2"
        " AND verifier_sealed IS NOT NULL AND consumed_at_ms IS NULL AND expires_at_ms <= $3",
        clock.to_ms(after),
        clock.to_ms(until),
        clock.to_ms(now),
    )


async def delete_unreturned(db: Statements, *, after: datetime, until: datetime) -> int:
    """Delete those of a page from which nobody came back; how many went."""
    return await db.run(
        "DELETE FROM attempts WHERE created_at_ms > $1 AND created_at_ms <= $2 AND status = 'started'",
        clock.to_ms(after),
        clock.to_ms(until),
    )


async def purge(db: Statements, *, before: datetime, limit: int) -> int:
    """Delete up to `limit` attempts created before an instant; how many went."""
    return await db.run(
        "DELETE FROM attempts WHERE id IN"
        " (SELECT id FROM attempts WHERE created_at_ms < $1 ORDER BY created_at_ms LIMIT $2)",
        clock.to_ms(before),
        limit,
    )


def _attempt(row: Row) -> Attempt:
    return Attempt(
        id=row["id"],
        user_id=row["user_id"],
        key_id=row["key_id"],
        profile_id=row["profile_id"],
        platform=row["platform"],
        app_id=row["app_id"],
        redirect_uri=row["redirect_uri"],
        redirect_url=row["redirect_url"],
        headless=bool(row["headless"]),
        reconnect_account_id=row["reconnect_account_id"],
        expected_platform_user_id=row["expected_platform_user_id"],
        credential_id=row["credential_id"],
        member_id=row["member_id"],
        link_id=row["link_id"],
        scopes=None if row["scopes"] is None else tuple(json.loads(row["scopes"])),
        language=row["language"],
        opener_origin=row["opener_origin"],
        state_hash=bytes(row["state_hash"]),
        verifier_sealed=None if row["verifier_sealed"] is None else bytes(row["verifier_sealed"]),
        code_hash=None if row["code_hash"] is None else bytes(row["code_hash"]),
        status=row["status"],
        slug=row["slug"],
        note=row["note"],
        account_id=row["account_id"],
        steps=row["steps"] or "",
        tries=row["tries"] or 0,
        created_at=clock.from_ms(row["created_at_ms"]),
        expires_at=clock.from_ms(row["expires_at_ms"]),
        consumed_at=clock.from_ms_or_none(row["consumed_at_ms"]),
        finished_at=clock.from_ms_or_none(row["finished_at_ms"]),
    )
