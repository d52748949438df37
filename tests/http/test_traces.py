"""Spans of requests, calls out, statements and jobs, as a receiver gets them; nothing secret in any of them."""

import asyncio
import json
import socket
import time
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from moorline import logs
from moorline.jobs.renewals import Renewals
from tests.conftest import FrozenClock
from tests.harness import APP_URL, OAUTH, TWITTER_TOKEN, UNKNOWN_ID, World, on_both_engines, query_of
from tests.http.collector import Collector, collecting
from tests.http.conftest import Lines, Serve

LIFE_S = 2 * 3600
CALLER = "4bf92f3577b34da6a3ce929d0e0e4736"


@pytest_asyncio.fixture
async def collector() -> AsyncIterator[Collector]:
    with collecting() as opened:
        yield opened


@pytest_asyncio.fixture
async def traced(collector: Collector, serve: Serve) -> World:
    return await serve(TRACES_URL=collector.url)


async def sent(world: World) -> None:
    """Everything that has ended is with the receiver."""
    tracing = world.service.tracing
    assert tracing is not None
    assert await asyncio.to_thread(tracing.flush)


async def test_without_a_setting_nothing_is_wrapped(world: World) -> None:
    assert world.service.tracing is None
    assert type(world.service.db).__name__ == "SqliteDatabase"
    assert type(world.service.http).__name__ == "Outbound"
    assert logs.around_jobs == []


@on_both_engines
async def test_a_callback_is_one_trace_down_to_its_statements_and_calls(
    collector: Collector, serve: Serve, lines: Lines
) -> None:
    world = await serve(TRACES_URL=collector.url)
    await world.landing("twitter")
    await sent(world)
    (callback,) = collector.named("GET /connect/{platform}/callback")
    assert callback.attributes["http.route"] == "/connect/{platform}/callback"
    assert callback.attributes["http.response.status_code"] == 303
    assert not callback.parent_id
    trace = collector.trace_of(callback)
    calls = [span for span in trace if "server.address" in span.attributes]
    assert {span.name for span in calls} == {"POST /2/oauth2/token", "GET /2/users/me"}
    assert {span.attributes["server.address"] for span in calls} == {"api.x.com"}
    assert {span.attributes["moorline.platform"] for span in calls} == {"twitter"}
    statements = [span for span in trace if "db.system.name" in span.attributes]
    assert "UPDATE attempts" in {span.name for span in statements}
    (saving,) = (span for span in statements if span.name == "transaction")
    assert saving.attributes["moorline.durable"] is True
    assert "INSERT accounts" in saving.attributes["moorline.statements"]
    assert {span.parent_id for span in [*calls, *statements]} == {callback.span_id}
    (answered,) = (one for one in lines.entries() if one.get("route") == "/connect/{platform}/callback")
    assert answered["trace_id"] == callback.trace_id
    assert answered["request_id"] == callback.attributes["moorline.request_id"]
    assert answered["attempt_id"] == callback.attributes["moorline.attempt_id"]


async def test_a_renewal_in_the_background_is_a_trace_of_its_own(
    traced: World, collector: Collector, frozen_clock: FrozenClock, lines: Lines
) -> None:
    await traced.landing("twitter")
    frozen_clock.advance(LIFE_S)
    await Renewals(traced.service).work()
    await sent(traced)
    (job,) = collector.named("job renewal")
    assert {"POST /2/oauth2/token", "transaction"} <= {span.name for span in collector.trace_of(job)}
    (renewed,) = (one for one in lines.entries() if one["event"] == "tokens_renewed")
    assert renewed["trace_id"] == job.trace_id
    assert renewed["job"] == "renewal"


async def test_statements_of_nobodys_request_or_job_have_no_span(traced: World, collector: Collector) -> None:
    await Renewals(traced.service).work()  # looks, and finds nothing
    await sent(traced)
    assert collector.spans == []


async def test_a_failure_is_told_by_its_kind_not_by_its_text(traced: World, collector: Collector) -> None:
    await traced.fault("twitter", TWITTER_TOKEN, status=400, body={"error": "invalid_grant: secret-of-theirs"})
    await traced.landing("twitter")
    await traced.call("GET", f"/v1/accounts/{UNKNOWN_ID}")
    await sent(traced)
    (call,) = collector.named("POST /2/oauth2/token")
    assert call.failed
    assert call.attributes["error.type"] == "400"
    (read,) = collector.named("GET /api/v1/accounts/{account_id}")
    assert not read.failed
    assert not any(b"secret-of-theirs" in body for body in collector.raw)


