"""One browser and one server for the whole folder; a visit with a fresh context for each test.

Tests here run in the loop of the whole run, in which the browser lives: `pytestmark = IN_ONE_LOOP`.
"""

from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio
from playwright.async_api import Browser

from scripts.finder import NoProgram
from tests.browser.chromium import branded_server, started_chromium
from tests.browser.people import People
from tests.browser.stage import Visit, Visits
from tests.journeys.processes import DemoServer
from tests.wanted import BROWSER

IN_ONE_LOOP = pytest.mark.asyncio(loop_scope="session")


@pytest_asyncio.fixture(scope="package", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    """Chromium or Chrome. Where there is none, tests fail, unless it was said that there is to be none."""
    if BROWSER.is_unwanted:
        pytest.skip("MOORLINE_NO_BROWSER=1: no browser is wanted")
    try:
        path = BROWSER.find()
    except NoProgram as error:
        pytest.fail(str(error), pytrace=False)
    async with started_chromium(path) as started:
        yield started


@pytest.fixture(scope="package")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DemoServer]:
    """Service and sandbox in a process of their own."""
    with branded_server(tmp_path_factory.mktemp("browser")) as started:
        yield started


@pytest.fixture(scope="package")
def people(server: DemoServer) -> People:
    """Who can sign in at the server."""
    return People(server)


@pytest.fixture(scope="package")
def seen_paths() -> set[str]:
    """The paths of all pages that any test of the folder saw so far."""
    return set()


@pytest_asyncio.fixture(loop_scope="session")
async def visit(browser: Browser, server: DemoServer, people: People, seen_paths: set[str]) -> AsyncIterator[Visit]:
    """Opens a stage; `visit(width_px=320)` and the like. What its browser complained of fails the test."""
    async with Visits.at(browser, server, people) as visits:
        yield visits.open
        complaints = visits.complaints
        seen_paths |= visits.paths
    if complaints:
        pytest.fail("\n".join(complaints), pytrace=False)
