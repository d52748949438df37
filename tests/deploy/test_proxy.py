"""The proxy's own configuration, in a real Caddy, in front of two real servers on one PostgreSQL."""

import asyncio
import http.client
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from moorline.cli.running import KEEPS_S
from moorline.vault import new_key
from tests.deploy.files import DEPLOY
from tests.engines import PostgresqlServer
from tests.fleet.relay import Relay
from tests.journeys.processes import Process, free_port

CADDY = Path(sys.executable).with_name("caddy")
FILE = DEPLOY / "Caddyfile"
SIGN_IN = "/dashboard/sign-in"
WITHIN_S = 20.0
HEALTH_TIMEOUT_S = 2.0
NOTICED_S = 5.0  # the proxy has asked each server twice
MORE_THAN_ENOUGH = 70  # tries of one client, for two servers that each count for themselves


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    text: str


def ask(
    port: int,
    path: str,
    *,
    method: str = "GET",
    body: str = "",
    source: str = "127.0.0.1",
    **headers: str,
) -> Answer:
    asked = http.client.HTTPConnection("127.0.0.1", port, timeout=WITHIN_S, source_address=(source, 0))
    try:
        asked.request(
            method, path, body=body, headers={name.replace("_", "-"): value for name, value in headers.items()}
        )
        answer = asked.getresponse()
        told = {name.lower(): value for name, value in answer.getheaders()}
        return Answer(status=answer.status, headers=told, text=answer.read().decode("utf-8", "replace"))
    finally:
        asked.close()


@dataclass(frozen=True, slots=True, kw_only=True)
class Fleet:
    port: int
    servers: tuple[Process, ...]
    log: Path
    to_database: Relay
    database_port: int

    def ask(
        self, path: str, *, method: str = "GET", body: str = "", source: str = "127.0.0.1", **headers: str
    ) -> Answer:
        """Ask the proxy, from one of the loopback's addresses."""
        return ask(self.port, path, method=method, body=body, source=source, **headers)

    def try_to_sign_in(self, *, source: str, **headers: str) -> Answer:
        """With a wrong password, as the form of the dashboard sends it."""
        page = self.ask(SIGN_IN, source=source)
        token = re.search(r'name="csrf" value="([^"]+)"', page.text)
        cookie = page.headers.get("set-cookie", "").partition(";")[0]
        body = f"csrf={token[1] if token else ''}&email=stranger%40example.com&password=wrong-{time.monotonic_ns()}"
        sent = {"Content_Type": "application/x-www-form-urlencoded", "Cookie": cookie, "Sec_Fetch_Site": "same-origin"}
        return self.ask(SIGN_IN, method="POST", body=body, source=source, **sent, **headers)


@contextmanager
def caddy(folder: Path, *, site: str, upstreams: str) -> Iterator[Path]:
    """Caddy with the file as it is; its log."""
    log = folder / "caddy.log"
    given = {"PATH": os.environ["PATH"], "HOME": str(folder), "SITE": site, "UPSTREAMS": upstreams}
    with log.open("wb") as output:
        process = subprocess.Popen(
            [str(CADDY), "run", "--adapter", "caddyfile", "--config", str(FILE)],
            cwd=folder,
            env=given,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )
    try:
        yield log
    finally:
        process.terminate()
        process.wait(WITHIN_S)


def until(asked: "Fleet", status: int) -> None:
    give_up_at = time.monotonic() + WITHIN_S
    while True:
        try:
            if asked.ask("/healthz").status == status:
                return
        except OSError:
            pass
        assert time.monotonic() < give_up_at, asked.log.read_text("utf-8")
        time.sleep(0.05)


@pytest.fixture(scope="module")
def database_url(postgresql_server: PostgresqlServer) -> Iterator[str]:
    url = asyncio.run(postgresql_server.fresh())
    yield url
    asyncio.run(postgresql_server.give_back(url))


@pytest.fixture(scope="module")
def to_database() -> Iterator[Relay]:
    with Relay().running() as relay:
        yield relay


