"""What a platform declares about its OAuth server, and every way in which the server refuses.

The defaults of `OAuthRules` are strict OAuth 2.0. Each field a platform sets stands beside a comment with its source.
"""

import enum
from dataclasses import dataclass


class ClientAuth(enum.Enum):
    """Where an app's id and secret are taken from at the token endpoint; anywhere else they count as missing."""

    BASIC = "the Authorization header"
    BODY = "client_id and client_secret among the parameters"


class Pkce(enum.Enum):
    """What the platform makes of a code challenge."""

    REQUIRED = "an authorization without a challenge is refused"
    IGNORED = "challenge and verifier are tolerated and not looked at"


class Refusal(enum.Enum):
    """Why the server said no. Platforms map each to their own status and body."""

    # The authorization request, answered with a page and never a redirect.
    CLIENT_UNKNOWN = "client unknown"
    REDIRECT_UNREGISTERED = "redirect URI not registered"
    REQUEST_INVALID = "a parameter of the authorization request is missing or wrong"
    SCOPE_UNKNOWN = "a scope is unknown"
    # The token endpoint.
    CLIENT_UNPROVEN = "client secret wrong, missing, or in the wrong place"
    PARAMETER_MISSING = "a parameter of the token request is missing"
    GRANT_TYPE_UNKNOWN = "grant type unknown or not offered"
    CODE_UNKNOWN = "code unknown, or another client's"
    CODE_USED = "code used before"
    CODE_EXPIRED = "code too old"
    REDIRECT_DIFFERS = "redirect URI is not the one the code was asked with"
    VERIFIER_WRONG = "verifier malformed or not the challenge's"
    REFRESH_DEAD = "refresh token unknown, used, revoked, too old, or another client's"
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
    """Refresh tokens that are used once: each use gives the next, and using one again kills its whole grant."""

    scope: str  # a grant without this scope gets none
    lifetime_s: int
    prefix: str


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
    scope_separators: str = " "  # any of these characters parts two scopes of the request
    required: tuple[str, ...] = ("response_type", "state", "scope")  # beside client_id and redirect_uri
    state_limit: int | None = None  # characters
    always_granted: tuple[str, ...] = ()  # granted whether asked for or not; cannot be unticked
    grant_type_optional: bool = False  # absent means authorization_code
    shared_consent: bool = False  # a new consent of the same person for the same app adds to the earlier one
    ask_again: tuple[str, str] | None = None  # what is declined stays so unless this parameter has this value
    redirect_fragment: str = ""  # put behind every URL the browser is sent back to
    # The one deviation all platforms share: http callbacks on these hosts are taken although platforms demand https,
    # so that everything runs on one machine. `books.strict_https` switches it off. (decisions.md section 6)
    loopback_hosts: tuple[str, ...] = ("127.0.0.1", "localhost", "::1")
