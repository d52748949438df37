"""Table `app_credentials`: a tenant's own registrations at platforms, used instead of the instance's."""

import json
from dataclasses import dataclass, field
from datetime import datetime

from moorline import clock
from moorline.store.db import Row, Statements


@dataclass(frozen=True, slots=True, kw_only=True)
class AppCredential:
    """`user_id` is the tenant; `scopes` None: the platform's usual ones.

    At most one of a tenant's for a platform is active: used for new consents. The others only renew what was
    connected through them.
    """

    id: str
    user_id: str
    platform: str
    client_id: str
    secret_sealed: bytes = field(repr=False)
    scopes: tuple[str, ...] | None
    is_active: bool
    created_at: datetime
    updated_at: datetime


async def insert(db: Statements, credential: AppCredential) -> None:
    """Raises: UniqueViolated when the tenant has this client id, or another active one, for the platform."""
    await db.run(
        "INSERT INTO app_credentials (id, user_id, platform, client_id, secret_sealed, scopes, is_active,"
        " created_at_ms, updated_at_ms) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        credential.id,
        credential.user_id,
        credential.platform,
        credential.client_id,
        credential.secret_sealed,
        _to_json(credential.scopes),
        credential.is_active,
        clock.to_ms(credential.created_at),
        clock.to_ms(credential.updated_at),
    )


async def get(db: Statements, credential_id: str) -> AppCredential | None:
    """One, whoever's."""
    row = await db.one("SELECT * FROM app_credentials WHERE id = $1", credential_id)
    return None if row is None else _credential(row)


async def active(db: Statements, user_id: str, platform: str) -> AppCredential | None:
    """The one that new consents of the tenant go through."""
    row = await db.one(
        "SELECT * FROM app_credentials WHERE user_id = $1 AND platform = $2 AND is_active", user_id, platform
    )
    return None if row is None else _credential(row)


async def by_client(db: Statements, user_id: str, platform: str, client_id: str) -> AppCredential | None:
    """The tenant's one with this client id, active or not."""
    row = await db.one(
        "SELECT * FROM app_credentials WHERE user_id = $1 AND platform = $2 AND client_id = $3",
        user_id,
        platform,
        client_id,
    )
    return None if row is None else _credential(row)


async def all_of(db: Statements, user_id: str) -> list[AppCredential]:
    """All of the tenant, oldest first."""
    rows = await db.all("SELECT * FROM app_credentials WHERE user_id = $1 ORDER BY created_at_ms, id", user_id)
    return [_credential(row) for row in rows]


async def deactivate(db: Statements, user_id: str, platform: str, now: datetime) -> None:
    """Let no one of the tenant's for this platform be used for new consents."""
    await db.run(
        "UPDATE app_credentials SET is_active = FALSE, updated_at_ms = $3"
        " WHERE user_id = $1 AND platform = $2 AND is_active",
        user_id,
        platform,
        clock.to_ms(now),
    )


async def replace(db: Statements, credential: AppCredential, *, with_secret: bool = True) -> bool:
    """Write secret, scopes, activity and the instant of the change; False when it is gone.

    Without `with_secret` the one that is stored stays: it may have been sealed anew since it was read.

    Raises: UniqueViolated when it is to be active beside another.
    """
    touched = await db.run(
        "UPDATE app_credentials SET secret_sealed = CASE WHEN $7 THEN $3 ELSE secret_sealed END,"
        " scopes = $4, is_active = $5, updated_at_ms = $6 WHERE id = $1 AND user_id = $2",
        credential.id,
        credential.user_id,
        credential.secret_sealed,
        _to_json(credential.scopes),
        credential.is_active,
        clock.to_ms(credential.updated_at),
        with_secret,
    )
    return touched == 1


async def hold(tx: Statements, user_id: str, platform: str, client_id: str) -> bool:
    """Let nobody delete it until this transaction ends; False when it is gone."""
    touched = await tx.run(
        "UPDATE app_credentials SET updated_at_ms = updated_at_ms WHERE user_id = $1 AND platform = $2"
        " AND client_id = $3",
        user_id,
        platform,
        client_id,
    )
    return touched == 1


async def delete_unused(tx: Statements, credential: AppCredential) -> bool:
    """Delete it unless a consent that was given to it is kept, waits for a choice or to be withdrawn; whether it went.

    Call `hold` before, in the same transaction: what was saved meanwhile is seen then.
    """
    touched = await tx.run(
        "DELETE FROM app_credentials WHERE id = $1"
        " AND NOT EXISTS (SELECT 1 FROM grants WHERE user_id = $2 AND platform = $3 AND app_id = $4)"
        " AND NOT EXISTS (SELECT 1 FROM selections WHERE user_id = $2 AND platform = $3 AND app_id = $4)"
        " AND NOT EXISTS (SELECT 1 FROM revocations WHERE user_id = $2 AND platform = $3 AND app_id = $4)",
        credential.id,
        credential.user_id,
        credential.platform,
        credential.client_id,
    )
    return touched == 1


async def count_accounts(db: Statements, user_id: str, platform: str, client_id: str) -> int:
    """How many accounts of the tenant were connected through this client."""
    row = await db.one(
        "SELECT count(*) AS n FROM accounts a JOIN grants g ON g.id = a.grant_id"
        " WHERE g.user_id = $1 AND g.platform = $2 AND g.app_id = $3",
        user_id,
        platform,
        client_id,
    )
    return 0 if row is None else int(row["n"])


async def accounts_behind(
    db: Statements, user_id: str, platform: str, client_id: str, *, limit: int
) -> list[tuple[str, str]]:
    """Id and name of accounts of the tenant that were connected through this client."""
    rows = await db.all(
        "SELECT a.id, a.display_name FROM accounts a JOIN grants g ON g.id = a.grant_id"
        " WHERE g.user_id = $1 AND g.platform = $2 AND g.app_id = $3 ORDER BY g.platform_user_id, a.id LIMIT $4",
        user_id,
        platform,
        client_id,
        limit,
    )
    return [(row["id"], row["display_name"]) for row in rows]


def _to_json(scopes: tuple[str, ...] | None) -> str | None:
    return None if scopes is None else json.dumps(scopes)


def _credential(row: Row) -> AppCredential:
    return AppCredential(
        id=row["id"],
        user_id=row["user_id"],
        platform=row["platform"],
        client_id=row["client_id"],
        secret_sealed=bytes(row["secret_sealed"]),
        scopes=None if row["scopes"] is None else tuple(json.loads(row["scopes"])),
        is_active=bool(row["is_active"]),
        created_at=clock.from_ms(row["created_at_ms"]),
        updated_at=clock.from_ms(row["updated_at_ms"]),
    )
