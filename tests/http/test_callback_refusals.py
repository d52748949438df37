"""S09: what the platform says instead of a code, and what our own step failing leads to."""

from urllib.parse import urlencode

import pytest

from tests.harness import APP_URL, TWITTER_TOKEN, World, location, on_both_engines, query_of
from tests.http.conftest import Lines

HOSTILE = "<script>alert(1)</script>\r\n\x1b[31mred\x00 \u202egnp " + "n" * 10_000


async def test_s09_a_denial_leads_to_a_slug_and_no_token_request(world: World) -> None:
    fields = query_of(await world.landing("twitter", button="deny"))
    assert fields["error"] == "oauth_denied"
    assert fields["platform"] == "twitter"
    assert fields["profileId"] == world.owner.profile_id
    assert fields["error_description"] == "You chose not to give permission."
    assert await world.calls("twitter", TWITTER_TOKEN) == []


@on_both_engines
async def test_s09_what_a_platform_says_of_an_error_is_cut_and_never_repeated_to_the_browser(
    world: World, lines: Lines
) -> None:
    started = await world.start("twitter")
    query = urlencode({"state": started["state"], "error": "server_error", "error_description": HOSTILE})
    landed = location(await (await world.browser()).open(f"{world.base_url}/connect/twitter/callback?{query}"))
    assert landed.startswith(f"{APP_URL}?error=oauth_denied&")
    assert query_of(landed)["error_description"] == "You chose not to give permission."
    assert "nnnn" not in landed
    rows = await world.service.db.all("SELECT status, slug, note FROM attempts")
    assert [(row["status"], row["slug"]) for row in rows] == [("failed", "oauth_denied")]
    assert len(rows[0]["note"]) <= 300
    assert "\x00" not in rows[0]["note"]
    assert "\x1b" not in lines.text
    assert "n" * 400 not in lines.text


async def test_s09_without_a_redirect_url_the_page_says_the_same_without_the_platforms_words(world: World) -> None:
    started = await world.start("twitter", None)
    query = urlencode({"state": started["state"], "error": HOSTILE, "error_description": HOSTILE})
    browser = await world.browser()
    page = await browser.follow(await browser.open(f"{world.base_url}/connect/twitter/callback?{query}"))
    assert page.status == 200
    assert "You did not give permission" in page.text
    assert "<script>" not in page.text
    assert "nnnn" not in page.text


async def test_s09_a_callback_with_neither_code_nor_error_is_a_denial(world: World) -> None:
    started = await world.start("twitter")
    callback = f"{world.base_url}/connect/twitter/callback?state={started['state']}"
    assert query_of(location(await (await world.browser()).open(callback)))["error"] == "oauth_denied"
    assert await world.calls("twitter", TWITTER_TOKEN) == []


async def test_an_error_code_without_error_is_a_denial_too(world: World) -> None:
    started = await world.start("facebook")
    query = urlencode({"state": started["state"], "error_code": "1349126", "error_message": "App not active"})
    seen = await (await world.browser()).open(f"{world.base_url}/connect/facebook/callback?{query}")
    assert query_of(location(seen))["error"] == "oauth_denied"


@pytest.mark.parametrize(
    ("platform", "endpoint", "trouble", "slug"),
    [
        ("twitter", TWITTER_TOKEN, {"status": 503, "count": 5}, "platform_unavailable"),
        ("twitter", TWITTER_TOKEN, {"status": 400, "body": {"error": "invalid_request"}}, "token_exchange_failed"),
        ("twitter", TWITTER_TOKEN, {"status": 401, "body": {"error": "invalid_client"}}, "app_misconfigured"),
        ("twitter", TWITTER_TOKEN, {"status": 200, "body": "<html>"}, "token_exchange_failed"),
        ("twitter", TWITTER_TOKEN, {"status": 200, "body": {"token_type": "bearer"}}, "token_exchange_failed"),
        ("twitter", "GET /2/users/me", {"status": 429, "count": 5}, "platform_rate_limited"),
        ("twitter", "GET /2/users/me", {"status": 200, "body": {"data": None}}, "profile_fetch_failed"),
        ("facebook", "GET /{version}/me/accounts", {"status": 500, "count": 9}, "platform_unavailable"),
    ],
)
async def test_a_step_that_fails_leads_to_its_slug_and_leaves_no_account(
    world: World, platform: str, endpoint: str, trouble: dict[str, object], slug: str
) -> None:
    await world.fault(platform, endpoint, **trouble)
    assert query_of(await world.landing(platform))["error"] == slug
    assert await world.accounts() == []
    assert await world.rows_with_tokens() == 0


async def test_somebody_without_pages_is_told_so(world: World) -> None:
    assert query_of(await world.landing("facebook", person="none"))["error"] == "no_facebook_pages"
