"""One strict authorization server; platforms configure it with `OAuthRules` and word its refusals themselves."""

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from moorline import ids
from moorline.sandbox.kernel import Books, Call, RegisteredApp
from moorline.sandbox.oauth_rules import ClientAuth, OAuthRules, Pkce, Refusal, Refused

_VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}")  # RFC 7636 section 4.1


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorizationRequest:
    """A valid request for consent."""

    app: RegisteredApp
    redirect_uri: str
    state: str
    scopes: tuple[str, ...]  # in the order asked for, without the always granted
    challenge: str
    challenge_method: str
    asks_again: bool  # also for what the person declined earlier
    query: Mapping[str, str]  # as it came, for what only one platform reads


@dataclass(slots=True, kw_only=True)
class Grant:
    """What a person allowed an app; all codes and tokens of one consent hang on it."""

    client_id: str
    person: str
    consented_at: datetime
    granted: tuple[str, ...]
    declined: tuple[str, ...] = ()
    revoked: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessToken:
    """A token for the platform's resources."""

    value: str = field(repr=False)
    grant: Grant
    issued_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Tokens:
    """What the token endpoint hands out."""

    access: AccessToken
    refresh: str | None = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Code:
    grant: Grant
    request: AuthorizationRequest
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class _RefreshToken:
    grant: Grant
    expires_at: datetime


