"""Table audit on both engines."""

from datetime import timedelta
from typing import Any

import pytest

from moorline import ids
from moorline.store import audit, users
from moorline.store.audit import AuditEntry
from moorline.store.db import Database, Statements
from tests.owners.recorder import Recorder
from tests.store import rows
from tests.store.rows import NOW, after

LIMIT = 20


def entry(user_id: str, **changes: Any) -> AuditEntry:
    made: dict[str, Any] = {
        "id": ids.new_id(),
        "user_id": user_id,
        "member_id": user_id,
        "key_id": ids.new_id(),
        "source": "api",
        "action": "api_key.created",
        "subject_id": ids.new_id(),
        "details": {"name": "Åsa's", "profileIds": ["1", "2"], "revealTokens": False, "many": None},
        "created_at": NOW,
    }
    return AuditEntry(**(made | changes))


async def saved_entry(db: Statements, user_id: str, **changes: Any) -> AuditEntry:
    made = entry(user_id, **changes)
    await audit.insert(db, made)
    return made


async def test_an_entry_keeps_every_field(db: Database) -> None:
    full = await saved_entry(db, "a" * 24, created_at=after(1))
    bare = await saved_entry(db, "a" * 24, member_id=None, key_id=None, subject_id=None, details={})
    assert await audit.newest(db, "a" * 24, action=None, before=None, limit=10) == [full, bare]


async def test_entries_are_listed_newest_first_by_action_and_page_for_their_own_tenant(db: Database) -> None:
    theirs = await saved_entry(db, "b" * 24)
    mine = [await saved_entry(db, "a" * 24, created_at=after(age_s)) for age_s in (3, 2, 1)]
    left = await saved_entry(db, "a" * 24, action="webhook.deleted")
    everything = [*mine, left]

    async def listed(limit: int = 10, action: str | None = None, before: str | None = None) -> list[AuditEntry]:
        return await audit.newest(db, "a" * 24, action=action, before=before, limit=limit)

    assert await listed() == everything
    assert await listed(limit=2) == everything[:2]
    assert await listed(before=mine[0].id, limit=2) == everything[1:3]
    assert await listed(before=left.id) == await listed(before=theirs.id) == await listed(before="x") == []
    assert await listed(action="webhook.deleted") == [left]
    assert await listed(action="webhook.created") == []


async def test_old_entries_are_purged_in_batches(db: Database) -> None:
    for age_s in range(5):
        await saved_entry(db, "a" * 24, created_at=after(-age_s))
    kept = await saved_entry(db, "a" * 24, created_at=after(1))
    assert [await audit.purge(db, before=after(1), limit=2) for _ in range(4)] == [2, 2, 1, 0]
    assert await audit.newest(db, "a" * 24, action=None, before=None, limit=10) == [kept]


async def test_a_page_is_read_down_the_index_of_the_tenant(db: Database) -> None:
    tenants = [f"{place:024x}" for place in range(10)]

    async def fill(tx: Statements) -> None:
        for place in range(200):
            for user_id in tenants:
                await saved_entry(tx, user_id, created_at=NOW + timedelta(seconds=place))

    await db.transaction(fill)
    recorder = Recorder(db)
    assert len(await audit.newest(recorder, tenants[4], action=None, before=None, limit=LIMIT)) == LIMIT
    sql, args = recorder.statements[-1], recorder.args[-1]
    if db.engine == "sqlite":
        plan = [row["detail"] for row in await db.all(f"EXPLAIN QUERY PLAN {sql}", *args)]
        assert plan == ["SEARCH audit USING INDEX audit_user (user_id>? AND (user_id,created_at_ms,id)<(?,?,?))"]
        return
    await db.run("ANALYZE audit")
    told = "\n".join(row["QUERY PLAN"] for row in await db.all(f"EXPLAIN (ANALYZE, TIMING OFF) {sql}", *args))
    assert "Index Scan Backward using audit_user" in told
    assert "Sort" not in told
    assert "Removed by Filter" not in told


@pytest.mark.parametrize("role", ["owner", "member"])
async def test_the_tenant_of_a_user_is_found(db: Database, role: str) -> None:
    owner, _ = await rows.saved_owner(db)
    member = rows.user(root_id=owner.id, role="member")
    await users.insert(db, member)
    assert await users.root_of(db, owner.id if role == "owner" else member.id) == owner.id
    assert await users.root_of(db, ids.new_id()) is None
