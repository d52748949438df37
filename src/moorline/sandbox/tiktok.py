"""TikTok's Login Kit, played. Facts: the platform sheet tiktok.md, named by section."""

from collections import deque
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, ClassVar

from typing_extensions import override

from moorline import ids
from moorline.sandbox import screens
from moorline.sandbox.kernel import Call, Covered, RegisteredApp, Reply, endpoint
from moorline.sandbox.oauth_platform import Parameters, send_back
from moorline.sandbox.oauth_rules import ClientAuth, OAuthRules, Pkce, RefreshTokens, Refusal, Refused
from moorline.sandbox.oauth_server import AccessToken, AuthorizationRequest, Grant, OAuthServer, Tokens
from moorline.sandbox.portraits import portrait
from moorline.sandbox.switches import SwitchedPlatform
from moorline.sandbox.tiktok_users import SCOPE_OF_FIELD, SCOPES, open_id, shown

SITE = "www.tiktok.com"
API = "open.tiktokapis.com"
PICTURES = "p19-sign.tiktokcdn-us.com"
DESKTOP = "desktop"
SANDBOX_APP = "sandbox_app"
TARGET = "plenty"  # the one target user of apps with the flag `sandbox_app`
CALLS_A_MINUTE = 600  # tiktok.md section 10
_MALFORMED = "The request parameters are malformed."


