"""LinkedIn's authorization, played: consent, tokens, what becomes of them. Facts: linkedin.md, by section."""

import base64
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

from typing_extensions import override

from moorline import ids
from moorline.sandbox import screens
from moorline.sandbox.kernel import Call, Covered, RegisteredApp, Reply, endpoint
from moorline.sandbox.linkedin_restli import RestliError
from moorline.sandbox.linkedin_world import member_id
from moorline.sandbox.oauth_platform import Parameters
from moorline.sandbox.oauth_rules import ClientAuth, OAuthRules, Pkce, RefreshTokens, Refusal, Refused
from moorline.sandbox.oauth_server import AccessToken, AuthorizationRequest, Grant
from moorline.sandbox.switches import SwitchedPlatform

SITE = "www.linkedin.com"

# linkedin.md section 2: what each product of an app entitles it to ask for
COMMUNITY_SCOPES = (
    "rw_organization_admin", "r_organization_admin", "w_organization_social", "r_organization_social",
)  # fmt: skip
RESTRICTED_SCOPES = ("r_basicprofile", "r_member_social")
SCOPES = ("openid", "profile", "email", "w_member_social", *COMMUNITY_SCOPES, *RESTRICTED_SCOPES)

PARTNER = "refresh_tokens"
LACKING = {"no_community_management": COMMUNITY_SCOPES, "no_restricted_scopes": RESTRICTED_SCOPES}

# linkedin.md section 1: tokens can be up to about 1000 characters
_FILLING = "aB3dE5fG7hJ9" * 40


