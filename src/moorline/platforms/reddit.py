"""Reddit: Basic credentials, a User-Agent that names the app, errors with HTTP 200. Facts: docs/platforms/reddit.md."""

from collections.abc import Mapping
from typing import Any

from typing_extensions import override

from moorline import __version__
from moorline.adapter.oauth import OAuthPlatform, OAuthSpec, judge_by_status, retry_after_s
from moorline.adapter.values import App, Identity, SecretIn, Tokens
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

WWW = "https://www.reddit.com/api/v1"
ME_URL = "https://oauth.reddit.com/api/v1/me"


class Reddit(OAuthPlatform):
    """A Reddit user; `duration=permanent` is what brings a refresh token."""

    name = "reddit"
    spec = OAuthSpec(
        authorize_url=f"{WWW}/authorize",
        token_url=f"{WWW}/access_token",
        scopes=("identity", "mysubreddits", "submit", "flair", "read"),
        secret_in=SecretIn.HEADER,
        revoke_url=f"{WWW}/revoke_token",
        authorize_extra={"duration": "permanent"},
    )

    @override
    def headers(self, app: App) -> Mapping[str, str]:
        # docs/platforms/reddit.md#user-agent, checked 2026-11-23: platform, app id, version; library names are blocked
        return {"user-agent": f"web:{app.client_id}:{__version__} (self-hosted Moorline)"}

    @override
    def judge(self, reply: Reply) -> MoorlineError | None:
        body = reply.json_or_empty()
        error, status = body.get("error"), reply.status
        if isinstance(error, str):
            return _judge_named(error, status)
        if status < 400:
            return None
        if status == 401:
            return self._judge_unauthorized(reply)
        if status == 400 and error == 400:  # the recorded answer to a dead refresh token
            return Refused("Reddit no longer accepts this access.", platform_status=status, platform_code="400")
        if "insufficient_scope" in reply.headers.get("www-authenticate", ""):
            return ScopeMissing("a permission", "Reddit")
        if status == 429:
            wait_s = retry_after_s(reply) or _reset_s(reply)
            return PlatformRateLimited("Reddit asks us to wait.", retry_after_s=wait_s, platform_status=429)
        if status == 403 and not body:  # an HTML page: our address or User-Agent is blocked, not the person
            return Unreachable("Reddit blocks this server.", platform_status=status, platform_code="blocked")
        return judge_by_status("Reddit", reply)

    @staticmethod
    def _judge_unauthorized(reply: Reply) -> MoorlineError:
        if reply.headers.get("www-authenticate", "").lower().startswith("basic"):
            return AppMisconfigured("Reddit refuses this app's id or secret.", platform_status=401, platform_code="401")
        return Refused("Reddit no longer accepts this access.", platform_status=401, platform_code="401")

    @override
    async def identify(self, http: Http, app: App, tokens: Tokens) -> Identity:
        if tokens.granted is not None and "identity" not in tokens.granted:
            raise ScopeMissing("identity", "Reddit")
        if tokens.refresh is None:
            raise UnexpectedReply("Reddit gave no refresh token for a permanent grant.")
        request = Request(
            method="GET",
            url=ME_URL,
            query={"raw_json": "1"},
            headers=self.headers(app),
            bearer=tokens.access,
            repeatable=True,
        )
        return to_identity(await self.fetch(http, request))


def to_identity(me: Mapping[str, Any]) -> Identity:
    """Map /api/v1/me, which answers 200 without id and name for a token without a user. Raises: UnexpectedReply."""
    user_id, name = me.get("id"), me.get("name")
    if not isinstance(user_id, str) or not isinstance(name, str):
        raise UnexpectedReply("Reddit did not say whose account this is.")
    own = me.get("subreddit")
    title = own.get("title") if isinstance(own, dict) else None
    picture = me.get("snoovatar_img") or me.get("icon_img")
    return Identity(
        platform_user_id=user_id,
        username=name,
        display_name=str(title or "").strip() or name,
        picture_url=picture if isinstance(picture, str) and picture else None,
        profile_url=f"https://reddit.com/user/{name}",
    )


def _judge_named(error: str, status: int) -> MoorlineError:
    if error == "invalid_grant":
        return Refused("Reddit refused the code or the refresh token.", platform_status=status, platform_code=error)
    if error in {"unauthorized_client", "unsupported_grant_type"}:
        return AppMisconfigured(f"Reddit refuses this app: {error}.", platform_status=status, platform_code=error)
    return UnexpectedReply(f"Reddit answered {error}.", platform_status=status, platform_code=error)


def _reset_s(reply: Reply) -> int | None:
    text = reply.headers.get("x-ratelimit-reset", "")
    return int(float(text)) if text.replace(".", "", 1).isdigit() else None
