"""From what happens to an account to the request its application gets: once, in order, signed, for a day."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
import pytest_asyncio

from moorline import clock, ids
from moorline.app import open_service
from moorline.service import Service
from moorline.store import deliveries
from moorline.webhooks import deliver, sign
from tests.conftest import FrozenClock
from tests.harness import on_both_engines
from tests.store import rows
from tests.webhooks.conftest import Told
from tests.webhooks.receiver import answering

DAY_S = 24 * 3600
SECRET = "a secret of the application"


@pytest_asyncio.fixture
async def second(told: Told) -> AsyncIterator[Service]:
    """Another service on the same database, as on another machine."""
    async with open_service(told.world._settings()) as service:
        yield service


async def until_next(told: Told, frozen_clock: FrozenClock) -> float:
    """Let time pass until the next delivery may go; how many seconds that is."""
    due = await rows.next_delivery_at(told.world.service.db)
    assert due is not None
    waited_s = (due - frozen_clock.now()).total_seconds()
    frozen_clock.advance(max(waited_s, 0))
    return waited_s


async def give_up(told: Told, frozen_clock: FrozenClock) -> None:
    """Let the one webhook's deliveries fail until one more is given up."""
    (before,) = await told.webhooks()
    while await told.webhooks() == [before]:
        await until_next(told, frozen_clock)
        await told.deliver()


@on_both_engines
async def test_what_happens_to_an_account_arrives_as_published(told: Told) -> None:
    await told.webhook(secret=SECRET)
    account = await told.connect()
    await told.world.ok("DELETE", f"/v1/accounts/{account}")
    assert await told.deliver() == 2
    connected, disconnected = told.receiver.bodies
    about = {"accountId": account, "profileId": told.world.owner.profile_id, "platform": "telegram"}
    assert set(connected) == {"id", "event", "account", "timestamp"}
    assert connected["event"] == "account.connected"
    assert connected["account"].items() >= about.items()
    assert set(connected["account"]) == {*about, "username", "displayName"}
    assert connected["timestamp"].endswith("Z")
    assert disconnected["event"] == "account.disconnected"
    assert disconnected["account"]["disconnectionType"] == "intentional"
    assert disconnected["account"]["reason"]
    assert connected["id"] != disconnected["id"]


async def test_s52_a_delivery_is_signed_over_id_time_and_raw_body(told: Told) -> None:
    await told.webhook(secret=SECRET)
    await told.connect()
    await told.deliver()
    (received,) = told.receiver.received
    assert sign.verify(received.headers, received.body, (SECRET,)) == received.json["id"]
    assert received.headers["content-type"] == "application/json"
    assert received.headers["user-agent"].startswith("Moorline/")


async def test_only_active_webhooks_of_the_tenant_that_want_the_event_are_told(told: Told) -> None:
    wanted = await told.webhook(events=["account.connected"])
    await told.webhook(events=["account.updated", "post.published"])
    await told.webhook(isActive=False)
    await told.webhook(key=told.world.other.api_key)
    await told.connect()
    assert await told.deliver() == 1
    assert [log["webhookId"] for log in await told.logs()] == [wanted["_id"]]


async def test_several_webhooks_are_told_the_same_message(told: Told) -> None:
    for _ in range(3):
        await told.webhook()
    await told.connect()
    assert await told.deliver() == 3
    assert len({received.body for received in told.receiver.received}) == 1


async def test_an_event_is_not_told_when_its_transaction_is_undone(told: Told) -> None:
    await told.webhook()
    account = await told.connect()
    await told.deliver()
    answer = await told.world.call("PUT", f"/v1/accounts/{account}", body={"displayName": ""})
    assert answer.status == 400
    assert await rows.next_delivery_at(told.world.service.db) is None
    assert await told.deliver() == 0


