"""Two servers as processes of their own: one limit for both, and what they do without their Redis."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import pytest_asyncio

from moorline.vault import new_key
from tests.engines import PostgresqlServer
from tests.harness import settles
from tests.journeys.processes import Process, free_port
from tests.redis_server import RedisServer, started_redis

MOST = 20


class Pair:
    """Two servers on one database, and a key."""

    def __init__(self, urls: list[str], key: str, servers: list[Process]) -> None:
        self.urls = urls
        self.servers = servers
        self._key = key

    async def call(self, number: int) -> tuple[int, dict[str, str]]:
        """Status and headers of a call of the one or the other."""
        headers = {"authorization": f"Bearer {self._key}"}
        async with (
            aiohttp.ClientSession() as session,
            session.get(f"{self.urls[number % 2]}/v1/users", headers=headers) as answer,
        ):
            return answer.status, {name.lower(): value for name, value in answer.headers.items()}

    async def statuses(self, times: int) -> list[int]:
        """Of so many calls, half of them of each, four at once: a busy machine is not to pass for counters away."""
        found: list[int] = []
        for begin in range(0, times, 4):
            told = await asyncio.gather(*(self.call(number) for number in range(begin, begin + 4)))
            found += [status for status, _ in told]
        return found


@contextmanager
def serving(database_url: str, limits_url: str, folder: Path) -> Iterator[Pair]:
    """Both of them, until the end."""
    encryption_key = new_key()
    with ExitStack() as stack:
        urls: list[str] = []
        servers: list[Process] = []
        settings: dict[str, str] = {}
        for number in (1, 2):
            port = free_port()
            settings = {
                "MOORLINE_DATABASE_URL": database_url,
                "MOORLINE_ENCRYPTION_KEYS": encryption_key,
                "MOORLINE_PUBLIC_URL": f"http://127.0.0.1:{port}",
                "MOORLINE_PORT": str(port),
                "MOORLINE_RATE_LIMIT_PER_MINUTE": str(MOST),
                "MOORLINE_LIMITS_URL": limits_url,
            }
            place = folder / str(number)
            place.mkdir()
            server = Process(["serve", "--migrate"], folder=place, settings=settings).launch()
            stack.callback(server.stop)
            server.wait_until_ready(f"http://127.0.0.1:{port}/readyz")
            urls.append(f"http://127.0.0.1:{port}")
            servers.append(server)
        made = Process(["keys", "create", "--email", "ops@example.com", "--json"], folder=folder, settings=settings)
        key = json.loads(made.launch().first_line())
        made.stop()
        yield Pair(urls, key["key"], servers)


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[RedisServer]:
    with started_redis(tmp_path) as server:
        yield server


@pytest_asyncio.fixture
async def database(postgresql_server: PostgresqlServer) -> AsyncIterator[str]:
    url = await postgresql_server.empty()
    yield url
    await postgresql_server.drop(url)


def told(server: Process, name: str) -> list[Any]:
    lines = [json.loads(line) for line in server.log.splitlines()]
    return [entry for entry in lines if entry["event"] == name]


async def test_s60_two_servers_with_one_redis_have_one_limit_and_without_it_go_on(
    database: str, redis: RedisServer, tmp_path: Path
) -> None:
    with serving(database, redis.url, tmp_path) as pair:
        statuses = await pair.statuses(2 * MOST)
        assert sorted(statuses) == [200] * MOST + [429] * MOST
        for number in range(2):
            status, headers = await pair.call(number)
            assert status == 429
            assert (headers["x-ratelimit-limit"], headers["x-ratelimit-remaining"]) == (str(MOST), "0")
            assert 0 < int(headers["retry-after"]) <= 60
        redis.stop()
        assert sorted(await pair.statuses(2 * MOST)) == [200] * 2 * MOST
        for server in pair.servers:
            assert len(told(server, "limits_not_shared")) == 1
        redis.start()

        async def both_are_back() -> bool:
            return all(told(server, "limits_shared_again") for server in pair.servers)

        await settles(both_are_back, within_s=30)
        assert sorted(await pair.statuses(2 * MOST)) == [200] * MOST + [429] * MOST


async def test_s60_two_servers_with_one_database_have_one_limit(database: str, tmp_path: Path) -> None:
    with serving(database, "database", tmp_path) as pair:
        assert sorted(await pair.statuses(2 * MOST)) == [200] * MOST + [429] * MOST


async def test_two_servers_that_share_nothing_count_apart(database: str, tmp_path: Path) -> None:
    with serving(database, "memory", tmp_path) as pair:
        assert sorted(await pair.statuses(3 * MOST)) == [200] * 2 * MOST + [429] * MOST


async def test_a_redis_that_is_not_there_yet_stops_no_start(database: str, redis: RedisServer, tmp_path: Path) -> None:
    redis.stop()
    with serving(database, redis.url, tmp_path) as pair:
        assert await pair.statuses(4) == [200] * 4
