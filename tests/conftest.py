"""Fixtures for every room: a database of either engine, and a clock that stands still.

`db` and `database_url` run a test once per engine. For one engine only:
`@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)`.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import pytest_asyncio

from moorline import clock
from moorline.store import engines as store
from moorline.store.db import Database
from tests import engines, wanted  # noqa: F401  # takes its settings out of the environment of every run
from tests.engines import ENGINES, Engine, PostgresqlServer, SqliteFiles


class FrozenClock:
    """The clock of the service, held at an instant until the test moves it."""

    def now(self) -> datetime:
        return clock.now()

    def advance(self, seconds: float) -> None:
        clock.advance(timedelta(seconds=seconds))

    def set(self, instant: datetime) -> None:
        clock.freeze(instant)


@pytest.fixture
def frozen_clock() -> Iterator[FrozenClock]:
    """Time stands at 2026-03-04T05:06:07.890Z; it runs again after the test."""
    clock.freeze(datetime(2026, 3, 4, 5, 6, 7, 890_000, tzinfo=UTC))
    yield FrozenClock()
    clock.freeze(None)


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[PostgresqlServer]:
    """One server for all tests, started by the first that asks for it."""
    if engines.SERVER_URL:
        server = PostgresqlServer(engines.SERVER_URL)
        yield server
        asyncio.run(server.drop_all())
    else:
        with engines.started_postgresql() as url:
            yield PostgresqlServer(url)


@pytest.fixture(scope="session")
def sqlite_files(tmp_path_factory: pytest.TempPathFactory) -> SqliteFiles:
    return SqliteFiles(tmp_path_factory.mktemp("sqlite"))


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest) -> Engine:
    """Which engine the test runs on."""
    name: Engine = request.param
    return name


@pytest_asyncio.fixture
async def database_url(
    request: pytest.FixtureRequest, engine: Engine, sqlite_files: SqliteFiles, tmp_path: Path
) -> AsyncIterator[str]:
    """A migrated database without rows; its schema may not be changed (`empty_database_url` is for that)."""
    if engine == "sqlite":
        yield await sqlite_files.fresh(tmp_path)
        return
    server: PostgresqlServer = request.getfixturevalue("postgresql_server")
    url = await server.fresh()
    yield url
    await server.give_back(url)


@pytest_asyncio.fixture
async def empty_database_url(request: pytest.FixtureRequest, engine: Engine, tmp_path: Path) -> AsyncIterator[str]:
    """A database without tables."""
    if engine == "sqlite":
        yield f"sqlite:///{tmp_path}/moorline.sqlite3"
        return
    server: PostgresqlServer = request.getfixturevalue("postgresql_server")
    url = await server.empty()
    yield url
    await server.drop(url)


@pytest_asyncio.fixture
async def db(database_url: str) -> AsyncIterator[Database]:
    """The database of `database_url`, open."""
    opened = await store.connect(database_url)
    yield opened
    await opened.close()
