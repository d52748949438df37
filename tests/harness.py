"""The service and the sandbox in the test's own event loop, each on a loopback port, reached over real HTTP.

Since they share the loop, `moorline.clock.freeze` and `advance` move the service's time; the sandbox has its own.
"""

import asyncio
import json
import socket
from collections.abc import AsyncIterable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qsl, urlsplit

import aiohttp
import pytest
import uvicorn
from yarl import URL

from moorline import platforms
from moorline.adapter.oauth import OAuthPlatform
from moorline.app import create_app, open_service
from moorline.cli.browser import Browser, Seen
from moorline.cli.environment import platform_names
from moorline.cli.listening import listen
from moorline.cli.running import uvicorn_server
from moorline.owners import api_keys, users
from moorline.owners.api_keys import NewKey
from moorline.sandbox.app import Sandbox, create_sandbox
from moorline.sandbox.telegram_world import SANDBOX_BOT_TOKEN
from moorline.service import Service
from moorline.settings import PREFIX, Settings, load
from moorline.vault import new_key
from tests.engines import ENGINES

HOST = "127.0.0.1"
OAUTH = [platform.name for platform in platforms.ALL if isinstance(platform, OAuthPlatform)]
APP_URL = "https://app.example.com/connected"
TIMEOUT_S = 30.0
UNKNOWN_ID = "0123456789abcdef01234567"
RATE_HEADERS = ("x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset")

TWITTER_TOKEN = "POST /2/oauth2/token"
FACEBOOK_TOKEN = "POST /{version}/oauth/access_token"

on_both_engines = pytest.mark.parametrize("served_on", ENGINES, indirect=True)
shares_a_world = pytest.mark.asyncio(loop_scope="module")  # with the fixture `shared`


