"""Every line of a request, and of a piece of background work, carries the ids by which its other lines are found."""

import asyncio
import logging
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import urlsplit

import pytest
import pytest_asyncio

from moorline import logs
from moorline.connect import purge
from moorline.connect.bot_updates import BotConsumer, configured_bots
from moorline.jobs import revoking
from moorline.jobs.renewals import Renewals
from moorline.jobs.warnings import Warnings
from moorline.webhooks.deliver import Deliveries
from tests.conftest import FrozenClock
from tests.harness import HOST, OAUTH, TWITTER_TOKEN, World, settles
from tests.http.conftest import Lines, Serve
from tests.webhooks.receiver import receiving

DAY_S = 86_400


@pytest.fixture
def every_line(lines: Lines) -> Lines:
    """Down to DEBUG."""
    logging.getLogger().setLevel("DEBUG")
    return lines


@pytest_asyncio.fixture
async def hooked(serve: Serve) -> AsyncIterator[World]:
    """A world with a webhook that arrives."""
    async with receiving() as receiver:
        world = await serve(OUTBOUND_ALLOW=f"127.0.0.1:{receiver.port}")
        hook = {
            "name": "a",
            "url": receiver.url,
            "events": ["account.connected", "account.disconnected", "account.expiring"],
        }
        await world.ok("POST", "/v1/webhooks/settings", body=hook)
        yield world


def ours(lines: Lines) -> list[dict[str, Any]]:
    return [one for one in lines.entries() if one["logger"].startswith("moorline.") and "sandbox" not in one["logger"]]


async def test_every_line_of_a_request_carries_its_id(hooked: World, every_line: Lines) -> None:
    for platform in OAUTH:
        await hooked.landing(platform)
        await hooked.landing(platform, button="deny")
    await hooked.fault("twitter", TWITTER_TOKEN, status=500, count=9)
    await hooked.landing("twitter")
    await hooked.call("GET", "/v1/accounts", key="wrong")
    for account in await hooked.accounts():
        await hooked.call("DELETE", f"/v1/accounts/{account['_id']}")
    without = {one["event"] for one in ours(every_line) if "request_id" not in one}
    assert without == set()
    assert {"answered", "connect_failed", "outbound_call", "account_connected", "consent_withdrawn"} <= {
        one["event"] for one in ours(every_line)
    }


@pytest.mark.parametrize("platform", ["twitter", "facebook"])
async def test_every_line_from_the_start_of_an_attempt_on_carries_the_attempt(
    world: World, every_line: Lines, platform: str
) -> None:
    started = await world.start(platform, None)
    browser = await world.browser()
    page = await browser.open(await world.consent(started["authUrl"]))
    if platform == "facebook":
        chooser = await browser.follow(page)
        await browser.send(chooser, button="connect", pick={"choice": "2"})
    told = {one["event"]: one.get("attempt_id") for one in ours(every_line) if one.get("route") != "/static"}
    expected = {"connect_started", "callback_finished", "outbound_call", "account_connected"}
    expected |= {"selection_opened", "selection_made"} if platform == "facebook" else set()
    (row,) = await world.service.db.all("SELECT id FROM attempts")
    assert {name: told[name] for name in expected} == dict.fromkeys(expected, row["id"])
    callbacks = [one for one in ours(every_line) if one.get("route") == "/connect/{platform}/callback"]
    assert [one["attempt_id"] for one in callbacks] == [row["id"]]


async def test_an_attempt_does_not_stick_to_the_next_request(world: World, every_line: Lines) -> None:
    await world.landing("twitter")
    await world.call("GET", "/v1/users")
    (answered,) = (one for one in ours(every_line) if one.get("route") == "/api/v1/users")
    assert "attempt_id" not in answered


async def test_nor_to_one_that_was_sent_before_the_answer(world: World, every_line: Lines) -> None:
    """The server begins it in the midst of the first one, which leaves its own traces around."""
    reader, writer = await asyncio.open_connection(HOST, urlsplit(world.base_url).port)
    head = f"HTTP/1.1\r\nHost: {HOST}\r\nAuthorization: Bearer {world.owner.api_key}\r\n"
    writer.write(f"GET /v1/connect/twitter?profileId={world.owner.profile_id} {head}\r\n".encode())
    writer.write(f"GET /v1/users {head}Connection: close\r\n\r\n".encode())
    assert (await reader.read()).count(b"HTTP/1.1 200") == 2
    writer.close()
    first, second = (one for one in ours(every_line) if one["event"] == "answered")
    assert "attempt_id" in first
    assert second["route"] == "/api/v1/users"
    assert "attempt_id" not in second
    assert first["request_id"] != second["request_id"]


async def test_every_line_of_background_work_carries_the_id_of_its_piece(
    hooked: World, every_line: Lines, frozen_clock: FrozenClock
) -> None:
    for platform in OAUTH:
        await hooked.landing(platform)
    await hooked.landing("linkedin", person="none")
    await hooked.fault("twitter", TWITTER_TOKEN, status=503, count=9)
    seen_before = len(ours(every_line))
    for days in (0, 1, 46, 12):
        frozen_clock.advance(days * DAY_S)
        for work in (Warnings(hooked.service).work, Renewals(hooked.service).work, Deliveries(hooked.service).work):
            await work()
        await revoking.work(hooked.service)
    told = ours(every_line)[seen_before:]
    assert {"tokens_renewed", "renewal_failed", "account_expiring", "webhook_delivered"} <= {
        one["event"] for one in told
    }
    assert {one["event"] for one in told if "job_id" not in one} == set()
    assert {one.get("job") for one in told} >= {"renewal", "warning", "delivery"}
    by_job: dict[str, set[str]] = {}
    for one in told:
        if "grant" in one:
            by_job.setdefault(one["job_id"], set()).add(one["grant"])
    assert all(len(grants) == 1 for grants in by_job.values()), "a piece of work is about one grant"


async def test_the_sweeps_and_the_bots_updates_are_pieces_of_work_too(
    serve: Serve, every_line: Lines, frozen_clock: FrozenClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = await serve(TELEGRAM_MODE="polling")
    await world.call("GET", "/v1/connect/telegram", query={"profileId": world.owner.profile_id})
    await world.service.db.run("UPDATE attempts SET created_at_ms = 0")
    (bot,) = configured_bots(world.service)
    tasks = [
        asyncio.create_task(purge.run(world.service)),
        asyncio.create_task(BotConsumer(world.service, bot).run()),
    ]
    await world.tell_bot("LATE-AAAAAA @bakery_news")

    async def both() -> bool:
        return {"purge", "bot_update"} <= {one.get("job") for one in ours(every_line)}

    try:
        await settles(both)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def test_ids_end_with_the_piece_of_work() -> None:
    logs.attempt_id.set("before")
    with logs.working("renewal"):
        assert logs.job.get() == "renewal"
        assert logs.attempt_id.get() is None
        first = logs.job_id.get()
        logs.about(platform="twitter", attempt="within")
    with logs.working("renewal"):
        assert logs.job_id.get() != first
        assert logs.at_platform.get() is None
    assert (logs.job.get(), logs.job_id.get(), logs.attempt_id.get()) == (None, None, "before")
