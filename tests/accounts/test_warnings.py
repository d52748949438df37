"""`account.expiring`: on its day, once for each account and threshold, with a link that renews the account."""

import asyncio
from datetime import datetime, timedelta

from moorline import clock
from moorline.connect import links as connect_links
from moorline.jobs.renewals import Renewals
from moorline.jobs.warnings import Warnings
from moorline.owners import links
from moorline.store import grants
from tests.accounts.expiring import DAY_S, LIFE_DAYS, WEBHOOK, days_told, lived, queued, subscribed
from tests.conftest import FrozenClock
from tests.harness import APP_URL, World, location, on_both_engines, query_of, settles

# --- on its day -------------------------------------------------------------------------------------------------------


@on_both_engines
async def test_an_account_without_renewal_is_told_of_at_each_threshold_and_not_before(
    world: World, frozen_clock: FrozenClock
) -> None:
    account_id = await subscribed(world)
    began, warnings = frozen_clock.now(), Warnings(world.service)
    (health,) = (await world.ok("GET", "/v1/accounts/health"))["accounts"]
    ends = datetime.fromisoformat(health["tokenExpiresAt"])
    assert timedelta(days=59) < ends - began < timedelta(days=61)
    for number, days in enumerate((14, 7, 1)):
        frozen_clock.set(ends - timedelta(days=days, milliseconds=1))
        assert await warnings.work() == 0
        frozen_clock.advance(0.001)
        assert await warnings.work() == 1
        assert await warnings.work() == 0
        found = await queued(world)
        assert [one.days_left for one in found] == [14, 7, 1][: number + 1]
        told = found[-1]
        assert told.at == frozen_clock.now()
        assert {**told.account, "reconnectUrl": None, "reason": None} == {
            "accountId": account_id,
            "profileId": world.owner.profile_id,
            "platform": "linkedin",
            "username": told.account["username"],
            "displayName": told.account["displayName"],
            "daysLeft": days,
            "expiresAt": clock.iso(ends),
            "reason": None,
            "reconnectUrl": None,
        }
        health = await world.ok("GET", f"/v1/accounts/{account_id}/health")
        assert (health["humanNeededAt"], health["humanNeededWhy"]) == (clock.iso(ends), told.account["reason"])
    frozen_clock.set(ends + timedelta(days=1))
    await Renewals(world.service).work()
    assert await warnings.work() == 0
    events = await world.service.db.all("SELECT event FROM deliveries ORDER BY position")
    assert [row["event"] for row in events] == [*["account.expiring"] * 3, "account.disconnected"]


@on_both_engines
async def test_many_who_look_at_once_tell_each_account_once(world: World, frozen_clock: FrozenClock) -> None:
    await subscribed(world)
    await world.landing("linkedin", person="none", tenant=world.other)
    await world.ok("POST", "/v1/webhooks/settings", key=world.other.api_key, body=WEBHOOK)
    frozen_clock.advance((LIFE_DAYS - 14) * DAY_S + 60)
    await asyncio.gather(*(Warnings(world.service).work() for _ in range(8)))
    assert await days_told(world) == [14, 14]
    assert len({one.account["accountId"] for one in await queued(world)}) == 2
    rows = await world.service.db.all("SELECT warn_at_ms FROM grant_tokens")
    in_a_week = clock.to_ms(frozen_clock.now() + timedelta(days=7))
    assert all(abs(row["warn_at_ms"] - in_a_week) < 120_000 for row in rows)


@on_both_engines
async def test_a_server_that_was_down_tells_only_the_nearest_of_what_it_missed(
    world: World, frozen_clock: FrozenClock
) -> None:
    await subscribed(world)
    frozen_clock.advance((LIFE_DAYS - 3) * DAY_S)
    warnings = Warnings(world.service)
    assert await warnings.work() == 1
    assert await days_told(world) == [7]
    frozen_clock.advance(2 * DAY_S + 60)
    assert await warnings.work() == 1
    assert await days_told(world) == [7, 1]


async def test_a_server_that_was_down_beyond_the_end_tells_the_end_alone(
    world: World, frozen_clock: FrozenClock
) -> None:
    await subscribed(world)
    frozen_clock.advance((LIFE_DAYS + 1) * DAY_S)
    await Warnings(world.service).work()
    assert await days_told(world) == []


# --- to whom ----------------------------------------------------------------------------------------------------------


