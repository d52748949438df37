"""Every column of sealed values, on both engines: none is forgotten, and a value is exchanged only for itself."""

import asyncio
from typing import Any

import pytest

from moorline import ids
from moorline.store import accounts, grants, kept_answers, sealed_values
from moorline.store.db import Database
from moorline.store.sealed_values import SealedColumn
from tests.store import rows
from tests.store.rows import NOW, after, hashed

COLUMNS = [value for value in vars(sealed_values).values() if isinstance(value, SealedColumn)]
SCHEMA = {
    "sqlite": "SELECT m.name AS table_name, c.name AS column_name"
    " FROM sqlite_master m JOIN pragma_table_info(m.name) c WHERE m.type = 'table'",
    "postgresql": "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'public'",
}


async def values_of(db: Database, of: SealedColumn, **page: Any) -> dict[Any, bytes]:
    found = await sealed_values.page(db, of, **{"after": of.before_all, "limit": 100, **page})
    return {value.key: value.sealed for value in found}


async def saved_grants(db: Database, count: int) -> list[str]:
    owner, _ = await rows.saved_owner(db)
    saved = []
    for n in range(count):
        grant_id = await grants.upsert(db, rows.grant(owner, platform_user_id=f"person-{n}"), NOW)
        tokens = rows.tokens(access_sealed=b"access %d" % n, refresh_sealed=None if n == 1 else b"refresh %d" % n)
        await grants.put_tokens(db, grant_id, tokens, consented_at=NOW, now=NOW)
        saved.append(grant_id)
    return saved


async def test_s34_every_column_of_the_schema_that_is_sealed_is_known_here(db: Database) -> None:
    schema = {(row["table_name"], row["column_name"]) for row in await db.all(SCHEMA[db.engine])}
    sealed = {f"{table}.{column}" for table, column in schema if column == "sealed" or column.endswith("_sealed")}
    assert len(sealed) > 10
    assert sealed == {of.name for of in COLUMNS}


@pytest.mark.parametrize("of", COLUMNS, ids=lambda of: of.name)
async def test_every_column_can_be_counted_read_and_written(db: Database, of: SealedColumn) -> None:
    assert await sealed_values.count(db, of) == 0
    assert await sealed_values.page(db, of, after=of.before_all, limit=1) == []
    absent = sealed_values.SealedValue(key=of.before_all, sealed=b"old", owner={})
    assert not await sealed_values.exchange(db, of, absent, b"new")


async def test_values_come_in_the_order_of_their_keys_page_by_page_without_empty_ones(db: Database) -> None:
    saved = await saved_grants(db, 5)
    of = sealed_values.GRANT_REFRESH
    full = {grant_id: b"refresh %d" % n for n, grant_id in enumerate(saved) if n != 1}
    assert await sealed_values.count(db, of) == 4
    assert await values_of(db, of) == full
    keys = sorted(full)
    assert list(await values_of(db, of, limit=3)) == keys[:3]
    assert list(await values_of(db, of, after=keys[2], limit=3)) == keys[3:]
    assert await sealed_values.count(db, sealed_values.GRANT_ACCESS) == 5


async def test_a_value_comes_with_whose_it_is(db: Database) -> None:
    owner, profile = await rows.saved_owner(db)
    grant_id = await grants.upsert(db, rows.grant(owner, platform_user_id="person-7"), NOW)
    await grants.put_tokens(db, grant_id, rows.tokens(), consented_at=NOW, now=NOW)
    account = await rows.saved_account(db, profile, grant_id=grant_id)
    await accounts.put_token(db, account.id, b"own", None, NOW)
    (token,) = await sealed_values.page(db, sealed_values.GRANT_ACCESS, after="", limit=9)
    of_app = {"user_id": owner.id, "platform": "pinterest", "app_id": "app-1"}
    assert token.owner == {**of_app, "platform_user_id": "person-7"}
    (own,) = await sealed_values.page(db, sealed_values.ACCOUNT_ACCESS, after="", limit=9)
    of_profile = {"user_id": owner.id, "profile_id": profile.id, "platform": "pinterest"}
    assert own.owner == {**of_profile, "platform_account_id": "board-1"}


async def test_a_key_of_bytes_is_told_as_bytes(db: Database) -> None:
    keys = [hashed(ids.new_secret()) for _ in range(3)]
    for key in keys:
        await kept_answers.begin(db, key, hashed("a call"), now=NOW, until=after(60))
    for key in keys[:2]:
        await kept_answers.finish(db, key, status=200, answer_sealed=key[:4], until=after(60))
    found = await sealed_values.page(db, sealed_values.KEPT_ANSWER, after=b"", limit=9)
    assert [value.key for value in found] == sorted(keys[:2])
    assert [value.owner for value in found] == [{"key_hash": key} for key in sorted(keys[:2])]
    assert [type(value.sealed) for value in found] == [bytes, bytes]


async def test_s34_a_value_that_was_written_meanwhile_is_not_exchanged(db: Database) -> None:
    (grant_id,) = await saved_grants(db, 1)
    (read,) = await sealed_values.page(db, sealed_values.GRANT_ACCESS, after="", limit=9)
    younger = rows.tokens(access_sealed=b"younger")
    await grants.put_tokens(db, grant_id, younger, consented_at=after(1), now=after(1))
    assert not await sealed_values.exchange(db, sealed_values.GRANT_ACCESS, read, b"older, sealed anew")
    assert await values_of(db, sealed_values.GRANT_ACCESS) == {grant_id: b"younger"}


async def test_s34_of_two_who_exchange_one_value_one_does_and_nothing_else_changes(db: Database) -> None:
    saved = await saved_grants(db, 2)
    before = await db.one("SELECT * FROM grant_tokens WHERE grant_id = $1", saved[0])
    read = {value.key: value for value in await sealed_values.page(db, sealed_values.GRANT_ACCESS, after="", limit=9)}
    done = await asyncio.gather(
        *(sealed_values.exchange(db, sealed_values.GRANT_ACCESS, read[saved[0]], b"anew %d" % n) for n in range(2))
    )
    assert sorted(done) == [False, True]
    after_it = await db.one("SELECT * FROM grant_tokens WHERE grant_id = $1", saved[0])
    assert before is not None
    assert after_it is not None
    differing = {name for name in dict(before) if before[name] != after_it[name]}
    assert differing == {"access_sealed"}
    assert (await values_of(db, sealed_values.GRANT_ACCESS))[saved[1]] == b"access 1"
