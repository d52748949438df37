"""`/v1/webhooks`: set, tested, read and sent again by whoever may see every profile."""

import asyncio
from typing import Any

import pytest
import pytest_asyncio

from moorline.webhooks import sign
from moorline.webhooks.events import EVENTS
from tests.conftest import FrozenClock
from tests.harness import UNKNOWN_ID, World, failure, on_both_engines
from tests.http.conftest import Serve
from tests.webhooks.conftest import Told
from tests.webhooks.receiver import Receiver, answering, receiving

SETTINGS, TEST, LOGS = "/v1/webhooks/settings", "/v1/webhooks/test", "/v1/webhooks/logs"
GOOD = {"name": "app", "url": "https://app.example.com/hook", "events": ["account.connected"]}


@pytest_asyncio.fixture
async def told(serve: Serve) -> Any:
    async with receiving() as receiver:
        allow = f"127.0.0.1:{receiver.port}"
        yield Told(world=await serve(OUTBOUND_ALLOW=allow, BACKGROUND="false"), receiver=receiver)


async def made(world: World, **changes: Any) -> Any:
    return (await world.ok("POST", SETTINGS, body={**GOOD, **changes}))["webhook"]


async def change(world: World, webhook_id: str, **changes: Any) -> Any:
    return (await world.ok("PUT", SETTINGS, body={"_id": webhook_id, **changes}))["webhook"]


@on_both_engines
async def test_a_webhook_is_made_listed_changed_and_deleted(world: World) -> None:
    created = await made(world, secret="a secret of mine", customHeaders={"Authorization": "Bearer x"})
    assert created == {
        **GOOD,
        "_id": created["_id"],
        "isActive": True,
        "failureCount": 0,
        "customHeaders": {"Authorization": "***"},
    }
    assert (await world.ok("GET", SETTINGS))["webhooks"] == [created]
    renamed = await change(world, created["_id"], name=" new ")
    assert renamed == {**created, "name": "new"}
    events = ["account.updated", "post.failed", "account.updated"]
    moved = await change(world, created["_id"], url="https://b.example/", events=events, isActive=False)
    assert moved == {**renamed, "url": "https://b.example/", "events": events[:2], "isActive": False}
    assert await world.ok("DELETE", SETTINGS, query={"id": created["_id"]}) == {"success": True}
    assert (await world.ok("GET", SETTINGS))["webhooks"] == []


async def test_the_spellings_of_the_official_clients_name_the_same_webhook(world: World) -> None:
    webhook_id = (await made(world))["_id"]
    for number, field in enumerate(("_id", "Id", "webhookId")):
        told = await world.ok("PUT", SETTINGS, body={field: webhook_id, "name": str(number)})
        assert told["webhook"]["name"] == str(number)
    await world.ok("DELETE", SETTINGS, query={"webhookId": webhook_id})


async def test_a_secret_that_is_not_given_is_made_and_shown_once(world: World) -> None:
    created = await made(world, secret="")
    assert len(sign.key_of(created["secret"])) == 32
    assert "secret" not in (await world.ok("GET", SETTINGS))["webhooks"][0]
    assert "secret" not in await change(world, created["_id"], secret="a secret of mine")
    assert "secret" not in await made(world, secret="a secret of mine")


