"""What only SQLite can get wrong: foreign waits in a transaction, locked and full files, the writer thread."""

import asyncio
import sqlite3
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
import pytest_asyncio

from moorline.errors import StoreUnavailable
from moorline.store import sqlite
from moorline.store.db import Statements, UniqueViolated, Work
from moorline.store.sqlite import SqliteDatabase
from tests.engines import SqliteFiles

PUT = "INSERT INTO bot_inboxes (bot_id, username, next_offset, fence, lease_until_ms) VALUES ($1, $2, 0, 0, 0)"


@pytest_asyncio.fixture
async def path(sqlite_files: SqliteFiles, tmp_path: Path) -> str:
    return (await sqlite_files.fresh(tmp_path)).removeprefix("sqlite:///")


@pytest_asyncio.fixture
async def file(path: str) -> AsyncIterator[SqliteDatabase]:
    opened = SqliteDatabase.open(path)
    yield opened
    await opened.close()


async def count(db: Statements) -> int:
    row = await db.one("SELECT count(*) AS n FROM bot_inboxes")
    return -1 if row is None else int(row["n"])


def log_bytes_of(path: str) -> int:
    log = Path(f"{path}-wal")
    return log.stat().st_size if log.exists() else 0


def log_header(path: str) -> bytes:
    """Of the write-ahead log: it is another one whenever the log is begun anew."""
    log = Path(f"{path}-wal")
    return log.read_bytes()[:32] if log.exists() else b""


def in_a_future() -> Awaitable[object]:
    async def wait() -> None:
        await asyncio.get_running_loop().create_future()

    return wait()


@pytest.mark.parametrize(
    "wait", [lambda: asyncio.sleep(0), lambda: asyncio.sleep(0.01), in_a_future], ids=["turn", "time", "future"]
)
async def test_a_transaction_that_awaits_something_else_is_refused_and_undone(
    file: SqliteDatabase, wait: Callable[[], Awaitable[object]]
) -> None:
    async def work(tx: Statements) -> None:
        await tx.run(PUT, "a", "")
        await wait()

    with pytest.raises(RuntimeError):
        await file.transaction(work)
    assert await count(file) == 0
    assert await file.run(PUT, "b", "") == 1


async def test_a_transaction_inside_a_transaction_is_refused_and_neither_is_made(file: SqliteDatabase) -> None:
    async def work(tx: Statements) -> None:
        await tx.run(PUT, "outer", "")
        await file.run(PUT, "inner", "")

    with pytest.raises(RuntimeError):
        await file.transaction(work)
    await file.run(PUT, "later", "")
    assert [row["bot_id"] for row in await file.all("SELECT bot_id FROM bot_inboxes")] == ["later"]


async def test_a_durable_transaction_waits_for_the_disk_and_the_next_one_does_not(file: SqliteDatabase) -> None:
    async def how(tx: Statements) -> object:
        row = await tx.one("PRAGMA synchronous")
        return None if row is None else row["synchronous"]

    async def fail(tx: Statements) -> None:
        raise KeyError(await how(tx))

    full, normal = 2, 1
    assert await file.transaction(how, durable=True) == full
    assert await file.transaction(how) == normal
    with pytest.raises(KeyError, match=str(full)):
        await file.transaction(fail, durable=True)
    assert await file.transaction(how) == normal


async def synchronous(tx: Statements) -> int:
    row = await tx.one("PRAGMA synchronous")
    return -1 if row is None else int(row["synchronous"])


async def beside(
    file: SqliteDatabase, works: dict[str, tuple[Work[object], bool]]
) -> tuple[dict[str, object], list[str]]:
    """What each of some transactions that wait together answers or raises, and in which order they are told."""
    told: list[str] = []

    async def busy(_tx: Statements) -> None:
        time.sleep(0.05)  # noqa: ASYNC251 - on the writer's thread

    async def run(name: str, work: Work[object], durable: bool) -> object:
        try:
            return await file.transaction(work, durable=durable)
        finally:
            told.append(name)

    first = asyncio.create_task(file.transaction(busy))
    await asyncio.sleep(0)
    answers = await asyncio.gather(*(run(name, *one) for name, one in works.items()), return_exceptions=True)
    await first
    return dict(zip(works, answers, strict=True)), told


