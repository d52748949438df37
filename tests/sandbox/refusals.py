"""What every real authorization server refuses, as a battery that each platform of the sandbox must pass.

A platform joins by one `OAuthUnderTest`; `answers` gives its own words for each refusal of the token endpoint, and must
name exactly the refusals that apply to it.
"""

import base64
import hashlib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from tests.sandbox.conftest import Got, Sandbox

VERIFIER = "moorline-sandbox-verifier-0123456789-abcdefghij"
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
STATE = "state-of-the-test"

Changes = Mapping[str, str | None]  # None takes the parameter away


@dataclass(frozen=True, slots=True, kw_only=True)
class OAuthUnderTest:
    name: str
    authorize: tuple[str, str]
    token: tuple[str, str]
    scopes: tuple[str, ...]
    scope_separator: str
    pkce: bool
    basic: bool  # else the secret goes among the parameters
    state_required: bool
    grant_type_required: bool
    refresh: bool
    code_lifetime_s: int
    denial: Mapping[str, str]
    summary: Callable[[Any], object]  # of a refusal's JSON
    answers: Mapping[str, tuple[int, object]]  # refusal: status and summary
    client_id: str = ""
    client_secret: str = ""
    page: tuple[int, str] = (400, "text/html; charset=utf-8")  # answers an authorization request it refuses
    all_or_nothing: bool = False  # no scope can be unticked
    refresh_reusable: bool = False  # a refresh token is not replaced by its use
    headers: Mapping[str, str] = field(default_factory=dict)  # that every call of an app must carry
    parameters: Mapping[str, str] = field(default_factory=dict)  # further ones of a good authorization request
    sent_back: frozenset[str] = frozenset()  # further parameters of an approval's callback
    pkce_optional: bool = False  # a challenge may be left out
    basic_too: bool = False  # the secret may stand in either place
    client_field: str = "client_id"  # what the platform calls it; `client_id` in changes means this one
    redirect_query: bool = True  # a redirect URI may have a query
    scope_unknown_redirects: bool = False  # an unknown scope is told to the callback
    token_answer: Callable[[Any], dict[str, Any]] = dict  # the part of a token answer that holds the token

    @property
    def client(self) -> tuple[str, str]:
        return self.client_id or f"sandbox-{self.name}", self.client_secret or f"sandbox-{self.name}-secret"

    def callback(self, sandbox: Sandbox) -> str:
        return f"{sandbox.base_url}/connect/{self.name}/callback"

    def query(self, sandbox: Sandbox, changes: Changes | None = None) -> dict[str, str]:
        """The parameters of a good authorization request, then changed."""
        good = {
            "response_type": "code",
            "client_id": self.client[0],
            "redirect_uri": self.callback(sandbox),
            "scope": self.scope_separator.join(self.scopes),
            "state": STATE,
            **self.parameters,
        }
        if self.pkce:
            good |= {"code_challenge": CHALLENGE, "code_challenge_method": "S256"}
        return self.named(_changed(good, changes))

    async def open_page(self, sandbox: Sandbox, changes: Changes | None = None) -> Got:
        host, path = self.authorize
        return await sandbox.send("GET", host, f"{path}?{urlencode(self.query(sandbox, changes))}")

    async def decide(
        self,
        sandbox: Sandbox,
        *,
        person: str = "plenty",
        decision: str = "approve",
        without: tuple[str, ...] = (),
        changes: Changes | None = None,
    ) -> Got:
        """Post the consent form, with all scopes ticked but those of `without`."""
        host, path = self.authorize
        free = () if self.all_or_nothing else self.scopes
        ticked = [("scope", scope) for scope in free if scope not in without]
        form = [("person", person), ("decision", decision), *ticked]
        return await sandbox.send("POST", host, f"{path}?{urlencode(self.query(sandbox, changes))}", data=form)

    async def code(self, sandbox: Sandbox, **consent: Any) -> str:
        """Consent and answer the code of the callback."""
        return callback_of(await self.decide(sandbox, **consent))["code"]

    async def ask(self, sandbox: Sandbox, sent: Mapping[str, str], *, headers: Mapping[str, str] | None = None) -> Got:
        host, path = self.token
        return await sandbox.send(
            "POST", host, path, data=dict(sent), headers={**self.headers, **self.basic_header(), **(headers or {})}
        )

    def basic_header(self) -> dict[str, str]:
        return {"Authorization": basic(*self.client)} if self.basic else {}

    def exchange(self, sandbox: Sandbox, code: str, changes: Changes | None = None) -> dict[str, str]:
        """The parameters of a good token request, then changed."""
        good = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self.callback(sandbox),
            "client_id": self.client[0],
        }
        if self.pkce:
            good["code_verifier"] = VERIFIER
        if not self.basic:
            good["client_secret"] = self.client[1]
        return self.named(_changed(good, changes))

    async def redeem(self, sandbox: Sandbox, code: str, changes: Changes | None = None) -> Got:
        return await self.ask(sandbox, self.exchange(sandbox, code, changes))

    async def tokens(self, sandbox: Sandbox, **consent: Any) -> dict[str, Any]:
        """The whole way from consent to the first token answer."""
        got = await self.redeem(sandbox, await self.code(sandbox, **consent))
        assert got.status == 200, got.text
        return self.token_answer(got.json)

    async def refreshed(self, sandbox: Sandbox, refresh_token: str) -> Got:
        sent = {"grant_type": "refresh_token", "refresh_token": refresh_token, "client_id": self.client[0]}
        if not self.basic:
            sent["client_secret"] = self.client[1]
        return await self.ask(sandbox, self.named(sent))

    def named(self, sent: Mapping[str, str]) -> dict[str, str]:
        """The parameters with the client id called what the platform calls it."""
        return {self.client_field if name == "client_id" else name: value for name, value in sent.items()}


