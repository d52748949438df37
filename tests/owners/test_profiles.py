"""Profiles on both engines: whose they are, which is the default, and what may be in them."""

import asyncio
from dataclasses import replace

import pytest
import pytest_asyncio

from moorline import ids
from moorline.errors import BadRequest, Forbidden, NotFound
from moorline.owners import profiles
from moorline.owners.caller import Caller
from moorline.owners.profiles import ProfileChange
from moorline.store.db import Database
from moorline.store.profiles import Profile
from moorline.store.users import User
from tests.conftest import FrozenClock
from tests.store import rows


@pytest_asyncio.fixture
async def owned(db: Database, frozen_clock: FrozenClock) -> tuple[User, Profile]:
    saved = await rows.saved_owner(db)
    frozen_clock.advance(1)
    return saved


def caller_of(owner: User, *profile_ids: str) -> Caller:
    return Caller(
        user_id=owner.id,
        member_id=owner.id,
        key_id=ids.new_id(),
        profile_ids=frozenset(profile_ids) if profile_ids else None,
        may_write=True,
        reveal_tokens=False,
        redirect_allowlist=None,
    )


async def defaults(db: Database, owner: User) -> list[str]:
    return [profile.id for profile in await profiles.list_profiles(db, caller_of(owner)) if profile.is_default]


async def test_a_profile_is_made_with_a_slug_and_without_becoming_the_default(
    db: Database, owned: tuple[User, Profile]
) -> None:
    owner, first = owned
    made = await profiles.create(db, owner.id, ProfileChange(name="  Böte & Co. ", description="d", color="#abc"))
    assert (made.name, made.slug, made.description, made.color) == ("Böte & Co.", "bote-co", "d", "#abc")
    assert not made.is_default
    assert await profiles.list_profiles(db, caller_of(owner)) == [first, made]


async def test_profiles_made_at_once_for_a_tenant_without_any_have_one_default(
    db: Database, owned: tuple[User, Profile]
) -> None:
    owner, first = owned
    await profiles.delete(db, caller_of(owner), first.id)
    await asyncio.gather(*(profiles.create(db, owner.id, ProfileChange(name=str(place))) for place in range(6)))
    assert len(await defaults(db, owner)) == 1


async def test_s40_a_foreign_profile_is_answered_like_one_that_does_not_exist(
    db: Database, owned: tuple[User, Profile]
) -> None:
    owner, _ = owned
    _, foreign = await rows.saved_owner(db)
    caller = caller_of(owner)
    for profile_id in (foreign.id, ids.new_id()):
        for call in (
            profiles.visible(db, caller, profile_id),
            profiles.update(db, caller, profile_id, ProfileChange(name="x")),
            profiles.delete(db, caller, profile_id),
        ):
            with pytest.raises(NotFound, match=r"^Profile not found$"):
                await call
    assert foreign in await profiles.list_profiles(db, caller_of(rows.user(id=foreign.user_id)))


async def test_s43_a_profile_outside_the_keys_list_is_forbidden_and_not_listed(
    db: Database, owned: tuple[User, Profile]
) -> None:
    owner, first = owned
    second = await profiles.create(db, owner.id, ProfileChange(name="second"))
    caller = caller_of(owner, second.id)
    assert await profiles.visible(db, caller, second.id) == second
    assert await profiles.list_profiles(db, caller) == [second]
    for call in (
        profiles.visible(db, caller, first.id),
        profiles.update(db, caller, first.id, ProfileChange(name="x")),
        profiles.delete(db, caller, first.id),
    ):
        with pytest.raises(Forbidden):
            await call
    assert await profiles.visible(db, caller_of(owner), first.id) == first


@pytest.mark.parametrize("profile_id", ["", "x", "507F1F77BCF86CD799439011", "x" * 1000, "\x00" * 24, "../users"])
async def test_a_malformed_id_is_told_to_be_malformed_and_cut(
    db: Database, owned: tuple[User, Profile], profile_id: str
) -> None:
    with pytest.raises(BadRequest, match="is not an id: 24 hex characters") as raised:
        await profiles.visible(db, caller_of(owned[0]), profile_id)
    assert len(str(raised.value)) < 150


async def test_only_what_is_given_is_changed(db: Database, owned: tuple[User, Profile]) -> None:
    owner, first = owned
    caller = caller_of(owner)
    assert await profiles.update(db, caller, first.id, ProfileChange()) == first
    renamed = await profiles.update(db, caller, first.id, ProfileChange(name="Quay"))
    assert renamed == replace(first, name="Quay", slug="quay")
    plain = await profiles.update(db, caller, first.id, ProfileChange(description="", color="#12345678"))
    assert plain == replace(renamed, description="", color="#12345678")
    assert await profiles.visible(db, caller, first.id) == plain


async def test_making_one_the_default_takes_it_from_the_other(db: Database, owned: tuple[User, Profile]) -> None:
    owner, first = owned
    second = await profiles.create(db, owner.id, ProfileChange(name="second"))
    changed = await profiles.update(db, caller_of(owner), second.id, ProfileChange(is_default=True))
    assert changed.is_default
    assert await defaults(db, owner) == [second.id]
    assert not (await profiles.visible(db, caller_of(owner), first.id)).is_default


