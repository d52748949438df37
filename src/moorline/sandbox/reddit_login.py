"""Reddit's OAuth, played: consent, tokens, their end. Facts: reddit.md, by section."""

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, ClassVar

from typing_extensions import override

from moorline.sandbox import screens
from moorline.sandbox.kernel import Call, Covered, RegisteredApp, Reply, endpoint
from moorline.sandbox.oauth_platform import Parameters, send_back
from moorline.sandbox.oauth_rules import ClientAuth, OAuthRules, Pkce, RefreshTokens, Refusal, Refused
from moorline.sandbox.oauth_server import AuthorizationRequest, Grant
from moorline.sandbox.switches import SwitchedPlatform

SITE = "www.reddit.com"

# reddit.md section 2; the rest are the further scopes of Reddit's own list
SCOPES = (
    "identity", "mysubreddits", "submit", "flair", "read", "history", "edit", "privatemessages", "modtraffic",
    "account", "creddits", "livemanage", "modconfig", "modcontributors", "modflair", "modlog", "modmail", "modothers",
    "modposts", "modself", "modwiki", "report", "save", "structuredstyles", "subscribe", "vote", "wikiedit",
    "wikiread",
)  # fmt: skip

_FRAGMENT = "#_"
# reddit.md section 11: access tokens may be long JWTs today
_JWT_HEAD = "eyJhbGciOiJSUzI1NiIsImtpZCI6Im1vb3JsaW5lIiwidHlwIjoiSldUIn0." + "eyJzdWIiOiJ1c2VyIn0aB3dE5fG7" * 24 + "."

# reddit.md section 1: defaults of HTTP libraries are throttled or blocked
# (a descriptive one may well begin with `python:`, the platform of its app)
_DEFAULT_AGENT = re.compile(
    r"(python(-requests|-urllib|-httpx)?|aiohttp|httpx|curl|wget|axios|node(-fetch)?|undici|got|okhttp|go-http-client"
    r"|java|ruby|faraday|php|guzzlehttp|libwww-perl|apache-httpclient)([/ ]|$)",
    re.IGNORECASE,
)
_RETRY_AFTER_S = 30


