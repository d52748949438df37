"""What a worker's probe is told: that it works, also while its database is away; not when it stands still."""

import asyncio
import json
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest

from moorline.store import migrate
from moorline.vault import new_key
from tests.fleet.postgresql import OwnPostgresql, own_postgresql
from tests.journeys.processes import Process, free_port

IMPATIENT = Path(__file__).with_name("impatient.py")
# A loop waits for 5 s after the database did not answer, and for 1 s when there is nothing to do.
SILENT_S = 10.0
TIMEOUT_S = 2.0
KEY = new_key()


@pytest.fixture(scope="module")
def own_database() -> Iterator[OwnPostgresql]:
    """A server that may be stopped, apart from that of the fleet."""
    with own_postgresql() as server:
        asyncio.run(migrate.upgrade(server.url))
        yield server


@contextmanager
def working(database_url: str, folder: Path, *, hangs: str = "-") -> Iterator[tuple[Process, str]]:
    """A worker, and the address that its probes ask."""
    port = free_port()
    settings = {
        "MOORLINE_DATABASE_URL": database_url,
        "MOORLINE_ENCRYPTION_KEYS": KEY,
        "MOORLINE_METRICS_PORT": str(port),
        "MOORLINE_METRICS_TOKEN": "a-token-for-scraping-only",
    }
    program = (sys.executable, str(IMPATIENT), str(SILENT_S), hangs)
    worker = Process(["worker"], folder=folder, settings=settings, program=program).launch()
    try:
        assert worker.first_line() == "Working."
        yield worker, f"http://127.0.0.1:{port}/healthz"
    finally:
        worker.stop()


def probe(url: str) -> tuple[int, str]:
    """What a probe is answered, without any token. Raises: OSError when there is no answer."""
    try:
        with urlopen(url, timeout=TIMEOUT_S) as answer:
            return answer.status, answer.read().decode()
    except HTTPError as error:
        return error.code, error.read().decode()


def watched(url: str, seconds: float) -> set[tuple[int, str]]:
    """Every answer of so many seconds."""
    found, end = set(), time.monotonic() + seconds
    while time.monotonic() < end:
        found.add(probe(url))
        time.sleep(0.2)
    return found


def test_a_worker_lives_while_its_database_is_away_and_not_while_it_stands_still(
    own_database: OwnPostgresql, tmp_path: Path
) -> None:
    with working(own_database.url, tmp_path) as (worker, url):
        assert probe(url) == (200, "ok")
        own_database.stop()
        try:
            assert watched(url, SILENT_S + 5) == {(200, "ok")}
        finally:
            own_database.start()
        assert "work_delayed" in worker.log
        worker.send(signal.SIGSTOP)
        try:
            with pytest.raises(OSError, match="timed out"):
                probe(url)
        finally:
            worker.send(signal.SIGCONT)
        assert watched(url, 2) == {(200, "ok")}


def test_a_worker_one_of_whose_loops_hangs_is_told_from_one_that_works(
    own_database: OwnPostgresql, tmp_path: Path
) -> None:
    with working(own_database.url, tmp_path, hangs="revocations") as (worker, url):
        assert probe(url) == (200, "ok")
        give_up_at = time.monotonic() + 3 * SILENT_S
        while (told := probe(url)) == (200, "ok"):
            assert time.monotonic() < give_up_at
            time.sleep(0.2)
        assert told == (503, "stalled: revocations")
        time.sleep(SILENT_S / 2)
        assert probe(url) == told, "the other loops go on"
    assert {"ERROR"} == {
        entry["level"].upper()
        for line in worker.log.splitlines()
        if (entry := json.loads(line))["event"] == "work_stalled"
    }