@dataclass(frozen=True, slots=True, kw_only=True)
class Tenant:
    """An owner with a first profile and a full key."""

    user_id: str
    profile_id: str
    key_id: str
    api_key: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a call was answered; `headers` has lower-case names, a repeated one only its last value."""

    status: int
    headers: Mapping[str, str]
    text: str

    @property
    def json(self) -> Any:
        return json.loads(self.text)


class World:
    """One service on a database, one sandbox, two tenants, and the people and programs that call."""

    service: Service
    sandbox: Sandbox
    owner: Tenant
    other: Tenant

    def __init__(self, database_url: str, given: Mapping[str, str]) -> None:
        self._database_url = database_url
        self._given = dict(given)
        self._encryption_key = new_key()
        self._stack = AsyncExitStack()
        self._serving = AsyncExitStack()
        self._session: aiohttp.ClientSession
        self.base_url = ""
        self.sandbox_url = ""

    async def __aenter__(self) -> Self:
        """Start both, and make the tenants."""
        async with AsyncExitStack() as starting:
            starting.push_async_exit(self)
            await self._start()
            starting.pop_all()
        return self

    async def _start(self) -> None:
        listening, played = listen(HOST, 0), listen(HOST, 0)
        self.base_url, self.sandbox_url = _url_of(listening), _url_of(played)
        self.sandbox = create_sandbox(base_url=self.sandbox_url, callback_base=self.base_url)
        await self._start_sandbox(played)
        await self._start_service(listening)
        self._session = await self._new_session(aiohttp.DummyCookieJar())
        self.owner = await self._tenant("owner@example.com", "Northwind Bakery")
        self.other = await self._tenant("other@example.com", "Fernhill Books")

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close both at once: each waits a moment for its connections to end."""
        await asyncio.gather(self._serving.aclose(), self._stack.aclose())

    async def restart(self, **changes: str) -> None:
        """End the service and open it again on the same database and port, with settings changed."""
        await self._serving.aclose()
        self._serving = AsyncExitStack()
        self._given |= changes
        await self._start_service(listen(HOST, urlsplit(self.base_url).port or 0))

    async def _start_sandbox(self, played: socket.socket) -> None:
        server = await _started(self.sandbox, played)
        self._stack.push_async_callback(_stopped, server, played)
        self._stack.push_async_callback(self.sandbox.close)

    async def _start_service(self, listening: socket.socket) -> None:
        self.service = await self._serving.enter_async_context(open_service(self._settings()))
        server = await _started(create_app(self.service), listening)
        self._serving.push_async_callback(_stopped, server, listening)

    def _settings(self) -> Settings:
        return load({PREFIX + name: value for name, value in self.environment().items()}, platforms=platform_names())

    def environment(self) -> dict[str, str]:
        """The settings of the service, named as in the environment without the prefix."""
        outbound_map = {f"https://{host}": f"{self.sandbox_url}/sandbox/{host}" for host in self.sandbox.hosts()}
        environment = {
            "PUBLIC_URL": self.base_url,
            "DATABASE_URL": self._database_url,
            "ENCRYPTION_KEYS": self._encryption_key,
            "RATE_LIMIT_PER_MINUTE": "0",
            "TELEGRAM_BOT_TOKEN": SANDBOX_BOT_TOKEN,
            "TELEGRAM_MODE": "off",
            "BACKGROUND": "false",  # tests that move the clock say themselves when work is done
            "OUTBOUND_MAP": json.dumps(outbound_map),
        }
        for name in OAUTH:
            environment[f"{name.upper()}_CLIENT_ID"] = f"sandbox-{name}"
            environment[f"{name.upper()}_CLIENT_SECRET"] = f"sandbox-{name}-secret"
        return environment | self._given

    async def _new_session(self, jar: aiohttp.abc.AbstractCookieJar) -> aiohttp.ClientSession:
        timeout = aiohttp.ClientTimeout(total=TIMEOUT_S)
        return await self._stack.enter_async_context(aiohttp.ClientSession(timeout=timeout, cookie_jar=jar))

    async def _tenant(self, email: str, profile_name: str) -> Tenant:
        user, profile = await users.create_owner(self.service.db, name=email, email=email, profile_name=profile_name)
        key, text = await api_keys.create(self.service.db, user.id, NewKey(name="first", reveal_tokens=True))
        return Tenant(user_id=user.id, profile_id=profile.id, key_id=key.id, api_key=text)

    # --- programs -----------------------------------------------------------------------------------------------------

    async def call(
        self,
        method: str,
        path: str,
        *,
        key: str | None = "",
        body: object = None,
        content: bytes | AsyncIterable[bytes] | None = None,
        headers: Mapping[str, str] | None = None,
        query: Mapping[str, str] | None = None,
    ) -> Answer:
        """Call a path of the service. `key` None: none at all; empty: the owner's. `content` is sent as it is."""
        given = dict(headers or {})
        if key is not None:
            given.setdefault("authorization", f"Bearer {key or self.owner.api_key}")
        sent: dict[str, Any] = {} if body is None else {"json": body}
        if content is not None:
            sent = {"data": content}
            given.setdefault("content-type", "application/json")
        url = URL(self.base_url + path, encoded=True)
        return await self._send(method, url.extend_query(query) if query else url, headers=given, **sent)

    async def ok(self, method: str, path: str, **call: Any) -> Any:
        """The JSON of a call that must succeed."""
        answer = await self.call(method, path, **call)
        assert answer.status < 300, f"{answer.status} {answer.text}"
        return answer.json

    async def new_key(self, name: str, **body: object) -> str:
        """A further key of the owner."""
        return str((await self.ok("POST", "/v1/api-keys", body={"name": name, **body}))["apiKey"]["key"])

    async def new_profile(self, name: str) -> str:
        """A further profile of the owner."""
        return str((await self.ok("POST", "/v1/profiles", body={"name": name}))["profile"]["_id"])

    async def accounts(self, *, key: str = "") -> list[Any]:
        """Every account the key may see."""
        listed: list[Any] = (await self.ok("GET", "/v1/accounts", key=key))["accounts"]
        return listed

    async def rows_with_tokens(self) -> int:
        """How many rows hold sealed tokens of a platform, or stand for a consent."""
        row = await self.service.db.one(
            "SELECT (SELECT count(*) FROM grants) + (SELECT count(*) FROM grant_tokens)"
            " + (SELECT count(*) FROM account_tokens) + (SELECT count(*) FROM selections) AS n"
        )
        assert row is not None
        return int(row["n"])

    async def start(
        self, platform: str, redirect_url: str | None = APP_URL, *, headless: bool = False, tenant: Tenant | None = None
    ) -> Any:
        """The answer of a start call for the tenant's first profile."""
        who = tenant or self.owner
        query = {"profileId": who.profile_id}
        if redirect_url is not None:
            query["redirect_url"] = redirect_url
        if headless:
            query["headless"] = "true"
        return await self.ok("GET", f"/v1/connect/{platform}", key=who.api_key, query=query)

    # --- people -------------------------------------------------------------------------------------------------------

    async def browser(self) -> Browser:
        """The browser of somebody who was never here."""
        return Browser(await self._new_session(aiohttp.CookieJar(unsafe=True)))

    async def consent(self, auth_url: str, *, person: str = "plenty", button: str = "approve") -> str:
        """Decide on the platform's page; the callback address the browser is sent to, not opened yet."""
        browser = await self.browser()
        page = await browser.open(auth_url)
        assert page.status == 200, page.text
        returned = await browser.send(page, button=button, pick={"person": person})
        assert returned.location is not None, returned.text
        return returned.location

    async def landing(
        self,
        platform: str,
        redirect_url: str | None = APP_URL,
        *,
        headless: bool = False,
        tenant: Tenant | None = None,
        **decision: Any,
    ) -> str:
        """Where start, consent and callback lead to."""
        started = await self.start(platform, redirect_url, headless=headless, tenant=tenant)
        callback = await self.consent(started["authUrl"], **decision)
        return location(await (await self.browser()).open(callback))

    async def selection(
        self, platform: str = "facebook", *, tenant: Tenant | None = None, **decision: Any
    ) -> dict[str, str]:
        """The fields of a headless redirect: an open choice, of Facebook Pages unless said otherwise."""
        return query_of(await self.landing(platform, headless=True, tenant=tenant, **decision))

    async def select(self, fields: Mapping[str, str], page_id: str, *, key: str = "", **more: object) -> Answer:
        """Choose a Page by API key."""
        body = {"profileId": fields["profileId"], "tempToken": fields["tempToken"], "pageId": page_id, **more}
        return await self.call("POST", "/v1/connect/facebook/select-page", key=key, body=body)

    # --- the sandbox --------------------------------------------------------------------------------------------------

    async def control(self, method: str, path: str, body: object = None, **query: str) -> Any:
        """A control call that must succeed."""
        answer = await self._send(method, URL(f"{self.sandbox_url}/_sandbox/{path}"), json=body, params=query)
        assert answer.status < 300, answer.text
        return answer.json

    async def fault(self, platform: str, endpoint: str, **trouble: object) -> None:
        """Order trouble for the next calls of an endpoint."""
        await self.control("POST", "faults", {"platform": platform, "endpoint": endpoint, **trouble})

    async def calls(self, platform: str, endpoint: str) -> list[Any]:
        """The last requests of an endpoint."""
        told = (await self.control("GET", "calls", platform=platform))["endpoints"]
        return [call for entry in told if entry["endpoint"] == endpoint for call in entry["requests"]]

    async def count(self) -> int:
        """How often any platform was called, its pages included."""
        told = (await self.control("GET", "calls"))["endpoints"]
        return sum(int(entry["count"]) for entry in told)

    async def tell_bot(self, text: str, *, sender: str = "chat_admin", **more: object) -> None:
        """Write to the bot in private."""
        await self.control("POST", "telegram/messages", {"from": sender, "text": text, **more})

    async def _send(self, method: str, url: URL, **request: Any) -> Answer:
        async with self._session.request(method, url, allow_redirects=False, **request) as answer:
            headers = {name.lower(): value for name, value in answer.headers.items()}
            return Answer(status=answer.status, headers=headers, text=await answer.text())


