"""The Dockerfile: held by hadolint, its build stage run for real, and what it starts started as it starts it."""

import http.client
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from moorline.vault import new_key
from tests.deploy.files import COMMANDS, ROOT
from tests.deploy.image import HOME, STATE, Image, environment, only, steps
from tests.journeys.processes import free_port

WITHIN_S = 30.0
KEY = new_key()  # one for all, since they find the same database
ROOM_BYTES = 2**30
Settings = dict[str, str]


@pytest.fixture(scope="module")
def image() -> Iterator[Image]:
    """Built once, where everybody may look; in memory if there is room, since it is ten thousand files."""
    root = Path(tempfile.mkdtemp(prefix="moorline-image-", dir=in_memory()))
    root.chmod(0o755)
    try:
        built = Image(root)
        built.build()
        yield built
    finally:
        for path in (root, *root.rglob("*")):
            if path.is_dir() and not path.is_symlink():
                path.chmod(0o755)
        shutil.rmtree(root)


@pytest.fixture
def settings() -> Settings:
    return {"MOORLINE_ENCRYPTION_KEYS": KEY, "MOORLINE_PORT": str(free_port())}


def in_memory() -> Path | None:
    folder = Path("/dev") / "shm"
    try:
        told = os.statvfs(folder)
    except OSError:
        return None
    fit = told.f_bavail * told.f_frsize >= ROOM_BYTES and not told.f_flag & os.ST_NOEXEC
    return folder if fit and os.access(folder, os.W_OK) else None


def within(told: Callable[[], bool], log: Path) -> None:
    give_up_at = time.monotonic() + WITHIN_S
    while not told():
        assert time.monotonic() < give_up_at, log.read_text("utf-8")
        time.sleep(0.05)


@contextmanager
def running(image: Image, settings: Settings, log: Path) -> Iterator["subprocess.Popen[bytes]"]:
    """What the image starts by itself, until it is healthy; killed at the end if it still runs."""
    process = image.start(only("CMD").words, folder=image.state, settings=settings, log=log)
    try:
        within(lambda: process.poll() is not None or image.health(settings) == 0, log)
        assert process.poll() is None, log.read_text("utf-8")
        yield process
    finally:
        process.kill()
        process.wait()


def test_hadolint_finds_nothing_wrong() -> None:
    hadolint = Path(sys.executable).with_name("hadolint")
    linted = subprocess.run([str(hadolint), str(ROOT / "Dockerfile")], capture_output=True, text=True, check=False)
    assert (linted.returncode, linted.stdout) == (0, "")


def test_only_what_is_copied_may_come_in() -> None:
    lines = [line for line in (ROOT / ".dockerignore").read_text("utf-8").splitlines() if line and line[0] != "#"]
    assert lines[0] == "*", "first everything is left out"
    allowed = {line[1:] for line in lines if line.startswith("!")}
    copied = {
        word
        for step in steps()
        if step.name == "COPY" and "--from" not in step.value
        for word in step.value.split()[:-1]
    }
    assert allowed == copied
    assert set(lines[1:]) - {f"!{name}" for name in allowed} == {"**/__pycache__"}


def test_both_stages_have_the_same_pinned_python_and_the_environment_keeps_its_path() -> None:
    first, last = (step.value.removesuffix(" AS build") for step in steps() if step.name == "FROM")
    assert first == last
    assert re.fullmatch(r"python:3\.\d+-slim-\w+", last)
    moved = next(step.value for step in steps() if step.name == "COPY" and "--from=build" in step.value)
    assert moved == f"--from=build {HOME} {HOME}"


def test_everything_installed_is_in_the_lock_with_its_hash() -> None:
    commands = [part for step in steps() if step.name == "RUN" for part in step.command.split("&&")]
    from_lock, itself = (command for command in commands if re.search(r"\bpip\b.* install ", command))
    assert "--require-hashes --only-binary :all: --requirement requirements.lock" in from_lock
    assert "--no-deps --no-build-isolation ." in itself


def test_the_last_stage_belongs_to_nobody_who_could_change_it() -> None:
    made = " ".join(step.value for step in steps() if step.stage == 1 and step.name == "RUN")
    uid, _, gid = only("USER").value.partition(":")
    assert int(uid) > 0
    assert f"useradd --uid {uid} --gid moorline" in made
    assert f"groupadd --gid {gid} moorline" in made
    assert f"install --directory --owner=moorline --group=moorline --mode=0700 {STATE}" in made
    assert "pip uninstall --yes pip" in made
    assert not {"apt-get", "gcc", "git"} & set(re.split(r"\W", made))
    order = [step.name for step in steps() if step.stage == 1]
    assert max(at for at, name in enumerate(order) if name in {"RUN", "COPY"}) < order.index("USER")
    assert only("WORKDIR").value == only("VOLUME").value == STATE


