"""S22, S26: what every hosted page and every redirect of the flow tells the browser, and what pages load."""

import re

import pytest

from moorline.cli.browser import Seen
from moorline.pages.static_files import static_url
from tests.harness import Answer, World, location
from tests.http.conftest import Serve
from tests.pages.test_chooser import chooser, entry


async def pages_of(world: World) -> dict[str, Answer]:
    """Every hosted page that can be asked for without a cookie."""
    bluesky, telegram = await world.start("bluesky"), await world.start("telegram")
    paths = {
        "bluesky form": f"/connect/bluesky?state={bluesky['state']}",
        "telegram page": f"/connect/telegram?state={telegram['state']}",
        "bluesky without state": "/connect/bluesky",
        "telegram without state": "/connect/telegram",
        "outcome": "/connect/outcome",
        "callback refused": "/connect/twitter/callback",
        "chooser refused": "/connect/facebook/select-page",
        "chooser too old": "/connect/facebook/select-page?tempToken=x",
        "no chooser": "/connect/nothing/here",
        "documentation": "/api/docs",
    }
    return {name: await world.call("GET", path, key=None) for name, path in paths.items()}


def policy_of(answer: Answer) -> dict[str, str]:
    parts = (part.strip().partition(" ") for part in answer.headers["content-security-policy"].split(";"))
    return {name: value for name, _, value in parts if name}


async def test_s22_every_page_tells_the_browser_to_be_careful(world: World) -> None:
    for name, answer in (await pages_of(world)).items():
        assert answer.headers["content-type"] == "text/html; charset=utf-8", name
        policy = policy_of(answer)
        assert policy["default-src"] == "'none'", name
        assert policy["frame-ancestors"] == "'none'", name
        assert policy["base-uri"] == "'none'", name
        assert "unsafe" not in answer.headers["content-security-policy"], name
        assert policy["script-src"] == policy["connect-src"] == "'self'", name
        assert re.fullmatch(r"'self' 'nonce-[A-Za-z0-9_-]{43}'", policy["style-src"]), name
        assert answer.headers["x-content-type-options"] == "nosniff", name
        assert answer.headers["referrer-policy"] == "no-referrer", name
        assert answer.headers["cache-control"] == "no-store", name
        assert answer.headers["cross-origin-opener-policy"] in {"same-origin", "same-origin-allow-popups"}, name
        assert "strict-transport-security" not in answer.headers, name


async def test_s22_https_is_asked_for_where_the_service_has_it(serve: Serve) -> None:
    world = await serve(PUBLIC_URL="https://connect.example.com")
    answer = await world.call("GET", "/connect/outcome", key=None)
    assert int(re.findall(r"max-age=(\d+)", answer.headers["strict-transport-security"])[0]) >= 31536000


async def test_s22_redirects_of_the_flow_are_not_kept_and_leave_no_referrer(world: World) -> None:
    started = await world.start("facebook")
    callback = await world.consent(started["authUrl"])
    for _ in range(2):
        answer = await world.call("GET", callback.removeprefix(world.base_url), key=None)
        assert answer.status == 303
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["referrer-policy"] == "no-referrer"
        callback = answer.headers["location"]


LOADED = re.compile(r'\s(?:src|action|srcset|poster|formaction|data)="([^"]*)"|<link[^>]*\shref="([^"]*)"')


def loaded(text: str) -> list[str]:
    """Every address a browser would fetch by itself, or send a form to; not a place on the page itself."""
    found = [first or second for first, second in LOADED.findall(text)]
    return [address for address in found if not address.startswith("#")]


async def test_s26_no_page_loads_anything_from_elsewhere_and_none_has_a_script_inside(world: World) -> None:
    _, choosing = await chooser(world)
    browser, address = await entry(world)
    end: Seen = await browser.follow(await browser.open(address))
    texts = [answer.text for answer in (await pages_of(world)).values()] + [choosing.text, end.text]
    for text in texts:
        assert re.findall(r"<script[^>]*>[^<]*<", text) == [f'<script src="{static_url("moorline.js")}" defer><']
        assert not re.search(r"\son[a-z]+\s*=", re.sub(r">[^<]*<", "><", text))
        assert "style=" not in text
        for url in loaded(text):
            assert url.startswith("/"), url
            assert not url.startswith("//"), url


async def test_every_page_is_whole(world: World) -> None:
    for name, answer in (await pages_of(world)).items():
        assert answer.text.startswith("<!doctype html>"), name
        assert '<html lang="en" dir="ltr">' in answer.text, name
        assert re.search(r"<title>[^<]+</title>", answer.text), name
        assert answer.text.count("<h1>") == 1, name
        assert answer.text.count("<main") == 1, name


@pytest.mark.parametrize("header", ["x-forwarded-host", "host"])
async def test_s08_no_address_on_a_page_comes_from_the_request(world: World, header: str) -> None:
    started = await world.start("facebook", None)
    callback = (await world.consent(started["authUrl"])).removeprefix(world.base_url)
    answer = await world.call("GET", callback, key=None, headers={header: "evil.example"})
    assert answer.headers["location"].startswith(f"{world.base_url}/connect/facebook/select-page?")
    page = await world.call("GET", "/connect/outcome", key=None, headers={header: "evil.example"})
    assert "evil.example" not in page.text


async def test_a_finished_flow_leaves_the_browser_with_cookies_of_its_attempts_only(world: World) -> None:
    browser, page = await chooser(world)
    location(await browser.send(page, button="connect", pick={"choice": "0"}))
    names = [cookie.key for cookie in browser._session.cookie_jar]
    assert names
    assert all(re.fullmatch(r"moorline_attempt_[0-9a-f]{24}", name) for name in names)
