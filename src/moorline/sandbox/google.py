"""Google's accounts, played for every platform of Google's. Facts: youtube.md and googlebusiness.md, by section."""

import base64
import json
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from typing_extensions import override

from moorline import ids
from moorline.sandbox import screens
from moorline.sandbox.google_api import API_DISABLED, answered, authorized
from moorline.sandbox.google_server import (
    EMAIL,
    PROFILE,
    RULES,
    TESTING,
    TIME_LIMITED,
    GoogleGrant,
    GoogleServer,
    prompts,
)
from moorline.sandbox.google_world import PRINCIPALS, hinted
from moorline.sandbox.kernel import Call, Covered, RegisteredApp, Reply, endpoint
from moorline.sandbox.oauth_platform import Parameters, send_back
from moorline.sandbox.oauth_rules import OAuthRules, Refusal, Refused
from moorline.sandbox.oauth_server import AccessToken, AuthorizationRequest, Grant, Tokens
from moorline.sandbox.portraits import portrait
from moorline.sandbox.switches import SwitchedPlatform

ACCOUNTS = "accounts.google.com"
OAUTH = "oauth2.googleapis.com"
APIS = "www.googleapis.com"
PICTURES = "lh3.googleusercontent.com"

# Flags of an app, beside those of `google_server` and `google_api`.
NOT_A_TESTER = "not_a_tester"
ORG_INTERNAL = "org_internal"
ADMIN_POLICY = "admin_policy_enforced"
DELETED_CLIENT = "deleted_client"
SESSION_CONTROL = "session_control"

SWITCHES = {
    "testing_tells_end": "youtube.md section 4: an app in Testing is told refresh_token_expires_in as well",
}

# Pages that end a request for everybody; the status is part of Google's headline. (youtube.md section 2)
_GATES = {
    DELETED_CLIENT: "Error 401: deleted_client",
    ADMIN_POLICY: "Error 400: admin_policy_enforced",
    ORG_INTERNAL: "Error 403: org_internal",
}