def test_it_starts_a_command_that_exists() -> None:
    assert only("ENTRYPOINT").words == ["moorline"]
    assert only("CMD").words[0] in COMMANDS
    assert environment()["PATH"].startswith(f"{HOME}/bin:")


def test_the_image_holds_the_program_and_no_tool_to_build_another(image: Image) -> None:
    packages = next(image.at(HOME).glob("lib/python3.*/site-packages"))
    names = {path.name.split("-")[0].lower() for path in packages.glob("*.dist-info")}
    assert {"moorline", "litestar", "uvicorn", "asyncpg"} <= names
    assert not {"pip", "setuptools", "wheel", "flit_core", "pytest", "mypy"} & names
    version = subprocess.run(
        [str(image.at(f"{HOME}/bin/moorline")), "--version"], capture_output=True, text=True, check=True
    )
    assert version.stdout.strip()


def test_it_serves_as_nobody_with_everything_read_only_but_its_state(
    image: Image, settings: Settings, tmp_path: Path
) -> None:
    before = list(image.files())
    assert image.health(settings) != 0, "nothing runs yet"
    with running(image, settings, tmp_path / "log") as process:
        asked = http.client.HTTPConnection("127.0.0.1", int(settings["MOORLINE_PORT"]), timeout=WITHIN_S)
        for path, wanted in (("/readyz", 200), ("/api/v1/accounts", 401), ("/dashboard/sign-in", 200)):
            asked.request("GET", path)
            answer = asked.getresponse()
            answer.read()
            assert answer.status == wanted, path
        assert (image.state / "moorline-data" / "moorline.sqlite3").is_file()
        assert process.poll() is None
    assert list(image.files()) == before


def test_the_health_check_says_no_of_a_server_that_does_not_answer(image: Image, settings: Settings) -> None:
    with socket.create_server(("127.0.0.1", int(settings["MOORLINE_PORT"]))):  # takes the connection, and says nothing
        assert image.health(settings) != 0


def test_told_to_stop_it_answers_what_it_has_taken_and_takes_nothing_more(
    image: Image, settings: Settings, tmp_path: Path
) -> None:
    log = tmp_path / "log"
    address = ("127.0.0.1", int(settings["MOORLINE_PORT"]))
    with running(image, settings, log) as process, socket.create_connection(address, timeout=WITHIN_S) as begun:
        begun.sendall(
            b"POST /api/v1/connect/bluesky/credentials HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
            b"Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{"
        )
        time.sleep(0.5)  # so that the server has the first half
        process.send_signal(signal.Signals[only("STOPSIGNAL").value])
        within(lambda: not takes_connections(address), log)
        assert process.poll() is None, "it left somebody without an answer"
        begun.sendall(b"}")
        answer = b"".join(iter(lambda: begun.recv(65536), b""))
        assert answer.startswith(b"HTTP/1.1 401 ")
        process.wait(WITHIN_S)
    assert process.returncode in {0, -signal.SIGTERM}
    assert b"Traceback" not in log.read_bytes()


def takes_connections(address: tuple[str, int]) -> bool:
    try:
        with socket.create_connection(address, timeout=1):
            return True
    except OSError:
        return False


@pytest.mark.parametrize("engine", ["postgresql"], indirect=True)
def test_on_postgresql_it_writes_nothing_at_all(
    image: Image, settings: Settings, empty_database_url: str, tmp_path: Path
) -> None:
    given = settings | {"MOORLINE_DATABASE_URL": empty_database_url}
    before, log = list(image.files()), tmp_path / "log"
    migration = image.start(["migrate"], folder=image.at(HOME), settings=given, log=log)
    assert migration.wait(WITHIN_S) == 0, log.read_text("utf-8")
    worker = image.start(["worker"], folder=image.at(HOME), settings=given, log=log)
    try:
        within(lambda: worker.poll() is not None or b"Working." in log.read_bytes(), log)
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(WITHIN_S) == 0, log.read_text("utf-8")
    finally:
        worker.kill()
        worker.wait()
    assert list(image.files()) == before
