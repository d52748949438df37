"""Workers as processes of their own: what a platform told one of them, all others keep to, also when it is killed."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import ExitStack
from pathlib import Path

import pytest_asyncio

from moorline import clock
from moorline.settings import PREFIX
from tests.engines import PostgresqlServer
from tests.harness import TWITTER_TOKEN, World, failure, settles
from tests.journeys.processes import Process

LOOKS_S = 4.0  # in which a worker looks for work twice, on a busy machine


@pytest_asyncio.fixture
async def world(postgresql_server: PostgresqlServer) -> AsyncIterator[World]:
    """A server and a sandbox here, whose database the workers share; it does no background work itself."""
    url = await postgresql_server.fresh()
    async with World(url, {}) as opened:
        yield opened
    await postgresql_server.drop(url)


def worker(world: World, stack: ExitStack, folder: Path) -> Process:
    """A worker on the world's database, until the end of the stack."""
    folder.mkdir()
    settings = {PREFIX + name: value for name, value in world.environment().items()}
    process = Process(["worker"], folder=folder, settings=settings).launch()
    stack.callback(process.stop)
    return process


async def versions(world: World, platform: str) -> list[int]:
    rows = await world.service.db.all(
        "SELECT t.version FROM grants g JOIN grant_tokens t ON t.grant_id = g.id WHERE g.platform = $1", platform
    )
    return sorted(row["version"] for row in rows)


async def test_one_worker_is_told_to_wait_and_killed_and_no_other_process_asks(world: World, tmp_path: Path) -> None:
    await world.landing("twitter")
    (account,) = await world.accounts()
    await world.fault("twitter", TWITTER_TOKEN, status=429, body={})
    await world.service.db.run("UPDATE grant_tokens SET renew_at_ms = 1, access_expires_at_ms = 1")
    with ExitStack() as stack:
        first = worker(world, stack, tmp_path / "first")
        pauses = "SELECT until_ms FROM platform_pauses"
        await settles(lambda: world.service.db.all(pauses), within_s=60)
        first.kill()
        for tenant in (world.owner, world.other):
            await world.landing("twitter", tenant=tenant, person="single")
            await world.landing("youtube", tenant=tenant)
        await world.service.db.run("UPDATE grant_tokens SET renew_at_ms = 1")
        asked = len(await world.calls("twitter", TWITTER_TOKEN))
        for name in ("second", "third"):
            await asyncio.to_thread(worker(world, stack, tmp_path / name).first_line)

        async def others_are_renewed() -> bool:
            return await versions(world, "youtube") == [2, 2]

        await settles(others_are_renewed, within_s=60)
        answer = await world.call("GET", f"/v1/accounts/{account['_id']}/token")
        failure(answer, answer.status, "platform_rate_limited")
        await asyncio.sleep(LOOKS_S)
        assert len(await world.calls("twitter", TWITTER_TOKEN)) == asked
        assert await versions(world, "twitter") == [1, 1, 1]

        await world.service.db.run("UPDATE platform_pauses SET until_ms = $1", clock.now_ms())

        async def all_are_renewed() -> bool:
            return await versions(world, "twitter") == [2, 2, 2]

        await settles(all_are_renewed, within_s=60)
        assert len(await world.calls("twitter", TWITTER_TOKEN)) == asked + 3
