"""Every slug has its page: its own words, a way on, and nothing left of the placeholders."""

import re
from collections.abc import AsyncIterator
from html import unescape

import pytest
import pytest_asyncio

from moorline.cli.browser import Browser, Seen
from moorline.connect.redirects import SENTENCES
from moorline.errors import Slug
from moorline.pages import words
from tests.engines import SqliteFiles
from tests.harness import World, location, query_of, shares_a_world
from tests.pages.looks import a_look
from tests.pages.test_outcome import ended

SLUGS: tuple[Slug, ...] = tuple(SENTENCES)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def failed(
    sqlite_files: SqliteFiles, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[tuple[World, Browser, Seen]]:
    """A browser at the end of a connection that was denied."""
    async with World(await sqlite_files.fresh(tmp_path_factory.mktemp("slugs")), {}) as world:
        browser, end = await ended(world, button="deny")
        yield world, browser, end


@shares_a_world
@pytest.mark.parametrize("slug", SLUGS)
async def test_every_slug_has_a_page_of_its_own_words(failed: tuple[World, Browser, Seen], slug: Slug) -> None:
    world, browser, end = failed
    await world.service.db.run("UPDATE attempts SET slug = $1", slug)
    page = await browser.open(end.url)
    said = words.of(a_look(name=world.service.settings.brand), slug, platform="twitter")
    assert page.status == 200
    for sentence in (said.title, said.sentence, said.advice, "Nothing was connected."):
        assert sentence in page.text
    assert f"<title>Not connected: {said.title.striptags()} " in unescape(page.text)
    assert f'id="reference" dir="ltr">{query_of(end.url)["attempt"]}<' in page.text
    assert "%(" not in page.text


@shares_a_world
@pytest.mark.parametrize("slug", SLUGS)
async def test_no_page_is_a_dead_end(failed: tuple[World, Browser, Seen], slug: Slug) -> None:
    world, browser, end = failed
    await world.service.db.run("UPDATE attempts SET slug = $1", slug)
    page = await browser.open(end.url)
    buttons = re.findall(r'<(?:a|button)[^>]* id="(again|another|back)"', page.text)
    if slug in words.WITHOUT_DOORS:
        assert buttons == []
    else:
        assert 1 <= len(buttons) <= 2
        started = await browser.send(page, button=buttons[-1])
        assert "/i/oauth2/authorize?" in location(started)


@pytest.mark.parametrize("slug", SLUGS)
@pytest.mark.parametrize("platform", [None, "instagram", "facebook"])
def test_the_words_name_platform_and_brand(slug: Slug, platform: str | None) -> None:
    said = words.of(a_look(), slug, platform=platform)
    for text in (said.title, said.sentence, said.advice):
        assert text
        assert "%" not in text
        assert "  " not in text
        assert not text.startswith(" ")


def test_no_two_slugs_share_a_title() -> None:
    titles = [words.of(a_look(), slug, platform="facebook").title for slug in SLUGS]
    assert len(set(titles)) == len(titles)


def test_names_of_others_are_escaped_and_keep_their_direction() -> None:
    said = words.of(a_look(name='<b>"x" & \u202e'), "profile_not_found", platform="facebook")
    assert "<bdi>&lt;b&gt;&#34;x&#34; &amp; \u202e</bdi>" in said.advice


def test_the_account_to_be_renewed_is_named() -> None:
    said = words.of(a_look(), "reconnect_account_mismatch", platform="facebook", account="Bakery <i>")
    assert said.advice == "Sign in as <bdi>Bakery &lt;i&gt;</bdi>."


def test_a_long_name_is_there_whole_and_shown_in_part() -> None:
    assert words.bdi("n" * 80) == f"<bdi>{'n' * 80}</bdi>"
    assert words.bdi("n" * 10_000) == f'<bdi class="long">{"n" * 10_000}</bdi>'
    assert words.plain("n" * 10_000) == "n" * 199 + "…"
    assert words.plain("turned\u202e round\x00\r\n") == "turned round"
