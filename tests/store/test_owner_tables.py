"""Tables users, profiles and api_keys on both engines."""

import asyncio
from dataclasses import replace

import pytest

from moorline import ids
from moorline.store import api_keys, profiles, users
from moorline.store.api_keys import KeyOfUser
from moorline.store.db import Database, ReferenceViolated, Statements, UniqueViolated
from tests.store import rows
from tests.store.rows import NOW, after


async def test_a_user_is_found_as_saved_by_address_and_in_the_tenant(db: Database) -> None:
    owner = rows.user(email="asa@example.com")
    member = rows.user(root_id=owner.id, role="member", profile_ids=("p1", "p2"), created_at=after(1))
    await users.insert(db, member)
    await users.insert(db, owner)
    assert await users.by_email(db, "asa@example.com") == owner
    assert await users.by_email(db, "ASA@example.com") is None
    assert await users.of_tenant(db, owner.id, member.id) == member
    assert await users.of_tenant(db, owner.id, owner.id) == owner
    assert await users.all_of_tenant(db, owner.id) == [owner, member]


async def test_s40_a_user_of_another_tenant_is_not_found(db: Database) -> None:
    (owner, _), (stranger, _) = await rows.saved_owner(db), await rows.saved_owner(db)
    assert await users.of_tenant(db, owner.id, stranger.id) is None
    assert await users.all_of_tenant(db, owner.id) == [owner]


async def test_an_address_belongs_to_one_user(db: Database) -> None:
    await users.insert(db, rows.user(email="asa@example.com"))
    with pytest.raises(UniqueViolated):
        await users.insert(db, rows.user(email="asa@example.com"))


async def test_who_holds_a_user_sees_what_the_one_before_counted(db: Database) -> None:
    owner, _ = await rows.saved_owner(db)

    async def add_up_to_three(tx: Statements) -> None:
        await users.hold(tx, owner.id)
        if await profiles.count(tx, owner.id) < 3:
            await profiles.insert(tx, rows.profile(owner))

    await asyncio.gather(*(db.transaction(add_up_to_three) for _ in range(8)))
    assert await profiles.count(db, owner.id) == 3
    assert await users.of_tenant(db, owner.id, owner.id) == owner


async def test_the_first_profile_of_a_tenant_is_its_default_and_no_other(db: Database) -> None:
    owner, first = await rows.saved_owner(db)
    second = await rows.saved_profile(db, owner, is_default=True, created_at=after(1))
    assert (first.is_default, second.is_default) == (True, False)
    assert await profiles.all_of(db, owner.id) == [first, second]
    assert await profiles.count(db, owner.id) == 2


async def test_a_profile_keeps_every_field(db: Database) -> None:
    owner, first = await rows.saved_owner(db)
    plain = rows.profile(owner, description=None, color=None, created_at=after(1))
    await profiles.insert(db, plain)
    assert await profiles.get(db, owner.id, plain.id) == plain
    changed = replace(first, name="New", slug="new", description="", color="#fff", is_default=False)
    assert await profiles.update(db, changed)
    assert await profiles.get(db, owner.id, first.id) == changed


async def test_s40_a_profile_of_another_tenant_is_not_found_changed_or_deleted(db: Database) -> None:
    (owner, _), (_, foreign) = await rows.saved_owner(db), await rows.saved_owner(db)
    assert await profiles.get(db, owner.id, foreign.id) is None
    assert not await profiles.update(db, replace(foreign, user_id=owner.id, name="taken"))
    assert not await profiles.delete(db, owner.id, foreign.id)
    assert await profiles.get(db, foreign.user_id, foreign.id) == foreign


async def test_a_default_is_cleared_from_every_other_profile_of_this_tenant_only(db: Database) -> None:
    (owner, first), (_, foreign) = await rows.saved_owner(db), await rows.saved_owner(db)
    second = await rows.saved_profile(db, owner, created_at=after(1))
    await profiles.update(db, replace(second, is_default=True))
    await profiles.clear_default(db, owner.id, but=second.id)
    assert [profile.is_default for profile in await profiles.all_of(db, owner.id)] == [False, True]
    kept = await profiles.get(db, foreign.user_id, foreign.id)
    assert kept is not None
    assert kept.is_default
    assert first.is_default


