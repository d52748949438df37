"""What the warnings of coming ends ask of the store, on both engines."""

import asyncio
from dataclasses import replace
from datetime import datetime

from moorline.store import account_health, accounts, grants, migrate, webhooks
from moorline.store import engines as store
from moorline.store.db import Database
from moorline.store.grants import DueWarning, Lease
from moorline.store.users import User
from moorline.store.webhooks import Webhook
from tests.store import rows
from tests.store.rows import NOW, after

EXPIRING = "account.expiring"


async def saved_grant(db: Database, owner: User, warn_at: datetime | None, person: str = "person-1") -> str:
    grant_id = await grants.upsert(db, rows.grant(owner, platform_user_id=person), NOW)
    await grants.put_tokens(db, grant_id, rows.tokens(warn_at=warn_at), consented_at=NOW, now=NOW)
    return grant_id


def due(grant_id: str, warn_at: datetime) -> DueWarning:
    return DueWarning(grant_id=grant_id, platform="pinterest", warn_at=warn_at)


async def planned(db: Database, grant_id: str) -> datetime | None:
    found = await grants.get_tokens(db, grant_id)
    assert found is not None
    return found.warn_at


async def test_what_is_due_comes_the_longest_due_first(db: Database) -> None:
    owner, _ = await rows.saved_owner(db)
    late, later = await saved_grant(db, owner, after(50), "a"), await saved_grant(db, owner, after(40), "b")
    await saved_grant(db, owner, after(61), "c")
    await saved_grant(db, owner, None, "d")
    assert await grants.due_warnings(db, now=after(60), limit=9) == [due(later, after(40)), due(late, after(50))]
    assert await grants.due_warnings(db, now=after(60), limit=1) == [due(later, after(40))]
    assert await grants.due_warnings(db, now=after(39), limit=9) == []


async def test_of_many_who_want_to_tell_of_one_warning_exactly_one_may(db: Database) -> None:
    owner, _ = await rows.saved_owner(db)
    grant_id = await saved_grant(db, owner, after(50))
    assert not await grants.take_warning(db, due(grant_id, after(49)))
    taken = await asyncio.gather(*(grants.take_warning(db, due(grant_id, after(50))) for _ in range(10)))
    assert sum(taken) == 1
    await grants.plan_warning(db, grant_id, after(90))
    assert await planned(db, grant_id) == after(90)
    await grants.plan_warning(db, grant_id, None)
    assert await planned(db, grant_id) is None


async def test_a_renewal_with_the_same_end_leaves_the_plan_and_any_other_sets_it_anew(db: Database) -> None:
    owner, _ = await rows.saved_owner(db)
    grant_id = await saved_grant(db, owner, after(50))
    for version, (stored, is_same_end, expected) in enumerate(
        [(after(50), True, after(50)), (None, True, after(70)), (after(50), False, after(70))], start=1
    ):
        await grants.plan_warning(db, grant_id, stored)
        lease = Lease(holder="h", version=version, until=after(60))
        renewed = rows.tokens(warn_at=after(70))
        assert await grants.renew_tokens(db, grant_id, lease, renewed, after(1), is_same_end=is_same_end)
        assert await planned(db, grant_id) == expected


async def test_a_younger_consent_plans_anew_and_a_grave_ends_the_plan(db: Database) -> None:
    owner, _ = await rows.saved_owner(db)
    grant_id = await saved_grant(db, owner, after(50))
    assert not await grants.put_tokens(db, grant_id, rows.tokens(warn_at=after(8)), consented_at=NOW, now=after(1))
    assert await planned(db, grant_id) == after(50)
    younger = rows.tokens(warn_at=after(70))
    assert await grants.put_tokens(db, grant_id, younger, consented_at=after(1), now=after(1))
    assert await planned(db, grant_id) == after(70)
    assert await grants.bury(db, grant_id, version=2, reason="Revoked.", now=after(2))
    assert await planned(db, grant_id) is None


async def test_the_accounts_of_a_grant_are_told_and_the_active_ones_held(db: Database) -> None:
    owner, first = await rows.saved_owner(db)
    grant_id = await saved_grant(db, owner, after(50))
    saved = [
        await rows.saved_account(db, first, grant_id=grant_id, platform_account_id=name, is_active=name != "off")
        for name in ("a", "off", "b")
    ]
    await rows.saved_account(db, first, platform_account_id="of no grant")
    told = await account_health.of_grant(db, grant_id)
    assert {one.account_id for one in told} == {account.id for account in saved}
    assert told[0] == await account_health.get(db, owner.id, told[0].account_id)
    held = await db.transaction(lambda tx: accounts.hold_of_grant(tx, grant_id))
    assert sorted(held, key=lambda one: one.id) == sorted((saved[0], saved[2]), key=lambda one: one.id)
    assert await account_health.of_grant(db, "0" * 24) == []


async def test_an_event_is_wanted_by_active_webhooks_that_name_it(db: Database) -> None:
    (owner, _), (other, _) = await rows.saved_owner(db), await rows.saved_owner(db)
    made = Webhook(
        id="1" * 24,
        user_id=owner.id,
        name="app",
        url="https://app.example.com/hook",
        events=("account.connected", EXPIRING),
        is_active=True,
        secret_sealed=b"\x01secret",
        created_at=NOW,
    )
    await webhooks.insert(db, made)
    assert await webhooks.wants(db, owner.id, EXPIRING)
    assert not await webhooks.wants(db, owner.id, "account.updated")
    assert not await webhooks.wants(db, other.id, EXPIRING)
    await webhooks.switch(db, made.id, is_active=False)
    assert not await webhooks.wants(db, owner.id, EXPIRING)
    await webhooks.insert(db, replace(made, id="2" * 24, events=("account.connected",)))
    assert not await webhooks.wants(db, owner.id, EXPIRING)


async def test_grants_from_before_the_upgrade_are_to_be_looked_at_once(empty_database_url: str) -> None:
    await migrate.upgrade(empty_database_url)
    db = await store.connect(empty_database_url)
    owner, _ = await rows.saved_owner(db)
    ending = await saved_grant(db, owner, after(50), "ending")
    endless = await grants.upsert(db, rows.grant(owner, platform_user_id="endless"), NOW)
    forever = rows.tokens(access_expires_at=None)
    await grants.put_tokens(db, endless, forever, consented_at=NOW, now=NOW)
    await db.close()
    await migrate.downgrade(empty_database_url, "0003")
    await migrate.upgrade(empty_database_url)
    db = await store.connect(empty_database_url)
    try:
        assert await planned(db, ending) == NOW
        assert await planned(db, endless) is None
    finally:
        await db.close()