class TikTok(SwitchedPlatform):
    """TikTok. Apps are web apps unless registered with the flag `desktop`."""

    name = "tiktok"
    title = "TikTok"
    hosts = (SITE, API, PICTURES)
    app_flags = (DESKTOP, SANDBOX_APP)
    switches: ClassVar[Mapping[str, str]] = {
        "errors_with_200": "every error answers with HTTP 200",
        "older_lifetimes": "tokens live 24 hours, refresh tokens 365 days",
        "refresh_life_runs_on": "a new refresh token lives until the first one's end",
        "refresh_ends_access": "a refresh kills the access token handed out before",
        "scope_missing_is_400": "a field without its scope is scope_permission_missed",
        "flat_errors": "errors of resources come without the envelope",
        "revoke_answers_braces": "a revocation answers {} and not nothing",
        "auto_auth": "who consented before is sent back without a page, unless disable_auto_auth is 1",
    }
    rules: ClassVar[OAuthRules] = OAuthRules(
        scopes=SCOPES,
        scope_separators=",",  # tiktok.md section 2
        client_field="client_key",  # tiktok.md section 1
        pkce=Pkce.IGNORED,  # tiktok.md section 1: web apps
        required_pkce_flag=DESKTOP,  # tiktok.md section 1
        challenge_methods=("S256",),  # tiktok.md section 1
        challenge_is_hex=True,  # tiktok.md section 1
        redirect_query=False,  # tiktok.md section 2
        redirect_limit=512,  # tiktok.md section 2
        any_port_flag=DESKTOP,  # tiktok.md section 2
        code_lifetime_s=300,  # tiktok.md section 4: minutes (the figure is unverified)
        code_suffix="*0!4321.va",  # tiktok.md section 3: such characters, encoded in the callback
        client_auth=ClientAuth.BODY,  # tiktok.md section 1
        access_lifetime_s=7200,  # tiktok.md section 4
        access_prefix="act.",  # tiktok.md section 4
        refresh=RefreshTokens(
            scope="",
            lifetime_s=15_552_000,  # tiktok.md section 4
            prefix="rft.",  # tiktok.md section 4
            reuse_kills_grant=False,  # tiktok.md section 6: the one sent stops working, no more is said
        ),
    )

    @override
    def reset(self) -> None:
        """Forget what was issued and called."""
        super().reset()
        self._access_of: dict[str, str] = {}  # refresh token: the access token handed out with it
        self._calls: dict[str, deque[datetime]] = {}

    @override
    def switched(self) -> None:
        """Later tokens live by the rules of the switches. (tiktok.md section 6)"""
        rules = self.rules
        refresh = rules.refresh
        if refresh is not None:
            refresh = replace(refresh, restarts=not self.on("refresh_life_runs_on"))
        if refresh is not None and self.on("older_lifetimes"):
            refresh = replace(refresh, lifetime_s=31_536_000)
            rules = replace(rules, access_lifetime_s=86_400)
        self.server.rules = replace(rules, refresh=refresh)

    # --- login --------------------------------------------------------------------------------------------------------

    @endpoint("GET|POST", SITE, "/v2/auth/authorize/", source="tiktok.md section 2")
    async def authorize(self, call: Call) -> Reply:
        """The consent page and its form. A wrong scope goes back to the app. (tiktok.md section 3)"""
        try:
            request = self.server.read_request(call.query)
        except Refused as refused:
            if refused.reason is Refusal.SCOPE_UNKNOWN:
                return send_back(call.query["redirect_uri"], _told("invalid_scope", str(refused), call.query["state"]))
            return self.refuse_authorization(refused)
        known = self._signed_in(request) if call.method == "GET" else None
        if known is None:
            return await self.ask_consent(call)
        grant = self.server.consent(request, person=known.person, granted=frozenset(request.scopes))
        code = self.server.issue_code(request, grant)
        return send_back(request.redirect_uri, self.approved(request, grant, code))

    def _signed_in(self, request: AuthorizationRequest) -> Grant | None:
        """The consent that makes the page needless. (tiktok.md section 2)"""
        if not self.on("auto_auth") or request.query.get("disable_auto_auth") == "1":
            return None
        standing = (g for g in reversed(self.server.grants) if g.client_id == request.app.client_id and not g.revoked)
        grant = next(standing, None)
        return grant if grant is not None and set(request.scopes) <= set(grant.granted) else None

    @override
    def approved(self, request: AuthorizationRequest, grant: Grant, code: str) -> Parameters:
        """`scopes` in the plural. (tiktok.md section 3)"""
        return (("code", code), ("scopes", ",".join(grant.granted)), ("state", request.state))

    @override
    def denied(self, request: AuthorizationRequest) -> Parameters:
        """The description is unverified. (tiktok.md section 3)"""
        return _told("access_denied", "User denied the request", request.state)

    @override
    def turn_away(self, request: AuthorizationRequest, person: str) -> Reply | None:
        """Apps in TikTok's sandbox are for their target users. (tiktok.md section 3)"""
        if SANDBOX_APP not in request.app.flags or person == TARGET:
            return None
        told = (("error", "access_denied"), ("error_type", "non_sandbox_target"), ("state", request.state))
        return self.deny(request, told)

    @override
    def refuse_authorization(self, refused: Refused) -> Reply:
        """A page of TikTok's own. (tiktok.md section 2)"""
        wrong = {Refusal.CLIENT_UNKNOWN: "client_key", Refusal.REDIRECT_UNREGISTERED: "redirect_uri"}
        text = f"Correct the following and try again: {wrong.get(refused.reason, refused.subject)}"
        return screens.error_page(self.title, headline="Something went wrong", text=text, refused=refused)

    # --- tokens -------------------------------------------------------------------------------------------------------

    @endpoint("POST", API, "/v2/oauth/token/", source="tiktok.md sections 4 and 6")
    async def token(self, call: Call) -> Reply:
        """Code for tokens, and refresh token for the next pair. Form only, with the trailing slash."""
        sent = call.form()
        try:
            app = self._app(call, sent, ("client_key", "client_secret", "grant_type"))
            tokens = self.server.redeem(app, sent)
        except Refused as refused:
            return self._refuse_oauth(refused)
        if sent["grant_type"] == "refresh_token" and self.on("refresh_ends_access"):
            self.server.revoke_token(app, self._access_of[sent["refresh_token"]])
        return Reply.of_json(self._handed_out(tokens))

    def _app(self, call: Call, sent: Mapping[str, str], needed: tuple[str, ...]) -> RegisteredApp:
        for name in needed:
            if not sent.get(name):
                raise Refused(Refusal.PARAMETER_MISSING, name)
        return self.server.authenticate(call, sent)

    def _handed_out(self, tokens: Tokens) -> dict[str, Any]:
        """(tiktok.md section 4)"""
        now = self.books.clock.now()
        answer: dict[str, Any] = {
            "access_token": tokens.access.value,
            "expires_in": _seconds(tokens.access.expires_at - now),
            "open_id": open_id(tokens.access.grant),
        }
        if tokens.refresh is not None and tokens.refresh_expires_at is not None:
            self._access_of[tokens.refresh] = tokens.access.value
            answer["refresh_expires_in"] = _seconds(tokens.refresh_expires_at - now)
            answer["refresh_token"] = tokens.refresh
        return {**answer, "scope": ",".join(tokens.access.grant.granted), "token_type": "Bearer"}

    @endpoint("POST", API, "/v2/oauth/revoke/", source="tiktok.md section 9")
    async def revoke_token(self, call: Call) -> Reply:
        """Disconnect the app from the account, by a live access token; the refusal of a dead one is unverified."""
        sent = call.form()
        try:
            app = self._app(call, sent, ("client_key", "client_secret", "token"))
            grant = self.server.access(sent["token"]).grant
            if grant.client_id != app.client_id:
                raise Refused(Refusal.TOKEN_UNKNOWN)
        except Refused as refused:
            return self._refuse_oauth(refused)
        _disconnect(self.server, grant)
        return Reply.of_json({}) if self.on("revoke_answers_braces") else Reply()

    def _refuse_oauth(self, refused: Refused) -> Reply:
        """Flat, with the log id. (tiktok.md section 4)"""
        status, error, description = _OAUTH_ERRORS.get(refused.reason, (400, "invalid_request", _MALFORMED))
        if refused.reason is Refusal.PARAMETER_MISSING:
            description = _MISSING.get(refused.subject, _MALFORMED)
        told = {"error": error, "error_description": description, "log_id": self._log_id()}
        return Reply.of_json(told, status=200 if self.on("errors_with_200") else status)

    # --- the user -----------------------------------------------------------------------------------------------------

    @endpoint("GET", API, "/v2/user/info/", source="tiktok.md section 7", covered=Covered.PARTIAL)
    async def user_info(self, call: Call) -> Reply:
        """The fields asked for, or none at all; the app's cap of users is played by faults only."""
        try:
            token = self.server.access(call.bearer() or "")
        except Refused:
            message = "The access token is invalid or not found in the request."
            return self._refuse(401, "access_token_invalid", message)
        if not self._within_limit(token):
            return self._refuse(429, "rate_limit_exceeded", "The API rate limit was exceeded.")
        fields = tuple(filter(None, call.query.get("fields", "").split(",")))
        unknown = [name for name in fields if name not in SCOPE_OF_FIELD]
        if unknown or not fields:
            return self._refuse(400, "invalid_params", "The field `fields` is missing or invalid.")
        if not {SCOPE_OF_FIELD[name] for name in fields} <= set(token.grant.granted):
            return self._refuse_scope()
        user = shown(token.grant)
        error = {"code": "ok", "message": "", "log_id": self._log_id()}
        return Reply.of_json({"data": {"user": {name: user[name] for name in fields}}, "error": error})

    def _within_limit(self, token: AccessToken) -> bool:
        """A sliding minute for each token. (tiktok.md section 10)"""
        now = self.books.clock.now()
        recent = self._calls.setdefault(token.value, deque())
        while recent and recent[0] <= now - timedelta(minutes=1):
            recent.popleft()
        if len(recent) >= CALLS_A_MINUTE:
            return False
        recent.append(now)
        return True

    def _refuse_scope(self) -> Reply:
        """(tiktok.md section 7)"""
        message = "The user did not authorize the scope required for completing this request."
        if self.on("scope_missing_is_400"):
            return self._refuse(400, "scope_permission_missed", message)
        return self._refuse(401, "scope_not_authorized", message)

    def _refuse(self, status: int, code: str, message: str) -> Reply:
        """The envelope of resources. (tiktok.md section 10)"""
        error = {"code": code, "message": message, "log_id": self._log_id()}
        told = error if self.on("flat_errors") else {"data": {}, "error": error}
        return Reply.of_json(told, status=200 if self.on("errors_with_200") else status)

    def _log_id(self) -> str:
        return f"{self.books.clock.now():%Y%m%d%H%M%S}{ids.new_id()[8:].upper()}"

    @override
    def unknown(self, call: Call) -> Reply:
        """Unverified; also what a path without its trailing slash answers."""
        return self._refuse(404, "invalid_params", f"Unsupported path: {call.path}")

    @override
    def wrong_method(self, call: Call, allowed: tuple[str, ...]) -> Reply:
        """Unverified."""
        reply = self._refuse(405, "invalid_params", f"Unsupported method: {call.method}")
        return replace(reply, headers=(*reply.headers, ("allow", ", ".join(allowed))))

    @endpoint("GET", PICTURES, "/tos/{file}", source="tiktok.md section 7", covered=Covered.PARTIAL)
    async def portrait_of(self, call: Call) -> Reply:
        """What answers of this platform name as somebody's picture."""
        return portrait(call)


