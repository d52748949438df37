"""Brands on both engines: what a tenant may set, and what stays the instance's own."""

import asyncio
import json
from dataclasses import replace

import pytest

from moorline import ids
from moorline.errors import BadRequest
from moorline.owners import brands
from moorline.owners.brands import Brand, NewBrand
from moorline.store.db import Database
from tests.store import rows

WHOLE = NewBrand(
    name="Northwind Agency", color="#0b5cad", logo_url="https://example.com/logo.png", contact="help@example.com"
)


async def test_a_tenant_without_a_brand_wears_the_instances_name(db: Database) -> None:
    owner, _ = await rows.saved_owner(db)
    assert await brands.read(db, owner.id) == NewBrand()
    assert await brands.of_tenant(db, owner.id, instance_name="Moorline") == Brand(name="Moorline")


async def test_what_is_set_is_worn_and_set_anew_as_a_whole(db: Database) -> None:
    owner, _ = await rows.saved_owner(db)
    assert await brands.save(db, owner.id, WHOLE) == WHOLE
    assert await brands.read(db, owner.id) == WHOLE
    assert await brands.of_tenant(db, owner.id, instance_name="Moorline") == Brand(
        name="Northwind Agency", color="#0b5cad", logo_url="https://example.com/logo.png", contact="help@example.com"
    )
    await brands.save(db, owner.id, NewBrand(color="#FFD400"))
    assert await brands.read(db, owner.id) == NewBrand(color="#ffd400")
    assert await brands.of_tenant(db, owner.id, instance_name="Moorline") == Brand(name="Moorline", color="#ffd400")


async def test_what_stays_as_it_is_leaves_no_entry_in_the_audit_log(db: Database) -> None:
    owner, _ = await rows.saved_owner(db)
    for _ in range(2):
        await brands.save(db, owner.id, WHOLE)
    await brands.save(db, owner.id, replace(WHOLE, color=None, contact=None))
    found = await db.all("SELECT action, details FROM audit")
    assert sorted((row["action"], json.loads(row["details"])["fields"]) for row in found) == [
        ("brand.changed", ["color", "contact"]),
        ("brand.changed", ["name", "color", "logoUrl", "contact"]),
    ]


async def test_another_tenants_brand_is_another(db: Database) -> None:
    (owner, _), (other, _) = await rows.saved_owner(db), await rows.saved_owner(db)
    await brands.save(db, owner.id, WHOLE)
    assert await brands.read(db, other.id) == NewBrand()


async def test_two_at_once_leave_one_of_the_two_whole(db: Database) -> None:
    owner, _ = await rows.saved_owner(db)
    given = [NewBrand(name=f"Name {number}", color=f"#00000{number}") for number in range(8)]
    await asyncio.gather(*(brands.save(db, owner.id, new) for new in given))
    assert await brands.read(db, owner.id) in given


async def test_spaces_around_and_empty_texts_are_nothing(db: Database) -> None:
    owner, _ = await rows.saved_owner(db)
    assert await brands.save(db, owner.id, NewBrand(name="  ", color="", logo_url=" ", contact="")) == NewBrand()
    assert await brands.save(db, owner.id, NewBrand(name=" Åsa & Söhne ")) == NewBrand(name="Åsa & Söhne")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", "n" * 61),
        ("name", "two\nlines"),
        ("name", "nul\x00"),
        ("name", "turned \u202e round"),
        ("name", "\u200b"),
        ("name", "\u0301"),
        ("color", "blue"),
        ("color", "#fff"),
        ("color", "#0b5cad80"),
        ("color", "#0b5cax"),
        ("color", "0b5cad"),
        ("color", "#0b5cad;}"),
        ("color", "#" + "\u0660" * 6),
        ("logoUrl", "http://example.com/logo.png"),
        ("logoUrl", "//example.com/logo.png"),
        ("logoUrl", "https://"),
        ("logoUrl", "https://user:word@example.com/logo.png"),
        ("logoUrl", "https://example.com/a b"),
        ("logoUrl", "https://example.com/\\evil"),
        ("logoUrl", "https://example.com:port/"),
        ("logoUrl", "javascript:alert(1)"),
        ("logoUrl", "data:image/png;base64,AA=="),
        ("logoUrl", "https://example.com/" + "x" * 2000),
        ("contact", "nobody"),
        ("contact", "help@example"),
        ("contact", "help@example.com?bcc=all@example.com"),
        ("contact", "a@example.com,b@example.com"),
        ("contact", "tel:+4912345"),
        ("contact", "javascript:alert(1)"),
    ],
)
async def test_what_cannot_be_worn_is_refused_by_its_field_and_nothing_is_kept(
    db: Database, field: str, value: str
) -> None:
    owner, _ = await rows.saved_owner(db)
    argument = "logo_url" if field == "logoUrl" else field
    with pytest.raises(BadRequest) as refused:
        await brands.save(db, owner.id, NewBrand(**{argument: value}))
    assert list(refused.value.fields) == [field]
    assert field in str(refused.value)
    assert await brands.read(db, owner.id) == NewBrand()


async def test_every_wrong_field_is_named_at_once(db: Database) -> None:
    with pytest.raises(BadRequest) as refused:
        await brands.save(db, ids.new_id(), NewBrand(name="n" * 61, color="red", logo_url="x", contact="y"))
    assert list(refused.value.fields) == ["name", "color", "logoUrl", "contact"]
