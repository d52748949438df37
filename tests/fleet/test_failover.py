"""A primary that is gone, and a standby that takes over: everybody is answered, or told when to come again; nothing is
lost, nothing happens twice, and nobody is started anew.

A worker and a server have an address that names both servers, another server has one behind which they change.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import pytest

from tests.fleet.deployment import Fleet
from tests.fleet.load import TOKEN_CALLS, Load
from tests.fleet.pair import Pair, pair
from tests.fleet.relay import Relay
from tests.fleet.renewed import Renewed
from tests.fleet.test_trouble import holds_good
from tests.journeys.journey import Journey

WHOLE_WITHIN_S = 45.0  # measured: 0.5 s after a death and 4 s after silence, renewals 5 and 11 s
SETTINGS = {"LIMITS_URL": "database", "DATABASE_STATEMENT_TIMEOUT_S": "3", "TELEGRAM_MODE": "off"}


@pytest.fixture(scope="module")
def both() -> Iterator[Pair]:
    with pair() as made:
        yield made


@pytest.fixture(scope="module")
def relay(both: Pair) -> Iterator[Relay]:
    with Relay().running() as made:
        made.lead_to(both.primary.port)
        yield made


@pytest.fixture(scope="module")
def fleet(both: Pair, relay: Relay, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    settings = {**SETTINGS, "DATABASE_URL": both.url}
    behind_one = {"MOORLINE_DATABASE_URL": f"postgresql://postgres@127.0.0.1:{relay.port}/postgres"}
    made = Fleet(
        tmp_path_factory.mktemp("fleet"),
        {f"MOORLINE_{name}": value for name, value in settings.items()},
        servers=2,
        of_last=behind_one,
    )
    with made.running(workers=1):
        yield made
    assert "unexpected_error" not in made.log
    assert "Traceback" not in made.log


@asynccontextmanager
async def busy(journey: Journey, both: Pair) -> AsyncIterator[Load]:
    """People connect, programs read tokens, tokens are renewed; in the end all is whole, and what they were told so."""
    await both.follow()
    renewed = Renewed(journey, both)
    await renewed.connect()
    await journey.new_profile()
    load, redeemed = Load(journey, revealed=renewed.accounts), await journey.count("twitter", TOKEN_CALLS)
    async with load.going_on(), renewed.going_on():
        await load.until(40)
        await renewed.until_renewed()
        yield load
        await load.until_whole(within_s=WHOLE_WITHIN_S)
        await renewed.until_renewed(within_s=WHOLE_WITHIN_S)
    await holds_good(load, journey, both.primary, redeemed)
    assert await renewed.asked_once_each()
    await renewed.read_anew()


async def test_a_primary_that_dies(journey: Journey, fleet: Fleet, both: Pair, relay: Relay) -> None:
    async with busy(journey, both) as load:
        await both.primary.kill()
        await asyncio.sleep(1.0)
        await both.take_over()
        relay.lead_to(both.primary.port)
    assert load.put_off
    assert "database_moved" in fleet.workers[0].log
    migrated = await asyncio.to_thread(fleet.command, "migrate")
    assert "The database stands at revision" in migrated


async def test_a_primary_that_neither_answers_nor_refuses(
    journey: Journey, fleet: Fleet, both: Pair, relay: Relay
) -> None:
    """And back to the server that was the first before, which is made anew as its standby."""
    async with busy(journey, both):
        await both.primary.freeze()
        await asyncio.sleep(1.0)
        former = await both.take_over()
        relay.lead_to(both.primary.port)
    former.stop()
