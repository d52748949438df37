"""Photographs every page of the catalogue in every look, to be looked at: `make screenshots`.

They go to `screenshots/`, which git ignores, as `<page>-<language>-<width>-<light or dark>.png`.
"""

import argparse
import asyncio
import sys
import tempfile
from pathlib import Path

from playwright.async_api import Page

from scripts.finder import NoProgram
from tests.browser.catalogue import NamedPage
from tests.browser.chromium import branded_server, started_chromium
from tests.browser.looks import Look, sights
from tests.browser.pages import PAGES
from tests.browser.people import People
from tests.browser.stage import Visits
from tests.wanted import BROWSER

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "screenshots"
README_FOLDER = ROOT / "docs" / "pictures"
TALLEST_PX = 4000  # of a taller page, the first window

# The pictures of README.md: page and look.
README_PICTURES = {
    "chooser-light.png": ("chooser-facebook", "en-1280-light"),
    "chooser-dark.png": ("chooser-facebook", "en-1280-dark"),
    "dashboard.png": ("board-accounts", "en-1280-light"),
}


def main() -> int:
    """Make them all, or those asked for; the exit code."""
    parser = argparse.ArgumentParser(description="Photograph the pages of the service in Chromium.")
    parser.add_argument("names", nargs="*", metavar="PAGE", help="only pages whose name begins so")
    parser.add_argument("--readme", action="store_true", help="only the pictures of README.md, into docs/pictures")
    asked = parser.parse_args()
    try:
        made = asyncio.run(_photograph(tuple(asked.names), for_readme=asked.readme))
    except NoProgram as error:
        print(error, file=sys.stderr)
        return 1
    print(f"{made} screenshots in {README_FOLDER if asked.readme else FOLDER}")
    return 0 if made else 1


async def _photograph(names: tuple[str, ...], *, for_readme: bool) -> int:
    pages = [page for page in PAGES if page.name.startswith(names or "")]
    if for_readme:
        pages = [page for page in pages if page.name in {name for name, _ in README_PICTURES.values()}]
    made = 0
    with tempfile.TemporaryDirectory() as folder, branded_server(Path(folder)) as server:
        async with started_chromium(BROWSER.find()) as browser:
            people = People(server)
            for named in pages:
                _tell(named.name)
                async with Visits.at(browser, server, people) as visits:
                    made += await _photograph_page(visits, named, for_readme=for_readme)
    _tell("")
    return made


async def _photograph_page(visits: Visits, named: NamedPage, *, for_readme: bool) -> int:
    made = 0
    for sight in await sights(visits.open, named):
        async for look in sight.looks():
            for path in _paths_of(named.name, look, for_readme=for_readme):
                path.parent.mkdir(parents=True, exist_ok=True)
                await _take(sight.page, path, whole=not for_readme)
                made += 1
    return made


def _paths_of(name: str, look: Look, *, for_readme: bool) -> list[Path]:
    if not for_readme:
        return [FOLDER / f"{name}-{look}.png"]
    return [README_FOLDER / file for file, wants in README_PICTURES.items() if wants == (name, str(look))]


async def _take(page: Page, path: Path, *, whole: bool) -> None:
    """The window as it is, or one as tall as the page: what sticks to its edge would else stand amid the picture."""
    window = page.viewport_size
    assert window, "the window has no size"
    height_px: int = await page.evaluate("document.documentElement.scrollHeight") if whole else window["height"]
    if window["height"] < height_px <= TALLEST_PX:
        await page.set_viewport_size({"width": window["width"], "height": height_px})
    await page.screenshot(path=path, animations="disabled")
    await page.set_viewport_size(window)


def _tell(name: str) -> None:
    """On a terminal, which page is at hand."""
    if sys.stdout.isatty():
        sys.stdout.write(f"\r\033[K{name}")
        sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
