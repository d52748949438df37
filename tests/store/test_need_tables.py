"""Which accounts need a person, as the tables tell it, on both engines."""

from datetime import datetime
from typing import Any

from moorline import clock
from moorline.store import account_needs, accounts, grants
from moorline.store.account_needs import Needy, Place
from moorline.store.account_rows import Wanted
from moorline.store.accounts import Account
from moorline.store.db import Database
from moorline.store.profiles import Profile
from moorline.store.users import User
from tests.store import rows
from tests.store.rows import NOW, after

ALL = Wanted()
LOST = Place(why="lost", at=2**63 - 1, account_id="~")
ENDING = Place(why="ending", at=-(2**63 - 1))


def names(found: list[Needy]) -> list[str]:
    return [one.row.facts.display_name for one in found]


async def saved(db: Database, owner: User, of: Profile, name: str, **changes: Any) -> Account:
    """An account with a consent of its own, called `name`; `grant` and `needs_at` are of the consent."""
    grant, needs_at = changes.pop("grant", {}), changes.pop("needs_at", None)
    given = {"platform_user_id": name, "platform": changes.get("platform", "pinterest"), **grant}
    grant_id = await grants.upsert(db, rows.grant(owner, **given), NOW)
    await grants.put_tokens(db, grant_id, rows.tokens(), consented_at=NOW, now=NOW)
    await grants.revive(db, grant_id, NOW, needs_at=needs_at)
    made = rows.account(of, platform_account_id=name, display_name=name, grant_id=grant_id, **changes)
    return await accounts.upsert(db, made, after(int(name)))


async def ending(db: Database, owner: User, before: datetime, **changes: Any) -> list[Needy]:
    asked = {"wanted": ALL, "after": ENDING, "but": (), "limit": 9, **changes}
    return await account_needs.ending(db, owner.id, before_ms=clock.to_ms(before), **asked)


async def test_each_sort_of_consent_is_told_once(db: Database) -> None:
    (owner, first), (other, foreign) = await rows.saved_owner(db), await rows.saved_owner(db)
    sorts = (
        {"granted": ("read", "write")},
        {"granted": ("write", "read")},  # the same, told otherwise
        {"granted": ("read",)},
        {"granted": ("read",), "app_id": "app-2"},
        {"granted": None},
    )
    for number, grant in enumerate(sorts):
        await saved(db, owner, first, str(number), grant=grant)
    await saved(db, owner, first, "9", grant={"granted": ("read",)}, platform="reddit")
    await saved(db, other, foreign, "10", grant={"granted": ()})
    found = await account_needs.consents(db, owner.id)
    assert {(one.platform, one.app_id, frozenset(one.granted)) for one in found} == {
        ("pinterest", "app-1", frozenset({"read", "write"})),
        ("pinterest", "app-1", frozenset({"read"})),
        ("pinterest", "app-2", frozenset({"read"})),
        ("reddit", "app-1", frozenset({"read"})),
    }
    assert len({one.key for one in found}) == len(found) == 4
    assert [one.granted for one in await account_needs.consents(db, other.id)] == [()]


async def test_a_consent_that_tells_nothing_of_scopes_keeps_its_sort_and_a_new_one_changes_it(db: Database) -> None:
    owner, first = await rows.saved_owner(db)
    await saved(db, owner, first, "1", grant={"granted": ("read",)})
    before = await account_needs.consents(db, owner.id)
    await grants.upsert(db, rows.grant(owner, platform_user_id="1", granted=None), NOW)
    assert await account_needs.consents(db, owner.id) == before
    await grants.upsert(db, rows.grant(owner, platform_user_id="1", granted=("read", "write")), NOW)
    assert [one.granted for one in await account_needs.consents(db, owner.id)] == [("read", "write")]