@pytest.mark.parametrize("joins", [False, True])
async def test_a_callers_trace_is_joined_only_where_that_is_set(
    collector: Collector, serve: Serve, joins: bool
) -> None:
    world = await serve(TRACES_URL=collector.url, TRACES_JOIN_CALLERS=str(joins))
    given = {"traceparent": f"00-{CALLER}-00f067aa0ba902b7-01", "tracestate": "vendor=secret", "baggage": "a=secret"}
    await world.call("GET", "/v1/users", headers=given)
    await world.call("GET", "/v1/users", headers={"traceparent": "00-nonsense-\u00fc-01"})
    await sent(world)
    first, second = collector.named("GET /api/v1/users")
    assert (first.trace_id == CALLER) is joins
    assert (first.parent_id == "00f067aa0ba902b7") is joins
    assert second.trace_id != CALLER
    assert not any(b"vendor" in body or b"secret" in body for body in collector.raw)


async def test_a_receiver_that_is_away_keeps_nobody(serve: Serve) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        world = await serve(TRACES_URL=f"http://127.0.0.1:{closed.getsockname()[1]}/v1/traces")
        assert (await world.call("GET", "/v1/users")).status == 200
        begun_s = time.monotonic()
        await world.restart(TRACES_URL="")
        assert time.monotonic() - begun_s < 10
    assert (await world.call("GET", "/v1/users")).status == 200


async def test_s30_no_span_holds_a_secret_an_address_or_an_id_of_a_person(traced: World, collector: Collector) -> None:
    codes: list[str] = []
    for platform in OAUTH:
        started = await traced.start(platform, APP_URL)
        callback = await traced.consent(started["authUrl"])
        codes += [started["state"], query_of(callback)["code"]]
        await (await traced.browser()).open(callback)
    link = await traced.ok(
        "POST", "/v1/connect/links", body={"profileId": traced.owner.profile_id, "platforms": ["twitter"]}
    )
    token = json.dumps(link).split("/connect/link/")[1].split('"')[0]
    await (await traced.browser()).open(f"{traced.base_url}/connect/link/{token}")
    for account in await traced.accounts():
        await traced.call("GET", f"/v1/accounts/{account['_id']}/token")
        await traced.call("GET", f"/v1/accounts/{account['_id']}/proxy/2/secret-path?secret=query")
        await traced.call("DELETE", f"/v1/accounts/{account['_id']}")
    hook = {"name": "app", "url": "https://receiver.example/services/secret-hook", "events": ["account.connected"]}
    made = await traced.ok("POST", "/v1/webhooks/settings", body={**hook, "secret": "a-webhook-secret"})
    await traced.call("POST", "/v1/webhooks/test", body={"webhookId": made["webhook"]["_id"]})
    await traced.tell_bot("LATE-AAAAAA")
    body = {"identifier": "ana.test", "password": "aaaa-bbbb-cccc-dddd"}
    await traced.call("POST", "/v1/connect/bluesky/credentials", body=body)
    await sent(traced)
    exported = b"".join(collector.raw).decode("latin-1")
    assert len(collector.spans) > 100
    issued = [one["value"] for one in await traced.control("GET", "issued")]
    assert issued
    secrets = [*codes, *issued, token, traced.owner.api_key, "a-webhook-secret", "aaaa-bbbb", "secret-hook"]
    for secret in [*secrets, "secret-path", "secret=query", "sandbox-twitter-secret", "owner@example.com"]:
        assert secret not in exported
    for span in collector.spans:
        assert "?" not in span.name
        assert set(span.attributes) <= KNOWN, span


KNOWN = {
    "db.system.name",
    "error.type",
    "http.request.method",
    "http.response.status_code",
    "http.route",
    "moorline.attempt_id",
    "moorline.durable",
    "moorline.platform",
    "moorline.request_id",
    "moorline.statements",
    "server.address",
    "url.template",
}
