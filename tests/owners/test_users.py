"""Users on both engines: tenants begin with one, and none sees the other's."""

import asyncio

import pytest

from moorline import ids
from moorline.errors import BadRequest, Conflict, NotFound
from moorline.owners import users
from moorline.store import profiles
from moorline.store import users as stored_users
from moorline.store.db import Database
from tests.conftest import FrozenClock
from tests.owners.test_profiles import caller_of
from tests.store import rows


async def test_an_owner_begins_with_a_tenant_of_its_own_and_a_default_profile(
    db: Database, frozen_clock: FrozenClock
) -> None:
    owner, profile = await users.create_owner(db, name=" Åsa ", email=" Asa@Example.COM ", profile_name="Harbour")
    assert (owner.root_id, owner.name, owner.email, owner.role) == (owner.id, "Åsa", "asa@example.com", "owner")
    assert owner.profile_ids is None
    assert (profile.user_id, profile.name, profile.is_default) == (owner.id, "Harbour", True)
    assert await users.get(db, caller_of(owner), owner.id) == owner
    assert await profiles.all_of(db, owner.id) == [profile]


async def test_an_owner_without_a_name_is_called_by_the_address(db: Database) -> None:
    owner, _ = await users.create_owner(db, name="  ", email=" Asa@example.com", profile_name="Harbour")
    assert owner.name == "asa@example.com"


async def test_a_user_is_found_by_address_whatever_its_case(db: Database, frozen_clock: FrozenClock) -> None:
    owner, _ = await users.create_owner(db, name="Åsa", email="asa@example.com", profile_name="Harbour")
    assert await users.find_by_email(db, "  ASA@example.COM\n") == owner
    assert await users.find_by_email(db, "bo@example.com") is None


async def test_an_address_is_taken_once_also_by_two_at_once_and_leaves_no_half_tenant(db: Database) -> None:
    outcomes = await asyncio.gather(
        *(users.create_owner(db, name="", email=email, profile_name="p") for email in ("a@b.example", "A@b.example")),
        return_exceptions=True,
    )
    assert sum(isinstance(outcome, Conflict) for outcome in outcomes) == 1
    assert len(await db.all("SELECT id FROM users")) == 1
    assert len(await db.all("SELECT id FROM profiles")) == 1


@pytest.mark.parametrize(
    "email",
    ["", "asa", "asa@", "@example.com", "a b@example.com", "a@b@example.com", "a\x00@example.com", "a" * 65 + "@b.c"],
)
async def test_what_is_no_address_is_refused(db: Database, email: str) -> None:
    with pytest.raises(BadRequest) as raised:
        await users.create_owner(db, name="Åsa", email=email, profile_name="Harbour")
    assert set(raised.value.fields) == {"email"}
    assert await db.all("SELECT id FROM users") == []


@pytest.mark.parametrize("profile_name", ["", "x" * 101, "a\x00b"])
async def test_an_owner_whose_profile_cannot_be_made_is_not_made(db: Database, profile_name: str) -> None:
    with pytest.raises(BadRequest):
        await users.create_owner(db, name="Åsa", email="asa@example.com", profile_name=profile_name)
    assert await db.all("SELECT id FROM users") == []


async def test_a_name_with_a_nul_is_refused(db: Database) -> None:
    with pytest.raises(BadRequest) as raised:
        await users.create_owner(db, name="a\x00b", email="asa@example.com", profile_name="Harbour")
    assert set(raised.value.fields) == {"name"}


async def test_the_users_of_a_tenant_are_listed_oldest_first(db: Database) -> None:
    owner, _ = await rows.saved_owner(db)
    members = [rows.user(root_id=owner.id, role="member", created_at=rows.after(age_s)) for age_s in (2, 1)]
    for member in members:
        await stored_users.insert(db, member)
    await rows.saved_owner(db)
    assert await users.list_users(db, caller_of(owner)) == [owner, members[1], members[0]]


async def test_s40_a_user_of_another_tenant_is_answered_like_one_that_does_not_exist(db: Database) -> None:
    (owner, _), (stranger, _) = await rows.saved_owner(db), await rows.saved_owner(db)
    for user_id in (stranger.id, ids.new_id()):
        with pytest.raises(NotFound, match=r"^User not found$"):
            await users.get(db, caller_of(owner), user_id)


@pytest.mark.parametrize("user_id", ["", "x", "507F1F77BCF86CD799439011", "\x00" * 24])
async def test_a_malformed_user_id_is_told_to_be_malformed(db: Database, user_id: str) -> None:
    owner, _ = await rows.saved_owner(db)
    with pytest.raises(BadRequest, match="userId is not an id"):
        await users.get(db, caller_of(owner), user_id)
