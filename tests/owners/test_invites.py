"""Invitations on both engines: made by owners, used once, and either everything of a joining is saved or nothing."""

import asyncio
import hashlib
from dataclasses import replace

import pytest
import pytest_asyncio

from moorline import ids
from moorline.errors import BadRequest, Conflict, Forbidden, Gone
from moorline.owners import api_keys, invites, profiles, users
from moorline.owners.caller import Caller
from moorline.store import users as stored_users
from moorline.store.db import Database
from moorline.store.profiles import Profile
from moorline.store.users import User
from tests.conftest import FrozenClock
from tests.owners.test_profiles import caller_of
from tests.store import rows

DAY_S = 24 * 3600
ASA = {"name": "Åsa", "email": "asa@example.com"}
Owned = tuple[User, Profile]


@pytest_asyncio.fixture
async def owned(db: Database, frozen_clock: FrozenClock) -> Owned:
    return await rows.saved_owner(db, name="Northwind")


async def people_and_keys(db: Database) -> tuple[int, int]:
    """How many users there are, and API keys."""
    return len(await db.all("SELECT id FROM users")), len(await db.all("SELECT id FROM api_keys"))


async def test_an_invitation_says_whose_it_is_and_to_what(db: Database, owned: Owned) -> None:
    owner, first = owned
    second = await rows.saved_profile(db, owner, created_at=rows.after(1))
    await rows.saved_profile(db, owner, created_at=rows.after(2))
    invite, token = await invites.create(db, caller_of(owner), [second.id, first.id, second.id])
    assert invite.profile_ids == (second.id, first.id)
    offered = await invites.read(db, token)
    assert (offered.workspace, offered.profiles) == ("Northwind", (first, second))
    _, for_all = await invites.create(db, caller_of(owner), None)
    assert (await invites.read(db, for_all)).profiles is None


async def test_s31_only_a_hash_of_the_token_is_saved(db: Database, owned: Owned) -> None:
    invite, token = await invites.create(db, caller_of(owned[0]), None)
    assert len(token) == len("inv_") + 64
    row = await db.one("SELECT * FROM invites")
    assert row is not None
    assert bytes(row["token_hash"]) == hashlib.sha256(token.encode()).digest()
    assert token not in repr(invite)


async def test_who_joins_becomes_a_member_with_a_key_that_reaches_as_far(
    db: Database, owned: Owned, frozen_clock: FrozenClock
) -> None:
    owner, first = owned
    hidden = await rows.saved_profile(db, owner)
    _, token = await invites.create(db, caller_of(owner), [first.id])
    frozen_clock.advance(1)
    joined = await invites.accept(db, token, name=" Åsa ", email=" ASA@Example.com ")
    member = joined.member
    assert (member.root_id, member.name, member.email, member.role) == (owner.id, "Åsa", "asa@example.com", "member")
    assert member.profile_ids == (first.id,)
    caller = await api_keys.authenticate(db, joined.key)
    assert (caller.user_id, caller.member_id, caller.may_write) == (owner.id, member.id, True)
    assert not caller.reveal_tokens
    assert (caller.may_see(first.id), caller.may_see(hidden.id)) == (True, False)
    (key,) = await api_keys.list_keys(db, member.id)
    assert key.name == "first"
    assert joined.key not in repr(joined)
    assert await users.list_users(db, caller_of(owner)) == [owner, member]


async def test_who_is_invited_to_everything_sees_profiles_made_later(db: Database, owned: Owned) -> None:
    owner, _ = owned
    _, token = await invites.create(db, caller_of(owner), None)
    joined = await invites.accept(db, token, **ASA)
    later = await rows.saved_profile(db, owner)
    assert joined.member.profile_ids is None
    assert (await api_keys.authenticate(db, joined.key)).may_see(later.id)


async def test_an_invitation_used_by_many_at_once_makes_one_member(db: Database, owned: Owned) -> None:
    _, token = await invites.create(db, caller_of(owned[0]), None)
    outcomes = await asyncio.gather(
        *(invites.accept(db, token, name="n", email=f"{number}@example.com") for number in range(8)),
        return_exceptions=True,
    )
    assert sum(isinstance(outcome, Gone) for outcome in outcomes) == 7
    assert await people_and_keys(db) == (2, 1)


async def test_an_invitation_lasts_seven_days_and_not_a_moment_more(
    db: Database, owned: Owned, frozen_clock: FrozenClock
) -> None:
    _, token = await invites.create(db, caller_of(owned[0]), None)
    frozen_clock.advance(7 * DAY_S - 1)
    await invites.read(db, token)
    frozen_clock.advance(1)
    for use in (invites.read(db, token), invites.accept(db, token, **ASA)):
        with pytest.raises(Gone):
            await use
    assert await people_and_keys(db) == (1, 0)


async def test_used_unknown_and_garbage_tokens_are_told_apart_by_nothing(db: Database, owned: Owned) -> None:
    _, used = await invites.create(db, caller_of(owned[0]), None)
    await invites.accept(db, used, **ASA)
    told = set()
    for token in (used, f"inv_{'0' * 64}", "", "\x00", "\ud800", "x" * 10_000):
        with pytest.raises(Gone) as raised:
            await invites.read(db, token)
        told.add((str(raised.value), raised.value.code))
        with pytest.raises(Gone):
            await invites.accept(db, token, name="Bo", email="bo@example.com")
    assert len(told) == 1


