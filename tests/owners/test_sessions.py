"""Signing in on both engines: by password or by a link that is good once, and what ends a session."""

import asyncio
import hashlib
from dataclasses import replace
from datetime import timedelta

import argon2
import pytest
import pytest_asyncio

from moorline import clock
from moorline.errors import BadRequest, Gone, MoorlineError, Unauthorized
from moorline.owners import sessions
from moorline.owners.sessions import Opened
from moorline.store import users
from moorline.store.db import Database, Statements
from moorline.store.users import User
from tests.conftest import FrozenClock
from tests.store import rows

PASSWORD = "correct horse battery staple"
OTHER = "another one, just as long"
DAY_S = 24 * 3600


@pytest_asyncio.fixture
async def owner(db: Database, frozen_clock: FrozenClock) -> User:
    saved, _ = await rows.saved_owner(db, email="asa@example.com")
    await sessions.set_password(db, saved, PASSWORD)
    return saved


async def signed_in(db: Database, password: str = PASSWORD) -> Opened:
    return await sessions.sign_in(db, email="asa@example.com", password=password)


async def lives(db: Database, token: str) -> bool:
    try:
        await sessions.member_of(db, token)
    except Unauthorized:
        return False
    return True


async def test_who_signs_in_is_known_by_the_token_for_seven_days(
    db: Database, owner: User, frozen_clock: FrozenClock
) -> None:
    opened = await sessions.sign_in(db, email="  ASA@Example.com ", password=PASSWORD)
    assert opened.member == owner
    assert opened.expires_at == clock.now() + timedelta(days=7)
    assert await sessions.member_of(db, opened.token) == owner
    frozen_clock.advance(7 * DAY_S - 1)
    assert await lives(db, opened.token)
    frozen_clock.advance(1)
    assert not await lives(db, opened.token)


async def test_s31_only_a_hash_of_the_token_is_saved(db: Database, owner: User) -> None:
    opened = await signed_in(db)
    row = await db.one("SELECT token_hash FROM sessions")
    assert row is not None
    assert bytes(row["token_hash"]) == hashlib.sha256(opened.token.encode()).digest()
    assert opened.token not in repr(opened)
    link = await sessions.new_link(db, owner)
    row = await db.one("SELECT token_hash FROM sign_in_links")
    assert row is not None
    assert bytes(row["token_hash"]) == hashlib.sha256(link.encode()).digest()


@pytest.mark.parametrize(
    ("email", "password"),
    [
        ("asa@example.com", OTHER),
        ("asa@example.com", ""),
        ("nobody@example.com", PASSWORD),
        ("", PASSWORD),
        ("asa@example.com\x00", PASSWORD),
        ("a" * 10_000, "b" * 10_000),
    ],
)
async def test_nobody_else_signs_in_and_is_told_no_more(db: Database, owner: User, email: str, password: str) -> None:
    with pytest.raises(Unauthorized, match=r"^Unauthorized$"):
        await sessions.sign_in(db, email=email, password=password)
    assert await db.all("SELECT token_hash FROM sessions") == []


async def test_who_has_no_password_signs_in_with_none(db: Database, frozen_clock: FrozenClock) -> None:
    saved, _ = await rows.saved_owner(db, email="bo@example.com")
    assert not await sessions.has_password(db, saved)
    for password in ("", "None", PASSWORD):
        with pytest.raises(Unauthorized):
            await sessions.sign_in(db, email="bo@example.com", password=password)


@pytest.mark.parametrize("token", ["", "x", "\x00", "\udc80", "A" * 43, "x" * 100_000])
async def test_what_is_no_token_is_nobody(db: Database, owner: User, token: str) -> None:
    assert not await lives(db, token)
    await sessions.sign_out(db, token)
    with pytest.raises(Gone):
        await sessions.offered_to(db, token)
    with pytest.raises(Gone):
        await sessions.sign_in_by_link(db, token)


