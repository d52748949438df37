"""What a worker finds in its database: many grants, few of them due; many deliveries, of few accounts.

Rows are sealed and worded by the product's own functions, and written straight into the tables.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta

import asyncpg

from bench.answerer import CLIENT_ID, SCOPES, access_token, refresh_token
from moorline import clock, ids
from moorline.accounts import grants as sealing
from moorline.adapter.values import Tokens
from moorline.owners import users
from moorline.service import Service
from moorline.store import engines, webhooks
from moorline.store.accounts import Account
from moorline.store.db import Database
from moorline.store.grants import Grant
from moorline.store.sqlite import open_connection
from moorline.store.webhooks import Webhook
from moorline.webhooks import events, sealed, sign
from moorline.webhooks.events import AccountEvent

ACCOUNTS = 200
HOOKS = 10
EVENT: AccountEvent = "account.updated"
_AT_ONCE = 10_000  # grants that are sealed before they are written
_FAR = timedelta(days=1)  # no run takes so long
_GRANT_COLUMNS = (
    "id", "user_id", "platform", "app_id", "platform_user_id", "username", "granted", "service_url", "created_at_ms",
    "updated_at_ms", "proven_at_ms",
)  # fmt: skip
_TOKEN_COLUMNS = (
    "grant_id", "version", "access_sealed", "refresh_sealed", "access_expires_at_ms", "renew_at_ms", "updated_at_ms",
    "consented_at_ms", "lease_until_ms", "failures",
)  # fmt: skip
_DELIVERY_COLUMNS = (
    "message_id", "webhook_id", "account_id", "event", "body", "state", "tries", "due_at_ms", "created_at_ms",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizes:
    """How many grants there are, and are let be due; how many deliveries wait."""

    grants: int
    due: int
    deliveries: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Tenant:
    """Whose rows they are. The webhooks are switched off, so that nothing goes before it is to."""

    user_id: str
    profile_id: str
    account_ids: Sequence[str]
    webhook_ids: Sequence[str]


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[Database]:
    """The database, for a moment."""
    db = await engines.connect(url)
    try:
        yield db
    finally:
        await db.close()


async def seed_tenant(service: Service, *, hooks_url: str) -> Tenant:
    """A tenant with webhooks. Its accounts are ids in events only: no worker reads their rows."""
    user, profile = await users.create_owner(
        service.db, name="life", email="life@example.com", profile_name="Northwind Bakery"
    )
    hooks = [_webhook(service, user.id, f"{hooks_url}/{number}") for number in range(HOOKS)]
    for webhook in hooks:
        await webhooks.insert(service.db, webhook)
    return Tenant(
        user_id=user.id,
        profile_id=profile.id,
        account_ids=[ids.new_id() for _ in range(ACCOUNTS)],
        webhook_ids=[webhook.id for webhook in hooks],
    )


async def seed_grants(service: Service, url: str, tenant: Tenant, sizes: Sizes) -> None:
    """Grants of X, none of them due; some of them, evenly among the others, can be let be due."""
    every = sizes.grants // sizes.due
    for first in range(0, sizes.grants, _AT_ONCE):
        numbers = range(first, min(first + _AT_ONCE, sizes.grants))
        rows = [_grant_rows(service, tenant, number, is_one=number % every == 0) for number in numbers]
        await _insert(url, "grants", _GRANT_COLUMNS, [grant for grant, _ in rows])
        await _insert(url, "grant_tokens", _TOKEN_COLUMNS, [tokens for _, tokens in rows])


async def let_be_due(db: Database) -> None:
    """The time of some grants has come."""
    await db.run(
        "UPDATE grant_tokens SET renew_at_ms = $1 WHERE grant_id IN (SELECT id FROM grants WHERE username = 'one')",
        clock.now_ms(),
    )


async def grants_left(db: Database) -> int:
    """How many grants are due."""
    row = await db.one("SELECT count(*) AS n FROM grant_tokens WHERE renew_at_ms <= $1", clock.now_ms())
    return int(row["n"]) if row is not None else 0


async def seed_deliveries(url: str, tenant: Tenant, *, hooks: int, count: int) -> None:
    """`count` deliveries to the first webhooks, of all accounts in turn."""
    now_ms = clock.now_ms()
    rows: list[tuple[object, ...]] = []
    for number in range(count // hooks):
        message_id, account_id = ids.new_id(), tenant.account_ids[number % ACCOUNTS]
        body = event_body(message_id, tenant, account_id, number // ACCOUNTS)
        rows.extend(
            (message_id, webhook_id, account_id, EVENT, body, "due", 0, now_ms, now_ms)
            for webhook_id in tenant.webhook_ids[:hooks]
        )
    await _insert(url, "deliveries", _DELIVERY_COLUMNS, rows)


async def let_go(db: Database, tenant: Tenant, *, is_active: bool) -> None:
    """Switch every webhook on or off."""
    for webhook_id in tenant.webhook_ids:
        await webhooks.switch(db, webhook_id, is_active=is_active)


async def deliveries_left(db: Database) -> int:
    """How many deliveries wait."""
    row = await db.one("SELECT count(*) AS n FROM deliveries WHERE state = 'due'")
    return int(row["n"]) if row is not None else 0


def event_body(message_id: str, tenant: Tenant, account_id: str, number: int) -> str:
    """The published body, with the event's number among those of its account."""
    account = Account(
        id=account_id,
        user_id=tenant.user_id,
        profile_id=tenant.profile_id,
        grant_id=None,
        platform="twitter",
        platform_account_id=account_id,
        username="northwind",
        display_name="Northwind Bakery",
        picture_url=None,
        profile_url=None,
        is_active=True,
        details={},
        created_at=clock.now(),
    )
    return events.account_body(message_id, EVENT, account, clock.now(), {"number": number})


