"""What brings a page up: an integrator's calls behind the scene, and a person who clicks in front of it."""

import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from contextlib import AsyncExitStack, asynccontextmanager, closing
from pathlib import Path
from typing import Any, Self

from playwright.async_api import Browser, Locator, Page

from moorline.platforms import ALL
from tests.browser.people import People, Person
from tests.browser.visitor import Visitor, visiting
from tests.journeys.conftest import seen_from_outside
from tests.journeys.journey import Journey
from tests.journeys.processes import DemoServer

PROFILE = "Bakery"
PLATFORMS = tuple(platform.name for platform in ALL)


class Stage:
    """One visitor at one server, with a profile of their own that is called Bakery."""

    def __init__(
        self, visitor: Visitor, journey: Journey, *, people: People, database: Path, runs_scripts: bool
    ) -> None:
        self.visitor = visitor
        self.journey = journey
        self.people = people
        self.runs_scripts = runs_scripts
        self._database = database

    @property
    def page(self) -> Page:
        """The visitor's page."""
        return self.visitor.page

    async def start(self, platform: str, **query: str) -> dict[str, Any]:
        """Start a connection without a `redirect_url` and open its first page; the answer of the call."""
        started: dict[str, Any] = await self.journey.get(
            f"connect/{platform}", profileId=self.journey.profile_id, **query
        )
        await self.visitor.open(started["authUrl"])
        return started

    async def consent(
        self, platform: str, *, person: str = "plenty", untick: Collection[str] = (), **query: str
    ) -> dict[str, Any]:
        """Start, and allow access as this person; the answer of the start call. What follows is on the page."""
        started = await self.start(platform, **query)
        await self.decide(person=person, untick=untick)
        return started

    async def decide(self, button: str = "Approve", *, person: str = "plenty", untick: Collection[str] = ()) -> None:
        """Answer the platform's question that is on the page."""
        await self.page.locator(f"#person-{person}").check()
        for scope in untick:
            await self.page.get_by_role("checkbox", name=scope, exact=True).uncheck()
        await self.press(button)

    async def press(self, button: str) -> None:
        """Click the first button whose name begins so, and wait for the page it leads to."""
        await self.follow(self.button(button))

    def button(self, name: str) -> Locator:
        """The first button whose accessible name begins so, in an English page."""
        return self.page.get_by_role("button", name=name).first

    async def follow(self, control: Locator) -> None:
        """Click, and wait for the page it leads to."""
        async with self.page.expect_event("load"):
            await control.click()

    async def choose(self, place: int = 0) -> None:
        """Choose this row of the chooser on the page."""
        await self.page.locator("input[type=radio]").nth(place).check()
        await self.submit()

    async def submit(self) -> None:
        """Press the button that sends the form of the page, whatever its name and language."""
        sends = "form[method=post] button:not([name], [form], [formaction], [type=button])"
        await self.follow(self.page.locator(sends).last)

    async def enter(self, person: Person) -> None:
        """Be signed in to the dashboard as this person; the calls behind the scene are then of their workspace."""
        self.journey.server = person.server
        if person.cookies:
            await self.page.context.add_cookies(person.cookies)
            return
        await self.visitor.open("/dashboard/sign-in")
        await self.page.locator("input[autocomplete=username]").fill(person.email)
        await self.page.locator("input[type=password]").fill(person.password)
        await self.submit()
        person.cookies = await self.page.context.cookies()

    async def error_of(self, started: dict[str, Any]) -> str | None:
        """The slug with which an attempt failed, as integrators are told it."""
        told = await self.journey.get(f"connect/attempts/{started['attemptId']}")
        slug: str | None = told.get("error")
        return slug

    def write(self, sql: str, *values: object) -> None:
        """Change what the server's database holds, for what only time or a broken server would bring about."""
        with closing(sqlite3.connect(self._database, timeout=20, isolation_level=None)) as connection:
            changed = connection.execute(sql, values).rowcount
        assert changed == 1, f"{changed} rows were changed"


Visit = Callable[..., Awaitable[Stage]]


class Visits:
    """Opens stages at one server, and keeps them open until it is closed itself."""

    def __init__(self, browser: Browser, server: DemoServer, people: People, stack: AsyncExitStack) -> None:
        self._browser = browser
        self._people = people
        self._server = server
        self._stack = stack
        self._stages: list[Stage] = []

    @classmethod
    @asynccontextmanager
    async def at(cls, browser: Browser, server: DemoServer, people: People) -> AsyncIterator[Self]:
        """Visits at this server."""
        async with AsyncExitStack() as stack:
            yield cls(browser, server, people, stack)

    @property
    def complaints(self) -> list[str]:
        """What the browsers of all visits complained of, or did wrong."""
        return [complaint for stage in self._stages for complaint in stage.visitor.complaints]

    @property
    def paths(self) -> set[str]:
        """Where the pages were that these visits saw, of the service's own."""
        return {path for stage in self._stages for path in stage.visitor.paths}

    async def open(self, *, script: bool = True, **visit: Any) -> Stage:
        """A stage of its own; `visit` is what `visiting` takes. No trouble is ordered at the sandbox."""
        journey = await self._stack.enter_async_context(Journey.through(seen_from_outside(self._server)))
        await journey.control("DELETE", "faults")
        await journey.new_profile(PROFILE)
        visitor = await self._stack.enter_async_context(
            visiting(self._browser, self._server.base_url, script=script, **visit)
        )
        database = self._server.data_dir / "moorline.sqlite3"
        self._stages.append(Stage(visitor, journey, people=self._people, database=database, runs_scripts=script))
        return self._stages[-1]
