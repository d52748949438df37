"""Every page of the catalogue, in every look: accessible, in one piece, in its language, from one origin."""

import asyncio
import re

import pytest

from moorline.pages.routes import PAGES as ROUTES
from tests.browser.catalogue import NamedPage
from tests.browser.checks import lacks, violations
from tests.browser.conftest import IN_ONE_LOOP
from tests.browser.looks import DIRECTIONS, Sight, sights
from tests.browser.pages import PAGES
from tests.browser.stage import Visit

pytestmark = IN_ONE_LOOP

# What is asked for by GET and answers no page of its own: files, pictures, what a script asks, what leads on at once.
NO_PAGES = {
    "/connect/static/{name}",
    "/connect/pictures/{signature}",
    "/connect/pictures/{attempt_id}/{number}",
    "/connect/status",
    "/connect/{platform}/callback/{credential_id}",
}


async def faults_of(sight: Sight, *, is_translated: bool) -> list[str]:
    """What is wrong in one language, each finding with the look in which it was found."""
    found: list[str] = []
    async for look in sight.looks():
        if look.scheme == "light":  # of sizes, the colours change nothing
            found += [f"{look}: {lack}" for lack in await lacks(sight.page)]
        found += [f"{look}: {violation}" for violation in await violations(sight.page)]
    language, direction = await sight.page.evaluate("[document.documentElement.lang, document.documentElement.dir]")
    if language != sight.language or (is_translated and direction != DIRECTIONS[sight.language]):
        found.append(f"{sight.language}: says of itself that it is {language!r}, {direction!r}")
    return found


@pytest.mark.parametrize("named", PAGES, ids=lambda named: named.name)
async def test_s26_a_page_is_accessible_and_keeps_to_one_origin(visit: Visit, named: NamedPage) -> None:
    """The `visit` fixture holds the origin, the headers and the silence of the console."""
    seen = await sights(visit, named)
    found = await asyncio.gather(*(faults_of(sight, is_translated=named.is_translated) for sight in seen))
    assert not any(found), "\n".join(fault for faults in found for fault in faults)


async def test_every_page_of_the_service_is_in_the_catalogue(
    request: pytest.FixtureRequest, seen_paths: set[str]
) -> None:
    """Runs behind the others, and says something only when all of them ran."""
    ran = sum(item.path == request.path for item in request.session.items) - 1
    if ran < len(PAGES):
        pytest.skip("only some of the pages were opened")
    paths = {route.path_format for route in ROUTES.routes if "GET" in getattr(route, "methods", ())}
    unseen = {path for path in paths - NO_PAGES if not any(re.fullmatch(pattern_of(path), seen) for seen in seen_paths)}
    assert unseen == set(), "no page of the catalogue is at these paths"


def pattern_of(path: str) -> str:
    """What matches the addresses of a route."""
    return re.sub(r"\{[a-z_]+\}", "[^/]+", path)
