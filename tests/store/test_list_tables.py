"""What people's lists read of accounts and profiles, on both engines."""

from datetime import timedelta
from typing import Any

from moorline.store import account_rows, accounts, grants, profiles
from moorline.store.account_rows import Renewals, Wanted
from moorline.store.accounts import Account
from moorline.store.db import Database
from moorline.store.profiles import Profile
from moorline.store.users import User
from tests.store import rows
from tests.store.rows import NOW, after

ALL = Wanted()


async def saved(db: Database, owner: User, of: Profile, number: int, **changes: Any) -> Account:
    """An account with a consent of its own; `tokens` and `grant` are changes of those, None no consent at all."""
    tokens, grant = changes.pop("tokens", {}), changes.pop("grant", {})
    grant_id = None
    if tokens is not None:
        platform = changes.get("platform", "pinterest")
        given = {"platform_user_id": f"person-{number}", "platform": platform, **grant}
        grant_id = await grants.upsert(db, rows.grant(owner, **given), NOW)
        sealed = rows.tokens(**{"refresh_expires_at": None, "access_expires_at": after(1000), **tokens})
        await grants.put_tokens(db, grant_id, sealed, consented_at=NOW, now=NOW)
    made = rows.account(of, platform_account_id=str(number), grant_id=grant_id, **changes)
    return await accounts.upsert(db, made, after(number))


async def test_accounts_come_newest_first_a_page_at_a_time(db: Database) -> None:
    owner, first = await rows.saved_owner(db)
    made = [await saved(db, owner, first, number) for number in range(5)]
    ids = [one.id for one in reversed(made)]
    page = await account_rows.newest(db, owner.id, ALL, limit=2)
    assert [row.facts.account_id for row in page] == ids[:2]
    rest = await account_rows.newest(db, owner.id, Wanted(before=ids[1]), limit=9)
    assert [row.facts.account_id for row in rest] == ids[2:]
    assert (rest[0].person, rest[0].profile_name, rest[0].created_at) == ("asa", "Harbour", after(2))


async def test_accounts_of_the_same_instant_are_neither_lost_nor_told_twice_between_pages(db: Database) -> None:
    owner, first = await rows.saved_owner(db)
    for number in range(5):
        made = rows.account(first, platform_account_id=str(number))
        await accounts.upsert(db, made, NOW)
    seen: list[str] = []
    before = None
    while page := await account_rows.newest(db, owner.id, Wanted(before=before), limit=2):
        before = page[-1].facts.account_id
        seen += [row.facts.account_id for row in page]
    assert len(seen) == len(set(seen)) == 5


async def test_lists_are_narrowed_to_profiles_and_a_platform(db: Database) -> None:
    owner, first = await rows.saved_owner(db)
    second = await rows.saved_profile(db, owner, created_at=after(1))
    here = await saved(db, owner, first, 1)
    there = await saved(db, owner, second, 2, platform="threads")

    async def found(**wanted: Any) -> list[str]:
        return [row.facts.account_id for row in await account_rows.newest(db, owner.id, Wanted(**wanted), limit=9)]

    assert await found(profile_ids=(first.id,)) == [here.id]
    assert await found(profile_ids=(first.id, second.id)) == [there.id, here.id]
    assert await found(profile_ids=()) == []
    assert await found(platform="threads") == [there.id]
    assert await found(platform="reddit") == []


async def test_s40_accounts_of_another_tenant_are_in_no_list(db: Database) -> None:
    (owner, first), (other, foreign) = await rows.saved_owner(db), await rows.saved_owner(db)
    await saved(db, owner, first, 1, is_active=False)
    theirs = await saved(db, other, foreign, 2, is_active=False)
    assert theirs.id not in {row.facts.account_id for row in await account_rows.newest(db, owner.id, ALL, limit=9)}
    assert await account_rows.newest(db, owner.id, Wanted(before=theirs.id), limit=9) == []
    assert await account_rows.get(db, owner.id, theirs.id) is None
    assert await account_rows.beside(db, owner.id, theirs.id, limit=9) == []


