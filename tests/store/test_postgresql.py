"""What only PostgreSQL can get wrong: servers that are not there, do not answer, or let go."""

import asyncio
import socket
from collections.abc import AsyncIterator

import asyncpg
import pytest
import pytest_asyncio

from moorline.errors import StoreUnavailable
from moorline.store import engines as store
from moorline.store import migrate, postgresql
from moorline.store.db import Database, PoolOptions, Statements
from tests.engines import PostgresqlServer

PUT = "INSERT INTO bot_inboxes (bot_id, username, next_offset, fence, lease_until_ms) VALUES ($1, '', 0, 0, 0)"
USER, PASSWORD = "harbourmaster", "s3cret-Passw0rd"


@pytest_asyncio.fixture
async def url(postgresql_server: PostgresqlServer) -> AsyncIterator[str]:
    made = await postgresql_server.fresh()
    yield made
    await postgresql_server.give_back(made)


@pytest_asyncio.fixture
async def server(url: str) -> AsyncIterator[Database]:
    opened = await store.connect(url)
    yield opened
    await opened.close()


def names_nobody(error: StoreUnavailable) -> bool:
    return USER not in str(error) and PASSWORD not in str(error)


async def test_a_server_that_is_not_there_is_unavailable_and_neither_user_nor_password_are_told() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
        with pytest.raises(StoreUnavailable, match="cannot be reached") as raised:
            await store.connect(f"postgresql://{USER}:{PASSWORD}@127.0.0.1:{port}/moorline")
    assert names_nobody(raised.value)


async def test_a_server_that_never_answers_is_unavailable_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgresql, "ACQUIRE_TIMEOUT_S", 0.1)
    with socket.create_server(("127.0.0.1", 0)) as silent, pytest.raises(StoreUnavailable) as raised:
        await store.connect(f"postgresql://{USER}:{PASSWORD}@127.0.0.1:{silent.getsockname()[1]}/moorline")
    assert names_nobody(raised.value)


@pytest.mark.parametrize("address", ["127.0.0.1:port", "127.0.0.1:99999", "host name"])
async def test_an_address_that_is_none_is_unavailable_and_neither_user_nor_password_are_told(address: str) -> None:
    with pytest.raises(StoreUnavailable) as raised:
        await store.connect(f"postgresql://{USER}:{PASSWORD}@{address}/moorline")
    assert names_nobody(raised.value)


async def test_a_database_or_user_that_does_not_exist_is_unavailable_and_not_told(url: str) -> None:
    address = url.rpartition("@")[2]
    for wrong in (f"{url}_missing", f"postgresql://{USER}:{PASSWORD}@{address}"):
        with pytest.raises(StoreUnavailable) as raised:
            await store.connect(wrong)
        assert names_nobody(raised.value)


async def test_of_several_servers_in_one_address_the_one_that_takes_writes_is_used(
    postgresql_server: PostgresqlServer,
) -> None:
    made = await postgresql_server.empty()
    place, name = made.rpartition("@")[2].split("/")
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        gone = f"127.0.0.1:{closed.getsockname()[1]}"
        url = f"postgresql://postgres@{gone},{place}/{name}?target_session_attrs=read-write&sslmode=prefer"
        await migrate.upgrade(url)
        db = await store.connect(url)
        assert await db.run(PUT, "a") == 1
        await db.close()
    await postgresql_server.drop(made)


async def test_when_no_server_takes_writes_the_store_is_unavailable(url: str) -> None:
    connection = await asyncpg.connect(url)
    await connection.execute(f'ALTER DATABASE "{url.rpartition("/")[2]}" SET default_transaction_read_only = on')
    try:
        with pytest.raises(StoreUnavailable, match="TargetServerAttributeNotMatched"):
            await store.connect(f"{url}?target_session_attrs=read-write")
    finally:
        await connection.execute("SET default_transaction_read_only = off")
        await connection.execute(f'ALTER DATABASE "{url.rpartition("/")[2]}" RESET default_transaction_read_only')
        await connection.close()


async def test_what_was_lost_while_it_was_saved_is_told_to_be_in_doubt(server: Database) -> None:
    with pytest.raises(StoreUnavailable, match="it may be saved or not"):
        await server.one(
            "INSERT INTO bot_inboxes SELECT 'a', pg_terminate_backend(pg_backend_pid())::text, 0, NULL, 0, 0"
        )
    with pytest.raises(StoreUnavailable, match="nothing was changed"):
        await server.one("SELECT pg_terminate_backend(pg_backend_pid())")


