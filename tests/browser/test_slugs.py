"""Every failure has a page of its own words."""

from typing import get_args

from moorline.errors import Slug
from tests.browser.conftest import IN_ONE_LOOP
from tests.browser.slugs import SLUGS
from tests.browser.stage import Visit

pytestmark = IN_ONE_LOOP


async def test_every_slug_is_brought_about_and_has_its_own_words(visit: Visit) -> None:
    """The pages themselves are held to everything by the catalogue; here they are told apart."""
    assert list(SLUGS) == list(get_args(Slug))
    stage = await visit()
    headings: dict[str, str] = {}
    for slug in SLUGS:
        await stage.visitor.open(f"/connect/outcome?slug={slug}")
        headings[slug] = await stage.page.locator("h1").inner_text()
        assert headings[slug] in await stage.page.title()
    assert len(set(headings.values())) == len(SLUGS), headings
