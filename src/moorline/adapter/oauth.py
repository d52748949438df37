"""OAuth 2.0 (RFC 6749, RFC 7636) as platforms speak it: declare the differences, write only what is left.

An adapter holds no credentials, logs nothing, stores nothing, reads no settings: the app's registration arrives in
`App`, the way out in `Http`.
"""

import base64
import hashlib
import re
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, ClassVar, final
from urllib.parse import quote, urlencode

from moorline import clock
from moorline.adapter.values import App, Choices, Connection, Identity, Renews, SecretIn, Selection, Tokens
from moorline.errors import MoorlineError, PlatformRateLimited, Refused, UnexpectedReply, Unreachable
from moorline.wire import Http, Reply, Request

MAX_ITEMS = 10_000  # of one list; what goes on after that is told as truncated
TOKEN_CALLS = re.compile(r"(^|/)((refresh_|debug_|invalidate_)?(access_)?token|revoke|revoke_token)/?$", re.IGNORECASE)
LONGEST_LIFE_S = 10**9  # 31 years; what claims to live longer has no date worth keeping


@dataclass(frozen=True, slots=True, kw_only=True)
class OAuthSpec:
    """The head of an adapter: facts of the platform that the base reads.

    `{version}` in a URL is replaced by the API version (`App.api_version`, else `version`).
    `authorize_extra` are further fixed parameters of the authorization request; `revoke_url` is set where RFC 7009
    revocation exists. `analytics_scopes` are those that only serve to read figures: asked for where `scopes` has them,
    else when the operator adds them.
    """

    authorize_url: str
    token_url: str
    scopes: tuple[str, ...]
    analytics_scopes: tuple[str, ...] = ()
    spared_scopes: tuple[str, ...] = ()  # of `scopes`: asked for, but an account works for posting without them
    scope_separator: str = " "
    secret_in: SecretIn = SecretIn.BODY
    client_id_with_basic: bool = False
    pkce: bool = False
    pkce_optional: bool = False  # sent only when the operator asks for it (`App.pkce`)
    renews: Renews = Renews.BY_REFRESH_TOKEN
    version: str = ""
    revoke_url: str | None = None
    authorize_extra: Mapping[str, str] = field(default_factory=dict)
    reauth_extra: Mapping[str, str] = field(default_factory=dict)  # further ones that make the person sign in anew
    client_id_field: str = "client_id"
    scope_pattern: str = r"[\s,]+"  # what parts granted scopes in answers; most platforms keep to neither form
    issuer: str | None = None  # what `iss` of a callback must equal where the callback has one (RFC 9207)
    issuer_promised: bool = False  # the platform's metadata promises `iss`, so a callback without it is refused