async def test_a_taken_address_leaves_the_invitation_open_and_no_half_member(db: Database, owned: Owned) -> None:
    owner, _ = owned
    _, token = await invites.create(db, caller_of(owner), None)
    with pytest.raises(Conflict, match="e-mail address"):
        await invites.accept(db, token, name="Åsa", email=owner.email.upper())
    assert await people_and_keys(db) == (1, 0)
    assert (await invites.accept(db, token, **ASA)).member.email == "asa@example.com"


@pytest.mark.parametrize(
    ("name", "email", "field"),
    [
        ("", "asa@example.com", "name"),
        ("  ", "asa@example.com", "name"),
        ("x" * 101, "asa@example.com", "name"),
        ("a\x00b", "asa@example.com", "name"),
        ("a\u202eb", "asa@example.com", "name"),
        ("Åsa", "", "email"),
        ("Åsa", "asa", "email"),
        ("Åsa", "a b@example.com", "email"),
        ("Åsa", "a@b@example.com", "email"),
        ("Åsa", "a\u200bb@example.com", "email"),
        ("Åsa", "a" * 65 + "@example.com", "email"),
        ("Åsa", "a@" + "b" * 191, "email"),
    ],
)
async def test_a_name_or_address_that_is_none_is_named_and_uses_nothing_up(
    db: Database, owned: Owned, name: str, email: str, field: str
) -> None:
    _, token = await invites.create(db, caller_of(owned[0]), None)
    with pytest.raises(BadRequest) as raised:
        await invites.accept(db, token, name=name, email=email)
    assert set(raised.value.fields) == {field}
    await invites.read(db, token)


async def test_a_profile_deleted_meanwhile_is_left_out_and_with_the_last_goes_the_invitation(
    db: Database, owned: Owned
) -> None:
    owner, _ = owned
    second, third = await rows.saved_profile(db, owner), await rows.saved_profile(db, owner)
    _, token = await invites.create(db, caller_of(owner), [second.id, third.id])
    _, lost = await invites.create(db, caller_of(owner), [second.id])
    await profiles.delete(db, caller_of(owner), second.id)
    assert (await invites.read(db, token)).profiles == (third,)
    assert (await invites.accept(db, token, **ASA)).member.profile_ids == (third.id,)
    with pytest.raises(Gone):
        await invites.read(db, lost)
    with pytest.raises(Gone):
        await invites.accept(db, lost, name="Bo", email="bo@example.com")
    assert await people_and_keys(db) == (2, 1)


def limited(caller: Caller, profile: Profile) -> dict[str, Caller]:
    """Callers of the tenant that may do less than its owner."""
    return {
        "a key for some profiles": replace(caller, profile_ids=frozenset({profile.id})),
        "a key that may only read": replace(caller, may_write=False),
        "a member": replace(caller, member_id=ids.new_id()),
    }


async def test_s43_nobody_but_the_owner_with_a_key_for_everything_invites(db: Database, owned: Owned) -> None:
    owner, first = owned
    for who, caller in limited(caller_of(owner), first).items():
        for profile_ids in (None, [first.id]):
            with pytest.raises(Forbidden, match="owner"):
                await invites.create(db, caller, profile_ids)
        assert await db.all("SELECT * FROM invites") == [], who


async def test_s40_a_foreign_profile_is_refused_like_one_that_does_not_exist(db: Database, owned: Owned) -> None:
    owner, first = owned
    _, foreign = await rows.saved_owner(db)
    told = set()
    for profile_id in (foreign.id, ids.new_id()):
        with pytest.raises(Forbidden) as raised:
            await invites.create(db, caller_of(owner), [first.id, profile_id])
        told.add(str(raised.value))
    assert len(told) == 1
    assert await db.all("SELECT * FROM invites") == []


@pytest.mark.parametrize("profile_ids", [[], ["x"], ["\x00"]])
async def test_no_profile_and_malformed_ids_are_bad_requests(
    db: Database, owned: Owned, profile_ids: list[str]
) -> None:
    with pytest.raises(BadRequest):
        await invites.create(db, caller_of(owned[0]), profile_ids)


async def test_an_invitation_is_purged_thirty_days_after_its_end_used_or_not(
    db: Database, owned: Owned, frozen_clock: FrozenClock
) -> None:
    tokens = [(await invites.create(db, caller_of(owned[0]), None))[1] for _ in range(3)]
    await invites.accept(db, tokens[0], **ASA)
    frozen_clock.advance(37 * DAY_S)
    assert await invites.purge(db, now=frozen_clock.now(), limit=10) == 0
    frozen_clock.advance(1)
    assert await invites.purge(db, now=frozen_clock.now(), limit=2) == 2
    assert await invites.purge(db, now=frozen_clock.now(), limit=2) == 1
    assert len(await stored_users.all_of_tenant(db, owned[0].id)) == 2