async def test_s52_every_try_of_a_day_has_the_same_id_and_body_and_its_own_signature(
    told: Told, frozen_clock: FrozenClock
) -> None:
    await told.webhook(secret=SECRET)
    told.receiver.usual = answering(500)
    await told.connect()
    started = frozen_clock.now()
    waits = []
    for _ in range(deliver.MOST_TRIES):
        waits.append(await until_next(told, frozen_clock))
        assert await told.deliver() == 1
        received = told.receiver.received[-1]
        assert sign.verify(received.headers, received.body, (SECRET,)) == received.json["id"]
    assert await rows.next_delivery_at(told.world.service.db) is None
    assert 21 * 3600 < (frozen_clock.now() - started).total_seconds() < DAY_S
    assert waits == sorted(waits)
    assert all(0.9 * most <= wait <= most for most, wait in zip(deliver.DELAYS_S, waits[1:], strict=True))
    assert len({(received.message_id, received.body) for received in told.receiver.received}) == 1
    assert len({received.headers["webhook-signature"] for received in told.receiver.received}) == len(waits)
    logs = await told.logs()
    assert [log["attemptNumber"] for log in logs] == list(range(len(waits), 0, -1))
    assert {(log["status"], log["statusCode"]) for log in logs} == {("failed", 500)}


@on_both_engines
async def test_the_events_of_an_account_keep_their_order_and_those_of_others_do_not_wait(
    told: Told, frozen_clock: FrozenClock
) -> None:
    await told.webhook(events=["account.updated"])
    first, second = await told.connect(), await told.connect("-1001111111111")
    told.receiver.reactions.append(answering(503))
    await told.rename(first, "one", "two", "three")
    await told.rename(second, "elsewhere")
    await told.deliver()
    assert told.names() == ["one", "elsewhere"]
    assert await until_next(told, frozen_clock) > 4
    await told.deliver()
    assert told.names() == ["one", "elsewhere", "one", "two", "three"]


@on_both_engines
async def test_after_one_is_given_up_the_next_of_its_account_goes(told: Told, frozen_clock: FrozenClock) -> None:
    await told.webhook(events=["account.updated"])
    account = await told.connect()
    await told.rename(account, "one", "two")
    told.receiver.usual = answering(500)
    await give_up(told, frozen_clock)
    assert told.names() == [*["one"] * deliver.MOST_TRIES, "two"]
    (webhook,) = await told.webhooks()
    assert (webhook["failureCount"], webhook["isActive"], "lastFiredAt" in webhook) == (1, True, False)
    told.receiver.usual = answering(204)
    await until_next(told, frozen_clock)
    await told.deliver()
    assert told.names()[-2:] == ["two", "two"]
    (webhook,) = await told.webhooks()
    assert (webhook["failureCount"], webhook["lastFiredAt"]) == (0, clock.iso(frozen_clock.now()))


async def test_ten_given_up_in_a_row_switch_the_webhook_off_and_drop_what_waits(
    told: Told, frozen_clock: FrozenClock
) -> None:
    webhook = await told.webhook(events=["account.updated"])
    account = await told.connect()
    told.receiver.usual = answering(500)
    await told.rename(account, *(str(number) for number in range(12)))
    for given_up in range(1, 11):
        assert [(one["isActive"], one["failureCount"]) for one in await told.webhooks()] == [(True, given_up - 1)]
        await give_up(told, frozen_clock)
    assert [(one["isActive"], one["failureCount"]) for one in await told.webhooks()] == [(False, 10)]
    assert await rows.next_delivery_at(told.world.service.db) is None
    await told.rename(account, "unheard")
    assert await told.deliver() == 0
    body = {"_id": webhook["_id"], "isActive": True}
    await told.world.ok("PUT", "/v1/webhooks/settings", body=body)
    assert [(one["isActive"], one["failureCount"]) for one in await told.webhooks()] == [(True, 0)]
    told.receiver.usual = answering(200)
    await told.rename(account, "heard")
    await told.deliver()
    assert told.names()[-1] == "heard"
    assert {"10", "11", "unheard"}.isdisjoint(told.names())


async def test_a_receiver_that_is_gone_switches_its_webhook_off_at_once(told: Told) -> None:
    await told.webhook(events=["account.updated"])
    account = await told.connect()
    told.receiver.usual = answering(410)
    await told.rename(account, "one", "two")
    assert await told.deliver() == 1
    assert [(one["isActive"], one["failureCount"]) for one in await told.webhooks()] == [(False, 1)]
    assert await rows.next_delivery_at(told.world.service.db) is None


