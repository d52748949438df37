import pytest
from moorline.store.db import Database
@pytest.mark.parametrize("n", range(20))
async def test_x(db: Database, n: int) -> None:
    assert (await db.one("SELECT count(*) AS n FROM users"))["n"] == 0
