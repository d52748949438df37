"""`/v1/accounts/health` and `/v1/accounts/{id}/health`: the judgement as a table, then what callers are told of it."""

from datetime import datetime, timedelta
from typing import Any

import msgspec
import pytest

from moorline import clock, platforms
from moorline.accounts.health import Health, Rules, Status, judge
from moorline.adapter.oauth import OAuthPlatform
from moorline.adapter.values import Renews
from moorline.http.health import in_words
from moorline.store.account_health import AccountFacts
from tests.conftest import FrozenClock
from tests.harness import TWITTER_TOKEN, UNKNOWN_ID, World, failure, on_both_engines, shares_a_world
from tests.http.conftest import Serve
from tests.store.rows import NOW

LIST = "/v1/accounts/health"
BY_REFRESH_TOKEN = Rules(renews=Renews.BY_REFRESH_TOKEN, asked=("read", "write"), own=("read", "write"))
BY_EXCHANGE = Rules(renews=Renews.BY_EXCHANGE, asked=("read",), own=("read",))
NEVER = Rules(renews=Renews.NEVER, asked=("read",), own=("read",))
SESSION = Rules(renews=Renews.BY_REFRESH_TOKEN)
BOT = Rules(renews=None)
WITH_FIGURES = Rules(
    renews=Renews.NEVER, asked=("read", "extra", "plays"), own=("read", "plays"), analytics=("plays", "likes")
)
DAY = timedelta(days=1)


def days(count: float) -> datetime:
    return NOW + count * DAY


def facts(**changes: Any) -> AccountFacts:
    """An account whose access lives two more hours and can be renewed for a year."""
    made = AccountFacts(
        account_id="a" * 24,
        profile_id="b" * 24,
        platform="twitter",
        username="asa",
        display_name="Åsa",
        is_active=True,
        proven_at=days(-1),
        access_expires_at=days(1 / 12),
        refresh_expires_at=days(365),
        renew_at=days(1 / 16),
        has_refresh=True,
    )
    return msgspec.structs.replace(made, **changes)


def lasting(count: float, **changes: Any) -> AccountFacts:
    """Access of so many days that comes with no refresh token."""
    return facts(access_expires_at=days(count), refresh_expires_at=None, has_refresh=False, **changes)


CHAT = facts(access_expires_at=None, refresh_expires_at=None, has_refresh=False, proven_at=None, renew_at=None)

