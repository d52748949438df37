"""What a platform declares about its OAuth server, and every way in which the server refuses.

The defaults of `OAuthRules` are strict OAuth 2.0. Each field a platform sets stands beside a comment with its source.
"""

import enum
from dataclasses import dataclass


class ClientAuth(enum.Enum):
    """Where an app's id and secret are taken from at the token endpoint; anywhere else they count as missing."""

    BASIC = "the Authorization header"
    BODY = "client_id and client_secret among the parameters"
    EITHER = "the Authorization header, or without one the parameters"


class Pkce(enum.Enum):
    """What the platform makes of a code challenge."""

    REQUIRED = "an authorization without a challenge is refused"
    IGNORED = "challenge and verifier are tolerated and not looked at"
    OPTIONAL = "the verifier is checked if a challenge was sent; the method defaults to plain"
    REFUSED = "a challenge is not looked at, and a verifier is refused"


class Refusal(enum.Enum):
    """Why the server said no. Platforms map each to their own status and body."""

    # The authorization request, answered with a page and never a redirect.
    CLIENT_UNKNOWN = "client unknown"
    REDIRECT_UNREGISTERED = "redirect URI not registered"
    REQUEST_INVALID = "a parameter of the authorization request is missing or wrong"
    SCOPE_UNKNOWN = "a scope is unknown"
    APP_BARRED = "the app is deleted or barred, or the browser is none the platform lets in"
    PERSON_TURNED_AWAY = "this person may not use the app"
    # The token endpoint.
    CLIENT_UNPROVEN = "client secret wrong, missing, or in the wrong place"
    PARAMETER_MISSING = "a parameter of the token request is missing"
    GRANT_TYPE_UNKNOWN = "grant type unknown or not offered"
    CODE_UNKNOWN = "code unknown, or another client's (then named)"
    CODE_USED = "code used before"
    CODE_EXPIRED = "code too old"
    REDIRECT_DIFFERS = "redirect URI is not the one the code was asked with"
    VERIFIER_WRONG = "verifier malformed or not the challenge's"
    VERIFIER_UNWANTED = "verifier sent although no challenge had been"
    REFRESH_DEAD = "refresh token unknown, used, revoked, too old, or another client's"
    REFRESH_FOREIGN = "refresh token of another client, where a platform tells that apart"
    # A resource.
    TOKEN_UNKNOWN = "access token unknown"
    TOKEN_EXPIRED = "access token too old"
    TOKEN_REVOKED = "access token revoked, or its grant"


class Refused(Exception):
    """A request the platform refuses. `subject` names the parameter, scope or client it is about."""

    def __init__(self, reason: Refusal, subject: str = "") -> None:
        super().__init__(f"{reason.value}: {subject}" if subject else reason.value)
        self.reason = reason
        self.subject = subject


@dataclass(frozen=True, slots=True, kw_only=True)
class RefreshTokens:
    """Refresh tokens. Rotating ones are used once: each use gives the next, using one again kills its whole grant."""

    scope: str  # a grant without this scope gets none; empty: every grant gets one
    lifetime_s: int
    prefix: str
    rotates: bool = True  # else a refresh answers without one, and the old one stays good
    reuse_kills_grant: bool = True  # else a used one is refused, and that is all
    used_lives: bool = False  # a used one stays good beside the next
    restarts: bool = True  # each new one lives `lifetime_s`; else until the first one's end
    needs_flag: str = ""  # an app without this flag gets none; empty: every app gets one
    asked_with: tuple[str, str] | None = None  # none without this parameter of the authorization request


@dataclass(frozen=True, slots=True, kw_only=True)
class OAuthRules:
    """How one platform's authorization server behaves."""

    scopes: tuple[str, ...]  # all that an authorization may ask for
    access_lifetime_s: int
    access_prefix: str
    code_lifetime_s: int
    client_auth: ClientAuth
    pkce: Pkce
    refresh: RefreshTokens | None = None
    code_prefix: str = ""
    code_suffix: str = ""
    client_field: str = "client_id"  # what the id is called in every request
    scope_separators: str = " "  # any of these characters parts two scopes of the request
    required: tuple[str, ...] = ("response_type", "state", "scope")  # beside client_id and redirect_uri
    state_limit: int | None = None  # characters
    always_granted: tuple[str, ...] = ()  # granted whether asked for or not; cannot be unticked
    grant_type_optional: bool = False  # absent means authorization_code
    all_or_nothing: bool = False  # the person cannot untick a scope
    scope_change_revokes: bool = False  # a consent to other scopes kills the person's earlier grants to the app
    shared_consent: bool = False  # a new consent of the same person for the same app adds to the earlier one
    ask_again: tuple[str, str] | None = None  # what is declined stays so unless this parameter has this value
    required_pkce_flag: str = ""  # an app with this flag must use PKCE, whatever `pkce` says
    challenge_methods: tuple[str, ...] = ("S256", "plain")
    challenge_is_hex: bool = False  # S256 compares lower-case hex in place of base64url
    redirect_query: bool = True  # a redirect URI may have a query
    redirect_limit: int | None = None  # characters, from which on a redirect URI is too long
    any_port_flag: str = ""  # an app with this flag may use http on `loopback_hosts` with any port, always
    redirect_fragment: str = ""  # put behind every URL the browser is sent back to
    denial_fragment: bool = True  # behind a denial as well
    # The one deviation all platforms share: http callbacks on these hosts are taken although platforms demand https,
    # so that everything runs on one machine. `books.strict_https` switches it off. (decisions.md section 6)
    loopback_hosts: tuple[str, ...] = ("127.0.0.1", "localhost", "::1")