async def test_without_a_name_it_is_called_like_its_host_and_may_say_so_in_fifty_characters(world: World) -> None:
    body = {"url": f"https://{'a' * 60}.example.com/", "events": ["account.connected"]}
    assert (await world.ok("POST", SETTINGS, body=body))["webhook"]["name"] == "a" * 50


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""),
        ("name", " "),
        ("name", "x" * 51),
        ("name", "a\x00b"),
        ("url", ""),
        ("url", "app.example.com"),
        ("url", "ftp://app.example.com/"),
        ("url", "http://app.example.com/"),
        ("url", "https://user:pass@app.example.com/"),
        ("url", "https://app.example.com:8443/"),
        ("url", "https://127.0.0.1/"),
        ("url", "https://[::1]/"),
        ("url", "https://169.254.169.254/latest/meta-data"),
        ("url", "https://2130706433/"),
        ("url", "https://10.0.0.1/"),
        ("url", "https://app.example.com/a/../b"),
        ("url", "https://app.example.com/#part"),
        ("url", "https://app.example.com/a b"),
        ("url", "https://app.example.com/\r\nx: y"),
        ("url", "https://app.example.com/" + "x" * 2048),
        ("secret", "short"),
        ("secret", "x" * 257),
        ("secret", "a secret\nof two lines"),
        ("secret", "whsec_not base64"),
        ("secret", "whsec_YWJj"),
        ("events", []),
        ("events", ["account.exploded"]),
        ("events", ["webhook.test"]),
        ("customHeaders", {"Host": "x"}),
        ("customHeaders", {"transfer-encoding": "x"}),
        ("customHeaders", {"Content-Type": "text/plain"}),
        ("customHeaders", {"x-late-signature": "x"}),
        ("customHeaders", {"Webhook-Id": "x"}),
        ("customHeaders", {"Proxy-Authorization": "x"}),
        ("customHeaders", {"a b": "x"}),
        ("customHeaders", {"": "x"}),
        ("customHeaders", {"X": "a\r\nInjected: b"}),
        ("customHeaders", {"X": ""}),
        ("customHeaders", {"X": "é"}),
        ("customHeaders", {"X": "***"}),
        ("customHeaders", {"X": "1", "x": "2"}),
        ("customHeaders", {f"X-{number}": "1" for number in range(21)}),
    ],
)
async def test_s50_what_can_be_seen_to_be_wrong_is_refused_naming_the_field(
    world: World, field: str, value: object
) -> None:
    webhook_id = (await made(world))["_id"]
    for answer in (
        await world.call("POST", SETTINGS, body={**GOOD, field: value}),
        await world.call("PUT", SETTINGS, body={"_id": webhook_id, field: value}),
    ):
        body = failure(answer, 400, "invalid_request")
        assert set(body["details"]["fields"]) == {field}
    (kept,) = (await world.ok("GET", SETTINGS))["webhooks"]
    assert (kept["url"], kept["customHeaders"]) == (GOOD["url"], {})


@pytest.mark.parametrize("field", ["url", "events"])
async def test_a_new_webhook_needs_an_address_and_events(world: World, field: str) -> None:
    answer = await world.call("POST", SETTINGS, body={name: value for name, value in GOOD.items() if name != field})
    assert failure(answer, 400)["details"]["fields"] == {field: "required"}


async def test_every_published_event_may_be_asked_for(world: World) -> None:
    assert (await made(world, events=list(EVENTS)))["events"] == list(EVENTS)


@on_both_engines
async def test_there_are_at_most_ten_however_many_are_made_at_once(world: World) -> None:
    answers = await asyncio.gather(*(world.call("POST", SETTINGS, body=GOOD) for _ in range(13)))
    assert sorted(answer.status for answer in answers) == [200] * 10 + [400] * 3
    failure(next(answer for answer in answers if answer.status == 400), 400, "too_many_webhooks")
    assert len((await world.ok("GET", SETTINGS))["webhooks"]) == 10


async def test_a_webhook_that_is_not_there_is_answered_as_published(world: World) -> None:
    failure(await world.call("PUT", SETTINGS, body={"_id": UNKNOWN_ID, "name": "x"}), 404)
    failure(await world.call("DELETE", SETTINGS, query={"id": UNKNOWN_ID}), 400)
    failure(await world.call("POST", TEST, body={"webhookId": UNKNOWN_ID}), 400)
    failure(await world.call("POST", f"{SETTINGS}/{UNKNOWN_ID}/rotate"), 404)
    failure(await world.call("POST", f"{LOGS}/{UNKNOWN_ID}/redeliver"), 404)
    assert (await world.ok("GET", LOGS, query={"webhookId": UNKNOWN_ID}))["logs"] == []


async def test_an_id_that_is_missing_or_malformed_is_400(world: World) -> None:
    for call in (
        {"method": "PUT", "path": SETTINGS, "body": {"name": "x"}},
        {"method": "PUT", "path": SETTINGS, "body": {"_id": "x"}},
        {"method": "DELETE", "path": SETTINGS},
        {"method": "DELETE", "path": SETTINGS, "query": {"id": "x"}},
        {"method": "POST", "path": TEST, "body": {}},
        {"method": "POST", "path": TEST, "body": {"webhookId": "x"}},
        {"method": "POST", "path": f"{SETTINGS}/x/rotate"},
        {"method": "POST", "path": f"{LOGS}/x/redeliver"},
        {"method": "GET", "path": LOGS, "query": {"webhookId": "x"}},
    ):
        failure(await world.call(**call), 400, "invalid_request")


async def test_a_key_limited_to_some_profiles_may_not_see_or_set_webhooks(world: World) -> None:
    webhook_id = (await made(world))["_id"]
    profiles = [world.owner.profile_id]
    key = await world.new_key("limited", scope="profiles", profileIds=profiles)
    for method, path, sent in (
        ("GET", SETTINGS, {}),
        ("POST", SETTINGS, {"body": GOOD}),
        ("PUT", SETTINGS, {"body": {"_id": webhook_id, "name": "x"}}),
        ("DELETE", SETTINGS, {"query": {"id": webhook_id}}),
        ("POST", f"{SETTINGS}/{webhook_id}/rotate", {}),
        ("POST", TEST, {"body": {"webhookId": webhook_id}}),
        ("GET", LOGS, {}),
        ("POST", f"{LOGS}/{UNKNOWN_ID}/redeliver", {}),
    ):
        failure(await world.call(method, path, key=key, **sent), 403, "forbidden")
    assert [one["name"] for one in (await world.ok("GET", SETTINGS))["webhooks"]] == ["app"]