# What is so, by which rules; then: status, whether the token is good, and when a person is needed.
TABLE: dict[str, tuple[AccountFacts, Rules, Status, bool, datetime | None]] = {
    "all is well": (facts(), BY_REFRESH_TOKEN, "healthy", True, days(365)),
    "the right to renew has no known end": (
        facts(refresh_expires_at=None), BY_REFRESH_TOKEN, "healthy", True, None
    ),
    "access that never ends": (
        facts(access_expires_at=None, has_refresh=False), BY_REFRESH_TOKEN, "healthy", True, None
    ),
    "run out, but renewed on use": (facts(access_expires_at=days(-9)), BY_REFRESH_TOKEN, "healthy", True, days(365)),
    "run out, and renewing fails": (
        facts(access_expires_at=days(-1), failures=3), BY_REFRESH_TOKEN, "warning", False, days(365)
    ),
    "run out this instant, and renewing fails": (
        facts(access_expires_at=NOW, failures=1), BY_REFRESH_TOKEN, "warning", False, days(365)
    ),
    "renewing fails, and it still works": (facts(failures=1), BY_REFRESH_TOKEN, "warning", True, days(365)),
    "run out, and so has the refresh token": (
        facts(access_expires_at=days(-2), refresh_expires_at=days(-1)), BY_REFRESH_TOKEN, "error", False, days(-1)
    ),
    "the refresh token has run out before the access": (
        facts(access_expires_at=days(20), refresh_expires_at=days(-1)), BY_REFRESH_TOKEN, "healthy", True, days(20)
    ),
    "the refresh token ends in 15 days": (
        facts(refresh_expires_at=days(15)), BY_REFRESH_TOKEN, "healthy", True, days(15)
    ),
    "the refresh token ends in 14 days": (
        facts(refresh_expires_at=days(14)), BY_REFRESH_TOKEN, "warning", True, days(14)
    ),
    "no refresh token, 60 days": (lasting(60), BY_REFRESH_TOKEN, "healthy", True, days(60)),
    "no refresh token, 14 days": (lasting(14), BY_REFRESH_TOKEN, "warning", True, days(14)),
    "no refresh token, run out this instant": (lasting(0), BY_REFRESH_TOKEN, "error", False, days(0)),
    "never renewed, 15 days": (lasting(15), NEVER, "healthy", True, days(15)),
    "never renewed, 1 day": (lasting(1), NEVER, "warning", True, days(1)),
    "never renewed, with a refresh token": (facts(access_expires_at=days(-1)), NEVER, "error", False, days(-1)),
    "traded in time": (lasting(5), BY_EXCHANGE, "healthy", True, None),
    "traded, but that fails": (lasting(5, failures=2), BY_EXCHANGE, "warning", True, days(5)),
    "traded too late": (lasting(-1), BY_EXCHANGE, "error", False, days(-1)),
    "given up": (facts(dead_at=days(-3), dead_reason="Revoked.", is_active=False), SESSION, "error", False, days(-3)),
    "given up, though it has time left": (facts(dead_at=days(-3)), SESSION, "error", False, days(-3)),
    "switched off": (facts(is_active=False), BY_REFRESH_TOKEN, "error", False, NOW),
    "a Page, whose token never ends": (lasting(-5, has_own_token=True), BY_EXCHANGE, "healthy", True, None),
    "a Page of a consent that is hard to renew": (
        lasting(-5, has_own_token=True, failures=4), BY_EXCHANGE, "warning", True, None
    ),
    "a Page of a consent that was given up": (
        lasting(50, has_own_token=True, dead_at=days(-1)), BY_EXCHANGE, "error", False, days(-1)
    ),
    "a session": (facts(granted=("com.atproto.appPass",)), SESSION, "healthy", True, days(365)),
    "a bot's chat": (CHAT, BOT, "healthy", True, None),
    "a chat without the bot": (msgspec.structs.replace(CHAT, is_active=False), BOT, "error", False, NOW),
    "a scope left out": (facts(granted=("read",)), BY_REFRESH_TOKEN, "error", True, NOW),
    "a scope left out, and soon over": (lasting(3, granted=("read",)), BY_REFRESH_TOKEN, "error", True, NOW),
    "scopes never told": (facts(granted=None), BY_REFRESH_TOKEN, "healthy", True, days(365)),
}  # fmt: skip


def judged(case: str) -> Health:
    given, rules, *_ = TABLE[case]
    return judge(given, rules, NOW)


@pytest.mark.parametrize("case", TABLE)
def test_an_account_is_judged_by_what_is_known(case: str) -> None:
    *_, status, token_valid, human_needed_at = TABLE[case]
    found = judged(case)
    assert (found.status, found.token_valid, found.human_needed_at) == (status, token_valid, human_needed_at)


@pytest.mark.parametrize("case", TABLE)
def test_whatever_is_wrong_is_told_with_what_to_do(case: str) -> None:
    found = judged(case)
    assert len(found.issues) == len(found.recommendations) == len(set(found.issues))
    assert bool(found.issues) == (found.status != "healthy")
    assert (found.human_needed_why is None) == (found.human_needed_at is None)
    assert found.needs_reconnect == (found.status == "error")
    if found.status == "error":
        assert found.human_needed_why == found.issues[0]
        assert not found.can_post


