"""A keyboard, and nothing else: how somebody gets through a page who never touches a mouse."""

from functools import cache
from pathlib import Path
from typing import Any

from playwright.async_api import Locator, Page

MAX_STOPS = 150


class Unreachable(Exception):
    """Tab does not lead there, or the way there cannot be seen."""


@cache
def _focus() -> str:
    return Path(__file__).with_name("focus.js").read_text(encoding="utf-8")


class Keyboard:
    """The keys of one page. `stops` are the controls that had the focus on the way, by tag and name."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self.stops: list[str] = []

    async def to(self, control: Locator) -> None:
        """Press Tab until this control has the focus; each stop must be seen to have it. Raises: Unreachable."""
        target = await control.element_handle()
        for _ in range(MAX_STOPS):
            told: dict[str, Any] = await self._page.evaluate(_focus(), target)
            if told["wrong"]:
                raise Unreachable(told["wrong"])
            if told["here"]:
                return
            await self._page.keyboard.press("Tab")
            self.stops.append(told.get("name", ""))
        raise Unreachable(f"Tab leads to {', '.join(self.stops[-10:])}, and not there: {control}")

    async def tap(self, key: str) -> None:
        """Press one key that leads to no other page."""
        await self._page.keyboard.press(key)

    async def type(self, text: str) -> None:
        """Type into what has the focus."""
        await self._page.keyboard.type(text)

    async def leave(self, key: str = "Enter") -> None:
        """Press one key, and wait for the page it leads to."""
        async with self._page.expect_event("load"):
            await self._page.keyboard.press(key)
