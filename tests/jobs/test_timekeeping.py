"""The time is kept whatever becomes of a single comparison."""

import asyncio
from datetime import timedelta

import pytest

from moorline import clock
from moorline.jobs import timekeeping
from moorline.store import engines as store
from moorline.store.postgresql import PostgresqlDatabase
from tests.engines import PostgresqlServer


async def test_time_is_kept_after_a_comparison_that_broke(
    postgresql_server: PostgresqlServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, often = 0, asyncio.Event()

    async def ahead(_db: PostgresqlDatabase) -> timedelta:
        nonlocal asked
        asked += 1
        if asked == 2:
            raise LookupError("something that is no outage")
        if asked > 3:
            often.set()
        return timedelta(minutes=10 if asked > 2 else 0)

    monkeypatch.setattr(PostgresqlDatabase, "ahead", ahead)
    monkeypatch.setattr(timekeeping, "EVERY_S", 0.01)
    url = await postgresql_server.fresh()
    db = await store.connect(url)
    try:
        async with timekeeping.kept(db), asyncio.timeout(10):
            await often.wait()
        assert clock.correction() == timedelta(minutes=10)
    finally:
        clock.correct(timedelta(0))
        await db.close()
        await postgresql_server.drop(url)
