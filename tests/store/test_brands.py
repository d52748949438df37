"""Table brands on both engines."""

import pytest

from moorline import ids
from moorline.store import brands
from moorline.store.brands import BrandRow
from moorline.store.db import Database, ReferenceViolated
from tests.store import rows


async def test_a_brand_is_kept_as_it_was_put_and_put_anew_as_a_whole(db: Database) -> None:
    owner, _ = await rows.saved_owner(db)
    assert await brands.get(db, owner.id) is None
    first = BrandRow(
        user_id=owner.id, name="Åsa", color="#0b5cad", logo_url="https://a.example/x", contact="a@b.example"
    )
    await brands.put(db, first)
    assert await brands.get(db, owner.id) == first
    await brands.put(db, BrandRow(user_id=owner.id, color="#ffffff"))
    assert await brands.get(db, owner.id) == BrandRow(user_id=owner.id, color="#ffffff")


async def test_nobody_has_no_brand(db: Database) -> None:
    with pytest.raises(ReferenceViolated):
        await brands.put(db, BrandRow(user_id=ids.new_id(), name="Nobody"))