class GooglePlatform(SwitchedPlatform):
    """What the platforms share. Subclasses name the scopes that `mark` a call as theirs when they share a client."""

    title = "Google"
    marks: ClassVar[tuple[str, ...]]
    rules: ClassVar[OAuthRules] = RULES
    switches: ClassVar[Mapping[str, str]] = SWITCHES
    app_flags: ClassVar[tuple[str, ...]] = (
        TESTING,
        TIME_LIMITED,
        NOT_A_TESTER,
        ORG_INTERNAL,
        ADMIN_POLICY,
        DELETED_CLIENT,
        SESSION_CONTROL,
        API_DISABLED,
    )

    @override
    def reset(self) -> None:
        """Forget every grant; the first platform to ask opens the accounts anew."""
        super().reset()
        self.google = GoogleServer(self.name, self.books)
        self.server = self.google

    @override
    def claims(self, call: Call) -> bool:
        """By the client id; with one that several Google platforms know, by the scopes."""
        client_id, scopes = self.google.asked_by(call)
        if (self.name, client_id) not in self.books.apps:
            return False
        return not self.google.at_sibling(client_id) or any(mark in scope for mark in self.marks for scope in scopes)

    # --- authorization ------------------------------------------------------------------------------------------------

    @endpoint("GET|POST", ACCOUNTS, "/o/oauth2/v2/auth", source="youtube.md section 2", covered=Covered.PARTIAL)
    async def authorize(self, call: Call) -> Reply:
        """The chooser and the consent screen on one page; `login_hint` counts with prompt=none only."""
        try:
            request = self.google.read_request(call.query)
        except Refused as refused:
            return self.refuse_authorization(refused)
        gate = _gate(request.app, call)
        if gate is not None:
            return self._page(gate, Refused(Refusal.APP_BARRED))
        if "none" in prompts(request):
            return self._without_a_page(request)
        return await self.ask_consent(call)

    def _without_a_page(self, request: AuthorizationRequest) -> Reply:
        """The sandbox's browser is signed in as nobody, so somebody must be hinted at. (youtube.md section 3)"""
        principal = hinted(request.query.get("login_hint", ""))
        if principal is None:
            return self.deny(request, (("error", "login_required"), *_state(request)))
        if self.google.shows_consent(request, principal.person.id):
            return self.deny(request, (("error", "consent_required"), *_state(request)))
        grant = self.google.consent(request, person=principal.person.id, granted=frozenset())
        code = self.google.issue_code(request, grant)
        return send_back(request.redirect_uri, self.approved(request, grant, code))

    @override
    def turn_away(self, request: AuthorizationRequest, person: str) -> Reply | None:
        """Whoever is not on the list of test users. (youtube.md section 2)"""
        if NOT_A_TESTER not in request.app.flags:
            return None
        return self._page("Error 403: access_denied", Refused(Refusal.PERSON_TURNED_AWAY, person))

    @override
    def approved(self, request: AuthorizationRequest, grant: Grant, code: str) -> Parameters:
        """(youtube.md section 3)"""
        shown = isinstance(grant, GoogleGrant) and grant.shown
        return (
            *_state(request),
            ("iss", f"https://{ACCOUNTS}"),
            ("code", code),
            ("scope", " ".join(grant.granted)),
            ("authuser", "0"),
            ("prompt", "consent" if shown else "none"),
        )

    @override
    def denied(self, request: AuthorizationRequest) -> Parameters:
        """(youtube.md section 3)"""
        return (("error", "access_denied"), *_state(request))

    @override
    def refuse_authorization(self, refused: Refused) -> Reply:
        """(youtube.md section 2; invalid_scope is not in the sheets)"""
        headline = _HEADLINES.get(refused.reason, "Error 400: invalid_request")
        return self._page(headline, refused)

    def _page(self, headline: str, refused: Refused) -> Reply:
        text = "Access blocked: this app's request is invalid, or Google does not let it through."
        return screens.error_page(self.title, headline=headline, text=text, refused=refused)

    # --- tokens -------------------------------------------------------------------------------------------------------

    @endpoint("POST", OAUTH, "/token", source="youtube.md sections 4 and 6")
    async def token(self, call: Call) -> Reply:
        """Code for tokens, and refresh token for the next access token."""
        sent = call.form()
        try:
            app = self.google.authenticate(call, sent)
            if DELETED_CLIENT in app.flags:
                return _oauth_error(401, "deleted_client", "The OAuth client was deleted.")
            blocked = _blocked_refresh(app) if sent.get("grant_type") == "refresh_token" else None
            if blocked is not None:
                return blocked
            tokens = self.google.redeem(app, sent)
        except Refused as refused:
            return _refuse_token(refused)
        return Reply.of_json(self._handed_out(app, tokens))

    def _handed_out(self, app: RegisteredApp, tokens: Tokens) -> dict[str, Any]:
        """(youtube.md section 4)"""
        grant = tokens.access.grant
        answer: dict[str, Any] = {"access_token": tokens.access.value, "expires_in": RULES.access_lifetime_s - 1}
        if tokens.refresh is not None:
            answer["refresh_token"] = tokens.refresh
        ends_at = grant.ends_at if isinstance(grant, GoogleGrant) else None
        told = TIME_LIMITED in app.flags or self.on("testing_tells_end")
        if tokens.refresh is not None and ends_at is not None and told:
            answer["refresh_token_expires_in"] = int((ends_at - self.books.clock.now()).total_seconds())
        answer |= {"scope": " ".join(grant.granted), "token_type": "Bearer"}
        if "openid" in grant.granted:
            answer["id_token"] = self._id_token(tokens.access)
        return answer

    def _id_token(self, token: AccessToken) -> str:
        """The claims of the sheet under a signature that is no signature: the sandbox holds no key of Google's."""
        claims = {
            "iss": f"https://{ACCOUNTS}",
            "azp": token.grant.client_id,
            "aud": token.grant.client_id,
            **_user(token.grant),
            "iat": int(token.issued_at.timestamp()),
            "exp": int(token.expires_at.timestamp()),
        }
        head = _segment({"alg": "RS256", "kid": "moorline-sandbox", "typ": "JWT"})
        return self.books.issue(self.name, "id_token", f"{head}.{_segment(claims)}.{ids.new_secret()}")

    @endpoint("POST", OAUTH, "/revoke", source="youtube.md section 9")
    async def revoke_token(self, call: Call) -> Reply:
        """End the person's whole grant to the project, at every Google platform."""
        token = call.form().get("token")
        if not token:
            return _oauth_error(400, "invalid_request", "Missing required parameter: token")
        if not self.google.revoke_project(token):
            return _oauth_error(400, "invalid_token", "Token expired or revoked")
        return Reply.of_json({})

    # --- who it is ----------------------------------------------------------------------------------------------------

    @endpoint("GET", APIS, "/oauth2/v3/userinfo", source="googlebusiness.md section 7")
    async def userinfo(self, call: Call) -> Reply:
        """The principal, by the scopes granted."""
        return answered(lambda: _user(self._signed_in(call)))

    @endpoint("GET", APIS, "/oauth2/v2/userinfo", source="googlebusiness.md section 7")
    async def userinfo_v2(self, call: Call) -> Reply:
        """The same with `id` and `verified_email`."""
        older = {"sub": "id", "email_verified": "verified_email"}
        return answered(lambda: {older.get(n, n): value for n, value in _user(self._signed_in(call)).items()})

    def _signed_in(self, call: Call) -> Grant:
        return authorized(self.google, call, scopes=("openid", EMAIL, PROFILE), service=OAUTH)

    @endpoint("GET|POST", OAUTH, "/tokeninfo", source="youtube.md section 12", covered=Covered.PARTIAL)
    @endpoint("GET|POST", APIS, "/oauth2/v3/tokeninfo", source="youtube.md section 12", covered=Covered.PARTIAL)
    async def tokeninfo(self, call: Call) -> Reply:
        """What an access token is, every value a text; not for id tokens."""
        token = self._described(call)
        if token is None:
            return _oauth_error(400, "invalid_token", "Invalid Value")
        grant = token.grant
        user = _user(grant)
        told = ("sub", "email", "email_verified") if "openid" in grant.granted else ()
        return Reply.of_json(
            {
                "azp": grant.client_id,
                "aud": grant.client_id,
                **{name: str(user[name]).lower() for name in told if name in user},
                "scope": " ".join(grant.granted),
                "exp": str(int(token.expires_at.timestamp())),
                "expires_in": str(self._left_s(token)),
                "access_type": "offline" if isinstance(grant, GoogleGrant) and grant.offline else "online",
            }
        )

    @endpoint("POST", APIS, "/oauth2/v2/tokeninfo", source="youtube.md section 12", covered=Covered.PARTIAL)
    async def tokeninfo_v2(self, call: Call) -> Reply:
        """The same by the names of the discovery document `oauth2.v2`."""
        token = self._described(call)
        if token is None:
            return _oauth_error(400, "invalid_token", "Invalid Value")
        user, client_id = _user(token.grant), token.grant.client_id
        older = (("sub", "user_id"), ("email", "email"), ("email_verified", "verified_email"))
        named = {name: user[source] for source, name in older if source in user}
        told = {"issued_to": client_id, "audience": client_id, **named, "scope": " ".join(token.grant.granted)}
        return Reply.of_json({**told, "expires_in": self._left_s(token)})

    def _described(self, call: Call) -> AccessToken | None:
        try:
            return self.google.access({**call.query, **call.form()}.get("access_token", ""))
        except Refused:
            return None

    def _left_s(self, token: AccessToken) -> int:
        return int((token.expires_at - self.books.clock.now()).total_seconds())

    # --- what is not there --------------------------------------------------------------------------------------------

    @override
    def unknown(self, call: Call) -> Reply:
        """A page, on the API hosts too; its text is not in the sheets."""
        return Reply.of_html("<!doctype html><title>Error 404 (Not Found)!!1</title>", status=404)

    @override
    def wrong_method(self, call: Call, allowed: Sequence[str]) -> Reply:
        """404, as GET on /revoke is. (youtube.md section 9)"""
        return self.unknown(call)

    @endpoint("GET", PICTURES, "/a/{file}", source="googlebusiness.md section 7", covered=Covered.PARTIAL)
    async def portrait_of(self, call: Call) -> Reply:
        """What answers of this platform name as somebody's picture."""
        return portrait(call)


