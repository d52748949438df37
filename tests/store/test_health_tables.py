"""What account_health reads of four tables, and table invites, on both engines."""

import asyncio

from moorline import ids
from moorline.store import account_health, accounts, grants, invites
from moorline.store.account_health import AccountFacts
from moorline.store.db import Database
from moorline.store.invites import Invite
from tests.store import rows
from tests.store.rows import NOW, after


async def test_an_account_is_told_with_its_consent_and_the_consents_tokens(db: Database) -> None:
    owner, first = await rows.saved_owner(db)
    grant_id = await grants.upsert(db, rows.grant(owner), NOW)
    await grants.put_tokens(db, grant_id, rows.tokens(renew_at=after(60)), consented_at=NOW, now=NOW)
    account = await rows.saved_account(db, first, grant_id=grant_id)
    expected = AccountFacts(
        account_id=account.id,
        profile_id=first.id,
        platform="pinterest",
        username="asa",
        display_name="Åsa's boats",
        is_active=True,
        app_id="app-1",
        granted=("read", "write"),
        proven_at=NOW,
        access_expires_at=after(3600),
        refresh_expires_at=after(86400),
        renew_at=after(60),
        has_refresh=True,
    )
    assert await account_health.get(db, owner.id, account.id) == expected
    assert await account_health.all_of(db, owner.id) == [expected]


async def test_a_consent_that_was_given_up_is_told_with_the_reason(db: Database) -> None:
    owner, first = await rows.saved_owner(db)
    grant_id = await grants.upsert(db, rows.grant(owner, granted=None), NOW)
    await grants.put_tokens(db, grant_id, rows.tokens(refresh_sealed=None), consented_at=NOW, now=NOW)
    account = await rows.saved_account(db, first, grant_id=grant_id, is_active=False)
    await grants.bury(db, grant_id, version=1, reason="Revoked.", now=after(5))
    await db.run("UPDATE grant_tokens SET failures = 3")
    found = await account_health.get(db, owner.id, account.id)
    assert found is not None
    assert (found.dead_at, found.dead_reason, found.is_active) == (after(5), "Revoked.", False)
    assert (found.granted, found.has_refresh, found.renew_at, found.failures) == (None, False, None, 3)


async def test_an_account_without_consent_is_told_and_one_with_a_token_of_its_own_is_marked(db: Database) -> None:
    owner, first = await rows.saved_owner(db)
    account = await rows.saved_account(db, first)
    bare = AccountFacts(
        account_id=account.id,
        profile_id=first.id,
        platform="pinterest",
        username="asa",
        display_name="Åsa's boats",
        is_active=True,
    )
    assert await account_health.get(db, owner.id, account.id) == bare
    await accounts.put_token(db, account.id, b"\x01own", None, NOW)
    found = await account_health.get(db, owner.id, account.id)
    assert found is not None
    assert found.has_own_token


async def test_facts_are_listed_oldest_first_by_profile_and_by_platform(db: Database) -> None:
    owner, first = await rows.saved_owner(db)
    second = await rows.saved_profile(db, owner, created_at=after(1))
    expected = []
    for place in range(4):
        account = rows.account(
            second if place % 2 else first,
            platform_account_id=str(place),
            platform="reddit" if place < 2 else "tiktok",
        )
        expected.append((await accounts.upsert(db, account, after(-place))).id)
    await db.run("UPDATE accounts SET created_at_ms = created_at_ms - CAST(platform_account_id AS INTEGER)")
    expected.reverse()

    async def listed(*, profile_id: str | None = None, platform: str | None = None) -> list[str]:
        found = await account_health.all_of(db, owner.id, profile_id=profile_id, platform=platform)
        return [facts.account_id for facts in found]

    assert await listed() == expected
    assert await listed(profile_id=second.id) == expected[0::2]
    assert await listed(platform="reddit") == expected[2:]
    assert await listed(profile_id=first.id, platform="tiktok") == [expected[1]]
    assert await listed(profile_id=ids.new_id()) == []


async def test_s40_the_health_of_another_tenants_account_is_not_found(db: Database) -> None:
    (_, first), (stranger, _) = await rows.saved_owner(db), await rows.saved_owner(db)
    account = await rows.saved_account(db, first)
    assert await account_health.get(db, stranger.id, account.id) is None
    assert await account_health.all_of(db, stranger.id) == []


def invite(user_id: str, text: str = "a token", *, profile_ids: tuple[str, ...] | None = None) -> Invite:
    return Invite(
        token_hash=rows.hashed(text),
        user_id=user_id,
        profile_ids=profile_ids,
        created_at=NOW,
        expires_at=after(60),
    )


async def test_an_invite_keeps_every_field_while_it_is_open(db: Database) -> None:
    owner, first = await rows.saved_owner(db)
    some, everything = invite(owner.id, profile_ids=(first.id,)), invite(owner.id, "another token")
    for made in (some, everything):
        await invites.insert(db, made)
        assert await invites.find_open(db, made.token_hash, after(59)) == made
        assert await invites.find_open(db, made.token_hash, after(60)) is None
    assert await invites.find_open(db, rows.hashed("no token"), NOW) is None


async def test_an_invite_is_accepted_once_also_by_many_at_once(db: Database) -> None:
    owner, _ = await rows.saved_owner(db)
    made = invite(owner.id)
    await invites.insert(db, made)
    accepted = await asyncio.gather(*(invites.accept(db, made.token_hash, after(1)) for _ in range(10)))
    assert [one for one in accepted if one is not None] == [made]
    assert await invites.find_open(db, made.token_hash, after(2)) is None


async def test_an_invite_that_ran_out_is_not_accepted(db: Database) -> None:
    owner, _ = await rows.saved_owner(db)
    made = invite(owner.id)
    await invites.insert(db, made)
    assert await invites.accept(db, made.token_hash, after(60)) is None
    assert await invites.accept(db, rows.hashed("no token"), NOW) is None


async def test_old_invites_are_purged_in_batches(db: Database) -> None:
    owner, _ = await rows.saved_owner(db)
    for number in range(3):
        await invites.insert(db, invite(owner.id, str(number)))
    assert await invites.purge(db, before=after(60), limit=10) == 0
    assert await invites.purge(db, before=after(61), limit=2) == 2
    assert await invites.purge(db, before=after(61), limit=2) == 1
