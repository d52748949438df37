"""SQLite on a disk without room: writes are put off, reads go on, and everything is there when there is room again."""

import asyncio
import resource
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.journeys.conftest import seen_from_outside
from tests.journeys.journey import Answer, Journey, query_of
from tests.journeys.processes import DemoServer


@contextmanager
def no_room(server: DemoServer) -> Iterator[None]:
    """The process can make no file longer, as on a full disk: not the database, not its log, not its own log."""
    before = resource.prlimit(server.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(server.pid, resource.RLIMIT_FSIZE, (0, before[1]))
    try:
        yield
    finally:
        resource.prlimit(server.pid, resource.RLIMIT_FSIZE, before)


async def new_profile(journey: Journey, name: str) -> Answer:
    return await journey.call("POST", "profiles", body={"name": name})


async def names_of(journey: Journey) -> list[str]:
    return sorted(profile["name"] for profile in (await journey.get("profiles"))["profiles"])


async def test_a_full_disk_loses_nothing_and_does_nothing_twice(tmp_path: Path) -> None:
    with DemoServer(tmp_path) as server:
        async with Journey.through(seen_from_outside(server)) as journey:
            await journey.new_profile("Before")
            started = await journey.start("twitter")
            browser = await journey.browser()
            callback = await journey.consent(started["authUrl"], browser=browser)
            before = await names_of(journey)

            with no_room(server):
                answers = await asyncio.gather(*(new_profile(journey, f"During {number}") for number in range(5)))
                assert {(answer.status, answer.headers.get("retry-after")) for answer in answers} == {(503, "2")}
                page = await browser.open(callback)
                assert (page.status, page.location) == (503, None)
                assert await names_of(journey) == before
                assert (await journey.call("GET", "../../readyz")).status == 200

            assert (await new_profile(journey, "After")).status == 201
            assert await names_of(journey) == sorted([*before, "After"])
            landed = await browser.open(callback)
            assert landed.location is not None, landed.text
            assert query_of(landed.location)["connected"] == "twitter"
            assert await journey.count("twitter", "POST /2/oauth2/token") == 1
            assert len(await journey.accounts()) == 1
        log = server.log
    assert "Traceback" not in log
    connection = sqlite3.connect(server.data_dir / "moorline.sqlite3")
    assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    connection.close()
