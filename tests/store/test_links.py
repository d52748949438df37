"""Table links, and what attempts tell of it, on both engines."""

import asyncio
from dataclasses import replace
from typing import Any

from moorline import ids
from moorline.store import attempts, links, profiles
from moorline.store.db import Database
from moorline.store.links import Connected, Link
from moorline.store.profiles import Profile
from tests.store import rows
from tests.store.rows import NOW, after, hashed

ACCOUNT = "0" * 24


def link(of: Profile, **changes: Any) -> Link:
    made = Link(
        id=ids.new_id(),
        user_id=of.user_id,
        key_id=ids.new_id(),
        member_id=ids.new_id(),
        profile_id=of.id,
        token_hash=hashed(ids.new_secret()),
        platforms=("facebook", "twitter"),
        redirect_url="https://app.example.com/done?x=1#y",
        language="pt-BR",
        reconnect_account_id=ids.new_id(),
        max_uses=3,
        expires_at=after(3600),
        created_at=NOW,
    )
    return replace(made, **changes)


async def saved(db: Database, of: Profile, **changes: Any) -> Link:
    made = link(of, **changes)
    assert await links.insert_for_profile(db, made)
    return made


async def test_a_link_keeps_every_field_and_is_found_by_its_token_alone(db: Database) -> None:
    owner, first = await rows.saved_owner(db)
    full = await saved(db, first)
    nothing = {"key_id": None, "member_id": None, "redirect_url": None, "language": None}
    bare = await saved(db, first, **nothing, reconnect_account_id=None, max_uses=None)
    for one in (full, bare):
        assert await links.get(db, one.id) == one
        assert await links.by_token(db, one.token_hash) == one
        assert await links.of_tenant(db, owner.id, one.id) == one
    assert await links.get(db, ids.new_id()) is None
    assert await links.by_token(db, hashed("another")) is None
    assert full.token_hash.hex() not in repr(full)


async def test_s40_a_link_is_neither_made_for_nor_read_by_another_tenant(db: Database) -> None:
    (owner, first), (other, foreign) = await rows.saved_owner(db), await rows.saved_owner(db)
    for wrong in (link(foreign, user_id=owner.id), link(first, profile_id=ids.new_id())):
        assert not await links.insert_for_profile(db, wrong)
        assert await links.get(db, wrong.id) is None
    mine = await saved(db, first)
    assert await links.of_tenant(db, other.id, mine.id) is None
    assert await links.newest(db, other.id, profile_ids=None, before=None, limit=9) == []
    assert await links.newest(db, other.id, profile_ids=None, before=mine.id, limit=9) == []


async def test_links_come_newest_first_in_pages_and_of_some_profiles_only(db: Database) -> None:
    owner, first = await rows.saved_owner(db)
    second = await rows.saved_profile(db, owner)
    made = [await saved(db, of, created_at=after(n)) for n, of in enumerate((first, second, first))]

    async def listed(
        profile_ids: tuple[str, ...] | None = None, before: str | None = None, limit: int = 9
    ) -> list[Link]:
        return await links.newest(db, owner.id, profile_ids=profile_ids, before=before, limit=limit)

    assert await listed() == made[::-1]
    assert await listed(limit=2) == [made[2], made[1]]
    assert await listed(before=made[2].id, limit=1) == [made[1]]
    assert await listed((second.id,)) == [made[1]]
    assert await listed(()) == []


async def test_of_many_on_the_last_uses_of_a_link_exactly_so_many_are_counted(db: Database) -> None:
    _, first = await rows.saved_owner(db)
    limited = await saved(db, first, max_uses=3, reconnect_account_id=None)
    counted = await asyncio.gather(*(links.count_use(db, limited.id, ACCOUNT) for _ in range(10)))
    assert sum(counted) == 3
    found = await links.get(db, limited.id)
    assert found == replace(limited, uses=3)
    endless = await saved(db, first, max_uses=None, reconnect_account_id=None)
    assert all([await links.count_use(db, endless.id, ACCOUNT) for _ in range(5)])


async def test_a_link_that_renews_an_account_counts_no_other(db: Database) -> None:
    _, first = await rows.saved_owner(db)
    renewing = await saved(db, first)
    assert not await links.count_use(db, renewing.id, ids.new_id())
    assert await links.count_use(db, renewing.id, renewing.reconnect_account_id or "")


async def test_a_revoked_link_counts_nothing_and_is_revoked_once(db: Database) -> None:
    _, first = await rows.saved_owner(db)
    one = await saved(db, first, reconnect_account_id=None)
    assert await links.revoke(db, one.id, after(1))
    assert not await links.revoke(db, one.id, after(2))
    assert not await links.count_use(db, one.id, ACCOUNT)
    found = await links.get(db, one.id)
    assert found == replace(one, revoked_at=after(1))


