"""The outbox: what it costs, and that it lives and dies with the transaction around it."""

import pytest

from moorline.store import deliveries, webhooks
from moorline.store.db import Database, Statements
from moorline.webhooks import queue
from tests.conftest import FrozenClock
from tests.owners.recorder import Recorder
from tests.store import rows
from tests.store.rows import NOW, after
from tests.store.test_webhook_tables import webhook


async def test_a_tenant_without_webhooks_pays_one_statement(db: Database, frozen_clock: FrozenClock) -> None:
    _, first = await rows.saved_owner(db)
    account = await rows.saved_account(db, first)
    recorder = Recorder(db)
    await queue.account_event(recorder, account, "account.connected")
    assert len(recorder.statements) == 1
    assert await rows.next_delivery_at(db) is None


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
async def test_the_statement_finds_the_tenants_webhooks_by_index(db: Database) -> None:
    _, first = await rows.saved_owner(db)
    account = await rows.saved_account(db, first)
    recorder = Recorder(db)
    await queue.account_event(recorder, account, "account.connected")
    plan = await db.all(f"EXPLAIN QUERY PLAN {recorder.statements[0]}", *["x"] * 7)
    assert any("webhooks_user" in row["detail"] for row in plan)


async def test_what_is_told_beside_the_account_stands_in_the_account(db: Database, frozen_clock: FrozenClock) -> None:
    owner, first = await rows.saved_owner(db)
    account = await rows.saved_account(db, first)
    await webhooks.insert(db, webhook(owner, events=("account.expiring",)))
    await queue.account_event(db, account, "account.expiring", daysLeft=7, reconnectUrl="https://a.example/")
    (claimed,) = await deliveries.claim(db, holder="one", now=NOW, until=after(60), limit=10)
    assert claimed.event == "account.expiring"
    assert '"daysLeft":7,"reconnectUrl":"https://a.example/"' in claimed.body
    assert f'"id":"{claimed.message_id}"' in claimed.body


async def test_a_transaction_that_is_undone_tells_nobody(db: Database, frozen_clock: FrozenClock) -> None:
    owner, first = await rows.saved_owner(db)
    account = await rows.saved_account(db, first)
    await webhooks.insert(db, webhook(owner))

    async def write(tx: Statements) -> None:
        await queue.account_event(tx, account, "account.connected")
        raise LookupError

    with pytest.raises(LookupError):
        await db.transaction(write)
    assert await rows.next_delivery_at(db) is None