def _user(grant: Grant) -> dict[str, Any]:
    principal = PRINCIPALS[grant.person]
    first, _, last = principal.person.name.partition(" ")
    user: dict[str, Any] = {"sub": principal.sub}
    if PROFILE in grant.granted:
        name = {"name": principal.person.name, "given_name": first, "family_name": last}
        user |= {**name, "picture": principal.picture}
    if EMAIL in grant.granted:
        user |= {"email": principal.person.email, "email_verified": True}
    return user


def _segment(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value, separators=(",", ":")).encode()).decode().rstrip("=")


def _state(request: AuthorizationRequest) -> Parameters:
    return (("state", request.state),) if "state" in request.query else ()


def _gate(app: RegisteredApp, call: Call) -> str | None:
    if "; wv)" in call.headers.get("user-agent", ""):  # an Android web view
        return "Error 403: disallowed_useragent"
    return next((headline for flag, headline in _GATES.items() if flag in app.flags), None)


def _blocked_refresh(app: RegisteredApp) -> Reply | None:
    """(youtube.md section 6; the body of invalid_rapt is unverified)"""
    if ADMIN_POLICY in app.flags:
        return _oauth_error(400, ADMIN_POLICY, "The account's administrator does not let this app use the scope.")
    if SESSION_CONTROL in app.flags:
        rapt = {"error": "invalid_grant", "error_description": "reauth related error (invalid_rapt)"}
        return Reply.of_json({**rapt, "error_subtype": "invalid_rapt"}, status=400)
    return None


