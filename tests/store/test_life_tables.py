"""What the life of a grant asks of the store, on both engines: due renewals, graves, revocations that wait."""

import asyncio
from dataclasses import replace

from moorline import clock, ids
from moorline.store import accounts, grants, revocations
from moorline.store.db import Database
from moorline.store.grants import Lease
from moorline.store.revocations import Revocation
from tests.store import rows
from tests.store.rows import NOW, after


async def saved_grant(db: Database, renew_in_s: float | None = 60, **changes: str) -> str:
    owner, _ = await rows.saved_owner(db, email=f"{ids.new_id()}@example.com")
    grant_id = await grants.upsert(db, rows.grant(owner, **changes), NOW)
    renew_at = None if renew_in_s is None else after(renew_in_s)
    await grants.put_tokens(db, grant_id, rows.tokens(renew_at=renew_at), consented_at=NOW, now=NOW)
    return grant_id


def lease(version: int = 1) -> Lease:
    return Lease(holder="worker-1", version=version, until=after(600))


async def test_what_is_due_comes_oldest_first_and_without_what_is_left_out_or_held(db: Database) -> None:
    late = await saved_grant(db, 50)
    later = await saved_grant(db, 40, platform="reddit")
    await saved_grant(db, 61)
    await saved_grant(db, None)
    assert await grants.due(db, now=after(60), limit=9) == [(later, "reddit"), (late, "pinterest")]
    assert await grants.due(db, now=after(60), limit=1) == [(later, "reddit")]
    assert await grants.due(db, now=after(60), limit=9, except_of=["reddit", "x"]) == [(late, "pinterest")]
    assert await grants.due(db, now=after(60), limit=9, except_of=["pinterest", "reddit"]) == []
    assert await grants.claim(db, later, lease(), after(60))
    assert await grants.due(db, now=after(60), limit=9) == [(late, "pinterest")]
    assert (later, "reddit") in await grants.due(db, now=after(600), limit=9)


async def test_a_renewal_put_off_is_due_later_and_counted_by_its_holder_only(db: Database) -> None:
    grant_id = await saved_grant(db)
    assert await grants.claim(db, grant_id, lease(), NOW)
    await grants.put_off(db, grant_id, replace(lease(), holder="another"), after(90))
    await grants.put_off(db, grant_id, lease(), after(120))
    found = await grants.get_tokens(db, grant_id)
    assert found == rows.tokens(renew_at=after(120), failures=1)
    assert await grants.claim(db, grant_id, lease(), NOW)
    never = await saved_grant(db, None)
    assert await grants.claim(db, never, lease(), NOW)
    await grants.put_off(db, never, lease(), after(120))
    found = await grants.get_tokens(db, never)
    assert found is not None
    assert (found.renew_at, found.failures) == (None, 1)


async def test_a_grant_is_read_with_its_tokens(db: Database) -> None:
    grant_id = await saved_grant(db)
    grant = await grants.get(db, grant_id)
    assert grant is not None
    assert await grants.get_with_tokens(db, grant_id) == (grant, await grants.get_tokens(db, grant_id))
    assert await grants.get_with_tokens(db, ids.new_id()) is None


async def test_a_version_is_buried_once_and_a_newer_one_not_with_it(db: Database) -> None:
    grant_id = await saved_grant(db)
    buried = await asyncio.gather(
        *(grants.bury(db, grant_id, version=1, reason=f"reason {n}", now=after(n)) for n in range(5))
    )
    assert sum(buried) == 1
    grave = await grants.get(db, grant_id)
    assert grave is not None
    assert grave.dead_reason == f"reason {buried.index(True)}"
    assert await grants.due(db, now=after(9999), limit=9) == []
    assert await grants.revive(db, grant_id, after(7))
    assert not await grants.revive(db, grant_id, after(8))
    assert not await grants.bury(db, grant_id, version=2, reason="too late", now=after(9))
    alive = await grants.get(db, grant_id)
    assert alive is not None
    assert alive.dead_reason is None


async def test_only_a_younger_consent_replaces_tokens(db: Database) -> None:
    grant_id = await saved_grant(db)
    assert await grants.claim(db, grant_id, lease(), NOW)
    renewed = rows.tokens(access_sealed=b"\x01renewed")
    assert await grants.renew_tokens(db, grant_id, lease(), renewed, after(1))
    for consented_s in (-1, 0):
        again = rows.tokens(access_sealed=b"\x01spent")
        assert not await grants.put_tokens(db, grant_id, again, consented_at=after(consented_s), now=after(2))
    kept = await grants.get_tokens(db, grant_id)
    assert kept == replace(renewed, version=2)
    assert await grants.claim(db, grant_id, lease(2), after(2))
    younger = rows.tokens(access_sealed=b"\x01younger")
    assert await grants.put_tokens(db, grant_id, younger, consented_at=after(0.001), now=after(3))
    assert not await grants.renew_tokens(db, grant_id, lease(2), renewed, after(4))
    assert await grants.claim(db, grant_id, replace(lease(3), holder="next"), after(4))


