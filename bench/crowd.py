"""A database with as many accounts as a large service keeps: `python -m bench seed --database-url URL`.

Tenants of all sizes: one has a tenth of all accounts, twenty have a hundredth each, the others fifty. Every ten
accounts share a profile; each has a consent of its own with a token of 1 KB. Ids, names, sizes and instants follow from
the seed; nonces and the one API key do not. Rows are sealed by the product's own functions and written straight into
the tables; indexes are made anew at the end, which takes a third of the time of growing them.
"""

import argparse
import asyncio
import json
import os
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random

import asyncpg

from bench import seeding
from bench.answerer import ACCESS_CHARS
from moorline import clock, settings
from moorline.accounts import expiry
from moorline.accounts import grants as sealing
from moorline.adapter.values import Tokens
from moorline.app import open_service
from moorline.cli.environment import platform_names
from moorline.owners import api_keys, users
from moorline.owners.api_keys import NewKey
from moorline.service import Service
from moorline.store import migrate
from moorline.store.grants import Grant, granted_key
from moorline.store.sqlite import open_connection

FIRST_AT = datetime(2026, 1, 1, tzinfo=UTC)
LARGEST_SHARE, LARGE_SHARE, LARGE_TENANTS, SMALL = 10, 100, 20, 50
LEAST_LARGEST = 200  # so that a list of 100 has another 100 before it
PER_PROFILE = 10
PLATFORMS = ("twitter", "linkedin", "tiktok", "youtube", "reddit")
_AT_ONCE = 20_000
_SCOPES = ("read", "write", "offline.access")
_GRANTED = json.dumps(_SCOPES)
_KEYS = {platform: granted_key(platform, f"sandbox-{platform}", _GRANTED) for platform in PLATFORMS}
_FAR = timedelta(days=30)  # nothing is due, and nothing ends soon, while anybody measures
_USERS = ("id", "root_id", "name", "email", "role", "created_at_ms")
_PROFILES = ("id", "user_id", "name", "slug", "is_default", "created_at_ms")
_GRANTS = (
    "id", "user_id", "platform", "app_id", "platform_user_id", "username", "granted", "created_at_ms", "updated_at_ms",
    "proven_at_ms", "needs_at_ms", "granted_key",
)  # fmt: skip
_TOKENS = (
    "grant_id", "version", "access_sealed", "refresh_sealed", "access_expires_at_ms", "refresh_expires_at_ms",
    "renew_at_ms", "updated_at_ms", "consented_at_ms", "lease_until_ms", "failures",
)  # fmt: skip
_ACCOUNTS = (
    "id", "user_id", "profile_id", "grant_id", "platform", "platform_account_id", "username", "display_name",
    "picture_url", "profile_url", "is_active", "details", "created_at_ms", "updated_at_ms",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Crowd:
    """What is asked of it afterwards: accounts of the largest tenant in their order, and its key, which may reveal."""

    accounts: int
    account_ids: Sequence[str]
    grant_ids: Sequence[str]
    key: str = field(repr=False)


def sizes_of(accounts: int) -> list[int]:
    """How many accounts each tenant has, the largest first."""
    largest = min(accounts, max(accounts // LARGEST_SHARE, LEAST_LARGEST))
    sizes, left = [largest], accounts - largest
    for share in (*[accounts // LARGE_SHARE] * LARGE_TENANTS, *[SMALL] * (left // SMALL + 1)):
        if left and share:
            sizes.append(min(share, left))
            left -= sizes[-1]
    return sizes


async def seed(service: Service, url: str, *, accounts: int, seed_number: int) -> Crowd:
    """Fill a migrated database."""
    owner, profile = await users.create_owner(
        service.db, name="largest", email=f"largest-{seed_number}@example.com", profile_name="Northwind Bakery"
    )
    _, key = await api_keys.create(service.db, owner.id, NewKey(name="bench", reveal_tokens=True))
    rows = _Rows(service, Random(seed_number))  # noqa: S311 - to be the same again is the point
    largest: list[tuple[str, str]] = []
    indexes = await _drop_indexes(url)
    for number, size in enumerate(sizes_of(accounts)):
        user_id = owner.id if number == 0 else rows.add_user(seed_number, number)
        profile_id = profile.id
        for count in range(size):
            if count % PER_PROFILE == 0 and (number or count):
                profile_id = rows.add_profile(user_id, is_first=count == 0)
            pair = rows.add_account(user_id, profile_id)
            if number == 0:
                largest.append(pair)
            if rows.count >= _AT_ONCE:
                await _write(url, rows.taken())
    await _write(url, rows.taken())
    await _make_indexes(url, indexes)
    return Crowd(
        accounts=accounts, account_ids=[one for one, _ in largest], grant_ids=[one for _, one in largest], key=key
    )


class _Rows:
    """Rows of every table until they are written. Accounts were made a second after another."""

    def __init__(self, service: Service, random: Random) -> None:
        self._service = service
        self._random = random
        self._number = 0
        self._rows: dict[str, list[tuple[object, ...]]] = {}
        self._ends = clock.now() + _FAR
        self._access = "".join(random.choices("abcdefghijklmnopqrstuvwxyz0123456789", k=ACCESS_CHARS))

    @property
    def count(self) -> int:
        """How many accounts wait to be written."""
        return len(self._rows.get("accounts", ()))

    def taken(self) -> Mapping[str, list[tuple[object, ...]]]:
        """What waits, which then waits no more."""
        rows, self._rows = self._rows, {}
        return rows

    def add_user(self, seed_number: int, number: int) -> str:
        user_id, at_ms = self._new_id(), self._now_ms()
        email = f"tenant-{seed_number}-{number}@example.com"
        self._add("users", (user_id, user_id, f"Tenant {number}", email, "owner", at_ms))
        return user_id

    def add_profile(self, user_id: str, *, is_first: bool) -> str:
        profile_id = self._new_id()
        name = f"Customer {self._number}"
        self._add("profiles", (profile_id, user_id, name, name.lower().replace(" ", "-"), is_first, self._now_ms()))
        return profile_id

    def add_account(self, user_id: str, profile_id: str) -> tuple[str, str]:
        """Its id and its consent's."""
        number, at_ms = self._number, self._now_ms()
        platform = PLATFORMS[number % len(PLATFORMS)]
        person_id, name = str(10**18 + number), f"northwind{number}"
        grant = Grant(
            id=self._new_id(),
            user_id=user_id,
            platform=platform,
            app_id=f"sandbox-{platform}",
            platform_user_id=person_id,
            username=name,
            granted=_SCOPES,
            service_url=None,
        )
        tokens = self._tokens(platform, number)
        sealed = sealing.seal_tokens(self._service.vault, grant, tokens)
        needs_at = expiry.needs_at(tokens, expiry.renews_of(self._service, platform))
        ends_ms, account_id = clock.to_ms(self._ends) + number % 1000, self._new_id()
        self._add(
            "grants",
            (grant.id, user_id, platform, grant.app_id, person_id, name, _GRANTED, at_ms, at_ms, at_ms,
             clock.to_ms_or_none(needs_at), _KEYS[platform]),
        )  # fmt: skip
        self._add(
            "grant_tokens",
            (grant.id, 1, sealed.access_sealed, sealed.refresh_sealed, ends_ms,
             clock.to_ms_or_none(tokens.refresh_expires_at), ends_ms, at_ms, at_ms, 0, 0),
        )  # fmt: skip
        self._add(
            "accounts",
            (account_id, user_id, profile_id, grant.id, platform, person_id, name, f"Northwind Bakery {number}",
             f"https://pictures.example.com/{person_id}/{name}_400x400.jpg", f"https://example.com/{name}", True, "{}",
             at_ms, at_ms),
        )  # fmt: skip
        self._number += 1
        return account_id, grant.id

    def _tokens(self, platform: str, number: int) -> Tokens:
        """LinkedIn's consents end for good (one in a thousand soon); the others are renewed for ever."""
        access = f"{number:012d}{self._access[12:]}"
        if platform == "linkedin":
            ends = self._ends if number % 1000 == 1 else self._ends + timedelta(days=300)
            return Tokens(access=access, access_expires_at=ends)
        return Tokens(access=access, refresh=f"seeded-{number}-0", access_expires_at=self._ends)

    def _add(self, table: str, row: tuple[object, ...]) -> None:
        self._rows.setdefault(table, []).append(row)

    def _now_ms(self) -> int:
        return clock.to_ms(FIRST_AT) + self._number * 1000

    def _new_id(self) -> str:
        return f"{self._now_ms() // 1000:08x}{self._random.getrandbits(64):016x}"


async def _write(url: str, rows: Mapping[str, list[tuple[object, ...]]]) -> None:
    for table, columns in _COLUMNS.items():
        if table not in rows:
            continue
        if url.startswith("sqlite:///"):
            await asyncio.to_thread(seeding.insert_into_sqlite, url, table, columns, rows[table])
            continue
        connection = await asyncpg.connect(url)
        try:
            await connection.copy_records_to_table(table, records=rows[table], columns=columns)
        finally:
            await connection.close()


async def _drop_indexes(url: str) -> list[str]:
    """What makes the indexes anew that are dropped: those that hold no constraint."""
    if url.startswith("sqlite:///"):
        opened = open_connection(url.removeprefix("sqlite:///"))
        found = opened.execute(
            "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL"
        ).fetchall()
        for name, _ in found:
            opened.execute(f"DROP INDEX {name}")
        opened.close()
        return [sql for _, sql in found]
    connection = await asyncpg.connect(url)
    rows = await connection.fetch(
        "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public' AND NOT EXISTS"
        " (SELECT 1 FROM pg_constraint c WHERE c.conindid = (schemaname || '.' || indexname)::regclass)"
    )
    for row in rows:
        await connection.execute(f"DROP INDEX {row['indexname']}")
    await connection.close()
    return [row["indexdef"] for row in rows]


async def _make_indexes(url: str, statements: Sequence[str]) -> None:
    if url.startswith("sqlite:///"):
        await asyncio.to_thread(_make_on_sqlite, url, statements)
        return
    connection = await asyncpg.connect(url)
    for statement in statements:
        await connection.execute(statement)
    await connection.execute("VACUUM ANALYZE")
    await connection.close()


def _make_on_sqlite(url: str, statements: Sequence[str]) -> None:
    opened = open_connection(url.removeprefix("sqlite:///"))
    opened.execute("PRAGMA cache_size = -262144")
    for statement in statements:
        opened.execute(statement)
    opened.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    opened.close()


_COLUMNS: Mapping[str, Sequence[str]] = {
    "users": _USERS,
    "profiles": _PROFILES,
    "grants": _GRANTS,
    "grant_tokens": _TOKENS,
    "accounts": _ACCOUNTS,
}


def main(arguments: Sequence[str]) -> int:
    """The command. The exit code."""
    parser = argparse.ArgumentParser(prog="python -m bench seed", description="Fill a new database with accounts.")
    parser.add_argument("--accounts", type=int, default=1_000_000)
    parser.add_argument("--database-url", required=True, help="of an empty database; it is migrated")
    parser.add_argument("--seed", type=int, default=1, help="the same number makes the same accounts")
    given = parser.parse_args(arguments)
    print(asyncio.run(seeded(given.database_url, given.accounts, given.seed)))
    return 0


async def seeded(url: str, accounts: int, seed_number: int) -> str:
    """Fill with the settings of the environment, the keys among them; what to say about it."""
    begun_s = time.perf_counter()
    given = settings.load({**os.environ, "MOORLINE_DATABASE_URL": url}, platforms=platform_names())
    await migrate.upgrade(url)
    async with open_service(given) as service:
        crowd = await seed(service, url, accounts=accounts, seed_number=seed_number)
    return (
        f"{accounts:,} accounts in {time.perf_counter() - begun_s:.0f} s. An API key of the largest tenant: {crowd.key}"
    )


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