def basic(client_id: str, secret: str) -> str:
    return "Basic " + base64.b64encode(f"{client_id}:{secret}".encode()).decode()


def callback_of(got: Got) -> dict[str, str]:
    """The parameters that the browser is sent back with."""
    assert got.status == 302, got.text
    return dict(parse_qsl(urlsplit(got.headers["Location"]).query))


def _changed(good: dict[str, str], changes: Changes | None) -> dict[str, str]:
    return {name: value for name, value in {**good, **(changes or {})}.items() if value is not None}


# --- the authorization request: what is wrong with it ----------------------------------------------------------------


def bad_requests(under: OAuthUnderTest) -> dict[str, Changes]:
    """Authorization requests that end on an error page."""
    bad: dict[str, Changes] = {
        "client unknown": {"client_id": "nobody"},
        "client missing": {"client_id": None},
        "redirect URI of a stranger": {"redirect_uri": "https://evil.example/callback"},
        "redirect URI missing": {"redirect_uri": None},
        "scope unknown": {"scope": under.scope_separator.join((*under.scopes, "make.coffee"))},
        "response type unknown": {"response_type": "token"},
    }
    if under.scope_unknown_redirects:
        del bad["scope unknown"]
    if under.state_required:
        bad["state missing"] = {"state": None}
    if under.pkce:
        if not under.pkce_optional:
            bad["challenge missing"] = {"code_challenge": None}
        bad["challenge method unknown"] = {"code_challenge_method": "S1"}
    return bad


# --- the token endpoint: one function a refusal -----------------------------------------------------------------------

Attempt = Callable[[OAuthUnderTest, Sandbox], Awaitable[Got]]


async def code_used(under: OAuthUnderTest, sandbox: Sandbox) -> Got:
    code = await under.code(sandbox)
    assert (await under.redeem(sandbox, code)).status == 200
    return await under.redeem(sandbox, code)


async def code_expired(under: OAuthUnderTest, sandbox: Sandbox) -> Got:
    code = await under.code(sandbox)
    await sandbox.advance(under.code_lifetime_s + 1)
    return await under.redeem(sandbox, code)


async def code_unknown(under: OAuthUnderTest, sandbox: Sandbox) -> Got:
    return await under.redeem(sandbox, "never-issued")


async def code_missing(under: OAuthUnderTest, sandbox: Sandbox) -> Got:
    return await under.redeem(sandbox, await under.code(sandbox), {"code": None})


async def code_of_another_client(under: OAuthUnderTest, sandbox: Sandbox) -> Got:
    other = replace(under, client_id="other", client_secret="other-secret-0123456789")
    app = {
        "platform": under.name,
        "client_id": other.client_id,
        "client_secret": other.client_secret,
        "redirect_uris": [under.callback(sandbox)],
    }
    assert (await sandbox.control("POST", "apps", app)).status == 201
    return await other.redeem(sandbox, await under.code(sandbox))


