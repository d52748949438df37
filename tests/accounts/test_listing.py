"""Which accounts need a person: none is hidden behind those that only might."""

from datetime import timedelta

from moorline import clock, ids
from moorline.accounts import listing
from moorline.accounts.listing import Filter
from moorline.owners import sessions, users
from moorline.owners.api_keys import Caller
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


async def copies(world: World, count: int, *, app_id: str, granted: str) -> None:
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
            version=1, access_sealed=b"x", refresh_sealed=b"x", access_expires_at=far, refresh_expires_at=None
        )
        await grants.put_tokens(db, grant_id, sealed, consented_at=clock.now(), now=clock.now())
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
    assert (await listing.in_trouble(world.service, caller, Filter(), limit=10)).items == []
    await world.ok("POST", "/v1/app-credentials", body={**APP, "scopes": ALL.split()})
    page = await listing.in_trouble(world.service, caller, Filter(), limit=10)
    assert {one.row.facts.display_name for one in page.items} == {"own-client 0", "own-client 1"}
    assert page.before is None
    everything = await listing.newest(world.service, caller, Filter(), limit=99)
    assert sum(one.needs_person for one in everything.items) == 2


@on_both_engines
async def test_a_page_that_is_short_leads_on(serve: Serve) -> None:
    world = await serve(TWITTER_SCOPES=FEW)
    await world.ok("POST", "/v1/app-credentials", body={**APP, "scopes": ALL.split()})
    await copies(world, 12, app_id="sandbox-twitter", granted=FEW)
    caller = await owner_of(world)
    page = await listing.in_trouble(world.service, caller, Filter(), limit=1)
    assert (page.items, page.before is None) == ([], False)
    rounds = 1
    while page.before is not None:
        page = await listing.in_trouble(world.service, caller, Filter(before=page.before), limit=1)
        assert page.items == []
        rounds += 1
    assert rounds == 3
