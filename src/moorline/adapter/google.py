"""What Google's platforms share: the sign-in, both shapes of errors, paging by token, revocation."""

import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from datetime import timedelta
from typing import Any

from moorline import clock
from moorline.adapter.oauth import MAX_ITEMS, OAuthPlatform, retry_after_s
from moorline.adapter.values import Tokens
from moorline.errors import (
    AppMisconfigured,
    MoorlineError,
    PlatformRateLimited,
    Refused,
    ScopeMissing,
    UnexpectedReply,
    Unreachable,
)
from moorline.wire import Http, Reply, Request

# docs/platforms/{youtube,googlebusiness}.md#addresses, checked 2026-11-23
AUTHORIZE_URL = "https://accounts.google.com/o/oauth2/v2/auth"
TOKEN_URL = "https://oauth2.googleapis.com/token"
REVOKE_URL = "https://oauth2.googleapis.com/revoke"
ISSUER = "https://accounts.google.com"
SCOPE_PREFIX = "https://www.googleapis.com/auth"

# `offline` and a consent that was really shown are what a refresh token takes; the chooser is how a person with several
# accounts or channels says which. `include_granted_scopes` is left out: it would add what was granted for others.
AUTHORIZE_EXTRA = {"access_type": "offline", "prompt": "consent select_account"}

MAX_PAGES = 1_000  # of one list; one that still goes on has no end
RATE_LIMIT_PAUSE_S = 60  # most quotas count by the minute, and no answer says how much of it is left

# docs/platforms/{youtube,googlebusiness}.md#errors, checked 2026-11-23
_APP_NAMES = {"invalid_client", "deleted_client", "unauthorized_client", "redirect_uri_mismatch"}
_PASSING_NAMES = {"internal_failure", "server_error", "temporarily_unavailable"}
_DEAD_NAMES = {"invalid_grant", "invalid_token"}
_GONE = "invalid_token"
_BY_ADMINISTRATOR = "admin_policy_enforced"

_DAY_OVER = {"quotaExceeded", "dailyLimitExceeded"}
_RATE = {"rateLimitExceeded", "userRateLimitExceeded", "RATE_LIMIT_EXCEEDED"}
_DISABLED = {"accessNotConfigured", "SERVICE_DISABLED"}
_SCOPE_MISSING = {"insufficientPermissions", "ACCESS_TOKEN_SCOPE_INSUFFICIENT"}


def require(platform: str, tokens: Tokens, *scopes: str) -> None:
    """Raises: ScopeMissing for the first of the scopes whose box the person left unticked, as far as Google told."""
    for scope in scopes:
        if tokens.granted is not None and scope not in tokens.granted:
            raise ScopeMissing(scope, platform)


def judge(platform: str, reply: Reply) -> MoorlineError | None:
    """What a reply means; None for success. `error` is a text at the sign-in's addresses, an object at the APIs'."""
    if reply.status < 400:
        return None
    body = reply.json_or_empty()
    error = body.get("error")
    if isinstance(error, dict):
        return _judge_call(platform, reply, error)
    return _judge_sign_in(platform, reply, _name(error) or str(reply.status), str(body.get("error_description")))


def reasons_of(reply: Reply) -> frozenset[str]:
    """Every name an API's error goes by: its status, and the reasons in both lists; none for a success."""
    error = reply.json_or_empty().get("error")
    if reply.status < 400 or not isinstance(error, dict):
        return frozenset()
    named = (_name(entry.get("reason")) for entry in (*_entries(error, "details"), *_entries(error, "errors")))
    return frozenset(filter(None, (_name(error.get("status")), *named)))


async def revoke(platform: OAuthPlatform, http: Http, tokens: Tokens) -> None:
    """Withdraw the grant by its refresh token, which ends the access tokens too; a grant that is gone is a success.

    Raises: as the platform's `judge`; Unreachable.
    """
    if platform.spec.revoke_url is None:
        return
    form = {"token": tokens.refresh or tokens.access}
    reply = await http.send(Request(method="POST", url=platform.spec.revoke_url, form=form, repeatable=True))
    if reply.json_or_empty().get("error") == _GONE:
        return
    error = platform.judge(reply)
    if error is not None:
        raise error


async def pages_of(
    fetch: Callable[[Mapping[str, str]], Awaitable[Mapping[str, Any]]], name: str
) -> AsyncIterator[Mapping[str, Any]]:
    """Every entry of the list `name`, over all its result pages, at most `MAX_ITEMS` and the rest of a page.

    `fetch` is called with the paging parameters. Only a missing `nextPageToken` ends a list: a page may be short, or
    lack the list when it is empty.
    """
    count, token = 0, ""
    followed = {token}
    while True:
        page = await fetch({"pageToken": token} if token else {})
        entries, token = page.get(name, []), page.get("nextPageToken") or ""
        if not isinstance(entries, list) or not isinstance(token, str):
            raise UnexpectedReply(f"Google's list of {name} is none.")
        for entry in entries:
            if not isinstance(entry, dict):
                raise UnexpectedReply(f"Google's list of {name} has an entry that is no object.")
            count += 1
            yield entry
        if not token or count >= MAX_ITEMS:
            return
        if token in followed or len(followed) >= MAX_PAGES:  # one met before would lead round in a circle
            raise UnexpectedReply(f"Google's list of {name} does not come to an end.")
        followed.add(token)


