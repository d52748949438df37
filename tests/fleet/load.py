"""Callers and people who go on, whatever happens to the fleet; every answer they get is kept."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import count
from typing import Self

import aiohttp
from yarl import URL

from moorline.cli.browser import Browser
from tests.journeys.journey import Journey, query_of

PAUSE_S = 0.05
AS_BROWSERS = {"accept": "text/html"}
TOKEN_CALLS = "POST /2/oauth2/token"


@dataclass(frozen=True, slots=True, kw_only=True)
class Got:
    """What somebody was answered; `status` 0: nothing."""

    call: str
    status: int
    retry_after: str | None
    text: str

    @property
    def is_good(self) -> bool:
        return 200 <= self.status < 400

    @property
    def is_put_off(self) -> bool:
        """Whether it says: nothing happened, and when to come again."""
        return self.status == 503 and (self.retry_after or "").isdecimal()


class Load:
    """One journey's callers. `opened` are the callbacks ever opened, `landed` the parameters that they led to,
    `links` the ids of connect links that an answer named. `revealed`: accounts whose tokens they read besides.
    """

    def __init__(self, journey: Journey, *, revealed: Sequence[str] = ()) -> None:
        self.got: list[Got] = []
        self.landed: list[dict[str, str]] = []
        self.opened: set[str] = set()
        self.links: set[str] = set()
        self._journey = journey
        self._revealed = revealed
        self._ended = asyncio.Event()
        self._numbers = count()

    @property
    def bad(self) -> list[Got]:
        """What is neither an answer nor a word when to come again."""
        return [one for one in self.got if not one.is_good and not one.is_put_off]

    @property
    def put_off(self) -> list[Got]:
        return [one for one in self.got if one.is_put_off]

    @asynccontextmanager
    async def going_on(self, *, people: int = 2, callers: int = 3) -> AsyncIterator[Self]:
        """They go on during the body, and end what they are at afterwards."""
        tasks = [asyncio.create_task(self._again(self._connect)) for _ in range(people)]
        tasks += [asyncio.create_task(self._again(self._call)) for _ in range(callers)]
        try:
            yield self
        finally:
            self._ended.set()
            await asyncio.gather(*tasks)

    async def until(self, more: int, *, within_s: float = 60.0) -> None:
        """Wait until so many more answers were good."""
        good = sum(one.is_good for one in self.got)
        async with asyncio.timeout(within_s):
            while sum(one.is_good for one in self.got) < good + more:  # noqa: ASYNC110 - answers come from everywhere
                await asyncio.sleep(0.02)

    async def until_whole(self, *, in_a_row: int = 40, within_s: float = 60.0) -> None:
        """Wait until so many answers, that came from now on, were good one after the other."""
        start = len(self.got)
        async with asyncio.timeout(within_s):
            while not all(one.is_good for one in self.got[-in_a_row:]) or len(self.got) < start + in_a_row:  # noqa: ASYNC110
                await asyncio.sleep(0.02)

    async def _again(self, what: Callable[[], Awaitable[None]]) -> None:
        while not self._ended.is_set():
            await what()
            await asyncio.sleep(PAUSE_S)

    async def _call(self) -> None:
        number = next(self._numbers)
        if self._revealed and number % 2:
            await self._api("GET", f"accounts/{self._revealed[number // 2 % len(self._revealed)]}/token", None)
            return
        if number % 3:
            await self._api("GET", "accounts", {"profileId": self._journey.profile_id})
            return
        answer = await self._api("POST", "connect/links", None, {"profileId": self._journey.profile_id})
        if answer.is_good:
            self.links.add(json.loads(answer.text)["id"])

    async def _connect(self) -> None:
        """One person on the way through X, who opens the callback again as long as the page says so."""
        query = {"profileId": self._journey.profile_id, "redirect_url": "https://app.example.com/connected"}
        started = await self._api("GET", "connect/twitter", query)
        if not started.is_good:
            return
        session = await self._journey.new_session()
        auth_url = json.loads(started.text)["authUrl"]
        callback = await self._journey.consent(auth_url, browser=Browser(session))
        self.opened.add(callback)
        while True:
            seen, location = await self._open(session, callback)
            if location is not None:
                self.landed.append(query_of(location))
            if not seen.is_put_off or self._ended.is_set():
                return
            await asyncio.sleep(0.5)

    async def _open(self, session: aiohttp.ClientSession, url: str) -> tuple[Got, str | None]:
        try:
            async with session.get(URL(url, encoded=True), allow_redirects=False, headers=AS_BROWSERS) as answer:
                text = await answer.text()
                return self._note("GET callback", answer.status, answer.headers.get("retry-after"), text), (
                    answer.headers.get("location")
                )
        except (aiohttp.ClientError, TimeoutError) as error:
            return self._note("GET callback", 0, None, repr(error)), None

    async def _api(self, method: str, path: str, query: dict[str, str] | None, body: object = None) -> Got:
        try:
            answer = await self._journey.call(method, path, query=query, body=body)
        except (aiohttp.ClientError, TimeoutError) as error:
            return self._note(f"{method} {path}", 0, None, repr(error))
        return self._note(f"{method} {path}", answer.status, answer.headers.get("retry-after"), answer.text)

    def _note(self, call: str, status: int, retry_after: str | None, text: str) -> Got:
        self.got.append(Got(call=call, status=status, retry_after=retry_after, text=text))
        return self.got[-1]
