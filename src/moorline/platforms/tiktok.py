"""TikTok Login Kit v2: `client_key`, errors even with HTTP 200. Facts: docs/platforms/tiktok.md, 2026-11-23."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from typing_extensions import override

from moorline import clock
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
REVOKE_URL = f"{API}/oauth/revoke/"
BASIC_FIELDS = ("open_id", "avatar_url", "display_name")
PROFILE_FIELDS = ("username",)
RATE_LIMIT_PAUSE_S = 60  # docs/platforms/tiktok.md#limits: no header tells how long

# docs/platforms/tiktok.md#errors, checked 2026-11-23
_APP_CODES = {"invalid_client", "unauthorized_client", "invalid_scope", "reached_active_user_cap"}
_APP_TEXTS = ("client secret is missed", "redirect_uri is not matched", "code verifier or code challenge")
_DEAD = {"invalid_grant", "access_denied", "access_token_invalid"}
_SCOPE = {"scope_not_authorized", "scope_permission_missed"}
_RESTRICTED = ("spam_risk", "user_banned")
_PASSING = {"server_error", "temporarily_unavailable", "internal_error"}
_RATE_LIMIT = "rate_limit_exceeded"


class TikTok(OAuthPlatform):
    """A TikTok account; the refresh token rotates."""

    name = "tiktok"
    api_hosts = ("open.tiktokapis.com",)
    spec = OAuthSpec(
        authorize_url="https://www.tiktok.com/v2/auth/authorize/",
        token_url=f"{API}/oauth/token/",
        scopes=("user.info.basic", "user.info.profile", "video.publish", "video.upload"),
        spared_scopes=("user.info.profile",),
        analytics_scopes=("user.info.stats", "video.list"),
        scope_separator=",",
        client_id_field="client_key",
        revoke_url=REVOKE_URL,
        # Always asks, so that another account can be chosen.
        authorize_extra={"disable_auto_auth": "1"},
    )
    revokes_person = True  # docs/platforms/tiktok.md#disconnecting

    @override
    def judge(self, reply: Reply) -> MoorlineError | None:
        (code, text), status = _error(reply), reply.status
        if code == _RATE_LIMIT or status == 429:
            return PlatformRateLimited(
                "TikTok asks us to wait.",
                retry_after_s=RATE_LIMIT_PAUSE_S,
                platform_status=status,
                platform_code=code,
            )
        if code in {None, "ok"}:
            return None if status < 400 else judge_by_status("TikTok", reply)
        return _judge_by_name(str(code), text.lower(), status=status)

    @override
    async def identify(self, http: Http, app: App, tokens: Tokens) -> Identity:
        granted = (app.scopes or self.spec.scopes) if tokens.granted is None else tokens.granted
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
        """Withdraw the person's consent by the access token, renewed first when it has expired."""
        if self.spec.revoke_url is None:
            return
        if tokens.access_expires_at is not None and tokens.access_expires_at <= clock.now():
            tokens = await self.refresh(http, app, tokens)
        request = self.token_request(app, {"token": tokens.access})
        reply = await http.send(replace(request, url=self.spec.revoke_url, repeatable=True))
        error = self.judge(reply)  # a success has an empty body
        if error is not None:
            raise error


def to_identity(info: Mapping[str, Any]) -> Identity:
    """Map /v2/user/info/. `open_id` is kept as it is, dashes included. Raises: UnexpectedReply."""
    data = info.get("data")
    user = data.get("user") if isinstance(data, dict) else None
    open_id = user.get("open_id") if isinstance(user, dict) else None
    if not isinstance(user, dict) or not isinstance(open_id, str) or not open_id:
        raise UnexpectedReply("TikTok did not say whose account this is.")
    handle, name = str(user.get("username") or ""), str(user.get("display_name") or "").strip()
    picture = user.get("avatar_url")
    return Identity(
        platform_user_id=open_id,
        username=handle or name or open_id,
        display_name=name or handle or open_id,
        picture_url=picture if isinstance(picture, str) else None,
        profile_url=f"https://tiktok.com/@{handle}" if handle else None,
    )


def _judge_by_name(code: str, text: str, *, status: int) -> MoorlineError:
    if code in _SCOPE:
        return ScopeMissing(f"a permission ({code})", "TikTok")
    if code in _APP_CODES or any(known in text for known in _APP_TEXTS):
        return AppMisconfigured(f"TikTok refuses this app: {code}.", platform_status=status, platform_code=code)
    if code in _DEAD:
        return Refused(f"TikTok refused: {code}.", platform_status=status, platform_code=code)
    if code.startswith(_RESTRICTED):
        return Refused(
            f"TikTok restricted this account: {code}.",
            code="account_not_eligible",
            platform_status=status,
            platform_code=code,
        )
    if code in _PASSING or status >= 500:
        return Unreachable(f"TikTok has trouble: {code}.", platform_status=status, platform_code=code)
    return UnexpectedReply(f"TikTok answered {code}.", platform_status=status, platform_code=code)


def _error(reply: Reply) -> tuple[str | None, str]:
    """Name and text of an error, whatever the status: flat, in an object, or in the older wrapper."""
    body = reply.json_or_empty()
    error, data = body.get("error"), body.get("data")
    if isinstance(error, dict):
        return str(error.get("code") or "") or None, str(error.get("message") or "")
    if isinstance(error, str) and error:
        return error, str(body.get("error_description") or "")
    if body.get("message") == "error":
        older = data if isinstance(data, dict) else {}
        return str(older.get("error_code") or "error"), str(older.get("description") or "")
    if "log_id" in body and isinstance(body.get("code"), str):
        return str(body["code"]), str(body.get("message") or "")
    return None, ""