async def test_it_is_told_whether_a_tenant_has_kin_on_other_platforms(db: Database) -> None:
    owner, _ = await rows.saved_owner(db)
    first = replace(rows.grant(owner, platform="youtube", platform_user_id="UC1"))
    for one in (first, rows.grant(owner, platform="reddit"), rows.grant(owner, platform="youtube", app_id="other")):
        await grants.upsert(db, one, NOW)
    kin = ("youtube", "googlebusiness")
    assert not await grants.has_kin(db, first, kin)
    sibling = rows.grant(owner, platform="googlebusiness", platform_user_id="107")
    await grants.upsert(db, sibling, NOW)
    assert await grants.has_kin(db, first, kin)
    assert await grants.has_kin(db, sibling, kin)
    assert not await grants.has_kin(db, replace(first, user_id=ids.new_id()), kin)


async def test_a_grant_that_was_proven_says_when(db: Database) -> None:
    grant_id = await saved_grant(db)
    await grants.prove(db, grant_id, after(3))
    row = await db.one("SELECT proven_at_ms FROM grants")
    assert row is not None
    assert row["proven_at_ms"] == clock.to_ms(after(3))


async def test_accounts_go_off_with_their_grant_and_on_only_without_a_token_of_their_own(db: Database) -> None:
    owner, profile = await rows.saved_owner(db)
    grant_id = await grants.upsert(db, rows.grant(owner), NOW)
    plain = await rows.saved_account(db, profile, grant_id=grant_id, platform_account_id="plain")
    page = await rows.saved_account(db, profile, grant_id=grant_id, platform_account_id="page")
    await rows.saved_account(db, profile, platform_account_id="elsewhere")
    await accounts.put_token(db, page.id, b"\x01own", None, NOW)
    gone = await accounts.set_active_of_grant(db, grant_id, is_active=False, now=after(1))
    assert {account.id for account in gone} == {plain.id, page.id}
    assert await accounts.set_active_of_grant(db, grant_id, is_active=False, now=after(2)) == []
    back = await accounts.set_active_of_grant(db, grant_id, is_active=True, now=after(3))
    assert [(account.id, account.is_active) for account in back] == [(plain.id, True)]


async def test_a_revocation_is_taken_by_one_put_off_by_its_holder_and_wiped(db: Database) -> None:
    kept = Revocation(
        id=ids.new_id(),
        user_id=ids.new_id(),
        platform="reddit",
        app_id="app",
        grant_sealed=b"\x01sealed",
        tries=0,
        created_at=NOW,
    )
    await revocations.insert(db, kept, after(10))
    assert await revocations.due(db, now=after(9), limit=9) == []
    assert await revocations.due(db, now=after(10), limit=9) == [kept.id]
    claims = await asyncio.gather(
        *(revocations.claim(db, kept.id, holder=f"w{n}", now=after(10), until=after(70)) for n in range(5))
    )
    (taken,) = [claim for claim in claims if claim is not None]
    assert taken == replace(kept, tries=1)
    holder = f"w{claims.index(taken)}"
    assert await revocations.due(db, now=after(69), limit=9) == []
    assert await revocations.due(db, now=after(70), limit=9) == [kept.id]
    await revocations.put_off(db, kept.id, holder="another", due_at=after(500))
    await revocations.put_off(db, kept.id, holder=holder, due_at=after(100))
    assert await revocations.due(db, now=after(99), limit=9) == []
    assert await revocations.due(db, now=after(100), limit=9) == [kept.id]
    await revocations.delete(db, kept.id)
    assert await revocations.claim(db, kept.id, holder="w", now=after(100), until=after(160)) is None


async def test_the_person_behind_an_account_is_told_to_its_tenant(db: Database) -> None:
    owner, profile = await rows.saved_owner(db)
    grant_id = await grants.upsert(db, rows.grant(owner, platform_user_id="person-7"), NOW)
    account = await rows.saved_account(db, profile, grant_id=grant_id)
    alone = await rows.saved_account(db, profile, platform_account_id="alone")
    assert await accounts.person_of(db, owner.id, account.id) == "person-7"
    assert await accounts.person_of(db, owner.id, alone.id) is None
    assert await accounts.person_of(db, ids.new_id(), account.id) is None
    assert await accounts.app_of(db, owner.id, account.id) == rows.grant(owner).app_id
    assert await accounts.app_of(db, owner.id, alone.id) is None
    assert await accounts.app_of(db, ids.new_id(), account.id) is None
