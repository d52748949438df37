"""`/metrics` and `/healthz` on a port of their own, of real processes: the service and the worker."""

import asyncio
import socket
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from urllib.error import HTTPError

import pytest

from moorline.vault import new_key
from tests.engines import PostgresqlServer
from tests.journeys.processes import DidNotStart, Process, free_port

TOKEN = "a-token-for-scraping-only"


def settings(port: int, database_url: str, **more: str) -> dict[str, str]:
    given = {
        "DATABASE_URL": database_url,
        "ENCRYPTION_KEYS": new_key(),
        "PORT": str(port),
        "METRICS_PORT": str(free_port()),
        **more,
    }
    return {f"MOORLINE_{name}": value for name, value in given.items()}


def read(url: str, *, token: str = "", method: str = "GET") -> tuple[int, str]:
    request = urllib.request.Request(url, method=method, headers={"authorization": f"Bearer {token}"} if token else {})
    try:
        with urllib.request.urlopen(request, timeout=5) as answer:
            return answer.status, answer.read().decode()
    except HTTPError as error:
        return error.code, error.read().decode()


def scraped_at(given: dict[str, str]) -> str:
    return f"http://127.0.0.1:{given['MOORLINE_METRICS_PORT']}/metrics"


@pytest.fixture
def migrated(postgresql_server: PostgresqlServer) -> Iterator[str]:
    url = asyncio.run(postgresql_server.fresh())
    yield url
    asyncio.run(postgresql_server.drop(url))


def test_the_service_answers_scrapes_beside_people_and_stops_when_told(tmp_path: Path) -> None:
    given = settings(free_port(), f"sqlite:///{tmp_path}/db.sqlite3")
    public, scraped = f"http://127.0.0.1:{given['MOORLINE_PORT']}", scraped_at(given)
    service = Process(["serve", "--migrate"], folder=tmp_path, settings=given).launch()
    with ExitStack() as stack:
        stack.callback(service.stop)
        service.wait_until_ready(f"{public}/readyz")
        status, text = read(scraped)
        assert status == 200
        assert 'moorline_database_up{engine="sqlite"} 1.0' in text
        assert 'moorline_http_requests_total{method="GET",route="/readyz",status="2xx"}' in text
        assert "process_resident_memory_bytes" in text
        assert read(f"{public}/metrics")[0] == 404, "the port that people reach tells nothing"
        assert read(scraped.replace("/metrics", "/healthz")) == (200, "ok")
        assert read(scraped.replace("/metrics", "/v1/users"))[0] == 404
        assert read(scraped, method="POST")[0] == 404
        for _ in range(40):  # who connects and says nothing
            stack.enter_context(socket.create_connection(("127.0.0.1", int(given["MOORLINE_METRICS_PORT"]))))
        assert read(scraped.replace("/metrics", "/healthz")) == (200, "ok")
        assert read(scraped)[0] == 200
    assert "Traceback" not in service.log


def test_a_port_that_is_taken_ends_the_start_with_a_sentence_that_names_the_setting(tmp_path: Path) -> None:
    first = settings(free_port(), f"sqlite:///{tmp_path}/db.sqlite3")
    second = first | {
        "MOORLINE_PORT": str(free_port()),
        "MOORLINE_DATABASE_URL": f"sqlite:///{tmp_path}/other.sqlite3",
    }
    folder = tmp_path / "second"
    folder.mkdir()
    service = Process(["serve", "--migrate"], folder=tmp_path, settings=first).launch()
    with ExitStack() as stack:
        stack.callback(service.stop)
        service.wait_until_ready(scraped_at(first))
        other = Process(["serve", "--migrate"], folder=folder, settings=second).launch()
        stack.callback(other.stop)
        with pytest.raises(DidNotStart, match=r"is in use\. Give MOORLINE_METRICS_PORT another one\."):
            other.wait_until_ready(f"http://127.0.0.1:{second['MOORLINE_PORT']}/readyz")
        assert "Traceback" not in other.log


def test_a_worker_is_scraped_at_its_own_port_by_who_brings_the_token(migrated: str, tmp_path: Path) -> None:
    given = settings(free_port(), migrated, METRICS_TOKEN=TOKEN)
    worker = Process(["worker"], folder=tmp_path, settings=given).launch()
    with ExitStack() as stack:
        stack.callback(worker.stop)
        assert worker.first_line() == "Working."
        assert read(scraped_at(given)) == (401, "")
        assert read(scraped_at(given).replace("/metrics", "/healthz")) == (200, "ok"), "a probe brings no token"
        status, text = read(scraped_at(given), token=TOKEN)
        assert status == 200
        assert 'moorline_database_connections{state="idle"}' in text
        assert "moorline_renewals_due 0.0" in text
    assert "Traceback" not in worker.log


def test_a_worker_without_the_setting_listens_nowhere(migrated: str, tmp_path: Path) -> None:
    given = settings(free_port(), migrated, METRICS_PORT="0", METRICS_TOKEN=TOKEN)
    worker = Process(["worker"], folder=tmp_path, settings=given).launch()
    with ExitStack() as stack:
        stack.callback(worker.stop)
        assert worker.first_line() == "Working."
        with pytest.raises(OSError, match="refused"):
            read(f"http://127.0.0.1:{given['MOORLINE_PORT']}/metrics")
