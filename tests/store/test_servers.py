"""Several servers in one address: whichever is away, silent, shut or demoted, the one that takes writes is found."""

import asyncio
import socket
import time
from collections.abc import AsyncIterator, Iterator
from urllib.parse import urlsplit

import asyncpg
import pytest
import pytest_asyncio

from moorline.errors import StoreUnavailable
from moorline.store import engines as store
from moorline.store.db import Database
from moorline.store.servers import Servers
from tests.engines import PostgresqlServer
from tests.fleet.relay import Relay


@pytest_asyncio.fixture
async def url(postgresql_server: PostgresqlServer) -> AsyncIterator[str]:
    made = await postgresql_server.empty()
    yield made
    await postgresql_server.drop(made)


@pytest.fixture
def silent() -> Iterator[str]:
    """A server that never answers."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield f"127.0.0.1:{listening.getsockname()[1]}"


@pytest.fixture
def relay() -> Iterator[Relay]:
    """One that leads nowhere yet, and so lets go of whoever connects."""
    with Relay().running() as running:
        yield running


def behind(first: str, url: str) -> str:
    """The address of two servers, of which the second is this one."""
    return url.replace("@", f"@{first},")


async def is_there(connection: "asyncpg.Connection[asyncpg.Record]") -> bool:
    try:
        return bool(await connection.fetchval("SELECT true"))
    finally:
        await connection.close()


async def test_a_server_that_never_answers_leaves_time_for_the_next_and_is_asked_last_from_then_on(
    url: str, silent: str
) -> None:
    servers = Servers(behind(silent, url))
    assert await is_there(await servers.connect(timeout=2.0))
    began_at = time.monotonic()
    assert await is_there(await servers.connect(timeout=60.0))
    assert time.monotonic() - began_at < 20.0


async def test_a_server_that_lets_nobody_in_is_passed_over(url: str, relay: Relay) -> None:
    assert await is_there(await Servers(behind(f"127.0.0.1:{relay.port}", url)).connect())


async def test_the_servers_may_stand_among_the_parameters(url: str, silent: str) -> None:
    parts = urlsplit(url)
    host, port = silent.split(":")
    servers = Servers(
        f"postgresql:///{parts.path[1:]}?user=postgres&host={host},{parts.hostname}&port={port},{parts.port}"
    )
    assert await is_there(await servers.connect(timeout=2.0))


async def test_of_several_refusals_the_one_of_a_server_is_told(url: str, relay: Relay) -> None:
    wrong = behind(f"127.0.0.1:{relay.port}", url).replace("postgres@", "nobody_here@")
    with pytest.raises(asyncpg.InvalidAuthorizationSpecificationError):
        await Servers(wrong).connect()


async def test_among_several_servers_one_that_takes_no_writes_is_none(url: str, relay: Relay) -> None:
    relay.lead_to(urlsplit(url).port or 0)
    connection = await asyncpg.connect(url)
    await connection.execute(f'ALTER DATABASE "{urlsplit(url).path[1:]}" SET default_transaction_read_only = on')
    await connection.close()
    both = behind(f"127.0.0.1:{relay.port}", url)
    with pytest.raises(StoreUnavailable, match="TargetServerAttributeNotMatched"):
        await store.connect(both)
    assert await is_there(await Servers(f"{both}?target_session_attrs=any").connect())


async def pids(db: Database) -> set[int]:
    """The server's processes for two connections that are busy at once; none where one of them was lost."""
    slowly = "SELECT pg_backend_pid() AS pid, pg_sleep(0.3)"
    rows = await asyncio.gather(db.one(slowly), db.one(slowly), return_exceptions=True)
    return {row["pid"] for row in rows if row is not None and not isinstance(row, BaseException)}


async def test_what_is_connected_to_the_server_before_is_let_go(url: str, relay: Relay) -> None:
    relay.lead_to(urlsplit(url).port or 0)
    db = await store.connect(behind(f"127.0.0.1:{relay.port}", url))
    before = await pids(db)
    relay.lead_to(0, cut=False)  # demoted: what is connected lives on, and nobody else is let in
    connection = await asyncpg.connect(url)
    await connection.execute("SELECT pg_terminate_backend($1)", max(before))
    await connection.close()
    await pids(db)  # whoever uses the connection that is lost may be told so
    await pids(db)  # who was connected when the other one moved ends what it is at
    after = await pids(db)
    assert len(after) == 2
    assert after.isdisjoint(before)
    await db.close()


async def test_a_server_that_lets_nobody_in_any_more_is_unavailable(url: str) -> None:
    db = await store.connect(url)
    name = urlsplit(url).path[1:]
    connection = await asyncpg.connect(url.replace(name, "postgres"))
    try:
        await connection.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false')
        await connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1", name)
        for _ in range(3):
            with pytest.raises(StoreUnavailable, match="nothing was changed"):
                await db.one("SELECT 1")
    finally:
        await connection.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true')
        await connection.close()
    assert await db.one("SELECT 1")
    await db.close()
