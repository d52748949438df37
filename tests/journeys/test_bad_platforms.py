"""Platforms that are down, slow, broken or angry: the documented slug or code, one log line, nothing half saved."""

import asyncio
import re
from typing import Any, NamedTuple

import pytest

from tests.journeys.journey import Journey, location, query_of
from tests.journeys.processes import DemoServer

Trouble = dict[str, Any]

TWITTER_TOKEN, TWITTER_ME = "POST /2/oauth2/token", "GET /2/users/me"
FACEBOOK_TOKEN = "POST /{version}/oauth/access_token"
FACEBOOK_PAGES, FACEBOOK_PAGE = "GET /{version}/me/accounts", "GET /{version}/{node_id}"
FACEBOOK_RIGHTS = "GET /{version}/me/permissions"
BLUESKY_SIGN_IN = "POST /xrpc/com.atproto.server.createSession"
TELEGRAM_CHAT = "POST /bot{token}/getChat"

DOWN = {"status": 503, "body": "Service Unavailable"}
HTML = {"status": 200, "body": "<!doctype html><title>Sorry</title>", "headers": {"content-type": "text/html"}}
WRONG_JSON = {"status": 200, "body": [1, 2]}
EMPTY_JSON = {"status": 200, "body": {}}
TRUNCATED = {"break_after_bytes": 20}
SLOW = {"delay_ms": 16_000}
TOO_MANY = {"status": 429, "body": {"title": "Too Many Requests"}, "headers": {"retry-after": "7"}}
META_LIMIT = {"status": 400, "body": {"error": {"message": "(#4) limit reached", "code": 4}}}
META_DEAD = {"status": 200, "body": {"error": {"message": "Session has expired", "code": 190, "error_subcode": 463}}}
X_REFUSES = {"status": 400, "body": {"error": "invalid_grant"}}
X_REFUSES_WITH_200 = {"status": 200, "body": {"error": "invalid_grant", "error_description": "No."}}
X_REFUSES_APP = {"status": 401, "body": {"error": "unauthorized_client"}}

THRICE = {"count": 3}  # a call that may be repeated is repeated twice


def facts_of(server: DemoServer, since: int, attempt_id: str) -> list[dict[str, str]]:
    """The fields of every line that tells how the attempt failed."""
    lines = [line for line in server.log[since:].splitlines() if "connect_failed" in line and attempt_id in line]
    return [dict(re.findall(r'(\w+)=("(?:[^"\\]|\\.)*"|\S+)', line)) for line in lines]


class Case(NamedTuple):
    """What goes wrong where, and how the connection then ends."""

    platform: str
    endpoint: str
    trouble: Trouble
    slug: str
    stage: str


@pytest.mark.parametrize(
    "case",
    [
        Case("twitter", TWITTER_TOKEN, DOWN, "platform_unavailable", "exchange"),
        Case("twitter", TWITTER_TOKEN, TRUNCATED, "platform_unavailable", "exchange"),
        Case("twitter", TWITTER_TOKEN, HTML, "token_exchange_failed", "exchange"),
        Case("twitter", TWITTER_TOKEN, WRONG_JSON, "token_exchange_failed", "exchange"),
        Case("twitter", TWITTER_TOKEN, EMPTY_JSON, "token_exchange_failed", "exchange"),
        Case("twitter", TWITTER_TOKEN, X_REFUSES, "token_exchange_failed", "exchange"),
        Case("twitter", TWITTER_TOKEN, X_REFUSES_WITH_200, "token_exchange_failed", "exchange"),
        Case("twitter", TWITTER_TOKEN, X_REFUSES_APP, "app_misconfigured", "exchange"),
        Case("twitter", TWITTER_TOKEN, TOO_MANY, "platform_rate_limited", "exchange"),
        Case("twitter", TWITTER_ME, DOWN | THRICE, "platform_unavailable", "identify"),
        Case("twitter", TWITTER_ME, TRUNCATED | THRICE, "platform_unavailable", "identify"),
        Case("twitter", TWITTER_ME, HTML, "profile_fetch_failed", "identify"),
        Case("twitter", TWITTER_ME, WRONG_JSON, "profile_fetch_failed", "identify"),
        Case("twitter", TWITTER_ME, EMPTY_JSON, "profile_fetch_failed", "identify"),
        Case("twitter", TWITTER_ME, TOO_MANY, "platform_rate_limited", "identify"),
        Case("facebook", FACEBOOK_TOKEN, DOWN, "platform_unavailable", "exchange"),
        Case("facebook", FACEBOOK_TOKEN, HTML, "token_exchange_failed", "exchange"),
        Case("facebook", FACEBOOK_TOKEN, META_DEAD, "token_exchange_failed", "exchange"),
        Case("facebook", FACEBOOK_TOKEN, META_LIMIT, "platform_rate_limited", "exchange"),
        Case("facebook", FACEBOOK_RIGHTS, DOWN | THRICE, "platform_unavailable", "identify"),
        Case("facebook", FACEBOOK_RIGHTS, META_DEAD, "profile_fetch_failed", "identify"),
        Case("facebook", FACEBOOK_PAGES, DOWN | THRICE, "platform_unavailable", "list"),
        Case("facebook", FACEBOOK_PAGES, TRUNCATED | THRICE, "platform_unavailable", "list"),
        Case("facebook", FACEBOOK_PAGES, HTML, "profile_fetch_failed", "list"),
        Case("facebook", FACEBOOK_PAGES, EMPTY_JSON, "profile_fetch_failed", "list"),
        Case("facebook", FACEBOOK_PAGES, META_LIMIT, "platform_rate_limited", "list"),
    ],
    ids=lambda case: f"{case.platform}-{case.stage}-{case.slug}",
)
async def test_trouble_within_a_callback_ends_with_its_slug_one_log_line_and_no_account(
    journey: Journey, seeded_server: DemoServer, case: Case
) -> None:
    browser = await journey.browser()
    started = await journey.start(case.platform)
    callback = await journey.consent(started["authUrl"], browser=browser)
    await journey.fault(case.platform, case.endpoint, **case.trouble)
    since = len(seeded_server.log)

    fields = query_of(location(await browser.open(callback)))

    assert (fields["error"], fields["platform"]) == (case.slug, case.platform)
    assert fields["profileId"] == journey.profile_id
    assert await journey.accounts() == []
    (facts,) = facts_of(seeded_server, since, started["attemptId"])
    assert (facts["slug"], facts["stage"], facts["platform"]) == (case.slug, case.stage, case.platform)
    assert facts["reason"]
    if case.trouble.get("status", 0) >= 400:
        assert facts["platform_status"] == str(case.trouble["status"])
    logged = seeded_server.log[since:]
    issued = await journey.control("GET", "issued")
    assert not [entry["kind"] for entry in issued if entry["value"] in logged]


