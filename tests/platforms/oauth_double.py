"""A platform that declares everything and writes nothing, and what it lets out."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar
from urllib.parse import parse_qsl, urlsplit

from typing_extensions import override

from moorline.adapter.oauth import OAuthPlatform, OAuthSpec
from moorline.adapter.values import App, Identity, SecretIn, Tokens
from moorline.errors import Refused
from moorline.wire import Http, Reply, Request
from tests.platforms.transport import Platform, answer

TOKEN_URL = "https://api.example.net/v1/token"
REVOKE_URL = "https://api.example.net/v1/revoke"
ME_URL = "https://api.example.net/v1/me"
VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"  # RFC 7636, appendix B
CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"

APP = App(client_id="id-1", client_secret="s3cret", redirect_uri="https://moorline.example/connect/example/callback")
PERSON = Identity(platform_user_id="7", username="ann", display_name="Ann", picture_url="https://x.example/a.jpg")
HELD = Tokens(access="access-1", refresh="refresh-1")

SPEC = OAuthSpec(
    authorize_url="https://auth.example.net/{version}/authorize",
    token_url="https://api.example.net/{version}/token",
    scopes=("read", "write"),
    secret_in=SecretIn.HEADER,
    version="v1",
    revoke_url="https://api.example.net/{version}/revoke",
)


class Example(OAuthPlatform):
    name = "example"
    spec: ClassVar[OAuthSpec] = SPEC

    @override
    async def identify(self, http: Http, app: App, tokens: Tokens) -> Identity:
        await self.fetch(http, Request(method="GET", url=ME_URL, bearer=tokens.access))
        return PERSON


def declared(**changes: Any) -> Example:
    adapter: Example = type("Declared", (Example,), {"spec": replace(SPEC, **changes)})()
    return adapter


class Anywhere(Platform):
    """Grants whatever is asked, at any address."""

    def __init__(self) -> None:
        super().__init__({})

    @override
    async def send(self, request: Request) -> Reply:
        self.sent.append(request)
        return answer({"access_token": "access-2", "expires_in": 3600, "scope": "read write,more"})


@dataclass(frozen=True, kw_only=True)
class Sent:
    """Everything an adapter lets out for one person: the address for the browser, and its own calls.

    `granted` is what it understood of the scopes it was answered.
    """

    browser: str
    exchange: Request
    refresh: Request | None
    revoke: list[Request]
    granted: tuple[str, ...] | None


async def all_sent(adapter: OAuthPlatform, app: App) -> Sent:
    """Everything from the browser's address to the revocation, granted at every step."""
    platform = Anywhere()
    tokens = await adapter.exchange(platform, app, code="c-1", verifier=VERIFIER)
    try:
        await adapter.refresh(platform, app, HELD)
    except Refused:
        refresh = None
    else:
        refresh = platform.sent[1]
    calls = len(platform.sent)
    await adapter.revoke(platform, app, HELD, PERSON)
    browser = adapter.authorize_url(app, state="st-1", verifier=VERIFIER)
    return Sent(
        browser=browser,
        exchange=platform.sent[0],
        refresh=refresh,
        revoke=platform.sent[calls:],
        granted=tokens.granted,
    )


async def sent(spec_changes: Mapping[str, Any], app: App = APP) -> Sent:
    return await all_sent(declared(**spec_changes), app)


def query_of(url: str) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(url).query, strict_parsing=True))


def form_of(request: Request) -> Mapping[str, str]:
    assert request.form is not None
    return request.form
