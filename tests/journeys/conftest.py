"""A running `moorline demo` that journeys share, and journeys of their own."""

import urllib.request
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest
import pytest_asyncio

from tests.journeys.journey import Journey, Server
from tests.journeys.processes import DemoServer

OwnServer = Callable[..., AbstractContextManager[DemoServer]]


def seen_from_outside(server: DemoServer) -> Server:
    """The address and identity of a started server."""
    return Server(
        base_url=server.base_url, api_key=server.api_key, user_id=server.user_id, profile_id=server.profile_id
    )


def reset(sandbox_url: str) -> None:
    """Seed a sandbox anew."""
    with urllib.request.urlopen(f"{sandbox_url}/_sandbox/reset", data=b"", timeout=10) as answer:
        assert answer.status == 200


@pytest.fixture(scope="session")
def shared_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DemoServer]:
    """One server for all journeys that leave it as they found it."""
    with DemoServer(tmp_path_factory.mktemp("demo"), {"MOORLINE_LOG_LEVEL": "INFO"}) as server:
        yield server


@pytest.fixture(scope="module")
def seeded_server(shared_server: DemoServer) -> DemoServer:
    """The shared server, its sandbox seeded once per file: a reset interrupts the bot's polling."""
    reset(shared_server.base_url)
    return shared_server


@pytest.fixture(scope="module")
def seeded(seeded_server: DemoServer) -> Server:
    """What journeys go through."""
    return seen_from_outside(seeded_server)


@pytest_asyncio.fixture
async def journey(seeded: Server) -> AsyncIterator[Journey]:
    """A journey in a profile of its own, with nothing ordered to go wrong."""
    async with Journey.through(seeded) as journey:
        await journey.control("DELETE", "faults")
        await journey.new_profile()
        yield journey


@pytest.fixture
def own_server(tmp_path: Path) -> OwnServer:
    """Makes a server that one test has for itself, may kill and may start again."""

    @contextmanager
    def make(**settings: str) -> Iterator[DemoServer]:
        with DemoServer(tmp_path, settings) as server:
            yield server

    return make
