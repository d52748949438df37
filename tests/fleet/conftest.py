"""A fleet that the tests of this folder share, and journeys through its proxy."""

import urllib.request
from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio

from tests.fleet.deployment import Fleet, killing
from tests.fleet.postgresql import OwnPostgresql, own_postgresql
from tests.journeys.journey import Journey
from tests.journeys.processes import free_port

RECEIVER_PORT = free_port()  # where tests of webhooks listen, which has to be allowed before the servers start


@pytest.fixture(scope="package")
def database() -> Iterator[OwnPostgresql]:
    """The fleet's database server."""
    with own_postgresql() as server:
        yield server


@pytest.fixture(scope="package")
def fleet(database: OwnPostgresql, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    """Three servers behind a proxy and two workers, the first of which is killed every few seconds."""
    settings = {"MOORLINE_DATABASE_URL": database.url, "MOORLINE_OUTBOUND_ALLOW": f"127.0.0.1:{RECEIVER_PORT}"}
    made = Fleet(tmp_path_factory.mktemp("fleet"), settings)
    with made.running(), killing(made.workers[0]) as times:
        yield made
    assert times[0] > 0
    assert "unexpected_error" not in made.log
    assert "Traceback" not in made.log


@pytest.fixture(scope="module")
def seeded_fleet(fleet: Fleet) -> Fleet:
    """The fleet with its sandbox as `reset` seeds it, once per file."""
    with urllib.request.urlopen(f"{fleet.server.sandbox_url}/_sandbox/reset", data=b"", timeout=10) as answer:
        assert answer.status == 200
    return fleet


@pytest_asyncio.fixture
async def journey(seeded_fleet: Fleet) -> AsyncIterator[Journey]:
    """A journey in a profile of its own, with nothing ordered to go wrong."""
    async with Journey.through(seeded_fleet.server) as journey:
        await journey.control("DELETE", "faults")
        await journey.new_profile()
        yield journey