@pytest.mark.parametrize(
    ("case", "told"),
    [
        ("given up", "Revoked."),
        ("the refresh token ends in 14 days", "2026-03-18"),
        ("no refresh token, 14 days", "no way to renew"),
        ("traded, but that fails", "2026-03-09"),
        ("run out, and renewing fails", "3 times"),
        ("renewing fails, and it still works", "once"),
        ("a scope left out", "write"),
        ("a scope left out, and soon over", "2026-03-07"),
    ],
)
def test_an_issue_names_the_reason_or_the_day(case: str, told: str) -> None:
    assert told in " ".join(judged(case).issues)


def test_what_was_given_up_is_not_said_to_be_tried_again() -> None:
    found = judge(facts(dead_at=NOW, dead_reason="Revoked.", failures=5), BY_REFRESH_TOKEN, NOW)
    assert found.issues == ("Revoked.",)


def test_who_left_out_a_scope_is_asked_to_tick_it() -> None:
    assert "(write)" in judged("a scope left out").recommendations[0]


def test_who_threw_the_bot_out_is_asked_to_let_it_in() -> None:
    assert "administrator" in judged("a chat without the bot").recommendations[0]


def test_scopes_are_told_by_what_they_are_for() -> None:
    permissions = judge(facts(granted=("read", "likes", "beyond")), WITH_FIGURES, NOW).permissions

    def told(group: str) -> list[tuple[str, bool, bool]]:
        return [(one.scope, one.granted, one.required) for one in getattr(permissions, group)]

    assert told("posting") == [("read", True, True), ("extra", False, False)]
    assert told("analytics") == [("plays", False, False), ("likes", True, False)]
    assert told("optional") == [("beyond", True, False)]
    assert permissions.missing == ()


@pytest.mark.parametrize(
    ("rules", "granted", "can_fetch"),
    [
        (WITH_FIGURES, ("read", "likes"), True),
        (WITH_FIGURES, ("read", "extra"), False),
        (WITH_FIGURES, None, True),
        (BY_REFRESH_TOKEN, ("read", "write"), True),
        (BY_REFRESH_TOKEN, ("read",), True),
        (SESSION, None, True),
        (BOT, None, False),
    ],
)
def test_figures_can_be_read_with_a_scope_for_them_or_where_none_is_needed(
    rules: Rules, granted: tuple[str, ...] | None, can_fetch: bool
) -> None:
    assert judge(lasting(90, granted=granted), rules, NOW).can_fetch_analytics is can_fetch


def test_nothing_can_be_read_with_what_was_given_up() -> None:
    assert not judge(facts(dead_at=NOW), BY_REFRESH_TOKEN, NOW).can_fetch_analytics


@pytest.mark.parametrize("rules", [SESSION, BOT])
def test_platforms_without_scopes_have_no_permissions(rules: Rules) -> None:
    permissions = judge(facts(granted=("com.atproto.appPass",)), rules, NOW).permissions
    assert (permissions.posting, permissions.analytics, permissions.optional) == ((), (), ())


def test_scopes_for_figures_are_declared_by_the_platforms_that_have_some() -> None:
    declared = {
        platform.name
        for platform in platforms.ALL
        if isinstance(platform, OAuthPlatform) and platform.spec.analytics_scopes
    }
    assert declared == {"facebook", "instagram", "linkedin", "threads", "tiktok", "youtube"}


@pytest.mark.parametrize(
    ("left", "words"),
    [
        (180 * DAY, "180 days"),
        (2 * DAY - timedelta(seconds=1), "1 day"),
        (timedelta(hours=3), "3 hours"),
        (timedelta(minutes=119), "1 hour"),
        (timedelta(seconds=150), "2 minutes"),
        (timedelta(seconds=60), "1 minute"),
        (timedelta(seconds=59), "less than a minute"),
        (timedelta(0), "expired"),
        (-DAY, "expired"),
    ],
)
def test_a_life_is_told_in_its_largest_unit(left: timedelta, words: str) -> None:
    assert in_words(left) == words


# --- over HTTP --------------------------------------------------------------------------------------------------------


