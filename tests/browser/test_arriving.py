"""A page that arrives in pieces, as over a slow line: it is painted when all of it is there, and does not shift."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import closing
from urllib.parse import urlsplit

import pytest
import pytest_asyncio

from tests.browser.checks import lacks
from tests.browser.conftest import IN_ONE_LOOP
from tests.browser.pages import PAGES
from tests.browser.stage import Visit
from tests.journeys.processes import DemoServer

pytestmark = IN_ONE_LOOP

PIECE_BYTES, PAUSE_S = 300, 0.03


async def _hand_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Documents in pieces, with pauses; everything else, as a style sheet that was kept, at once."""
    is_slow = False
    with closing(writer):
        while read := await reader.read(65_536):
            if read.startswith(b"HTTP/"):
                is_slow = b"text/html" in read
            size = PIECE_BYTES if is_slow else len(read)
            for start in range(0, len(read), size):
                writer.write(read[start : start + size])
                await writer.drain()
                await asyncio.sleep(PAUSE_S if is_slow else 0)


@pytest_asyncio.fixture(loop_scope="session")
async def slow_origin(server: DemoServer) -> AsyncIterator[str]:
    """The origin of a slow line to the server."""
    address = urlsplit(server.base_url)

    async def connect(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        answers, asks = await asyncio.open_connection(address.hostname, address.port)
        await asyncio.gather(_hand_on(reader, asks), _hand_on(answers, writer), return_exceptions=True)

    async with await asyncio.start_server(connect, "127.0.0.1", 0) as line:
        yield f"http://127.0.0.1:{line.sockets[0].getsockname()[1]}"


@pytest.mark.parametrize("name", ["board-account", "board", "chooser-facebook", "sign-in"])
async def test_a_page_in_pieces_does_not_shift(visit: Visit, slow_origin: str, name: str) -> None:
    (named,) = (page for page in PAGES if page.name == name)
    stage = await visit(also=slow_origin, language="ar", width_px=320)
    await named.bring(stage)
    address = urlsplit(stage.page.url)
    await stage.visitor.open(urlsplit(slow_origin)._replace(path=address.path, query=address.query).geturl())
    assert await lacks(stage.page) == []