@pytest.mark.parametrize(
    ("platform", "endpoint", "trouble"),
    [
        ("twitter", TWITTER_ME, DOWN),
        ("twitter", TWITTER_ME, TRUNCATED),
        ("twitter", TWITTER_ME, DOWN | {"count": 2}),
        ("facebook", FACEBOOK_PAGES, DOWN),
        ("facebook", FACEBOOK_RIGHTS, TRUNCATED),
    ],
)
async def test_trouble_that_passes_is_not_noticed_where_a_call_may_be_repeated(
    journey: Journey, platform: str, endpoint: str, trouble: Trouble
) -> None:
    await journey.fault(platform, endpoint, **trouble)
    assert "error" not in query_of(await journey.landing(platform, headless=True))


async def test_a_code_is_never_sent_twice(journey: Journey) -> None:
    before = await journey.count("twitter", TWITTER_TOKEN)
    await journey.fault("twitter", TWITTER_TOKEN, **DOWN)
    await journey.landing("twitter")
    assert await journey.count("twitter", TWITTER_TOKEN) == before + 1


async def test_a_platform_that_does_not_answer_in_time_is_given_up(journey: Journey) -> None:
    sign_in = {"identifier": "demo.bsky.social", "appPassword": "demo-demo-demo-demo"}
    sign_in["state"] = f"{journey.server.user_id}-{journey.profile_id}"
    await journey.fault("twitter", TWITTER_TOKEN, **SLOW)
    await journey.fault("facebook", FACEBOOK_TOKEN, **SLOW)
    await journey.fault("bluesky", BLUESKY_SIGN_IN, **SLOW)
    twitter, facebook, bluesky = await asyncio.gather(
        journey.landing("twitter"),
        journey.landing("facebook"),
        journey.call("POST", "connect/bluesky/credentials", body=sign_in),
    )
    assert query_of(twitter)["error"] == query_of(facebook)["error"] == "platform_unavailable"
    assert (bluesky.status, bluesky.json["code"]) == (500, "platform_unavailable")
    assert await journey.accounts() == []


@pytest.mark.parametrize("platform", ["twitter", "facebook"])
async def test_a_wrong_app_secret_is_told_as_the_operators_to_repair(journey: Journey, platform: str) -> None:
    registered = {
        "platform": platform,
        "client_id": f"sandbox-{platform}",
        "redirect_uris": [f"{journey.server.base_url}/connect/{platform}/callback"],
    }
    await journey.control("POST", "apps", {**registered, "client_secret": "changed-at-the-platform"})
    try:
        assert query_of(await journey.landing(platform))["error"] == "app_misconfigured"
    finally:
        await journey.control("POST", "apps", {**registered, "client_secret": f"sandbox-{platform}-secret"})
    assert "error" not in query_of(await journey.landing(platform, headless=True))


@pytest.mark.parametrize(
    ("trouble", "code"),
    [
        (DOWN, "platform_unavailable"),
        (HTML, "unexpected_reply"),
        (X_REFUSES, "token_exchange_failed"),
        (X_REFUSES_APP, "app_misconfigured"),
        (TOO_MANY, "platform_rate_limited"),
    ],
)
async def test_a_server_that_hands_in_a_code_is_told_what_went_wrong(
    journey: Journey, trouble: Trouble, code: str
) -> None:
    started = await journey.start("twitter")
    back = query_of(await journey.consent(started["authUrl"], browser=await journey.browser()))
    await journey.fault("twitter", TWITTER_TOKEN, **trouble)
    body = {"code": back["code"], "state": back["state"], "profileId": journey.profile_id}
    answer = await journey.call("POST", "connect/twitter", body=body)
    assert (answer.status, answer.json["code"]) == (500, code)
    assert await journey.accounts() == []


