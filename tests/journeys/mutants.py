"""What every OAuth platform must notice: a declared fact told wrongly, and where a connection then ends."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from moorline.adapter.values import Renews, SecretIn

Change = Callable[[Any], object]


@dataclass(frozen=True, slots=True)
class Lie:
    """One declared fact told wrongly. `fact` is a field of `OAuthSpec`, or `authorize_extra.<parameter>`.

    `told` says in a word what is wrong about it, `ends` what `Ending.beside` makes of it. `given` is changed for the
    usual adapter as well, where a fact says nothing by itself.
    """

    fact: str
    told: str
    change: Change
    ends: str
    given: Mapping[str, object] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The field of `OAuthSpec`."""
        return self.fact.partition(".")[0]


def at(host: str) -> Change:
    return lambda url: url.replace(urlsplit(url).netloc, host, 1)


def below(url: str) -> str:
    return url.rstrip("/") + "/older"


def slash(url: str) -> str:
    """The other one of the two that people take for the same."""
    return url[:-1] if url.endswith("/") else url + "/"


def to(value: object) -> Change:
    return lambda _: value


def less(scope: str) -> Change:
    return lambda scopes: tuple(each for each in scopes if each != scope)


def more(scope: str) -> Change:
    return lambda scopes: (*scopes, scope)


def addresses(site: str, api: str, *, page: str = "404") -> tuple[Lie, ...]:
    """The consent page and the token endpoint at another host of the platform, and at another path."""
    return (
        Lie("authorize_url", "host", at(site), f"consent: {page}"),
        Lie("authorize_url", "path", below, f"consent: {page}"),
        Lie("authorize_url", "slash", slash, f"consent: {page}"),
        Lie("token_url", "host", at(api), "exchange: UnexpectedReply"),
        Lie("token_url", "path", below, "exchange: UnexpectedReply"),
        Lie("token_url", "slash", slash, "exchange: UnexpectedReply"),
    )


def asking(*required: str, page: str = "400", id_page: str = "400") -> tuple[Lie, ...]:
    """Each required scope left out, an unknown one added, a separator that nobody takes, the id by another name."""
    left_out = (Lie("scopes", f"without {scope}", less(scope), "identify: ScopeMissing") for scope in required)
    return (
        *left_out,
        Lie("scopes", "with make.coffee", more("make.coffee"), f"consent: {page}"),
        Lie("scope_separator", "|", to("|"), f"consent: {page}"),
        Lie("client_id_field", "app_id", to("app_id"), f"consent: {id_page}"),
    )


SNAPCHAT_TWO = {"scopes": ("snapchat-profile-api", "snapchat-marketing-api")}  # one alone needs nothing between

GRANTED = Lie("scope_pattern", "|", to(r"\|"), "identify: ScopeMissing")
NOT_RENEWED = Lie("renews", "never", to(Renews.NEVER), "refresh: Refused")
NOT_REVOKED = Lie("revoke_url", "none", to(None), "alive")
REVOKED_ELSEWHERE = Lie("revoke_url", "path", below, "revoke: UnexpectedReply")
ANOTHER_ISSUER = Lie("issuer", "another", to("https://accounts.example.com"), "invalid_state")
# Most callbacks carry no `iss`, so a promise of one could only be kept by refusing every callback.
PROMISED = Lie("issuer_promised", "yes", to(value=True), "invalid_state", {"issuer": "https://accounts.example.com"})


def in_header(ends: str) -> Lie:
    return Lie("secret_in", "header", to(SecretIn.HEADER), ends)


def in_body(ends: str) -> Lie:
    return Lie("secret_in", "body", to(SecretIn.BODY), ends)


def revoked_at(url: str) -> Lie:
    """Revocation where no document knows an address for it."""
    return Lie("revoke_url", "invented", to(url), "revoke: UnexpectedReply")


def without_extra(name: str, ends: str) -> Lie:
    return Lie(
        f"authorize_extra.{name}",
        "left out",
        lambda extra: {each: value for each, value in extra.items() if each != name},
        ends,
    )


