"""Counters that go away and come back: nobody is refused or kept waiting, and somebody is told."""

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from moorline.errors import RateLimited
from moorline.limits import buckets, shared
from moorline.limits.buckets import START_CLIENT, START_LINK
from moorline.limits.counting import Limits
from moorline.limits.on_redis import RedisCounters
from moorline.limits.opening import redis_answers
from moorline.limits.shared import DatabaseCounters, SharedCounters
from moorline.store import engines as store
from moorline.store import limit_counters, migrate
from tests.engines import PostgresqlServer
from tests.harness import settles
from tests.http.conftest import Lines, lines  # noqa: F401  # a fixture
from tests.redis_server import RedisServer, started_redis
from tests.store.rows import after

USE = START_CLIENT, "192.0.2.1"


async def one_more(limits: Limits) -> int:
    """How many are left after one more."""
    left = await limits.count(USE)
    assert left is not None
    return left.remaining


def on(server: RedisServer) -> Limits:
    return Limits(buckets.numbers(1200, {}), SharedCounters(RedisCounters(server.url)))


@pytest_asyncio.fixture
async def server(tmp_path: Path) -> AsyncIterator[RedisServer]:
    with started_redis(tmp_path) as started:
        yield started


async def test_processes_share_what_is_left_and_each_knows_when_it_ends(server: RedisServer) -> None:
    first, second = on(server), on(server)
    assert [await one_more(first), await one_more(second), await one_more(first)] == [29, 28, 27]
    ends = {left.reset_at_s for left in (await first.count(USE), await second.count(USE)) if left}
    assert max(ends) - min(ends) <= 1
    assert 898 <= min(ends) - time.time() <= 902
    for limits in (first, second):
        await limits.close()


async def test_without_redis_each_counts_by_itself_and_with_it_all_together_again(
    server: RedisServer,
    lines: Lines,  # noqa: F811
) -> None:
    limits = on(server)
    assert [await one_more(limits) for _ in range(2)] == [29, 28]
    server.stop()
    began = time.monotonic()
    assert [await one_more(limits) for _ in range(20)] == list(range(29, 9, -1))
    assert time.monotonic() - began < 10 * shared.WAIT_S, "one of them waits, not each"
    (warning,) = [entry for entry in lines.entries() if entry["event"] == "limits_not_shared"]
    assert warning["level"] == "warning"
    assert str(server.port) not in str(warning)
    for _ in range(10):
        await limits.count(USE)
    with pytest.raises(RateLimited):
        await limits.count(USE)
    server.start()

    async def is_back() -> bool:
        return "limits_shared_again" in lines.text

    await settles(is_back)
    assert await one_more(limits) == 29
    await limits.close()


async def test_a_redis_that_hangs_keeps_nobody_waiting(server: RedisServer) -> None:
    limits = on(server)
    assert await one_more(limits) == 29
    with server.frozen():
        began = time.monotonic()
        await asyncio.gather(*(limits.count((START_LINK, str(number))) for number in range(100)))
        for number in range(100):
            await limits.count((START_LINK, str(number)))
        assert time.monotonic() - began < 20 * shared.WAIT_S, "they wait at once, and only those that came first"
        assert await one_more(limits) == 29
    await limits.close()