async def test_a_hidden_header_that_is_sent_back_stays_as_it_is(told: Told) -> None:
    created = await told.webhook(customHeaders={"Authorization": "Bearer x", "X-Old": "1"})
    headers = {"authorization": "***", "X-New": "2"}
    changed = await change(told.world, created["_id"], customHeaders=headers)
    assert changed["customHeaders"] == {"authorization": "***", "X-New": "***"}
    await told.world.ok("POST", TEST, body={"webhookId": created["_id"]})
    sent = told.receiver.received[0].headers
    assert (sent["authorization"], sent["x-new"], "x-old" in sent) == ("Bearer x", "2", False)
    assert (await change(told.world, created["_id"], customHeaders={}))["customHeaders"] == {}


async def test_a_test_is_sent_at_once_and_told_from_real_events(told: Told) -> None:
    created = await told.webhook(isActive=False)
    answer = await told.world.ok("POST", TEST, body={"webhookId": created["_id"]})
    assert answer == {"success": True, "message": "Test webhook sent successfully"}
    (received,) = told.receiver.received
    assert received.json["event"] == "webhook.test"
    assert sign.verify(received.headers, received.body, (created["secret"],)) == received.json["id"]
    (log,) = await told.logs(event="webhook.test")
    assert (log["status"], log["attemptNumber"], log["requestPayload"]) == ("success", 1, received.json)


async def test_a_test_that_is_not_taken_is_500_in_the_published_form(told: Told) -> None:
    created = await told.webhook()
    told.receiver.usual = answering(404)
    answer = await told.world.call("POST", TEST, body={"webhookId": created["_id"]})
    body = answer.json
    assert (answer.status, body["success"], body["code"]) == (500, False, "webhook_failed")
    assert body["message"] == body["error"]
    assert "answered 404" in body["message"]
    (webhook,) = await told.webhooks()
    assert (webhook["failureCount"], "lastFiredAt" in webhook) == (0, False)


async def test_a_log_entry_tells_what_was_sent_and_answered(told: Told) -> None:
    created = await told.webhook()
    told.receiver.usual = answering(201, "thank you")
    await told.connect()
    await told.deliver()
    (log,) = await told.logs()
    assert log.pop("responseTime") >= 0
    assert log.pop("createdAt").endswith("Z")
    assert len(log.pop("_id")) == 24
    assert log == {
        "webhookId": created["_id"],
        "webhookName": "app",
        "event": "account.connected",
        "url": told.receiver.url,
        "status": "success",
        "statusCode": 201,
        "requestPayload": told.receiver.bodies[0],
        "responseBody": "thank you",
        "attemptNumber": 1,
    }


async def test_the_log_is_filtered_and_bounded(told: Told) -> None:
    await told.webhook()
    account = await told.connect()
    told.receiver.reactions.append(answering(500))
    await told.deliver()
    await told.rename(account, *(str(number) for number in range(3)))
    assert [log["event"] for log in await told.logs(status="failed")] == ["account.connected"]
    assert await told.logs(status="success") == []
    assert await told.logs(event="account.updated") == []
    for query in ({"limit": "0"}, {"limit": "101"}, {"limit": "x"}, {"status": "lost"}, {"event": "account.exploded"}):
        failure(await told.world.call("GET", LOGS, query=query), 400, "invalid_request")
    for _ in range(3):
        await told.world.call("POST", f"{LOGS}/{(await told.logs())[0]['_id']}/redeliver")
    assert [len(await told.logs(**query)) for query in ({}, {"limit": "2"})] == [4, 2]


async def test_s52_a_redelivery_has_the_same_id_and_body_and_a_new_time_and_signature(
    told: Told, frozen_clock: FrozenClock
) -> None:
    created = await told.webhook()
    told.receiver.reactions.append(answering(500))
    account = await told.connect()
    await told.deliver()
    frozen_clock.advance(2)
    (log,) = await told.logs()
    answer = await told.world.ok("POST", f"{LOGS}/{log['_id']}/redeliver")
    assert answer == {"success": True, "message": "Webhook redelivered successfully"}
    first, second = told.receiver.received
    assert (first.message_id, first.body) == (second.message_id, second.body)
    assert first.headers["webhook-timestamp"] != second.headers["webhook-timestamp"]
    assert first.headers["webhook-signature"] != second.headers["webhook-signature"]
    assert sign.verify(second.headers, second.body, (created["secret"],)) == first.message_id
    assert [one["attemptNumber"] for one in await told.logs()] == [2, 1]
    frozen_clock.advance(3600)
    assert await told.deliver() == 0, "what arrived by hand is not tried any more"
    (webhook,) = await told.webhooks()
    assert webhook["lastFiredAt"]
    await told.rename(account, "next")
    assert await told.deliver() == 1