async def test_signing_out_ends_this_session_and_no_other(db: Database, owner: User) -> None:
    one, other = await signed_in(db), await signed_in(db)
    await sessions.sign_out(db, one.token)
    await sessions.sign_out(db, one.token)
    assert not await lives(db, one.token)
    assert await lives(db, other.token)


async def test_a_link_signs_in_once_within_a_quarter_of_an_hour(
    db: Database, owner: User, frozen_clock: FrozenClock
) -> None:
    token = await sessions.new_link(db, owner)
    for _ in range(3):
        assert await sessions.offered_to(db, token) == owner
    assert await lives(db, (await sessions.sign_in_by_link(db, token)).token)
    with pytest.raises(Gone):
        await sessions.sign_in_by_link(db, token)
    late = await sessions.new_link(db, owner)
    frozen_clock.advance(15 * 60)
    for use in (sessions.offered_to, sessions.sign_in_by_link):
        with pytest.raises(Gone):
            await use(db, late)


async def test_a_link_used_by_many_at_once_signs_one_in(db: Database, owner: User) -> None:
    token = await sessions.new_link(db, owner)
    done = await asyncio.gather(*(sessions.sign_in_by_link(db, token) for _ in range(6)), return_exceptions=True)
    assert sorted(type(one).__name__ for one in done) == ["Gone"] * 5 + ["Opened"]
    assert len(await db.all("SELECT token_hash FROM sessions")) == 1


async def test_a_changed_password_ends_every_other_session_and_every_link(db: Database, owner: User) -> None:
    here, elsewhere, link = await signed_in(db), await signed_in(db), await sessions.new_link(db, owner)
    await sessions.change_password(db, owner, current=PASSWORD, new=OTHER, token=here.token)
    assert await lives(db, here.token)
    assert not await lives(db, elsewhere.token)
    with pytest.raises(Gone):
        await sessions.sign_in_by_link(db, link)
    with pytest.raises(Unauthorized):
        await signed_in(db, PASSWORD)
    assert await lives(db, (await signed_in(db, OTHER)).token)


@pytest.mark.parametrize(("current", "new", "field"), [(OTHER, OTHER, "current"), (PASSWORD, "short", "password")])
async def test_a_change_that_may_not_be_changes_nothing(
    db: Database, owner: User, current: str, new: str, field: str
) -> None:
    here, elsewhere = await signed_in(db), await signed_in(db)
    with pytest.raises(BadRequest) as refused:
        await sessions.change_password(db, owner, current=current, new=new, token=here.token)
    assert list(refused.value.fields) == [field]
    assert await lives(db, elsewhere.token)
    assert await lives(db, (await signed_in(db)).token)


async def test_who_has_no_password_sets_the_first_without_one(db: Database, frozen_clock: FrozenClock) -> None:
    saved, _ = await rows.saved_owner(db, email="asa@example.com")
    opened = await sessions.sign_in_by_link(db, await sessions.new_link(db, saved))
    await sessions.change_password(db, saved, current="", new=PASSWORD, token=opened.token)
    assert await sessions.has_password(db, saved)
    assert (await signed_in(db)).member == saved


async def test_a_password_set_from_outside_ends_all_sessions(db: Database, owner: User) -> None:
    here = await signed_in(db)
    await sessions.set_password(db, owner, OTHER)
    assert not await lives(db, here.token)


async def test_a_sign_in_with_the_old_password_does_not_outlive_its_change(db: Database, owner: User) -> None:
    async def change() -> None:
        await sessions.set_password(db, owner, OTHER)

    tries: list[Opened | BaseException] = []
    for _ in range(3):
        done = await asyncio.gather(*(signed_in(db) for _ in range(4)), change(), return_exceptions=True)
        tries += [one for one in done if isinstance(one, Opened)]
        assert all(one is None or isinstance(one, Opened | MoorlineError) for one in done)
        for one in tries:
            assert isinstance(one, Opened)
            assert not await lives(db, one.token)
        await sessions.set_password(db, owner, PASSWORD)