class OAuthPlatform(ABC):
    """One platform reached by an authorization code. Subclasses declare `name` and `spec` and read identities."""

    name: ClassVar[str]
    spec: ClassVar[OAuthSpec]
    selection: ClassVar[Selection | None] = None
    revokes_person: ClassVar[bool] = False  # revoking ends every grant of the person for the app, not one token's
    consent_with: ClassVar[tuple[str, ...]] = ()  # platforms on which it does so too, whoever the person is there
    api_hosts: ClassVar[tuple[str, ...]] = ()  # that take a person's token, the usual one first; `{version}` as in URLs
    api_headers: ClassVar[Mapping[str, str]] = {}  # of a call there that names none itself; `{version}` as in URLs
    api_closed: ClassVar[re.Pattern[str]] = TOKEN_CALLS  # paths there that hand out tokens, or end them

    @final
    def authorize_url(self, app: App, *, state: str, verifier: str | None, reauth: bool = False) -> str:
        """Where the person is sent. Pure. `verifier` is hashed (S256) and never sent.

        `reauth`: to sign in anew, also as somebody else, on platforms that have a parameter for it.
        """
        spec = self.spec
        of_app = {
            spec.client_id_field: app.client_id,
            "redirect_uri": app.redirect_uri,
            "scope": spec.scope_separator.join(app.scopes or spec.scopes),
            **spec.authorize_extra,
            **(spec.reauth_extra if reauth else {}),
        }
        url = f"{self.versioned(spec.authorize_url, app)}?response_type=code&{_encoded(*of_app.items())}"
        url = f"{url}&state={quote(state)}"
        if verifier is not None and self.uses_pkce(app):
            url = f"{url}&code_challenge={s256(verifier)}&code_challenge_method=S256"
        return url

    def uses_pkce(self, app: App) -> bool:
        """Whether this app's flows carry a code verifier (RFC 7636)."""
        return self.spec.pkce or (self.spec.pkce_optional and app.pkce)

    @final
    def token_request(self, app: App, fields: Mapping[str, str]) -> Request:
        """A form to the token endpoint with the client authenticated where this platform wants it. Pure."""
        form = dict(fields)
        basic = None
        if self.spec.secret_in is SecretIn.HEADER:
            basic = (app.client_id, app.client_secret)
            if self.spec.client_id_with_basic:
                form[self.spec.client_id_field] = app.client_id
        else:
            form |= {self.spec.client_id_field: app.client_id, "client_secret": app.client_secret}
        url = self.versioned(self.spec.token_url, app)
        return Request(method="POST", url=url, form=form, basic=basic, headers=self.headers(app))

    def headers(self, app: App) -> Mapping[str, str]:
        """Headers every call to this platform carries besides its authentication."""
        return {}

    def proof(self, app: App, token: str) -> Mapping[str, str]:
        """Query parameters that prove the app's secret beside a token. Pure."""
        return {}

    def refuses_token(self, reply: Reply) -> bool:
        """Whether an answer to any call with a token means that the token is dead, and not that the call is wrong."""
        return reply.status == 401 and isinstance(self.judge(reply), Refused)

    @final
    async def fetch(self, http: Http, request: Request) -> Mapping[str, Any]:
        """Send and answer the JSON object of a success. Raises: what `judge` makes of anything else; Unreachable."""
        reply = await http.send(request)
        error = self.judge(reply)
        if error is not None:
            raise error
        return reply.json_object()

    def versioned(self, url: str, app: App) -> str:
        """The URL with the API version put in."""
        return url.replace("{version}", app.api_version or self.spec.version)

    def judge(self, reply: Reply) -> MoorlineError | None:
        """What a reply means: None for success. Overridden with the platform's own closed list of errors."""
        if reply.status < 400:
            return None
        return judge_by_status(self.name, reply)

    def denial(self, code: str, description: str) -> MoorlineError | None:
        """What a callback's `error` means; None: the person refused. Pure."""
        return None

    async def exchange(self, http: Http, app: App, *, code: str, verifier: str | None) -> Tokens:
        """Trade the code (RFC 6749 section 4.1.3). Raises: Refused, AppMisconfigured, Unreachable, UnexpectedReply."""
        fields = {"grant_type": "authorization_code", "code": code, "redirect_uri": app.redirect_uri}
        if verifier is not None and self.uses_pkce(app):
            fields["code_verifier"] = verifier
        return self.to_tokens(await self.fetch(http, self.token_request(app, fields)))

    async def refresh(self, http: Http, app: App, tokens: Tokens) -> Tokens:
        """Trade the refresh token (RFC 6749 section 6); one that is not returned is kept.

        Raises: Refused when only the person can help (also when this platform or grant has no refresh token).
        """
        if self.spec.renews is not Renews.BY_REFRESH_TOKEN or tokens.refresh is None:
            raise Refused(f"{self.name} gave no way to renew this access; connect again.", platform_code="no_refresh")
        fields = {"grant_type": "refresh_token", "refresh_token": tokens.refresh}
        return self.to_tokens(await self.fetch(http, self.token_request(app, fields)), before=tokens)

    @abstractmethod
    async def identify(self, http: Http, app: App, tokens: Tokens) -> Identity:
        """Who the tokens belong to, asked with the new token. Raises as `fetch`, and FlowFailed."""

    def person(self, identity: Identity) -> Connection:
        """The person's own account, where it may be connected: no `selection`, or one with `or_person`. Pure."""
        return to_connection(identity)

    async def list_choices(self, http: Http, app: App, tokens: Tokens, identity: Identity) -> Choices:
        """Everything the person may pick, now or after the connection, all result pages (at most `MAX_ITEMS` items).

        Raises: as `fetch`; ScopeMissing. Never a part of the list in place of an error.
        """
        raise UnexpectedReply(f"{self.name} has nothing to choose.")

    async def adopt(self, http: Http, app: App, tokens: Tokens, identity: Identity, choice_id: str) -> Connection:
        """The account of a choice, proven with the platform now.

        Raises: NotFound when it is not (or no longer) there; as `fetch`.
        """
        raise UnexpectedReply(f"{self.name} has nothing to choose.")

    async def describe(self, http: Http, app: App, tokens: Tokens, choice_id: str) -> Mapping[str, Any]:
        """Further details of one choice, under their documented names; empty for one that is not there.

        Raises: as `fetch`.
        """
        return {}

    async def revoke(self, http: Http, app: App, tokens: Tokens, identity: Identity) -> None:
        """Withdraw the grant at the platform: RFC 7009 where declared, else its own way.

        Every token is tried, whatever came of the one before. Raises: the first failure, as `fetch`.
        """
        if self.spec.revoke_url is None:
            return
        url = self.versioned(self.spec.revoke_url, app)
        failures = []
        for hint, token in (("refresh_token", tokens.refresh), ("access_token", tokens.access)):
            if token is not None:
                request = self.token_request(app, {"token": token, "token_type_hint": hint})
                failures.append(await self._failure_of(http, replace(request, url=url, repeatable=True)))
        for failure in failures:
            if failure is not None:
                raise failure

    async def _failure_of(self, http: Http, request: Request) -> MoorlineError | None:
        try:
            return self.judge(await http.send(request))  # a success may have any body (RFC 7009 section 2.2)
        except Unreachable as error:
            return error

    def to_tokens(self, reply: Mapping[str, Any], *, before: Tokens | None = None) -> Tokens:
        """Map a token answer (RFC 6749 section 5.1). Raises: UnexpectedReply without an access token."""
        return parse_tokens(reply, scope_pattern=self.spec.scope_pattern, before=before)