async def test_a_server_that_takes_no_more_writes_is_let_go(server: Database, url: str) -> None:
    before = await server.one("SELECT pg_backend_pid() AS pid")
    await server.run("SET default_transaction_read_only = on")  # as one that was demoted while it was connected
    with pytest.raises(StoreUnavailable, match="nothing was changed"):
        await server.run(PUT, "a")
    assert await server.run(PUT, "a") == 1
    after = await server.one("SELECT pg_backend_pid() AS pid")
    assert before is not None
    assert after is not None
    assert before["pid"] != after["pid"]


async def test_a_transaction_outlives_a_change_of_its_table(url: str, postgresql_server: PostgresqlServer) -> None:
    made = await postgresql_server.empty()
    await migrate.upgrade(made)
    db = await store.connect(made)

    async def work(tx: Statements) -> int:
        await tx.run(PUT, "a")
        row = await tx.one("DELETE FROM bot_inboxes WHERE bot_id = $1 RETURNING *", "a")
        assert row is not None
        return len(dict(row))

    before = await db.transaction(work)
    connection = await asyncpg.connect(made)
    await connection.execute("ALTER TABLE bot_inboxes ADD COLUMN of_the_next_version TEXT")
    await connection.close()
    assert await db.transaction(work) == before + 1
    await db.close()
    await postgresql_server.drop(made)


async def test_after_the_server_cut_every_connection_the_next_calls_work(server: Database, url: str) -> None:
    await server.run(PUT, "before")
    other = await asyncpg.connect(url)
    await other.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE pid <> pg_backend_pid() AND datname = current_database()"
    )
    await other.close()
    outcomes = [await outcome(server, f"after {place}") for place in range(PoolOptions().size + 1)]
    assert outcomes[-1] is None, "the pool hands out dead connections for ever"
    assert all(isinstance(error, StoreUnavailable) for error in outcomes if error is not None)


async def outcome(db: Database, name: str) -> Exception | None:
    try:
        await db.run(PUT, name)
    except StoreUnavailable as error:
        return error
    return None


async def test_a_connection_cut_inside_a_transaction_is_unavailable_and_nothing_stays(server: Database) -> None:
    async def work(tx: Statements) -> None:
        await tx.run(PUT, "a")
        await tx.one("SELECT pg_terminate_backend(pg_backend_pid())")
        await tx.run(PUT, "b")

    with pytest.raises(StoreUnavailable, match="nothing was changed"):
        await server.transaction(work)
    assert await server.all("SELECT * FROM bot_inboxes") == []


async def test_a_statement_that_takes_too_long_is_unavailable(url: str) -> None:
    server = await store.connect(url, PoolOptions(statement_timeout_s=0.1))
    with pytest.raises(StoreUnavailable, match="in time"):
        await server.one("SELECT pg_sleep(5)")
    await server.close()


async def test_a_pool_that_stays_empty_is_unavailable_and_then_available_again(
    server: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken, let_go = asyncio.Semaphore(0), asyncio.Event()

    async def hold(tx: Statements) -> None:
        await tx.one("SELECT 1")
        taken.release()
        await let_go.wait()

    holders = [asyncio.create_task(server.transaction(hold)) for _ in range(PoolOptions().size)]
    for _ in holders:
        await taken.acquire()
    monkeypatch.setattr(postgresql, "ACQUIRE_TIMEOUT_S", 0.1)
    with pytest.raises(StoreUnavailable):
        await server.run(PUT, "a")
    let_go.set()
    await asyncio.gather(*holders)
    assert await server.run(PUT, "a") == 1


@pytest.mark.parametrize(
    ("state", "what"),
    [
        ("53100", "disk full"),
        ("53200", "out of memory"),
        ("53300", "too many connections"),
        ("57014", "cancelled by its operator"),
        ("57P01", "shutting down"),
        ("57P02", "crashed"),
        ("57P03", "starting up"),
        ("40P01", "deadlock"),
        ("25006", "read-only standby"),
    ],
)
async def test_what_passes_by_itself_is_unavailable(server: Database, state: str, what: str) -> None:
    with pytest.raises(StoreUnavailable):
        await server.run(f"DO $do$ BEGIN RAISE EXCEPTION '{what}' USING ERRCODE = '{state}'; END $do$")


async def test_a_wrong_statement_is_our_fault_and_not_the_servers(server: Database) -> None:
    with pytest.raises(asyncpg.UndefinedTableError):
        await server.run("DELETE FROM nowhere")
    with pytest.raises(asyncpg.NotNullViolationError):
        await server.run("INSERT INTO bot_inboxes (bot_id) VALUES ($1)", "a")
