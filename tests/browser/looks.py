"""The looks in which every page is tried and photographed: two languages, two widths, light and dark."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

from playwright.async_api import Page
from typing_extensions import override

from tests.browser.catalogue import NamedPage
from tests.browser.stage import Visit
from tests.browser.visitor import Scheme, window

NARROW_PX, WIDE_PX = 320, 1280
DIRECTIONS = {"en": "ltr", "ar": "rtl"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """One of them; its text is how files and findings name it."""

    language: str
    width_px: int
    scheme: Scheme

    @override
    def __str__(self) -> str:
        return f"{self.language}-{self.width_px}-{self.scheme}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """A page of the catalogue in one language. It was loaded at the first width: what shifts then is seen there."""

    page: Page
    language: str
    widths_px: tuple[int, int]

    async def looks(self) -> AsyncIterator[Look]:
        """The page put into one look after another; nothing is loaded for it."""
        for width_px in self.widths_px:
            await self.page.set_viewport_size(window(width_px))
            for scheme in ("light", "dark"):
                await self.page.emulate_media(color_scheme=scheme)
                yield Look(language=self.language, width_px=width_px, scheme=scheme)


async def sights(visit: Visit, named: NamedPage) -> tuple[Sight, ...]:
    """The page brought up in English, and where it is translated, beside it in Arabic.

    English is loaded wide, Arabic narrow: of each width there is one load whose layout may not shift.
    """
    stage = await visit(width_px=WIDE_PX)
    await named.bring(stage)
    english = Sight(page=stage.page, language="en", widths_px=(WIDE_PX, NARROW_PX))
    if not named.is_translated:
        return (english,)
    if stage.visitor.method == "GET" and not named.keeps_language:
        page = await stage.visitor.beside("ar", width_px=NARROW_PX)
    else:  # what answered a form is not to be sent twice
        stage = await visit(language="ar", width_px=NARROW_PX)
        await named.bring(stage)
        page = stage.page
    return english, Sight(page=page, language="ar", widths_px=(NARROW_PX, WIDE_PX))
