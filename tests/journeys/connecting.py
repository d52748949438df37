"""A whole connection with one adapter alone, over real HTTP, and how it ended: what mutants of an adapter are told by.

The person was here before: an earlier consent of the unmutated adapter stands, as for most people who connect again.
"""

from collections.abc import Collection
from dataclasses import dataclass, fields
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from typing_extensions import override

from moorline.adapter.oauth import OAuthPlatform
from moorline.adapter.values import App, Identity, Tokens
from moorline.cli.browser import Seen
from moorline.errors import MoorlineError, Unreachable
from moorline.service import Service
from moorline.wire import Http, Reply, Request
from tests.harness import World

STATE = "s" * 43
VERIFIER = "v" * 64
A_DAY_AND_MORE_S = 25 * 3600  # the youngest that Instagram and Threads renew is a day old

# What the person declined at the earlier consent.
DECLINED_BEFORE = {"facebook": ("pages_show_list",)}
# Switches of the app without which there is nothing to refresh.
APP_FLAGS = {"linkedin": ["refresh_tokens"]}


class _Stopped(Exception):
    """The flow cannot go on; the text says where and how."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """What came of a connection. `people` could be chosen on the consent page, `asked` are the scopes that stood there.

    `alive`: the access still works after it was revoked.
    """

    stopped: str = ""
    people: frozenset[str] = frozenset()
    asked: frozenset[str] = frozenset()
    granted: frozenset[str] = frozenset()
    account: str = ""
    renewable: bool = False
    alive: bool = False
    refused: tuple[str, ...] = ()

    def beside(self, usual: "Ending") -> str:
        """Where it stopped, or in what else it differs from the usual one; empty: in nothing."""
        differing = [part.name for part in fields(self) if getattr(self, part.name) != getattr(usual, part.name)]
        return self.stopped or " ".join(differing)


class OnlyPlayed(Http):
    """The service's way out, but a host that the sandbox does not play is one that does not answer."""

    def __init__(self, service: Service) -> None:
        self._http = service.http
        self._map = service.outbound_map

    @override
    async def send(self, request: Request) -> Reply:
        if not self._map.matches(request.url):
            raise Unreachable(f"{urlsplit(request.url).hostname} is not played.")
        return await self._http.send(request)


class Connecting:
    """One platform in a sandbox of its own state, connected by whatever adapter is given."""

    def __init__(self, world: World, usual: OAuthPlatform) -> None:
        self._world = world
        self._usual = usual
        self._http = OnlyPlayed(world.service)
        self.app = App(
            client_id=f"sandbox-{usual.name}",
            client_secret=f"sandbox-{usual.name}-secret",
            redirect_uri=f"{world.base_url}/connect/{usual.name}/callback",
        )

    async def through(self, adapter: OAuthPlatform) -> Ending:
        """From the authorization URL to the revocation, in a sandbox as `reset` seeds it."""
        await self._world.control("POST", "reset")
        await self._register()
        await self._consent(self._usual, untick=DECLINED_BEFORE.get(self._usual.name, ()))
        try:
            return await self._connect(adapter)
        except _Stopped as stop:
            return Ending(stopped=str(stop))

    async def tokens(self) -> Tokens:
        """Fresh ones by the usual adapter, in the sandbox as it is."""
        await self._register()
        _, code = await self._consent(self._usual)
        return await self._usual.exchange(self._http, self.app, code=code, verifier=VERIFIER)

    async def _register(self) -> None:
        app = {
            "platform": self._usual.name,
            "client_id": self.app.client_id,
            "client_secret": self.app.client_secret,
            "redirect_uris": [self.app.redirect_uri],
            "flags": APP_FLAGS.get(self._usual.name, []),
        }
        await self._world.control("POST", "apps", app)

    async def _connect(self, adapter: OAuthPlatform) -> Ending:
        page, code = await self._consent(adapter)
        step = "exchange"
        try:
            tokens = await adapter.exchange(self._http, self.app, code=code, verifier=VERIFIER)
            step = "identify"
            identity = await adapter.identify(self._http, self.app, tokens)
            step = "choose"
            account = await self._choose(adapter, tokens, identity)
            await self._world.control("POST", "clock", {"advance_s": A_DAY_AND_MORE_S})
            step = "refresh"
            renewed = await adapter.refresh(self._http, self.app, tokens)
            step = "identify again"
            identity = await adapter.identify(self._http, self.app, renewed)
            step = "revoke"
            await adapter.revoke(self._http, self.app, renewed, identity)
        except MoorlineError as error:
            raise _Stopped(f"{step}: {type(error).__name__}") from error
        return Ending(
            people=_offered(page, "person"),
            asked=_offered(page, "scope"),
            granted=frozenset(identity.granted or tokens.granted or ()),
            account=account,
            renewable=renewed.refresh is not None,
            refused=await self._refused(),
            alive=await self._is_alive(adapter, renewed),
        )

    async def _consent(self, adapter: OAuthPlatform, *, untick: Collection[str] = ()) -> tuple[Seen, str]:
        """The page, and the code of its approval."""
        url = adapter.authorize_url(self.app, state=STATE, verifier=VERIFIER)
        if not self._world.service.outbound_map.matches(url):
            raise _Stopped("consent: not played")
        browser = await self._world.browser()
        page = await browser.open(self._world.service.outbound_map.apply(url))
        if page.status != 200:
            raise _Stopped(f"consent: {_error_of(page)}")
        returned = await browser.send(page, button="approve", pick={"person": "plenty"}, untick=untick)
        fields_of = _query_of(returned)
        if "code" not in fields_of:
            raise _Stopped(f"consent: {_error_of(returned)}")
        assert fields_of["state"] == STATE
        return page, fields_of["code"]

    async def _choose(self, adapter: OAuthPlatform, tokens: Tokens, identity: Identity) -> str:
        if adapter.selection is None:
            return adapter.person(identity).platform_account_id
        choices = await adapter.list_choices(self._http, self.app, tokens, identity)
        if not choices.items:
            raise _Stopped("choose: nothing there")
        chosen = await adapter.adopt(self._http, self.app, tokens, identity, choices.items[0].id)
        return chosen.platform_account_id

    async def _is_alive(self, adapter: OAuthPlatform, tokens: Tokens) -> bool:
        try:
            await adapter.identify(self._http, self.app, tokens)
        except MoorlineError:
            return False
        return True

    async def _refused(self) -> tuple[str, ...]:
        """The calls that the platform answered with an error, by endpoint."""
        told: list[Any] = (await self._world.control("GET", "calls", platform=self._usual.name))["endpoints"]
        return tuple(entry["endpoint"] for entry in told for call in entry["requests"] if call["status"] >= 400)


def _offered(page: Seen, field: str) -> frozenset[str]:
    return frozenset(value for name, value in page.form().choices if name == field)


def _query_of(seen: Seen) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(seen.location or "").query))


def _error_of(seen: Seen) -> str:
    """The `error` a browser is sent back with, or the status of the page it is shown."""
    return _query_of(seen).get("error") or str(seen.status)
