"""A rival's start and callback, as people's browsers carry them out: each has its own session at the rival.

A browser signs in by its first connection and from then on connects the same account again, as ours does. What a
browser began it ends before it begins anew, so that no session fills with beginnings.
"""

import asyncio
from dataclasses import dataclass, field
from urllib.parse import urlencode

import aiohttp
from yarl import URL

from bench import operations
from bench.load import BATCH, Part
from bench.operations import FORM, Unexpected
from bench.rivals import Rival
from moorline.cli.browser import Seen

_AT_ONCE = 8
_CONNECTED = "/connected"
_CALLS = {"POST /2/oauth2/token": 1, "GET /2/users/me": 1}  # what one flow makes, ours and theirs


@dataclass(slots=True, kw_only=True)
class _Person:
    """A browser: what it sends with each request, and the form it found on the rival's page."""

    cookies: dict[str, str] = field(default_factory=dict, repr=False)
    form: bytes = b""

    def headers(self) -> dict[str, str]:
        return {"cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())}

    def keep(self, answer: aiohttp.ClientResponse) -> None:
        self.cookies.update({name: morsel.value for name, morsel in answer.cookies.items()})


@dataclass(frozen=True, slots=True, kw_only=True)
class _Stop:
    """Where somebody's flow is at."""

    person: _Person
    url: URL


class Flows:
    """The flows at one rival."""

    def __init__(self, rival: Rival, base_url: str) -> None:
        self._rival = rival
        self._base_url = base_url
        self._people: list[_Person] = []
        self._consent = b""

    async def prepare(self, opened: aiohttp.ClientSession, sandbox_url: str) -> None:
        """Everybody signs in; the first reads the consent's form and counts. Raises: Unexpected."""
        first = _Person()
        await self._look(opened, first)
        self._consent = await operations.consent_of(opened, str(await self._started(opened, first)))
        before = await operations.calls_by_endpoint(opened, sandbox_url, "twitter")
        first = _Person()
        await self._sign_in(opened, first)
        after = await operations.calls_by_endpoint(opened, sandbox_url, "twitter")
        calls = {name: after.get(name, 0) - before.get(name, 0) for name in _CALLS}
        if calls != _CALLS:
            raise Unexpected(f"{self._rival.title} made other platform calls than ours: {calls}")
        further = [_Person() for _ in range(BATCH - 1)]
        for begun in range(0, len(further), _AT_ONCE):
            people = further[begun : begun + _AT_ONCE]
            await asyncio.gather(*(self._sign_in(opened, person) for person in people))
        self._people = [first, *further]

    def start(self) -> Part:
        """The start alone."""
        return Part(before=self._taken, once=self._start, after=self._to_end)

    def callback(self) -> Part:
        """The callback alone."""
        return Part(before=self._to_callback, once=self._call_back, after=self._given_back)

    async def _taken(self, _opened: aiohttp.ClientSession) -> _Person:
        return self._people.pop()

    async def _given_back(self, _opened: aiohttp.ClientSession, person: _Person) -> None:
        self._people.append(person)

    async def _start(self, opened: aiohttp.ClientSession, person: _Person) -> _Stop:
        return _Stop(person=person, url=await self._started(opened, person))

    async def _to_callback(self, opened: aiohttp.ClientSession) -> _Stop:
        return await self._consented(opened, await self._start(opened, self._people.pop()))

    async def _call_back(self, opened: aiohttp.ClientSession, stop: _Stop) -> _Person:
        async with opened.get(stop.url, headers=stop.person.headers(), allow_redirects=False) as answer:
            await self._led_to(answer, at=_CONNECTED)
            stop.person.keep(answer)
        return stop.person

    async def _to_end(self, opened: aiohttp.ClientSession, stop: _Stop) -> None:
        self._people.append(await self._call_back(opened, await self._consented(opened, stop)))

    async def _sign_in(self, opened: aiohttp.ClientSession, person: _Person) -> None:
        await self._look(opened, person)
        await self._call_back(opened, await self._consented(opened, await self._start(opened, person)))
        await self._look(opened, person)  # signing in makes the form that was seen before worthless

    async def _look(self, opened: aiohttp.ClientSession, person: _Person) -> None:
        if self._rival.page is None:
            return
        url = f"{self._base_url}{self._rival.page}"
        async with opened.get(url, headers=person.headers()) as answer:
            seen = Seen(url=url, status=answer.status, text=await answer.text(), location=None)
            person.keep(answer)
        person.form = urlencode(seen.form().fields).encode()

    async def _started(self, opened: aiohttp.ClientSession, person: _Person) -> URL:
        method = "GET" if self._rival.page is None else "POST"
        async with opened.request(
            method,
            f"{self._base_url}{self._rival.begin}",
            data=person.form or None,
            headers={**person.headers(), **(FORM if person.form else {})},
            allow_redirects=False,
        ) as answer:
            url = await self._led_to(answer)
            person.keep(answer)
        return url

    async def _consented(self, opened: aiohttp.ClientSession, stop: _Stop) -> _Stop:
        async with opened.post(stop.url, data=self._consent, headers=FORM, allow_redirects=False) as answer:
            return _Stop(person=stop.person, url=await self._led_to(answer))

    async def _led_to(self, answer: aiohttp.ClientResponse, *, at: str | None = None) -> URL:
        location = await operations.location_of(answer)
        if at is not None and location != at:
            raise Unexpected(f"{self._rival.title} led to {location.partition('?')[0]} instead of {at}")
        return URL(location, encoded=True)
