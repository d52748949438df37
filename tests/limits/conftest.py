"""Limits over every kind of counters: in memory, in the database of either engine, in Redis."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from moorline.limits import buckets, on_redis
from moorline.limits import shared as shared_counters
from moorline.limits.counters import Counters, MemoryCounters
from moorline.limits.counting import Limits
from moorline.limits.on_redis import RedisCounters
from moorline.limits.shared import DatabaseCounters, SharedCounters
from moorline.store import engines as store
from tests.engines import Engine
from tests.redis_server import RedisServer, started_redis


@pytest.fixture(scope="session")
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    """One server for all tests that leave it running."""
    with started_redis(tmp_path_factory.mktemp("redis")) as server:
        yield server


@pytest_asyncio.fixture(params=["memory", "sqlite", "postgresql", "redis"])
async def counters(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Counters]:
    """Counters of each kind, empty; with patience, since a busy machine is not what these tests are about."""
    kind: str = request.param
    for module in (on_redis, shared_counters):
        monkeypatch.setattr(module, "WAIT_S", 10.0)
    if kind == "memory":
        yield MemoryCounters()
    elif kind == "redis":
        server: RedisServer = request.getfixturevalue("redis_server")
        server.asked("FLUSHALL")
        shared = SharedCounters(RedisCounters(server.url))
        yield shared
        assert shared._coming_back is None, "counted apart"
        await shared.close()
    else:
        engine: Engine = "sqlite" if kind == "sqlite" else "postgresql"
        url: str
        if engine == "sqlite":
            url = await request.getfixturevalue("sqlite_files").fresh(tmp_path)
        else:
            url = await request.getfixturevalue("postgresql_server").fresh()
        db = await store.connect(url)
        shared = SharedCounters(DatabaseCounters(db))
        yield shared
        assert shared._coming_back is None, "counted apart"
        await db.close()
        if engine == "postgresql":
            await request.getfixturevalue("postgresql_server").give_back(url)


@pytest.fixture
def limits(counters: Counters) -> Limits:
    """The limits as they are when nothing is set."""
    return Limits(buckets.numbers(1200, {}), counters)