class LinkedInLogin(SwitchedPlatform):
    """Everything up to a token, and its end; `LinkedIn` adds what the token opens."""

    title = "LinkedIn"
    app_flags = (PARTNER, *LACKING)
    switches: ClassVar[Mapping[str, str]] = {
        "scope_with_spaces": "the token answer parts scopes with spaces, as documented (linkedin.md section 4)",
        "scope_absent": "the token answer tells no scope (linkedin.md section 4)",
        "production_code_error": "a code that does not fit is invalid_request (linkedin.md section 4)",
        "refresh_kills_access": "a refresh kills the earlier access tokens (linkedin.md section 6)",
        "invalid_scope_error": "a scope the app may not ask for has this name (linkedin.md section 2)",
        "denial_at_login": "a denial is a refusal to sign in (linkedin.md section 3)",
        "no_revocation": "there is no revocation endpoint (linkedin.md section 9)",
        "projection_drops_paging": "a projection leaves out paging even if it names it (linkedin.md section 8)",
        "organization_target": "the versioned role list calls its field organizationTarget (linkedin.md section 8)",
        "versioned_projection": "the versioned role list takes projections (linkedin.md section 8)",
        "no_localized_website": "a projection may not name localizedWebsite and localizedDescription "
        "(linkedin.md section 8)",
        "errors_without_code": "errors have no code (linkedin.md section 10)",
        "errors_without_number": "errors have no serviceErrorCode (linkedin.md section 10)",
    }
    rules: ClassVar[OAuthRules] = OAuthRules(
        scopes=SCOPES,
        required=("response_type", "scope"),  # linkedin.md section 2: state is optional
        all_or_nothing=True,  # linkedin.md section 2
        scope_change_revokes=True,  # linkedin.md section 4
        pkce=Pkce.REFUSED,  # linkedin.md sections 1 and 4
        code_lifetime_s=30 * 60,  # linkedin.md section 3
        code_prefix="AQT",  # linkedin.md section 3
        client_auth=ClientAuth.BODY,  # linkedin.md section 1
        access_lifetime_s=5_184_000,  # linkedin.md section 4
        access_prefix=f"AQX{_FILLING}",  # linkedin.md section 4
        refresh=RefreshTokens(
            scope="",
            needs_flag=PARTNER,  # linkedin.md section 1
            lifetime_s=365 * 24 * 3600,  # linkedin.md section 6
            prefix=f"AQW{_FILLING}",  # linkedin.md section 4
            rotates=False,  # linkedin.md section 6
        ),
    )

    # --- consent ------------------------------------------------------------------------------------------------------

    @endpoint("GET|POST", SITE, "/oauth/v2/authorization", source="linkedin.md section 2")
    async def authorize(self, call: Call) -> Reply:
        """The consent page and its form; an app that lacks a product is sent back before anybody is asked."""
        try:
            request = self.server.read_request(call.query)
        except Refused as refused:
            return self.refuse_authorization(refused)
        for scope in request.scopes:
            if any(flag in request.app.flags and scope in scopes for flag, scopes in LACKING.items()):
                return self.deny(request, self._unauthorized(request, scope))
        return await self.ask_consent(call)

    def _unauthorized(self, request: AuthorizationRequest, scope: str) -> Parameters:
        """The quotes arrive escaped for HTML. (linkedin.md section 2)"""
        error = "invalid_scope_error" if self.on("invalid_scope_error") else "unauthorized_scope_error"
        description = f"Scope &quot;{scope}&quot; is not authorized for your application"
        return (("error", error), ("error_description", description), *_state(request))

    @override
    def approved(self, request: AuthorizationRequest, grant: Grant, code: str) -> Parameters:
        """(linkedin.md section 3)"""
        return (("code", code), *_state(request))

    @override
    def denied(self, request: AuthorizationRequest) -> Parameters:
        """Never access_denied. (linkedin.md section 3)"""
        error, description = "user_cancelled_authorize", "The user cancelled the authorization"
        if self.on("denial_at_login"):
            error, description = "user_cancelled_login", "The user cancelled LinkedIn login"
        return (("error", error), ("error_description", description), *_state(request))

    @override
    def refuse_authorization(self, refused: Refused) -> Reply:
        """A page of LinkedIn's own, documented as 401. (linkedin.md section 2)"""
        text = _PAGES.get(refused.reason, "The request is not valid.")
        headline = "Bummer, something went wrong."
        return screens.error_page(self.title, headline=headline, text=text, refused=refused, status=401)

    # --- tokens -------------------------------------------------------------------------------------------------------

    @endpoint("POST", SITE, "/oauth/v2/accessToken", source="linkedin.md sections 4 and 6", covered=Covered.PARTIAL)
    async def access_token(self, call: Call) -> Reply:
        """A code, or a partner's refresh token, for a token. No key verifies the id_token."""
        needed = ("grant_type", *_NEEDED.get(call.form().get("grant_type", ""), ()))
        return self._for_app(call, needed, self._redeem)

    def _redeem(self, app: RegisteredApp, sent: Mapping[str, str]) -> Reply:
        tokens = self.server.redeem(app, sent)
        answer: dict[str, Any] = {"access_token": tokens.access.value, "expires_in": self._left_s(tokens.access)}
        refresh = tokens.refresh or sent.get("refresh_token")
        if refresh and tokens.refresh_expires_at is not None:
            left = tokens.refresh_expires_at - self.books.clock.now()
            answer |= {"refresh_token": refresh, "refresh_token_expires_in": int(left.total_seconds())}
        if sent["grant_type"] == "refresh_token":
            if self.on("refresh_kills_access"):
                self.server.kill_other_access(tokens.access)
            return Reply.of_json(answer)
        if not self.on("scope_absent"):
            answer["scope"] = (" " if self.on("scope_with_spaces") else ",").join(sorted(tokens.access.grant.granted))
        answer["token_type"] = "Bearer"
        if "openid" in tokens.access.grant.granted:
            answer["id_token"] = self.books.issue(self.name, "id_token", _id_token(tokens.access))
        return Reply.of_json(answer)

    def _left_s(self, token: AccessToken) -> int:
        return int((token.expires_at - self.books.clock.now()).total_seconds())

    def _for_app(
        self, call: Call, needed: Sequence[str], work: Callable[[RegisteredApp, Mapping[str, str]], Reply]
    ) -> Reply:
        """What `work` answers to an app that sent what is needed, and proved itself."""
        sent = call.form()
        try:
            for name in (*needed, "client_id", "client_secret"):
                if not sent.get(name):
                    raise Refused(Refusal.PARAMETER_MISSING, name)
            return work(self.server.authenticate(call, sent), sent)
        except Refused as refused:
            return self._refuse_token(refused)

    def _refuse_token(self, refused: Refused) -> Reply:
        """(linkedin.md sections 4 and 6)"""
        reason = refused.reason
        if reason in {Refusal.CLIENT_UNKNOWN, Refusal.CLIENT_UNPROVEN}:
            return _oauth_error(401, "invalid_client", "Client authentication failed")
        if reason is Refusal.PARAMETER_MISSING:
            return _oauth_error(400, "invalid_request", f'A required parameter "{refused.subject}" is missing')
        if reason is Refusal.GRANT_TYPE_UNKNOWN:
            return _oauth_error(400, "unsupported_grant_type", "The grant type is not supported")
        if reason is Refusal.REFRESH_DEAD:
            text = "The provided authorization grant or refresh token is invalid, expired or revoked"
            return _oauth_error(400, "invalid_request", text)
        if reason is Refusal.CODE_USED or (reason is Refusal.CODE_UNKNOWN and not refused.subject):
            text = "Unable to retrieve access token: authorization code not found"
            return _oauth_error(401, "invalid_request", text)
        error = "invalid_request" if self.on("production_code_error") else "invalid_redirect_uri"
        return _oauth_error(400, error, _UNFITTING)

    # --- the end of a token -------------------------------------------------------------------------------------------

    @endpoint("POST", SITE, "/oauth/v2/revoke", source="linkedin.md section 9")
    async def revoke_token(self, call: Call) -> Reply:
        """End everything the member granted the app. Whether LinkedIn has this is unverified: `no_revocation`."""
        if self.on("no_revocation"):
            return self.unknown(call)
        return self._for_app(call, ("token",), self._revoke)

    def _revoke(self, app: RegisteredApp, sent: Mapping[str, str]) -> Reply:
        ended = self.server.grant_of(sent["token"])
        for grant in self.server.grants:
            if ended is not None and (grant.client_id, grant.person) == (app.client_id, ended.person):
                grant.revoked |= ended.client_id == app.client_id
        return Reply()

    @endpoint("POST", SITE, "/oauth/v2/introspectToken", source="linkedin.md section 9")
    async def introspect(self, call: Call) -> Reply:
        """What a token is, to the app it was given to."""
        return self._for_app(call, ("token",), self._introspect)

    def _introspect(self, app: RegisteredApp, sent: Mapping[str, str]) -> Reply:
        token = self.server.peek(sent["token"])
        if token is None or token.grant.client_id != app.client_id:
            return Reply.of_json({"active": False})
        status = "active"
        try:
            self.server.access(token.value)
        except Refused as refused:
            status = "expired" if refused.reason is Refusal.TOKEN_EXPIRED else "revoked"
        told = {
            "active": status == "active",
            "client_id": app.client_id,
            "authorized_at": int(token.grant.consented_at.timestamp()),
            "created_at": int(token.issued_at.timestamp()),
            "status": status,
            "expires_at": int(token.expires_at.timestamp()),
            "scope": ",".join(sorted(token.grant.granted)),
            "auth_type": "3L",
        }
        return Reply.of_json(told)

    # --- every resource -----------------------------------------------------------------------------------------------

    def token_of(self, call: Call) -> AccessToken:
        """The live token of the call. Raises RestliError 401. (linkedin.md section 10)"""
        value = call.bearer()
        if value is None:
            raise RestliError(401, "Empty oauth2 access token", code="INVALID_ACCESS_TOKEN", number=65600)
        try:
            return self.server.access(value)
        except Refused as refused:
            number, code, message = _DEAD[refused.reason]
            raise RestliError(401, message, code=code, number=number) from refused

    def answer(self, work: Callable[[], dict[str, Any]]) -> Reply:
        """What `work` gives, or the RestliError it raises."""
        try:
            return Reply.of_json(work())
        except RestliError as error:
            body = error.body()
            if self.on("errors_without_code"):
                body.pop("code", None)
            if self.on("errors_without_number"):
                body.pop("serviceErrorCode", None)
            return Reply.of_json(body, status=error.status)

    @override
    def unknown(self, call: Call) -> Reply:
        """In the body of resources; the text is unverified. (linkedin.md section 10)"""
        error = RestliError(404, f"No virtual resource found for {call.path}", code="NOT_FOUND")
        return Reply.of_json(error.body(), status=404)