META_DOWN, META_HTML = DOWN | THRICE, HTML
META_LACKS = {"status": 403, "body": {"error": {"message": "(#200) Permissions error", "code": 200}}}
META_TROUBLES = [
    (META_DOWN, "platform_unavailable"),
    (TRUNCATED | THRICE, "platform_unavailable"),
    (META_HTML, "unexpected_reply"),
    (META_DEAD, "token_revoked"),
    (META_LIMIT, "platform_rate_limited"),
    (META_LACKS, "scope_missing"),
]


@pytest.mark.parametrize(("trouble", "code"), META_TROUBLES)
async def test_trouble_when_pages_are_listed_is_a_500_with_its_code(
    journey: Journey, trouble: Trouble, code: str
) -> None:
    fields = await journey.selection()
    query = {"profileId": fields["profileId"], "tempToken": fields["tempToken"]}
    await journey.fault("facebook", FACEBOOK_PAGES, **trouble)
    answer = await journey.call("GET", "connect/facebook/select-page", query=query)
    assert (answer.status, answer.json["code"]) == (500, code)
    await journey.control("DELETE", "faults")
    assert (await journey.call("GET", "connect/facebook/select-page", query=query)).status == 200


@pytest.mark.parametrize(("trouble", "code"), META_TROUBLES)
async def test_trouble_when_a_page_is_saved_is_a_500_with_its_code(
    journey: Journey, trouble: Trouble, code: str
) -> None:
    fields = await journey.selection()
    await journey.fault("facebook", FACEBOOK_PAGE, **trouble)
    answer = await journey.select(fields, "100000000000101")
    assert (answer.status, answer.json["code"]) == (500, code)
    assert await journey.accounts() == []
    await journey.control("DELETE", "faults")
    assert (await journey.select(fields, "100000000000101")).status == 200


async def test_a_consent_withdrawn_before_the_choice_is_token_revoked(journey: Journey) -> None:
    fields = await journey.selection(person="single")
    await journey.control("POST", "revoke", {"platform": "facebook", "person": "single"})
    answer = await journey.select(fields, "100000000000301")
    assert (answer.status, answer.json["code"]) == (500, "token_revoked")


@pytest.mark.parametrize(
    ("trouble", "code"),
    [
        (DOWN, "platform_unavailable"),
        (TRUNCATED, "platform_unavailable"),
        (HTML, "unexpected_reply"),
        (WRONG_JSON, "unexpected_reply"),
        (TOO_MANY | {"body": {"error": "RateLimitExceeded"}}, "platform_rate_limited"),
    ],
)
async def test_trouble_at_a_bluesky_sign_in_is_a_500_with_its_code(
    journey: Journey, trouble: Trouble, code: str
) -> None:
    await journey.fault("bluesky", BLUESKY_SIGN_IN, **trouble)
    body = {"identifier": "plain.bsky.social", "appPassword": "plai-plai-plai-plai"}
    body["state"] = f"{journey.server.user_id}-{journey.profile_id}"
    answer = await journey.call("POST", "connect/bluesky/credentials", body=body)
    assert (answer.status, answer.json["code"]) == (500, code)
    assert await journey.accounts() == []


@pytest.mark.parametrize(
    ("trouble", "code"),
    [
        ({"status": 502, "body": "<html>", "count": 3}, "platform_unavailable"),
        (TRUNCATED | THRICE, "platform_unavailable"),
        ({"status": 200, "body": {"ok": True, "result": {}}}, "unexpected_reply"),
        ({"status": 401, "body": {"ok": False, "description": "Unauthorized"}}, "app_misconfigured"),
        ({"status": 429, "body": {"ok": False, "parameters": {"retry_after": 3}}}, "platform_rate_limited"),
    ],
)
async def test_trouble_at_a_telegram_chat_is_a_500_with_its_code(journey: Journey, trouble: Trouble, code: str) -> None:
    await journey.fault("telegram", TELEGRAM_CHAT, **trouble)
    body = {"chatId": "@mychannel", "profileId": journey.profile_id}
    answer = await journey.call("POST", "connect/telegram", body=body)
    assert (answer.status, answer.json["code"]) == (500, code)
    assert await journey.accounts() == []


async def test_a_bot_message_outlives_a_telegram_that_is_down_for_a_moment(journey: Journey) -> None:
    code = (await journey.get("connect/telegram", profileId=journey.profile_id))["code"]
    await journey.fault("telegram", TELEGRAM_CHAT, status=502, body="<html>", count=4)
    await journey.tell_bot(f"{code} @mychannel")
    assert (await journey.code_settles(code))["status"] == "connected"
