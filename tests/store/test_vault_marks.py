from moorline.store import vault_marks
from moorline.store.db import Database


async def test_a_new_database_has_no_mark(db: Database) -> None:
    assert await vault_marks.get(db) is None


async def test_the_first_mark_stays(db: Database) -> None:
    await vault_marks.put_first(db, b"first")
    await vault_marks.put_first(db, b"second")
    assert await vault_marks.get(db) == b"first"