async def test_the_oldest_profile_is_promoted_only_when_there_is_no_default(db: Database) -> None:
    owner, first = await rows.saved_owner(db)
    second = await rows.saved_profile(db, owner, created_at=after(1))
    third = await rows.saved_profile(db, owner, created_at=after(2))
    await profiles.promote_oldest(db, owner.id)
    assert [one.is_default for one in await profiles.all_of(db, owner.id)] == [True, False, False]
    assert await profiles.delete(db, owner.id, first.id)
    await profiles.promote_oldest(db, owner.id)
    assert await profiles.all_of(db, owner.id) == [replace(second, is_default=True), third]


async def test_a_profile_with_accounts_cannot_be_deleted_and_one_that_is_gone_is_said_to_be(db: Database) -> None:
    owner, first = await rows.saved_owner(db)
    await rows.saved_account(db, first)
    with pytest.raises(ReferenceViolated):
        await profiles.delete(db, owner.id, first.id)
    assert not await profiles.delete(db, owner.id, ids.new_id())


async def test_a_key_is_found_by_its_prefix_with_what_its_user_may_see(db: Database) -> None:
    owner, first = await rows.saved_owner(db)
    member = rows.user(root_id=owner.id, profile_ids=(first.id,))
    await users.insert(db, member)
    key = rows.api_key(
        member,
        permission="read",
        profile_ids=(first.id, "p2"),
        reveal_tokens=True,
        redirect_allowlist=("https://app.example.com",),
        expires_at=after(60),
    )
    await api_keys.insert(db, key)
    found = KeyOfUser(key=key, root_id=owner.id, user_profile_ids=(first.id,), has_own_apps=False)
    assert await api_keys.find(db, key.lookup) == found
    assert await api_keys.find(db, key.lookup[::-1]) is None
    assert await api_keys.by_id(db, key.id) == found
    assert await api_keys.by_id(db, owner.id) is None


async def test_a_key_for_everything_keeps_its_nothings_apart_from_empty_lists(db: Database) -> None:
    owner, _ = await rows.saved_owner(db)
    everything = rows.api_key(owner)
    nothing = rows.api_key(owner, profile_ids=(), redirect_allowlist=(), created_at=after(1))
    await api_keys.insert(db, nothing)
    await api_keys.insert(db, everything)
    assert await api_keys.all_of(db, owner.id) == [everything, nothing]


async def test_the_addresses_a_key_may_send_browsers_to_are_told_apart_from_none(db: Database) -> None:
    owner, _ = await rows.saved_owner(db)
    for allowlist in (None, (), ("https://app.example.com", "myapp://done")):
        key = rows.api_key(owner, redirect_allowlist=allowlist)
        await api_keys.insert(db, key)
        assert await api_keys.redirect_allowlist(db, key.id) == allowlist
    assert await api_keys.redirect_allowlist(db, ids.new_id()) == ()


async def test_a_prefix_belongs_to_one_key(db: Database) -> None:
    owner, _ = await rows.saved_owner(db)
    key = rows.api_key(owner)
    await api_keys.insert(db, key)
    with pytest.raises(UniqueViolated):
        await api_keys.insert(db, replace(key, id=ids.new_id()))


async def test_a_key_lives_until_the_instant_it_expires(db: Database) -> None:
    owner, _ = await rows.saved_owner(db)
    key, endless = rows.api_key(owner, expires_at=after(60)), rows.api_key(owner)
    await api_keys.insert(db, key)
    await api_keys.insert(db, endless)
    for now, lives in ((NOW, True), (after(59.999), True), (after(60), False), (after(61), False)):
        assert await api_keys.exists(db, key.id, now) is lives
        assert await api_keys.count_live(db, owner.id, now) == (2 if lives else 1)
    assert await api_keys.exists(db, endless.id, after(10**9))
    assert not await api_keys.exists(db, ids.new_id(), NOW)


async def test_s40_a_key_is_deleted_by_its_user_only(db: Database) -> None:
    (owner, _), (stranger, _) = await rows.saved_owner(db), await rows.saved_owner(db)
    key = rows.api_key(owner)
    await api_keys.insert(db, key)
    assert not await api_keys.delete(db, stranger.id, key.id)
    assert await api_keys.delete(db, owner.id, key.id)
    assert not await api_keys.delete(db, owner.id, key.id)
    assert await api_keys.all_of(db, owner.id) == []