@pytest.fixture(scope="module")
def fleet(database_url: str, to_database: Relay, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    """Two servers and the proxy, with the settings of `compose.yaml`."""
    tmp_path = tmp_path_factory.mktemp("fleet")
    port, servers, ports, key = free_port(), [], [free_port(), free_port()], new_key()
    database_port = urlsplit(database_url).port or 5432
    to_database.lead_to(database_port)
    with ExitStack() as stack:
        for number in ports:
            folder = tmp_path / str(number)
            folder.mkdir()
            settings = {
                "MOORLINE_PUBLIC_URL": f"http://127.0.0.1:{port}",
                "MOORLINE_DATABASE_URL": database_url.replace(f":{database_port}/", f":{to_database.port}/"),
                "MOORLINE_ENCRYPTION_KEYS": key,
                "MOORLINE_PORT": str(number),
                "MOORLINE_BACKGROUND": "false",
                "MOORLINE_TRUSTED_PROXIES": "1",
            }
            server = Process(["serve"], folder=folder, settings=settings)
            stack.callback(server.stop)
            start(server)
            servers.append(server)
        upstreams = " ".join(f"127.0.0.1:{number}" for number in ports)
        log = stack.enter_context(caddy(tmp_path, site=f"http://127.0.0.1:{port}", upstreams=upstreams))
        found = Fleet(port=port, servers=tuple(servers), log=log, to_database=to_database, database_port=database_port)
        until(found, 200)
        yield found


def test_the_file_is_right_for_an_address_with_a_certificate(tmp_path: Path) -> None:
    given = {"HOME": str(tmp_path), "SITE": "https://connect.example.com", "UPSTREAMS": "server-1:8400 server-2:8400"}
    command = [str(CADDY), "validate", "--adapter", "caddyfile", "--config", str(FILE)]
    checked = subprocess.run(command, env=given, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stderr
    assert "Valid configuration" in checked.stdout + checked.stderr


def test_the_proxy_gives_up_idle_connections_before_the_servers_do(tmp_path: Path) -> None:
    given = {"HOME": str(tmp_path), "SITE": "https://connect.example.com", "UPSTREAMS": "server-1:8400"}
    command = [str(CADDY), "adapt", "--adapter", "caddyfile", "--config", str(FILE)]
    adapted = subprocess.run(command, env=given, capture_output=True, text=True, check=True).stdout
    (idle_ns,) = re.findall(r'"keep_alive":\{"idle_timeout":(\d+)\}', adapted)
    assert int(idle_ns) / 1e9 <= KEEPS_S - 10


def test_one_server_after_the_other_restarts_and_nobody_is_refused(fleet: Fleet) -> None:
    for server in fleet.servers:
        server.stop()
        for _ in range(20):
            assert fleet.ask("/api/v1/accounts").status == 401
        start(server)
        wait_until_used(fleet, server)


@pytest.mark.parametrize("how", ["refuses", "is silent"])
def test_while_the_database_is_away_callers_hear_from_the_servers_when_to_come_again(fleet: Fleet, how: str) -> None:
    if how == "refuses":
        fleet.to_database.lead_to(0)
    else:
        fleet.to_database.swallow()
    try:
        give_up_at = time.monotonic() + NOTICED_S
        while time.monotonic() < give_up_at:
            asked_at = time.monotonic()
            ready = ask(int(fleet.servers[0].folder.name), "/readyz")
            assert time.monotonic() - asked_at < HEALTH_TIMEOUT_S
            assert (ready.status, ready.text) == (200, '{"status":"database away"}')
            time.sleep(0.5)
        answer = fleet.ask("/api/v1/accounts", Authorization=f"Bearer sk_{'0' * 64}")
    finally:
        fleet.to_database.lead_to(fleet.database_port)
    assert (answer.status, answer.headers.get("retry-after")) == (503, "2"), answer.text
    assert '"store_unavailable"' in answer.text


def test_s53_whoever_writes_an_address_of_their_own_is_counted_by_the_one_the_proxy_saw(fleet: Fleet) -> None:
    statuses: list[int] = []
    while 429 not in statuses and len(statuses) < MORE_THAN_ENOUGH:
        forged = f"198.51.100.{len(statuses)}"
        statuses.append(fleet.try_to_sign_in(source="127.0.0.2", X_Forwarded_For=forged).status)
    assert statuses[0] != 429, "a first try is welcome"
    assert statuses[-1] == 429
    assert fleet.try_to_sign_in(source="127.0.0.3").status == statuses[0], "somebody else is not kept out"


def test_pages_come_as_they_were_sent_and_what_is_static_is_packed(fleet: Fleet) -> None:
    page = fleet.ask(SIGN_IN, Accept_Encoding="gzip, zstd, br")
    assert page.status == 200
    assert "content-encoding" not in page.headers, "its size would tell the form's token (docs/pages.md)"
    style = re.search(r'href="(?:http://[^/"]+)?(/connect/static/[^"]+\.css)\?v=', page.text)
    assert style is not None
    packed = fleet.ask(style[1], Accept_Encoding="gzip")
    assert (packed.status, packed.headers["content-encoding"]) == (200, "gzip")


def test_s30_a_code_is_not_in_the_log_of_the_proxy_either(fleet: Fleet) -> None:
    for server in fleet.servers:
        server.stop()
    path = "/connect/twitter/callback?code=c4nary-code&state=c4nary-state"
    secrets = {"Cookie": "moorline=c4nary-cookie", "Authorization": "Bearer c4nary-key", "Referer": f"https://x{path}"}
    answer = fleet.ask(path, **secrets)
    for server in fleet.servers:
        start(server)
    assert answer.status in {502, 503}
    log = fleet.log.read_text("utf-8")
    assert "/connect/twitter/callback?…" in log, "the failure itself is told"
    assert "c4nary" not in log


def start(server: Process) -> None:
    server.launch().wait_until_ready(f"http://127.0.0.1:{server.folder.name}/readyz")


def wait_until_used(fleet: Fleet, server: Process) -> None:
    """Until the proxy sends requests to a server again."""
    give_up_at, before = time.monotonic() + WITHIN_S, len(server.log)
    while len(server.log) == before:
        assert fleet.ask("/api/v1/accounts").status == 401
        assert time.monotonic() < give_up_at, fleet.log.read_text("utf-8")
        time.sleep(0.05)