async def test_nobody_who_did_not_subscribe_gets_a_link_and_who_does_later_is_told_from_then_on(
    world: World, frozen_clock: FrozenClock
) -> None:
    await world.landing("linkedin", person="none")
    await world.ok("POST", "/v1/webhooks/settings", body={**WEBHOOK, "events": ["account.disconnected"]})
    off = await world.ok("POST", "/v1/webhooks/settings", body=WEBHOOK)
    await world.ok("PUT", "/v1/webhooks/settings", body={"_id": off["webhook"]["_id"], "isActive": False})
    frozen_clock.advance((LIFE_DAYS - 14) * DAY_S + 60)
    assert await Warnings(world.service).work() == 1
    assert await queued(world) == []
    assert await world.service.db.all("SELECT id FROM links") == []
    await world.ok("POST", "/v1/webhooks/settings", body=WEBHOOK)
    frozen_clock.advance(7 * DAY_S)
    assert await Warnings(world.service).work() == 1
    assert await days_told(world) == [7]


async def test_every_account_of_a_consent_is_told_of_with_a_link_of_its_own(
    world: World, frozen_clock: FrozenClock
) -> None:
    await world.ok("POST", "/v1/webhooks/settings", body=WEBHOOK)
    fields = await world.selection("linkedin")
    token = {"token": fields["pendingDataToken"]}
    pending = await world.ok("GET", "/v1/connect/pending-data", query=token)
    call = {"profileId": fields["profileId"], "tempToken": pending["tempToken"], "userProfile": {}}
    path = "/v1/connect/linkedin/select-organization"
    await world.ok("POST", path, body={**call, "accountType": "personal"})
    organization = {"accountType": "organization", "selectedOrganization": pending["organizations"][0]}
    await world.ok("POST", path, body={**call, **organization})
    accounts = {account["_id"] for account in await world.accounts()}
    assert len(accounts) == 2
    frozen_clock.advance((LIFE_DAYS - 14) * DAY_S + 60)
    await Warnings(world.service).work()
    told = await queued(world)
    assert [one.days_left for one in told] == [14, 14]
    assert {one.account["accountId"] for one in told} == accounts
    for one in told:
        found = await links.read(world.service, one.token)
        assert found.link.reconnect_account_id == one.account["accountId"]


async def test_a_page_that_lives_on_a_token_of_its_own_is_not_told_of(world: World, frozen_clock: FrozenClock) -> None:
    await world.ok("POST", "/v1/webhooks/settings", body=WEBHOOK)
    fields = await world.selection()
    assert (await world.select(fields, "100000000000101")).status == 200
    await world.fault("facebook", "POST /{version}/oauth/access_token", status=503, body={}, count=10_000)
    await lived(world, frozen_clock, 59)
    assert await days_told(world) == []


async def test_a_consent_that_was_withdrawn_is_not_told_of_any_more(world: World, frozen_clock: FrozenClock) -> None:
    await subscribed(world)
    ((grant_id, _),) = [
        (row["grant_id"], row) for row in await world.service.db.all("SELECT grant_id FROM grant_tokens")
    ]
    assert await grants.bury(world.service.db, grant_id, version=1, reason="Revoked.", now=clock.now())
    frozen_clock.advance((LIFE_DAYS - 14) * DAY_S + 60)
    assert await Warnings(world.service).work() == 0
    assert await days_told(world) == []


# --- the way back -----------------------------------------------------------------------------------------------------


@on_both_engines
async def test_the_link_of_a_warning_renews_the_account_which_is_then_told_of_before_its_new_end(
    world: World, frozen_clock: FrozenClock
) -> None:
    account_id = await subscribed(world)
    await lived(world, frozen_clock, LIFE_DAYS - 6)
    first, second = await queued(world)
    assert [first.days_left, second.days_left] == [14, 7]
    for one in (first, second):
        found = await links.read(world.service, one.token)
        assert (found.state, found.platforms, found.uses_left) == ("active", ("linkedin",), 1)
        assert found.account is not None
        assert found.account.id == account_id
        ends = datetime.fromisoformat(one.account["expiresAt"])
        assert found.link.expires_at == ends + timedelta(days=7)
        assert (found.link.key_id, found.link.member_id) == (None, None)
    started = await connect_links.start(world.service, first.token, "linkedin")
    callback = await world.consent(started.url, person="none")
    seen = await (await world.browser()).open(callback)
    assert seen.location is not None
    assert [account["_id"] for account in await world.accounts()] == [account_id]
    assert (await links.read(world.service, first.token)).state == "used_up"
    await lived(world, frozen_clock, LIFE_DAYS - 15)
    assert await days_told(world) == [14, 7]
    await lived(world, frozen_clock, 14)
    assert await days_told(world) == [14, 7, 14, 7, 1]
    assert [account["isActive"] for account in await world.accounts()] == [True]