class RedditLogin(SwitchedPlatform):
    """Everything up to a token, and its end; `Reddit` adds what the token opens."""

    title = "Reddit"
    switches: ClassVar[Mapping[str, str]] = {
        "no_fragment": "the callback of an approval has no trailing #_ (reddit.md section 3)",
        "request_errors_sent_back": "an unknown scope or response type is told to the callback (reddit.md section 3)",
        "grant_errors_400": "a refused grant is 400 in place of 200 (reddit.md section 4)",
        "opaque_tokens": "access tokens are short (reddit.md section 11)",
        "bare_refresh_refusal": "a dead refresh token is told as in 2016 (reddit.md section 6)",
        "revocation_204": "a revocation is answered with 204 (reddit.md section 9)",
        "blocked_403": "a default User-Agent is answered with 403 in place of 429 (reddit.md section 10)",
        "unauthorized_page": "a dead access token is answered with a page (reddit.md section 10)",
        "about_without_reason": "a closed or private subreddit gives no reason (reddit.md section 8)",
        "unknown_redirects": "an unknown subreddit leads to the search (reddit.md section 8)",
    }
    rules: ClassVar[OAuthRules] = OAuthRules(
        scopes=SCOPES,
        scope_separators=" ,",  # reddit.md section 2
        pkce=Pkce.IGNORED,  # reddit.md section 1
        code_lifetime_s=600,  # reddit.md section 4
        client_auth=ClientAuth.BASIC,  # reddit.md section 1
        access_lifetime_s=86_400,  # reddit.md section 4
        access_prefix=_JWT_HEAD,
        refresh=RefreshTokens(
            scope="",
            asked_with=("duration", "permanent"),  # reddit.md section 2
            lifetime_s=100 * 365 * 24 * 3600,  # reddit.md section 6: they have no expiry of their own
            prefix="7302867-",  # reddit.md section 4
            rotates=False,  # reddit.md section 6
        ),
        redirect_fragment=_FRAGMENT,  # reddit.md section 3 (unverified)
        denial_fragment=False,
    )

    @override
    def switched(self) -> None:
        """Long or short access tokens from now on."""
        prefix = "" if self.on("opaque_tokens") else _JWT_HEAD
        self.server.rules = replace(self.rules, access_prefix=prefix)

    # --- consent ------------------------------------------------------------------------------------------------------

    @endpoint("GET|POST", SITE, "/api/v1/authorize", source="reddit.md section 2")
    @endpoint("GET|POST", SITE, "/api/v1/authorize.compact", source="reddit.md section 2")
    async def authorize(self, call: Call) -> Reply:
        """The consent page and its form, for desks and for phones alike."""
        try:
            _check_request(self.server.read_request(call.query))
        except Refused as refused:
            if self.on("request_errors_sent_back") and (error := _callback_error(refused)):
                return send_back(call.query["redirect_uri"], (("state", call.query.get("state", "")), ("error", error)))
            return self.refuse_authorization(refused)
        reply = await self.ask_consent(call)
        if self.on("no_fragment"):
            headers = tuple((name, value.removesuffix(_FRAGMENT)) for name, value in reply.headers)
            reply = replace(reply, headers=headers)
        return reply

    @override
    def approved(self, request: AuthorizationRequest, grant: Grant, code: str) -> Parameters:
        """State first. (reddit.md section 3)"""
        return (("state", request.state), ("code", code))

    @override
    def denied(self, request: AuthorizationRequest) -> Parameters:
        """State first, no description. (reddit.md section 3)"""
        return (("state", request.state), ("error", "access_denied"))

    @override
    def refuse_authorization(self, refused: Refused) -> Reply:
        """A page that names the parameter. (reddit.md section 2)"""
        text = _PAGES.get(refused.reason, f"invalid {refused.subject} parameter")
        if refused.subject == "response_type":
            text = "invalid response type"
        headline = "bad request (reddit.com)"
        return screens.error_page(self.title, headline=headline, text=f"you sent an {text}.", refused=refused)

    @endpoint("GET", SITE, "/api/v1/scopes.json", source="reddit.md section 2", covered=Covered.PARTIAL)
    async def scopes(self, call: Call) -> Reply:
        """Every scope; without Reddit's descriptions."""
        blocked = self.blocked(call)
        return blocked or Reply.of_json({scope: {"id": scope, "name": scope} for scope in SCOPES})

    # --- tokens -------------------------------------------------------------------------------------------------------

    @endpoint("POST", SITE, "/api/v1/access_token", source="reddit.md sections 4 and 6", covered=Covered.PARTIAL)
    async def access_token(self, call: Call) -> Reply:
        """A code, a refresh token or the app's own credentials for a token. Throttling is played by faults only."""
        blocked = self.blocked(call)
        if blocked is not None:
            return blocked
        sent = call.form()
        try:
            # Credentials in the body are not read. (reddit.md section 1)
            app = self.server.authenticate(call, {})
            if sent.get("grant_type") == "client_credentials":
                return self._application_only(app)
            tokens = self.server.redeem(app, sent)
        except Refused as refused:
            return self._refuse_token(refused, sent)
        answer = self._handed_out(tokens.access.value, " ".join(sorted(tokens.access.grant.granted)))
        refresh = tokens.refresh or sent.get("refresh_token")
        if refresh:
            answer["refresh_token"] = refresh
        return Reply.of_json(answer)

    def _handed_out(self, value: str, scope: str) -> dict[str, Any]:
        lifetime_s = self.rules.access_lifetime_s
        return {"access_token": value, "token_type": "bearer", "expires_in": lifetime_s, "scope": scope}

    def _application_only(self, app: RegisteredApp) -> Reply:
        """A token of nobody. (reddit.md section 7)"""
        now = self.books.clock.now()
        nobody = Grant(client_id=app.client_id, person="", consented_at=now, granted=SCOPES)
        token = self.server.issue_access(nobody, self.rules.access_lifetime_s)
        return Reply.of_json(self._handed_out(token.value, "*"))

    def _refuse_token(self, refused: Refused, sent: Mapping[str, str]) -> Reply:
        """(reddit.md sections 4 and 6)"""
        if refused.reason in {Refusal.CLIENT_UNPROVEN, Refusal.CLIENT_UNKNOWN}:
            return _wrong_credentials()
        if refused.reason is Refusal.REFRESH_DEAD:
            bare = self.on("bare_refresh_refusal")
            return Reply.of_json({"error": 400} if bare else {"message": "Bad Request", "error": 400}, status=400)
        body = {"error": _GRANT_ERRORS.get(refused.subject, "invalid_grant")}
        if refused.reason is Refusal.GRANT_TYPE_UNKNOWN:
            body = {"error": "unsupported_grant_type"}
        if sent.get("grant_type") == "password":
            description = "Only script apps may use password auth"
            body = {"error": "unauthorized_client", "error_description": description}
        return Reply.of_json(body, status=400 if self.on("grant_errors_400") else 200)

    @endpoint("POST", SITE, "/api/v1/revoke_token", source="reddit.md section 9")
    async def revoke_token(self, call: Call) -> Reply:
        """Kill an access token, or a refresh token with all access tokens made from it."""
        blocked = self.blocked(call)
        if blocked is not None:
            return blocked
        try:
            app = self.server.authenticate(call, {})
        except Refused:
            return _wrong_credentials()
        value = call.form().get("token", "")
        grant = self.server.grant_of(value)
        if grant is not None and grant.client_id != app.client_id:
            return Reply.of_json({"error": "unauthorized_client"}, status=400)
        if self.server.peek(value) is not None:
            self.server.revoke_token(app, value)
        elif grant is not None:
            grant.revoked = True
        return Reply(status=204 if self.on("revocation_204") else 200)

    # --- every call of an app -----------------------------------------------------------------------------------------

    def blocked(self, call: Call) -> Reply | None:
        """The page for a missing or default User-Agent; None for one that describes its app. (reddit.md section 1)"""
        agent = call.headers.get("user-agent", "").strip()
        if agent and _DEFAULT_AGENT.match(agent) is None:
            return None
        page = (
            "<!doctype html><html><head><title>Too Many Requests</title></head><body><h1>whoa there, pardner!</h1>"
            "<p>we're sorry, but you appear to be a bot and we've seen too many requests from you.</p></body></html>"
        )
        reply = Reply.of_html(page, status=403 if self.on("blocked_403") else 429)
        return replace(reply, headers=(*reply.headers, ("retry-after", str(_RETRY_AFTER_S))))

    @override
    def unknown(self, call: Call) -> Reply:
        """Message and number. (reddit.md section 10)"""
        return Reply.of_json({"message": "Not Found", "error": 404}, status=404)


