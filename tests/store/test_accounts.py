"""Tables grants, grant_tokens, accounts and account_tokens on both engines."""

import asyncio
from dataclasses import replace

import msgspec
import pytest

from moorline import clock, ids
from moorline.store import accounts, grants, options, profiles
from moorline.store.accounts import AccountOfProfile
from moorline.store.db import Database, ReferenceViolated, UniqueViolated
from moorline.store.grants import Lease
from tests.store import rows
from tests.store.rows import NOW, after


async def test_a_grant_keeps_every_field(db: Database) -> None:
    owner, _ = await rows.saved_owner(db)
    full, bare = rows.grant(owner), rows.grant(owner, platform_user_id="person-2", granted=None, service_url=None)
    for grant in (full, bare):
        assert await grants.upsert(db, grant, NOW) == grant.id
        assert await grants.get(db, grant.id) == grant
    assert await grants.get(db, ids.new_id()) is None


async def test_the_same_person_again_keeps_the_grants_id_and_what_is_not_told_anew(db: Database) -> None:
    owner, _ = await rows.saved_owner(db)
    first = rows.grant(owner)
    await grants.upsert(db, first, NOW)
    again = rows.grant(owner, username="renamed", granted=None, service_url=None)
    assert await grants.upsert(db, again, after(1)) == first.id
    assert await grants.get(db, first.id) == replace(first, username="renamed")
    told = rows.grant(owner, granted=("read",), service_url="https://other.example.com")
    assert await grants.upsert(db, told, after(2)) == first.id
    assert await grants.get(db, first.id) == replace(told, id=first.id)


async def test_the_same_person_saved_many_times_at_once_has_one_grant(db: Database) -> None:
    owner, _ = await rows.saved_owner(db)
    answered = await asyncio.gather(*(grants.upsert(db, rows.grant(owner), NOW) for _ in range(20)))
    assert len(set(answered)) == 1


@pytest.mark.parametrize("field", ["platform", "app_id", "platform_user_id"])
async def test_another_platform_app_or_person_is_another_grant(db: Database, field: str) -> None:
    owner, _ = await rows.saved_owner(db)
    first, other = rows.grant(owner), rows.grant(owner, **{field: "other"})
    assert await grants.upsert(db, first, NOW) != await grants.upsert(db, other, NOW)


async def test_a_person_is_known_elsewhere_when_another_tenant_has_a_grant_for_the_same_app(db: Database) -> None:
    (owner, _), (stranger, _) = await rows.saved_owner(db), await rows.saved_owner(db)
    mine = rows.grant(owner)
    await grants.upsert(db, mine, NOW)
    assert not await grants.is_known_elsewhere(db, mine)
    await grants.upsert(db, rows.grant(stranger, app_id="app-2"), NOW)
    assert not await grants.is_known_elsewhere(db, mine)
    await grants.upsert(db, rows.grant(stranger), NOW)
    assert await grants.is_known_elsewhere(db, mine)


async def test_tokens_are_replaced_and_their_version_counts(db: Database) -> None:
    owner, _ = await rows.saved_owner(db)
    grant_id = await grants.upsert(db, rows.grant(owner), NOW)
    assert await grants.get_tokens(db, grant_id) is None
    first = rows.tokens()
    await grants.put_tokens(db, grant_id, first, consented_at=NOW, now=NOW)
    assert await grants.get_tokens(db, grant_id) == first
    second = rows.tokens(access_sealed=b"\x01a2", refresh_sealed=b"\x01r2", refresh_expires_at=after(9))
    await grants.put_tokens(db, grant_id, second, consented_at=after(1), now=after(1))
    assert await grants.get_tokens(db, grant_id) == replace(second, version=2)


async def test_a_refresh_token_that_is_not_given_anew_is_kept_with_its_expiry(db: Database) -> None:
    owner, _ = await rows.saved_owner(db)
    grant_id = await grants.upsert(db, rows.grant(owner), NOW)
    first = rows.tokens()
    await grants.put_tokens(db, grant_id, first, consented_at=NOW, now=NOW)
    without = rows.tokens(access_sealed=b"\x01a2", refresh_sealed=None, access_expires_at=None, refresh_expires_at=None)
    await grants.put_tokens(db, grant_id, without, consented_at=after(1), now=after(1))
    assert await grants.get_tokens(db, grant_id) == replace(
        first, version=2, access_sealed=b"\x01a2", access_expires_at=None
    )