async def test_a_link_made_by_hand_renews_an_account_that_is_lost_already(
    world: World, frozen_clock: FrozenClock
) -> None:
    account_id = await subscribed(world)
    await lived(world, frozen_clock, LIFE_DAYS + 1)
    assert [account["isActive"] for account in await world.accounts()] == [False]
    body = {"profileId": world.owner.profile_id, "reconnectAccountId": account_id, "redirectUrl": APP_URL}
    link = await world.ok("POST", "/v1/connect/links", body=body)
    started = await connect_links.start(world.service, link["url"].rpartition("/")[2], "linkedin")
    callback = await world.consent(started.url, person="none")
    told = query_of(location(await (await world.browser()).open(callback)))
    assert told["accountId"] == account_id
    assert [account["isActive"] for account in await world.accounts()] == [True]


# --- trouble ----------------------------------------------------------------------------------------------------------


@on_both_engines
async def test_a_grant_that_breaks_something_keeps_no_other_waiting_and_is_told_of_later(
    world: World, frozen_clock: FrozenClock
) -> None:
    account_id = await subscribed(world)
    await world.landing("linkedin", person="none", tenant=world.other)
    await world.ok("POST", "/v1/webhooks/settings", key=world.other.api_key, body=WEBHOOK)
    await world.service.db.run("UPDATE accounts SET details = 'no json' WHERE id = $1", account_id)
    frozen_clock.advance((LIFE_DAYS - 14) * DAY_S + 60)
    warnings = Warnings(world.service)
    assert await warnings.work() == 2
    assert [one.account["profileId"] for one in await queued(world)] == [world.other.profile_id]
    assert await warnings.work() == 0  # it does not spin
    assert len(await world.service.db.all("SELECT id FROM links")) == 1  # nothing is left of what broke
    await world.service.db.run("UPDATE accounts SET details = '{}' WHERE id = $1", account_id)
    frozen_clock.advance(600)
    assert await warnings.work() == 1
    assert len(await queued(world)) == 2


@on_both_engines
async def test_the_service_tells_by_itself(world: World, frozen_clock: FrozenClock) -> None:
    await subscribed(world)
    await world.restart(BACKGROUND="true")
    assert await queued(world) == []
    frozen_clock.advance((LIFE_DAYS - 14) * DAY_S + 60)

    async def is_told() -> bool:
        return await days_told(world) == [14]

    await settles(is_told)


async def test_grants_from_before_the_upgrade_are_planned_at_the_first_look(
    world: World, frozen_clock: FrozenClock
) -> None:
    await subscribed(world)
    planned = await world.service.db.one("SELECT warn_at_ms FROM grant_tokens")
    await world.service.db.run("UPDATE grant_tokens SET warn_at_ms = updated_at_ms")  # as revision 0004 leaves them
    frozen_clock.advance(DAY_S)
    assert await Warnings(world.service).work() == 1
    assert await queued(world) == []
    found = await world.service.db.one("SELECT warn_at_ms FROM grant_tokens")
    assert planned is not None
    assert found is not None
    assert found["warn_at_ms"] == planned["warn_at_ms"]


@on_both_engines
async def test_nobody_is_told_of_an_end_after_the_disconnection(world: World, frozen_clock: FrozenClock) -> None:
    await world.ok("POST", "/v1/webhooks/settings", body=WEBHOOK)
    for _ in range(5):
        await world.landing("linkedin", person="none")
        (account,) = await world.accounts()
        frozen_clock.advance((LIFE_DAYS - 14) * DAY_S + 60)
        works = [Warnings(world.service).work() for _ in range(3)]
        await asyncio.gather(works[0], world.ok("DELETE", f"/v1/accounts/{account['_id']}"), *works[1:])
        rows = await world.service.db.all(
            "SELECT event FROM deliveries WHERE account_id = $1 ORDER BY position", account["_id"]
        )
        assert [row["event"] for row in rows] in (
            ["account.disconnected"],
            ["account.expiring", "account.disconnected"],
        )
    assert await world.service.db.all("SELECT id FROM links WHERE revoked_at_ms IS NULL") == []
