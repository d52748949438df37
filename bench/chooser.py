"""The hosted chooser with 1,200 Facebook Pages: what a render costs, and what is sent before the first picture.

The sandbox has such a person. The page is asked for by the browser that came back from the consent, again and again,
and once more with a search that finds some of the Pages.
"""

import gzip
import re
from dataclasses import dataclass
from urllib.parse import urlencode

import aiohttp

from bench.operations import Unexpected
from bench.processes import Child
from bench.world import World
from moorline.cli.browser import Browser

NAME = "chooser"
TITLE = "chooser with 1,200 Pages"
PERSON = "crowd"  # of the sandbox
SEARCH = "branch 11"
_RENDERS = 40
_CSS = re.compile(r'<link rel="stylesheet" href="([^"]+)">')


@dataclass(frozen=True, slots=True, kw_only=True)
class Chooser:
    """`first_paint_bytes` are the page and its stylesheet as they are sent; `packed_bytes` as a proxy may send them."""

    cpu_ms: float
    search_cpu_ms: float
    first_paint_bytes: int
    packed_bytes: int


async def measure(world: World, server: Child) -> Chooser:
    """Come to the chooser with a new consent, and render it. Raises: Unexpected."""
    async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as opened:
        url, page = await _entered(world, opened)
        css = _CSS.findall(page)
        if len(css) != 1:
            raise Unexpected(f"The chooser has {len(css)} stylesheets: {page[:300]}")
        parts = [page.encode(), await _body(opened, world.server_url + css[0])]
        return Chooser(
            cpu_ms=await _cpu_ms(opened, url, server),
            search_cpu_ms=await _cpu_ms(opened, f"{url}&{urlencode({'q': SEARCH})}", server),
            first_paint_bytes=sum(map(len, parts)),
            packed_bytes=sum(len(gzip.compress(part)) for part in parts),
        )


async def _entered(world: World, opened: aiohttp.ClientSession) -> tuple[str, str]:
    """The clean address, and the page there."""
    headers = {"authorization": f"Bearer {world.flow_key}"}
    start = f"{world.server_url}/api/v1/connect/facebook?{urlencode({'profileId': world.profile_id})}"
    async with opened.get(start, headers=headers) as answer:
        address = str((await answer.json())["authUrl"])
    browser = Browser(opened)
    form = await browser.open(address)
    returned = await browser.send(form, button="approve", pick={"person": PERSON})
    shown = await browser.follow(returned)
    if shown.status != 200 or "1,200 Pages" not in shown.text:
        raise Unexpected(f"This is no chooser of 1,200 Pages: {shown.status} {shown.text[:300]}")
    return shown.url, shown.text


async def _cpu_ms(opened: aiohttp.ClientSession, url: str, server: Child) -> float:
    await _body(opened, url)
    cpu_s = server.cpu_s()
    for _ in range(_RENDERS):
        await _body(opened, url)
    return (server.cpu_s() - cpu_s) * 1000 / _RENDERS


async def _body(opened: aiohttp.ClientSession, url: str) -> bytes:
    async with opened.get(url, allow_redirects=False) as answer:
        if answer.status != 200:
            raise Unexpected(f"{answer.status} instead of a page.")
        return await answer.read()
