"""Tables `accounts` and `account_tokens`: what is connected; the token only where an account has one of its own.

Lists read many of these rows, so they are msgspec structs, which cost a sixth of a frozen dataclass to make.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec

from moorline import clock
from moorline.store.db import Row, Statements, in_order

_ASKED_TOGETHER = 100
_OF_IDENTITIES = (
    "SELECT platform_account_id, profile_id FROM accounts WHERE user_id = $1 AND platform = $2"  # noqa: S608 - numbers
    f" AND platform_account_id IN ({', '.join(f'${number + 3}' for number in range(_ASKED_TOGETHER))})"
)
_OLDEST = (-1, "")  # before every instant and every id


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """`user_id` is the tenant; `details` is shown in answers; `grant_id` None where no person's grant stands behind."""

    id: str
    user_id: str
    profile_id: str
    grant_id: str | None
    platform: str
    platform_account_id: str
    username: str
    display_name: str
    picture_url: str | None
    profile_url: str | None
    is_active: bool
    details: Mapping[str, Any]
    created_at: datetime


class AccountOfProfile(msgspec.Struct, frozen=True, kw_only=True):
    """An account with the name and slug of its profile, as lists show it."""

    account: Account
    profile_name: str
    profile_slug: str


async def upsert(db: Statements, account: Account, now: datetime) -> Account:
    """Save, or update in place the account that this identity has in this profile: its id and creation stay.

    Raises: ReferenceViolated when the profile is gone.
    """
    row = await db.one(
        "INSERT INTO accounts (id, user_id, profile_id, grant_id, platform, platform_account_id, username,"
        " display_name, picture_url, profile_url, is_active, details, created_at_ms, updated_at_ms)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $13)"
        " ON CONFLICT (profile_id, platform, platform_account_id) DO UPDATE SET grant_id = excluded.grant_id,"
        " username = excluded.username, display_name = excluded.display_name, picture_url = excluded.picture_url,"
        " profile_url = excluded.profile_url, is_active = excluded.is_active,"
        # what was set after the connection (a default subreddit) stays when a new consent tells nothing of it
        " details = CASE WHEN excluded.details = '{}' THEN accounts.details ELSE excluded.details END,"
        " updated_at_ms = excluded.updated_at_ms RETURNING *",
        account.id,
        account.user_id,
        account.profile_id,
        account.grant_id,
        account.platform,
        account.platform_account_id,
        account.username,
        account.display_name,
        account.picture_url,
        account.profile_url,
        account.is_active,
        json.dumps(account.details),
        clock.to_ms(now),
    )
    if row is None:
        raise RuntimeError("an upsert answered no row")
    return _account(row)


async def grant_id_of(db: Statements, profile_id: str, platform: str, platform_account_id: str) -> str | None:
    """The grant this identity hangs on now in this profile."""
    row = await db.one(
        "SELECT grant_id FROM accounts WHERE profile_id = $1 AND platform = $2 AND platform_account_id = $3",
        profile_id,
        platform,
        platform_account_id,
    )
    return None if row is None else row["grant_id"]


async def get(db: Statements, user_id: str, account_id: str) -> AccountOfProfile | None:
    """One account of the tenant."""
    row = await db.one(
        "SELECT a.*, p.name AS profile_name, p.slug AS profile_slug FROM accounts a"
        " JOIN profiles p ON p.id = a.profile_id WHERE a.id = $1 AND a.user_id = $2",
        account_id,
        user_id,
    )
    return None if row is None else _with_profiles([row])[0]


async def app_of(db: Statements, user_id: str, account_id: str) -> str | None:
    """The client id that the account's consent was given to; None when it is gone, or hangs on none."""
    row = await db.one(
        "SELECT g.app_id FROM accounts a JOIN grants g ON g.id = a.grant_id WHERE a.id = $1 AND a.user_id = $2",
        account_id,
        user_id,
    )
    return None if row is None else str(row["app_id"])


async def person_of(db: Statements, user_id: str, account_id: str) -> str | None:
    """The platform's id of the person whose grant an account hangs on; None when it is gone, or hangs on none."""
    row = await db.one(
        "SELECT g.platform_user_id FROM accounts a JOIN grants g ON g.id = a.grant_id"
        " WHERE a.id = $1 AND a.user_id = $2",
        account_id,
        user_id,
    )
    return None if row is None else str(row["platform_user_id"])


async def all_of(
    db: Statements,
    user_id: str,
    *,
    profile_ids: tuple[str, ...] | None = None,
    after: tuple[int, str] | None = None,
    limit: int,
) -> list[AccountOfProfile]:
    """Accounts of the tenant, or of some of its profiles, oldest first; those after a place: when an account was made,
    in milliseconds, and its id.
    """
    narrowed, given = _narrowed(profile_ids)
    rows = await db.all(
        "SELECT a.*, p.name AS profile_name, p.slug AS profile_slug FROM accounts a"  # noqa: S608 - constants
        f" JOIN profiles p ON p.id = a.profile_id WHERE a.user_id = $1{narrowed}"
        " AND (a.created_at_ms, a.id) > ($3, $4) ORDER BY a.created_at_ms, a.id LIMIT $5",
        user_id,
        given,
        *(after or _OLDEST),
        limit,
    )
    return _with_profiles(rows)


