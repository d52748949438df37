"""S24, S50: pictures come through our own address, are pictures, and come from nowhere a guarded call may not reach."""

import asyncio
import json
import struct
import zlib
from collections.abc import Mapping
from urllib.parse import quote, urlsplit

import pytest

from moorline.pages import pictures
from moorline.pages.pictures import EMPTY, MAX_BYTES
from tests.conftest import FrozenClock
from tests.harness import OAUTH, World, location, query_of
from tests.http.conftest import Lines, Serve
from tests.outbound.peer import CUT_OFF, NO_ANSWER, SILENCE, answer, peer
from tests.pages.test_chooser import chooser
from tests.pages.test_choosers import PINTEREST, shown

CDN = "https://cdn.example.com"
PNG = b"\x89PNG\r\n\x1a\n" + b"rest"
SVG = b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
Got = tuple[int, Mapping[str, str], bytes]


async def get(world: World, path: str, cookies: Mapping[str, str] | None = None) -> Got:
    """Ask as a browser that has these cookies."""
    browser = await world.browser()
    headers = {"cookie": "; ".join(f"{name}={value}" for name, value in (cookies or {}).items())}
    async with browser._session.get(world.base_url + path, headers=headers) as found:
        return found.status, {name.lower(): value for name, value in found.headers.items()}, await found.read()


def is_empty(got: Got) -> bool:
    status, headers, content = got
    return (status, headers["content-type"], headers["cache-control"], content) == (
        200,
        "image/png",
        "no-store",
        EMPTY,
    )


async def serve_cdn(serve: Serve, origin: str) -> World:
    """A world in which the pictures' host is a peer of the test's own."""
    return await serve(OUTBOUND_MAP=json.dumps({CDN: origin}))


async def signed(world: World, address: str) -> Got:
    path = pictures.url(world.service, address)
    assert path is not None
    return await get(world, path)


# --- what is a picture ------------------------------------------------------------------------------------------------


KINDS = {
    "image/png": PNG,
    "image/jpeg": b"\xff\xd8\xff\xe0rest of it",
    "image/gif": b"GIF89a" + bytes(20),
    "image/webp": b"RIFF\x24\x00\x00\x00WEBPVP8 ",
    "image/avif": b"\x00\x00\x00\x1cftypavif" + bytes(20),
}


async def test_a_picture_is_answered_as_what_it_is_and_may_be_kept_an_hour(serve: Serve) -> None:
    async with peer(NO_ANSWER) as cdn:
        world = await serve_cdn(serve, cdn.origin)
        for media_type, given in KINDS.items():
            cdn.answers = (answer(200, given, "Content-Type: text/html", "Set-Cookie: a=b"),)
            status, headers, content = await signed(world, f"{CDN}/a.png?size=80&x=%2F")
            assert (status, content, headers["content-type"]) == (200, given, media_type)
            assert headers["cache-control"] == "private, max-age=3600"
            assert headers["x-content-type-options"] == "nosniff"
            assert headers["content-security-policy"].startswith("default-src 'none'; sandbox;")
            assert headers["cross-origin-resource-policy"] == "same-origin"
            assert "set-cookie" not in headers
            assert cdn.request_line == "GET /a.png?size=80&x=%2F HTTP/1.1"
            assert not {"cookie", "referer", "authorization"} & set(cdn.headers)


NO_PICTURES = (
    answer(200, SVG, "Content-Type: image/svg+xml"),
    answer(200, SVG, "Content-Type: image/png"),
    answer(200, b"<html><script>alert(1)</script></html>", "Content-Type: image/png"),
    answer(200, b""),
    answer(200, b"\x89PN"),
    answer(404, PNG),
    answer(500, PNG),
    answer(200, PNG + bytes(MAX_BYTES)),
    answer(302, b"", "Location: /round-and-round.png"),
    answer(302, b"", "Location: http://cdn.example.com/a.png"),
    answer(302, b"", "Location: https://169.254.169.254/latest/meta-data"),
    answer(302, b"", "Location: https://[half"),
    answer(302, b""),
    CUT_OFF,
    NO_ANSWER,
    b"no http at all\r\n\r\n",
)


async def test_s24_what_is_no_picture_is_an_empty_one(serve: Serve) -> None:
    async with peer(NO_ANSWER) as cdn:
        world = await serve_cdn(serve, cdn.origin)
        for given in NO_PICTURES:
            cdn.answers = (given,)
            cdn.seen.clear()
            assert is_empty(await signed(world, f"{CDN}/a.png")), given[:200]
            assert 1 <= len(cdn.seen) <= 4, given[:200]