async def one(world: World, platform: str = "twitter") -> Any:
    """The health of the one account of a platform."""
    (listed,) = (await world.ok("GET", LIST, query={"platform": platform}))["accounts"]
    return await world.ok("GET", f"/v1/accounts/{listed['accountId']}/health")


@on_both_engines
async def test_a_new_account_is_healthy(world: World, frozen_clock: FrozenClock) -> None:
    await world.landing("twitter")
    told = await world.ok("GET", LIST)
    assert told["summary"] == {"total": 1, "healthy": 1, "warning": 0, "error": 0, "needsReconnect": 0}
    (account,) = told["accounts"]
    (known,) = await world.accounts()
    assert (account["accountId"], account["profileId"]) == (known["_id"], world.owner.profile_id)
    ends = clock.iso(frozen_clock.now() + timedelta(hours=2))
    assert account | {
        "platform": "twitter", "username": "northwindbakery", "status": "healthy", "issues": [],
        "canPost": True, "canFetchAnalytics": True, "tokenValid": True, "needsReconnect": False,
        "tokenExpiresAt": ends, "lastProvenAt": clock.iso(frozen_clock.now()), "humanNeededAt": None,
    } == account  # fmt: skip
    assert clock.iso(frozen_clock.now()) < account["nextActionAt"] < ends
    whole = await one(world)
    assert whole["tokenStatus"] == {"valid": True, "expiresAt": ends, "expiresIn": "2 hours", "needsRefresh": True}
    assert whole["permissions"]["missingRequired"] == []
    assert {"scope": "tweet.write", "granted": True, "required": True} in whole["permissions"]["posting"]
    assert (whole["issues"], whole["recommendations"]) == ([], [])


@on_both_engines
async def test_every_platform_is_healthy_right_after_it_was_connected(world: World) -> None:
    for platform in ("twitter", "tiktok", "youtube", "threads", "instagram", "reddit"):
        await world.landing(platform)
    assert (await world.select(await world.selection(), "100000000000101")).status == 200
    chat = {"chatId": "@mychannel", "profileId": world.owner.profile_id}
    await world.ok("POST", "/v1/connect/telegram", body=chat)
    state = f"{world.owner.user_id}-{world.owner.profile_id}"
    handle = {"identifier": "demo.bsky.social", "appPassword": "demo-demo-demo-demo", "state": state}
    await world.ok("POST", "/v1/connect/bluesky/credentials", body=handle)
    told = await world.ok("GET", LIST)
    assert [(account["platform"], account["issues"]) for account in told["accounts"] if account["issues"]] == []
    assert told["summary"]["healthy"] == told["summary"]["total"] == 9
    without_end = {account["platform"] for account in told["accounts"] if "tokenExpiresAt" not in account}
    assert without_end == {"facebook", "telegram"}


async def test_a_revoked_grant_is_told_with_its_reason(world: World, frozen_clock: FrozenClock) -> None:
    await world.landing("reddit")
    account_id = (await world.accounts())[0]["_id"]
    await world.control("POST", "revoke", {"platform": "reddit", "person": "plenty"})
    await world.call("GET", f"/v1/accounts/{account_id}/reddit-subreddits")
    whole = await one(world, "reddit")
    assert (whole["status"], whole["needsReconnect"], whole["tokenStatus"]["valid"]) == ("error", True, False)
    assert whole["humanNeededAt"] == clock.iso(frozen_clock.now())
    assert whole["issues"] == [whole["humanNeededWhy"]]
    assert whole["recommendations"]
    frozen_clock.advance(60)
    await world.landing("reddit")
    assert (await one(world, "reddit"))["status"] == "healthy"