class OAuthServer:
    """Authorizations, codes and tokens of one platform."""

    def __init__(self, platform: str, rules: OAuthRules, books: Books) -> None:
        self.platform = platform
        self.rules = rules
        self.books = books
        self.grants: list[Grant] = []
        self._codes: dict[str, _Code] = {}
        self._used_codes: set[str] = set()
        self._access: dict[str, AccessToken] = {}
        self._revoked_access: set[str] = set()
        self._refresh: dict[str, _RefreshToken] = {}
        self._spent_refresh: dict[str, Grant] = {}

    # --- the authorization request ------------------------------------------------------------------------------------

    def read_request(self, query: Mapping[str, str]) -> AuthorizationRequest:
        """The request as the platform understands it. Raises Refused; client and redirect URI are checked first."""
        app = self._app(query.get("client_id", ""))
        redirect_uri = query.get("redirect_uri", "")
        if not self._takes_redirect(app, redirect_uri):
            raise Refused(Refusal.REDIRECT_UNREGISTERED, redirect_uri)
        for name in self.rules.required:
            if not query.get(name):
                raise Refused(Refusal.REQUEST_INVALID, name)
        if query.get("response_type", "code") != "code":
            raise Refused(Refusal.REQUEST_INVALID, "response_type")
        state = query.get("state", "")
        if self.rules.state_limit is not None and len(state) > self.rules.state_limit:
            raise Refused(Refusal.REQUEST_INVALID, "state")
        challenge, method = self._read_challenge(query)
        return AuthorizationRequest(
            app=app,
            redirect_uri=redirect_uri,
            state=state,
            scopes=self._read_scopes(query.get("scope", "")),
            challenge=challenge,
            challenge_method=method,
            asks_again=self.rules.ask_again is None or self.rules.ask_again in query.items(),
            query=query,
        )

    def _app(self, client_id: str) -> RegisteredApp:
        app = self.books.apps.get((self.platform, client_id))
        if app is None:
            raise Refused(Refusal.CLIENT_UNKNOWN, client_id)
        return app

    def _takes_redirect(self, app: RegisteredApp, uri: str) -> bool:
        if uri not in app.redirect_uris:
            return False
        parts = urlsplit(uri)
        if parts.scheme != "http":
            return True
        return not self.books.strict_https and parts.hostname in self.rules.loopback_hosts

    def _read_challenge(self, query: Mapping[str, str]) -> tuple[str, str]:
        if self.rules.pkce is Pkce.IGNORED:
            return "", ""
        if query.get("code_challenge_method") not in {"S256", "plain"}:
            raise Refused(Refusal.REQUEST_INVALID, "code_challenge_method")
        if not query.get("code_challenge"):
            raise Refused(Refusal.REQUEST_INVALID, "code_challenge")
        return query["code_challenge"], query["code_challenge_method"]

    def _read_scopes(self, text: str) -> tuple[str, ...]:
        asked = tuple(dict.fromkeys(filter(None, re.split(f"[{re.escape(self.rules.scope_separators)}]", text))))
        for scope in asked:
            if scope not in self.rules.scopes:
                raise Refused(Refusal.SCOPE_UNKNOWN, scope)
        return tuple(scope for scope in asked if scope not in self.rules.always_granted)

    # --- consent ------------------------------------------------------------------------------------------------------

    def consent(self, request: AuthorizationRequest, *, person: str, granted: frozenset[str]) -> Grant:
        """Note what the person allowed of what was asked for."""
        grant = self.standing_grant(request.app.client_id, person) if self.rules.shared_consent else None
        if grant is None:
            grant = Grant(
                client_id=request.app.client_id,
                person=person,
                consented_at=self.books.clock.now(),
                granted=self.rules.always_granted,
            )
            self.grants.append(grant)
        if not request.asks_again:
            granted -= frozenset(grant.declined)
        refused = frozenset(request.scopes) - granted
        allowed = tuple(scope for scope in request.scopes if scope in granted)
        kept = tuple(scope for scope in grant.granted if scope not in refused)
        grant.granted = tuple(dict.fromkeys((*kept, *allowed)))
        grant.declined = tuple(s for s in dict.fromkeys((*grant.declined, *request.scopes)) if s not in grant.granted)
        grant.consented_at = self.books.clock.now()
        return grant

    def standing_grant(self, client_id: str, person: str) -> Grant | None:
        """The person's latest unrevoked grant to this app, or None."""
        matching = (g for g in reversed(self.grants) if (g.client_id, g.person) == (client_id, person))
        return next((grant for grant in matching if not grant.revoked), None)

    def issue_code(self, request: AuthorizationRequest, grant: Grant) -> str:
        """A code bound to the request's client, redirect URI and challenge, and to what was granted."""
        value = self.books.issue(self.platform, "code", ids.new_secret())
        self._codes[value] = _Code(grant=grant, request=request, expires_at=self._after(self.rules.code_lifetime_s))
        return value

    # --- the token endpoint -------------------------------------------------------------------------------------------

    def authenticate(self, call: Call, sent: Mapping[str, str]) -> RegisteredApp:
        """The app that proved itself in the place its platform looks at. Raises Refused."""
        if self.rules.client_auth is ClientAuth.BODY:
            client_id, secret = sent.get("client_id", ""), sent.get("client_secret", "")
        else:
            client_id, secret = _basic_credentials(call)
            if sent.get("client_id", client_id) != client_id:
                raise Refused(Refusal.CLIENT_UNKNOWN, sent["client_id"])
        app = self._app(client_id)
        if not hmac.compare_digest(app.client_secret.encode(), secret.encode()):
            raise Refused(Refusal.CLIENT_UNPROVEN, client_id)
        return app

    def redeem(self, app: RegisteredApp, sent: Mapping[str, str]) -> Tokens:
        """Carry out the `grant_type` of a token request. Raises Refused."""
        fallback = "authorization_code" if self.rules.grant_type_optional else ""
        grant_type = sent.get("grant_type", fallback)
        if not grant_type:
            raise Refused(Refusal.PARAMETER_MISSING, "grant_type")
        if grant_type == "authorization_code":
            return self._redeem_code(app, sent)
        if grant_type == "refresh_token" and self.rules.refresh is not None:
            return self._redeem_refresh(app, sent)
        raise Refused(Refusal.GRANT_TYPE_UNKNOWN, grant_type)

    def _redeem_code(self, app: RegisteredApp, sent: Mapping[str, str]) -> Tokens:
        verifier_name = ("code_verifier",) if self.rules.pkce is Pkce.REQUIRED else ()
        for name in ("code", "redirect_uri", *verifier_name):
            if not sent.get(name):
                raise Refused(Refusal.PARAMETER_MISSING, name)
        for name in verifier_name:
            self.books.issue(self.platform, name, sent[name])
        code = self._code(app, sent["code"])
        if sent["redirect_uri"] != code.request.redirect_uri:
            raise Refused(Refusal.REDIRECT_DIFFERS)
        if code.request.challenge and not _verifier_fits(sent["code_verifier"], code.request):
            raise Refused(Refusal.VERIFIER_WRONG)
        self._used_codes.add(sent["code"])
        return self._issue_tokens(code.grant)

    def _code(self, app: RegisteredApp, value: str) -> _Code:
        code = self._codes.get(value)
        if code is None or code.grant.client_id != app.client_id:
            raise Refused(Refusal.CODE_UNKNOWN)
        if value in self._used_codes:
            raise Refused(Refusal.CODE_USED)
        if code.grant.revoked or code.expires_at <= self.books.clock.now():
            raise Refused(Refusal.CODE_EXPIRED)
        return code

    def _redeem_refresh(self, app: RegisteredApp, sent: Mapping[str, str]) -> Tokens:
        value = sent.get("refresh_token")
        if not value:
            raise Refused(Refusal.PARAMETER_MISSING, "refresh_token")
        spent = self._spent_refresh.get(value)
        if spent is not None and spent.client_id == app.client_id:
            spent.revoked = True
        found = self._refresh.get(value)
        if found is None or found.grant.client_id != app.client_id:
            raise Refused(Refusal.REFRESH_DEAD)
        if found.grant.revoked or found.expires_at <= self.books.clock.now():
            raise Refused(Refusal.REFRESH_DEAD)
        del self._refresh[value]
        self._spent_refresh[value] = found.grant
        return self._issue_tokens(found.grant)

    def _issue_tokens(self, grant: Grant) -> Tokens:
        return Tokens(access=self.issue_access(grant, self.rules.access_lifetime_s), refresh=self._issue_refresh(grant))

    def issue_access(self, grant: Grant, lifetime_s: int) -> AccessToken:
        """An access token outside the code and refresh grants, such as a platform's second exchange gives."""
        value = self.books.issue(self.platform, "access_token", self.rules.access_prefix + ids.new_secret())
        now = self.books.clock.now()
        token = AccessToken(value=value, grant=grant, issued_at=now, expires_at=now + timedelta(seconds=lifetime_s))
        self._access[value] = token
        return token

    def _issue_refresh(self, grant: Grant) -> str | None:
        refresh = self.rules.refresh
        if refresh is None or refresh.scope not in grant.granted:
            return None
        value = self.books.issue(self.platform, "refresh_token", refresh.prefix + ids.new_secret())
        self._refresh[value] = _RefreshToken(grant=grant, expires_at=self._after(refresh.lifetime_s))
        return value

    # --- resources and revocation -------------------------------------------------------------------------------------

    def access(self, value: str) -> AccessToken:
        """The live token of this value. Raises Refused: TOKEN_UNKNOWN, TOKEN_REVOKED or TOKEN_EXPIRED."""
        token = self._access.get(value)
        if token is None:
            raise Refused(Refusal.TOKEN_UNKNOWN)
        if token.grant.revoked or value in self._revoked_access:
            raise Refused(Refusal.TOKEN_REVOKED, token.grant.client_id)
        if token.expires_at <= self.books.clock.now():
            raise Refused(Refusal.TOKEN_EXPIRED)
        return token

    def peek(self, value: str) -> AccessToken | None:
        """The token of this value, dead or alive, for endpoints that describe tokens."""
        return self._access.get(value)

    def revoke_token(self, app: RegisteredApp, value: str) -> None:
        """Kill this one access or refresh token, if it is the app's; an unknown one is passed over in silence."""
        access, refresh = self._access.get(value), self._refresh.get(value)
        if access is not None and access.grant.client_id == app.client_id:
            self._revoked_access.add(value)
        if refresh is not None and refresh.grant.client_id == app.client_id:
            del self._refresh[value]

    def revoke_person(self, person: str) -> None:
        """Kill every grant of the person, as if they had removed all apps."""
        for grant in self.grants:
            if grant.person == person:
                grant.revoked = True

    def _after(self, lifetime_s: int) -> datetime:
        return self.books.clock.now() + timedelta(seconds=lifetime_s)


def _basic_credentials(call: Call) -> tuple[str, str]:
    scheme, _, encoded = call.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        raise Refused(Refusal.CLIENT_UNPROVEN)
    try:
        client_id, colon, secret = base64.b64decode(encoded.strip(), validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError) as error:
        raise Refused(Refusal.CLIENT_UNPROVEN) from error
    if not colon:
        raise Refused(Refusal.CLIENT_UNPROVEN)
    return client_id, secret


def _verifier_fits(verifier: str, request: AuthorizationRequest) -> bool:
    if _VERIFIER.fullmatch(verifier) is None:
        return False
    if request.challenge_method == "plain":
        return hmac.compare_digest(verifier.encode(), request.challenge.encode())
    digest = hashlib.sha256(verifier.encode()).digest()
    expected = base64.urlsafe_b64encode(digest).rstrip(b"=")
    return hmac.compare_digest(expected, request.challenge.encode())
