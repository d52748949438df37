"""Threads: one login is one profile; the 60-day token renews itself. Facts: docs/platforms/threads.md, 2026-11-23."""

from collections.abc import Mapping
from typing import Any

from typing_extensions import override

from moorline.adapter import meta
from moorline.adapter.oauth import OAuthPlatform, OAuthSpec
from moorline.adapter.values import App, Identity, Renews, Tokens
from moorline.errors import AppMisconfigured, MoorlineError, Refused, UnexpectedReply
from moorline.wire import Http, Reply, Request

GRAPH = "https://graph.threads.net"
ME_FIELDS = "id,username,name,threads_profile_picture_url"

# docs/platforms/threads.md#errors: the code exchange answers in two shapes, told apart by their text
_CODE_TEXTS = ("matching code was not found", "authorization code has been used", "authorization code has expired")
_APP_TEXTS = ("invalid platform app", "client secret", "redirect_uri", "invalid redirect")


class Threads(OAuthPlatform):
    """A Threads profile."""

    name = "threads"
    spec = OAuthSpec(
        authorize_url="https://threads.net/oauth/authorize",
        token_url=f"{GRAPH}/oauth/access_token",
        scopes=("threads_basic", "threads_content_publish", "threads_manage_insights"),
        scope_separator=",",
        renews=Renews.BY_EXCHANGE,
        version="v1.0",
    )

    @override
    def judge(self, reply: Reply) -> MoorlineError | None:
        if reply.status < 400:
            return meta.judge("Threads", reply)
        message = _message(reply).lower()
        if any(text in message for text in _CODE_TEXTS):
            return Refused("Threads refused the code.", platform_status=reply.status, platform_code="code")
        if any(text in message for text in _APP_TEXTS):
            return AppMisconfigured(
                "Threads refuses this app: check the redirect URI and the app secret.",
                platform_status=reply.status,
                platform_code="app",
            )
        return meta.judge("Threads", reply)

    @override
    async def exchange(self, http: Http, app: App, *, code: str, verifier: str | None) -> Tokens:
        """Trade the code for an hour, then the hour for sixty days; without the second there is no connection."""
        fields = {
            "grant_type": "authorization_code",
            "code": code.removesuffix("#_"),
            "redirect_uri": app.redirect_uri,
        }
        short = self.to_tokens(await self.fetch(http, self.token_request(app, fields)))
        query = {
            "grant_type": "th_exchange_token",
            "client_secret": app.client_secret,
            "access_token": short.access,
        }
        return self.to_tokens(await self.fetch(http, _get("access_token", query)))

    @override
    async def refresh(self, http: Http, app: App, tokens: Tokens) -> Tokens:
        query = {"grant_type": "th_refresh_token", "access_token": tokens.access}
        return self.to_tokens(await self.fetch(http, _get("refresh_access_token", query)), before=tokens)

    @override
    async def identify(self, http: Http, app: App, tokens: Tokens) -> Identity:
        path = f"{app.api_version or self.spec.version}/me"
        return to_identity(await self.fetch(http, _get(path, {"fields": ME_FIELDS, "access_token": tokens.access})))


def to_identity(me: Mapping[str, Any]) -> Identity:
    """Map /me. Raises: UnexpectedReply."""
    user_id, username = me.get("id"), me.get("username")
    if not isinstance(user_id, str | int) or not isinstance(username, str):
        raise UnexpectedReply("Threads did not say whose profile this is.")
    picture = me.get("threads_profile_picture_url")
    return Identity(
        platform_user_id=str(user_id),
        username=username,
        display_name=str(me.get("name") or "").strip() or username,
        picture_url=picture if isinstance(picture, str) else None,
        profile_url=f"https://threads.net/@{username}",
    )


def _get(path: str, query: Mapping[str, str]) -> Request:
    return Request(method="GET", url=f"{GRAPH}/{path}", query=query, repeatable=True)


def _message(reply: Reply) -> str:
    body = reply.json_or_empty()
    error = body.get("error")
    told = error.get("message") if isinstance(error, dict) else body.get("error_message")
    return str(told or "")
