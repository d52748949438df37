"""Google's authorization server, one for all Google platforms. Facts: youtube.md and googlebusiness.md, by section."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from typing_extensions import override

from moorline.sandbox.kernel import Books, Call, RegisteredApp
from moorline.sandbox.oauth_rules import ClientAuth, OAuthRules, Pkce, RefreshTokens, Refusal, Refused
from moorline.sandbox.oauth_server import AuthorizationRequest, Grant, Kept, OAuthServer, RefreshToken, Tokens
from moorline.sandbox.proofs import basic_credentials

PREFIX = "https://www.googleapis.com/auth/"
EMAIL, PROFILE = f"{PREFIX}userinfo.email", f"{PREFIX}userinfo.profile"
_BASIC_SCOPES = frozenset({"openid", "email", "profile", EMAIL, PROFILE})

# youtube.md section 2, googlebusiness.md section 2
SCOPES = (
    *("openid", "email", "profile", EMAIL, PROFILE),
    *(f"{PREFIX}{name}" for name in ("youtube.readonly", "youtube.upload", "youtube", "youtube.force-ssl")),
    *(f"{PREFIX}{name}" for name in ("yt-analytics.readonly", "youtubepartner", "business.manage")),
)

IDLE_S = 183 * 24 * 3600  # youtube.md section 6: 6 months unused
TESTING_S = 7 * 24 * 3600  # youtube.md section 6: publishing status Testing
TIME_LIMITED_S = 24 * 3600  # youtube.md section 4 names no length; a person's choice
LIVE_REFRESH_TOKENS = 100  # youtube.md section 6: per Google account and client id

# Switches of an app.
TESTING = "testing"
TIME_LIMITED = "time_limited"

RULES = OAuthRules(
    scopes=SCOPES,
    required=("response_type", "scope"),  # youtube.md section 2
    pkce=Pkce.OPTIONAL,  # youtube.md section 1
    code_lifetime_s=600,  # youtube.md section 4: about 10 minutes
    code_prefix="4/0A",  # youtube.md section 3
    client_auth=ClientAuth.EITHER,  # youtube.md section 1: the body, Basic also accepted
    access_lifetime_s=3600,  # youtube.md section 4
    access_prefix="ya29.a0",  # youtube.md section 4
    refresh=RefreshTokens(
        scope="",  # youtube.md section 4: no scope, but access_type and a shown consent screen
        lifetime_s=IDLE_S,
        prefix="1//0g",  # youtube.md section 4
        rotates=False,  # youtube.md section 6
    ),
    loopback_hosts=("127.0.0.1", "localhost"),  # youtube.md section 2
)


@dataclass(slots=True, kw_only=True)
class GoogleGrant(Grant):
    """One consent. What a project may do is the sum of a person's consents to it."""

    offline: bool  # access_type=offline
    shown: bool  # the consent screen was, so that scopes could be unticked
    ends_at: datetime | None  # of a time-limited grant, and of an app in Testing


@dataclass(frozen=True, slots=True)
class Accounts:
    """What Google knows, whichever of its platforms asks."""

    kept: Kept = field(default_factory=Kept)
    platforms: set[str] = field(default_factory=set)


