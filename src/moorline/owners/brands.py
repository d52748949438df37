"""Brands: how a tenant's hosted pages look. What is not set is the instance's own."""

import re
import unicodedata
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from moorline.errors import BadRequest
from moorline.owners import audit
from moorline.owners.audit import Actor
from moorline.store import brands, users
from moorline.store.brands import BrandRow
from moorline.store.db import Database, Statements

MAX_NAME_CHARS = 60
MAX_URL_CHARS = 2000
MAX_EMAIL_CHARS = 254
_COLOR = re.compile(r"#[0-9A-Fa-f]{6}")
_EMAIL = re.compile(r"[^\s@<>\"',;:\\()\[\]?&%]{1,64}@[A-Za-z0-9.-]+\.[A-Za-z0-9-]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Brand:
    """How a page looks. `color` is `#rrggbb`; `contact` an e-mail address or an https address."""

    name: str
    color: str | None = None
    logo_url: str | None = None
    contact: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewBrand:
    """All that a tenant sets; None (or an empty text) leaves a part to the instance."""

    name: str | None = None
    color: str | None = None
    logo_url: str | None = field(default=None)
    contact: str | None = None


async def read(db: Statements, user_id: str) -> NewBrand:
    """What the tenant set, for a form that changes it."""
    row = await brands.get(db, user_id) or BrandRow(user_id=user_id)
    return NewBrand(name=row.name, color=row.color, logo_url=row.logo_url, contact=row.contact)


async def of_tenant(db: Statements, user_id: str, *, instance_name: str) -> Brand:
    """How the tenant's pages look, under the instance's name where the tenant has set none."""
    row = await brands.get(db, user_id)
    if row is None:
        return Brand(name=instance_name)
    return Brand(name=row.name or instance_name, color=row.color, logo_url=row.logo_url, contact=row.contact)


async def save(db: Database, user_id: str, new: NewBrand, *, by: Actor | None = None) -> NewBrand:
    """Check and set all of it anew; what was kept. `by` None: somebody at the command line.

    Raises: as `check`.
    """
    checked = check(new)

    async def write(tx: Statements) -> None:
        await users.hold(tx, user_id)  # two changes at once follow each other
        changed = _changed_fields(await read(tx, user_id), checked)
        if changed:
            await brands.put(tx, _row(user_id, checked))
            await audit.note(tx, by or Actor.at_command_line(user_id), "brand.changed", None, fields=changed)

    await db.transaction(write)
    return checked


def check(new: NewBrand) -> NewBrand:
    """What would be kept of it. Raises: BadRequest naming every wrong field."""
    checked = NewBrand(
        name=(new.name or "").strip() or None,
        color=(new.color or "").strip().lower() or None,
        logo_url=(new.logo_url or "").strip() or None,
        contact=(new.contact or "").strip() or None,
    )
    fields = _wrong_fields(checked)
    if fields:
        told = "; ".join(f"{name}: {sentence}" for name, sentence in fields.items())
        raise BadRequest(f"Invalid brand: {told}.", fields=fields)
    return checked


def _row(user_id: str, brand: NewBrand) -> BrandRow:
    return BrandRow(user_id=user_id, name=brand.name, color=brand.color, logo_url=brand.logo_url, contact=brand.contact)


def _changed_fields(before: NewBrand, after: NewBrand) -> list[str]:
    return [
        name
        for name, differs in (
            ("name", before.name != after.name),
            ("color", before.color != after.color),
            ("logoUrl", before.logo_url != after.logo_url),
            ("contact", before.contact != after.contact),
        )
        if differs
    ]


def _wrong_fields(brand: NewBrand) -> dict[str, str]:
    fields: dict[str, str] = {}
    if brand.name is not None and not (len(brand.name) <= MAX_NAME_CHARS and _is_printable(brand.name)):
        fields["name"] = f"1 to {MAX_NAME_CHARS} printable characters"
    if brand.color is not None and not _COLOR.fullmatch(brand.color):
        fields["color"] = "a colour of six hex digits, such as #0b5cad"
    if brand.logo_url is not None and not _is_https(brand.logo_url):
        fields["logoUrl"] = "an https address, such as https://example.com/logo.png"
    if brand.contact is not None and not (_is_email(brand.contact) or _is_https(brand.contact)):
        fields["contact"] = "an e-mail address or an https address"
    return fields


def _is_printable(text: str) -> bool:
    """No control characters, none that change the direction of reading, and something to see."""
    kinds = {unicodedata.category(character) for character in text}
    return kinds.isdisjoint({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}) and not kinds <= {"Zs", "Mn", "Me"}


def _is_email(text: str) -> bool:
    return len(text) <= MAX_EMAIL_CHARS and text.isascii() and _EMAIL.fullmatch(text) is not None


def _is_https(text: str) -> bool:
    if len(text) > MAX_URL_CHARS or not re.fullmatch(r"https://[!#-\[\]^_`a-z{|}~]+", text):
        return False
    try:
        parts = urlsplit(text)
        host, _port = parts.hostname, parts.port
    except ValueError:
        return False
    return bool(host) and "@" not in parts.netloc