async def test_durable_transactions_that_wait_together_share_an_fsync_and_are_told_after_it(
    file: SqliteDatabase,
) -> None:
    full, normal = 2, 1
    durable, plain = (synchronous, True), (synchronous, False)
    answers, told = await beside(file, {"a": durable, "b": plain, "c": durable, "d": durable, "e": plain})
    assert answers == {"a": normal, "b": normal, "c": normal, "d": full, "e": normal}
    assert told == ["b", "d", "a", "c", "e"]


async def test_when_the_last_of_them_fails_the_others_are_brought_to_the_disk_all_the_same(
    path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite, "CHECKPOINT_EVERY_S", 60.0)  # so that the log only grows
    file = SqliteDatabase.open(path)
    sizes: list[int] = []

    def put(name: str) -> Work[object]:
        return lambda tx: tx.run(PUT, name, "")

    async def fail(tx: Statements) -> None:
        sizes.append(log_bytes_of(path))
        raise KeyError(await synchronous(tx))

    answers, told = await beside(file, {"a": (put("a"), True), "b": (put("b"), True), "c": (fail, True)})
    assert isinstance(answers.pop("c"), KeyError)
    assert answers == {"a": 1, "b": 1}
    assert told == ["c", "a", "b"]
    assert await count(file) == 2
    assert log_bytes_of(path) > sizes[0], "a commit of its own brought them there"
    await file.close()


@pytest.mark.parametrize(
    "put",
    [lambda file: file.run(PUT, "a", ""), lambda file: file.one(f"{PUT} RETURNING bot_id", "a", "")],
    ids=["in turn", "at once"],
)
async def test_a_locked_file_is_unavailable_and_then_available_again(
    path: str, monkeypatch: pytest.MonkeyPatch, put: Callable[[Statements], Awaitable[object]]
) -> None:
    monkeypatch.setattr(sqlite, "BUSY_TIMEOUT_MS", 50)
    file = SqliteDatabase.open(path)
    with sqlite3.connect(path, isolation_level=None) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(StoreUnavailable, match="nothing was changed"):
            await put(file)
        other.execute("ROLLBACK")
    other.close()
    assert await count(file) == 0
    await put(file)
    assert await count(file) == 1
    await file.close()


async def test_reads_go_on_while_another_process_writes(file: SqliteDatabase, path: str) -> None:
    await file.run(PUT, "a", "")
    with sqlite3.connect(path, isolation_level=None) as other:
        other.execute("BEGIN IMMEDIATE")
        other.execute("DELETE FROM bot_inboxes")
        assert await count(file) == 1
        other.execute("COMMIT")
    other.close()
    assert await count(file) == 0


async def test_a_row_written_at_once_is_committed_when_it_is_told(file: SqliteDatabase, path: str) -> None:
    assert await file.one(f"{PUT} RETURNING bot_id", "a", "") is not None
    with sqlite3.connect(path, isolation_level=None) as other:
        assert other.execute("SELECT bot_id FROM bot_inboxes").fetchall() == [("a",)]
    other.close()
    with pytest.raises(UniqueViolated):
        await file.one(f"{PUT} RETURNING bot_id", "a", "")


async def test_a_row_to_be_written_at_once_waits_for_another_writer_and_the_loop_does_not(
    file: SqliteDatabase, path: str
) -> None:
    with sqlite3.connect(path, isolation_level=None) as other:
        other.execute("BEGIN IMMEDIATE")
        written = asyncio.create_task(file.one(f"{PUT} RETURNING bot_id", "a", ""))
        await asyncio.sleep(0.05)  # would be over only with the lock if the loop waited for it
        assert not written.done()
        other.execute("ROLLBACK")
    other.close()
    row = await written
    assert row is not None
    assert row["bot_id"] == "a"
    assert await count(file) == 1


async def test_rows_written_at_once_and_in_transactions_at_the_same_time_are_all_there(file: SqliteDatabase) -> None:
    async def at_once(number: int) -> None:
        assert await file.one(f"{PUT} RETURNING bot_id", f"at once {number}", "") is not None

    async def in_a_transaction(number: int) -> None:
        await file.transaction(lambda tx: tx.run(PUT, f"in a transaction {number}", ""))

    await asyncio.gather(*(write(number) for number in range(200) for write in (at_once, in_a_transaction)))
    assert await count(file) == 400


async def test_a_file_that_is_locked_while_it_is_opened_is_unavailable(
    path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite, "BUSY_TIMEOUT_MS", 50)
    with sqlite3.connect(path, isolation_level=None) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(StoreUnavailable, match="cannot be opened"):
            SqliteDatabase.open(path)
    other.close()


