"""The integrator's own address, on another origin: browsers hold redirects after a form to the form's page."""

import asyncio
from collections.abc import AsyncIterator
from urllib.parse import parse_qs, urlsplit

import pytest
import pytest_asyncio

from tests.browser.conftest import IN_ONE_LOOP
from tests.browser.stage import Stage, Visit

pytestmark = IN_ONE_LOOP

PAGE = b'<!doctype html><html lang="en"><link rel="icon" href="data:,"><title>The app</title><h1>Back in the app</h1>'


async def _answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    head = f"HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: {len(PAGE)}\r\nconnection: close\r\n\r\n"
    writer.write(head.encode() + PAGE)
    await writer.drain()
    writer.close()


@pytest_asyncio.fixture(loop_scope="session")
async def app_origin() -> AsyncIterator[str]:
    """The origin of an integrator's app, which answers every path with one page."""
    app = await asyncio.start_server(_answer, "127.0.0.1", 0)
    async with app:
        yield f"http://127.0.0.1:{app.sockets[0].getsockname()[1]}"


async def back_in_the_app(stage: Stage, app_origin: str) -> dict[str, list[str]]:
    """What the app is told by its address, once the browser is there."""
    assert await stage.page.locator("h1").inner_text() == "Back in the app"
    assert stage.page.url.startswith(f"{app_origin}/connected?")
    return parse_qs(urlsplit(stage.page.url).query)


@pytest.mark.parametrize("platform", ["twitter", "facebook", "bluesky"])
async def test_a_connection_leads_back_to_the_app(visit: Visit, app_origin: str, platform: str) -> None:
    stage = await visit(also=app_origin)
    await stage.start(platform, redirect_url=f"{app_origin}/connected")
    if platform == "bluesky":
        await stage.page.locator("input[autocomplete=username]").fill("demo.bsky.social")
        await stage.page.locator("input[type=password]").fill("demo-demo-demo-demo")
        await stage.submit()
    else:
        await stage.decide()
    if platform == "facebook":
        await stage.choose()
    assert (await back_in_the_app(stage, app_origin))["connected"] == [platform]


async def test_leaving_the_chooser_leads_back_to_the_app(visit: Visit, app_origin: str) -> None:
    stage = await visit(also=app_origin)
    await stage.consent("facebook", redirect_url=f"{app_origin}/connected")
    await stage.follow(stage.page.locator("button[value=cancel]"))
    assert (await back_in_the_app(stage, app_origin))["error"] == ["selection_cancelled"]


async def test_a_denial_leads_back_to_the_app(visit: Visit, app_origin: str) -> None:
    stage = await visit(also=app_origin)
    await stage.start("twitter", redirect_url=f"{app_origin}/connected")
    await stage.decide("Deny")
    assert (await back_in_the_app(stage, app_origin))["error"] == ["oauth_denied"]
