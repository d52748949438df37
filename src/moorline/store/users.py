"""Table `users`: people who own profiles (roots) and the members they invited."""

import json
from dataclasses import dataclass, field
from datetime import datetime

from moorline import clock
from moorline.store.db import Row, Statements


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """`root_id` is the tenant: the user's own id for a root. `profile_ids` None means all profiles."""

    id: str
    root_id: str
    name: str
    email: str
    role: str
    profile_ids: tuple[str, ...] | None
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class UserWithPassword:
    """A user and the hash of their password; None: they have none."""

    user: User
    password_hash: str | None = field(repr=False)


async def insert(db: Statements, user: User) -> None:
    """Raises: UniqueViolated when the e-mail address is taken."""
    await db.run(
        "INSERT INTO users (id, root_id, name, email, role, profile_ids, created_at_ms)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7)",
        user.id,
        user.root_id,
        user.name,
        user.email,
        user.role,
        None if user.profile_ids is None else json.dumps(user.profile_ids),
        clock.to_ms(user.created_at),
    )


async def hold(tx: Statements, user_id: str) -> None:
    """Let no other transaction hold this user until this one ends: what it counts among the user's rows stays true."""
    await tx.run("UPDATE users SET root_id = root_id WHERE id = $1", user_id)


async def by_email(db: Statements, email: str) -> User | None:
    """The user with this address, compared as stored."""
    row = await db.one("SELECT * FROM users WHERE email = $1", email)
    return None if row is None else from_row(row)


async def with_password(db: Statements, email: str) -> UserWithPassword | None:
    """As `by_email`, with what a password is compared to."""
    row = await db.one("SELECT * FROM users WHERE email = $1", email)
    return None if row is None else UserWithPassword(user=from_row(row), password_hash=row["password_hash"])


async def set_password_hash(db: Statements, user_id: str, password_hash: str) -> bool:
    """Set or replace it; False when the user is gone."""
    return await db.run("UPDATE users SET password_hash = $2 WHERE id = $1", user_id, password_hash) == 1


async def anybody_has_password(db: Statements) -> bool:
    """Whether any user of any tenant can sign in with one."""
    return await db.one("SELECT id FROM users WHERE password_hash IS NOT NULL LIMIT 1") is not None


async def of_tenant(db: Statements, root_id: str, user_id: str) -> User | None:
    """One user of the tenant, the root included."""
    row = await db.one("SELECT * FROM users WHERE id = $1 AND root_id = $2", user_id, root_id)
    return None if row is None else from_row(row)


async def root_of(db: Statements, user_id: str) -> str | None:
    """The tenant a user belongs to."""
    row = await db.one("SELECT root_id FROM users WHERE id = $1", user_id)
    return None if row is None else str(row["root_id"])


async def all_of_tenant(db: Statements, root_id: str) -> list[User]:
    """The root and its members, oldest first."""
    rows = await db.all("SELECT * FROM users WHERE root_id = $1 ORDER BY created_at_ms, id", root_id)
    return [from_row(row) for row in rows]


def from_row(row: Row) -> User:
    """The user of a row that has every column of this table."""
    return User(
        id=row["id"],
        root_id=row["root_id"],
        name=row["name"],
        email=row["email"],
        role=row["role"],
        profile_ids=None if row["profile_ids"] is None else tuple(json.loads(row["profile_ids"])),
        created_at=clock.from_ms(row["created_at_ms"]),
    )
