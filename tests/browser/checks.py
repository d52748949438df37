"""What every page is held to, in a real browser: axe-core's rules for WCAG 2.2 A and AA, and some of our own."""

from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from playwright.async_api import Page

TAGS = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa")
_OPTIONS = {
    "runOnly": {"type": "tag", "values": TAGS},
    "rules": {"target-size": {"enabled": True}},  # of WCAG 2.2, which axe-core leaves off by default
    "resultTypes": ["violations"],
}
_RUN = "options => axe.run(document, options).then(({violations, passes}) => ({violations, passed: passes.length}))"
MAX_NODES_TOLD = 5


@cache
def _axe_core() -> str:
    return (files("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8")


@cache
def _page_checks() -> str:
    return Path(__file__).with_name("page_checks.js").read_text(encoding="utf-8")


async def violations(page: Page) -> list[str]:
    """What axe-core finds on the page as it is shown: rule, node and reason, a line each."""
    # Evaluated through the developer tools, so the page's own CSP need not be lifted.
    if not await page.evaluate("typeof axe === 'object'"):
        await page.evaluate(_axe_core())
    found: dict[str, Any] = await page.evaluate(_RUN, _OPTIONS)
    assert found["passed"] > 0, "axe-core looked at nothing"
    return [line for violation in found["violations"] for line in _lines_of(violation)]


def _lines_of(violation: dict[str, Any]) -> list[str]:
    nodes = violation["nodes"]
    told = [
        f"{violation['id']}: {' '.join(map(str, node['target']))}: {' '.join(node['failureSummary'].split())[:300]}"
        for node in nodes[:MAX_NODES_TOLD]
    ]
    more = len(nodes) - len(told)
    return [*told, f"{violation['id']}: and {more} more"] if more else told


async def lacks(page: Page) -> list[str]:
    """Our own checks: language, title, one h1, no sideways scrolling, no small target, no layout shift so far."""
    found: list[str] = await page.evaluate(_page_checks())
    return found