_HEADLINES = {
    Refusal.CLIENT_UNKNOWN: "Error 401: invalid_client",
    Refusal.REDIRECT_UNREGISTERED: "Error 400: redirect_uri_mismatch",
    Refusal.SCOPE_UNKNOWN: "Error 400: invalid_scope",
}

# youtube.md section 4
_TOKEN_ERRORS = {
    Refusal.CODE_UNKNOWN: (400, "invalid_grant", "Malformed auth code."),
    Refusal.CODE_USED: (400, "invalid_grant", "Bad Request"),
    Refusal.CODE_EXPIRED: (400, "invalid_grant", "Bad Request"),
    Refusal.REDIRECT_DIFFERS: (400, "redirect_uri_mismatch", "Bad Request"),
    Refusal.VERIFIER_WRONG: (400, "invalid_grant", "Invalid code verifier."),
    Refusal.VERIFIER_UNWANTED: (400, "invalid_grant", "code_verifier or verifier is not needed"),
    Refusal.CLIENT_UNPROVEN: (401, "invalid_client", "The provided client secret is invalid."),
    Refusal.CLIENT_UNKNOWN: (401, "invalid_client", "The OAuth client was not found."),
    Refusal.REFRESH_FOREIGN: (401, "unauthorized_client", "Unauthorized"),  # youtube.md section 6
}


def _refuse_token(refused: Refused) -> Reply:
    """The bodies of the token endpoint. (youtube.md sections 4 and 6)"""
    if refused.reason is Refusal.PARAMETER_MISSING and refused.subject == "client_secret":
        return _oauth_error(400, "invalid_request", "client_secret is missing.")
    if refused.reason is Refusal.PARAMETER_MISSING and refused.subject == "code_verifier":
        return _oauth_error(400, "invalid_grant", "Missing code verifier.")
    if refused.reason is Refusal.PARAMETER_MISSING:
        return _oauth_error(400, "invalid_request", f"Missing required parameter: {refused.subject}")
    if refused.reason is Refusal.GRANT_TYPE_UNKNOWN:
        return _oauth_error(400, "unsupported_grant_type", f"Invalid grant_type: {refused.subject}")
    if refused.reason is Refusal.REFRESH_DEAD:
        known = "Bad Request" if refused.subject else "Token has been expired or revoked."
        return _oauth_error(400, "invalid_grant", known)
    return _oauth_error(*_TOKEN_ERRORS[refused.reason])


def _oauth_error(status: int, error: str, description: str) -> Reply:
    return Reply.of_json({"error": error, "error_description": description}, status=status)
