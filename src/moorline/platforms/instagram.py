"""Instagram with Instagram Login: one professional account a login. Facts: docs/platforms/instagram.md, 2026-11-23."""

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from typing_extensions import override

from moorline.adapter import meta
from moorline.adapter.oauth import OAuthPlatform, OAuthSpec, expiry
from moorline.adapter.values import App, Identity, Renews, Tokens
from moorline.errors import FlowFailed, MoorlineError, Refused, ScopeMissing, UnexpectedReply
from moorline.wire import Http, Reply, Request

GRAPH = "https://graph.instagram.com"
ME_FIELDS = "user_id,username,name,profile_picture_url,account_type"
SHORT_LIFE_S = 3600  # docs/platforms/instagram.md#tokens: the first answer does not tell it
PROFESSIONAL = {"business", "media_creator", "creator"}

# docs/platforms/instagram.md#errors, checked 2026-11-23
_RESTRICTED = 25
_UNKNOWN_OBJECT = (100, 33)


class Instagram(OAuthPlatform):
    """The professional account itself; its 60-day token is traded for the next one."""

    name = "instagram"
    api_hosts = ("graph.instagram.com",)
    spec = OAuthSpec(
        authorize_url="https://www.instagram.com/oauth/authorize",
        token_url="https://api.instagram.com/oauth/access_token",
        scopes=("instagram_business_basic", "instagram_business_content_publish", "instagram_business_manage_insights"),
        analytics_scopes=("instagram_business_manage_insights",),
        scope_separator=",",
        renews=Renews.BY_EXCHANGE,
        version="v25.0",
        # Shows the login form, so that a second account can be chosen.
        authorize_extra={"force_reauth": "true"},
    )

    @override
    def judge(self, reply: Reply) -> MoorlineError | None:
        message, (code, subcode) = meta.message_of(reply).lower(), meta.code_of(reply)
        told, status = f"{code}" if subcode is None else f"{code}/{subcode}", reply.status
        if "not an instagram business" in message:
            return _not_professional()
        if code == _RESTRICTED:
            return Refused(
                f"Instagram restricted this account; open the Instagram app: {told}.",
                code="account_not_eligible",
                platform_status=status,
                platform_code=told,
            )
        if (code, subcode) == _UNKNOWN_OBJECT or "session key invalid" in message:
            return Refused(f"Instagram refuses this access: {told}.", platform_status=status, platform_code=told)
        return meta.judge_own_login("Instagram", reply)

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
        short = to_short(await self.fetch(http, self.token_request(app, fields)))
        query = {
            "grant_type": "ig_exchange_token",
            "client_secret": app.client_secret,
            "access_token": short.access,
        }
        return self.to_tokens(await self.fetch(http, _get("access_token", query)), before=short)

    @override
    async def refresh(self, http: Http, app: App, tokens: Tokens) -> Tokens:
        """Trade the token for one of another sixty days. Raises: PlatformRateLimited too when it is not a day old."""
        query = {"grant_type": "ig_refresh_token", "access_token": tokens.access}
        try:
            reply = await self.fetch(http, _get("refresh_access_token", query))
        except (Refused, UnexpectedReply) as error:
            meta.raise_if_young("Instagram", tokens, error)
            raise
        return self.to_tokens(reply, before=tokens)

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
            raise error
        return to_identity(reply.json_object())

    @override
    def to_tokens(self, reply: Mapping[str, Any], *, before: Tokens | None = None) -> Tokens:
        """Map the answer with a long-lived token, which may name the permissions. Raises: UnexpectedReply."""
        tokens, granted = super().to_tokens(meta.with_long_life(reply), before=before), to_granted(reply)
        return tokens if granted is None else replace(tokens, granted=granted)


def to_short(reply: Mapping[str, Any]) -> Tokens:
    """The one-hour token, from either documented shape: wrapped in a list, or flat. Raises: UnexpectedReply."""
    token = _unwrapped(reply)
    access = token.get("access_token")
    if not isinstance(access, str) or not access:
        raise UnexpectedReply("Instagram's token answer has no access_token.")
    return Tokens(access=access, granted=to_granted(token), access_expires_at=expiry(SHORT_LIFE_S))


def to_granted(token: Mapping[str, Any]) -> tuple[str, ...] | None:
    """The `permissions` of a token answer, a list or a text with commas; None when it does not tell them."""
    told = token.get("permissions")
    if isinstance(told, str):
        told = re.split(r"[\s,]+", told)
    return tuple(scope for scope in told if isinstance(scope, str) and scope) if isinstance(told, list) else None


def to_identity(reply: Mapping[str, Any]) -> Identity:
    """Map /me, wrapped or flat. `user_id`, not `id`, is the account; it may be a number too large for a float.

    Raises: UnexpectedReply; FlowFailed for a personal account.
    """
    me = _unwrapped(reply)
    user_id, username = me.get("user_id"), me.get("username")
    if not isinstance(user_id, str | int) or not user_id or not isinstance(username, str) or not username:
        raise UnexpectedReply("Instagram did not say whose account this is.")
    kind = me.get("account_type")
    if isinstance(kind, str) and kind.lower() not in PROFESSIONAL:
        raise _not_professional()
    picture = me.get("profile_picture_url")
    return Identity(
        platform_user_id=str(user_id),
        username=username,
        display_name=str(me.get("name") or "").strip() or username,
        picture_url=picture if isinstance(picture, str) else None,
        profile_url=f"https://instagram.com/{username}",
    )


def _unwrapped(reply: Mapping[str, Any]) -> Mapping[str, Any]:
    """The documented answer is wrapped in a list of one, the one seen in production is not."""
    data = reply.get("data")
    return data[0] if isinstance(data, list) and data and isinstance(data[0], dict) else reply


def _not_professional() -> FlowFailed:
    return FlowFailed(
        "account_not_eligible",
        "It is a personal Instagram account; only professional ones can be connected. Switch it to a professional "
        "account in Instagram's settings, free, then start again.",
    )


def _get(path: str, query: Mapping[str, str]) -> Request:
    return Request(method="GET", url=f"{GRAPH}/{path}", query=query, repeatable=True)


def _is_unversioned_only(reply: Reply) -> bool:
    return reply.status >= 400 and meta.message_of(reply).startswith("Unsupported request - method type: get")
