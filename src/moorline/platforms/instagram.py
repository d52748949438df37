"""Instagram with Instagram Login: one professional account a login. Facts: docs/platforms/instagram.md, 2026-11-23."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from typing_extensions import override

from moorline.adapter import meta
from moorline.adapter.oauth import OAuthPlatform, OAuthSpec, expiry
from moorline.adapter.values import App, Identity, Renews, Tokens
from moorline.errors import (
    AppMisconfigured,
    FlowFailed,
    MoorlineError,
    Refused,
    ScopeMissing,
    UnexpectedReply,
)
from moorline.wire import Http, Reply, Request

GRAPH = "https://graph.instagram.com"
ME_FIELDS = "user_id,username,name,profile_picture_url,account_type"
PROFESSIONAL = {"business", "media_creator", "creator"}

# docs/platforms/instagram.md#errors: the code exchange answers flat bodies, told apart by their text alone
_CODE_TEXTS = ("matching code was not found", "authorization code has been used", "authorization code has expired")
_NOT_PROFESSIONAL = FlowFailed(
    "account_not_eligible",
    "It is a personal Instagram account; only professional ones can be connected. Switch it to a professional account "
    "in Instagram's settings, free, then start again.",
)


class Instagram(OAuthPlatform):
    """The professional account itself; its 60-day token is traded for the next one."""

    name = "instagram"
    spec = OAuthSpec(
        authorize_url="https://www.instagram.com/oauth/authorize",
        token_url="https://api.instagram.com/oauth/access_token",
        scopes=("instagram_business_basic", "instagram_business_content_publish", "instagram_business_manage_insights"),
        scope_separator=",",
        renews=Renews.BY_EXCHANGE,
        version="v25.0",
        # Shows the login form, so that a second account can be chosen.
        authorize_extra={"force_reauth": "true"},
    )

    @override
    def judge(self, reply: Reply) -> MoorlineError | None:
        body = reply.json_or_empty()
        message = body.get("error_message")
        if not isinstance(message, str):
            return meta.judge("Instagram", reply)
        told = str(body.get("error_type") or "flat")
        if any(text in message.lower() for text in _CODE_TEXTS):
            return Refused("Instagram refused the code.", platform_status=reply.status, platform_code=told)
        # A wrong secret answers with the text of a wrong redirect URI, so both are the operator's to check.
        return AppMisconfigured(
            "Instagram refuses this app: check the redirect URI and the app secret.",
            platform_status=reply.status,
            platform_code=told,
        )

    @override
    async def exchange(self, http: Http, app: App, *, code: str, verifier: str | None) -> Tokens:
        """Trade the code for an hour, then the hour for sixty days; without the second there is no connection."""
        fields = {
            "grant_type": "authorization_code",
            "code": code.removesuffix("#_"),
            "redirect_uri": app.redirect_uri,
        }
        short = to_short(await self.fetch(http, self.token_request(app, fields)))
        query = {
            "grant_type": "ig_exchange_token",
            "client_secret": app.client_secret,
            "access_token": short.access,
        }
        long = self.to_tokens(await self.fetch(http, _get("access_token", query)))
        return replace(long, granted=short.granted)

    @override
    async def refresh(self, http: Http, app: App, tokens: Tokens) -> Tokens:
        query = {"grant_type": "ig_refresh_token", "access_token": tokens.access}
        return self.to_tokens(await self.fetch(http, _get("refresh_access_token", query)), before=tokens)

    @override
    async def identify(self, http: Http, app: App, tokens: Tokens) -> Identity:
        if tokens.granted is not None and "instagram_business_basic" not in tokens.granted:
            raise ScopeMissing("instagram_business_basic", "Instagram")
        query = {"fields": ME_FIELDS, "access_token": tokens.access}
        reply = await http.send(_get(f"{app.api_version or self.spec.version}/me", query))
        if _is_unversioned_only(reply):
            reply = await http.send(_get("me", query))
        error = self.judge(reply)
        if error is not None:
            raise _NOT_PROFESSIONAL if "not an Instagram Business" in _message(reply) else error
        return to_identity(reply.json_object())


def to_short(reply: Mapping[str, Any]) -> Tokens:
    """The one-hour token, from either documented shape: wrapped in a list, or flat. Raises: UnexpectedReply."""
    data = reply.get("data")
    token = data[0] if isinstance(data, list) and data and isinstance(data[0], dict) else reply
    access, permissions = token.get("access_token"), token.get("permissions")
    if not isinstance(access, str) or not access:
        raise UnexpectedReply("Instagram's token answer has no access_token.")
    told = permissions.split(",") if isinstance(permissions, str) else permissions
    granted = tuple(str(scope).strip() for scope in told) if isinstance(told, list) else None
    return Tokens(access=access, granted=granted, access_expires_at=expiry(3600))


def to_identity(reply: Mapping[str, Any]) -> Identity:
    """Map /me, wrapped or flat. `user_id`, not `id`, is the account; it may be a number too large for a float.

    Raises: UnexpectedReply; FlowFailed for a personal account.
    """
    data = reply.get("data")
    me = data[0] if isinstance(data, list) and data and isinstance(data[0], dict) else reply
    user_id, username = me.get("user_id"), me.get("username")
    if not isinstance(user_id, str | int) or not isinstance(username, str):
        raise UnexpectedReply("Instagram did not say whose account this is.")
    kind = me.get("account_type")
    if isinstance(kind, str) and kind.lower() not in PROFESSIONAL:
        raise _NOT_PROFESSIONAL
    picture = me.get("profile_picture_url")
    return Identity(
        platform_user_id=str(user_id),
        username=username,
        display_name=str(me.get("name") or "").strip() or username,
        picture_url=picture if isinstance(picture, str) else None,
        profile_url=f"https://instagram.com/{username}",
    )


def _get(path: str, query: Mapping[str, str]) -> Request:
    return Request(method="GET", url=f"{GRAPH}/{path}", query=query, repeatable=True)


def _message(reply: Reply) -> str:
    error = reply.json_or_empty().get("error")
    return str(error.get("message", "")) if isinstance(error, dict) else ""


def _is_unversioned_only(reply: Reply) -> bool:
    return reply.status >= 400 and _message(reply).startswith("Unsupported request - method type: get")
