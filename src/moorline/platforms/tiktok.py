"""TikTok Login Kit v2: `client_key`, errors even with HTTP 200. Facts: docs/platforms/tiktok.md, 2026-11-23."""

from collections.abc import Mapping
from typing import Any

from typing_extensions import override

from moorline.adapter.oauth import OAuthPlatform, OAuthSpec, judge_by_status
from moorline.adapter.values import App, Identity, Tokens
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

API = "https://open.tiktokapis.com/v2"
ME_URL = f"{API}/user/info/"
BASIC_FIELDS = ("open_id", "union_id", "avatar_url", "display_name")
PROFILE_FIELDS = ("username",)
RATE_LIMIT_PAUSE_S = 60  # docs/platforms/tiktok.md#limits: no header tells how long

# docs/platforms/tiktok.md#errors
_OURS = {"invalid_client", "unauthorized_client", "invalid_scope", "reached_active_user_cap"}
_PERSON = {"invalid_grant", "access_denied", "access_token_invalid"}
_PASSING = {"server_error", "temporarily_unavailable", "internal_error"}
_SCOPE = {"scope_not_authorized", "scope_permission_missed"}
_OUR_TEXTS = ("client secret is missed", "redirect_uri is not matched")


class TikTok(OAuthPlatform):
    """A TikTok account; the refresh token rotates."""

    name = "tiktok"
    spec = OAuthSpec(
        authorize_url="https://www.tiktok.com/v2/auth/authorize/",
        token_url=f"{API}/oauth/token/",
        scopes=("user.info.basic", "user.info.profile", "video.publish", "video.upload"),
        scope_separator=",",
        client_id_field="client_key",
        revoke_url=f"{API}/oauth/revoke/",
        # Always asks, so that another account can be chosen.
        authorize_extra={"disable_auto_auth": "1"},
    )
    revokes_person = True  # docs/platforms/tiktok.md#disconnecting

    @override
    def judge(self, reply: Reply) -> MoorlineError | None:
        code, told = _error(reply)
        if code in {None, "ok"}:
            return None if reply.status < 400 else judge_by_status("TikTok", reply)
        status = reply.status
        if code in _SCOPE:
            return ScopeMissing("a permission", "TikTok")
        if code in _OURS or any(text in told.lower() for text in _OUR_TEXTS):
            return AppMisconfigured(f"TikTok refuses this app: {code}.", platform_status=status, platform_code=code)
        if code in _PERSON:
            return Refused(f"TikTok refused: {code}.", platform_status=status, platform_code=code)
        if code == "rate_limit_exceeded":
            return PlatformRateLimited(
                "TikTok asks us to wait.",
                retry_after_s=RATE_LIMIT_PAUSE_S,
                platform_status=status,
                platform_code=code,
            )
        if code in _PASSING or status >= 500:
            return Unreachable(f"TikTok has trouble: {code}.", platform_status=status, platform_code=code)
        return UnexpectedReply(f"TikTok answered {code}.", platform_status=status, platform_code=code)

    @override
    async def identify(self, http: Http, app: App, tokens: Tokens) -> Identity:
        granted = tokens.granted or self.spec.scopes
        if "user.info.basic" not in granted:
            raise ScopeMissing("user.info.basic", "TikTok")
        # One field outside the granted scopes would refuse the whole call.
        fields = BASIC_FIELDS + (PROFILE_FIELDS if "user.info.profile" in granted else ())
        request = Request(
            method="GET", url=ME_URL, query={"fields": ",".join(fields)}, bearer=tokens.access, repeatable=True
        )
        return to_identity(await self.fetch(http, request))

    @override
    async def revoke(self, http: Http, app: App, tokens: Tokens, identity: Identity) -> None:
        request = self.token_request(app, {"token": tokens.access})
        url = self.spec.revoke_url or ""
        reply = await http.send(
            Request(method="POST", url=url, form=request.form, headers=request.headers, repeatable=True)
        )
        error = self.judge(reply)  # a success has an empty body
        if error is not None:
            raise error


def to_identity(info: Mapping[str, Any]) -> Identity:
    """Map /v2/user/info/. `open_id` is kept as it is, dashes included. Raises: UnexpectedReply."""
    data = info.get("data")
    user = data.get("user") if isinstance(data, dict) else None
    if not isinstance(user, dict) or not isinstance(user.get("open_id"), str):
        raise UnexpectedReply("TikTok did not say whose account this is.")
    handle, name = user.get("username"), str(user.get("display_name") or "").strip()
    picture = user.get("avatar_url")
    return Identity(
        platform_user_id=user["open_id"],
        username=str(handle or name or user["open_id"]),
        display_name=name or str(handle or user["open_id"]),
        picture_url=picture if isinstance(picture, str) else None,
        profile_url=f"https://tiktok.com/@{handle}" if handle else None,
    )


def _error(reply: Reply) -> tuple[str | None, str]:
    """Code and text of an error, whatever the status: flat, in an object, or in the older wrapper."""
    body = reply.json_or_empty()
    error = body.get("error")
    if isinstance(error, dict):
        return str(error.get("code") or "") or None, str(error.get("message") or "")
    if isinstance(error, str) and error:
        return error, str(body.get("error_description") or "")
    if body.get("message") == "error":
        data = body.get("data")
        return "error", str(data.get("description") if isinstance(data, dict) else "")
    if "log_id" in body and isinstance(body.get("code"), str):
        return str(body["code"]), str(body.get("message") or "")
    return None, ""
