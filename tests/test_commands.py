"""Keys from the command line, on a database of their own."""

import json
import os
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

import pytest

from moorline.settings import PREFIX
from moorline.vault import new_key
from tests.journeys.processes import MOORLINE


def run(folder: Path, *arguments: str, **more: str) -> str:
    """What a command printed, once it ended well."""
    given = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
    settings = {f"{PREFIX}DATABASE_URL": f"sqlite:///{folder}/db.sqlite3", f"{PREFIX}ENCRYPTION_KEYS": new_key()}
    settings |= {f"{PREFIX}{name}": value for name, value in more.items()}
    done = subprocess.run(
        [str(MOORLINE), *arguments], cwd=folder, env=given | settings, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize(
    ("options", "permission", "reveals"),
    [
        ([], "read-write", False),
        (["--read-only"], "read", False),
        (["--reveal-tokens"], "read-write", True),
        (["--read-only", "--reveal-tokens", "--expires-in-days", "7"], "read", True),
    ],
)
def test_a_key_may_do_what_was_asked_for(tmp_path: Path, options: list[str], permission: str, reveals: bool) -> None:
    run(tmp_path, "migrate")
    made = json.loads(run(tmp_path, "keys", "create", "--email", "ops@example.com", "--json", *options))
    assert made["key"].startswith("sk_")
    with closing(sqlite3.connect(tmp_path / "db.sqlite3")) as db:
        ((kept, shows, ends),) = db.execute("SELECT permission, reveal_tokens, expires_at_ms FROM api_keys").fetchall()
    assert (kept, bool(shows), ends is not None) == (permission, reveals, "--expires-in-days" in options)


def test_keys_made_and_revoked_here_are_told_in_the_audit_log_as_such(tmp_path: Path) -> None:
    run(tmp_path, "migrate")
    made = json.loads(run(tmp_path, "keys", "create", "--email", "ops@example.com", "--json"))
    run(tmp_path, "keys", "revoke", made["id"], "--email", "ops@example.com")
    with closing(sqlite3.connect(tmp_path / "db.sqlite3")) as db:
        told = db.execute("SELECT action, source, user_id, subject_id FROM audit ORDER BY created_at_ms").fetchall()
    user_id = made["user_id"]
    assert told == [
        ("user.created", "command line", user_id, user_id),
        ("api_key.created", "command line", user_id, made["id"]),
        ("api_key.deleted", "command line", user_id, made["id"]),
    ]


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ({}, None),
        ({"METRICS_PORT": "9464"}, "/metrics at 127.0.0.1:9464, for whoever reaches it"),
        (
            {"METRICS_PORT": "9464", "METRICS_HOST": "192.0.2.8", "METRICS_TOKEN": "a-token-for-scraping-only"},
            "/metrics at 192.0.2.8:9464, for whoever brings the token",
        ),
    ],
)
def test_the_doctor_says_who_may_read_the_metrics(tmp_path: Path, more: dict[str, str], told: str | None) -> None:
    run(tmp_path, "migrate")
    findings = {one["what"]: one["told"] for one in json.loads(run(tmp_path, "doctor", "--json", **more))}
    assert findings.get("MOORLINE_METRICS_PORT") == told