async def place_at(
    db: Statements, user_id: str, *, profile_ids: tuple[str, ...] | None = None, number: int
) -> tuple[int, str] | None:
    """Where the account of this number, from 1, stands in the list of `all_of`; None when there are not so many.

    Counts along the index and reads no account, and so costs a thousandth of reading them.
    """
    narrowed, given = _narrowed(profile_ids)
    row = await db.one(
        f"SELECT a.created_at_ms, a.id FROM accounts a WHERE a.user_id = $1{narrowed}"  # noqa: S608 - constants
        " ORDER BY a.created_at_ms, a.id LIMIT 1 OFFSET $3",
        user_id,
        given,
        number - 1,
    )
    return None if row is None else (row["created_at_ms"], row["id"])


async def count(db: Statements, user_id: str, *, profile_ids: tuple[str, ...] | None = None) -> int:
    """How many accounts the tenant has, or some of its profiles."""
    narrowed, given = _narrowed(profile_ids)
    row = await db.one(f"SELECT count(*) AS n FROM accounts a WHERE a.user_id = $1{narrowed}", user_id, given)  # noqa: S608 - constants
    return 0 if row is None else int(row["n"])


def _narrowed(profile_ids: tuple[str, ...] | None) -> tuple[str, str | None]:
    """A condition on $2, and what it is. One profile is a range of an index; several are looked for in the tenant's."""
    if profile_ids is not None and len(profile_ids) == 1:
        return " AND a.profile_id = $2", profile_ids[0]
    # no id holds a comma or a wildcard
    listed = None if profile_ids is None else f",{','.join(profile_ids)},"
    return " AND (CAST($2 AS TEXT) IS NULL OR $2 LIKE '%,' || a.profile_id || ',%')", listed


async def set_names(db: Statements, account_id: str, *, username: str, display_name: str, now: datetime) -> None:
    """Change what the account is called here."""
    await db.run(
        "UPDATE accounts SET username = $2, display_name = $3, updated_at_ms = $4 WHERE id = $1",
        account_id,
        username,
        display_name,
        clock.to_ms(now),
    )


async def switch(db: Statements, account: Account, now: datetime) -> bool:
    """Let the account stand for another thing of the same grant: all it is, but for id, profile, grant and creation.

    False when it is gone, or hangs on another grant by now.
    Raises: UniqueViolated when another account of the profile is that thing already.
    """
    touched = await db.run(
        "UPDATE accounts SET platform_account_id = $3, username = $4, display_name = $5, picture_url = $6,"
        " profile_url = $7, details = $8, updated_at_ms = $9 WHERE id = $1 AND user_id = $2 AND grant_id = $10",
        account.id,
        account.user_id,
        account.platform_account_id,
        account.username,
        account.display_name,
        account.picture_url,
        account.profile_url,
        json.dumps(account.details),
        clock.to_ms(now),
        account.grant_id,
    )
    return touched == 1


async def set_active_of_grant(db: Statements, grant_id: str, *, is_active: bool, now: datetime) -> list[Account]:
    """Switch the accounts that hang on a grant; those that this changed.

    On go only those that live on the grant's own tokens: what has a token of its own needs a new one.
    """
    rows = await db.all(
        "UPDATE accounts SET is_active = $2, updated_at_ms = $3 WHERE grant_id = $1 AND is_active <> $2"
        " AND (NOT $2 OR NOT EXISTS (SELECT 1 FROM account_tokens t WHERE t.account_id = accounts.id)) RETURNING *",
        grant_id,
        is_active,
        clock.to_ms(now),
    )
    return [_account(row) for row in rows]


async def hold_of_grant(tx: Statements, grant_id: str) -> list[Account]:
    """The active accounts that hang on a grant; no other transaction changes them until this one ends."""
    rows = await tx.all(
        "UPDATE accounts SET is_active = is_active WHERE grant_id = $1 AND is_active RETURNING *", grant_id
    )
    return [_account(row) for row in rows]


async def count_of_grant(db: Statements, grant_id: str) -> int:
    """How many accounts hang on a grant."""
    row = await db.one("SELECT count(*) AS n FROM accounts WHERE grant_id = $1", grant_id)
    return 0 if row is None else int(row["n"])


async def profiles_of_identities(
    db: Statements, user_id: str, platform: str, platform_account_ids: Sequence[str]
) -> list[tuple[str, str]]:
    """Which of some identities of the platform the tenant has in which profile: (platform_account_id, profile_id)."""
    found: list[Row] = []
    for first in range(0, len(platform_account_ids), _ASKED_TOGETHER):
        asked = platform_account_ids[first : first + _ASKED_TOGETHER]
        # always as many, so that it is always the same statement
        padded = (*asked, *[None] * (_ASKED_TOGETHER - len(asked)))
        found += await db.all(_OF_IDENTITIES, user_id, platform, *padded)
    return [(row["platform_account_id"], row["profile_id"]) for row in found]


