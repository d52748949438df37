"""Tables sessions and sign_in_links, and the passwords of table users, on both engines."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from moorline import ids
from moorline.store import sessions, sign_in_links, users
from moorline.store.db import Database, ReferenceViolated
from moorline.store.sessions import Session
from moorline.store.sign_in_links import SignInLink
from moorline.store.users import User
from tests.store import rows
from tests.store.rows import NOW, after


def session(member: User, **changes: Any) -> Session:
    made = Session(token_hash=rows.hashed(ids.new_id()), member_id=member.id, created_at=NOW, expires_at=after(60))
    return replace(made, **changes)


def link(member: User, **changes: Any) -> SignInLink:
    made = SignInLink(token_hash=rows.hashed(ids.new_id()), member_id=member.id, expires_at=after(60))
    return replace(made, **changes)


async def test_a_session_is_its_members_until_it_ends(db: Database) -> None:
    owner, _ = await rows.saved_owner(db)
    one = session(owner)
    await sessions.insert(db, one)
    assert await sessions.member_of(db, one.token_hash, after(59)) == owner
    assert await sessions.member_of(db, one.token_hash, after(60)) is None
    assert await sessions.member_of(db, rows.hashed("another"), NOW) is None
    assert await sessions.delete(db, one.token_hash)
    assert not await sessions.delete(db, one.token_hash)
    assert await sessions.member_of(db, one.token_hash, NOW) is None


async def test_every_session_of_a_person_ends_but_one_and_those_of_others_go_on(db: Database) -> None:
    (owner, _), (other, _) = await rows.saved_owner(db), await rows.saved_owner(db)
    kept, gone, foreign = session(owner), session(owner), session(other)
    for one in (kept, gone, foreign):
        await sessions.insert(db, one)
    assert await sessions.delete_of(db, owner.id, but=kept.token_hash) == 1
    assert await sessions.member_of(db, kept.token_hash, NOW) == owner
    assert await sessions.member_of(db, gone.token_hash, NOW) is None
    assert await sessions.delete_of(db, owner.id) == 1
    assert await sessions.member_of(db, foreign.token_hash, NOW) == other


async def test_sessions_and_links_that_are_over_go_in_batches(db: Database) -> None:
    owner, _ = await rows.saved_owner(db)
    for seconds in (1, 2, 3, 61):
        await sessions.insert(db, session(owner, expires_at=after(seconds)))
        await sign_in_links.insert(db, link(owner, expires_at=after(seconds)))
    for purge in (sessions.purge, sign_in_links.purge):
        assert await purge(db, now=after(60), limit=2) == 2
        assert await purge(db, now=after(60), limit=2) == 1
        assert await purge(db, now=after(60), limit=2) == 0
    await sessions.purge(db, now=after(61), limit=2)
    await sign_in_links.purge(db, now=after(61), limit=2)
    assert await db.all("SELECT token_hash FROM sessions UNION ALL SELECT token_hash FROM sign_in_links") == []


async def test_a_link_is_used_once_however_many_try(db: Database) -> None:
    owner, _ = await rows.saved_owner(db)
    one = link(owner)
    await sign_in_links.insert(db, one)
    assert await sign_in_links.member_of(db, one.token_hash, NOW) == owner
    used = await asyncio.gather(*(sign_in_links.use(db, one.token_hash, NOW) for _ in range(8)))
    assert sorted(used, key=str) == [owner.id, *[None] * 7] or sorted(used, key=str) == [*[None] * 7, owner.id]
    assert await sign_in_links.member_of(db, one.token_hash, NOW) is None


async def test_a_link_that_has_run_out_is_not_used(db: Database) -> None:
    owner, _ = await rows.saved_owner(db)
    one = link(owner)
    await sign_in_links.insert(db, one)
    assert await sign_in_links.anybody_has_one(db, after(59))
    assert not await sign_in_links.anybody_has_one(db, after(60))
    assert await sign_in_links.member_of(db, one.token_hash, after(60)) is None
    assert await sign_in_links.use(db, one.token_hash, after(60)) is None
    assert await sign_in_links.use(db, one.token_hash, after(59)) == owner.id


async def test_links_are_withdrawn_by_person(db: Database) -> None:
    (owner, _), (other, _) = await rows.saved_owner(db), await rows.saved_owner(db)
    foreign = link(other)
    for one in (link(owner), link(owner), foreign):
        await sign_in_links.insert(db, one)
    assert await sign_in_links.delete_of(db, owner.id) == 2
    assert await sign_in_links.member_of(db, foreign.token_hash, NOW) == other


async def test_nobody_who_is_not_there_is_signed_in(db: Database) -> None:
    with pytest.raises(ReferenceViolated):
        await sessions.insert(db, session(rows.user()))
    with pytest.raises(ReferenceViolated):
        await sign_in_links.insert(db, link(rows.user()))


async def test_sessions_and_links_go_with_their_person(db: Database) -> None:
    owner = rows.user()
    await users.insert(db, owner)
    await sessions.insert(db, session(owner))
    await sign_in_links.insert(db, link(owner))
    await db.run("DELETE FROM users WHERE id = $1", owner.id)
    assert await db.all("SELECT token_hash FROM sessions UNION ALL SELECT token_hash FROM sign_in_links") == []


async def test_a_password_is_kept_beside_its_user_and_told_with_it_alone(db: Database) -> None:
    (owner, _), (other, _) = await rows.saved_owner(db), await rows.saved_owner(db)
    assert not await users.anybody_has_password(db)
    assert await users.set_password_hash(db, owner.id, "hash-1")
    assert not await users.set_password_hash(db, ids.new_id(), "hash-2")
    assert await users.anybody_has_password(db)
    found = await users.with_password(db, owner.email)
    assert found is not None
    assert (found.user, found.password_hash) == (owner, "hash-1")
    assert "hash-1" not in repr(found)
    without = await users.with_password(db, other.email)
    assert without is not None
    assert without.password_hash is None
    assert await users.with_password(db, "nobody@example.com") is None
