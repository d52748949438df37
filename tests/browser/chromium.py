"""The browser and the server of these tests: both are started once, and ended when the last test of the folder is."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

from playwright.async_api import Browser, async_playwright

from tests.journeys.processes import DemoServer, DidNotStart

BRAND = "Northwind Agency"
FLAGS = (
    "--no-sandbox",  # as root, and in containers, it has none to use
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--force-color-profile=srgb",
    "--hide-scrollbars",
)


@asynccontextmanager
async def started_chromium(path: str) -> AsyncIterator[Browser]:
    """A running browser without windows, from the program at this path."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        await browser.close()


@contextmanager
def branded_server(folder: Path) -> Iterator[DemoServer]:
    """Service and sandbox as `moorline demo` runs them, its pages in the name of an agency."""
    server = _started(folder / "first")
    try:
        yield server
    finally:
        server.stop()


def _started(folder: Path) -> DemoServer:
    """Every test here needs it: a port that somebody else took in the meantime is not the end."""
    folder.mkdir()
    server = DemoServer(folder, {"MOORLINE_BRAND": BRAND, "MOORLINE_LOG_LEVEL": "INFO"})
    try:
        return server.start()
    except DidNotStart as error:
        if "is in use" not in str(error):
            raise
        return _started(folder / "again")