async def things_of_profile(db: Statements, profile_id: str, platform: str) -> list[tuple[str, Mapping[str, Any]]]:
    """What the profile has of a platform: (platform_account_id, details)."""
    rows = await db.all(
        "SELECT platform_account_id, details FROM accounts WHERE profile_id = $1 AND platform = $2",
        profile_id,
        platform,
    )
    return [(row["platform_account_id"], msgspec.json.decode(row["details"])) for row in rows]


async def set_active(
    db: Statements, platform: str, platform_account_id: str, *, is_active: bool, now: datetime
) -> list[Account]:
    """Switch every account of this identity, in whatever profile; those that this changed."""
    rows = await db.all(
        "UPDATE accounts SET is_active = $3, updated_at_ms = $4"
        " WHERE platform = $1 AND platform_account_id = $2 AND is_active <> $3 RETURNING *",
        platform,
        platform_account_id,
        is_active,
        clock.to_ms(now),
    )
    return [_account(row) for row in rows]


async def delete(db: Statements, user_id: str, account_id: str) -> Account | None:
    """Delete with its own tokens; the row as it was."""
    row = await db.one("DELETE FROM accounts WHERE id = $1 AND user_id = $2 RETURNING *", account_id, user_id)
    return None if row is None else _account(row)


async def held_by_another(db: Statements, platform: str, platform_account_id: str, user_id: str) -> bool:
    """Whether another tenant has this identity connected."""
    row = await db.one(
        "SELECT 1 AS found FROM accounts WHERE platform = $1 AND platform_account_id = $2 AND user_id <> $3 LIMIT 1",
        platform,
        platform_account_id,
        user_id,
    )
    return row is not None


async def rename_identity(db: Statements, platform: str, old: str, new: str) -> int:
    """Give accounts the platform's new id of the same thing (a Telegram group that became a supergroup)."""
    return await db.run(
        "UPDATE accounts SET platform_account_id = $3,"
        " username = CASE WHEN username = $2 THEN $3 ELSE username END WHERE platform = $1 AND platform_account_id = $2"
        " AND NOT EXISTS (SELECT 1 FROM accounts o WHERE o.profile_id = accounts.profile_id AND o.platform = $1"
        " AND o.platform_account_id = $3)",
        platform,
        old,
        new,
    )


async def put_token(
    db: Statements, account_id: str, access_sealed: bytes, expires_at: datetime | None, now: datetime
) -> None:
    """Save or replace the account's own token."""
    await db.run(
        "INSERT INTO account_tokens (account_id, access_sealed, access_expires_at_ms, updated_at_ms)"
        " VALUES ($1, $2, $3, $4) ON CONFLICT (account_id) DO UPDATE SET access_sealed = excluded.access_sealed,"
        " access_expires_at_ms = excluded.access_expires_at_ms, updated_at_ms = excluded.updated_at_ms",
        account_id,
        access_sealed,
        clock.to_ms_or_none(expires_at),
        clock.to_ms(now),
    )


async def delete_token(db: Statements, account_id: str) -> None:
    """Wipe the account's own token: what it stands for now has none."""
    await db.run("DELETE FROM account_tokens WHERE account_id = $1", account_id)


async def get_token(db: Statements, account_id: str) -> bytes | None:
    """The account's own sealed token."""
    row = await db.one("SELECT access_sealed FROM account_tokens WHERE account_id = $1", account_id)
    return None if row is None else bytes(row["access_sealed"])


_COLUMNS = (
    "id", "user_id", "profile_id", "grant_id", "platform", "platform_account_id", "username", "display_name",
    "picture_url", "profile_url", "is_active", "details", "created_at_ms",
)  # fmt: skip


def _with_profiles(rows: Sequence[Row]) -> list[AccountOfProfile]:
    return [
        AccountOfProfile(account=_made_of(values), profile_name=profile_name, profile_slug=profile_slug)
        for *values, profile_name, profile_slug in in_order(rows, (*_COLUMNS, "profile_name", "profile_slug"))
    ]


def _account(row: Row) -> Account:
    return _made_of([row[name] for name in _COLUMNS])


def _made_of(values: Sequence[Any]) -> Account:
    """The account of `_COLUMNS`, in their order."""
    (
        account_id, user_id, profile_id, grant_id, platform, platform_account_id, username, display_name,
        picture_url, profile_url, is_active, details, created_at_ms,
    ) = values  # fmt: skip
    return Account(
        id=account_id,
        user_id=user_id,
        profile_id=profile_id,
        grant_id=grant_id,
        platform=platform,
        platform_account_id=platform_account_id,
        username=username,
        display_name=display_name,
        picture_url=picture_url,
        profile_url=profile_url,
        is_active=bool(is_active),
        details=msgspec.json.decode(details),
        created_at=clock.from_ms(created_at_ms),
    )