def _judge_sign_in(platform: str, reply: Reply, name: str, text: str) -> MoorlineError:
    status = reply.status
    if status == 429:
        return _rate_limited(platform, reply, name, default_s=RATE_LIMIT_PAUSE_S)
    if status == 408 or status >= 500 or name in _PASSING_NAMES:
        return Unreachable(f"Google has trouble: {name}.", platform_status=status, platform_code=name)
    if name in _APP_NAMES or "client_secret is missing" in text:
        return AppMisconfigured(
            f"Google refuses this app for {platform}: {name}.", platform_status=status, platform_code=name
        )
    if name == _BY_ADMINISTRATOR:
        return Refused(
            "The administrator of this Google account does not allow it: ask them to, then connect again.",
            code="account_not_eligible",
            platform_status=status,
            platform_code=name,
        )
    if status == 401 or name in _DEAD_NAMES:
        return Refused(f"Google refused for {platform}: {name}.", platform_status=status, platform_code=name)
    return UnexpectedReply(f"Google answered {name}.", platform_status=status, platform_code=name)


def _judge_call(platform: str, reply: Reply, error: Mapping[str, Any]) -> MoorlineError:
    status, reasons, told = reply.status, reasons_of(reply), _told(error) or str(reply.status)
    if _has_no_quota(error):
        return AppMisconfigured(
            f"Google gives this app no quota for {platform}: its access to the API is not approved.",
            platform_status=status,
            platform_code=told,
        )
    if reasons & _DISABLED:
        return AppMisconfigured(
            f"{platform}'s API is not enabled in this app's project: {told}.",
            platform_status=status,
            platform_code=told,
        )
    if reasons & _DAY_OVER:
        return _rate_limited(platform, reply, told, default_s=_until_reset_s())
    if status == 429 or reasons & _RATE:
        return _rate_limited(platform, reply, told, default_s=RATE_LIMIT_PAUSE_S)
    if reasons & _SCOPE_MISSING or "insufficient authentication scopes" in str(error.get("message")):
        return ScopeMissing(f"a permission ({told})", platform)
    if status == 408 or status >= 500:
        return Unreachable(f"{platform} has trouble: {told}.", platform_status=status, platform_code=told)
    if status == 401:
        return Refused(
            f"{platform} does not accept this access (any more): {told}.", platform_status=status, platform_code=told
        )
    return UnexpectedReply(f"{platform} answered {told}.", platform_status=status, platform_code=told)


def _rate_limited(platform: str, reply: Reply, told: str, *, default_s: int) -> PlatformRateLimited:
    wait_s = retry_after_s(reply)
    return PlatformRateLimited(
        f"{platform} asks us to wait: {told}.",
        retry_after_s=default_s if wait_s is None else wait_s,
        platform_status=reply.status,
        platform_code=told,
    )


def _until_reset_s() -> int:
    """Seconds until midnight in California, where days of quota begin; in summer an hour more than that."""
    now = clock.now()
    reset = now.replace(hour=8, minute=0, second=0, microsecond=0)
    if reset <= now:
        reset += timedelta(days=1)
    return int((reset - now).total_seconds())


def _has_no_quota(error: Mapping[str, Any]) -> bool:
    """Whether the limit that was hit is 0: no wait ends that."""
    metadata = (entry.get("metadata") for entry in _entries(error, "details"))
    return any(isinstance(facts, dict) and str(facts.get("quota_limit_value")) == "0" for facts in metadata)


def _told(error: Mapping[str, Any]) -> str:
    """Status and reason for the log, as far as there are: `PERMISSION_DENIED/SERVICE_DISABLED`, `quotaExceeded`."""
    entries = (*_entries(error, "details"), *_entries(error, "errors"))
    reason = next(filter(None, (_name(entry.get("reason")) for entry in entries)), None)
    return "/".join(filter(None, (_name(error.get("status")), reason)))


def _entries(error: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    entries = error.get(name)
    return [entry for entry in entries if isinstance(entry, dict)] if isinstance(entries, list) else []


def _name(value: object) -> str | None:
    """A text that can be the name of an error; anything else might repeat what we sent."""
    return value if isinstance(value, str) and re.fullmatch(r"[A-Za-z_]{1,60}", value) else None