async def redirect_differs_by_a_slash(under: OAuthUnderTest, sandbox: Sandbox) -> Got:
    return await under.redeem(sandbox, await under.code(sandbox), {"redirect_uri": under.callback(sandbox) + "/"})


async def redirect_missing(under: OAuthUnderTest, sandbox: Sandbox) -> Got:
    return await under.redeem(sandbox, await under.code(sandbox), {"redirect_uri": None})


async def verifier_wrong(under: OAuthUnderTest, sandbox: Sandbox) -> Got:
    return await under.redeem(sandbox, await under.code(sandbox), {"code_verifier": VERIFIER[::-1]})


async def verifier_missing(under: OAuthUnderTest, sandbox: Sandbox) -> Got:
    return await under.redeem(sandbox, await under.code(sandbox), {"code_verifier": None})


async def verifier_too_short(under: OAuthUnderTest, sandbox: Sandbox) -> Got:
    changes = {"code_challenge": "short", "code_challenge_method": "plain"}
    return await under.redeem(sandbox, await under.code(sandbox, changes=changes), {"code_verifier": "short"})


async def secret_wrong(under: OAuthUnderTest, sandbox: Sandbox) -> Got:
    wrong = replace(under, client_secret="wrong")
    return await wrong.redeem(sandbox, await under.code(sandbox))


async def secret_missing(under: OAuthUnderTest, sandbox: Sandbox) -> Got:
    sent = under.exchange(sandbox, await under.code(sandbox), {"client_secret": None})
    return await replace(under, basic=False).ask(sandbox, sent)


async def secret_in_the_wrong_place(under: OAuthUnderTest, sandbox: Sandbox) -> Got:
    other_place = replace(under, basic=not under.basic)
    return await other_place.redeem(sandbox, await under.code(sandbox))


async def client_unknown(under: OAuthUnderTest, sandbox: Sandbox) -> Got:
    nobody = replace(under, client_id="nobody")
    return await nobody.redeem(sandbox, await under.code(sandbox))


async def grant_type_unknown(under: OAuthUnderTest, sandbox: Sandbox) -> Got:
    return await under.redeem(sandbox, await under.code(sandbox), {"grant_type": "password"})


async def grant_type_missing(under: OAuthUnderTest, sandbox: Sandbox) -> Got:
    return await under.redeem(sandbox, await under.code(sandbox), {"grant_type": None})


async def body_is_json(under: OAuthUnderTest, sandbox: Sandbox) -> Got:
    host, path = under.token
    sent = under.exchange(sandbox, await under.code(sandbox))
    return await sandbox.send("POST", host, path, json=sent, headers={**under.headers, **under.basic_header()})


async def refresh_unknown(under: OAuthUnderTest, sandbox: Sandbox) -> Got:
    return await under.refreshed(sandbox, "never-issued")


async def refresh_used(under: OAuthUnderTest, sandbox: Sandbox) -> Got:
    first = (await under.tokens(sandbox))["refresh_token"]
    assert (await under.refreshed(sandbox, first)).status == 200
    return await under.refreshed(sandbox, first)


async def refresh_after_the_person_removed_the_app(under: OAuthUnderTest, sandbox: Sandbox) -> Got:
    first = (await under.tokens(sandbox))["refresh_token"]
    await sandbox.control("POST", "revoke", {"platform": under.name, "person": "plenty"})
    return await under.refreshed(sandbox, first)


def attempts(under: OAuthUnderTest) -> dict[str, Attempt]:
    """The refusals of the token endpoint that apply to this platform, by name."""
    apply: list[Attempt] = [
        code_used,
        code_expired,
        code_unknown,
        code_missing,
        code_of_another_client,
        redirect_differs_by_a_slash,
        redirect_missing,
        secret_wrong,
        secret_missing,
        client_unknown,
        grant_type_unknown,
        body_is_json,
    ]
    if under.pkce:
        apply += [verifier_wrong, verifier_missing, verifier_too_short]
    if not under.basic_too:
        apply.append(secret_in_the_wrong_place)
    if under.grant_type_required:
        apply.append(grant_type_missing)
    if under.refresh:
        apply += [refresh_unknown, refresh_after_the_person_removed_the_app]
        if not under.refresh_reusable:
            apply.append(refresh_used)
    return {getattr(attempt, "__name__", repr(attempt)): attempt for attempt in apply}