async def test_a_picture_that_moved_is_followed(serve: Serve) -> None:
    moved = answer(301, b"", "Location: ../b.png?at=2")
    async with peer(moved, moved, moved, answer(200, PNG)) as cdn:
        world = await serve_cdn(serve, cdn.origin)
        assert (await signed(world, f"{CDN}/a/a.png"))[2] == PNG
        assert cdn.request_line == "GET /b.png?at=2 HTTP/1.1"


async def test_a_picture_that_takes_too_long_is_an_empty_one(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pictures, "TIMEOUT_S", 0.2)
    async with peer(SILENCE) as cdn:
        world = await serve_cdn(serve, cdn.origin)
        async with asyncio.timeout(5):
            assert is_empty(await signed(world, f"{CDN}/a.png"))


async def test_only_so_many_are_fetched_at_once(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pictures, "AT_ONCE", 2)
    monkeypatch.setattr(pictures, "TIMEOUT_S", 0.5)
    async with peer(SILENCE) as cdn:
        world = await serve_cdn(serve, cdn.origin)
        all_got = await asyncio.gather(*(signed(world, f"{CDN}/{number}.png") for number in range(6)))
        assert all(map(is_empty, all_got))
        assert len(cdn.seen) == 2
        monkeypatch.setattr(cdn, "answers", (answer(200, PNG),))
        assert (await signed(world, f"{CDN}/later.png"))[2] == PNG


async def test_the_empty_picture_is_a_whole_png_of_one_transparent_pixel() -> None:
    assert EMPTY.startswith(b"\x89PNG\r\n\x1a\n")
    at, kinds, pixels = 8, [], b""
    while at < len(EMPTY):
        (length,) = struct.unpack_from(">I", EMPTY, at)
        kind, content = EMPTY[at + 4 : at + 8], EMPTY[at + 8 : at + 8 + length]
        assert struct.unpack_from(">I", EMPTY, at + 8 + length) == (zlib.crc32(kind + content),)
        kinds.append(kind)
        pixels += content if kind == b"IDAT" else b""
        at += 12 + length
    assert kinds == [b"IHDR", b"IDAT", b"IEND"]
    assert zlib.decompress(pixels) == bytes(5)  # no filter; red, green, blue and alpha are 0


# --- where from -------------------------------------------------------------------------------------------------------


NOT_HTTPS = (
    None, "", "http://cdn.example.com/a.png", "data:image/png;base64,AA", "javascript:alert(1)", "/connect/outcome",
    "//cdn.example.com/a", "ftp://cdn.example.com/a", f"{CDN}/{'x' * 2000}",
)  # fmt: skip


async def test_s24_only_https_addresses_have_a_place_on_a_page(world: World) -> None:
    for address in NOT_HTTPS:
        assert pictures.url(world.service, address) is None, address
        assert pictures.of_choice("0" * 24, 1, address) is None, address


FORBIDDEN = (
    "https://127.0.0.1/a.png", "https://localhost/a.png", "https://[::1]/a.png", "https://2130706433/a.png",
    "https://169.254.169.254/latest/meta-data/", "https://10.0.0.1/a.png", "https://user:pass@10.0.0.1/a.png",
    "https://example.com:22/a.png", "https://exa mple.com/a.png", "https://", "https://[", "https://\u202e.example/",
)  # fmt: skip


async def test_s50_no_picture_is_fetched_from_a_private_place(serve: Serve, lines: Lines) -> None:
    world = await serve(OUTBOUND_MAP="{}")
    for address in FORBIDDEN:
        before = len(lines.entries())
        assert is_empty(await signed(world, address)), address
        refusals = [one for one in lines.entries()[before:] if one.get("event") == "outbound_refused"]
        assert len(refusals) == 1, address


async def test_s24_an_address_without_our_signature_is_not_fetched(serve: Serve) -> None:
    async with peer(answer(200, PNG)) as cdn:
        world = await serve_cdn(serve, cdn.origin)
        path = pictures.url(world.service, f"{CDN}/a.png")
        assert path is not None
        signature = path.removeprefix(pictures.PREFIX + "/").partition("?")[0]
        other = quote(f"{CDN}/b.png", safe="")
        for wrong in (
            f"{signature}?of={other}", f"{'A' * 22}?of={quote(CDN)}/a.png", f"{signature}", f"{signature}?of=",
            f"{signature[:-1]}?of={CDN}/a.png", f"%00?of={CDN}/a.png", f"\u00e9?of={CDN}/a.png",
            f"{signature}?of=%ED%A0%80", f"{signature}?of={CDN}/a.png&of={other}",
        ):  # fmt: skip
            assert is_empty(await get(world, f"{pictures.PREFIX}/{wrong}")), wrong
        assert cdn.seen == []
        assert (await get(world, path))[2] == PNG


