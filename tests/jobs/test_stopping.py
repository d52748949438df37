"""A worker that is told to stop: it ends what it is at, gives back what takes too long, and begins nothing new."""

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.harness import TWITTER_TOKEN, World, settles
from tests.jobs.test_engine import on_postgresql, started
from tests.webhooks.receiver import hang, receiving

BOUND_S = 30.0  # what orchestrators wait before they kill


@asynccontextmanager
async def worker_of(world: World, folder: Path, **changes: str) -> AsyncIterator[asyncio.subprocess.Process]:
    worker = await started(world, folder, **changes)
    try:
        assert worker.stdout is not None
        assert await asyncio.wait_for(worker.stdout.readline(), timeout=60) == b"Working.\n"
        yield worker
    finally:
        if worker.returncode is None:
            worker.kill()
        await worker.communicate()


async def stopped(worker: asyncio.subprocess.Process) -> int:
    worker.send_signal(signal.SIGTERM)
    return await asyncio.wait_for(worker.wait(), timeout=BOUND_S)


async def tokens(world: World) -> tuple[int, int]:
    row = await world.service.db.one("SELECT version, lease_until_ms FROM grant_tokens")
    assert row is not None
    return int(row["version"]), int(row["lease_until_ms"])


@on_postgresql
@pytest.mark.parametrize(("delay_ms", "version"), [(2_000, 2), (14_000, 1)], ids=["ends", "is given back"])
async def test_a_renewal_under_way(world: World, tmp_path: Path, delay_ms: int, version: int) -> None:
    await world.landing("twitter")
    async with worker_of(world, tmp_path) as worker:
        await world.fault("twitter", TWITTER_TOKEN, delay_ms=delay_ms, count=3)
        await world.service.db.run("UPDATE grant_tokens SET renew_at_ms = 1")

        async def is_at_it() -> bool:
            return (await tokens(world))[1] > 0

        await settles(is_at_it, within_s=30)
        assert await stopped(worker) == 0
    assert await tokens(world) == (version, 0)


@on_postgresql
async def test_a_delivery_under_way_is_given_back(world: World, tmp_path: Path) -> None:
    async with receiving() as receiver:
        receiver.usual = hang
        allow = f"127.0.0.1:{receiver.port}"
        await world.restart(OUTBOUND_ALLOW=allow)
        body = {"name": "slow", "url": receiver.url, "events": ["account.connected"]}
        await world.ok("POST", "/v1/webhooks/settings", body=body)
        async with worker_of(world, tmp_path, OUTBOUND_ALLOW=allow) as worker:
            await world.landing("twitter")

            async def arrived() -> bool:
                return bool(receiver.received)

            await settles(arrived, within_s=30)
            assert await stopped(worker) == 0
    (delivery,) = await world.service.db.all("SELECT state, holder FROM deliveries")
    assert (delivery["state"], delivery["holder"]) == ("due", None)


@on_postgresql
async def test_a_second_signal_ends_a_worker_at_once(world: World, tmp_path: Path) -> None:
    await world.landing("twitter")
    async with worker_of(world, tmp_path) as worker:
        await world.fault("twitter", TWITTER_TOKEN, delay_ms=14_000, count=3)
        await world.service.db.run("UPDATE grant_tokens SET renew_at_ms = 1")

        async def is_at_it() -> bool:
            return (await tokens(world))[1] > 0

        await settles(is_at_it, within_s=30)
        worker.send_signal(signal.SIGTERM)
        await asyncio.sleep(0.5)
        assert worker.returncode is None
        worker.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(worker.wait(), timeout=2.0) == -signal.SIGTERM
