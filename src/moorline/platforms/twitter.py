"""X (twitter): OAuth 2.0 with PKCE, nothing to choose. Facts: docs/platforms/twitter.md, checked 2026-11-23."""

import re
from collections.abc import Mapping
from typing import Any

from typing_extensions import override

from moorline import clock
from moorline.adapter.oauth import OAuthPlatform, OAuthSpec, judge_by_status
from moorline.adapter.values import App, Identity, SecretIn, Tokens
from moorline.errors import AppMisconfigured, MoorlineError, PlatformRateLimited, Refused, ScopeMissing, UnexpectedReply
from moorline.wire import Http, Reply, Request

API = "https://api.x.com/2"
ME_URL = f"{API}/users/me"
ME_FIELDS = "profile_image_url,username,name,verified,verified_type,public_metrics"

# docs/platforms/twitter.md#errors, checked 2026-11-23. The first two: our app, whoever the person is.
_APP_CODES = {"unauthorized_client", "invalid_client", "CreditsDepleted", "UsageCapExceeded"}
_APP_PROBLEMS = {"client-forbidden", "usage-capped"}
_OUR_MISTAKES = {"invalid-request", "unsupported-authentication"}
_SUSPENDED = "64"
_RATE_LIMIT = "88"

_LONGEST_WAIT_S = 24 * 3600  # X counts in windows of 15 minutes and of a day


class Twitter(OAuthPlatform):
    """An X account; access lives two hours, the refresh token works once."""

    name = "twitter"
    api_hosts = ("api.x.com", "api.twitter.com")
    spec = OAuthSpec(
        authorize_url="https://x.com/i/oauth2/authorize",
        token_url=f"{API}/oauth2/token",
        scopes=("tweet.read", "tweet.write", "users.read", "media.write", "offline.access"),
        secret_in=SecretIn.HEADER,
        client_id_with_basic=True,  # some confidential apps are refused without it
        pkce=True,
        revoke_url=f"{API}/oauth2/revoke",
    )

    @override
    def judge(self, reply: Reply) -> MoorlineError | None:
        if reply.status < 400:
            return None
        body, status = reply.json_or_empty(), reply.status
        code = _error_code(body)
        if _is_about_our_app(body, code, status=status):
            return AppMisconfigured(f"X refuses this app: {code}.", platform_status=status, platform_code=code)
        if status == 429 or code == _RATE_LIMIT:
            return PlatformRateLimited(
                "X asks us to wait.", retry_after_s=_until_reset_s(reply), platform_status=status, platform_code=code
            )
        if code == _SUSPENDED:
            return Refused(
                "X suspended this account.", code="account_not_eligible", platform_status=status, platform_code=code
            )
        if _is_our_mistake(body):
            return UnexpectedReply(f"X did not understand us: {code}.", platform_status=status, platform_code=code)
        if status in {400, 401, 403} and code is not None:
            return Refused(f"X refused: {code}.", platform_status=status, platform_code=code)
        return judge_by_status("X", reply)

    @override
    async def identify(self, http: Http, app: App, tokens: Tokens) -> Identity:
        # Both are needed for /2/users/me.
        for scope in ("users.read", "tweet.read"):
            if tokens.granted is not None and scope not in tokens.granted:
                raise ScopeMissing(scope, "X")
        # Without it X gives no refresh token, and the connection would be dead within two hours.
        if tokens.refresh is None:
            raise ScopeMissing("offline.access", "X")
        request = Request(
            method="GET", url=ME_URL, query={"user.fields": ME_FIELDS}, bearer=tokens.access, repeatable=True
        )
        return to_identity(await self.fetch(http, request))


def to_identity(me: Mapping[str, Any]) -> Identity:
    """Map /2/users/me. Raises: UnexpectedReply without `data`, which X may leave out with status 200."""
    user = me.get("data")
    if not isinstance(user, dict) or not isinstance(user.get("id"), str) or not isinstance(user.get("username"), str):
        raise UnexpectedReply("X did not say whose account this is.", platform_code=_error_code(me))
    username = user["username"]
    picture = user.get("profile_image_url")
    return Identity(
        platform_user_id=user["id"],
        username=username,
        display_name=str(user.get("name") or "").strip() or username,
        picture_url=picture.replace("_normal.", "_400x400.") if isinstance(picture, str) else None,
        profile_url=f"https://x.com/{username}",
    )


def _error_code(body: Mapping[str, Any]) -> str | None:
    """The name of an error in any of X's three shapes: OAuth, problem JSON, and v1.1."""
    if isinstance(body.get("error"), str):
        return str(body["error"])
    if isinstance(body.get("title"), str):
        return str(body["title"])
    errors = body.get("errors")
    if isinstance(errors, list) and errors and isinstance(errors[0], dict):
        return str(errors[0].get("code") or errors[0].get("title") or "errors")
    return None


def _is_about_our_app(body: Mapping[str, Any], code: str | None, *, status: int) -> bool:
    return status == 402 or code in _APP_CODES or _problem(body) in _APP_PROBLEMS


def _is_our_mistake(body: Mapping[str, Any]) -> bool:
    # "Missing required parameter [...]" comes under the same name as a dead code or token, which it says nothing about.
    missing = str(body.get("error_description", "")).startswith("Missing required parameter")
    return missing or _problem(body) in _OUR_MISTAKES


def _problem(body: Mapping[str, Any]) -> str:
    """The last part of a problem's `type`, which may name either of X's two hosts."""
    return str(body.get("type", "")).rpartition("/")[2]


def _until_reset_s(reply: Reply) -> int | None:
    reset = reply.headers.get("x-rate-limit-reset", "")  # Unix seconds, not a delay
    if not re.fullmatch(r"[0-9]{1,12}", reset):
        return None
    return min(max(int(reset) - int(clock.now().timestamp()), 1), _LONGEST_WAIT_S)
