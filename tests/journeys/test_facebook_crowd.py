"""A person with 1,200 Pages, nine of them with names that break careless pages."""

import html
import re

from moorline.sandbox import world
from tests.journeys.facebook_steps import offered_on, open_chooser, pages_of
from tests.journeys.journey import Journey
from tests.pages.looks import without_frame


async def test_s24_twelve_hundred_pages_with_odd_names_are_shown_whole_and_escaped(journey: Journey) -> None:
    browser = await journey.browser()
    parts = [await open_chooser(journey, browser, person="crowd")]
    assert "1,200 Pages" in parts[0].text
    while (more := re.search(r'<a href="([^"]+)" data-more>', parts[-1].text)) is not None:
        parts.append(await browser.open(journey.server.base_url + html.unescape(more[1])))
    assert {part.status for part in parts} == {200}
    assert [offered_on(part) for part in parts] == [100] * 12
    text = "".join(part.text for part in parts)
    assert not re.search(r"<(?:img|script|b)\b", without_frame(text))
    for name in world.ODD_NAMES:
        assert html.escape(name.strip(), quote=True).replace("&quot;", "&#34;").replace("&#x27;", "&#39;") in text
    assert "49" not in re.findall(r'class="named">([^<]*)</bdi>', text)


async def test_a_crowd_of_pages_is_listed_wholly_and_its_last_can_be_chosen(journey: Journey) -> None:
    fields = await journey.selection(person="crowd")
    listed = await pages_of(journey, fields)
    pages = listed["pages"]
    assert (len(pages), listed["truncated"]) == (1200, False)
    assert {name.strip() for name in world.ODD_NAMES} <= {page["name"] for page in pages}
    chosen = await journey.select(fields, pages[-1]["id"])
    assert chosen.json["account"]["displayName"] == pages[-1]["name"]
