"""The operations, as an integrator's code and a person's browser carry them out."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

import aiohttp
import msgspec
from yarl import URL

from bench.load import CONNECTIONS, CROWD, Once, Part
from bench.world import World
from moorline import __version__
from moorline.cli.browser import Browser
from tests.engines import Engine

OURS = "Moorline"
PERSON = "single"  # of the sandbox: has exactly one of everything
RETURN_URL = "https://app.example.com/connected"
NAMES = ("start", "callback", "get", "token", "list", "twitter", "facebook")
HEADLESS = ("facebook", "linkedin")  # have a choice, which no page is opened for
FORM = {"content-type": "application/x-www-form-urlencoded"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """`platform_calls` of one run of it, counted by the sandbox; `connections` at which it is measured.

    `product` carries it out, on `engine`. `switched`: the name of what is switched on, where that is compared.
    """

    name: str
    title: str
    once: Once | Part
    product: str = OURS
    engine: Engine = "sqlite"
    platform_calls: int = 0
    switched: str = ""
    connections: tuple[int, ...] = CONNECTIONS


class Unexpected(ValueError):
    """An answer that ends the run: its figures would be those of a failure."""


async def prepare(world: World, opened: aiohttp.ClientSession) -> dict[str, Operation]:
    """Every operation by name; each flow is run once to read its consent form and to count its platform calls."""
    flows = {platform: await _flow(world, opened, platform) for platform in ("twitter", "facebook")}
    twitter = flows["twitter"]
    once: Mapping[str, tuple[str, Once | Part]] = {
        "start": ("start connect (twitter)", getting(_start_url(world, "twitter"), world.flow_key)),
        "callback": ("callback (twitter)", Part(before=twitter.consented, once=twitter.call_back, after=_nothing_more)),
        "get": ("get account", account_of(world)),
        "token": ("token endpoint, nothing to renew", token_of(world, world.account_id)),
        "list": ("list of 100 accounts", getting(f"{world.server_url}/api/v1/accounts", world.list_key)),
        "twitter": ("whole flow (twitter)", twitter.to_end),
        "facebook": ("whole flow (facebook)", flows["facebook"].choose_page),
    }
    calls_of = {
        "twitter": await _platform_calls(world, opened, twitter.to_end, "twitter"),
        "facebook": await _platform_calls(world, opened, flows["facebook"].choose_page, "facebook"),
    }
    calls_of["callback"] = calls_of["twitter"]  # the start makes none
    operations = {}
    for name in NAMES:
        title, step = once[name]
        calls = calls_of.get(name, 0)
        connections = (*CONNECTIONS, CROWD) if name == "token" else CONNECTIONS
        operations[name] = Operation(name=name, title=title, once=step, platform_calls=calls, connections=connections)
    return operations


async def consented(world: World, opened: aiohttp.ClientSession, platform: str) -> dict[str, str]:
    """What the redirect of a fresh consent carries; where there is a choice, it is a headless one."""
    return await (await _flow(world, opened, platform)).landed(opened)


async def callbacks(world: World, opened: aiohttp.ClientSession, count: int) -> list[Once]:
    """So many callbacks of X that only have to be called, each once."""
    flow = await _flow(world, opened, "twitter")
    return [_called_back(await flow.consented(opened)) for _ in range(count)]


def _called_back(callback: URL) -> Once:
    async def once(opened: aiohttp.ClientSession) -> None:
        async with opened.get(callback, allow_redirects=False) as answer:
            if "connected=twitter" not in await location_of(answer):
                raise Unexpected(f"the callback led to {answer.headers['location'][:200]}")

    return once


def start_of(world: World) -> Once:
    """Start a connection of X."""
    return getting(_start_url(world, "twitter"), world.flow_key)


def account_of(world: World) -> Once:
    """Read an account of the tenant that has many."""
    return getting(f"{world.server_url}/api/v1/accounts/{world.account_id}", world.list_key)


def token_of(world: World, account_id: str) -> Once:
    """Ask for the platform's token of an account of either tenant."""
    key = world.list_key if account_id == world.account_id else world.flow_key
    return getting(f"{world.server_url}/api/v1/accounts/{account_id}/token", key)


async def json_at(opened: aiohttp.ClientSession, url: str) -> Any:
    """The JSON of an address that takes no key. Raises: Unexpected for another status than 200."""
    async with opened.get(URL(url, encoded=True)) as answer:
        return await _json(answer)


async def reset_sandbox(sandbox_url: str, opened: aiohttp.ClientSession) -> None:
    """Let the sandbox forget what it issued, so that it is as quick in the last round as in the first."""
    async with opened.post(f"{sandbox_url}/_sandbox/reset") as answer:
        await _expect(answer, 200)


def constant(world: World) -> Once:
    """The floor's operation."""
    return getting(world.floor_url, world.flow_key)


def getting(address: str, key: str) -> Once:
    """Read an address with a key."""
    url, headers = URL(address, encoded=True), {"authorization": f"Bearer {key}"}

    async def once(opened: aiohttp.ClientSession) -> None:
        async with opened.get(url, headers=headers) as answer:
            await _expect(answer, 200)

    return once


def _start_url(world: World, platform: str, *, headless: bool = False) -> str:
    query = {"profileId": world.profile_id, "redirect_url": RETURN_URL}
    if headless:
        query["headless"] = "true"
    return f"{world.server_url}/api/v1/connect/{platform}?{urlencode(query)}"