async def test_tokens_without_a_refresh_token_are_tokens(db: Database) -> None:
    owner, _ = await rows.saved_owner(db)
    grant_id = await grants.upsert(db, rows.grant(owner), NOW)
    bare = rows.tokens(refresh_sealed=None, refresh_expires_at=None)
    await grants.put_tokens(db, grant_id, bare, consented_at=NOW, now=NOW)
    assert await grants.get_tokens(db, grant_id) == bare


async def test_a_grant_goes_with_its_tokens_once_no_account_hangs_on_it(db: Database) -> None:
    owner, first = await rows.saved_owner(db)
    grant_id = await grants.upsert(db, rows.grant(owner), NOW)
    await grants.put_tokens(db, grant_id, rows.tokens(), consented_at=NOW, now=NOW)
    account = await rows.saved_account(db, first, grant_id=grant_id)
    assert not await grants.delete_unused(db, grant_id)
    assert await accounts.delete(db, owner.id, account.id) == account
    assert await grants.delete_unused(db, grant_id)
    assert await grants.get(db, grant_id) is None
    assert await grants.get_tokens(db, grant_id) is None
    assert not await grants.delete_unused(db, grant_id)


async def test_an_account_keeps_every_field_and_shows_its_profile(db: Database) -> None:
    owner, first = await rows.saved_owner(db)
    grant_id = await grants.upsert(db, rows.grant(owner), NOW)
    account = rows.account(first, grant_id=grant_id)
    assert await accounts.upsert(db, account, NOW) == account
    assert await accounts.get(db, owner.id, account.id) == AccountOfProfile(
        account=account, profile_name=first.name, profile_slug=first.slug
    )
    assert await accounts.grant_id_of(db, first.id, "pinterest", "board-1") == grant_id
    assert await accounts.grant_id_of(db, first.id, "pinterest", "board-2") is None


async def test_the_same_identity_again_keeps_the_accounts_id_and_creation(db: Database) -> None:
    _, first = await rows.saved_owner(db)
    account = await rows.saved_account(db, first)
    again = rows.account(
        first, username="renamed", details={"n": 1}, picture_url=None, is_active=False, created_at=after(9)
    )
    saved = await accounts.upsert(db, again, after(9))
    assert saved == msgspec.structs.replace(again, id=account.id, created_at=account.created_at)
    assert await accounts.count(db, first.user_id) == 1


async def test_the_same_identity_saved_many_times_at_once_is_one_account(db: Database) -> None:
    _, first = await rows.saved_owner(db)
    saved = await asyncio.gather(*(accounts.upsert(db, rows.account(first), NOW) for _ in range(20)))
    assert len({account.id for account in saved}) == 1


async def test_an_account_for_a_profile_that_is_gone_is_refused(db: Database) -> None:
    owner, first = await rows.saved_owner(db)
    await profiles.delete(db, owner.id, first.id)
    with pytest.raises(ReferenceViolated):
        await accounts.upsert(db, rows.account(first), NOW)


async def test_accounts_are_listed_oldest_first_by_tenant_by_profile_and_in_pages(db: Database) -> None:
    (owner, first), (stranger, foreign) = await rows.saved_owner(db), await rows.saved_owner(db)
    second = await rows.saved_profile(db, owner, created_at=after(1))
    await rows.saved_account(db, foreign)
    expected = []
    for place in range(5):
        account = rows.account(second if place % 2 else first, platform_account_id=str(place))
        expected.append((await accounts.upsert(db, account, after(place))).id)

    async def listed(*of: str, limit: int = 100, number: int | None = None) -> list[str]:
        after_number = None
        if number is not None:
            after_number = await accounts.place_at(db, owner.id, profile_ids=of or None, number=number)
            assert after_number is not None
        found = await accounts.all_of(db, owner.id, profile_ids=of or None, limit=limit, after=after_number)
        return [entry.account.id for entry in found]

    assert await listed() == expected
    assert await listed(second.id) == expected[1::2]
    assert await listed(second.id, first.id) == expected
    assert await listed(foreign.id) == []
    assert await listed(limit=2, number=2) == expected[2:4]
    assert await listed(first.id, limit=2, number=1) == expected[2::2]
    assert await listed(number=5) == []
    assert await accounts.place_at(db, owner.id, number=6) is None
    assert await accounts.all_of(db, owner.id, profile_ids=(), limit=9) == []
    assert (await accounts.count(db, owner.id), await accounts.count(db, stranger.id)) == (5, 1)
    for of, count in (((second.id,), 2), ((first.id, foreign.id), 3), ((foreign.id,), 0), ((), 0)):
        assert await accounts.count(db, owner.id, profile_ids=of) == count


