"""The watch itself: each thing that a page is held to is found when a page breaks it."""

from collections.abc import AsyncIterator, Mapping

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Route

from tests.browser.checks import lacks, violations
from tests.browser.conftest import IN_ONE_LOOP
from tests.browser.keyboard import Keyboard, Unreachable
from tests.browser.visitor import Visitor, visiting
from tests.journeys.processes import DemoServer

pytestmark = IN_ONE_LOOP

CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; form-action 'self'; base-uri 'none';"
    " frame-ancestors 'none'"
)
GOOD_HEADERS = {
    "content-type": "text/html",
    "content-security-policy": CSP,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cache-control": "no-store",
}
STYLED = GOOD_HEADERS | {"content-security-policy": CSP.replace("style-src", "style-src 'unsafe-inline'")}
GOOD = (
    '<!doctype html><html lang="en" dir="ltr"><meta name="viewport" content="width=device-width">'
    "<title>Good</title><main><h1>Good</h1>%s</main>"
)


@pytest_asyncio.fixture(loop_scope="session")
async def visitor(browser: Browser, server: DemoServer) -> AsyncIterator[Visitor]:
    """A visitor whose complaints are the test's own business."""
    async with visiting(browser, server.base_url, width_px=320) as opened:
        yield opened


async def show(
    visitor: Visitor, body: str, *, frame: str = GOOD, status: int = 200, headers: Mapping[str, str] = GOOD_HEADERS
) -> None:
    """Plant a page at the server's origin and open it."""

    async def answer(route: Route) -> None:
        page = frame % body if "%s" in frame else frame
        await route.fulfill(status=status, headers=dict(headers), body=page)

    await visitor.page.route("**/planted", answer)
    await visitor.open("/planted")


async def test_nothing_is_found_on_a_good_page(visitor: Visitor) -> None:
    await show(visitor, '<p>It has <a href="/">a link</a> in a sentence.</p>')
    assert (await violations(visitor.page), await lacks(visitor.page), visitor.complaints) == ([], [], [])


async def test_a_page_about_an_error_may_say_so_in_its_status(visitor: Visitor) -> None:
    await show(visitor, "", status=410)
    assert visitor.complaints == []


@pytest.mark.parametrize(
    ("body", "rule"),
    [
        ('<img src="data:,">', "image-alt"),
        ("<input>", "label"),
        ('<p style="color: #999">Hardly to be read.</p>', "color-contrast"),
        ('<button style="padding: 0; width: 12px; height: 12px">x</button><a href="/">y</a>', "target-size"),
    ],
)
async def test_axe_core_finds_what_breaks_a_rule(visitor: Visitor, body: str, rule: str) -> None:
    await show(visitor, body, headers=STYLED)
    assert rule in {line.partition(":")[0] for line in await violations(visitor.page)}


@pytest.mark.parametrize(
    ("page", "said"),
    [
        (GOOD.replace(' lang="en"', "") % "", "html has no lang"),
        (GOOD.replace("Good</title>", "</title>") % "", "there is no title"),
        (GOOD % "<h1>Again</h1>", "there are 2 h1"),
        (GOOD % f"<p>{'n' * 500}</p>", "scrolls sideways:"),
        (
            GOOD
            % '<p style="font: 10px monospace; white-space: nowrap">Some fifty letters that fit a narrow window.</p>',
            "scrolls sideways when spaced out:",
        ),
        (GOOD % '<p><a href="/" id="tiny" style="display: block; line-height: 12px">x</a></p>', "a target of"),
    ],
)
async def test_our_own_checks_find_what_they_are_for(visitor: Visitor, page: str, said: str) -> None:
    await show(visitor, "", frame=page, headers=STYLED)
    found = await lacks(visitor.page)
    assert [lack for lack in found if lack.startswith(said)], found


async def test_a_layout_that_shifts_is_found(visitor: Visitor) -> None:
    await show(visitor, '<div id="late"></div><p>Pushed down.</p>')
    await visitor.page.wait_for_timeout(100)  # painted once, or nothing would have moved
    await visitor.page.evaluate("document.getElementById('late').style.height = '200px'")
    await visitor.page.wait_for_timeout(100)
    (found,) = await lacks(visitor.page)
    assert found.startswith("the layout shifted by 0.")


@pytest.mark.parametrize(
    ("header", "value", "said"),
    [
        ("content-security-policy", "", "default-src must be 'none'"),
        ("content-security-policy", CSP.replace("style-src", "style-src 'unsafe-inline'"), "allows 'unsafe-inline'"),
        ("content-security-policy", f"{CSP}; img-src https:", "img-src of its CSP allows https:"),
        ("content-security-policy", CSP.replace("frame-ancestors", "frame-src"), "frame-ancestors"),
        ("referrer-policy", "origin", "referrer-policy must be no-referrer"),
        ("cache-control", "max-age=60", "cache-control must be no-store"),
    ],
)
async def test_s22_a_header_that_lacks_is_told(visitor: Visitor, header: str, value: str, said: str) -> None:
    await show(visitor, "", headers=GOOD_HEADERS | {header: value})
    assert any(said in complaint for complaint in visitor.complaints), visitor.complaints


async def test_s26_a_request_to_another_origin_is_told(visitor: Visitor) -> None:
    await show(visitor, "", headers=GOOD_HEADERS | {"content-security-policy": ""})
    await visitor.page.evaluate("new Image().src = 'http://127.0.0.1:9/pixel'")
    await visitor.page.wait_for_timeout(100)
    assert "asked another origin: http://127.0.0.1:9" in visitor.complaints


async def test_s22_what_the_policy_stopped_is_told(visitor: Visitor) -> None:
    await show(visitor, "<script>document.title = 'run'</script>")
    assert await visitor.page.title() == "Good"
    assert any("Content Security Policy" in complaint for complaint in visitor.complaints), visitor.complaints


async def test_a_script_that_fails_is_told(visitor: Visitor) -> None:
    await show(visitor, "")
    await visitor.page.evaluate("setTimeout(() => { throw new Error('planted'); })")
    await visitor.page.wait_for_timeout(100)
    assert any("a script failed" in complaint for complaint in visitor.complaints), visitor.complaints


@pytest.mark.parametrize(
    ("button", "said"),
    [
        ('<button tabindex="-1">Go</button>', "Tab leads to"),
        ('<div role="button">Go</div>', "Tab leads to"),
        ('<button style="outline: none">Go</button>', "does not show it"),
        (
            '<button>Go</button><div style="position: fixed; inset: 0; background: white">Over it</div>',
            "cannot be seen",
        ),
    ],
)
async def test_a_control_the_keyboard_cannot_use_is_told(visitor: Visitor, button: str, said: str) -> None:
    await show(visitor, button, headers=STYLED)
    with pytest.raises(Unreachable, match=said):
        await Keyboard(visitor.page).to(visitor.page.get_by_role("button", name="Go"))


async def test_a_button_that_can_be_used_is_reached(visitor: Visitor) -> None:
    await show(visitor, '<a href="/">First</a> <button>Go</button>')
    keys = Keyboard(visitor.page)
    await keys.to(visitor.page.get_by_role("button", name="Go"))
    assert len(keys.stops) == 2
