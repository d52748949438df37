"""What waits, counted on both engines, in bounded reads down an index."""

from typing import Any

import pytest

from moorline import ids
from moorline.store import backlog, deliveries, grants, revocations
from moorline.store.backlog import Due
from moorline.store.db import Database
from moorline.store.grants import Lease
from moorline.store.revocations import Revocation
from tests.store import rows
from tests.store.rows import NOW, after
from tests.store.test_webhook_tables import message, saved

DAY_S = 86_400
on_sqlite = pytest.mark.parametrize("engine", ["sqlite"], indirect=True)


async def saved_grant(db: Database, *, renew_in_s: float | None = 60, **tokens: Any) -> str:
    owner, _ = await rows.saved_owner(db)
    grant_id = await grants.upsert(db, rows.grant(owner), NOW)
    kept = rows.tokens(renew_at=None if renew_in_s is None else after(renew_in_s), **tokens)
    await grants.put_tokens(db, grant_id, kept, consented_at=NOW, now=NOW)
    return grant_id


async def test_renewals_are_due_from_their_instant_until_somebody_is_at_them(db: Database) -> None:
    assert await backlog.renewals(db, NOW) == Due(count=0, oldest_at=None)
    first, _ = await saved_grant(db, renew_in_s=50), await saved_grant(db, renew_in_s=60)
    await saved_grant(db, renew_in_s=None)
    assert await backlog.renewals(db, after(49)) == Due(count=0, oldest_at=None)
    assert await backlog.renewals(db, after(60)) == Due(count=2, oldest_at=after(50))
    assert await grants.claim(db, first, Lease(holder="worker", version=1, until=after(600)), after(60))
    assert await backlog.renewals(db, after(60)) == Due(count=1, oldest_at=after(60))


async def test_a_count_ends_at_its_bound(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backlog, "MOST", 2)
    for _ in range(3):
        await saved_grant(db, refresh_sealed=None)
    assert await backlog.renewals(db, after(60)) == Due(count=2, oldest_at=after(60))
    assert await backlog.ending(db, NOW, after(DAY_S)) == 2 + 2  # a bound for each of the two ways to end


async def test_deliveries_count_when_due_and_the_oldest_is_one_that_may_go(db: Database) -> None:
    assert await backlog.deliveries(db, NOW) == Due(count=0, oldest_at=None)
    hook = await saved(db)
    for at in (0, 10):
        await deliveries.insert_for_subscribers(db, hook.user_id, message(created_at=after(at)))
    assert await backlog.deliveries(db, after(10)) == Due(count=2, oldest_at=NOW)
    (taken,) = await deliveries.claim(db, holder="worker", now=NOW, until=after(60), limit=1)
    await deliveries.put_off(db, taken, after(300))
    waiting = await backlog.deliveries(db, after(20))
    assert waiting == Due(count=1, oldest_at=None), "the second waits for the first, which is not due"
    assert await backlog.deliveries(db, after(300)) == Due(count=2, oldest_at=after(300))


async def test_deliveries_of_a_webhook_that_is_off_wait_for_nobody(db: Database) -> None:
    hook = await saved(db)
    await deliveries.insert_for_subscribers(db, hook.user_id, message())
    assert (await backlog.deliveries(db, after(1))).count == 1
    await db.run("UPDATE webhooks SET is_active = false")
    assert await backlog.deliveries(db, after(1)) == Due(count=0, oldest_at=None)


async def test_revocations_count_until_they_are_done(db: Database) -> None:
    assert await backlog.revocations(db) == 0
    owner, _ = await rows.saved_owner(db)
    one = Revocation(
        id=ids.new_id(),
        user_id=owner.id,
        platform="reddit",
        app_id="app-1",
        grant_sealed=b"\x01",
        tries=0,
        created_at=NOW,
    )
    await revocations.insert(db, one, after(3600))
    assert await backlog.revocations(db) == 1
    await revocations.delete(db, one.id)
    assert await backlog.revocations(db) == 0


async def test_an_end_is_that_of_the_token_nothing_renews(db: Database) -> None:
    kept: dict[str, Any] = {"access_expires_at": after(3600)}
    await saved_grant(db, **kept, refresh_sealed=None, refresh_expires_at=None)  # ends with its access
    await saved_grant(db, **kept, refresh_expires_at=None)  # renewed for ever
    await saved_grant(db, **kept, refresh_expires_at=after(3 * DAY_S))  # ends with the right to renew
    buried = await saved_grant(db, **kept, refresh_sealed=None, refresh_expires_at=None)
    assert await grants.bury(db, buried, version=1, reason="refused", now=NOW)
    assert [await backlog.ending(db, NOW, after(days * DAY_S)) for days in (1, 7)] == [1, 2]
    assert await backlog.ending(db, after(3601), after(7 * DAY_S)) == 1
    assert await backlog.ending(db, after(3601), after(2 * DAY_S)) == 0


@on_sqlite
async def test_every_count_goes_down_an_index(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    one = type(db).one

    async def noting(self: Database, sql: str, *args: object) -> object:
        plan = await self.all(f"EXPLAIN QUERY PLAN {sql}", *args)
        asked.extend(str(step["detail"]) for step in plan)
        return await one(self, sql, *args)

    monkeypatch.setattr(type(db), "one", noting)
    await backlog.renewals(db, NOW)
    await backlog.deliveries(db, NOW)
    await backlog.ending(db, NOW, after(1))
    steps = "\n".join(asked)
    assert "SCAN grant_tokens" not in steps
    assert "SCAN deliveries" not in steps
    for index in ("grant_tokens_due", "grant_tokens_access_ends", "grant_tokens_refresh_ends", "deliveries_due"):
        assert f"INDEX {index} " in steps