async def test_accounts_of_the_same_instant_are_neither_lost_nor_listed_twice_between_pages(db: Database) -> None:
    owner, first = await rows.saved_owner(db)
    for number in range(5):
        await rows.saved_account(db, first, platform_account_id=str(number))
    seen: list[str] = []
    last = None
    while page := await accounts.all_of(db, owner.id, limit=2, after=last):
        last = clock.to_ms(page[-1].account.created_at), page[-1].account.id
        seen += [entry.account.id for entry in page]
    assert len(seen) == len(set(seen)) == 5


async def test_s40_an_account_of_another_tenant_is_not_found_or_deleted(db: Database) -> None:
    (_, first), (stranger, _) = await rows.saved_owner(db), await rows.saved_owner(db)
    account = await rows.saved_account(db, first)
    assert await accounts.get(db, stranger.id, account.id) is None
    assert await accounts.delete(db, stranger.id, account.id) is None
    assert await accounts.get(db, first.user_id, account.id) is not None


async def test_an_account_is_renamed(db: Database) -> None:
    _, first = await rows.saved_owner(db)
    account = await rows.saved_account(db, first)
    await accounts.set_names(db, account.id, username="new", display_name="Neu", now=after(1))
    found = await accounts.get(db, first.user_id, account.id)
    assert found is not None
    assert found.account == msgspec.structs.replace(account, username="new", display_name="Neu")


async def test_an_identity_is_switched_in_every_profile_and_only_where_it_changes(db: Database) -> None:
    (_, first), (_, foreign) = await rows.saved_owner(db), await rows.saved_owner(db)
    await rows.saved_account(db, first)
    await rows.saved_account(db, foreign)
    await rows.saved_account(db, first, platform_account_id="board-2")
    assert await accounts.set_active(db, "pinterest", "board-1", is_active=True, now=after(1)) == []
    changed = await accounts.set_active(db, "pinterest", "board-1", is_active=False, now=after(1))
    assert [account.is_active for account in changed] == [False, False]
    assert await accounts.set_active(db, "pinterest", "board-1", is_active=False, now=after(2)) == []
    listed = await accounts.all_of(db, first.user_id, limit=9)
    assert {entry.account.platform_account_id: entry.account.is_active for entry in listed} == {
        "board-1": False,
        "board-2": True,
    }


async def test_an_identity_is_held_by_another_only_when_another_tenant_has_it(db: Database) -> None:
    (owner, first), (stranger, _) = await rows.saved_owner(db), await rows.saved_owner(db)
    await rows.saved_account(db, first)
    assert not await accounts.held_by_another(db, "pinterest", "board-1", owner.id)
    assert await accounts.held_by_another(db, "pinterest", "board-1", stranger.id)
    assert not await accounts.held_by_another(db, "telegram", "board-1", stranger.id)
    assert not await accounts.held_by_another(db, "pinterest", "board-2", stranger.id)


async def test_an_identity_that_got_a_new_id_keeps_its_accounts_except_where_the_new_one_is(db: Database) -> None:
    (_, first), (_, foreign) = await rows.saved_owner(db), await rows.saved_owner(db)
    moved = await rows.saved_account(db, first)
    left = await rows.saved_account(db, foreign)
    there = await rows.saved_account(db, foreign, platform_account_id="super-1")
    assert await accounts.rename_identity(db, "pinterest", "board-1", "super-1") == 1
    assert await accounts.rename_identity(db, "telegram", "board-1", "super-1") == 0
    found = {
        row["id"]: row["platform_account_id"] for row in await db.all("SELECT id, platform_account_id FROM accounts")
    }
    assert found == {moved.id: "super-1", left.id: "board-1", there.id: "super-1"}