def _told(error: str, description: str, state: str) -> Parameters:
    return (("error", error), ("error_description", description), ("state", state))


def _seconds(left: timedelta) -> int:
    return round(left.total_seconds())


def _disconnect(server: OAuthServer, grant: Grant) -> None:
    """All consents of the person to the app end with one. (tiktok.md section 9)"""
    for other in server.grants:
        if (other.client_id, other.person) == (grant.client_id, grant.person):
            other.revoked = True


_CODE_DEAD = (400, "invalid_grant", "Authorization code is expired.")
_CLIENT_WRONG = (401, "invalid_client", "Client key or secret is incorrect.")
_TOKEN_DEAD = (400, "invalid_grant", "Access token is invalid or expired.")
_VERIFIER = "Code verifier or code challenge is invalid."

# tiktok.md sections 4 and 6; the texts of an unsupported grant and of a revocation with a dead token are unverified
_OAUTH_ERRORS = {
    Refusal.CLIENT_UNKNOWN: _CLIENT_WRONG,
    Refusal.CLIENT_UNPROVEN: _CLIENT_WRONG,
    Refusal.CODE_UNKNOWN: _CODE_DEAD,
    Refusal.CODE_USED: _CODE_DEAD,
    Refusal.CODE_EXPIRED: _CODE_DEAD,
    Refusal.REDIRECT_DIFFERS: (
        400,
        "invalid_request",
        "Redirect_uri is not matched with the uri when requesting code.",
    ),
    Refusal.VERIFIER_WRONG: (400, "invalid_request", _VERIFIER),
    Refusal.GRANT_TYPE_UNKNOWN: (400, "unsupported_grant_type", "The grant type is not supported."),
    Refusal.REFRESH_DEAD: (400, "invalid_grant", "Refresh token is invalid or expired."),
    Refusal.TOKEN_UNKNOWN: _TOKEN_DEAD,
    Refusal.TOKEN_EXPIRED: _TOKEN_DEAD,
    Refusal.TOKEN_REVOKED: _TOKEN_DEAD,
}
_MISSING = {"client_secret": "Client secret is missed in request.", "code_verifier": _VERIFIER}