async def test_a_signed_address_outlives_a_new_key_and_is_always_the_same(world: World) -> None:
    first = pictures.url(world.service, f"{CDN}/a.png")
    assert first == pictures.url(world.service, f"{CDN}/a.png")
    assert first is not None
    assert len(first) < 110


# --- of a choice ------------------------------------------------------------------------------------------------------


async def test_the_chooser_shows_pictures_of_rows_and_of_the_person_and_they_come(world: World) -> None:
    browser, page = await chooser(world)
    attempt_id = query_of(page.url)["attempt"]
    places = {f"/connect/pictures/{attempt_id}/{number}" for number in (*range(11), "person")}
    for path in places:
        assert f'<img src="{path}" alt="" width="40" height="40" loading="lazy">' in page.text
    cookies = {cookie.key: cookie.value for cookie in browser._session.cookie_jar}
    shown_pictures = [await get(world, path, cookies) for path in sorted(places)]
    assert {headers["content-type"] for _, headers, _ in shown_pictures} == {"image/png"}
    assert len({content for _, _, content in shown_pictures}) == len(places)
    assert EMPTY not in {content for _, _, content in shown_pictures}


async def test_s24_pictures_of_a_choice_are_for_its_own_browser(world: World) -> None:
    _, page = await chooser(world)
    other, _ = await chooser(world)
    attempt_id = query_of(page.url)["attempt"]
    foreign = {cookie.key: cookie.value for cookie in other._session.cookie_jar}
    stolen = {f"moorline_attempt_{attempt_id}": next(iter(foreign.values()))}
    before = await world.count()
    for cookies in ({}, foreign, stolen, {f"moorline_attempt_{attempt_id}": "garbage"}):
        assert is_empty(await get(world, f"/connect/pictures/{attempt_id}/0", cookies))
    assert await world.count() == before


async def test_a_row_that_is_not_there_has_an_empty_picture(world: World) -> None:
    browser, page = await chooser(world)
    cookies = {cookie.key: cookie.value for cookie in browser._session.cookie_jar}
    for number in ("99", "-1", "x", "1.0", "9999999", "\u0661", "%00", "person2"):
        path = f"/connect/pictures/{query_of(page.url)['attempt']}/{number}"
        assert is_empty(await get(world, path, cookies)), number


async def test_when_the_choice_is_over_its_pictures_are_too(world: World, frozen_clock: FrozenClock) -> None:
    browser, page = await chooser(world)
    cookies = {cookie.key: cookie.value for cookie in browser._session.cookie_jar}
    path = f"/connect/pictures/{query_of(page.url)['attempt']}/0"
    location(await browser.send(page, button="connect", pick={"choice": "0"}))
    assert not is_empty(await get(world, path, cookies))  # the page may still be open in another tab
    frozen_clock.advance(15 * 60)
    assert is_empty(await get(world, path, cookies))


async def test_boards_show_their_cover_and_locations_a_letter(world: World) -> None:
    _, page = await shown(world, PINTEREST)
    attempt_id = query_of(page.url)["attempt"]
    assert f'P<img src="/connect/pictures/{attempt_id}/0"' in page.text


async def test_s26_the_log_names_no_address_of_a_picture(world: World, lines: Lines) -> None:
    path = pictures.url(world.service, "https://i.pinimg.com/400x300/0101.jpg")
    assert path is not None
    assert not is_empty(await get(world, path))
    assert "0101.jpg" not in lines.text


async def test_every_picture_that_the_sandbox_names_is_played_by_it(world: World) -> None:
    for platform in OAUTH:
        await world.landing(platform)
    credentials = {"identifier": "demo.bsky.social", "appPassword": "demo-demo-demo-demo"}
    state = (await world.start("bluesky", None))["state"]
    await world.ok("POST", "/v1/connect/bluesky/credentials", body={**credentials, "state": state})
    accounts = await world.service.db.all("SELECT picture_url FROM accounts")
    open_choices = await world.service.db.all("SELECT identity, choices FROM selections")
    named = {row["picture_url"] for row in accounts}
    for row in open_choices:
        items = json.loads(row["choices"])["items"]
        named |= {json.loads(row["identity"])["picture_url"], *(item["picture_url"] for item in items)}
    by_host = {urlsplit(address).netloc: address for address in named - {None}}
    assert len(by_host) >= 9
    for address in by_host.values():
        assert not is_empty(await signed(world, address)), address
