"""Servers and workers that are told to stop: nobody notices, what is under way ends, and what was claimed is free."""

import asyncio
import signal
import socket
import time
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path

import aiohttp
import pytest

from tests.fleet.deployment import Fleet
from tests.fleet.load import Load
from tests.journeys.journey import Journey, query_of
from tests.journeys.processes import Process, free_port

TWITTER_TOKEN = "POST /2/oauth2/token"
BOUND_S = 30.0  # what orchestrators wait before they kill


async def test_a_rolling_restart_of_all_servers_fails_no_request(journey: Journey, fleet: Fleet) -> None:
    load = Load(journey)
    async with load.going_on():
        await load.until(20)
        for number, server in enumerate(fleet.servers):
            await asyncio.to_thread(server.stop)
            await load.until(10)
            await asyncio.to_thread(fleet.start, number)
            await load.until(10)
    assert [one for one in load.got if not one.is_good] == []
    assert {fields.get("connected") for fields in load.landed} == {"twitter"}
    assert len(load.landed) == len(load.opened)
    assert {call.split(" ")[0] for call, _ in fleet.proxy.served_by()} >= {"GET", "POST"}


async def test_a_callback_under_way_ends_well_while_its_server_is_told_to_stop(journey: Journey, fleet: Fleet) -> None:
    await journey.fault("twitter", TWITTER_TOKEN, delay_ms=2_500)
    started = await journey.start("twitter")
    browser = await journey.browser()
    callback = await journey.consent(started["authUrl"], browser=browser)
    under_way = asyncio.create_task(browser.open(callback))
    await asyncio.sleep(0.7)
    stopped = [asyncio.to_thread(server.stop) for server in fleet.servers]  # one of them has it
    await asyncio.gather(*stopped)
    seen = await under_way
    assert seen.location is not None, seen.text
    assert query_of(seen.location)["connected"] == "twitter"
    await asyncio.gather(*(asyncio.to_thread(fleet.start, number) for number in range(len(fleet.servers))))


@pytest.fixture
def draining(fleet: Fleet, tmp_path: Path) -> Iterator[tuple[Process, str]]:
    """A fourth server, which goes on answering for three seconds when it is told to stop."""
    port = free_port()
    own = {**fleet.settings, "MOORLINE_PORT": f"{port}", "MOORLINE_DRAIN_S": "3"}
    server = Process(["serve"], folder=tmp_path, settings=own).launch()
    try:
        yield server.wait_until_ready(f"http://127.0.0.1:{port}/readyz"), f"http://127.0.0.1:{port}"
    finally:
        server.kill()


async def test_a_server_told_to_stop_is_unready_at_once_and_answers_until_it_has_drained(
    draining: tuple[Process, str], fleet: Fleet
) -> None:
    server, url = draining
    key = {"authorization": f"Bearer {fleet.server.api_key}"}
    async with aiohttp.ClientSession(headers=key) as session:
        async with session.get(f"{url}/readyz") as answer:
            assert (answer.status, answer.headers.get("connection")) == (200, None)
        server.send(signal.SIGTERM)
        told_at = time.monotonic()
        await asyncio.sleep(0.5)
        async with session.get(f"{url}/readyz") as answer:
            assert (answer.status, await answer.json()) == (503, {"status": "stopping"})
            assert answer.headers["connection"] == "close"
        async with session.get(f"{url}/api/v1/accounts") as answer:
            assert answer.status == 200
    assert await asyncio.to_thread(server.ended) == 0
    assert 2.9 < time.monotonic() - told_at < BOUND_S


@pytest.mark.parametrize("second", [signal.SIGTERM, signal.SIGINT])
async def test_a_second_signal_ends_a_server_at_once(draining: tuple[Process, str], second: signal.Signals) -> None:
    server, _ = draining
    server.send(signal.SIGTERM)
    await asyncio.sleep(0.3)
    server.send(second)
    assert await asyncio.to_thread(server.ended, 2.0) == -second


async def test_an_idle_connection_is_kept_while_the_server_serves_and_ends_when_it_has_drained(
    draining: tuple[Process, str],
) -> None:
    server, url = draining
    kept = HTTPConnection("127.0.0.1", int(url.rpartition(":")[2]), timeout=BOUND_S)

    def posted() -> tuple[int, socket.socket | None]:
        kept.request("POST", "/api/v1/links")
        with kept.getresponse() as answer:
            answer.read()
        return answer.status, kept.sock

    try:
        _, first = await asyncio.to_thread(posted)
        await asyncio.sleep(6)  # uvicorn itself would close it after five
        assert await asyncio.to_thread(posted) == (404, first)
        assert first is not None
        server.send(signal.SIGTERM)
        assert await asyncio.to_thread(first.recv, 4096) == b""
        assert await asyncio.to_thread(server.ended, 5.0) == 0
    finally:
        kept.close()


async def test_who_connected_before_the_port_closed_is_answered(draining: tuple[Process, str]) -> None:
    server, url = draining
    port = int(url.rpartition(":")[2])
    server.send(signal.SIGSTOP)  # so that nobody takes the connection in
    with socket.create_connection(("127.0.0.1", port)) as connected:
        connected.sendall(b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n")
        server.send(signal.SIGTERM)
        server.send(signal.SIGCONT)
        connected.settimeout(10)
        assert await asyncio.to_thread(connected.recv, 1000)
    assert await asyncio.to_thread(server.ended) == 0