async def test_a_sign_in_by_an_old_link_does_not_outlive_the_change_of_the_password(db: Database, owner: User) -> None:
    link = await sessions.new_link(db, owner)
    is_held, done = asyncio.Event(), asyncio.Event()

    async def hold(tx: Statements) -> None:
        await tx.run("LOCK TABLE audit IN SHARE MODE")  # stops each at its last statement, before it commits
        is_held.set()
        await done.wait()

    async with asyncio.TaskGroup() as tasks:
        if db.engine == "postgresql":  # SQLite has one writer: there one comes wholly after the other
            tasks.create_task(db.transaction(hold))
            await is_held.wait()
        signing_in = tasks.create_task(sessions.sign_in_by_link(db, link))
        await waiting(db, 1)
        tasks.create_task(sessions.set_password(db, owner, OTHER))
        await waiting(db, 2)
        done.set()
    assert not await lives(db, signing_in.result().token)


async def waiting(db: Database, count: int) -> None:
    """Until so many transactions wait for others to end; on SQLite, a turn of the loop."""
    sql = "SELECT count(*) AS n FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    await asyncio.sleep(0)
    async with asyncio.timeout(30):
        while db.engine == "postgresql":
            row = await db.one(sql)
            if row is not None and row["n"] >= count:
                return
            await asyncio.sleep(0.02)


async def test_a_hash_with_old_parameters_is_made_anew_by_signing_in(db: Database, owner: User) -> None:
    weak = argon2.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)
    await users.set_password_hash(db, owner.id, weak)
    await signed_in(db)
    found = await users.with_password(db, owner.email)
    assert found is not None
    assert "$m=19456," in (found.password_hash or "")
    await signed_in(db)


async def test_s40_a_member_may_do_what_their_user_may_and_no_more(db: Database, owner: User) -> None:
    member = rows.user(root_id=owner.id, role="member", profile_ids=("p1",), email="bo@example.com")
    await users.insert(db, member)
    await sessions.set_password(db, member, PASSWORD)
    caller = sessions.caller_of((await sessions.sign_in(db, email="bo@example.com", password=PASSWORD)).member)
    assert (caller.user_id, caller.member_id, caller.key_id, caller.link_id) == (owner.id, member.id, None, None)
    assert (caller.may_see("p1"), caller.may_see("p2"), caller.reveal_tokens) == (True, False, False)
    assert sessions.caller_of(owner).profile_ids is None
    assert sessions.caller_of(replace(member, profile_ids=())).profile_ids == frozenset()


async def test_a_session_of_a_member_who_was_removed_is_nobodys(db: Database, owner: User) -> None:
    opened = await signed_in(db)
    await db.run("DELETE FROM profiles WHERE user_id = $1", owner.id)
    await db.run("DELETE FROM users WHERE id = $1", owner.id)
    assert not await lives(db, opened.token)


async def test_it_is_known_whether_anybody_could_sign_in(db: Database, frozen_clock: FrozenClock) -> None:
    assert not await sessions.anybody_can_sign_in(db)
    saved, _ = await rows.saved_owner(db)
    assert not await sessions.anybody_can_sign_in(db)
    await sessions.new_link(db, saved)
    assert await sessions.anybody_can_sign_in(db)
    frozen_clock.advance(15 * 60)
    assert not await sessions.anybody_can_sign_in(db)
    await sessions.set_password(db, saved, PASSWORD)
    assert await sessions.anybody_can_sign_in(db)


async def test_what_is_over_is_swept_away(db: Database, owner: User, frozen_clock: FrozenClock) -> None:
    await signed_in(db)
    await sessions.new_link(db, owner)
    assert await sessions.purge(db, now=clock.now(), limit=9) == 0
    frozen_clock.advance(15 * 60)
    assert await sessions.purge(db, now=clock.now(), limit=9) == 1
    frozen_clock.advance(7 * DAY_S)
    assert await sessions.purge(db, now=clock.now(), limit=9) == 1