@pytest.mark.parametrize(
    ("retry_after", "least_s", "most_s"),
    [
        ("30", 30, 30),
        ("1", 4.5, 5),
        ("86400", 60, 60),
        ("Wed, 04 Mar 2026 05:06:47 GMT", 39, 40),
        ("Tue, 03 Mar 2026 05:06:47 GMT", 4.5, 5),
        ("after lunch", 4.5, 5),
        ("9" * 5000, 60, 60),
    ],
)
async def test_a_receiver_may_ask_for_more_time_up_to_the_next_pause(
    told: Told, frozen_clock: FrozenClock, retry_after: str, least_s: float, most_s: float
) -> None:
    await told.webhook()
    told.receiver.usual = answering(429, Retry_After=retry_after)
    await told.connect()
    await told.deliver()
    assert least_s <= await until_next(told, frozen_clock) <= most_s


@on_both_engines
async def test_two_workers_at_once_deliver_each_message_once(told: Told, second: Service) -> None:
    await told.webhook()
    accounts = [await told.connect(), await told.connect("-1001111111111")]
    for account in accounts:
        await told.rename(account, *(f"{account} {number}" for number in range(10)))
    services = [told.world.service, second] * 2
    for _ in range(100):
        if not any(await asyncio.gather(*(deliver.Deliveries(service).work() for service in services))):
            break
    assert len(told.receiver.received) == 22
    assert len({received.message_id for received in told.receiver.received}) == 22
    for account in accounts:
        own = [
            body["account"]["displayName"] for body in told.receiver.bodies if body["account"]["accountId"] == account
        ]
        assert own[1:] == [f"{account} {number}" for number in range(10)]


@on_both_engines
async def test_a_worker_killed_before_it_recorded_has_its_message_sent_again_with_the_same_id(
    told: Told, second: Service, frozen_clock: FrozenClock
) -> None:
    await told.webhook()
    await told.connect()
    now = frozen_clock.now()
    (claimed,) = await deliveries.claim(second.db, holder=ids.new_id(), now=now, until=now + deliver.LEASE, limit=9)
    assert await told.deliver() == 0
    frozen_clock.advance(deliver.LEASE.total_seconds() - 0.001)
    assert await told.deliver() == 0
    frozen_clock.advance(0.001)
    assert await told.deliver() == 1
    (received,) = told.receiver.received
    assert (received.message_id, received.body.decode()) == (claimed.message_id, claimed.body)
    assert not await deliveries.finish(second.db, claimed, "given_up", frozen_clock.now()), "it came back too late"
    assert [log["attemptNumber"] for log in await told.logs()] == [2]


async def test_a_batch_that_takes_too_long_leaves_the_rest_to_whoever_claims_it_next(
    told: Told, frozen_clock: FrozenClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deliver, "LEASE", timedelta(seconds=9))
    await told.webhook()
    await told.connect()
    assert await told.deliver() == 1
    assert told.receiver.received == []


async def test_a_receiver_down_for_an_hour_misses_nothing(told: Told, frozen_clock: FrozenClock) -> None:
    await told.webhook(events=["account.updated"])
    account = await told.connect()
    told.receiver.usual = answering(502)
    back_at = frozen_clock.now() + timedelta(hours=1)
    await told.rename(account, *(str(number) for number in range(5)))
    while frozen_clock.now() < back_at:
        await told.deliver()
        assert await until_next(told, frozen_clock) > 0
    told.receiver.usual = answering(200)
    told.receiver.received.clear()
    await told.deliver()
    assert told.names() == [str(number) for number in range(5)]


@on_both_engines
async def test_logs_and_finished_deliveries_go_after_seven_days(told: Told, frozen_clock: FrozenClock) -> None:
    await told.webhook()
    account = await told.connect()
    await told.rename(account, "one", "two")
    await told.deliver()
    frozen_clock.advance(7 * DAY_S)
    assert await deliver.purge(told.world.service, frozen_clock.now(), 100) == 0
    await told.rename(account, "waits")
    frozen_clock.advance(0.001)
    purged = [await deliver.purge(told.world.service, frozen_clock.now(), 2) for _ in range(3)]
    assert purged == [4, 2, 0]
    assert await told.logs() == []
    assert await told.deliver() == 1
