"""The look of a page: the tenant's brand, the reader's language, and how the reader changes it."""

import re
from http.cookies import SimpleCookie

import pytest

from moorline.owners import brands
from moorline.owners.brands import NewBrand
from tests.harness import Answer, World, shares_a_world
from tests.http.conftest import Serve
from tests.pages.test_headers import policy_of
from tests.pages.test_outcome import ended

LOST = "/connect/outcome?attempt=x&more=%26%3C"


async def shown(world: World, path: str = LOST, **headers: str) -> Answer:
    return await world.call(
        "GET", path, key=None, headers={name.replace("_", "-"): text for name, text in headers.items()}
    )


def language_of(answer: Answer) -> tuple[str, str]:
    found = re.search(r'<html lang="([^"]+)" dir="([^"]+)"', answer.text)
    assert found is not None
    return found[1], found[2]


@shares_a_world
async def test_the_browsers_wish_decides_until_the_reader_does(shared: World) -> None:
    assert language_of(await shown(shared)) == ("en", "ltr")
    assert language_of(await shown(shared, accept_language="ar,en;q=0.5")) == ("ar", "rtl")
    chosen = await shown(shared, accept_language="ar", cookie="moorline_language=de")
    assert language_of(chosen) == ("de", "ltr")
    assert language_of(await shown(shared, accept_language="ar", cookie="moorline_language=xx")) == ("ar", "rtl")


@shares_a_world
async def test_choosing_a_language_keeps_it_and_cleans_the_address(shared: World) -> None:
    links = re.findall(r'<a href="([^"]+)" lang="([^"]+)"', (await shown(shared)).text)
    assert [tag for _, tag in links] == ["en", "de", "es", "fr", "pt-BR", "ar"]
    address = links[1][0].replace("&amp;", "&")
    assert address == "?attempt=x&more=%26%3C&lang=de"
    switched = await shown(shared, f"/connect/outcome{address}")
    assert switched.status == 303
    assert switched.headers["location"] == f"{shared.base_url}{LOST}"
    assert switched.headers["cache-control"] == "no-store"
    assert SimpleCookie(switched.headers["set-cookie"])["moorline_language_now"].value == "de"


@shares_a_world
@pytest.mark.parametrize("asked", ["lang=xx", "lang=", "lang=%00", "lang=de&lang=fr"])
async def test_an_odd_wish_changes_nothing_and_is_cleaned_away(shared: World, asked: str) -> None:
    answer = await shown(shared, f"/connect/outcome?{asked}&attempt=1")
    assert answer.status == 303
    assert answer.headers["location"] == f"{shared.base_url}/connect/outcome?attempt=1"
    if "xx" in asked or "%00" in asked or asked == "lang=":
        assert "set-cookie" not in answer.headers


@shares_a_world
@pytest.mark.parametrize("path", ["//evil.example/%2e%2e/connect/outcome?lang=de", "/connect//evil.example?lang=de"])
async def test_choosing_a_language_leads_nowhere_else(shared: World, path: str) -> None:
    answer = await shown(shared, path)
    if answer.status == 303:
        assert answer.headers["location"].startswith(f"{shared.base_url}/")


@shares_a_world
async def test_a_parameter_that_only_looks_like_it_is_left_alone(shared: World) -> None:
    assert (await shown(shared, "/connect/outcome?slang=de&attempt=x")).status == 400


@shares_a_world
async def test_a_page_that_answers_a_form_offers_no_other_language(shared: World) -> None:
    headers = {"sec-fetch-site": "same-origin", "content-type": "application/x-www-form-urlencoded"}
    answer = await shared.call("POST", "/connect/again", key=None, content=b"attempt=x", headers=headers)
    assert answer.status == 400
    assert "hreflang" not in answer.text


async def test_the_language_of_an_attempt_is_its_pages_until_the_reader_changes_it(world: World) -> None:
    browser, end = await ended(world)
    await world.service.db.run("UPDATE attempts SET language = 'ar'")
    assert '<html lang="ar" dir="rtl">' in (await browser.open(end.url)).text
    switched = await browser.open(f"{end.url}&lang=fr")
    assert switched.location == end.url
    assert '<html lang="fr" dir="ltr">' in (await browser.open(end.url)).text


async def test_the_tenants_brand_dresses_the_pages_of_its_attempts_and_no_others(world: World) -> None:
    browser, end = await ended(world)
    brand = NewBrand(name="Åsa & <Söhne>", color="#ffd400", logo_url="https://example.com/logo.png")
    await brands.save(world.service.db, world.owner.user_id, brand)
    page = await browser.open(end.url)
    assert "<bdi>Åsa &amp; &lt;Söhne&gt;</bdi>" in page.text
    assert " Åsa &amp; &lt;Söhne&gt;</title>" in page.text
    assert "Moorline" not in page.text.replace("Runs on Moorline.", "")
    assert '<img src="/connect/pictures/' in page.text
    style = re.search(r'<style nonce="([^"]+)">([^<]+)</style>', page.text)
    assert style is not None
    assert "--brand:#ffd400;--on-brand:#000000;--brand-edge:var(--edge);--link:var(--accent);" in style[2]
    assert "data-scheme=dark]{--brand-edge:#ffd400;--link:#ffd400;}" in style[2]
    for path in (LOST, "/api/docs"):
        assert "Söhne" not in (await shown(world, path)).text
    await world.service.db.run("UPDATE attempts SET user_id = $1", world.other.user_id)
    assert "Söhne" not in (await browser.open(end.url)).text


async def test_s22_the_nonce_is_new_with_every_answer_and_the_only_style_inside_a_page(world: World) -> None:
    browser, end = await ended(world)
    await brands.save(world.service.db, world.owner.user_id, NewBrand(color="#123456"))
    path = end.url.removeprefix(world.base_url)
    cookies = {cookie.key: cookie.value for cookie in browser._session.cookie_jar}
    cookie = "; ".join(f"{name}={value}" for name, value in cookies.items())
    nonces = set()
    for _ in range(2):
        answer = await shown(world, path, cookie=cookie)
        inside = re.findall(r'<style nonce="([^"]+)">', answer.text)
        assert len(inside) == answer.text.count("<style") == 1
        assert policy_of(answer)["style-src"] == f"'self' 'nonce-{inside[0]}'"
        nonces.add(inside[0])
    assert len(nonces) == 2


async def test_the_language_cookie_is_secure_where_the_service_is_https(serve: Serve) -> None:
    world = await serve(PUBLIC_URL="https://connect.example.com")
    answer = await shown(world, "/connect/outcome?lang=de")
    assert answer.headers["location"] == "https://connect.example.com/connect/outcome"
    cookie = SimpleCookie(answer.headers["set-cookie"])["moorline_language_now"]
    assert cookie["secure"]
    assert cookie["httponly"]
    assert (cookie["path"], cookie["samesite"].lower()) == ("/", "lax")
