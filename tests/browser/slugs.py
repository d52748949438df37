"""How each failure comes about that has a page, as a person would run into it; a function per slug."""

from collections.abc import Mapping
from typing import Any

from moorline.errors import Slug
from tests.browser.catalogue import Bring
from tests.browser.stage import Stage
from tests.journeys.test_bad_platforms import (
    DOWN,
    EMPTY_JSON,
    TOO_MANY,
    TWITTER_ME,
    TWITTER_TOKEN,
    X_REFUSES,
    X_REFUSES_APP,
)


async def _denied(stage: Stage) -> None:
    started = await stage.start("twitter")
    await stage.decide("Deny")
    assert await stage.error_of(started) == "oauth_denied"


async def _cancelled(stage: Stage) -> None:
    started = await stage.consent("facebook")
    await stage.follow(stage.page.locator("button[value=cancel]"))
    assert await stage.error_of(started) == "selection_cancelled"


async def _not_started_here(stage: Stage) -> None:
    await stage.visitor.open("/connect/twitter/callback?state=unknown&code=unknown")


async def _too_late(stage: Stage) -> None:
    started = await stage.consent("facebook")
    stage.write("UPDATE selections SET expires_at_ms = 1 WHERE attempt_id = ?", started["attemptId"])
    await stage.page.reload()


async def _account_to_renew_is_another(stage: Stage) -> None:
    await stage.consent("twitter")
    (account,) = await stage.journey.accounts()
    started = await stage.consent("twitter", person="single", reconnectAccountId=account["_id"])
    assert await stage.error_of(started) == "reconnect_account_mismatch"


async def _profile_deleted_meanwhile(stage: Stage) -> None:
    await stage.start("twitter")
    await stage.journey.call("DELETE", f"profiles/{stage.journey.profile_id}")
    await stage.decide()


async def _not_eligible(stage: Stage) -> None:
    # Else the platform itself turns a personal account away.
    await stage.journey.control("POST", "instagram/settings", {"personal_accounts_consent": True})
    await _nothing_there("account_not_eligible", "instagram")(stage)


def _nothing_there(slug: Slug, platform: str) -> Bring:
    """Somebody signs in who has an account there and nothing that could be connected."""

    async def bring(stage: Stage) -> None:
        started = await stage.consent(platform, person="none")
        assert await stage.error_of(started) == slug

    return bring


def _trouble(slug: Slug, endpoint: str, trouble: Mapping[str, Any]) -> Bring:
    """The platform answers the calls after consent in another way than it should."""

    async def bring(stage: Stage) -> None:
        await stage.journey.fault("twitter", endpoint, **trouble)
        started = await stage.consent("twitter")
        assert await stage.error_of(started) == slug

    return bring


def _recorded(slug: Slug) -> Bring:
    """What this server, set up whole and well, cannot run into: the record of an attempt that did."""

    async def bring(stage: Stage) -> None:
        started = await stage.start("twitter")
        await stage.decide("Deny")
        stage.write("UPDATE attempts SET slug = ? WHERE id = ?", slug, started["attemptId"])
        await stage.page.reload()
        assert await stage.error_of(started) == slug

    return bring


async def _left_a_box_out(stage: Stage) -> None:
    started = await stage.consent("facebook", untick={"pages_show_list"})
    assert await stage.error_of(started) == "scope_missing"


SLUGS: Mapping[Slug, Bring] = {
    "oauth_denied": _denied,
    "selection_cancelled": _cancelled,
    "invalid_state": _not_started_here,
    "session_expired": _too_late,
    "token_exchange_failed": _trouble("token_exchange_failed", TWITTER_TOKEN, X_REFUSES),
    "profile_fetch_failed": _trouble("profile_fetch_failed", TWITTER_ME, EMPTY_JSON),
    "scope_missing": _left_a_box_out,
    "account_not_eligible": _not_eligible,
    "no_facebook_pages": _nothing_there("no_facebook_pages", "facebook"),
    "no_business_locations": _nothing_there("no_business_locations", "googlebusiness"),
    "no_pinterest_boards": _nothing_there("no_pinterest_boards", "pinterest"),
    "no_public_profiles": _nothing_there("no_public_profiles", "snapchat"),
    "no_youtube_channel": _nothing_there("no_youtube_channel", "youtube"),
    "reconnect_account_mismatch": _account_to_renew_is_another,
    "profile_not_found": _profile_deleted_meanwhile,
    "platform_unavailable": _trouble("platform_unavailable", TWITTER_TOKEN, DOWN),
    "platform_rate_limited": _trouble("platform_rate_limited", TWITTER_ME, TOO_MANY),
    "not_configured": _recorded("not_configured"),
    "app_misconfigured": _trouble("app_misconfigured", TWITTER_TOKEN, X_REFUSES_APP),
    "internal_error": _recorded("internal_error"),
}
