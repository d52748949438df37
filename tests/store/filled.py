"""Many rows in every table, made up from names and types of columns: one tenant has a fiftieth, many share the rest.

Row `n` of a table belongs to row `n` of what it points to (modulo how many there are), so that all of it fits together.
"""

from datetime import UTC, datetime
from typing import Any

import asyncpg

from moorline.store.db import Database
from moorline.store.sqlite import open_connection

ROWS = 10_000
FEWER = {
    "users": 1_000,
    "profiles": 3_000,
    "webhooks": 1_000,
    "api_keys": 2_000,
    "links": 2_000,
    "brands": 1_000,
    "account_tokens": 5_000,
}
ORDER = (
    "users", "profiles", "api_keys", "app_credentials", "brands", "webhooks", "links", "invites", "sessions",
    "sign_in_links", "grants", "grant_tokens", "accounts", "account_tokens", "options", "attempts", "selections",
    "bot_codes", "bot_senders", "kept_answers", "revocations", "deliveries", "delivery_logs", "account_events", "audit",
    "limit_counters",
)  # fmt: skip
SMALL = {
    "vault_marks": "one row",
    "schema_floor": "one row",
    "bot_inboxes": "a row for each bot",
    "platform_pauses": "a row for each app that is to wait",
    "alembic_version": "one row",
}
BASE_MS = 1_700_000_000_000
PLATFORMS = ("twitter", "threads", "reddit", "tiktok", "facebook", "linkedin", "youtube")
_POINTS_TO = {
    "user_id": "users", "root_id": "users", "member_id": "users", "profile_id": "profiles", "key_id": "api_keys",
    "grant_id": "grants", "account_id": "accounts", "attempt_id": "attempts", "webhook_id": "webhooks",
    "link_id": "links", "credential_id": "app_credentials", "saved_account_id": "accounts",
}  # fmt: skip
_TEXTS = {
    "granted": '["read"]', "details": "{}", "choices": '{"items": []}', "identity": "{}",
    "profile_ids": "[]", "scopes": "[]", "redirect_allowlist": "[]", "platforms": "[]",
    "events": '["account.connected"]', "app_id": "app-1", "bot_id": "bot", "body": "{}", "client_id": "app-1",
}  # fmt: skip
# NULL but for some: every so many rows.
_SOME = {
    ("grants", "dead_at_ms"): 100, ("grants", "dead_reason"): 100, ("grants", "needs_at_ms"): 3,
    ("grant_tokens", "warn_at_ms"): 3, ("grant_tokens", "holder"): 100, ("attempts", "link_id"): 5,
    ("attempts", "reconnect_account_id"): 50, ("links", "reconnect_account_id"): 50, ("links", "revoked_at_ms"): 50,
    ("selections", "saved_account_id"): 3, ("users", "password_hash"): 50,
}  # fmt: skip


def id_of(table: str, n: int) -> str:
    """The id of row `n`."""
    return f"{ORDER.index(table):04x}{n % count_of(table):020x}"


def count_of(table: str) -> int:
    """How many rows a table gets."""
    return FEWER.get(table, ROWS)


def instant(n: float) -> datetime:
    """When row `n` was made, ends, is due."""
    return datetime.fromtimestamp((BASE_MS + int(n * 1000)) / 1000, UTC)


def bytes_of(n: int) -> bytes:
    """What stands for a hash of row `n`."""
    return n.to_bytes(32, "big")


async def fill(db: Database, url: str) -> None:
    """Fill every table and let the engine count what it has."""
    for table in ORDER:
        columns = await _columns_of(db, table)
        rows = [tuple(_value(table, name, kind, n) for name, kind in columns.items()) for n in range(count_of(table))]
        await _insert(url, table, tuple(columns), rows)
    if db.engine == "postgresql":
        connection = await asyncpg.connect(url)
        await connection.execute("VACUUM ANALYZE")
        await connection.close()


async def tables_of(db: Database) -> set[str]:
    """Every table there is."""
    sql = {
        "sqlite": "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'",
        "postgresql": "SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public'",
    }[db.engine]
    return {row["name"] for row in await db.all(sql)}


async def _columns_of(db: Database, table: str) -> dict[str, str]:
    sql = {
        "sqlite": "SELECT name, type AS kind FROM pragma_table_info($1)",
        "postgresql": "SELECT column_name AS name, data_type AS kind FROM information_schema.columns"
        " WHERE table_schema = 'public' AND table_name = $1",
    }[db.engine]
    return {row["name"]: row["kind"].lower() for row in await db.all(sql, table)}


def _value(table: str, name: str, kind: str, n: int) -> Any:
    every = _SOME.get((table, name), 1)
    if n % every:
        return None
    if kind == "boolean":
        return n % 40 != 1 if table in {"accounts", "webhooks"} else False
    if kind in {"bytea", "blob"}:
        return bytes_of(n)
    if name.endswith("_ms") and kind == "bigint":
        return _instant_ms(table, name, n)
    if "int" in kind:
        return n % 300 if name == "granted_key" else n + 1 if name in {"position", "sender_id"} else n % 3
    return _text(table, name, n)


def _instant_ms(table: str, name: str, n: int) -> int | None:
    if name in {"lease_until_ms", "consented_at_ms"}:
        return 0
    if (table, name) == ("deliveries", "finished_at_ms") and n % 5 == 0:
        return None
    if (table, name) == ("attempts", "consumed_at_ms") and n % 2:
        return None
    return BASE_MS + n * 1000


def _text(table: str, name: str, n: int) -> str:
    if name == "id" or name in _POINTS_TO:
        owner = table if name == "id" else _POINTS_TO[name]
        is_large = owner == "users" != table and table != "brands" and n % 50 == 0
        return id_of(owner, 0 if is_large else n)
    if name.endswith("account_id") and name != "platform_account_id":
        return id_of("accounts", n)
    if name == "platform":
        return PLATFORMS[n % len(PLATFORMS)]
    if name == "state":
        return "delivered" if n % 5 else "due"
    if name == "status":
        return ("connected", "failed", "returned", "started")[n % 4]
    if (table, name) == ("app_credentials", "client_id"):
        return f"app-{n}"
    return _TEXTS.get(name, f"{n:024x}" if name == "message_id" else f"{name} {n}")


async def _insert(url: str, table: str, columns: tuple[str, ...], rows: list[tuple[Any, ...]]) -> None:
    if not url.startswith("sqlite:///"):
        connection = await asyncpg.connect(url)
        await connection.copy_records_to_table(table, records=rows, columns=columns)
        await connection.close()
        return
    opened = open_connection(url.removeprefix("sqlite:///"))
    opened.execute("BEGIN IMMEDIATE")
    marks = ", ".join("?" * len(columns))
    opened.executemany(f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})", rows)  # noqa: S608 - our names
    opened.execute("COMMIT")
    opened.close()
