"""Table `brands`: how a tenant's hosted pages look; no row, or a NULL, is the instance's own."""

from dataclasses import dataclass

from moorline import clock
from moorline.store.db import Row, Statements


@dataclass(frozen=True, slots=True, kw_only=True)
class BrandRow:
    """What a tenant set. `color` is `#rrggbb`; `contact` an e-mail address or an https address."""

    user_id: str
    name: str | None = None
    color: str | None = None
    logo_url: str | None = None
    contact: str | None = None


async def get(db: Statements, user_id: str) -> BrandRow | None:
    """What the tenant set; None when nothing ever was."""
    row = await db.one("SELECT * FROM brands WHERE user_id = $1", user_id)
    return None if row is None else _brand(row)


async def put(db: Statements, brand: BrandRow) -> None:
    """Set all of it anew; the last of two at once stays. Raises: ReferenceViolated for an unknown user."""
    await db.run(
        "INSERT INTO brands (user_id, name, color, logo_url, contact, updated_at_ms) VALUES ($1, $2, $3, $4, $5, $6)"
        " ON CONFLICT (user_id) DO UPDATE SET name = excluded.name, color = excluded.color,"
        " logo_url = excluded.logo_url, contact = excluded.contact, updated_at_ms = excluded.updated_at_ms",
        brand.user_id,
        brand.name,
        brand.color,
        brand.logo_url,
        brand.contact,
        clock.now_ms(),
    )


def _brand(row: Row) -> BrandRow:
    return BrandRow(
        user_id=row["user_id"],
        name=row["name"],
        color=row["color"],
        logo_url=row["logo_url"],
        contact=row["contact"],
    )
