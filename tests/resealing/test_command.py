"""`moorline keys rotate-encryption` as an operator meets it: what it says, and when it is killed."""

import asyncio
import os
import pty
import re
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import asyncpg
import pytest

from moorline.app import open_service
from moorline.cli import resealing as told_by
from moorline.cli.environment import platform_names
from moorline.resealing import MARK, Outcome, Tally
from moorline.settings import PREFIX, Settings, load
from moorline.store import engines as store
from moorline.store.db import Database
from moorline.vault import new_key
from tests.engines import Engine
from tests.harness import settles
from tests.resealing.between import plains, save_many
from tests.resealing.command import ROTATE, rotate, started, under, vault_of

MANY = 1500


def settings_of(given: dict[str, str]) -> Settings:
    return load({PREFIX + name: value for name, value in given.items()}, platforms=platform_names())


async def filled(url: str, key: str, count: int) -> list[str]:
    """Values under a key, in a database that was served with it."""
    async with open_service(settings_of({"DATABASE_URL": url, "ENCRYPTION_KEYS": key})) as service:
        return await save_many(service.db, service.vault, count)


@asynccontextmanager
async def braked_sqlite(url: str, row: str) -> AsyncIterator[None]:
    """Whoever writes this row works for ever, inside the transaction."""
    for_ever = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"
    db = await store.connect(url)
    await db.run(f"CREATE TRIGGER brake BEFORE UPDATE ON revocations WHEN old.id = '{row}' BEGIN {for_ever}; END")
    yield
    await db.run("DROP TRIGGER brake")
    await db.close()


@asynccontextmanager
async def braked_postgresql(url: str, row: str) -> AsyncIterator[None]:
    """Whoever writes this row waits."""
    connection = await asyncpg.connect(url)
    async with connection.transaction():
        await connection.execute("SELECT id FROM revocations WHERE id = $1 FOR UPDATE", row)
        yield
    await connection.close()


BRAKES: dict[str, Callable[[str, str], AbstractAsyncContextManager[None]]] = {
    "sqlite": braked_sqlite,
    "postgresql": braked_postgresql,
}


async def test_s34_killed_in_the_middle_it_goes_on_where_it_was(
    engine: Engine, database_url: str, db: Database
) -> None:
    old, new = new_key(), new_key()
    saved = await filled(database_url, old, MANY)
    settings = {"DATABASE_URL": database_url, "ENCRYPTION_KEYS": f"{new},{old}"}

    async def begun() -> int:
        return (await under(db, new)).get("revocations.grant_sealed", 0)

    async with BRAKES[engine](database_url, saved[MANY // 2]):
        process = await started(settings)
        await settles(begun)
        process.send_signal(signal.SIGKILL)
        await process.communicate()
    assert process.returncode == -signal.SIGKILL
    done = await begun()
    assert 0 < done < MANY
    assert await under(db, old) == {"revocations.grant_sealed": MANY - done, MARK.column.name: 1}
    assert await plains(db, vault_of(new, old)) == [f"of {row}" for row in saved]

    ended = await rotate(settings, "--json")
    assert (ended.code, ended.json["complete"]) == (0, True)
    counts = ended.json["values"]["revocations.grant_sealed"]
    assert (counts["looked_at"], counts["resealed"], counts["already_current"]) == (MANY, MANY - done, done)
    assert await under(db, old) == {}
    assert await plains(db, vault_of(new)) == [f"of {row}" for row in saved]


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
async def test_it_says_what_it_did_and_that_the_old_key_may_go(database_url: str) -> None:
    old, new = new_key(), new_key()
    await filled(database_url, old, 3)
    settings = {"DATABASE_URL": database_url, "ENCRYPTION_KEYS": f"{new},{old}"}
    first, second = await rotate(settings), await rotate(settings)
    third = await rotate(settings | {"ENCRYPTION_KEYS": new})
    assert [(ended.code, ended.err) for ended in (first, second, third)] == [(0, "")] * 3
    row, everything, removable = first.out.splitlines()
    assert " ".join(row.split()) == "revocations.grant_sealed 3 looked at 3 re-sealed 0 already current 0 unreadable"
    assert everything == "All 3 values are under the first key."
    assert removable.startswith("The others may now be removed from MOORLINE_ENCRYPTION_KEYS, 60 minutes after")
    assert second.out.splitlines()[1:] == ["Nothing to do: all 3 values are under the first key.", removable]
    assert third.out.splitlines()[1:] == ["Nothing to do: all 3 values are under the first key."]


def test_a_server_that_has_not_the_new_key_in_front_is_told_of(capsys: pytest.CaptureFixture[str]) -> None:
    tally = Tally(name="revocations.grant_sealed", looked_at=2, resealed=2)
    told_by._tell(Outcome(tallies=(tally,), is_settled=False), keys=2)
    out, err = capsys.readouterr()
    assert "a server runs that has not the new key in front" in err
    assert "may now be removed" not in out


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
async def test_a_terminal_sees_how_far_it_is_and_the_answer_stays_clean(database_url: str) -> None:
    old, new = new_key(), new_key()
    await filled(database_url, old, 3)
    settings = {"DATABASE_URL": database_url, "ENCRYPTION_KEYS": f"{new},{old}", "PUBLIC_URL": "http://127.0.0.1:8400"}
    seen, terminal = pty.openpty()
    process = await started(settings, "--json", stderr=terminal)
    os.close(terminal)
    out, _ = await process.communicate()
    shown = await asyncio.to_thread(read_all, seen)
    assert process.returncode == 0
    assert out.startswith(b'{"complete": true')
    assert re.search(r"revocations\.grant_sealed.*3/3", shown), shown


def read_all(seen: int) -> str:
    """Everything that was shown on a terminal that nobody writes to any more."""
    shown = b""
    try:
        while part := os.read(seen, 65536):
            shown += part
    except OSError:  # how Linux tells the end
        pass
    os.close(seen)
    return shown.decode()


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
async def test_without_a_key_or_a_database_it_ends_with_a_sentence(database_url: str, tmp_path: Path) -> None:
    without = await rotate({"DATABASE_URL": database_url})
    assert (without.code, without.out) == (1, "")
    assert without.err.startswith("MOORLINE_ENCRYPTION_KEYS is not set")
    absent = await rotate({"DATABASE_URL": f"sqlite:///{tmp_path}/none.sqlite3", "ENCRYPTION_KEYS": new_key()})
    assert (absent.code, absent.out) == (1, "")
    assert absent.err == "The database has not this version's schema (it has none). Run: moorline migrate\n"


def test_the_command_is_the_one_the_sentences_name() -> None:
    assert " ".join(ROTATE) == "keys rotate-encryption"