async def test_an_accounts_own_token_is_replaced_and_goes_with_it(db: Database) -> None:
    _, first = await rows.saved_owner(db)
    account = await rows.saved_account(db, first)
    assert await accounts.get_token(db, account.id) is None
    await accounts.put_token(db, account.id, b"\x01one", after(60), NOW)
    await accounts.put_token(db, account.id, b"\x01two", None, after(1))
    assert await accounts.get_token(db, account.id) == b"\x01two"
    await accounts.delete(db, first.user_id, account.id)
    assert await accounts.get_token(db, account.id) is None
    with pytest.raises(ReferenceViolated):
        await accounts.put_token(db, account.id, b"\x01three", None, NOW)


async def test_details_stay_when_a_new_consent_tells_none_and_are_replaced_when_it_tells_some(db: Database) -> None:
    _, first = await rows.saved_owner(db)
    saved = await rows.saved_account(db, first, details={"defaultSubreddit": "boats"})
    silent = msgspec.structs.replace(saved, details={})
    assert (await accounts.upsert(db, silent, after(1))).details == {"defaultSubreddit": "boats"}
    telling = msgspec.structs.replace(saved, details={"other": 1})
    assert (await accounts.upsert(db, telling, after(2))).details == {"other": 1}


async def test_an_account_is_switched_in_place_and_never_onto_another_of_its_profile(db: Database) -> None:
    owner, first = await rows.saved_owner(db)
    grant_id = await grants.upsert(db, rows.grant(owner), NOW)
    saved = await rows.saved_account(db, first, grant_id=grant_id)
    other = await rows.saved_account(db, first, platform_account_id="board-2", grant_id=grant_id)
    switched = msgspec.structs.replace(
        saved, platform_account_id="board-3", username="b3", display_name="Three", picture_url=None, details={"n": 3}
    )
    assert await accounts.switch(db, switched, after(1))
    found = await accounts.get(db, saved.user_id, saved.id)
    assert found is not None
    assert found.account == switched
    with pytest.raises(UniqueViolated):
        await accounts.switch(db, msgspec.structs.replace(switched, platform_account_id="board-2"), after(2))
    assert not await accounts.switch(db, msgspec.structs.replace(other, user_id=ids.new_id()), after(2))
    assert not await accounts.switch(db, msgspec.structs.replace(other, grant_id=ids.new_id()), after(2))


async def test_it_is_told_how_many_accounts_hang_on_a_grant_and_what_is_connected_where(db: Database) -> None:
    owner, first = await rows.saved_owner(db)
    second = await rows.saved_profile(db, owner)
    grant_id = await grants.upsert(db, rows.grant(owner), NOW)
    assert await accounts.count_of_grant(db, grant_id) == 0
    for profile, name in ((first, "a"), (first, "b"), (second, "a")):
        await rows.saved_account(db, profile, platform_account_id=name, grant_id=grant_id)
    await rows.saved_account(db, first, platform="reddit", platform_account_id="c")
    assert await accounts.count_of_grant(db, grant_id) == 3
    asked = ["a", *(str(number) for number in range(120)), "b"]  # more than are asked for together
    held = await accounts.profiles_of_identities(db, owner.id, "pinterest", asked)
    assert sorted(held) == sorted([("a", first.id), ("b", first.id), ("a", second.id)])
    assert await accounts.profiles_of_identities(db, owner.id, "pinterest", ["b", "c"]) == [("b", first.id)]
    assert await accounts.profiles_of_identities(db, owner.id, "pinterest", []) == []
    assert await accounts.profiles_of_identities(db, ids.new_id(), "pinterest", ["a"]) == []


