"""Table `profiles`: what accounts are grouped under; exactly one of a tenant is the default."""

from dataclasses import dataclass
from datetime import datetime

from moorline import clock
from moorline.store.db import Row, Statements

_OLDEST = (-1, "")  # before every instant and every id


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """`user_id` is the root user, so the tenant."""

    id: str
    user_id: str
    name: str
    slug: str
    description: str | None
    color: str | None
    is_default: bool
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfileRow:
    """A profile as lists for people show it: with the number of accounts that hang on it."""

    profile: Profile
    accounts: int


async def insert(db: Statements, profile: Profile) -> None:
    """Save a new profile; it becomes the default when the tenant has no other, whatever `is_default` says."""
    await db.run(
        "INSERT INTO profiles (id, user_id, name, slug, description, color, is_default, created_at_ms)"
        " SELECT $1, CAST($2 AS TEXT), $3, $4, $5, $6,"
        " NOT EXISTS (SELECT 1 FROM profiles WHERE user_id = CAST($2 AS TEXT)), $7",
        profile.id,
        profile.user_id,
        profile.name,
        profile.slug,
        profile.description,
        profile.color,
        clock.to_ms(profile.created_at),
    )


async def get(db: Statements, user_id: str, profile_id: str) -> Profile | None:
    """One profile of the tenant."""
    row = await db.one("SELECT * FROM profiles WHERE id = $1 AND user_id = $2", profile_id, user_id)
    return None if row is None else _profile(row)


async def all_of(db: Statements, user_id: str) -> list[Profile]:
    """Every profile of the tenant, oldest first."""
    rows = await db.all("SELECT * FROM profiles WHERE user_id = $1 ORDER BY created_at_ms, id", user_id)
    return [_profile(row) for row in rows]


async def default_of(db: Statements, user_id: str) -> Profile | None:
    """The tenant's default profile."""
    row = await db.one("SELECT * FROM profiles WHERE user_id = $1 AND is_default LIMIT 1", user_id)
    return None if row is None else _profile(row)


async def page_of(
    db: Statements, user_id: str, *, ids: tuple[str, ...] | None, name: str, slug: str, after: str | None, limit: int
) -> list[ProfileRow]:
    """Profiles of the tenant (`ids` None: any) whose name holds `name` or whose slug holds `slug`, oldest first.

    None after an unknown or foreign one.
    """
    start = _OLDEST if after is None else await _place_of(db, user_id, after)
    if start is None:
        return []
    rows = await db.all(
        "SELECT p.*, (SELECT count(*) FROM accounts a WHERE a.profile_id = p.id) AS accounts FROM profiles p"
        " WHERE p.user_id = $1"
        # no id holds a comma or a wildcard
        " AND (CAST($2 AS TEXT) IS NULL OR $2 LIKE '%,' || p.id || ',%')"
        " AND (p.name LIKE $3 ESCAPE '!' OR p.slug LIKE $4 ESCAPE '!')"
        " AND (p.created_at_ms, p.id) > ($5, $6) ORDER BY p.created_at_ms, p.id LIMIT $7",
        user_id,
        None if ids is None else f",{','.join(ids)},",
        _holding(name),
        _holding(slug),
        *start,
        limit,
    )
    return [ProfileRow(profile=_profile(row), accounts=row["accounts"]) for row in rows]


async def _place_of(db: Statements, user_id: str, profile_id: str) -> tuple[int, str] | None:
    row = await db.one("SELECT created_at_ms FROM profiles WHERE id = $1 AND user_id = $2", profile_id, user_id)
    return None if row is None else (row["created_at_ms"], profile_id)


async def update(db: Statements, profile: Profile) -> bool:
    """Save every field but id, tenant and creation; False when it is gone."""
    touched = await db.run(
        "UPDATE profiles SET name = $3, slug = $4, description = $5, color = $6, is_default = $7"
        " WHERE id = $1 AND user_id = $2",
        profile.id,
        profile.user_id,
        profile.name,
        profile.slug,
        profile.description,
        profile.color,
        profile.is_default,
    )
    return touched == 1


async def clear_default(db: Statements, user_id: str, *, but: str) -> None:
    """Make every profile of the tenant but one no default."""
    await db.run("UPDATE profiles SET is_default = FALSE WHERE user_id = $1 AND id <> $2 AND is_default", user_id, but)


async def delete(db: Statements, user_id: str, profile_id: str) -> bool:
    """Delete; False when it is gone already. Raises: ReferenceViolated while accounts hang on it."""
    return await db.run("DELETE FROM profiles WHERE id = $1 AND user_id = $2", profile_id, user_id) == 1


async def promote_oldest(db: Statements, user_id: str) -> None:
    """Make the oldest profile the default when none is."""
    await db.run(
        "UPDATE profiles SET is_default = TRUE WHERE id ="
        " (SELECT id FROM profiles WHERE user_id = $1 ORDER BY created_at_ms, id LIMIT 1)"
        " AND NOT EXISTS (SELECT 1 FROM profiles WHERE user_id = $1 AND is_default)",
        user_id,
    )


async def count(db: Statements, user_id: str) -> int:
    """How many profiles the tenant has."""
    row = await db.one("SELECT count(*) AS n FROM profiles WHERE user_id = $1", user_id)
    return 0 if row is None else int(row["n"])


def _holding(text: str) -> str:
    """What LIKE finds the text with, wherever it stands; `!` escapes."""
    escaped = text.replace("!", "!!").replace("%", "!%").replace("_", "!_")
    return f"%{escaped}%"


def _profile(row: Row) -> Profile:
    return Profile(
        id=row["id"],
        user_id=row["user_id"],
        name=row["name"],
        slug=row["slug"],
        description=row["description"],
        color=row["color"],
        is_default=bool(row["is_default"]),
        created_at=clock.from_ms(row["created_at_ms"]),
    )