@lru_cache(maxsize=256)  # what an app asks for is the same at each of its starts, and writing it is most of the work
def _encoded(*parameters: tuple[str, str]) -> str:
    return urlencode(parameters, quote_via=quote)


def parse_tokens(reply: Mapping[str, Any], *, scope_pattern: str, before: Tokens | None = None) -> Tokens:
    """The token answer of RFC 6749; what is absent is taken from `before`, so a refresh token is never blanked.

    Raises: UnexpectedReply when there is no access token.
    """
    access = reply.get("access_token")
    if not isinstance(access, str) or not access:
        raise UnexpectedReply("The platform's token answer has no access_token.")
    refresh, scope = reply.get("refresh_token"), reply.get("scope")
    told = tuple(filter(None, re.split(scope_pattern, scope))) if isinstance(scope, str) else None
    refresh_life_s = reply.get("refresh_token_expires_in", reply.get("refresh_expires_in"))
    return Tokens(
        access=access,
        refresh=refresh if isinstance(refresh, str) and refresh else before.refresh if before else None,
        access_expires_at=expiry(reply.get("expires_in")),
        refresh_expires_at=expiry(refresh_life_s) or (before.refresh_expires_at if before else None),
        granted=told if told is not None else before.granted if before else None,
        service_url=before.service_url if before else None,
    )


def expiry(life_s: object) -> datetime | None:
    """When what lives so many seconds from now ends; None for what is no number, or no life worth noting."""
    if not isinstance(life_s, int | float) or not 0 < life_s < LONGEST_LIFE_S:
        return None
    return clock.now() + timedelta(seconds=life_s)


def to_connection(identity: Identity) -> Connection:
    """The identity itself as the account, for platforms without a selection."""
    return Connection(
        platform_account_id=identity.platform_user_id,
        username=identity.username,
        display_name=identity.display_name,
        picture_url=identity.picture_url,
        profile_url=identity.profile_url,
    )


def judge_by_status(platform: str, reply: Reply) -> MoorlineError:
    """What an error means when only its status is known."""
    if reply.status == 429:
        return PlatformRateLimited(
            f"{platform} asks us to wait.", retry_after_s=retry_after_s(reply), platform_status=reply.status
        )
    if reply.status >= 500:
        return Unreachable(f"{platform} answered {reply.status}.", platform_status=reply.status)
    if reply.status == 401:
        return Refused(f"{platform} does not accept this access (any more).", platform_status=reply.status)
    return UnexpectedReply(f"{platform} answered {reply.status}.", platform_status=reply.status)


def retry_after_s(reply: Reply) -> int | None:
    """Seconds of `Retry-After` when it holds a number."""
    text = reply.headers.get("retry-after", "")
    return int(text) if re.fullmatch(r"[0-9]{1,9}", text) else None


def s256(verifier: str) -> str:
    """The S256 code challenge of RFC 7636 section 4.2."""
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode("ascii")).digest()).rstrip(b"=").decode()