async def test_what_is_switched_off_is_lost_newest_first(db: Database) -> None:
    (owner, first), (other, foreign) = await rows.saved_owner(db), await rows.saved_owner(db)
    for name, is_active in (("1", False), ("2", True), ("3", False), ("4", False)):
        await saved(db, owner, first, name, is_active=is_active)
    await saved(db, other, foreign, "5", is_active=False)
    found = await account_needs.lost(db, owner.id, ALL, LOST, limit=2)
    assert names(found) == ["4", "3"]
    assert names(await account_needs.lost(db, owner.id, ALL, found[-1].place, limit=2)) == ["1"]
    reddit = Wanted(platform="reddit")
    assert await account_needs.lost(db, owner.id, reddit, LOST, limit=9) == []
    elsewhere = Wanted(profile_ids=(foreign.id,))
    assert await account_needs.lost(db, owner.id, elsewhere, LOST, limit=9) == []


async def test_consents_of_a_sort_are_found_a_page_at_a_time(db: Database) -> None:
    owner, first = await rows.saved_owner(db)
    one = await saved(db, owner, first, "1", grant={"granted": ("read",)})
    for name in ("2", "3"):  # on the same consent
        made = rows.account(first, platform_account_id=name, display_name=name, grant_id=one.grant_id)
        await accounts.upsert(db, made, after(int(name)))
    await saved(db, owner, first, "4", grant={"granted": ("read",)})
    await saved(db, owner, first, "5", grant={"granted": ("read",)}, is_active=False)
    await saved(db, owner, first, "6")
    (sort,) = [one for one in await account_needs.consents(db, owner.id) if one.granted == ("read",)]
    seen: list[str] = []
    place = Place(why="lacking", at=sort.key)
    while page := await account_needs.lacking(db, owner.id, ALL, place, limit=1):
        seen += names(page)
        place = page[-1].place
    assert sorted(seen) == ["1", "2", "3", "4"]


async def test_what_ends_comes_soonest_first(db: Database) -> None:
    (owner, first), (other, foreign) = await rows.saved_owner(db), await rows.saved_owner(db)
    for name, needs_s in (("1", 50), ("2", 40), ("3", 99), ("4", 100), ("5", -5)):
        await saved(db, owner, first, name, needs_at=after(needs_s))
    await saved(db, owner, first, "6")
    await saved(db, owner, first, "7", needs_at=after(1), is_active=False)
    await saved(db, owner, first, "8", needs_at=after(2), grant={"granted": ("read",)})
    own = await saved(db, owner, first, "9", needs_at=after(3))
    await accounts.put_token(db, own.id, b"\x01own", None, NOW)
    await saved(db, other, foreign, "10", needs_at=after(4))
    found = await ending(db, owner, after(100))
    assert names(found) == ["5", "8", "2", "1", "3"]
    assert names(await ending(db, owner, after(100), after=found[1].place, limit=2)) == ["2", "1"]
    (sort,) = [one for one in await account_needs.consents(db, owner.id) if one.granted == ("read",)]
    assert names(await ending(db, owner, after(100), but=(sort.key,))) == ["5", "2", "1", "3"]
    assert await ending(db, owner, after(100), wanted=Wanted(platform="reddit")) == []


async def test_who_needs_a_person_changes_with_the_tokens(db: Database) -> None:
    owner, first = await rows.saved_owner(db)
    account = await saved(db, owner, first, "1", needs_at=after(5))
    grant_id = account.grant_id or ""
    lease = grants.Lease(holder="me", version=1, until=after(60))

    async def found() -> list[str]:
        return names(await ending(db, owner, after(1000)))

    assert await found() == ["1"]
    await grants.revive(db, grant_id, after(1))
    assert await found() == []
    await grants.put_off(db, grant_id, lease, after(9), needs_at=after(7))  # nobody's lease
    assert await found() == []
    assert await grants.claim(db, grant_id, lease, after(1))
    await grants.put_off(db, grant_id, lease, after(9), needs_at=after(7))
    assert await found() == ["1"]
    assert await grants.bury(db, grant_id, version=1, reason="gone", now=after(2))
    assert await found() == []
    await grants.set_need(db, grant_id, after(8))  # it is lost already
    assert await found() == []
    assert await grants.revive(db, grant_id, after(3), needs_at=after(9))
    assert await found() == ["1"]