async def test_an_outage_while_renewing_is_a_warning_that_goes_away(world: World, frozen_clock: FrozenClock) -> None:
    await world.landing("twitter")
    path = f"/v1/accounts/{(await world.accounts())[0]['_id']}/token"
    frozen_clock.advance(2 * 3600)
    whole = await one(world)
    assert (whole["status"], whole["tokenStatus"]["expiresIn"]) == ("healthy", "expired")
    await world.fault("twitter", TWITTER_TOKEN, status=503, body={}, count=9)
    assert (await world.call("GET", path)).status == 500
    whole = await one(world)
    assert (whole["status"], whole["permissions"]["canPost"], whole["needsReconnect"]) == ("warning", False, False)
    await world.control("DELETE", "faults")
    await world.ok("GET", path)
    assert (await one(world))["status"] == "healthy"


async def test_nobody_asks_a_platform_how_an_account_is(world: World) -> None:
    await world.landing("twitter")
    before = await world.count()
    await one(world)
    assert await world.count() == before


async def test_the_operators_scopes_are_what_is_held_against_the_grant(serve: Serve) -> None:
    scopes = "user.info.basic,video.publish,video.list"
    world = await serve(TIKTOK_SCOPES=scopes)
    await world.landing("tiktok")
    permissions = (await one(world, "tiktok"))["permissions"]
    assert [entry["scope"] for entry in permissions["posting"]] == ["user.info.basic", "video.publish"]
    assert [(entry["scope"], entry["granted"]) for entry in permissions["analytics"]] == [
        ("user.info.stats", False),
        ("video.list", True),
    ]
    assert permissions["canFetchAnalytics"]


@on_both_engines
async def test_the_list_is_filtered_and_the_summary_counts_every_status(world: World) -> None:
    second = await world.new_profile("Second")
    await world.landing("twitter")
    await world.landing("reddit")
    await world.service.db.run("UPDATE accounts SET is_active = FALSE WHERE platform = 'reddit'")

    async def listed(**query: str) -> tuple[list[str], int]:
        told = await world.ok("GET", LIST, query=query)
        return [account["platform"] for account in told["accounts"]], told["summary"]["total"]

    assert await listed() == (["twitter", "reddit"], 2)
    assert await listed(platform="reddit") == (["reddit"], 1)
    assert await listed(platform="youtube") == ([], 0)
    assert await listed(profileId=world.owner.profile_id) == (["twitter", "reddit"], 2)
    assert await listed(profileId=second) == ([], 0)
    assert await listed(profileId=UNKNOWN_ID) == ([], 0)
    assert await listed(status="error") == (["reddit"], 2)
    assert await listed(status="warning") == ([], 2)
    assert await listed(status="healthy", platform="twitter") == (["twitter"], 1)


@shares_a_world
@pytest.mark.parametrize("query", [{"status": "ill"}, {"status": ""}, {"platform": "myspace"}, {"profileId": "x"}])
async def test_a_filter_that_can_match_nothing_is_400(shared: World, query: dict[str, str]) -> None:
    failure(await shared.call("GET", LIST, query=query), 400, "invalid_request")


@shares_a_world
async def test_an_unknown_account_is_404_and_a_malformed_id_400(shared: World) -> None:
    failure(await shared.call("GET", f"/v1/accounts/{UNKNOWN_ID}/health"), 404, "not_found")
    failure(await shared.call("GET", "/v1/accounts/x/health"), 400, "invalid_request")


async def test_s43_a_limited_key_sees_the_health_of_its_profiles_only(world: World) -> None:
    second = await world.new_profile("Second")
    key = await world.new_key("limited", scope="profiles", profileIds=[second], permission="read")
    await world.landing("twitter")
    account_id = (await world.accounts())[0]["_id"]
    told = await world.ok("GET", LIST, key=key)
    assert (told["accounts"], told["summary"]["total"]) == ([], 0)
    failure(await world.call("GET", f"/v1/accounts/{account_id}/health", key=key), 404, "not_found")
    wide = await world.new_key("wide", scope="profiles", profileIds=[world.owner.profile_id], permission="read")
    assert len((await world.ok("GET", LIST, key=wide))["accounts"]) == 1