async def test_what_a_profile_has_of_a_platform_is_told_with_its_details(db: Database) -> None:
    owner, first = await rows.saved_owner(db)
    second = await rows.saved_profile(db, owner)
    await rows.saved_account(db, first, platform_account_id="a", details={"defaultBoardId": "7"})
    await rows.saved_account(db, second, platform_account_id="b")
    await rows.saved_account(db, first, platform="reddit", platform_account_id="c")
    assert await accounts.things_of_profile(db, first.id, "pinterest") == [("a", {"defaultBoardId": "7"})]
    assert await accounts.things_of_profile(db, ids.new_id(), "pinterest") == []


async def test_an_accounts_own_token_can_be_wiped(db: Database) -> None:
    _, first = await rows.saved_owner(db)
    saved = await rows.saved_account(db, first)
    await accounts.put_token(db, saved.id, b"\x01own", None, NOW)
    await accounts.delete_token(db, saved.id)
    assert await accounts.get_token(db, saved.id) is None


async def test_the_options_of_an_account_are_kept_until_read_anew_and_go_with_it(db: Database) -> None:
    _, first = await rows.saved_owner(db)
    saved = await rows.saved_account(db, first)
    assert await options.get(db, saved.id, read_after=after(-600)) is None
    await options.put(db, saved.id, {"items": [1]}, NOW)
    await options.put(db, saved.id, {"items": ["Böte"]}, after(1))
    assert await options.get(db, saved.id, read_after=after(0.999)) == {"items": ["Böte"]}
    assert await options.get(db, saved.id, read_after=after(1)) is None
    await accounts.delete(db, saved.user_id, saved.id)
    await options.put(db, saved.id, {"items": []}, after(2))
    assert await db.all("SELECT account_id FROM options") == []


def lease(holder: str = "one", version: int = 1, until_s: float = 60) -> Lease:
    return Lease(holder=holder, version=version, until=after(until_s))


async def saved_tokens(db: Database) -> str:
    owner, _ = await rows.saved_owner(db)
    grant_id = await grants.upsert(db, rows.grant(owner), NOW)
    await grants.put_tokens(db, grant_id, rows.tokens(), consented_at=NOW, now=NOW)
    return grant_id


async def test_of_many_who_want_to_renew_a_version_exactly_one_may(db: Database) -> None:
    grant_id = await saved_tokens(db)
    claimed = await asyncio.gather(*(grants.claim(db, grant_id, lease(f"caller-{n}"), NOW) for n in range(10)))
    assert sum(claimed) == 1
    assert not await grants.claim(db, grant_id, lease("late"), after(59.999))
    assert await grants.claim(db, grant_id, lease("late", until_s=120), after(60))


async def test_a_lease_is_given_back_by_its_holder_only_and_is_for_one_version(db: Database) -> None:
    grant_id = await saved_tokens(db)
    assert not await grants.claim(db, grant_id, lease(version=2), NOW)
    assert await grants.claim(db, grant_id, lease(), NOW)
    await grants.release(db, grant_id, lease("somebody"))
    assert not await grants.claim(db, grant_id, lease("two"), NOW)
    await grants.release(db, grant_id, lease())
    assert await grants.claim(db, grant_id, lease("two"), NOW)


async def test_renewed_tokens_count_the_version_and_a_late_writer_changes_nothing(db: Database) -> None:
    grant_id = await saved_tokens(db)
    assert await grants.claim(db, grant_id, lease(), NOW)
    renewed = rows.tokens(access_sealed=b"\x01new", refresh_sealed=None, access_expires_at=after(7200))
    assert await grants.renew_tokens(db, grant_id, lease(), renewed, after(1))
    kept = rows.tokens(version=2, access_sealed=b"\x01new", access_expires_at=after(7200))
    assert await grants.get_tokens(db, grant_id) == kept
    assert not await grants.renew_tokens(db, grant_id, lease(), rows.tokens(access_sealed=b"\x01late"), after(2))
    assert await grants.get_tokens(db, grant_id) == kept
    assert await grants.claim(db, grant_id, lease("two", version=2), after(1))
    rotated = rows.tokens(refresh_sealed=b"\x01rotated", refresh_expires_at=after(99))
    assert await grants.renew_tokens(db, grant_id, lease("two", version=2), rotated, after(3))
    found = await grants.get_tokens(db, grant_id)
    assert found is not None
    assert (found.version, found.refresh_sealed, found.refresh_expires_at) == (3, b"\x01rotated", after(99))
