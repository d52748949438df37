"""Threads: one login is one profile; the 60-day token renews itself. Facts: docs/platforms/threads.md, 2026-11-23."""

from collections.abc import Mapping
from typing import Any

from typing_extensions import override

from moorline.adapter import meta
from moorline.adapter.oauth import OAuthPlatform, OAuthSpec
from moorline.adapter.values import App, Identity, Renews, Tokens
from moorline.errors import MoorlineError, Refused, UnexpectedReply
from moorline.wire import Http, Reply, Request

GRAPH = "https://graph.threads.net"
ME_FIELDS = "id,username,name,threads_profile_picture_url"


class Threads(OAuthPlatform):
    """A Threads profile."""

    name = "threads"
    api_hosts = ("graph.threads.net",)
    spec = OAuthSpec(
        authorize_url="https://threads.net/oauth/authorize",
        token_url=f"{GRAPH}/oauth/access_token",
        scopes=("threads_basic", "threads_content_publish", "threads_manage_insights"),
        analytics_scopes=("threads_manage_insights",),
        scope_separator=",",
        renews=Renews.BY_EXCHANGE,
        version="v1.0",
    )

    @override
    def judge(self, reply: Reply) -> MoorlineError | None:
        # Seen for an expired token. No call of ours names a resource, so it can only be the token's owner.
        if "requested resource does not exist" in meta.message_of(reply).lower():
            return Refused(
                "Threads does not know whose access this is (any more).",
                platform_status=reply.status,
                platform_code=str(meta.code_of(reply)[0]),
            )
        return meta.judge_own_login("Threads", reply)

    @override
    def refuses_token(self, reply: Reply) -> bool:
        return meta.refuses_token(reply)

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
        return self.to_tokens(meta.with_long_life(await self.fetch(http, _get("access_token", query))))

    @override
    async def refresh(self, http: Http, app: App, tokens: Tokens) -> Tokens:
        """Trade the token for one of another sixty days. Raises: PlatformRateLimited too when it is not a day old."""
        query = {"grant_type": "th_refresh_token", "access_token": tokens.access}
        try:
            reply = await self.fetch(http, _get("refresh_access_token", query))
        except (Refused, UnexpectedReply) as error:
            meta.raise_if_young("Threads", tokens, error)
            raise
        return self.to_tokens(meta.with_long_life(reply), before=tokens)

    @override
    async def identify(self, http: Http, app: App, tokens: Tokens) -> Identity:
        path = f"{app.api_version or self.spec.version}/me"
        return to_identity(await self.fetch(http, _get(path, {"fields": ME_FIELDS, "access_token": tokens.access})))


def to_identity(me: Mapping[str, Any]) -> Identity:
    """Map /me. Raises: UnexpectedReply."""
    user_id, username = me.get("id"), me.get("username")
    if not isinstance(user_id, str | int) or not user_id or not isinstance(username, str) or not username:
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
