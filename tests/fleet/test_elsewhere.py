"""Machines whose clocks are minutes apart, and processes that were frozen for longer than what they held was theirs."""

import asyncio
import signal
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import pytest_asyncio

from moorline.settings import PREFIX
from tests.harness import TWITTER_TOKEN, World, location, query_of, settles
from tests.http.conftest import serve, served_database_url, served_on, world
from tests.journeys.processes import Process, free_port
from tests.webhooks.receiver import Receiver, hang, receiving

__all__ = ["serve", "served_database_url", "served_on", "world"]

ELSEWHERE = Path(__file__).with_name("elsewhere.py")
REDDIT_TOKEN = "POST /api/v1/access_token"
MINUTES_S = 15 * 60
AFTER_THE_LEASE_S = 200
pytestmark = pytest.mark.parametrize("served_on", ["postgresql"], indirect=True)
Start = Callable[..., Process]


@pytest_asyncio.fixture
async def start(world: World, tmp_path: Path) -> AsyncIterator[Start]:
    """Starts a process beside the service of the world, whose clock is wrong, or for which time has gone by."""
    started: list[Process] = []

    def make(command: str, *, wrong_s: int = 0, later_s: int = 0, **own: str) -> Process:
        folder = tmp_path / f"{command}-{len(started)}"
        folder.mkdir()
        process = Process(
            [command],
            folder=folder,
            settings={PREFIX + name: value for name, value in {**world.environment(), **own}.items()},
            program=[sys.executable, str(ELSEWHERE), str(wrong_s), str(later_s)],
        )
        started.append(process.launch())
        return process

    yield make
    for process in started:
        if process.is_launched:
            process.send(signal.SIGCONT)
            process.kill()


async def works(worker: Process) -> Process:
    assert await asyncio.to_thread(worker.first_line) == "Working."
    return worker


async def tokens(world: World) -> Any:
    (row,) = await world.service.db.all("SELECT version, lease_until_ms, access_sealed FROM grant_tokens")
    return row


async def version_is(world: World, version: int) -> None:
    async def renewed() -> bool:
        return bool((await tokens(world))["version"] == version)

    await settles(renewed, within_s=40)


async def is_at_it(world: World) -> None:
    async def claimed() -> bool:
        return bool((await tokens(world))["lease_until_ms"])

    await settles(claimed, within_s=40)


async def test_workers_whose_clocks_are_minutes_apart_renew_once(world: World, start: Start) -> None:
    await world.landing("twitter")
    for wrong_s in (MINUTES_S, -MINUTES_S, 0):
        await works(start("worker", wrong_s=wrong_s))
    before = len(await world.calls("twitter", TWITTER_TOKEN))
    await world.fault("twitter", TWITTER_TOKEN, delay_ms=4_000)
    await world.service.db.run("UPDATE grant_tokens SET renew_at_ms = 1")
    await version_is(world, 2)
    assert len(await world.calls("twitter", TWITTER_TOKEN)) == before + 1
    assert [account["isActive"] for account in await world.accounts()] == [True]


@pytest.mark.parametrize("wrong_s", [MINUTES_S, -MINUTES_S])
async def test_a_connection_begun_on_one_machine_ends_on_another_whose_clock_is_wrong(
    world: World, start: Start, wrong_s: int
) -> None:
    port = free_port()
    server = start("serve", wrong_s=wrong_s, PORT=f"{port}")
    await asyncio.to_thread(server.wait_until_ready, f"http://127.0.0.1:{port}/readyz")
    assert "clock_corrected" in server.log
    callback = await world.consent((await world.start("twitter"))["authUrl"])
    elsewhere = urlsplit(callback)._replace(netloc=f"127.0.0.1:{port}").geturl()
    assert query_of(location(await (await world.browser()).open(elsewhere)))["connected"] == "twitter"
    (account,) = await world.accounts()
    told = await world.ok("GET", f"/v1/accounts/{account['_id']}/token")
    assert told["expiresAt"]
    assert (await tokens(world))["version"] == 1, "the token ends in two hours, on whatever machine"


async def test_a_worker_frozen_past_its_lease_overwrites_nothing_when_it_wakes_up(world: World, start: Start) -> None:
    await world.landing("reddit")
    frozen = await works(start("worker"))
    await world.fault("reddit", REDDIT_TOKEN, delay_ms=2_000)
    await world.service.db.run("UPDATE grant_tokens SET renew_at_ms = 1")
    await is_at_it(world)
    frozen.send(signal.SIGSTOP)
    await works(start("worker", later_s=AFTER_THE_LEASE_S))  # whose clock tells how long the other has been away
    await version_is(world, 2)
    renewed = await tokens(world)
    frozen.send(signal.SIGCONT)
    await asyncio.sleep(3.0)
    after = await tokens(world)
    assert (after["version"], after["access_sealed"]) == (2, renewed["access_sealed"])
    (account,) = await world.accounts()
    assert account["isActive"]
    assert "Traceback" not in frozen.log

    await world.service.db.run("UPDATE grant_tokens SET renew_at_ms = 1")  # both of them go on
    await version_is(world, 3)


async def test_a_worker_frozen_at_a_delivery_leaves_one_message_told_with_one_id(world: World, start: Start) -> None:
    async with receiving() as receiver:
        allow = f"127.0.0.1:{receiver.port}"
        await world.restart(OUTBOUND_ALLOW=allow)
        receiver.reactions.append(hang)
        body = {"name": "receiver", "url": receiver.url, "events": ["account.connected"]}
        await world.ok("POST", "/v1/webhooks/settings", body=body)
        frozen = await works(start("worker", OUTBOUND_ALLOW=allow))
        await world.landing("twitter")
        await received(receiver, 1)
        frozen.send(signal.SIGSTOP)
        await works(start("worker", later_s=AFTER_THE_LEASE_S, OUTBOUND_ALLOW=allow))
        await received(receiver, 2)
        receiver.closing.set()  # the first one is answered too
        frozen.send(signal.SIGCONT)
        await asyncio.sleep(3.0)
        assert len(receiver.received) == 2
        assert len({(one.message_id, one.body) for one in receiver.received}) == 1
    (delivery,) = await world.service.db.all("SELECT state, holder FROM deliveries")
    assert (delivery["state"], delivery["holder"]) == ("delivered", None)
    (webhook,) = await world.service.db.all("SELECT given_up_in_a_row, is_active FROM webhooks")
    assert (webhook["given_up_in_a_row"], webhook["is_active"]) == (0, True)
    assert "Traceback" not in frozen.log


async def received(receiver: Receiver, count: int) -> None:
    async def has() -> bool:
        return len(receiver.received) >= count

    await settles(has, within_s=40)


async def test_a_process_frozen_in_a_transaction_keeps_nobody_for_long(world: World) -> None:
    """Its rows are free when the server has cut it off, however long it stays away."""
    other = await world.service.db.one("SHOW idle_in_transaction_session_timeout")
    assert other is not None
    assert other["idle_in_transaction_session_timeout"] == "15s"