async def test_a_warning_is_given_once_a_minute_and_not_for_every_call(
    server: RedisServer,
    lines: Lines,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(shared, "LOOK_AGAIN_S", 0.05)
    server.stop()
    limits = on(server)
    for _ in range(20):
        await limits.count(USE)
        await asyncio.sleep(0.02)
    assert lines.text.count("limits_not_shared") == 1
    monkeypatch.setattr(shared, "WARN_EVERY_S", 0.0)

    async def warned_again() -> bool:
        return lines.text.count("limits_not_shared") > 1

    await settles(warned_again)
    await limits.close()


async def test_redis_that_takes_no_writes_or_wants_a_password_is_as_if_it_were_away(server: RedisServer) -> None:
    assert await redis_answers(server.url)
    server.asked("CONFIG SET maxmemory 1")
    assert not await redis_answers(server.url)
    server.asked("CONFIG SET maxmemory 0")
    server.asked("CONFIG SET requirepass a-secret")
    assert not await redis_answers(server.url)
    assert not await redis_answers(server.url.replace("redis://", "redis://:wrong@"))
    assert await redis_answers(server.url.replace("redis://", "redis://:a-secret@"))
    limits = on(server)
    assert [await one_more(limits) for _ in range(2)] == [29, 28]
    await limits.close()


async def test_a_redis_started_anew_is_used_again_at_once(server: RedisServer) -> None:
    limits = on(server)
    assert await one_more(limits) == 29
    server.stop()
    server.start()
    assert await one_more(limits) == 29
    assert isinstance(limits._counters, SharedCounters)
    assert limits._counters._coming_back is None
    await limits.close()


async def test_redis_holds_no_address_and_nothing_for_ever(server: RedisServer) -> None:
    limits = on(server)
    await limits.count(USE, (START_LINK, "asa@example.com"))
    await limits.take_back((START_LINK, "somebody else"))
    keys = server.asked("KEYS *").split()
    kept = [key for key in keys if key.startswith("moorline:")]
    assert len(kept) == 3
    assert "192" not in "".join(keys)
    assert "example" not in "".join(keys)
    assert all(0 < int(server.asked(f"TTL {key}").removeprefix(":")) <= 900 for key in kept)
    await limits.close()


@pytest.mark.parametrize("engine", ["postgresql"], indirect=True)
async def test_a_database_that_is_locked_keeps_nobody_waiting(
    database_url: str, postgresql_server: PostgresqlServer
) -> None:
    db, other = await store.connect(database_url), await store.connect(database_url)
    limits = Limits(buckets.numbers(1200, {}), SharedCounters(DatabaseCounters(db)))
    assert await one_more(limits) == 29
    held, let_go = asyncio.Event(), asyncio.Event()

    async def hold() -> None:
        async def work(tx: object) -> None:
            await tx.run("LOCK TABLE limit_counters IN ACCESS EXCLUSIVE MODE")  # type: ignore[attr-defined]
            held.set()
            await let_go.wait()

        await other.transaction(work)

    holding = asyncio.create_task(hold())
    await held.wait()
    began = time.monotonic()
    assert [await one_more(limits) for _ in range(3)] == [29, 28, 27]
    assert time.monotonic() - began < 10 * shared.WAIT_S
    let_go.set()
    await holding
    await limits.close()
    await db.close()
    await other.close()


async def test_whatever_else_is_wrong_with_the_counters_refuses_nobody(
    empty_database_url: str,
    lines: Lines,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(shared, "LOOK_AGAIN_S", 0.05)
    db = await store.connect(empty_database_url)
    limits = Limits(buckets.numbers(1200, {}), SharedCounters(DatabaseCounters(db)))
    assert [await one_more(limits) for _ in range(3)] == [29, 28, 27], "there is no table to count in"
    assert lines.text.count("limits_not_shared") == 1
    await migrate.upgrade(empty_database_url)

    async def is_back() -> bool:
        return "limits_shared_again" in lines.text

    await settles(is_back)
    assert await one_more(limits) == 29
    await limits.close()
    await db.close()


async def test_clocks_minutes_apart_give_nobody_more(database_url: str) -> None:
    """Whose clock is ahead begins the windows; here they seem longer, and are told no longer than they can be."""
    db = await store.connect(database_url)
    taken = []
    for second in range(0, 120, 10):
        for behind_s in (0, 180):
            hits, ends = await limit_counters.add(db, b"k", now=after(600 + second - behind_s), window_s=60)
            taken.append(hits)
            assert ends > 0
    assert taken == [*range(1, 13), *range(1, 13)]
    await db.close()
