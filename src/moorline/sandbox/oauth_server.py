"""One strict authorization server; platforms configure it with `OAuthRules` and word its refusals themselves."""

import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from moorline import ids
from moorline.sandbox.kernel import Books, Call, RegisteredApp
from moorline.sandbox.oauth_rules import ClientAuth, OAuthRules, Pkce, Refusal, Refused
from moorline.sandbox.proofs import basic_credentials, verifier_fits
from moorline.sandbox.redirect_uris import takes_redirect


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
    refresh_expires_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Code:
    grant: Grant
    request: AuthorizationRequest
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class RefreshToken:
    """What a refresh token stands for; its value is the key it is kept by."""

    grant: Grant
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """All that a server remembers; platforms of one company may keep it together."""

    grants: list[Grant] = field(default_factory=list)
    codes: dict[str, _Code] = field(default_factory=dict)
    used_codes: set[str] = field(default_factory=set)
    access: dict[str, AccessToken] = field(default_factory=dict)
    revoked_access: set[str] = field(default_factory=set)
    refresh: dict[str, RefreshToken] = field(default_factory=dict)
    spent_refresh: dict[str, Grant] = field(default_factory=dict)


class OAuthServer:
    """Authorizations, codes and tokens of one platform."""

    def __init__(self, platform: str, rules: OAuthRules, books: Books, kept: Kept | None = None) -> None:
        self.platform = platform
        self.rules = rules
        self.books = books
        kept = kept or Kept()
        self.grants = kept.grants
        self._codes, self._used_codes = kept.codes, kept.used_codes
        self._access, self._revoked_access = kept.access, kept.revoked_access
        self._refresh, self._spent_refresh = kept.refresh, kept.spent_refresh

    # --- the authorization request ------------------------------------------------------------------------------------

    def read_request(self, query: Mapping[str, str]) -> AuthorizationRequest:
        """The request as the platform understands it. Raises Refused; client and redirect URI are checked first."""
        app = self._app(query.get(self.rules.client_field, ""))
        redirect_uri = query.get("redirect_uri", "")
        if not takes_redirect(self.rules, app, redirect_uri, strict_https=self.books.strict_https):
            raise Refused(Refusal.REDIRECT_UNREGISTERED, redirect_uri)
        for name in self.rules.required:
            if not query.get(name):
                raise Refused(Refusal.REQUEST_INVALID, name)
        if query.get("response_type", "code") != "code":
            raise Refused(Refusal.REQUEST_INVALID, "response_type")
        state = query.get("state", "")
        if self.rules.state_limit is not None and len(state) > self.rules.state_limit:
            raise Refused(Refusal.REQUEST_INVALID, "state")
        challenge, method = self._read_challenge(app, query)
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

    def _pkce(self, app: RegisteredApp) -> Pkce:
        return Pkce.REQUIRED if self.rules.required_pkce_flag in app.flags else self.rules.pkce

    def _read_challenge(self, app: RegisteredApp, query: Mapping[str, str]) -> tuple[str, str]:
        pkce = self._pkce(app)
        if pkce in {Pkce.IGNORED, Pkce.REFUSED}:
            return "", ""
        if pkce is Pkce.OPTIONAL:
            if not query.get("code_challenge"):
                return "", ""
            query = {"code_challenge_method": "plain", **query}
        if query.get("code_challenge_method") not in self.rules.challenge_methods:
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
        if self.rules.all_or_nothing:
            granted = frozenset(request.scopes)
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
        if self.rules.scope_change_revokes:
            self._revoke_other_scopes(grant)
        return grant

    def _revoke_other_scopes(self, latest: Grant) -> None:
        for grant in self.grants:
            same = (grant.client_id, grant.person) == (latest.client_id, latest.person)
            grant.revoked |= same and set(grant.granted) != set(latest.granted)

    def standing_grant(self, client_id: str, person: str) -> Grant | None:
        """The person's latest unrevoked grant to this app, or None."""
        matching = (g for g in reversed(self.grants) if (g.client_id, g.person) == (client_id, person))
        return next((grant for grant in matching if not grant.revoked), None)

    def issue_code(self, request: AuthorizationRequest, grant: Grant) -> str:
        """A code bound to the request's client, redirect URI and challenge, and to what was granted."""
        text = self.rules.code_prefix + ids.new_secret() + self.rules.code_suffix
        value = self.books.issue(self.platform, "code", text)
        self._codes[value] = _Code(grant=grant, request=request, expires_at=self._after(self.rules.code_lifetime_s))
        return value

    # --- the token endpoint -------------------------------------------------------------------------------------------

    def authenticate(self, call: Call, sent: Mapping[str, str]) -> RegisteredApp:
        """The app that proved itself in the place its platform looks at. Raises Refused."""
        if self._reads_secret_from_body(call):
            client_id, secret = sent.get(self.rules.client_field, ""), sent.get("client_secret", "")
        else:
            client_id, secret = basic_credentials(call)
            if sent.get("client_id", client_id) != client_id:
                raise Refused(Refusal.CLIENT_UNKNOWN, sent["client_id"])
        app = self._app(client_id)
        if not hmac.compare_digest(app.client_secret.encode(), secret.encode()):
            raise Refused(Refusal.CLIENT_UNPROVEN, client_id)
        return app

    def _reads_secret_from_body(self, call: Call) -> bool:
        if self.rules.client_auth is ClientAuth.EITHER:
            return not call.headers.get("authorization", "").lower().startswith("basic ")
        return self.rules.client_auth is ClientAuth.BODY

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
        verifier_name = ("code_verifier",) if self._pkce(app) is Pkce.REQUIRED else ()
        for name in ("code", "redirect_uri", *verifier_name):
            if not sent.get(name):
                raise Refused(Refusal.PARAMETER_MISSING, name)
        if sent.get("code_verifier") and self._pkce(app) is not Pkce.IGNORED:
            self.books.issue(self.platform, "code_verifier", sent["code_verifier"])
        if sent.get("code_verifier") and self._pkce(app) is Pkce.REFUSED:
            raise Refused(Refusal.VERIFIER_WRONG)
        code = self._code(app, sent["code"])
        if sent["redirect_uri"] != code.request.redirect_uri:
            raise Refused(Refusal.REDIRECT_DIFFERS)
        self._check_verifier(code.request, sent.get("code_verifier", ""))
        self._used_codes.add(sent["code"])
        return self._issue_tokens(code.grant, request=code.request)

    def _check_verifier(self, request: AuthorizationRequest, verifier: str) -> None:
        if not request.challenge:
            return
        if not verifier:
            raise Refused(Refusal.PARAMETER_MISSING, "code_verifier")
        is_hex = self.rules.challenge_is_hex
        method = request.challenge_method
        if not verifier_fits(verifier, challenge=request.challenge, method=method, is_hex=is_hex):
            raise Refused(Refusal.VERIFIER_WRONG)

    def _code(self, app: RegisteredApp, value: str) -> _Code:
        code = self._codes.get(value)
        if code is None:
            raise Refused(Refusal.CODE_UNKNOWN)
        if code.grant.client_id != app.client_id:
            raise Refused(Refusal.CODE_UNKNOWN, code.grant.client_id)
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
        if spent is not None and spent.client_id == app.client_id and self._reuse_kills_grant():
            spent.revoked = True
        found = self._refresh.get(value)
        if found is None or found.grant.client_id != app.client_id:
            raise Refused(Refusal.REFRESH_DEAD)
        if found.grant.revoked or found.expires_at <= self.books.clock.now():
            raise Refused(Refusal.REFRESH_DEAD)
        if self.rules.refresh is not None and not self.rules.refresh.rotates:
            access = self.issue_access(found.grant, self.rules.access_lifetime_s)
            return Tokens(access=access, refresh=None, refresh_expires_at=found.expires_at)
        if self.rules.refresh is None or not self.rules.refresh.used_lives:
            del self._refresh[value]
            self._spent_refresh[value] = found.grant
        return self._issue_tokens(found.grant, succeeding=found)

    def _reuse_kills_grant(self) -> bool:
        return self.rules.refresh is not None and self.rules.refresh.reuse_kills_grant

    def _issue_tokens(
        self, grant: Grant, *, succeeding: RefreshToken | None = None, request: AuthorizationRequest | None = None
    ) -> Tokens:
        refresh = None if request and not self._asked_for_refresh(request) else self._issue_refresh(grant, succeeding)
        return Tokens(
            access=self.issue_access(grant, self.rules.access_lifetime_s),
            refresh=refresh,
            refresh_expires_at=None if refresh is None else self._refresh[refresh].expires_at,
        )

    def issue_access(self, grant: Grant, lifetime_s: int) -> AccessToken:
        """An access token outside the code and refresh grants, such as a platform's second exchange gives."""
        value = self.books.issue(self.platform, "access_token", self.rules.access_prefix + ids.new_secret())
        now = self.books.clock.now()
        token = AccessToken(value=value, grant=grant, issued_at=now, expires_at=now + timedelta(seconds=lifetime_s))
        self._access[value] = token
        return token

    def _asked_for_refresh(self, request: AuthorizationRequest) -> bool:
        refresh = self.rules.refresh
        if refresh is None or (refresh.needs_flag and refresh.needs_flag not in request.app.flags):
            return False
        return refresh.asked_with is None or refresh.asked_with in request.query.items()

    def _issue_refresh(self, grant: Grant, succeeded: RefreshToken | None) -> str | None:
        refresh = self.rules.refresh
        if refresh is None or (refresh.scope and refresh.scope not in grant.granted):
            return None
        value = self.books.issue(self.platform, "refresh_token", refresh.prefix + ids.new_secret())
        expires_at = self._after(refresh.lifetime_s)
        if succeeded is not None and not refresh.restarts:
            expires_at = succeeded.expires_at
        self._refresh[value] = RefreshToken(grant=grant, expires_at=expires_at)
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

    def extend_access(self, token: AccessToken, lifetime_s: int) -> AccessToken:
        """The same token, as if issued at this moment."""
        now = self.books.clock.now()
        self._access[token.value] = replace(token, issued_at=now, expires_at=now + timedelta(seconds=lifetime_s))
        return self._access[token.value]

    def revoke_token(self, app: RegisteredApp, value: str) -> None:
        """Kill this one access or refresh token, if it is the app's; an unknown one is passed over in silence."""
        access, refresh = self._access.get(value), self._refresh.get(value)
        if access is not None and access.grant.client_id == app.client_id:
            self._revoked_access.add(value)
        if refresh is not None and refresh.grant.client_id == app.client_id:
            del self._refresh[value]

    def grant_of(self, value: str) -> Grant | None:
        """The grant behind an access or refresh token that was not replaced, dead or alive."""
        found = self._access.get(value) or self._refresh.get(value)
        return None if found is None else found.grant

    def kill_other_access(self, kept: AccessToken) -> None:
        """Kill every access token of the same grant but this one."""
        same = (value for value, token in self._access.items() if token.grant is kept.grant)
        self._revoked_access.update(value for value in same if value != kept.value)

    def revoke_person(self, person: str) -> None:
        """Kill every grant of the person, as if they had removed all apps."""
        for grant in self.grants:
            if grant.person == person:
                grant.revoked = True

    def _after(self, lifetime_s: int) -> datetime:
        return self.books.clock.now() + timedelta(seconds=lifetime_s)
