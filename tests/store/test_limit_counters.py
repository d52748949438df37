"""Table limit_counters on both engines: windows that end, counts that are given back, and what is swept out."""

import asyncio

from moorline import clock
from moorline.store import limit_counters
from moorline.store.db import Database
from tests.store.rows import NOW, after


async def test_hits_at_once_are_all_counted_in_one_window(db: Database) -> None:
    counted = await asyncio.gather(*(limit_counters.add(db, b"a", now=NOW, window_s=60) for _ in range(20)))
    assert sorted(hits for hits, _ in counted) == list(range(1, 21))
    assert {ends_at_ms for _, ends_at_ms in counted} == {clock.to_ms(after(60))}
    assert await limit_counters.add(db, b"b", now=NOW, window_s=900) == (1, clock.to_ms(after(900)))


async def test_a_window_that_is_over_begins_anew(db: Database) -> None:
    await limit_counters.add(db, b"a", now=NOW, window_s=60)
    assert await limit_counters.add(db, b"a", now=after(59), window_s=60) == (2, clock.to_ms(after(60)))
    assert await limit_counters.add(db, b"a", now=after(60), window_s=60) == (1, clock.to_ms(after(120)))


async def test_what_is_given_back_is_never_less_than_nothing(db: Database) -> None:
    await limit_counters.take_back(db, b"a", now=NOW)
    await limit_counters.add(db, b"a", now=NOW, window_s=60)
    for _ in range(3):
        await limit_counters.take_back(db, b"a", now=after(1))
    assert (await limit_counters.add(db, b"a", now=after(1), window_s=60))[0] == 1
    await limit_counters.take_back(db, b"a", now=after(60))
    assert (await limit_counters.add(db, b"a", now=after(59), window_s=60))[0] == 2


async def test_counts_that_are_over_go_in_batches(db: Database) -> None:
    for number in range(5):
        await limit_counters.add(db, bytes([number]), now=NOW, window_s=60)
    await limit_counters.add(db, b"live", now=after(30), window_s=60)
    assert await limit_counters.purge(db, now=after(59), limit=10) == 0
    assert [await limit_counters.purge(db, now=after(60), limit=3) for _ in range(3)] == [3, 2, 0]
    assert (await limit_counters.add(db, b"live", now=after(60), window_s=60))[0] == 2
