"""A served world per test, or one that the tests of a file share when they leave it as they found it."""

import io
import json
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from moorline.logs import JsonLines
from tests.engines import Engine, PostgresqlServer, SqliteFiles
from tests.harness import World

Serve = Callable[..., Awaitable[World]]


class Lines:
    """What the service logged meanwhile."""

    def __init__(self, stream: io.StringIO) -> None:
        self._stream = stream

    @property
    def text(self) -> str:
        return self._stream.getvalue()

    def entries(self) -> list[dict[str, Any]]:
        """Every line, which must be a JSON object."""
        return [json.loads(line) for line in self.text.split("\n") if line]


@pytest.fixture
def served_on(request: pytest.FixtureRequest) -> Engine:
    """SQLite, unless a test is marked `on_both_engines`."""
    name: Engine = getattr(request, "param", "sqlite")
    return name


@pytest_asyncio.fixture
async def served_database_url(
    request: pytest.FixtureRequest, served_on: Engine, sqlite_files: SqliteFiles, tmp_path: Path
) -> AsyncIterator[str]:
    """A migrated database without rows, which outlives the service."""
    if served_on == "sqlite":
        yield await sqlite_files.fresh(tmp_path)
        return
    server: PostgresqlServer = request.getfixturevalue("postgresql_server")
    url = await server.fresh()
    yield url
    await server.drop(url)


@pytest_asyncio.fixture
async def serve(served_database_url: str) -> AsyncIterator[Serve]:
    """Opens the world with settings of the test's own, named as in the environment without the prefix."""
    async with AsyncExitStack() as stack:

        async def open_world(**given: str) -> World:
            return await stack.enter_async_context(World(served_database_url, given))

        yield open_world


@pytest_asyncio.fixture
async def world(serve: Serve) -> World:
    """A world of the test's own."""
    return await serve()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared(sqlite_files: SqliteFiles, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    """A world for a whole file whose tests only ask; they are marked `asyncio(loop_scope="module")`."""
    async with World(await sqlite_files.fresh(tmp_path_factory.mktemp("shared")), {}) as opened:
        yield opened


@pytest.fixture
def lines() -> Iterator[Lines]:
    """Every log record from INFO on, as the service writes it."""
    stream, root = io.StringIO(), logging.getLogger()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonLines())
    level = root.level
    root.addHandler(handler)
    root.setLevel("INFO")
    yield Lines(stream)
    root.removeHandler(handler)
    root.setLevel(level)
