"""`moorline users`: people made at the command line, who then sign in to the dashboard."""

import json
import os
import pty
import re
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

import pytest

from moorline.errors import Unauthorized
from moorline.owners import sessions
from moorline.settings import PREFIX
from moorline.store import engines as store
from moorline.vault import new_key
from tests.journeys.processes import MOORLINE

EMAIL = "ops@example.com"
PASSWORD = "correct horse battery staple"
OTHER = "another one, just as long"


def environment(folder: Path) -> dict[str, str]:
    given = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
    settings = {
        "DATABASE_URL": f"sqlite:///{folder}/db.sqlite3",
        "ENCRYPTION_KEYS": new_key(),
        "PUBLIC_URL": "https://board.example.com",
    }
    return given | {PREFIX + name: value for name, value in settings.items()}


def command(folder: Path, *arguments: str, typed: str = "") -> subprocess.CompletedProcess[str]:
    """Run a command with something on standard input, which is no terminal."""
    return subprocess.run(
        [str(MOORLINE), *arguments],
        cwd=folder,
        env=environment(folder),
        input=typed,
        capture_output=True,
        text=True,
        check=False,
    )


def run(folder: Path, *arguments: str, typed: str = "") -> str:
    done = command(folder, *arguments, typed=typed)
    assert done.returncode == 0, done.stderr
    return done.stdout


def at_terminal(folder: Path, *arguments: str, typed: str) -> tuple[int, str]:
    """Run a command at a terminal where somebody types; exit code and all that is shown there."""
    pid, terminal = pty.fork()
    if pid == 0:  # the child, with the terminal as its own
        os.chdir(folder)
        os.execve(str(MOORLINE), [str(MOORLINE), *arguments], environment(folder))  # noqa: S606 - a command of ours
    shown = b""
    for line in typed.splitlines():
        while not re.search(rb": $", shown.replace(b"\r\n", b"\n").rpartition(b"\n")[2]):
            shown += os.read(terminal, 1024)
        os.write(terminal, f"{line}\n".encode())
        shown += b"\n"
    try:
        while chunk := os.read(terminal, 1024):
            shown += chunk
    except OSError:  # the terminal is gone with the child
        pass
    os.close(terminal)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), shown.decode()


async def signs_in(folder: Path, password: str) -> bool:
    db = await store.connect(f"sqlite:///{folder}/db.sqlite3")
    try:
        await sessions.sign_in(db, email=EMAIL, password=password)
    except Unauthorized:
        return False
    finally:
        await db.close()
    return True


def links(folder: Path) -> int:
    with closing(sqlite3.connect(folder / "db.sqlite3")) as db:
        return int(db.execute("SELECT count(*) FROM sign_in_links").fetchone()[0])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    run(tmp_path, "migrate")
    return tmp_path


async def test_a_user_is_made_with_a_password_from_standard_input(folder: Path) -> None:
    told = run(folder, "users", "create", "--email", EMAIL, "--name", "Ops", "--password-stdin", typed=f"{PASSWORD}\n")
    assert "Sign in at https://board.example.com/dashboard" in told
    assert PASSWORD not in told
    assert await signs_in(folder, PASSWORD)
    assert links(folder) == 0
    with closing(sqlite3.connect(folder / "db.sqlite3")) as db:
        assert db.execute("SELECT name, email, role FROM users").fetchall() == [("Ops", EMAIL, "owner")]
        assert db.execute("SELECT name, is_default FROM profiles").fetchall() == [("Default", 1)]


async def test_without_a_terminal_and_a_password_a_link_signs_in_once(folder: Path) -> None:
    told = json.loads(run(folder, "users", "create", "--email", EMAIL, "--json"))
    assert (told["email"], told["name"]) == (EMAIL, "ops")
    token = re.fullmatch(r"https://board\.example\.com/dashboard\?once=([A-Za-z0-9_-]{43})", told["sign_in_url"])
    assert token is not None
    db = await store.connect(f"sqlite:///{folder}/db.sqlite3")
    try:
        assert (await sessions.sign_in_by_link(db, token[1])).member.id == told["id"]
    finally:
        await db.close()


def test_a_link_is_made_for_somebody_who_is_there(folder: Path) -> None:
    run(folder, "keys", "create", "--email", EMAIL)
    told = run(folder, "users", "sign-in-link", "--email", EMAIL.upper())
    assert re.search(r"^https://board\.example\.com/dashboard\?once=[A-Za-z0-9_-]{43}$", told, re.MULTILINE)
    assert "once, within 15 minutes" in told
    assert json.loads(run(folder, "users", "sign-in-link", "--email", EMAIL, "--json")).keys() == {"sign_in_url"}
    assert links(folder) == 2


async def test_a_password_is_set_and_everybody_is_signed_out(folder: Path) -> None:
    run(folder, "users", "create", "--email", EMAIL, "--password-stdin", typed=f"{PASSWORD}\r\n")
    assert await signs_in(folder, PASSWORD)
    run(folder, "users", "password", "--email", EMAIL, "--password-stdin", typed=OTHER)
    with closing(sqlite3.connect(folder / "db.sqlite3")) as db:
        assert db.execute("SELECT count(*) FROM sessions").fetchone()[0] == 0
    assert not await signs_in(folder, PASSWORD)
    assert await signs_in(folder, OTHER)


@pytest.mark.parametrize(
    ("arguments", "typed", "told"),
    [
        (("create", "--email", EMAIL, "--password-stdin"), "short\n", "password: 12 to 200 characters."),
        (("create", "--email", EMAIL, "--password-stdin"), "", "password: 12 to 200 characters."),
        (("create", "--email", "nobody", "--password-stdin"), PASSWORD, "email is not an e-mail address."),
        (("create", "--email", "taken@example.com", "--password-stdin"), PASSWORD, "There is a user with the address"),
        (("password", "--email", EMAIL, "--password-stdin"), PASSWORD, "moorline users create --email"),
        (("password", "--email", "taken@example.com"), "", "--password-stdin"),
        (("sign-in-link", "--email", EMAIL), "", "There is no user with the address"),
    ],
)
def test_what_cannot_be_ends_with_a_sentence_and_changes_nothing(
    folder: Path, arguments: tuple[str, ...], typed: str, told: str
) -> None:
    run(folder, "users", "create", "--email", "taken@example.com", "--password-stdin", typed=PASSWORD)
    done = command(folder, "users", *arguments, typed=typed)
    assert done.returncode == 1
    assert told in done.stderr
    assert "Traceback" not in done.stderr
    assert PASSWORD not in done.stderr + done.stdout
    with closing(sqlite3.connect(folder / "db.sqlite3")) as db:
        assert db.execute("SELECT email FROM users").fetchall() == [("taken@example.com",)]


async def test_at_a_terminal_the_password_is_asked_for_twice_and_not_shown(folder: Path) -> None:
    code, shown = at_terminal(folder, "users", "create", "--email", EMAIL, typed=f"{PASSWORD}\n{PASSWORD}\n")
    assert code == 0, shown
    assert PASSWORD not in shown
    assert await signs_in(folder, PASSWORD)
    code, shown = at_terminal(folder, "users", "password", "--email", EMAIL, typed=f"{OTHER}\n{PASSWORD}\n")
    assert code == 1
    assert "The two differ. Nothing was changed." in shown
    assert await signs_in(folder, PASSWORD)
