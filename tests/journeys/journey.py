"""One person's way through the service: the integrator's calls, the person's browsers, the sandbox's controls."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Collection, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any, Self
from urllib.parse import parse_qsl, urlsplit

import aiohttp

from moorline.cli.browser import Browser, Seen

TIMEOUT_S = 60.0
APP_URL = "https://app.example.com/connected"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a call was answered. `headers` has lower-case names."""

    status: int
    headers: Mapping[str, str]
    text: str

    @property
    def json(self) -> Any:
        return json.loads(self.text)


@dataclass(frozen=True, slots=True)
class Sent:
    """One exchange a client had: the address it called, and everything it got back."""

    url: str
    got: str


class Recorder:
    """Keeps every exchange of the sessions it is given to."""

    def __init__(self) -> None:
        self.sent: list[Sent] = []

    def trace(self) -> aiohttp.TraceConfig:
        """Hand this to a session."""
        config = aiohttp.TraceConfig()
        config.on_request_end.append(self._note)
        return config

    async def _note(self, _session: object, _context: object, ended: aiohttp.TraceRequestEndParams) -> None:
        headers = "\n".join(f"{name}: {value}" for name, value in ended.response.headers.items())
        body = (await ended.response.read()).decode("utf-8", "replace")
        self.sent.append(Sent(str(ended.url), f"{headers}\n\n{body}"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """Where a running server is, and who calls it."""

    base_url: str
    api_key: str
    user_id: str
    profile_id: str
    sandbox_url: str = ""


class Journey:
    """Talks to a running server; every browser of it has cookies of its own."""

    def __init__(self, server: Server, stack: AsyncExitStack, *, recorder: Recorder | None = None) -> None:
        self.server = server
        self.profile_id = server.profile_id
        self.recorder = recorder
        self._stack = stack
        self._session: aiohttp.ClientSession

    @classmethod
    @asynccontextmanager
    async def through(cls, server: Server, *, recorder: Recorder | None = None) -> AsyncIterator[Self]:
        """A journey through this server, closed at the end."""
        async with AsyncExitStack() as stack:
            journey = cls(server, stack, recorder=recorder)
            journey._session = await journey.new_session()
            yield journey

    async def new_session(self) -> aiohttp.ClientSession:
        traces = [] if self.recorder is None else [self.recorder.trace()]
        session = aiohttp.ClientSession(
            timeout=aiohttp.ClientTimeout(total=TIMEOUT_S),
            cookie_jar=aiohttp.CookieJar(unsafe=True),
            trace_configs=traces,
        )
        return await self._stack.enter_async_context(session)

    async def browser(self) -> Browser:
        """A browser of a person who was never here."""
        return Browser(await self.new_session())

    # --- the integrator -----------------------------------------------------------------------------------------------

    async def call(
        self,
        method: str,
        path: str,
        *,
        key: str | None = "",
        body: object = None,
        headers: Mapping[str, str] | None = None,
        query: Mapping[str, str] | None = None,
    ) -> Answer:
        """Call `/api/v1/...`. `key` None: no key at all; empty: the server's own."""
        given = dict(headers or {})
        if key is not None:
            given["authorization"] = f"Bearer {key or self.server.api_key}"
        return await self._send(method, f"{self.server.base_url}/api/v1/{path}", json=body, params=query, headers=given)

    async def get(self, path: str, **query: str) -> Any:
        """The JSON of a GET that must succeed."""
        answer = await self.call("GET", path, query=query)
        assert answer.status == 200, answer.text
        return answer.json

    async def new_profile(self, name: str = "Journey") -> str:
        """A profile of its own, which later calls of this journey use."""
        answer = await self.call("POST", "profiles", body={"name": name})
        assert answer.status == 201, answer.text
        self.profile_id = answer.json["profile"]["_id"]
        return self.profile_id

    async def start(self, platform: str, redirect_url: str | None = APP_URL, *, headless: bool = False) -> Any:
        """The answer of a start call."""
        query = {"profileId": self.profile_id}
        if redirect_url is not None:
            query["redirect_url"] = redirect_url
        if headless:
            query["headless"] = "true"
        return await self.get(f"connect/{platform}", **query)

    async def accounts(self) -> list[Any]:
        """The accounts of this journey's profile."""
        listed: list[Any] = (await self.get("accounts", profileId=self.profile_id))["accounts"]
        return listed

    # --- the person ---------------------------------------------------------------------------------------------------

    async def consent(
        self,
        auth_url: str,
        *,
        browser: Browser,
        person: str = "plenty",
        button: str = "approve",
        untick: Collection[str] = (),
    ) -> str:
        """Decide on the platform's page; the callback address the browser is sent to, not opened yet."""
        page = await browser.open(auth_url)
        assert page.status == 200, page.text
        back = await browser.send(page, button=button, pick={"person": person}, untick=untick)
        assert back.location is not None, back.text
        return back.location

    async def landing(
        self, platform: str, redirect_url: str | None = APP_URL, *, headless: bool = False, **decision: Any
    ) -> str:
        """Where the browser is sent after start, consent and callback."""
        browser = await self.browser()
        started = await self.start(platform, redirect_url, headless=headless)
        returned = await browser.open(await self.consent(started["authUrl"], browser=browser, **decision))
        return location(returned)

    async def through_pages(self, auth_url: str, *, choice: str = "0", **decision: Any) -> str:
        """Consent, and where a hosted chooser comes, choose; the address outside the service that this ends at."""
        browser = await self.browser()
        seen = await browser.open(await self.consent(auth_url, browser=browser, **decision))
        while seen.location is not None and seen.location.startswith(self.server.base_url):
            seen = await browser.open(seen.location)
        if seen.location is None:
            seen = await browser.send(seen, button="connect", pick={"choice": choice})
        return location(seen)

    async def selection(self, platform: str = "facebook", **decision: Any) -> dict[str, str]:
        """The fields of a headless redirect: an open choice, of Facebook Pages unless said otherwise."""
        return query_of(await self.landing(platform, headless=True, **decision))

    async def select(self, fields: Mapping[str, str], page_id: str, **more: object) -> Answer:
        """Choose a Page as integrators' code does, by API key."""
        body = {"profileId": fields["profileId"], "tempToken": fields["tempToken"], "pageId": page_id, **more}
        return await self.call("POST", "connect/facebook/select-page", body=body)

    # --- the sandbox --------------------------------------------------------------------------------------------------

    async def control(self, method: str, path: str, body: object = None, **query: str) -> Any:
        """A control call of the sandbox that must succeed."""
        base_url = self.server.sandbox_url or self.server.base_url
        answer = await self._send(method, f"{base_url}/_sandbox/{path}", json=body, params=query)
        assert answer.status < 300, answer.text
        return answer.json

    async def fault(self, platform: str, endpoint: str, **trouble: object) -> None:
        """Order trouble for the next calls of an endpoint."""
        await self.control("POST", "faults", {"platform": platform, "endpoint": endpoint, **trouble})

    async def count(self, platform: str, endpoint: str) -> int:
        """How often the platform's endpoint (its name) was called since the last reset."""
        for told in (await self.control("GET", "calls", platform=platform))["endpoints"]:
            if told["endpoint"] == endpoint:
                return int(told["count"])
        return 0

    async def tell_bot(self, text: str, *, sender: str = "chat_admin", **more: object) -> None:
        """Write to the bot in private."""
        await self.control("POST", "telegram/messages", {"from": sender, "text": text, **more})

    async def code_status(self, code: str) -> Any:
        answer = await self.call("PATCH", "connect/telegram", query={"code": code})
        assert answer.status == 200, answer.text
        return answer.json

    async def code_settles(self, code: str) -> Any:
        """The status of a Telegram code once it was used, or refused with a note."""
        return await self.until(lambda told: told["status"] != "pending" or "note" in told, code)

    async def until(self, settled: Callable[[Any], bool], code: str) -> Any:
        """The status of a Telegram code once `settled` holds of it."""
        told = await self.code_status(code)
        for _ in range(400):
            if settled(told):
                return told
            await asyncio.sleep(0.05)
            told = await self.code_status(code)
        raise AssertionError(f"the bot did not act on the message: {told}")

    async def _send(self, method: str, url: str, **request: Any) -> Answer:
        async with self._session.request(method, url, allow_redirects=False, **request) as answer:
            headers = {name.lower(): value for name, value in answer.headers.items()}
            return Answer(status=answer.status, headers=headers, text=await answer.text())


def location(seen: Seen) -> str:
    """Where a page sends the browser on to."""
    assert seen.status == 303, f"{seen.status} {seen.text[:500]}"
    assert seen.location is not None
    return seen.location


def query_of(url: str) -> dict[str, str]:
    """The parameters of an address; each of them once."""
    pairs = parse_qsl(urlsplit(url).query, keep_blank_values=True, strict_parsing=True)
    assert len(dict(pairs)) == len(pairs), f"a parameter twice: {url}"
    return dict(pairs)
