"""A fleet that the tests of this folder share, and journeys through its proxy."""

from collections.abc import Iterator

import pytest

from tests.fleet.deployment import Fleet, killing
from tests.fleet.postgresql import OwnPostgresql, own_postgresql
from tests.journeys.conftest import journey, reset
from tests.journeys.journey import Server
from tests.journeys.processes import free_port

__all__ = ["journey"]  # with the fixtures of this folder
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
def seeded(fleet: Fleet) -> Server:
    """The fleet, its sandbox seeded once per file."""
    reset(fleet.server.sandbox_url)
    return fleet.server
