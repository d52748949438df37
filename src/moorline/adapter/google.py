"""What Google's platforms share: errors as a string (OAuth) or an object (APIs), and revocation."""

from collections.abc import Mapping
from typing import Any

from moorline.adapter.oauth import judge_by_status, retry_after_s
from moorline.errors import (
    AppMisconfigured,
    MoorlineError,
    PlatformRateLimited,
    Refused,
    ScopeMissing,
    Unreachable,
)
from moorline.wire import Reply, Request

AUTHORIZE_URL = "https://accounts.google.com/o/oauth2/v2/auth"
TOKEN_URL = "https://oauth2.googleapis.com/token"
REVOKE_URL = "https://oauth2.googleapis.com/revoke"

# Without `offline` and a shown consent there is no refresh token; `select_account` lets brand channels be chosen.
AUTHORIZE_EXTRA: Mapping[str, str] = {"access_type": "offline", "prompt": "consent select_account"}

# docs/platforms/youtube.md#errors, checked 2026-11-23
_OURS = {
    "invalid_client",
    "deleted_client",
    "unauthorized_client",
    "redirect_uri_mismatch",
    "admin_policy_enforced",
    "accessNotConfigured",
    "SERVICE_DISABLED",
    "org_internal",
}
_PERSON = {"invalid_grant", "authError", "UNAUTHENTICATED", "ACCESS_TOKEN_EXPIRED"}
_SCOPE = {"insufficientPermissions", "ACCESS_TOKEN_SCOPE_INSUFFICIENT"}
_RATE = {
    "quotaExceeded",
    "dailyLimitExceeded",
    "rateLimitExceeded",
    "userRateLimitExceeded",
    "RATE_LIMIT_EXCEEDED",
    "RESOURCE_EXHAUSTED",
}
_PASSING = {"internal_failure", "server_error", "temporarily_unavailable", "UNAVAILABLE", "INTERNAL"}


def judge(platform: str, reply: Reply) -> MoorlineError | None:
    """What a reply of Google means; None for success."""
    if reply.status < 400:
        return None
    body = reply.json_or_empty()
    reasons = reasons_of(body)
    told = next(iter(reasons), None)
    if reasons & _OURS or _is_unapproved(body):
        return AppMisconfigured(
            f"{platform} refuses this app: {told}.", platform_status=reply.status, platform_code=told
        )
    if reasons & _SCOPE:
        return ScopeMissing("a permission", platform)
    if reasons & _RATE or reply.status == 429:
        return PlatformRateLimited(
            f"{platform} asks us to wait: {told}.",
            retry_after_s=retry_after_s(reply),
            platform_status=reply.status,
            platform_code=told,
        )
    if reasons & _PERSON:
        return Refused(f"{platform} no longer accepts this access.", platform_status=reply.status, platform_code=told)
    if reasons & _PASSING or reply.status == 408:
        return Unreachable(f"{platform} has trouble: {told}.", platform_status=reply.status, platform_code=told)
    return judge_by_status(platform, reply)


def reasons_of(body: Mapping[str, Any]) -> set[str]:
    """Every name an error goes by in one answer: the OAuth code, the status, the reasons."""
    error = body.get("error")
    if isinstance(error, str):
        return {error}
    if not isinstance(error, dict):
        return set()
    found = {error.get("status")}
    for part in ("errors", "details"):
        found |= {entry.get("reason") for entry in error.get(part) or () if isinstance(entry, dict)}
    return {reason for reason in found if isinstance(reason, str)}


def revocation(token: str) -> Request:
    """Withdraws the person's grant to the whole project; needs no client authentication."""
    return Request(method="POST", url=REVOKE_URL, form={"token": token}, repeatable=True)


def is_gone(reply: Reply) -> bool:
    """Whether a revocation succeeded or had nothing left to revoke."""
    return reply.status < 400 or "invalid_token" in reasons_of(reply.json_or_empty())


def _is_unapproved(body: Mapping[str, Any]) -> bool:
    """A quota of 0: the project was not approved for this API, which waiting does not mend."""
    error = body.get("error")
    details = error.get("details") if isinstance(error, dict) else None
    return any(
        isinstance(entry, dict) and (entry.get("metadata") or {}).get("quota_limit_value") == "0"
        for entry in details or ()
    )