def _state(request: AuthorizationRequest) -> Parameters:
    return (("state", request.state),) if "state" in request.query else ()


def _id_token(token: AccessToken) -> str:
    claims = {
        "iss": "https://www.linkedin.com/oauth",
        "aud": token.grant.client_id,
        "sub": member_id(token.grant),
        "iat": int(token.issued_at.timestamp()),
        "exp": int(token.issued_at.timestamp()) + 3600,
    }
    head = {"typ": "JWT", "kid": "moorline-sandbox", "alg": "RS256"}
    parts = (base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in (head, claims))
    return ".".join((*parts, ids.new_secret()))


def _oauth_error(status: int, error: str, description: str) -> Reply:
    return Reply.of_json({"error": error, "error_description": description}, status=status)


_PAGES = {
    Refusal.CLIENT_UNKNOWN: "The passed in client_id is invalid: Client_id doesn't match.",
    Refusal.REDIRECT_UNREGISTERED: "The redirect_uri does not match the registered value: Redirect_uri doesn't match.",
    Refusal.SCOPE_UNKNOWN: "Invalid scope.",
}

_UNFITTING = (
    "Unable to retrieve access token: appid/redirect uri/code verifier does not match authorization code. "
    "Or authorization code expired. Or external member binding exists"
)

# linkedin.md section 10
_DEAD = {
    Refusal.TOKEN_UNKNOWN: (65600, "INVALID_ACCESS_TOKEN", "Invalid access token"),
    Refusal.TOKEN_REVOKED: (
        65601,
        "REVOKED_ACCESS_TOKEN",
        "The token used in the request has been revoked by the user",
    ),
    Refusal.TOKEN_EXPIRED: (65602, "EXPIRED_ACCESS_TOKEN", "The token used in the request has expired"),
}

# linkedin.md sections 4 and 6: what a token request needs beside the app's own two parameters
_NEEDED = {"authorization_code": ("code", "redirect_uri"), "refresh_token": ("refresh_token",)}