async def test_a_redelivery_that_is_not_taken_leaves_the_next_try_where_it_was(
    told: Told, frozen_clock: FrozenClock
) -> None:
    await told.webhook()
    told.receiver.usual = answering(500)
    await told.connect()
    await told.deliver()
    (log,) = await told.logs()
    answer = await told.world.call("POST", f"{LOGS}/{log['_id']}/redeliver")
    assert (answer.status, answer.json["success"]) == (500, False)
    told.receiver.usual = answering(200)
    frozen_clock.advance(5)
    assert await told.deliver() == 1


async def test_a_message_of_a_deleted_webhook_cannot_be_sent_again_and_its_log_stays(told: Told) -> None:
    created = await told.webhook()
    account = await told.connect()
    await told.deliver()
    await told.rename(account, "waits")
    await told.world.ok("DELETE", SETTINGS, query={"id": created["_id"]})
    assert await told.deliver() == 0
    assert await told.world.service.db.all("SELECT * FROM deliveries") == []
    (log,) = await told.logs()
    failure(await told.world.call("POST", f"{LOGS}/{log['_id']}/redeliver"), 404)


async def test_switching_off_drops_what_waits(told: Told) -> None:
    created = await told.webhook()
    await told.connect()
    await change(told.world, created["_id"], isActive=False)
    await change(told.world, created["_id"], isActive=True)
    assert await told.deliver() == 0


def live(receiver: Receiver, secret: str) -> bool:
    """Whether the last request is signed under the secret."""
    received = receiver.received[-1]
    try:
        sign.verify(received.headers, received.body, (secret,))
    except sign.NotGenuine:
        return False
    return True


async def test_s52_after_a_rotation_both_secrets_sign_for_24_hours(told: Told, frozen_clock: FrozenClock) -> None:
    created = await told.webhook()
    rotated = await told.world.ok("POST", f"{SETTINGS}/{created['_id']}/rotate")
    old, new = created["secret"], rotated["webhook"]["secret"]
    assert old != new
    assert rotated["formerSecretExpiresAt"] == "2026-03-05T05:06:07.890Z"
    for advance_s, lives in ((0, True), (24 * 3600 - 0.001, True), (0.001, False)):
        frozen_clock.advance(advance_s)
        await told.world.ok("POST", TEST, body={"webhookId": created["_id"]})
        assert (live(told.receiver, new), live(told.receiver, old)) == (True, lives)


async def test_s52_a_second_rotation_ends_the_first_secret_and_a_given_one_is_not_answered(told: Told) -> None:
    created = await told.webhook()
    path = f"{SETTINGS}/{created['_id']}/rotate"
    second = (await told.world.ok("POST", path, body={}))["webhook"]["secret"]
    third = "a secret of mine"
    assert "secret" not in (await told.world.ok("POST", path, body={"secret": third}))["webhook"]
    await told.world.ok("POST", TEST, body={"webhookId": created["_id"]})
    assert [live(told.receiver, secret) for secret in (created["secret"], second, third)] == [False, True, True]
    failure(await told.world.call("POST", path, body={"secret": "short"}), 400)


async def test_a_secret_that_is_set_replaces_every_earlier_one_at_once(told: Told) -> None:
    created = await told.webhook()
    rotated = await told.world.ok("POST", f"{SETTINGS}/{created['_id']}/rotate")
    await change(told.world, created["_id"], secret="a secret of mine")
    await told.world.ok("POST", TEST, body={"webhookId": created["_id"]})
    secrets = (created["secret"], rotated["webhook"]["secret"], "a secret of mine")
    assert [live(told.receiver, secret) for secret in secrets] == [False, False, True]


async def test_s32_a_secret_moved_to_another_webhook_does_not_open(told: Told) -> None:
    first, second = await told.webhook(), await told.webhook()
    await told.world.service.db.run(
        "UPDATE webhooks SET secret_sealed = (SELECT secret_sealed FROM webhooks WHERE id = $1) WHERE id = $2",
        first["_id"],
        second["_id"],
    )
    answer = await told.world.call("POST", TEST, body={"webhookId": second["_id"]})
    assert (answer.status, "cannot open" in answer.json["message"]) == (500, True)
    assert told.receiver.received == []