def _check_request(request: AuthorizationRequest) -> None:
    """(reddit.md section 2) Raises Refused."""
    if not all(0x20 <= ord(character) <= 0x7E for character in request.state):
        raise Refused(Refusal.REQUEST_INVALID, "state")
    if request.query.get("duration", "temporary") not in {"temporary", "permanent"}:
        raise Refused(Refusal.REQUEST_INVALID, "duration")


def _callback_error(refused: Refused) -> str:
    """What the wiki alone lists; empty for what always ends on a page. (reddit.md section 3)"""
    if refused.reason is Refusal.SCOPE_UNKNOWN:
        return "invalid_scope"
    return "unsupported_response_type" if refused.subject == "response_type" else ""


def _wrong_credentials() -> Reply:
    """(reddit.md section 4)"""
    headers = (("www-authenticate", 'Basic realm="reddit"'),)
    return Reply.of_json({"message": "Unauthorized", "error": 401}, status=401, headers=headers)


_PAGES = {
    Refusal.CLIENT_UNKNOWN: "invalid client id",
    Refusal.REDIRECT_UNREGISTERED: "invalid redirect_uri parameter",
    Refusal.SCOPE_UNKNOWN: "invalid scope requested",
}

# reddit.md section 4: by the parameter that is missing; everything else about a grant is invalid_grant
_GRANT_ERRORS = {
    "code": "invalid_request",
    "refresh_token": "invalid_request",
    "grant_type": "unsupported_grant_type",
}
