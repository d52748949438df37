"""Which accounts need a person: none is hidden behind those that only might."""

from datetime import datetime, timedelta

import pytest

from moorline import clock, ids
from moorline.accounts import listing, needing
from moorline.accounts.listing import Filter
from moorline.errors import BadRequest
from moorline.owners import sessions, users
from moorline.owners.caller import Caller
from moorline.store import accounts, grants
from moorline.store.accounts import Account
from moorline.store.grants import Grant, SealedTokens
from tests.harness import World, on_both_engines
from tests.http.conftest import Serve

APP = {"platform": "twitter", "clientId": "own-client", "clientSecret": "own-secret"}


async def owner_of(world: World) -> Caller:
    found = await users.find_by_email(world.service.db, "owner@example.com")
    assert found is not None
    return sessions.caller_of(found)


async def copies(world: World, count: int, *, app_id: str, granted: str, ends: datetime | None = None) -> None:
    """Accounts of X, each with a consent of its own to an app, newest last."""
    db = world.service.db
    owner, far = world.owner, clock.now() + timedelta(days=400)
    for number in range(count):
        grant = Grant(
            id=ids.new_id(),
            user_id=owner.user_id,
            platform="twitter",
            app_id=app_id,
            platform_user_id=f"{app_id} {number}",
            username="u",
            granted=tuple(granted.split()),
            service_url=None,
        )
        grant_id = await grants.upsert(db, grant, clock.now())
        sealed = SealedTokens(
            version=1,
            access_sealed=b"x",
            refresh_sealed=b"x" if ends is None else None,
            access_expires_at=ends or far,
            refresh_expires_at=None,
        )
        await grants.put_tokens(db, grant_id, sealed, consented_at=clock.now(), now=clock.now())
        await grants.set_need(db, grant_id, ends)
        account = Account(
            id=ids.new_id(),
            user_id=owner.user_id,
            profile_id=owner.profile_id,
            grant_id=grant_id,
            platform="twitter",
            platform_account_id=f"{app_id} {number}",
            username="u",
            display_name=f"{app_id} {number}",
            picture_url=None,
            profile_url=None,
            is_active=True,
            details={},
            created_at=clock.now(),
        )
        await accounts.upsert(db, account, clock.now() + timedelta(seconds=number))


FEW = "tweet.read tweet.write users.read"
ALL = f"{FEW} media.write offline.access"


@on_both_engines
async def test_what_the_operator_does_not_ask_for_is_missing_to_nobody_and_hides_nobody(serve: Serve) -> None:
    world = await serve(TWITTER_SCOPES=FEW)
    await copies(world, 2, app_id="own-client", granted=FEW)
    await copies(world, 30, app_id="sandbox-twitter", granted=FEW)
    caller = await owner_of(world)
    assert (await needing.in_trouble(world.service, caller, Filter(), limit=10)).items == []
    await world.ok("POST", "/v1/app-credentials", body={**APP, "scopes": ALL.split()})
    page = await needing.in_trouble(world.service, caller, Filter(), limit=10)
    assert {one.row.facts.display_name for one in page.items} == {"own-client 0", "own-client 1"}
    assert page.before is None
    everything = await listing.newest(world.service, caller, Filter(), limit=99)
    assert sum(one.needs_person for one in everything.items) == 2


@on_both_engines
async def test_many_that_a_scope_is_missing_to_come_a_page_at_a_time(serve: Serve) -> None:
    world = await serve(TWITTER_SCOPES=ALL)
    await copies(world, 12, app_id="sandbox-twitter", granted=FEW)
    await copies(world, 3, app_id="another-client", granted=f"{FEW} offline.access")
    await copies(world, 20, app_id="sandbox-twitter-2", granted=ALL)
    caller = await owner_of(world)
    pages = [await needing.in_trouble(world.service, caller, Filter(), limit=4)]
    while pages[-1].before is not None:
        asked = Filter(before=pages[-1].before)
        pages.append(await needing.in_trouble(world.service, caller, asked, limit=4))
    assert [len(page.items) for page in pages] == [4, 4, 4, 3]
    assert len({one.row.facts.account_id for page in pages for one in page.items}) == 15
    for nonsense in ("x", "0" * 24, "lost.1..", f"ending.{2**64}..{'0' * 24}", f"lacking.1.{'0' * 24}.{'g' * 24}"):
        with pytest.raises(BadRequest):
            await needing.in_trouble(world.service, caller, Filter(before=nonsense), limit=4)


@on_both_engines
async def test_what_needs_a_person_goes_from_lost_to_lacking_to_the_soonest_end(serve: Serve) -> None:
    world = await serve(TWITTER_SCOPES=ALL)
    db, caller = world.service.db, await owner_of(world)
    await copies(world, 2, app_id="fine", granted=ALL)
    for name, days in (("late", 13), ("soon", 1), ("lost", 2), ("far", 15), ("over", -1)):
        await copies(world, 1, app_id=name, granted=ALL, ends=clock.now() + timedelta(days=days))
    await copies(world, 1, app_id="lacks", granted=FEW, ends=clock.now() + timedelta(days=3))
    await db.run("UPDATE accounts SET is_active = FALSE WHERE display_name = 'lost 0'")
    found: list[str] = []
    before = None
    while True:
        page = await needing.in_trouble(world.service, caller, Filter(before=before), limit=1)
        found += [one.row.facts.display_name for one in page.items]
        before = page.before
        if before is None:
            break
    assert found == ["lost 0", "lacks 0", "over 0", "soon 0", "late 0"]
    everything = await listing.newest(world.service, caller, Filter(), limit=99)
    assert {one.row.facts.display_name for one in everything.items if one.needs_person} == set(found)


@on_both_engines
async def test_what_is_too_much_to_be_counted_while_somebody_waits_is_not(serve: Serve) -> None:
    world = await serve()
    caller = await owner_of(world)
    assert await listing.renewals(world.service, caller, accounts_seen=listing.MOST_COUNTED) == []
    assert await listing.renewals(world.service, caller, accounts_seen=listing.MOST_COUNTED + 1) is None
