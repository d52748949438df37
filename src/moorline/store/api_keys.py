"""Table `api_keys`: only a SHA-256 of each key, found by a prefix of the key that is no secret by itself."""

import json
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from moorline import clock
from moorline.store.db import Row, Statements

Permission = Literal["read", "read-write"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKey:
    """`profile_ids` None means all profiles; `redirect_allowlist` None means any valid redirect_url."""

    id: str
    user_id: str
    lookup: str
    key_hash: bytes = field(repr=False)
    name: str
    preview: str
    permission: Permission
    profile_ids: tuple[str, ...] | None
    reveal_tokens: bool
    redirect_allowlist: tuple[str, ...] | None
    expires_at: datetime | None
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyOfUser:
    """A key with what its user may see: `root_id` the tenant, `user_profile_ids` None for all profiles.

    `has_own_apps`: the tenant uses an app of its own on some platform.
    """

    key: ApiKey
    root_id: str
    user_profile_ids: tuple[str, ...] | None
    has_own_apps: bool


async def insert(db: Statements, key: ApiKey) -> None:
    """Raises: UniqueViolated in the unlikely case that the lookup prefix is taken: make another key."""
    await db.run(
        "INSERT INTO api_keys (id, user_id, lookup, key_hash, name, preview, permission, profile_ids, reveal_tokens,"
        " redirect_allowlist, expires_at_ms, created_at_ms)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
        key.id,
        key.user_id,
        key.lookup,
        key.key_hash,
        key.name,
        key.preview,
        key.permission,
        _list_to_json(key.profile_ids),
        key.reveal_tokens,
        _list_to_json(key.redirect_allowlist),
        clock.to_ms_or_none(key.expires_at),
        clock.to_ms(key.created_at),
    )


_WITH_USER = (
    "SELECT k.*, u.root_id, u.profile_ids AS user_profile_ids,"
    " EXISTS (SELECT 1 FROM app_credentials c WHERE c.user_id = u.root_id AND c.is_active) AS has_own_apps"
    " FROM api_keys k JOIN users u ON u.id = k.user_id"
)


async def find(db: Statements, lookup: str) -> KeyOfUser | None:
    """The key with this prefix and its user, expired or not."""
    row = await db.one(f"{_WITH_USER} WHERE k.lookup = $1", lookup)
    return None if row is None else _key_of_user(row)


async def by_id(db: Statements, key_id: str) -> KeyOfUser | None:
    """The key with this id and its user, expired or not; whoever's."""
    row = await db.one(f"{_WITH_USER} WHERE k.id = $1", key_id)
    return None if row is None else _key_of_user(row)


async def exists(db: Statements, key_id: str, now: datetime) -> bool:
    """Whether the key is still there and not expired."""
    row = await db.one(
        "SELECT 1 AS found FROM api_keys WHERE id = $1 AND (expires_at_ms IS NULL OR expires_at_ms > $2)",
        key_id,
        clock.to_ms(now),
    )
    return row is not None


async def redirect_allowlist(db: Statements, key_id: str) -> tuple[str, ...] | None:
    """The addresses this key may send browsers to; None for any valid one, none at all when the key is gone."""
    row = await db.one("SELECT redirect_allowlist FROM api_keys WHERE id = $1", key_id)
    return () if row is None else _json_to_list(row["redirect_allowlist"])


async def all_of(db: Statements, user_id: str) -> list[ApiKey]:
    """Every key of the user, oldest first."""
    rows = await db.all("SELECT * FROM api_keys WHERE user_id = $1 ORDER BY created_at_ms, id", user_id)
    return [_key(row) for row in rows]


async def count_live(db: Statements, user_id: str, now: datetime) -> int:
    """How many keys of the user have not expired."""
    row = await db.one(
        "SELECT count(*) AS n FROM api_keys WHERE user_id = $1 AND (expires_at_ms IS NULL OR expires_at_ms > $2)",
        user_id,
        clock.to_ms(now),
    )
    return 0 if row is None else int(row["n"])


async def delete(db: Statements, user_id: str, key_id: str) -> bool:
    """Delete; False when the user has no such key."""
    return await db.run("DELETE FROM api_keys WHERE id = $1 AND user_id = $2", key_id, user_id) == 1


def _key_of_user(row: Row) -> KeyOfUser:
    return KeyOfUser(
        key=_key(row),
        root_id=row["root_id"],
        user_profile_ids=_json_to_list(row["user_profile_ids"]),
        has_own_apps=bool(row["has_own_apps"]),
    )


def _list_to_json(values: tuple[str, ...] | None) -> str | None:
    return None if values is None else json.dumps(values)


def _json_to_list(text: str | None) -> tuple[str, ...] | None:
    return None if text is None else tuple(json.loads(text))


def _key(row: Row) -> ApiKey:
    return ApiKey(
        id=row["id"],
        user_id=row["user_id"],
        lookup=row["lookup"],
        key_hash=bytes(row["key_hash"]),
        name=row["name"],
        preview=row["preview"],
        permission=row["permission"],
        profile_ids=_json_to_list(row["profile_ids"]),
        reveal_tokens=bool(row["reveal_tokens"]),
        redirect_allowlist=_json_to_list(row["redirect_allowlist"]),
        expires_at=clock.from_ms_or_none(row["expires_at_ms"]),
        created_at=clock.from_ms(row["created_at_ms"]),
    )