async def test_renewals_are_counted_by_platform_the_soonest_first(db: Database) -> None:
    owner, first = await rows.saved_owner(db)
    second = await rows.saved_profile(db, owner, created_at=after(1))
    for number, (platform, at, of) in enumerate(
        (("reddit", 50, first), ("reddit", 40, second), ("threads", 60, first), ("threads", 101, first))
    ):
        await saved(db, owner, of, number, platform=platform, tokens={"renew_at": after(at)})
    await saved(db, owner, first, 8, tokens={"renew_at": after(10), "refresh_sealed": None})  # given up, not renewed
    await saved(db, owner, first, 9, is_active=False, tokens={"renew_at": after(10)})

    async def told(profile_ids: tuple[str, ...] | None) -> list[Renewals]:
        return await account_rows.renewals(
            db, owner.id, profile_ids=profile_ids, traded=("threads",), before=after(100)
        )

    threads = Renewals(platform="threads", accounts=1, first_at=after(60))
    assert await told(None) == [Renewals(platform="reddit", accounts=2, first_at=after(40)), threads]
    assert await told((first.id,)) == [Renewals(platform="reddit", accounts=1, first_at=after(50)), threads]


async def test_what_is_traded_is_renewed_without_a_refresh_token(db: Database) -> None:
    owner, first = await rows.saved_owner(db)
    await saved(db, owner, first, 1, platform="threads", tokens={"renew_at": after(10), "refresh_sealed": None})
    told = await account_rows.renewals(db, owner.id, profile_ids=None, traded=("threads",), before=after(100))
    assert [(one.platform, one.accounts) for one in told] == [("threads", 1)]


async def test_accounts_on_the_same_consent_are_named(db: Database) -> None:
    owner, first = await rows.saved_owner(db)
    one = await saved(db, owner, first, 1, display_name="One")
    for number, name in ((2, "Two"), (3, "Three")):
        made = rows.account(first, platform_account_id=str(number), grant_id=one.grant_id, display_name=name)
        await accounts.upsert(db, made, after(number))
    await saved(db, owner, first, 4, display_name="Four")
    assert await account_rows.beside(db, owner.id, one.id, limit=9) == ["Two", "Three"]
    assert await account_rows.beside(db, owner.id, one.id, limit=1) == ["Two"]
    bare = await saved(db, owner, first, 5, tokens=None)
    assert await account_rows.beside(db, owner.id, bare.id, limit=9) == []


async def test_the_accounts_of_a_profile_are_counted(db: Database) -> None:
    owner, first = await rows.saved_owner(db)
    second = await rows.saved_profile(db, owner, created_at=after(1))
    await saved(db, owner, first, 1)
    await saved(db, owner, first, 2, tokens=None)
    assert await account_rows.count_of_profile(db, first.id) == 2
    assert await account_rows.count_of_profile(db, second.id) == 0
    found = await profiles.page_of(db, owner.id, ids=None, name="", slug="", after=None, limit=9)
    assert [(row.profile.id, row.accounts) for row in found] == [(first.id, 2), (second.id, 0)]


async def test_profiles_are_found_by_name_or_slug_and_paged(db: Database) -> None:
    owner, first = await rows.saved_owner(db)
    second = await rows.saved_profile(db, owner, name="100 % Käse_1", slug="100-kase-1", created_at=after(1))
    third = await rows.saved_profile(db, owner, name="Käserei!", slug="kaserei", created_at=after(2))
    (_, foreign) = await rows.saved_owner(db)

    async def found(name: str = "", slug: str = "", **more: Any) -> list[str]:
        asked = {"ids": None, "after": None, "limit": 9, **more}
        return [row.profile.id for row in await profiles.page_of(db, owner.id, name=name, slug=slug, **asked)]

    assert await found() == [first.id, second.id, third.id]
    assert await found(limit=2) == [first.id, second.id]
    assert await found(after=second.id) == [third.id]
    assert await found(after=foreign.id) == []
    assert await found(ids=(third.id, foreign.id)) == [third.id]
    assert await found(ids=()) == []
    assert await found("Käse", "kase") == [second.id, third.id]
    assert await found("%", "%") == [second.id]
    assert await found("_", "_") == [second.id]
    assert await found("!", "!") == [third.id]
    assert await found("nothing", "nothing") == []


async def test_the_default_profile_is_the_tenants_own(db: Database) -> None:
    (owner, first), (other, _) = await rows.saved_owner(db), await rows.saved_owner(db)
    await rows.saved_profile(db, owner, created_at=NOW - timedelta(days=1))
    assert await profiles.default_of(db, owner.id) == first
    await profiles.clear_default(db, owner.id, but="none")
    assert await profiles.default_of(db, owner.id) is None
    assert await profiles.default_of(db, other.id) is not None
