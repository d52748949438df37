"""Starts from pages that need no signing in: so many by a client and by a link, and then a page says when again."""

import asyncio
import re

import pytest

from moorline.cli.browser import Browser, Seen
from moorline.limits.buckets import START_CLIENT
from tests.harness import World
from tests.http.conftest import Serve
from tests.pages.test_again import count
from tests.pages.test_link import cookie_of, made
from tests.pages.test_outcome import ended

FORM = "application/x-www-form-urlencoded"
HTML = {"content-type": FORM, "accept": "text/html", "sec-fetch-site": "same-origin"}
QUARTER_S = 15 * 60


async def starts(world: World, path: str, client: str, times: int) -> list[int]:
    """The statuses of so many starts of a link at once, by a client that the proxy in front of the service names."""
    headers = {**HTML, "x-forwarded-for": client, "cookie": await cookie_of(world, path)}
    calls = (world.call("POST", path, key=None, content=b"platform=twitter", headers=headers) for _ in range(times))
    return sorted([answer.status for answer in await asyncio.gather(*calls)])


async def again(browser: Browser, end: Seen) -> tuple[int, str, str | None]:
    """Press the button once more, as a browser does; status, text and when to come back."""
    form = end.form()
    session, url = browser._session, end.url.partition("/connect/")[0] + "/connect/again"
    async with session.post(url, data=dict(form.fields), headers=HTML, allow_redirects=False) as answer:
        return answer.status, await answer.text(), answer.headers.get("retry-after")


async def test_a_client_starts_thirty_from_links_and_is_told_when_to_try_again(world: World) -> None:
    path = (await made(world))["url"].removeprefix(world.base_url)
    assert await starts(world, path, "", 33) == [303] * 30 + [429] * 3
    other = (await made(world))["url"].removeprefix(world.base_url)
    headers = {**HTML, "cookie": await cookie_of(world, other)}
    refused = await world.call("POST", other, key=None, content=b"platform=twitter", headers=headers)
    assert refused.status == 429
    assert 0 < int(refused.headers["retry-after"]) <= QUARTER_S + 1
    assert "<h1>Too many tries</h1>" in refused.text
    assert re.search(r"You can try again after \d\d:\d\d UTC\.", refused.text)
    assert await count(world) == 30
    assert (await world.call("GET", path, key=None)).status == 200
    await world.start("twitter")  # the API counts by itself


async def test_a_link_starts_sixty_over_all_clients_and_another_link_its_own(serve: Serve) -> None:
    world = await serve(TRUSTED_PROXIES="1")
    path = (await made(world))["url"].removeprefix(world.base_url)
    for client in ("192.0.2.1", "192.0.2.2:4000"):
        assert await starts(world, path, client, 30) == [303] * 30
    assert await starts(world, path, "192.0.2.3", 1) == [429]
    assert await count(world) == 60
    other = (await made(world))["url"].removeprefix(world.base_url)
    assert await starts(world, other, "192.0.2.3", 30) == [303] * 30
    assert await starts(world, other, "192.0.2.1", 1) == [429]


async def test_a_client_starts_thirty_again_and_is_told_when_to_try_again(world: World) -> None:
    browser, end = await ended(world, button="deny")
    assert [(await again(browser, end))[0] for _ in range(30)] == [303] * 30
    status, text, retry_after_s = await again(browser, end)
    assert status == 429
    assert 0 < int(retry_after_s or 0) <= QUARTER_S + 1
    assert "<h1>Too many tries</h1>" in text
    assert await count(world) == 31
    path = (await made(world))["url"].removeprefix(world.base_url)
    assert await starts(world, path, "", 1) == [429]


@pytest.mark.parametrize(
    ("shape", "same_as"),
    [
        ("203.0.113.9:40{0}", "203.0.113.9"),
        ("[2001:db8::{0}]:40{0}", "2001:db8::99"),
        ("[2001:db8::{0}]", "2001:db8::99"),
        ("[::ffff:203.0.113.9]:40{0}", "203.0.113.9"),
        ("unknown{0}", "127.0.0.1"),
        ("203.0.113.9:x{0}", "127.0.0.1"),
        ("[203.0.113.9{0}", "127.0.0.1"),
        ("203.0.113.9, {0}::1::", ""),
    ],
)
async def test_s53_a_port_brackets_or_garbage_make_no_other_client(serve: Serve, shape: str, same_as: str) -> None:
    world = await serve(TRUSTED_PROXIES="1")
    path = (await made(world))["url"].removeprefix(world.base_url)
    for number in range(START_CLIENT.most):
        assert await starts(world, path, shape.format(number + 10), 1) == [303]
    assert await starts(world, path, same_as, 1) == [429]
    assert await starts(world, path, "198.51.100.1", 1) == [303]