def location(seen: Seen) -> str:
    """Where a page sends the browser on to."""
    assert seen.status == 303, f"{seen.status} {seen.text[:500]}"
    assert seen.location is not None
    return seen.location


def query_of(url: str) -> dict[str, str]:
    """The parameters of an address, each of them once."""
    pairs = parse_qsl(urlsplit(url).query, keep_blank_values=True, strict_parsing=True)
    assert len(dict(pairs)) == len(pairs), f"a parameter twice: {url}"
    return dict(pairs)


def failure(answer: Answer, status: int, code: str | None = None) -> dict[str, Any]:
    """The body of a failure, once it has the documented shape, status and code and the headers of every answer."""
    assert answer.status == status, f"{answer.status} {answer.text}"
    assert answer.headers["content-type"].partition(";")[0] == "application/json"
    assert {"x-request-id", *RATE_HEADERS} <= set(answer.headers)
    body: dict[str, Any] = answer.json
    if status == 401:
        assert body == {"error": "Unauthorized"}
        return body
    assert {"error", "code"} <= set(body) <= {"error", "code", "details"}
    assert isinstance(body["error"], str)
    assert body["error"]
    assert isinstance(body.get("details", {}), dict)
    if code is not None:
        assert body["code"] == code, answer.text
    return body


def _url_of(listening: socket.socket) -> str:
    return f"http://{HOST}:{listening.getsockname()[1]}"


async def _started(app: Any, listening: socket.socket) -> uvicorn.Server:
    """A server without its main loop, which only watches for signals and refreshes the Date header."""
    server = uvicorn_server(app)
    server.config.load()
    server.lifespan = server.config.lifespan_class(server.config)
    await server.startup(sockets=[listening])
    return server


async def _stopped(server: uvicorn.Server, listening: socket.socket) -> None:
    """What the server does at its end, without the tenth of a second it always waits."""
    for each in server.servers:
        each.close()
    listening.close()
    for connection in list(server.server_state.connections):
        connection.shutdown()
    await asyncio.gather(*server.server_state.tasks, return_exceptions=True)
    await server.lifespan.shutdown()


async def settles(told: Any, *, within_s: float = 10.0) -> Any:
    """What an async function answers once it answers something true."""
    deadline = asyncio.get_running_loop().time() + within_s
    while not (answer := await told()):
        assert asyncio.get_running_loop().time() < deadline, f"still {answer!r} after {within_s} s"
        await asyncio.sleep(0.02)
    return answer