def _webhook(service: Service, user_id: str, url: str) -> Webhook:
    webhook_id = ids.new_id()
    return Webhook(
        id=webhook_id,
        user_id=user_id,
        name="Northwind",
        url=url,
        events=(EVENT,),
        is_active=False,
        secret_sealed=sealed.seal_secret(service.vault, user_id, webhook_id, sign.new_secret()),
        created_at=clock.now(),
    )


def _grant_rows(service: Service, tenant: Tenant, number: int, *, is_one: bool) -> tuple[tuple[object, ...], ...]:
    grant = Grant(
        id=ids.new_id(),
        user_id=tenant.user_id,
        platform="twitter",
        app_id=CLIENT_ID,
        platform_user_id=str(10**18 + number),
        username="one" if is_one else "other",
        granted=tuple(SCOPES.split()),
        service_url=None,
    )
    tokens = sealing.seal_tokens(service.vault, grant, Tokens(access=access_token(), refresh=refresh_token(number, 0)))
    now_ms, far_ms = clock.now_ms(), clock.to_ms(clock.now() + _FAR)
    granted = json.dumps(grant.granted)
    return (
        (grant.id, grant.user_id, grant.platform, grant.app_id, grant.platform_user_id, grant.username, granted, None,
         now_ms, now_ms, now_ms),
        (grant.id, 1, tokens.access_sealed, tokens.refresh_sealed, far_ms, far_ms + number, now_ms, now_ms, 0, 0),
    )  # fmt: skip


async def _insert(url: str, table: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    if url.startswith("sqlite:///"):
        await asyncio.to_thread(insert_into_sqlite, url, table, columns, rows)
        return
    connection = await asyncpg.connect(url)
    try:
        await connection.copy_records_to_table(table, records=rows, columns=columns)
        await connection.execute(f"VACUUM ANALYZE {table}")
    finally:
        await connection.close()


def insert_into_sqlite(url: str, table: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Write rows in one transaction, and let none of it wait in the log."""
    connection = open_connection(url.removeprefix("sqlite:///"))
    try:
        marks = ", ".join("?" * len(columns))
        connection.execute("BEGIN IMMEDIATE")
        connection.executemany(f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})", rows)  # noqa: S608 - constants
        connection.execute("COMMIT")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    finally:
        connection.close()
