"""Moorline's own commands as processes on free loopback ports: `moorline demo --json`, and any other."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Self
from urllib.error import URLError

MOORLINE = Path(sys.executable).with_name("moorline")
START_TIMEOUT_S = 120.0  # of a machine that has much else to do
STOP_TIMEOUT_S = 20.0


class DidNotStart(Exception):
    """The process ended or stayed silent; the message is its log."""


def free_port() -> int:
    """A port nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


class Process:
    """One running command. Its standard error goes to `log`, to which a further start appends."""

    def __init__(
        self,
        arguments: Sequence[str],
        *,
        folder: Path,
        settings: Mapping[str, str] | None = None,
        program: Sequence[str] = (str(MOORLINE),),
    ) -> None:
        self.folder = folder
        self.log_file = folder / f"{arguments[0]}.log"
        self._out_file = folder / f"{arguments[0]}.out"
        self._arguments = [*program, *arguments]
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("MOORLINE_")}
        self._environment = inherited | dict(settings or {})
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def log(self) -> str:
        """Everything it logged so far."""
        return self.log_file.read_text(encoding="utf-8", errors="replace") if self.log_file.exists() else ""

    @property
    def output(self) -> str:
        """What it printed since its last start."""
        return self._out_file.read_text(encoding="utf-8")

    def launch(self) -> Self:
        """Start it, in its own folder, where no `.env` lies."""
        with self._out_file.open("wb") as out, self.log_file.open("ab") as log:
            self._process = subprocess.Popen(
                self._arguments,
                cwd=self.folder,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=log,
            )
        return self

    def first_line(self) -> str:
        """The first line of its output, once it is whole. Raises: DidNotStart."""
        give_up_at = time.monotonic() + START_TIMEOUT_S
        while True:
            running = self._is_running()
            line, newline, _ = self.output.partition("\n")
            if newline:
                return line
            if not running or time.monotonic() > give_up_at:
                raise DidNotStart(self.log)
            time.sleep(0.02)

    def wait_until_ready(self, url: str) -> Self:
        """Wait until the address answers 200. Raises: DidNotStart."""
        give_up_at = time.monotonic() + START_TIMEOUT_S
        while time.monotonic() < give_up_at and self._is_running():
            try:
                with urllib.request.urlopen(url, timeout=5):
                    return self
            except (URLError, OSError):
                time.sleep(0.02)
        raise DidNotStart(self.log)

    @property
    def is_launched(self) -> bool:
        """Whether it was launched, and its end was not waited for."""
        return self._process is not None

    @property
    def pid(self) -> int:
        """Of the process that was launched."""
        assert self._process is not None
        return self._process.pid

    def send(self, number: signal.Signals) -> None:
        """Send it a signal, and wait for nothing."""
        os.kill(self.pid, number)

    def ended(self, within_s: float = STOP_TIMEOUT_S) -> int:
        """Wait until it has ended by itself; its exit code."""
        assert self._process is not None
        code, self._process = self._process.wait(within_s), None
        return code

    def kill(self) -> None:
        """End it as a power failure would: no handler runs."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """End it as an operator does, and wait until it has."""
        self._end(signal.SIGTERM)

    def _is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def _end(self, how: signal.Signals) -> None:
        if self._process is None:
            return
        if self._process.poll() is None:
            self._process.send_signal(how)
        try:
            self._process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
            raise
        finally:
            self._process = None


class DemoServer:
    """`moorline demo --json`: service and sandbox on one port, over a data folder that outlives the process."""

    def __init__(self, folder: Path, settings: Mapping[str, str] | None = None) -> None:
        self.port = free_port()
        self.data_dir = folder / "data"
        arguments = ["demo", "--json", "--port", str(self.port), "--data-dir", str(self.data_dir)]
        self._process = Process(arguments, folder=folder, settings=settings)
        self.base_url = f"http://127.0.0.1:{self.port}"
        self.api_key = ""
        self.user_id = ""
        self.profile_id = ""

    @property
    def pid(self) -> int:
        """Of the process that was started."""
        return self._process.pid

    @property
    def log(self) -> str:
        """Everything the server logged so far, over all its starts."""
        return self._process.log

    def start(self) -> Self:
        """Start, or start again, and wait until it says it is ready."""
        told = json.loads(self._process.launch().first_line())
        assert told["base_url"] == self.base_url
        self.api_key, self.user_id, self.profile_id = told["api_key"], told["user_id"], told["profile_id"]
        return self

    def kill(self) -> None:
        """End it as a power failure would."""
        self._process.kill()

    def stop(self) -> None:
        """End it as an operator does."""
        self._process.stop()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()