class GoogleServer(OAuthServer):
    """One platform's door to the accounts that all Google platforms share. An app is a Cloud project with one client;
    the same client id registered at two platforms is the same project.
    """

    def __init__(self, platform: str, books: Books) -> None:
        self._accounts = books.shared(Accounts)
        self._accounts.platforms.add(platform)
        super().__init__(platform, RULES, books, self._accounts.kept)

    # --- whose call it is ---------------------------------------------------------------------------------------------

    def asked_by(self, call: Call) -> tuple[str, tuple[str, ...]]:
        """The client id a call is made with, and the scopes it is about; empty when it tells neither."""
        sent = {**call.query, **call.form()}
        code = self._codes.get(sent.get("code", ""))
        if code is not None:
            return code.grant.client_id, code.request.scopes
        grant = self.grant_of(sent.get("refresh_token") or sent.get("token") or sent.get("access_token") or "")
        grant = grant or self.grant_of(call.bearer() or "")
        if grant is not None:
            return grant.client_id, grant.granted
        return sent.get("client_id") or _basic_user(call), tuple(sent.get("scope", "").split())

    def at_sibling(self, client_id: str) -> bool:
        """Whether another Google platform knows the client as well."""
        siblings = self._accounts.platforms - {self.platform}
        return any((platform, client_id) in self.books.apps for platform in siblings)

    def app_of(self, grant: Grant) -> RegisteredApp:
        """The app of a grant, whichever Google platform it was registered at."""
        known = (self.books.apps.get((name, grant.client_id)) for name in (self.platform, *self._accounts.platforms))
        return next(app for app in known if app is not None)

    # --- authorization ------------------------------------------------------------------------------------------------

    @override
    def read_request(self, query: Mapping[str, str]) -> AuthorizationRequest:
        """(youtube.md section 2)"""
        request = super().read_request(query)
        if query.get("access_type", "online") not in {"online", "offline"}:
            raise Refused(Refusal.REQUEST_INVALID, "access_type")
        if query.get("include_granted_scopes", "false") not in {"true", "false"}:
            raise Refused(Refusal.REQUEST_INVALID, "include_granted_scopes")
        asked = prompts(request)
        if not asked <= {"none", "consent", "select_account"} or ("none" in asked and len(asked) > 1):
            raise Refused(Refusal.REQUEST_INVALID, "prompt")
        return request

    def shows_consent(self, request: AuthorizationRequest, person: str) -> bool:
        """Whether the person is asked: on the first grant, for anything new, and with prompt=consent."""
        earlier = self.permitted(request.app.client_id, person)
        return "consent" in prompts(request) or not set(spelled_out(request.scopes)) <= set(earlier)

    def permitted(self, client_id: str, person: str) -> tuple[str, ...]:
        """All that the person allowed the project so far."""
        grants = (g for g in self.grants if (g.client_id, g.person) == (client_id, person) and not g.revoked)
        return tuple(dict.fromkeys(scope for grant in grants for scope in grant.granted))

    @override
    def consent(self, request: AuthorizationRequest, *, person: str, granted: frozenset[str]) -> Grant:
        """What is allowed now; with include_granted_scopes, what was allowed earlier too. (youtube.md section 2)"""
        shown = self.shows_consent(request, person)
        allowed = spelled_out(scope for scope in request.scopes if scope in granted or not shown)
        if request.query.get("include_granted_scopes") == "true":
            allowed = tuple(dict.fromkeys((*allowed, *self.permitted(request.app.client_id, person))))
        now = self.books.clock.now()
        grant = GoogleGrant(
            client_id=request.app.client_id,
            person=person,
            consented_at=now,
            granted=allowed,
            declined=tuple(scope for scope in spelled_out(request.scopes) if scope not in allowed),
            offline=request.query.get("access_type") == "offline",
            shown=shown,
            ends_at=_end(request.app, allowed, now),
        )
        self.grants.append(grant)
        return grant

    # --- the token endpoint -------------------------------------------------------------------------------------------

    @override
    def authenticate(self, call: Call, sent: Mapping[str, str]) -> RegisteredApp:
        """A missing secret is told apart from a wrong one. (youtube.md section 4)"""
        if self._reads_secret_from_body(call):
            self._app(sent.get("client_id", ""))
            if not sent.get("client_secret"):
                raise Refused(Refusal.PARAMETER_MISSING, "client_secret")
        return super().authenticate(call, sent)

    @override
    def _check_verifier(self, request: AuthorizationRequest, verifier: str) -> None:
        if verifier and not request.challenge:
            raise Refused(Refusal.VERIFIER_UNWANTED)
        super()._check_verifier(request, verifier)

    @override
    def _redeem_refresh(self, app: RegisteredApp, sent: Mapping[str, str]) -> Tokens:
        """Each use keeps the token alive for another six months. (youtube.md section 6)"""
        value = sent.get("refresh_token", "")
        found = self._refresh.get(value)
        if value and found is None:
            raise Refused(Refusal.REFRESH_DEAD, "unknown, or displaced by newer ones")
        if found is not None and found.grant.client_id != app.client_id:
            raise Refused(Refusal.REFRESH_FOREIGN)
        tokens = super()._redeem_refresh(app, sent)
        if found is not None and _ends_at(found.grant) is None:
            self._refresh[value] = replace(found, expires_at=self._after(IDLE_S))
        return tokens

    @override
    def _issue_refresh(self, grant: Grant, succeeded: RefreshToken | None) -> str | None:
        """For offline access and after a shown consent screen; the oldest of too many dies. (youtube.md section 4)"""
        if not (isinstance(grant, GoogleGrant) and grant.offline and grant.shown):
            return None
        value = super()._issue_refresh(grant, succeeded)
        if value is not None and grant.ends_at is not None:
            self._refresh[value] = replace(self._refresh[value], expires_at=grant.ends_at)
        of_both = [v for v, token in self._refresh.items() if _same(token.grant, grant) and not token.grant.revoked]
        for oldest in of_both[:-LIVE_REFRESH_TOKENS]:
            del self._refresh[oldest]
        return value

    # --- revocation ---------------------------------------------------------------------------------------------------

    def revoke_project(self, value: str) -> bool:
        """End all that the token's person allowed its project; False when the token is dead. (youtube.md section 9)"""
        token = self._access.get(value) or self._refresh.get(value)
        if token is None or token.grant.revoked or token.expires_at <= self.books.clock.now():
            return False
        for grant in self.grants:
            if _same(grant, token.grant):
                grant.revoked = True
        return True

    @override
    def revoke_person(self, person: str) -> None:
        """As if the person had removed the apps of this platform, wherever else they are registered."""
        for grant in self.grants:
            if grant.person == person and (self.platform, grant.client_id) in self.books.apps:
                grant.revoked = True


def prompts(request: AuthorizationRequest) -> set[str]:
    """The set that `prompt` spells with spaces."""
    return set(request.query.get("prompt", "").split())


def spelled_out(scopes: Iterable[str]) -> tuple[str, ...]:
    """Scopes as Google tells them: `email` and `profile` by their long names, with `openid`. (youtube.md section 2)"""
    long_names = {"email": EMAIL, "profile": PROFILE}
    told = tuple(dict.fromkeys(long_names.get(scope, scope) for scope in scopes))
    return tuple(dict.fromkeys((*told, "openid"))) if {EMAIL, PROFILE} & set(told) else told


def _end(app: RegisteredApp, granted: tuple[str, ...], now: datetime) -> datetime | None:
    if TIME_LIMITED in app.flags:
        return now + timedelta(seconds=TIME_LIMITED_S)
    if TESTING in app.flags and not set(granted) <= _BASIC_SCOPES:
        return now + timedelta(seconds=TESTING_S)
    return None


def _ends_at(grant: Grant) -> datetime | None:
    return grant.ends_at if isinstance(grant, GoogleGrant) else None


def _same(one: Grant, other: Grant) -> bool:
    return (one.client_id, one.person) == (other.client_id, other.person)


def _basic_user(call: Call) -> str:
    try:
        return basic_credentials(call)[0]
    except Refused:
        return ""