async def test_a_full_disk_is_unavailable_and_small_things_still_fit(file: SqliteDatabase) -> None:
    await file.run("PRAGMA max_page_count = 100")
    with pytest.raises(StoreUnavailable):
        await file.run(PUT, "large", "x" * 1_000_000)
    assert await file.run(PUT, "small", "x") == 1
    assert await count(file) == 1


async def test_a_disk_that_became_read_only_is_unavailable(file: SqliteDatabase) -> None:
    await file.run("PRAGMA query_only = ON")
    with pytest.raises(StoreUnavailable):
        await file.run(PUT, "a", "")
    assert await count(file) == 0


async def test_a_wrong_statement_is_our_fault_and_not_the_databases(file: SqliteDatabase) -> None:
    with pytest.raises(sqlite3.OperationalError, match="no such table"):
        await file.run("DELETE FROM nowhere")
    with pytest.raises(sqlite3.IntegrityError, match="NOT NULL"):
        await file.run(PUT, "a", None)


async def test_the_folder_of_the_file_is_made(tmp_path: Path) -> None:
    file = SqliteDatabase.open(str(tmp_path / "new" / "folders" / "moorline.sqlite3"))
    await file.close()
    assert (tmp_path / "new" / "folders" / "moorline.sqlite3").is_file()


async def test_a_folder_that_cannot_be_made_is_unavailable(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StoreUnavailable, match="cannot be opened"):
        SqliteDatabase.open(str(tmp_path / "file" / "moorline.sqlite3"))


async def test_a_file_that_is_no_database_is_unavailable_and_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("not a database, but somebody's notes " * 100)
    before = path.read_bytes()
    with pytest.raises(StoreUnavailable, match="not a database"):
        SqliteDatabase.open(str(path))
    assert path.read_bytes() == before


async def test_the_log_is_written_back_when_the_file_is_closed(path: str) -> None:
    file = SqliteDatabase.open(path)
    await file.run(PUT, "a", "x" * 100_000)
    await file.close()
    assert log_bytes_of(path) == 0
    with sqlite3.connect(path) as other:
        assert other.execute("SELECT count(*) FROM bot_inboxes").fetchone() == (1,)
    other.close()


async def test_the_log_is_used_again_instead_of_growing_for_ever(path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite, "CHECKPOINT_EVERY_S", 0.005)
    file = SqliteDatabase.open(path)
    log_bytes = []
    for burst in range(6):
        for place in range(20):
            await file.run(PUT, f"{burst} {place}", "x" * 20_000)
            assert await count(file) == 20 * burst + place + 1
        await asyncio.sleep(0.05)
        log_bytes.append(log_bytes_of(path))
    await file.close()
    assert log_bytes[-1] < 2 * log_bytes[0]


async def test_the_write_that_begins_the_log_anew_is_one_that_nobody_waits_for(
    path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite, "CHECKPOINT_EVERY_S", 0.05)
    file = SqliteDatabase.open(path)
    begun_by_a_row = 0
    for number in range(5):
        await asyncio.sleep(0.3)
        idle = log_header(path)
        await asyncio.sleep(0.2)
        assert log_header(path) == idle, "while nobody writes, nothing is written"
        assert await file.one(f"{PUT} RETURNING bot_id", str(number), "") is not None
        begun_by_a_row += log_header(path) != idle
    await file.close()
    assert begun_by_a_row < 5, "only one that meets the very moment between a checkpoint and what follows it"


async def test_the_log_does_not_grow_for_ever_under_writers_that_never_pause(
    path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite, "CHECKPOINT_EVERY_S", 0.005)
    monkeypatch.setattr(sqlite, "MOST_LOG_FRAMES", 200)
    file = SqliteDatabase.open(path)

    written = 0
    give_up_at = time.monotonic() + 15  # how soon a disk takes what is checkpointed is its own affair

    def is_used_again() -> bool:
        return written > 1_000 and log_bytes_of(path) < written * 20_000 / 2

    async def write(writer: int) -> None:
        nonlocal written
        place = 0
        while not is_used_again() and time.monotonic() < give_up_at:
            place += await file.run(PUT, f"{writer} {place}", "x" * 20_000)
            written += 1

    await asyncio.gather(*(write(writer) for writer in range(4)))
    assert await count(file) == written
    assert is_used_again()
    await file.close()