async def test_the_default_cannot_be_unmade_but_others_may_be_told_so(
    db: Database, owned: tuple[User, Profile]
) -> None:
    owner, first = owned
    second = await profiles.create(db, owner.id, ProfileChange(name="second"))
    with pytest.raises(BadRequest) as raised:
        await profiles.update(db, caller_of(owner), first.id, ProfileChange(is_default=False, name="lost"))
    assert set(raised.value.fields) == {"isDefault"}
    assert await profiles.update(db, caller_of(owner), second.id, ProfileChange(is_default=False)) == second
    assert await defaults(db, owner) == [first.id]
    assert (await profiles.visible(db, caller_of(owner), first.id)).name == first.name


async def test_two_defaults_made_at_once_leave_one(db: Database, owned: tuple[User, Profile]) -> None:
    owner, _ = owned
    others = [await profiles.create(db, owner.id, ProfileChange(name=str(place))) for place in range(6)]
    change = ProfileChange(is_default=True)
    await asyncio.gather(*(profiles.update(db, caller_of(owner), other.id, change) for other in others))
    assert len(await defaults(db, owner)) == 1


async def test_when_the_default_is_deleted_the_oldest_takes_its_place(
    db: Database, owned: tuple[User, Profile], frozen_clock: FrozenClock
) -> None:
    owner, first = owned
    second = await profiles.create(db, owner.id, ProfileChange(name="second"))
    frozen_clock.advance(1)
    third = await profiles.create(db, owner.id, ProfileChange(name="third"))
    await profiles.delete(db, caller_of(owner), first.id)
    assert await defaults(db, owner) == [second.id]
    await profiles.delete(db, caller_of(owner), third.id)
    assert await defaults(db, owner) == [second.id]
    await profiles.delete(db, caller_of(owner), second.id)
    assert await profiles.list_profiles(db, caller_of(owner)) == []


async def test_profiles_deleted_at_once_leave_one_default(db: Database, owned: tuple[User, Profile]) -> None:
    owner, first = owned
    others = [await profiles.create(db, owner.id, ProfileChange(name=str(place))) for place in range(6)]
    await asyncio.gather(*(profiles.delete(db, caller_of(owner), gone.id) for gone in (first, *others[:4])))
    assert len(await profiles.list_profiles(db, caller_of(owner))) == 2
    assert len(await defaults(db, owner)) == 1


async def test_a_profile_with_accounts_is_not_deleted_and_says_why(db: Database, owned: tuple[User, Profile]) -> None:
    owner, first = owned
    await profiles.create(db, owner.id, ProfileChange(name="second"))
    await rows.saved_account(db, first)
    with pytest.raises(BadRequest, match="connected accounts; disconnect them first") as raised:
        await profiles.delete(db, caller_of(owner), first.id)
    assert raised.value.code == "profile_has_accounts"
    assert await defaults(db, owner) == [first.id]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        (ProfileChange(), "name"),
        (ProfileChange(name=""), "name"),
        (ProfileChange(name=" \t"), "name"),
        (ProfileChange(name="x" * 101), "name"),
        (ProfileChange(name="a\x00b"), "name"),
        (ProfileChange(name="x", description="x" * 1001), "description"),
        (ProfileChange(name="x", description="\x00"), "description"),
        (ProfileChange(name="x", color="red"), "color"),
        (ProfileChange(name="x", color="#12"), "color"),
        (ProfileChange(name="x", color="#ffff"), "color"),
        (ProfileChange(name="x", color="#fff;background:url(x)"), "color"),
        (ProfileChange(name="x", color="#fff\n"), "color"),
    ],
)
async def test_a_field_out_of_bounds_is_named_and_nothing_is_saved(
    db: Database, owned: tuple[User, Profile], change: ProfileChange, field: str
) -> None:
    owner, first = owned
    with pytest.raises(BadRequest) as raised:
        await profiles.create(db, owner.id, change)
    assert set(raised.value.fields) == {field}
    if change != ProfileChange():
        with pytest.raises(BadRequest):
            await profiles.update(db, caller_of(owner), first.id, change)
    assert await profiles.list_profiles(db, caller_of(owner)) == [first]


@pytest.mark.parametrize(
    "name", ["x" * 100, "<img src=x onerror=alert(1)>", "\u202eevil", "'; DROP TABLE profiles; --", "船"]
)
async def test_any_other_name_is_kept_as_it_is(db: Database, owned: tuple[User, Profile], name: str) -> None:
    made = await profiles.create(db, owned[0].id, ProfileChange(name=name))
    assert (await profiles.visible(db, caller_of(owned[0]), made.id)).name == name


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("Harbour", "harbour"),
        ("  Ships & more!  ", "ships-more"),
        ("Überfahrt Ærø", "uberfahrt-r"),
        ("船", "profile"),
        ("---", "profile"),
        ("ﬁsh №5", "fish-no5"),
        ("a/../b", "a-b"),
    ],
)
def test_a_slug_is_made_of_plain_letters_digits_and_hyphens(name: str, slug: str) -> None:
    assert profiles.slug_of(name) == slug