BREAKS: Mapping[str, tuple[Lie, ...]] = {
    "facebook": (
        *addresses("graph.facebook.com", "www.facebook.com", page="400"),
        *asking("pages_show_list"),
        in_header("exchange: AppMisconfigured"),
        Lie("version", "malformed", to("25"), "consent: 400"),
        without_extra("auth_type", "identify: ScopeMissing"),
        PROMISED,
    ),
    "instagram": (
        *addresses("graph.instagram.com", "www.instagram.com", page="400"),
        *asking("instagram_business_basic"),
        in_header("exchange: AppMisconfigured"),
        Lie("version", "malformed", to("25"), "identify: UnexpectedReply"),
        revoked_at("https://api.instagram.com/oauth/revoke"),
        PROMISED,
    ),
    "linkedin": (
        *addresses("api.linkedin.com", "api.linkedin.com"),
        *asking("openid", "profile", page="401", id_page="401"),
        Lie("scopes", "without rw_organization_admin", less("rw_organization_admin"), "choose: nothing there"),
        in_header("exchange: AppMisconfigured"),
        Lie("pkce", "on", to(value=True), "exchange: Refused"),
        NOT_RENEWED,
        GRANTED,
        Lie("version", "ended", to("202301"), "choose: AppMisconfigured"),
        Lie("version", "malformed", to("v1"), "choose: AppMisconfigured"),
        NOT_REVOKED,
        Lie("revoke_url", "path", below, "alive refused"),
        PROMISED,
    ),
    "twitter": (
        *addresses("api.x.com", "x.com"),
        *asking("tweet.read", "users.read", "offline.access"),
        in_body("exchange: AppMisconfigured"),
        Lie("pkce", "off", to(value=False), "consent: 400"),
        NOT_RENEWED,
        GRANTED,
        NOT_REVOKED,
        REVOKED_ELSEWHERE,
        PROMISED,
    ),
    "tiktok": (
        *addresses("open.tiktokapis.com", "www.tiktok.com"),
        *asking("user.info.basic", page="invalid_scope"),
        in_header("exchange: UnexpectedReply"),
        NOT_RENEWED,
        GRANTED,
        NOT_REVOKED,
        REVOKED_ELSEWHERE,
        PROMISED,
    ),
    "youtube": (
        *addresses("oauth2.googleapis.com", "accounts.google.com"),
        *asking("https://www.googleapis.com/auth/youtube.readonly"),
        NOT_RENEWED,
        GRANTED,
        NOT_REVOKED,
        REVOKED_ELSEWHERE,
        without_extra("access_type", "refresh: Refused"),
        without_extra("prompt", "refresh: Refused"),
        # Only a chooser lets the person name the brand's channel.
        Lie("authorize_extra.prompt", "no chooser", lambda extra: {**extra, "prompt": "consent"}, "people"),
        ANOTHER_ISSUER,
    ),
    "threads": (
        *addresses("graph.threads.net", "threads.net", page="400"),
        *asking("threads_basic"),
        in_header("exchange: AppMisconfigured"),
        Lie("version", "unreleased", to("v2.0"), "identify: UnexpectedReply"),
        Lie("version", "malformed", to("1"), "identify: UnexpectedReply"),
        revoked_at("https://graph.threads.net/oauth/revoke"),
        PROMISED,
    ),
    "reddit": (
        *addresses("oauth.reddit.com", "oauth.reddit.com"),
        *asking("identity"),
        in_body("exchange: AppMisconfigured"),
        NOT_RENEWED,
        GRANTED,
        NOT_REVOKED,
        REVOKED_ELSEWHERE,
        without_extra("duration", "identify: UnexpectedReply"),
        PROMISED,
    ),
    "pinterest": (
        *addresses("api.pinterest.com", "www.pinterest.com"),
        *asking("user_accounts:read", "boards:read"),
        in_body("exchange: AppMisconfigured"),
        NOT_RENEWED,
        GRANTED,
        Lie("version", "no such host", to("v5"), "exchange: Unreachable"),
        revoked_at("https://api.pinterest.com/v5/oauth/revoke"),
        PROMISED,
    ),
    "googlebusiness": (
        *addresses("oauth2.googleapis.com", "accounts.google.com"),
        *asking("https://www.googleapis.com/auth/business.manage"),
        NOT_RENEWED,
        GRANTED,
        NOT_REVOKED,
        REVOKED_ELSEWHERE,
        without_extra("access_type", "refresh: Refused"),
        without_extra("prompt", "refresh: Refused"),
        ANOTHER_ISSUER,
    ),
    "snapchat": (
        *addresses("businessapi.snapchat.com", "businessapi.snapchat.com"),
        Lie("scopes", "none", to(()), "consent: 400"),
        Lie("scopes", "with make.coffee", more("make.coffee"), "consent: 400"),
        Lie("client_id_field", "app_id", to("app_id"), "consent: 400"),
        Lie("scope_separator", "|", to("|"), "consent: 400", SNAPCHAT_TWO),
        Lie("scope_pattern", "|", to(r"\|"), "identify: ScopeMissing", SNAPCHAT_TWO),
        NOT_RENEWED,
        revoked_at("https://accounts.snapchat.com/login/oauth2/revoke"),
        PROMISED,
    ),
}
