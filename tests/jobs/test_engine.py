"""Background work: inside the service by itself, in a worker of its own, and after a fault."""

import asyncio
import os
import signal
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from moorline.errors import StoreUnavailable
from moorline.jobs import engine
from moorline.pulse import Pulse
from moorline.settings import PREFIX
from tests.conftest import FrozenClock
from tests.harness import TWITTER_TOKEN, World, on_both_engines, settles
from tests.journeys.processes import MOORLINE

on_postgresql = pytest.mark.parametrize("served_on", ["postgresql"], indirect=True)
PAGES_REVOKED = "DELETE /{version}/{user_id}/permissions"
PAGE = "100000000000101"


async def version(world: World) -> int:
    row = await world.service.db.one("SELECT version FROM grant_tokens")
    assert row is not None
    return int(row["version"])


@on_both_engines
async def test_the_service_renews_what_is_due_by_itself(world: World, frozen_clock: FrozenClock) -> None:
    await world.landing("twitter")
    await world.restart(BACKGROUND="true")
    assert await version(world) == 1
    frozen_clock.advance(2 * 3600)

    async def renewed() -> bool:
        return await version(world) == 2

    await settles(renewed)
    assert len(await world.calls("twitter", TWITTER_TOKEN)) == 2


async def test_a_revocation_that_failed_is_tried_again_by_itself(world: World, frozen_clock: FrozenClock) -> None:
    fields = await world.selection()
    account = (await world.select(fields, PAGE)).json["account"]
    await world.restart(BACKGROUND="true")
    await world.fault("facebook", PAGES_REVOKED, status=503, body={}, count=3)
    await world.ok("DELETE", f"/v1/accounts/{account['accountId']}")
    frozen_clock.advance(80)

    async def done() -> bool:
        return await world.service.db.all("SELECT id FROM revocations") == []

    await settles(done)
    assert len(await world.calls("facebook", PAGES_REVOKED)) == 4


async def test_work_goes_on_after_a_fault_and_after_the_database_was_away(monkeypatch: pytest.MonkeyPatch) -> None:
    for pause in ("IDLE_S", "PAUSE_S", "RESTART_AFTER_S"):
        monkeypatch.setattr(engine, pause, 0.001)
    ends: list[Exception | None] = [StoreUnavailable("away"), ValueError("a fault of ours"), None, None]
    done = asyncio.Event()

    async def work() -> int:
        if not ends:
            done.set()
            return 0
        if (end := ends.pop(0)) is not None:
            raise end
        return 1

    stopping = asyncio.Event()
    async with engine.running(stopping, [lambda: engine.loop(stopping, Pulse(), "test", work)]):
        await asyncio.wait_for(done.wait(), timeout=5)


def environment(world: World, **changes: str) -> Mapping[str, str]:
    """What a worker beside this service is started with."""
    return {
        **{name: value for name, value in os.environ.items() if not name.startswith(PREFIX)},
        **{PREFIX + name: value for name, value in {**world.environment(), **changes}.items()},
    }


async def started(world: World, folder: Path, **changes: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        str(MOORLINE),
        "worker",
        cwd=folder,
        env=environment(world, **changes),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )


@on_postgresql
async def test_two_workers_of_their_own_renew_each_grant_once_and_end_cleanly(world: World, tmp_path: Path) -> None:
    for platform in ("twitter", "youtube", "reddit"):
        await world.landing(platform)
    workers = [await started(world, tmp_path) for _ in range(2)]

    async def renewed() -> bool:
        rows = await world.service.db.all("SELECT version FROM grant_tokens")
        return [row["version"] for row in rows] == [2, 2, 2]

    try:
        for worker in workers:
            assert worker.stdout is not None
            assert await asyncio.wait_for(worker.stdout.readline(), timeout=30) == b"Working.\n"
        await world.service.db.run("UPDATE grant_tokens SET renew_at_ms = 1")
        await settles(renewed, within_s=30)
    finally:
        for worker in workers:
            if worker.returncode is None:
                worker.send_signal(signal.SIGTERM)
        told: list[Any] = [await worker.communicate() for worker in workers]
    assert [worker.returncode for worker in workers] == [0, 0], told
    assert await renewed()


async def test_a_worker_beside_sqlite_says_why_not(world: World, tmp_path: Path) -> None:
    worker = await started(world, tmp_path)
    _, told = await worker.communicate()
    assert worker.returncode == 1
    assert told.decode().strip() == (
        "`moorline worker` needs PostgreSQL. On SQLite `moorline serve` does the background work itself."
    )
