"""S25: forms of the hosted pages are taken from those pages alone, with their own token."""

from urllib.parse import urljoin

import aiohttp
import pytest
from yarl import URL

from moorline.cli.browser import Browser, Seen
from tests.harness import World
from tests.http.conftest import Serve
from tests.pages.test_chooser import chooser

FORM = "application/x-www-form-urlencoded"


async def post(browser: Browser, page: Seen, fields: dict[str, str], headers: dict[str, str]) -> int:
    """Send fields to the page's form by hand; the status."""
    url = URL(urljoin(page.url, page.form().action), encoded=True)
    async with browser._session.post(url, data=fields, headers=headers, allow_redirects=False) as answer:
        return answer.status


def fields_of(page: Seen, **changes: str) -> dict[str, str]:
    return {**dict(page.form().fields), "choice": "0", **changes}


FILE_AS_TOKEN = b'--x\r\nContent-Disposition: form-data; name="csrf"; filename="a"\r\n\r\nz\r\n--x--\r\n'
OWN = {"origin": "null", "sec-fetch-site": "same-origin"}


@pytest.mark.parametrize("csrf", ["", "0" * 64, "\u00fc", "\x00", "x" * 10_000])
async def test_s25_a_wrong_csrf_token_saves_nothing(world: World, csrf: str) -> None:
    browser, page = await chooser(world)
    assert await post(browser, page, fields_of(page, csrf=csrf), OWN) == 403
    fields = fields_of(page)
    del fields["csrf"]
    assert await post(browser, page, fields, OWN) == 403
    assert await post(browser, page, fields_of(page, csrf=csrf, action="cancel"), OWN) == 403
    assert await world.accounts() == []
    assert await post(browser, page, fields_of(page), OWN) == 303


async def test_s25_the_csrf_token_of_another_attempt_does_not_do(world: World) -> None:
    browser, page = await chooser(world)
    _, other = await chooser(world)
    stolen = dict(other.form().fields)["csrf"]
    assert await post(browser, page, fields_of(page, csrf=stolen), OWN) == 403
    assert await world.accounts() == []


@pytest.mark.parametrize(
    "headers",
    [
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"sec-fetch-site": "cross-site", "origin": "null"},
        {"origin": "https://evil.example"},
        {"origin": "http://127.0.0.1:1"},
        {"origin": "http://127.0.0.1.evil.example"},
    ],
)
async def test_s25_a_form_from_another_site_saves_nothing(world: World, headers: dict[str, str]) -> None:
    browser, page = await chooser(world)
    assert await post(browser, page, fields_of(page), headers) == 403
    assert await post(browser, page, fields_of(page, action="cancel"), headers) == 403
    assert await world.accounts() == []
    started = await world.start("bluesky")
    form = await browser.open(started["authUrl"])
    typed = {"state": started["state"], "identifier": "demo.bsky.social", "appPassword": "demo-demo-demo-demo"}
    assert await post(browser, form, typed, headers) == 403
    assert await world.accounts() == []


@pytest.mark.parametrize(
    "headers", [{}, {"origin": "null"}, {"sec-fetch-site": "same-origin"}, {"sec-fetch-site": "none"}]
)
async def test_what_our_own_pages_make_browsers_send_is_taken(world: World, headers: dict[str, str]) -> None:
    browser, page = await chooser(world)
    assert await post(browser, page, fields_of(page), headers) == 303


async def test_our_own_origin_is_taken(world: World) -> None:
    browser, page = await chooser(world)
    assert await post(browser, page, fields_of(page), {"origin": world.base_url}) == 303


async def test_s63_bodies_no_form_sends_are_no_fault_of_ours(world: World) -> None:
    for path in ("/connect/facebook/select-page", "/connect/bluesky"):
        for kind, content in (
            (FORM, b"\xff\xfe=%ff&%00=%00&a"),
            (FORM, b"&".join(b"a=1" for _ in range(5000))),
            (FORM, b""),
            ("application/json", b'{"attempt": 1}'),
            ("application/json", b"not json"),
            ("multipart/form-data", b"no boundary"),
            ("multipart/form-data; boundary=x", b"--x\r\nbroken"),
            ("multipart/form-data; boundary=x", FILE_AS_TOKEN),
            ("text/plain", b"hello"),
            ("\u00e9", b"x"),
        ):
            headers = {"content-type": kind, **OWN}
            answer = await world.call("POST", path, key=None, content=content, headers=headers)
            assert 400 <= answer.status < 500, f"{path} {kind}: {answer.status} {answer.text[:200]}"


async def test_s63_a_form_over_the_limit_is_413(world: World) -> None:
    content = b"identifier=" + b"x" * (1024 * 1024)
    headers = {"content-type": FORM, **OWN}
    for path in ("/connect/facebook/select-page", "/connect/bluesky"):
        assert (await world.call("POST", path, key=None, content=content, headers=headers)).status == 413


async def test_s25_a_cookie_alone_that_another_site_planted_is_no_permission(serve: Serve) -> None:
    world = await serve()
    _, page = await chooser(world)
    attempt_id = dict(page.form().fields)["attempt"]
    jar = aiohttp.CookieJar(unsafe=True)
    jar.update_cookies({f"moorline_attempt_{attempt_id}": "planted"}, URL(world.base_url))
    stranger = Browser(await world._new_session(jar))
    assert await post(stranger, page, fields_of(page), OWN) == 400
    assert await world.accounts() == []