async def test_what_was_to_renew_an_account_is_revoked_with_it(db: Database) -> None:
    _, first = await rows.saved_owner(db)
    mine = [await saved(db, first, reconnect_account_id=ACCOUNT) for _ in range(2)]
    other = await saved(db, first)
    assert await links.revoke_of_account(db, ACCOUNT, after(1)) == 2
    assert await links.revoke_of_account(db, ACCOUNT, after(2)) == 0
    revoked = [found and found.revoked_at for found in [await links.get(db, one.id) for one in (*mine, other)]]
    assert revoked == [after(1), after(1), None]


async def test_links_go_with_their_profile_and_when_they_ran_out_long_ago(db: Database) -> None:
    owner, first = await rows.saved_owner(db)
    second = await rows.saved_profile(db, owner)
    gone = await saved(db, second)
    assert await profiles.delete(db, owner.id, second.id)
    assert await links.get(db, gone.id) is None
    old = [await saved(db, first, expires_at=after(n)) for n in range(3)]
    assert await links.purge(db, before=after(2), limit=1) == 1
    assert await links.purge(db, before=after(2), limit=9) == 1
    assert await links.purge(db, before=after(2), limit=9) == 0
    assert await links.get(db, old[2].id) == old[2]


async def test_the_attempts_of_a_link_are_told_newest_first_in_pages(db: Database) -> None:
    _, first = await rows.saved_owner(db)
    made = [await rows.saved_attempt(db, first, link_id="link-1", created_at=after(n)) for n in range(3)]
    await rows.saved_attempt(db, first, link_id="link-2")
    await rows.saved_attempt(db, first)
    assert await attempts.of_link(db, "link-1", before=None, limit=9) == made[::-1]
    assert await attempts.of_link(db, "link-1", before=None, limit=1) == [made[2]]
    assert await attempts.of_link(db, "link-1", before=made[2].id, limit=9) == [made[1], made[0]]
    assert await attempts.of_link(db, "link-2", before=made[2].id, limit=9) == []


async def test_a_connected_attempt_tells_its_link_and_each_account_is_counted_once(db: Database) -> None:
    _, first = await rows.saved_owner(db)
    through = await rows.saved_attempt(db, first, link_id="link-1")
    without = await rows.saved_attempt(db, first)
    assert await attempts.set_connected(db, through.id, ACCOUNT, NOW) == "link-1"
    assert await attempts.set_connected(db, without.id, ACCOUNT, NOW) is None
    assert await attempts.set_connected(db, ids.new_id(), ACCOUNT, NOW) is None
    counted = await asyncio.gather(*(attempts.count_once(db, through.id, ACCOUNT) for _ in range(5)))
    assert sum(counted) == 1
    assert await attempts.count_once(db, through.id, "another")
    assert not await attempts.count_once(db, ids.new_id(), ACCOUNT)


async def test_what_a_link_connected_is_told_once_and_only_while_it_is_there(db: Database) -> None:
    _, first = await rows.saved_owner(db)
    mine, other = await saved(db, first), await saved(db, first)
    account = await rows.saved_account(db, first)
    by = []
    for link_id, account_id in ((mine.id, account.id), (mine.id, account.id), (mine.id, ids.new_id()), (other.id, "")):
        attempt = await rows.saved_attempt(db, first, link_id=link_id)
        by.append(attempt.id)
        if account_id:
            await attempts.set_connected(db, attempt.id, account_id, after(5))
    told = Connected(platform=account.platform, display_name=account.display_name)
    assert await links.connected(db, mine.id, by=by, limit=9) == [told]
    assert await links.connected(db, mine.id, by=by[:1], limit=9) == [told]
    assert await links.connected(db, mine.id, by=by[2:], limit=9) == []
    assert await links.connected(db, mine.id, by=(), limit=9) == []
    assert await links.connected(db, other.id, by=by, limit=9) == []
    assert await links.connected(db, mine.id, by=by, limit=0) == []


async def test_a_keys_links_are_revoked_with_it_and_no_others(db: Database) -> None:
    _, first = await rows.saved_owner(db)
    mine, other = await saved(db, first), await saved(db, first)
    assert await links.revoke_of_key(db, mine.key_id or "", after(9)) == 1
    assert await links.revoke_of_key(db, mine.key_id or "", after(10)) == 0
    assert await links.get(db, mine.id) == replace(mine, revoked_at=after(9))
    assert await links.get(db, other.id) == other
