"""S22, S23: a page of an integrator's opens a connection in a popup and is told how it ended, and no other page is."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from typing import Any

import pytest_asyncio
from playwright.async_api import Browser, Page, Route

from tests.browser.conftest import IN_ONE_LOOP
from tests.browser.stage import Stage, Visit
from tests.browser.visitor import visiting
from tests.journeys.processes import DemoServer

pytestmark = IN_ONE_LOOP

PAGE = """<!doctype html><html lang="en"><link rel="icon" href="data:,"><title>The app</title><h1>The app</h1>
<button id="go">Connect</button><p id="told"></p><script src="{home}/connect/static/connect.js"></script><script>
const heard = [];
addEventListener("message", (event) => heard.push([event.origin, event.data]));
go.onclick = async () => {{
  const fetched = async () => (await fetch("/started")).json();
  told.textContent = JSON.stringify(await Moorline.connect(fetched));
}};
</script>"""


class App:
    """An integrator's app: one page, and what its own server was answered by the start call."""

    def __init__(self, home: str) -> None:
        self.started: dict[str, Any] = {}
        self._page = PAGE.format(home=home)

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked = (await reader.readuntil(b"\r\n\r\n")).split()[1]
        kind, body = "text/html", self._page
        if asked == b"/started":
            kind, body = "application/json", json.dumps(self.started)
        head = f"HTTP/1.1 200 OK\r\ncontent-type: {kind}\r\ncontent-length: {len(body)}\r\nconnection: close\r\n\r\n"
        writer.write((head + body).encode())
        await writer.drain()
        writer.close()


@pytest_asyncio.fixture(loop_scope="session")
async def app_at(server: DemoServer) -> AsyncIterator[Callable[[], Any]]:
    """Starts apps, each at an origin of its own."""
    async with AsyncExitStack() as stack:

        async def started() -> tuple[App, str]:
            app = App(server.base_url)
            listening = await stack.enter_async_context(await asyncio.start_server(app.answer, "127.0.0.1", 0))
            return app, f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}"

        yield started


async def call(stage: Stage, origin: str, **query: str) -> dict[str, Any]:
    """What the start call answers the app's server."""
    started: dict[str, Any] = await stage.journey.get(
        "connect/twitter", profileId=stage.journey.profile_id, openerOrigin=origin, **query
    )
    return started


async def popup_of(page: Page) -> Page:
    async with page.expect_popup() as opening:
        await page.locator("#go").click()
    popup = await opening.value
    await popup.locator("#person-plenty").check()
    return popup


async def told(page: Page) -> dict[str, Any]:
    await page.wait_for_function("document.getElementById('told').textContent !== ''")
    outcome: dict[str, Any] = json.loads(await page.locator("#told").inner_text())
    return outcome


async def test_s23_the_page_that_opened_the_popup_hears_how_it_ended(
    visit: Visit, app_at: Any, server: DemoServer
) -> None:
    app, origin = await app_at()
    stage = await visit(also=origin)
    # Whoever cannot ask has to hear it.
    app.started = {**await call(stage, origin), "statusUrl": f"{origin}/started"}
    await stage.visitor.open(origin)
    popup = await popup_of(stage.page)
    async with popup.expect_event("close"):
        await popup.get_by_role("button", name="Approve").click()
    outcome = await told(stage.page)
    (account,) = await stage.journey.accounts()
    attempt_id = app.started["attemptId"]
    assert outcome == {"attemptId": attempt_id, "status": "connected", "accountId": account["_id"], "error": None}
    heard = await stage.page.evaluate("heard")
    assert [origin for origin, _ in heard] == [server.base_url]
    assert set(heard[0][1]) == {"source", "attemptId", "status", "accountId", "error"}


async def test_a_denial_is_told_by_its_slug(visit: Visit, app_at: Any) -> None:
    app, origin = await app_at()
    stage = await visit(also=origin)
    app.started = await call(stage, origin)
    await stage.visitor.open(origin)
    popup = await popup_of(stage.page)
    await popup.get_by_role("button", name="Deny").click()
    outcome = await told(stage.page)
    assert (outcome["status"], outcome["error"], outcome["accountId"]) == ("failed", "oauth_denied", None)


async def sever(route: Route) -> None:
    """The platform's page as one that wants no opener."""
    answer = await route.fetch(max_redirects=0)
    await route.fulfill(response=answer, headers={**answer.headers, "cross-origin-opener-policy": "same-origin"})


async def test_a_severed_opener_is_told_by_asking(visit: Visit, app_at: Any) -> None:
    app, origin = await app_at()
    stage = await visit(also=origin)
    app.started = await call(stage, origin)
    await stage.visitor.open(origin)
    await stage.page.context.route("**/sandbox/**", sever)
    popup = await popup_of(stage.page)
    await popup.get_by_role("button", name="Approve").click()
    assert (await told(stage.page))["status"] == "connected"
    assert await stage.page.evaluate("heard") == []


async def test_a_blocked_popup_becomes_a_redirect_and_leads_back(visit: Visit, app_at: Any) -> None:
    app, origin = await app_at()
    stage = await visit(also=origin)
    app.started = await call(stage, origin, redirect_url=f"{origin}/done")
    await stage.visitor.open(origin)
    await stage.page.evaluate("window.open = () => null")
    await stage.page.locator("#go").click()
    await stage.page.locator("#person-plenty").check()
    await stage.page.get_by_role("button", name="Approve").click()
    await stage.page.wait_for_url(f"{origin}/done?connected=twitter*")


async def test_s23_a_page_of_another_origin_is_told_nothing(
    visit: Visit, app_at: Any, browser: Browser, server: DemoServer
) -> None:
    (app, origin), (_, rightful) = await app_at(), await app_at()
    stage = await visit(also=origin)
    app.started = await call(stage, rightful)
    async with visiting(browser, server.base_url, also=origin) as thief:
        await thief.open(origin)
        async with thief.page.expect_popup() as opening:
            await thief.page.evaluate("(url) => { open(url); }", app.started["authUrl"])
        popup = await opening.value
        await popup.locator("#person-plenty").check()
        async with popup.expect_event("close"):
            await popup.get_by_role("button", name="Approve").click()
        assert len(await stage.journey.accounts()) == 1
        assert await thief.page.evaluate("heard") == []
