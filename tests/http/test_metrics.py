"""`/metrics`: who may scrape, what is counted by what people and programs do, and what no label ever holds."""

import asyncio
import re
from collections.abc import Mapping

import pytest
from prometheus_client.parser import text_string_to_metric_families

from moorline import logs
from moorline.jobs.renewals import Renewals
from moorline.scrape import Scrape
from moorline.store.sqlite import SqliteDatabase
from tests.conftest import FrozenClock
from tests.harness import (
    APP_URL,
    OAUTH,
    TWITTER_TOKEN,
    UNKNOWN_ID,
    World,
    failure,
    on_both_engines,
    query_of,
)
from tests.http.conftest import Serve

TOKEN = "a-token-for-scraping-only"
LIFE_S = 2 * 3600


@pytest.fixture
async def counted(serve: Serve) -> World:
    """A world that is scraped."""
    return await serve(METRICS_TOKEN=TOKEN)


class Series:
    """What a scrape told."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.families = {family.name: family for family in text_string_to_metric_families(text)}
        self._values: dict[tuple[str, frozenset[tuple[str, str]]], float] = {}
        for family in self.families.values():
            for sample in family.samples:
                self._values[sample.name, frozenset(sample.labels.items())] = sample.value

    def value(self, name: str, **labels: str) -> float | None:
        """One value; None when there is none."""
        return self._values.get((f"moorline_{name}", frozenset(labels.items())))

    def labels(self) -> set[tuple[str, str]]:
        """Every label with its value."""
        return {pair for _, labels in self._values for pair in labels}


async def scrape(world: World) -> Series:
    answer = await world.call("GET", "/metrics", key=TOKEN)
    assert answer.status == 200, answer.text
    return Series(answer.text)


# Who may


async def test_without_a_setting_there_is_no_such_path_and_nothing_is_counted(world: World) -> None:
    failure(await world.call("GET", "/metrics"), 404, "not_found")
    assert world.service.metrics is None
    assert logs.watchers == []


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"authorization": f"Bearer {TOKEN}x"},
        {"authorization": f"Bearer {TOKEN[:-1]}"},
        {"authorization": TOKEN},
        {"authorization": f"Basic {TOKEN}"},
        {"authorization": "Bearer "},
        {"authorization": "Bearer é"},
    ],
)
async def test_only_who_brings_the_token_is_told_anything(counted: World, headers: Mapping[str, str]) -> None:
    answer = await counted.call("GET", "/metrics", key=None, headers=headers)
    assert (answer.status, answer.text) == (401, "")
    assert answer.headers["www-authenticate"] == "Bearer"


async def test_an_api_key_is_no_token_for_scraping_nor_the_other_way_round(counted: World) -> None:
    assert (await counted.call("GET", "/metrics")).status == 401
    assert (await counted.call("GET", "/v1/accounts", key=TOKEN)).status == 401


async def test_a_scraper_gets_the_format_it_asks_for_and_no_cache_keeps_it(counted: World) -> None:
    answer = await counted.call("GET", "/metrics", key=TOKEN)
    assert answer.headers["content-type"].startswith("text/plain")
    assert answer.headers["cache-control"] == "no-store"
    accept = {"accept": "application/openmetrics-text; version=1.0.0"}
    answer = await counted.call("GET", "/metrics", key=TOKEN, headers=accept)
    assert answer.headers["content-type"].startswith("application/openmetrics-text")
    assert answer.text.endswith("# EOF\n")


# What is counted


async def test_a_connection_is_counted_once_at_each_of_its_steps(counted: World) -> None:
    await counted.landing("twitter")
    told = await scrape(counted)
    assert told.value("connect_starts_total", platform="twitter") == 1
    assert told.value("connect_callbacks_total", platform="twitter", outcome="connected") == 1
    assert told.value("accounts_connected_total", platform="twitter") == 1
    assert told.value("outbound_calls_total", platform="twitter", outcome="2xx") == 2
    assert told.value("outbound_seconds_count", platform="twitter") == 2
    assert told.value("connect_failures_total", platform="twitter", stage="exchange", slug="x") is None


async def test_a_failed_connection_is_counted_by_its_stage_and_slug(counted: World) -> None:
    await counted.landing("twitter", button="deny")
    await counted.fault("twitter", TWITTER_TOKEN, status=400, body={"error": "invalid_grant"})
    await counted.landing("twitter")
    told = await scrape(counted)
    assert told.value("connect_callbacks_total", platform="twitter", outcome="oauth_denied") == 1
    assert told.value("connect_callbacks_total", platform="twitter", outcome="token_exchange_failed") == 1
    failed = {"platform": "twitter", "stage": "exchange", "slug": "token_exchange_failed"}
    assert told.value("connect_failures_total", **failed) == 1
    assert told.value("connect_failures_total", platform="twitter", stage="started", slug="oauth_denied") == 1
    assert told.value("outbound_calls_total", platform="twitter", outcome="4xx") == 1


async def test_a_callback_finished_by_a_server_is_counted_when_it_fails_too(counted: World) -> None:
    started = await counted.start("twitter")
    code = query_of(await counted.consent(started["authUrl"]))["code"]
    body = {"code": code + "x", "state": started["state"], "profileId": counted.owner.profile_id}
    assert (await counted.call("POST", "/v1/connect/twitter", body=body)).status == 500
    told = await scrape(counted)
    assert told.value("connect_callbacks_total", platform="twitter", outcome="token_exchange_failed") == 1


async def test_choices_are_counted_by_what_became_of_them(counted: World) -> None:
    fields = await counted.selection()
    assert (await counted.select(fields, "190")).status == 404
    assert (await counted.select(fields, "100000000000101")).status == 200
    assert (await counted.select(fields, "100000000000101")).status == 200  # the same again saves nothing
    told = await scrape(counted)
    assert told.value("connect_callbacks_total", platform="facebook", outcome="selecting") == 1
    for outcome in ("opened", "failed", "made"):
        assert told.value("selections_total", platform="facebook", outcome=outcome) == 1, outcome


async def test_calls_with_tokens_are_counted_by_how_they_were_served(counted: World, frozen_clock: FrozenClock) -> None:
    await counted.landing("twitter")
    (account,) = await counted.accounts()
    path = f"/v1/accounts/{account['_id']}"
    assert (await counted.call("GET", f"{path}/token")).status == 200
    frozen_clock.advance(LIFE_S)
    assert (await counted.call("GET", f"{path}/token")).status == 200
    assert (await counted.call("GET", f"{path}/proxy/2/users/me")).status == 200
    frozen_clock.advance(LIFE_S)
    await counted.fault("twitter", TWITTER_TOKEN, status=400, body={"error": "invalid_grant"})
    assert (await counted.call("GET", f"{path}/token")).status == 500
    told = await scrape(counted)
    for outcome in ("kept", "renewed", "failed"):
        assert told.value("token_calls_total", platform="twitter", outcome=outcome) == 1, outcome
    assert told.value("proxied_calls_total", platform="twitter", outcome="2xx") == 1
    assert told.value("renewals_total", platform="twitter", outcome="ok") == 1
    assert told.value("renewals_total", platform="twitter", outcome="dead") == 1
    assert told.value("accounts_disconnected_total", platform="twitter", kind="unintentional") == 1


async def test_renewals_that_fail_are_counted_by_whose_turn_it_is(counted: World, frozen_clock: FrozenClock) -> None:
    await counted.landing("twitter")
    frozen_clock.advance(LIFE_S)
    told = await scrape(counted)
    assert told.value("renewals_due") == 1
    assert (told.value("renewals_oldest_due_seconds") or 0) > 0
    for status, error in ((503, "busy"), (401, "invalid_client")):
        await counted.fault("twitter", TWITTER_TOKEN, status=status, body={"error": error}, count=3)
        await Renewals(counted.service).work()
        await counted.control("DELETE", "faults")
        frozen_clock.advance(6 * 3600)
    told = await scrape(counted)
    assert told.value("renewals_total", platform="twitter", outcome="later") == 1
    assert told.value("renewals_total", platform="twitter", outcome="ours") == 1


async def test_a_disconnection_and_its_revocation_are_counted(counted: World) -> None:
    await counted.landing("twitter")
    (account,) = await counted.accounts()
    assert (await counted.call("DELETE", f"/v1/accounts/{account['_id']}")).status == 200
    told = await scrape(counted)
    assert told.value("accounts_disconnected_total", platform="twitter", kind="intentional") == 1
    assert told.value("revocations_total", platform="twitter", outcome="done") == 1


async def test_requests_are_counted_by_route_never_by_path(counted: World) -> None:
    await counted.call("GET", f"/v1/accounts/{UNKNOWN_ID}")
    await counted.call("GET", "/v1/nothing/secret-looking")
    await counted.call("TRACE", "/v1/accounts")
    told = await scrape(counted)
    route = "/api/v1/accounts/{account_id}"
    assert told.value("http_requests_total", method="GET", route="none", status="4xx") == 1
    assert told.value("http_requests_total", method="other", route="none", status="4xx") == 1
    routes = {value for name, value in told.labels() if name == "route"}
    assert any(value.startswith("/api/v1/accounts") for value in routes), (route, routes)
    assert UNKNOWN_ID not in told.text
    assert "secret-looking" not in told.text


# What is read


@on_both_engines
async def test_a_database_that_is_away_is_told_and_fails_no_scrape(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = await serve(METRICS_TOKEN=TOKEN)
    engine = world.service.db.engine
    up = await scrape(world)
    assert up.value("database_up", engine=engine) == 1
    assert up.value("deliveries_due") == up.value("revocations_waiting") == 0
    assert up.value("tokens_expiring", within="7d") == 0
    assert up.value("database_waiting") == 0
    assert (up.value("database_connections", state="idle") is None) is (engine == "sqlite")
    monkeypatch.setattr("moorline.scrape.EVERY_S", 0.0)
    metrics = world.service.metrics
    assert metrics is not None
    scraper = Scrape(world.service, metrics)
    await world.service.db.close()
    answer = await scraper.answer(authorization=f"Bearer {TOKEN}", accept="")
    assert answer.status == 200
    down = Series(answer.body.decode())
    assert down.value("database_up", engine=engine) == 0
    assert down.value("deliveries_due") is None
    assert set(down.families) == set(up.families)


async def test_the_database_is_asked_once_however_often_it_is_scraped(
    counted: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    one = SqliteDatabase.one

    async def noting(self: SqliteDatabase, sql: str, *args: object) -> object:
        if "deliveries" in sql:
            asked.append(sql)
        return await one(self, sql, *args)

    monkeypatch.setattr(SqliteDatabase, "one", noting)
    await asyncio.gather(*(scrape(counted) for _ in range(8)))
    assert len(asked) == 1


# What no label holds


async def test_s30_no_label_holds_an_id_an_address_or_a_secret(counted: World) -> None:
    for platform in OAUTH:
        await counted.landing(platform, APP_URL)
    await counted.landing("twitter", button="deny")
    await counted.call("GET", "/v1/connect/nothing-of-ours", query={"profileId": counted.owner.profile_id})
    await counted.call("GET", "/v1/connect/<script>", query={"profileId": counted.owner.profile_id})
    told = await scrape(counted)
    for name, value in told.labels():
        if name == "route":
            assert re.fullmatch(r"none|(?:/[a-z0-9_.{}-]+)+|/", value), value
        elif name not in {"version", "python", "le"}:
            assert re.fullmatch(r"[A-Za-z0-9_]{1,32}", value), (name, value)
    rows = await counted.service.db.all(
        "SELECT id FROM users UNION SELECT id FROM profiles UNION SELECT id FROM accounts UNION SELECT id FROM attempts"
    )
    issued = [one["value"] for one in await counted.control("GET", "issued")]
    for secret in [*(row["id"] for row in rows), *issued, counted.owner.api_key, counted.base_url, TOKEN]:
        assert secret not in told.text


async def test_a_platform_that_is_none_becomes_no_label(counted: World) -> None:
    metrics = counted.service.metrics
    assert metrics is not None
    for name in metrics.counted:
        metrics.count(
            name, {"platform": "http://evil/", "slug": "x y", "stage": "1" * 99, "outcome": "?", "method": "X"}
        )
        metrics.count(name, {})
    values = {value for _, value in (await scrape(counted)).labels()}
    assert not values & {"http://evil/", "x y", "1" * 99, "?", "X"}


async def test_every_call_out_is_counted_for_its_platform(counted: World) -> None:
    """What is sent out on behalf of a platform is counted there, from the first call to the last."""
    for platform in OAUTH:
        await counted.landing(platform, APP_URL)
    for account in await counted.accounts():
        assert (await counted.call("DELETE", f"/v1/accounts/{account['_id']}")).status == 200
    told = await scrape(counted)
    assert {value for name, value in told.labels() if name == "platform"} >= set(OAUTH)
    assert told.value("outbound_seconds_count", platform="other") is None