class _Flow:
    """A connection from start to saved account. The person's form is filled from `consent`, read once."""

    def __init__(self, world: World, platform: str, consent: bytes) -> None:
        self._platform = platform
        self._consent = consent
        self._start = URL(_start_url(world, platform, headless=platform in HEADLESS), encoded=True)
        self._select = f"{world.server_url}/api/v1/connect/{platform}/select-page"
        self._headers = {"authorization": f"Bearer {world.flow_key}"}

    async def to_end(self, opened: aiohttp.ClientSession) -> None:
        """Start, consent, callback; the account is saved then."""
        await self.call_back(opened, await self.consented(opened))

    async def choose_page(self, opened: aiohttp.ClientSession) -> None:
        """Start, consent, callback, list, choose; by the connect token, as a browser without an API key does."""
        given = await self.landed(opened)
        profile_id, temp_token = given["profileId"], given["tempToken"]
        headers = {"x-connect-token": given["connect_token"]}
        query = urlencode({"profileId": profile_id, "tempToken": temp_token}, quote_via=quote)
        async with opened.get(URL(f"{self._select}?{query}", encoded=True), headers=headers) as answer:
            page_id = (await _json(answer))["pages"][0]["id"]
        body = msgspec.json.encode({"profileId": profile_id, "pageId": page_id, "tempToken": temp_token})
        headers["content-type"] = "application/json"
        async with opened.post(self._select, data=body, headers=headers) as answer:
            saved = await _json(answer)
        if saved["account"]["platform"] != self._platform:
            raise Unexpected(f"another account was saved: {saved}")

    async def landed(self, opened: aiohttp.ClientSession) -> dict[str, str]:
        """The parameters of the address the browser is sent to once the callback is through."""
        async with opened.get(await self.consented(opened), allow_redirects=False) as answer:
            return dict(parse_qsl(urlsplit(await location_of(answer)).query))

    async def consented(self, opened: aiohttp.ClientSession) -> URL:
        """Start and consent: the callback's address."""
        async with opened.get(self._start, headers=self._headers) as answer:
            consent = URL((await _json(answer))["authUrl"], encoded=True)
        async with opened.post(consent, data=self._consent, headers=FORM, allow_redirects=False) as answer:
            return URL(await location_of(answer), encoded=True)

    async def call_back(self, opened: aiohttp.ClientSession, callback: URL) -> None:
        """The callback alone; the account is saved then."""
        async with opened.get(callback, allow_redirects=False) as answer:
            landed = dict(parse_qsl(urlsplit(await location_of(answer)).query))
        if landed.get("connected") != self._platform:
            raise Unexpected(f"{self._platform} was not connected: {landed}")


async def consent_of(opened: aiohttp.ClientSession, address: str) -> bytes:
    """The form of a consent page, filled by the person; it is the same whoever asks."""
    form = (await Browser(opened).open(address)).form()
    fields = [(name, value) for name, value in form.fields if name != "person"]
    return urlencode([*fields, ("person", PERSON), form.buttons["approve"]]).encode()


async def calls_by_endpoint(opened: aiohttp.ClientSession, sandbox_url: str, platform: str) -> dict[str, int]:
    """How often the sandbox was called since it was reset."""
    endpoints = (await json_at(opened, f"{sandbox_url}/_sandbox/calls?{urlencode({'platform': platform})}"))[
        "endpoints"
    ]
    return {one["endpoint"]: int(one["count"]) for one in endpoints}


async def _nothing_more(_opened: aiohttp.ClientSession, _callback: None) -> None:
    """The account is saved."""


async def _flow(world: World, opened: aiohttp.ClientSession, platform: str) -> _Flow:
    headers = {"authorization": f"Bearer {world.flow_key}"}
    async with opened.get(URL(_start_url(world, platform), encoded=True), headers=headers) as answer:
        address = (await _json(answer))["authUrl"]
    return _Flow(world, platform, await consent_of(opened, address))


async def _platform_calls(world: World, opened: aiohttp.ClientSession, once: Once, platform: str) -> int:
    await reset_sandbox(world.sandbox_url, opened)
    await once(opened)
    async with opened.get(f"{world.sandbox_url}/_sandbox/calls", params={"platform": platform}) as answer:
        endpoints = (await _json(answer))["endpoints"]
    agents = [request["headers"]["user-agent"] for endpoint in endpoints for request in endpoint["requests"]]
    return sum(agent.startswith(f"Moorline/{__version__}") for agent in agents)  # the others are the browser's


async def _expect(answer: aiohttp.ClientResponse, status: int) -> bytes:
    body = await answer.read()
    if answer.status != status:
        raise Unexpected(f"{answer.method} {answer.url.path} answered {answer.status}: {body[:300].decode()}")
    return body


async def _json(answer: aiohttp.ClientResponse) -> Any:
    return msgspec.json.decode(await _expect(answer, 200))


async def location_of(answer: aiohttp.ClientResponse) -> str:
    """Where an answer leads. Raises: Unexpected when it leads nowhere."""
    body = await answer.read()
    if "location" not in answer.headers:
        raise Unexpected(f"{answer.method} {answer.url.path} led nowhere, {answer.status}: {body[:300].decode()}")
    return answer.headers["location"]
