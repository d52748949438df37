"""What the chooser shows and does beside saving: who gets what, search, reading again, asking again, its states."""

import gzip
import json
import re
from collections.abc import Mapping
from dataclasses import replace
from html import unescape
from typing import Any

import pytest

from moorline.adapter.oauth import OAuthPlatform
from moorline.cli.browser import Browser, Seen
from moorline.pages import picking
from moorline.pages.static_files import FILES
from moorline.platforms import ALL
from moorline.store import selections
from scripts import messages
from tests.conftest import FrozenClock
from tests.harness import APP_URL, World, location, query_of
from tests.http.conftest import Serve
from tests.pages.test_chooser import chooser
from tests.pages.test_choosers import CHOOSERS, GOOGLE, LINKEDIN, PINTEREST, SNAPCHAT, shown

LIST = "GET /{version}/me/accounts"
ROW = re.compile(r'<label class="row">.*?</label>', re.DOTALL)
BUDGET_BYTES = 60 * 1024


def rows_of(page: Seen) -> list[str]:
    """The text of every row, in the order of the page."""
    return [unescape(" ".join(re.sub(r"<[^>]*>", " ", row).split())) for row in ROW.findall(page.text)]


def attempt_of(page: Seen) -> str:
    return dict(page.form().fields)["attempt"]


def aside(page: Seen) -> Seen:
    """The page as far as its first form, which asks the platform anew."""
    return replace(page, text=page.text[: page.text.index("</form>")])


async def relist_to(world: World, page: Seen, items: int, unusable: int = 0, *, truncated: bool = False) -> None:
    """Let the list that was read be another one."""
    choices: Mapping[str, Any] = {
        "items": [{"id": str(number), "name": f"Shop {number}"} for number in range(items)],
        "unavailable": [{"name": f"Attic {number}", "reason": "It is closed."} for number in range(unusable)],
        "truncated": truncated,
    }
    await selections.set_choices(world.service.db, attempt_of(page), choices)


# --- who gets what ----------------------------------------------------------------------------------------------------


async def test_workspace_and_profile_are_named_before_the_button(serve: Serve) -> None:
    world = await serve(BRAND="Northwind Agency")
    _, page = await chooser(world)
    told = page.text.index("<strong><bdi>Northwind Agency</bdi></strong> will be able to post to it")
    assert told < page.text.index("<strong><bdi>Northwind Bakery</bdi></strong>.") < page.text.index('id="connect"')
    assert 'aria-describedby="gets"' in page.text


async def test_the_page_speaks_the_language_of_its_attempt(world: World) -> None:
    query = {"profileId": world.owner.profile_id, "redirect_url": APP_URL, "language": "ar"}
    started = await world.ok("GET", "/v1/connect/facebook", query=query)
    browser = await world.browser()
    page = await browser.follow(await browser.open(await world.consent(started["authUrl"])))
    assert '<html lang="ar" dir="rtl">' in page.text


async def test_locations_stand_under_a_heading_of_their_account(world: World) -> None:
    _, page = await shown(world, GOOGLE)
    groups = re.findall(r"<h2><bdi>(.*?)</bdi></h2>", page.text)
    assert groups == ["Harbour Market Agency", "Northwind Bakery"]
    assert "Dock Street" in page.text.split("<h2><bdi>Northwind Bakery</bdi></h2>")[1]


async def test_boards_tell_their_pins_and_that_they_are_secret(serve: Serve) -> None:
    scopes = "user_accounts:read boards:read boards:write pins:read pins:write boards:read_secret boards:write_secret"
    world = await serve(PINTEREST_SCOPES=f"{scopes} pins:read_secret pins:write_secret")
    _, page = await shown(world, PINTEREST)
    rows = rows_of(page)
    assert "P Posters 12 pins" in rows
    assert "N New Products 12 pins Secret" in rows


# --- search and pages -------------------------------------------------------------------------------------------------


async def test_the_search_finds_rows_whose_numbers_stay(world: World) -> None:
    browser, page = await chooser(world)
    found = await browser.open(f"{page.url}&q=NORTHWIND+caf%C3%A9")
    assert "1 of 11 Pages matches" in found.text
    assert [row.partition("@")[0] for row in rows_of(found)] == ["N Northwind Cafe "]
    assert "checked" not in found.text
    number = next(value for name, value in found.form().choices if name == "choice")
    landed = query_of(location(await browser.send(found, button="connect", pick={"choice": number})))
    assert landed["username"] == "Northwind Cafe"


async def test_the_search_stays_when_nothing_was_chosen(world: World) -> None:
    browser, page = await chooser(world, person="crowd")
    found = await browser.open(f"{page.url}&q=sommer&from=200")
    again = await browser.send(found, button="connect")
    assert again.status == 400
    assert rows_of(again) == rows_of(found)
    assert 'value="sommer"' in again.text


async def test_a_search_that_finds_nothing_says_so_and_leads_back(world: World) -> None:
    browser, page = await chooser(world)
    found = await browser.open(f"{page.url}&q=%3Cimg+src%3Dx%3E")
    assert found.status == 200
    assert "No Page matches “<bdi>&lt;img src=x&gt;</bdi>”." in found.text
    assert "0 of 11 Pages match" in found.text
    back = re.search(r'<a href="([^"]+)">Show all 11 Pages</a>', found.text)
    assert back is not None
    assert len(rows_of(await browser.open(world.base_url + unescape(back[1])))) == 11


async def test_the_search_finds_what_cannot_be_chosen_with_its_reason(world: World) -> None:
    browser, page = await chooser(world)
    found = await browser.open(f"{page.url}&q=archive")
    assert "1 Page that cannot be connected" in found.text
    assert "Ask its owner for content access." in found.text


async def test_whatever_is_searched_for_is_no_fault_of_ours(world: World) -> None:
    browser, page = await chooser(world)
    for query in ("q=", "q=%00", "q=%FF", "q=a&q=b", "from=99999999", "from=-5", f"q={'%20' * 200}"):
        assert (await browser.open(f"{page.url}&{query}")).status == 200, query


async def test_neither_token_nor_choice_is_sent_with_a_search(world: World) -> None:
    _, page = await chooser(world)
    search = page.text[page.text.index('<form role="search" method="get"') :]
    names = re.findall(r'name="(\w+)"', search[: search.index("</form>")])
    assert names == ["attempt", "q"]


# --- what the profile has already -------------------------------------------------------------------------------------


async def test_what_is_connected_already_is_marked_and_choosing_it_renews_it(world: World) -> None:
    browser, page = await chooser(world)
    location(await browser.send(page, button="connect", pick={"choice": "0"}))
    (before,) = await world.accounts()
    browser, page = await chooser(world)
    marked = [row for row in rows_of(page) if "Connected already. Choosing it renews the permission." in row]
    assert [row.partition(" @")[0] for row in marked] == ["N Northwind Bakery"]
    location(await browser.send(page, button="connect", pick={"choice": "0"}))
    (after,) = await world.accounts()
    assert after["_id"] == before["_id"]


async def test_the_default_board_and_the_person_are_marked_too(world: World) -> None:
    for one, choice, marked in ((PINTEREST, "0", "P Posters"), (LINKEDIN, "person", "A Ana Lima")):
        browser, page = await shown(world, one)
        location(await browser.send(page, button="connect", pick={"choice": choice}))
        _, page = await shown(world, one)
        (row,) = [row for row in rows_of(page) if "Connected already" in row]
        assert row.startswith(marked)


async def test_what_another_profile_has_is_not_told(world: World) -> None:
    browser, page = await chooser(world)
    location(await browser.send(page, button="connect", pick={"choice": "0"}))
    profile_id = await world.new_profile("Another")
    started = await world.ok("GET", "/v1/connect/facebook", query={"profileId": profile_id})
    browser = await world.browser()
    page = await browser.follow(await browser.open(await world.consent(started["authUrl"])))
    assert "Connected already" not in page.text


# --- reading the list again -------------------------------------------------------------------------------------------


async def test_the_list_can_be_read_again_and_old_numbers_mean_nothing_then(world: World) -> None:
    browser, page = await chooser(world)
    node = {"id": "100000000000199", "name": "New Shop", "access_token": "EAAnew", "tasks": ["CREATE_CONTENT"]}
    await world.fault("facebook", LIST, status=200, body={"data": [node]})
    fresh = await browser.follow(await browser.send(page, button="relist"))
    assert "New Shop" in fresh.text
    assert set(query_of(fresh.url)) == {"attempt"}
    late = await browser.send(page, button="connect", pick={"choice": "0"})
    assert late.status == 409
    assert "The list has changed. Choose again." in late.text
    assert await world.accounts() == []


async def test_an_outage_while_reading_again_leaves_the_list_as_it_was(world: World) -> None:
    browser, page = await chooser(world)
    await world.fault("facebook", LIST, status=500, count=9)
    seen = await browser.send(page, button="relist")
    assert seen.status == 503
    assert "Facebook is not answering" in seen.text
    assert rows_of(seen) == rows_of(page)


async def test_s25_reading_again_needs_the_forms_own_token(world: World) -> None:
    browser, page = await chooser(world)
    calls = await world.count()
    for pick in ({"csrf": "0" * 64}, {"csrf": ""}):
        assert (await browser.send(page, button="relist", pick=pick)).status == 403
    assert await world.count() == calls


async def test_a_list_that_broke_off_says_so(world: World) -> None:
    browser, page = await chooser(world)
    await relist_to(world, page, 400, truncated=True)
    seen = await browser.open(page.url)
    assert "Facebook listed 400 Pages and then stopped; there may be more." in seen.text
    assert seen.text.count(">Read the list again</button>") == 2


async def test_when_none_can_be_chosen_the_reasons_and_the_ways_on_are_shown(world: World) -> None:
    browser, page = await chooser(world)
    await relist_to(world, page, 0, unusable=3)
    seen = await browser.open(page.url)
    assert seen.status == 200
    assert "<h1>None of your 3 Pages can be connected</h1>" in seen.text
    assert seen.text.count("It is closed.") == 3
    assert {"again", "relist", "cancel"} <= set(seen.form().buttons)
    assert "connect" not in seen.form().buttons
    assert "error=selection_cancelled" in location(await browser.send(seen, button="cancel"))


async def test_when_there_is_nothing_at_all_that_is_said(world: World) -> None:
    browser, page = await chooser(world)
    await relist_to(world, page, 0)
    assert "<h1>We found no Facebook Page</h1>" in (await browser.open(page.url)).text


async def test_of_many_that_cannot_be_chosen_few_are_shown_at_first(world: World) -> None:
    browser, page = await chooser(world)
    await relist_to(world, page, 3, unusable=70)
    seen = await browser.open(page.url)
    assert "70 Pages that cannot be connected" in seen.text
    before, _, after = seen.text.partition("<summary>Show the others</summary>")
    assert (before.count("It is closed."), after.count("It is closed.")) == (5, 45)
    assert "And 20 more: the search finds them." in after


# --- asking the platform again ----------------------------------------------------------------------------------------


async def test_the_platform_is_asked_again_with_its_own_parameter_and_leads_back_here(world: World) -> None:
    browser, page = await chooser(world)
    url = location(await browser.send(page, button="again"))
    assert query_of(url)["auth_type"] == "rerequest"
    again = await browser.follow(await browser.open(await world.consent(url)))
    assert attempt_of(again) != attempt_of(page)
    landed = location(await browser.send(again, button="connect", pick={"choice": "0"}))
    assert landed.startswith(f"{APP_URL}?connected=facebook")
    assert query_of(landed)["profileId"] == world.owner.profile_id


async def test_somebody_else_can_sign_in_instead(world: World) -> None:
    browser, page = await chooser(world)
    assert query_of(location(await browser.send(aside(page), button="another")))["auth_type"] == "reauthenticate"
    browser, page = await shown(world, GOOGLE)
    url = location(await browser.send(aside(page), button="another"))
    assert "select_account" in query_of(url)["prompt"]


@pytest.mark.parametrize("one", [LINKEDIN, PINTEREST, SNAPCHAT], ids=lambda one: one.platform)
async def test_where_the_platform_cannot_ask_who_it_is_people_are_told_how(world: World, one: Any) -> None:
    browser, page = await shown(world, one)
    assert f"Sign out at {one.platform}.com in this browser first" in page.text
    assert "state=" in location(await browser.send(aside(page), button="another"))


@pytest.mark.parametrize("one", CHOOSERS, ids=lambda one: one.platform)
def test_what_is_told_about_other_accounts_fits_the_adapter(one: Any) -> None:
    (adapter,) = [each for each in ALL if each.name == one.platform and isinstance(each, OAuthPlatform)]
    asks_who = bool(adapter.spec.reauth_extra) or "select_account" in adapter.spec.authorize_extra.get("prompt", "")
    assert (picking.of(one.platform).sign_out_at is None) is asks_who


def test_every_platform_with_a_choice_has_words_of_its_own() -> None:
    choosing = {each.name for each in ALL if isinstance(each, OAuthPlatform) and each.selection is not None}
    assert {name for name in choosing if picking.of(name) is picking.ANY} == set()


async def test_every_reason_is_in_the_catalogues(world: World) -> None:
    for platform in ("facebook", *(one.platform for one in CHOOSERS)):
        for person in ("plenty", "crowd"):
            await world.landing(platform, person=person)
    lists = await world.service.db.all("SELECT choices FROM selections")
    reasons = {one["reason"] for row in lists for one in json.loads(row["choices"])["unavailable"]}
    texts = {text for message in messages.extracted() for text in messages.forms_of(message)}
    assert len(reasons) >= 5
    assert reasons <= texts


# --- the wrong browser, twice, too late -------------------------------------------------------------------------------


async def test_a_browser_without_cookies_is_told_about_them(world: World) -> None:
    _, page = await chooser(world)
    stranger = await world.browser()
    for seen in (await stranger.open(page.url), await stranger.send(page, button="connect", pick={"choice": "0"})):
        assert seen.status == 400
        assert "Your browser did not keep the note that belongs to this page." in seen.text
        assert "Allow cookies for <bdi>127.0.0.1</bdi>" in seen.text
    assert await world.accounts() == []


async def test_a_browser_with_cookies_of_another_attempt_is_told_something_else(world: World) -> None:
    _, page = await chooser(world)
    other, _ = await chooser(world)
    seen = await other.open(page.url)
    assert seen.status == 400
    assert "did not keep the note" not in seen.text


async def test_an_attempt_is_shown_on_its_own_platforms_path_only(world: World) -> None:
    browser, page = await chooser(world)
    path = page.url.replace("facebook/select-page", "pinterest/select-board")
    seen = await browser.open(path)
    assert seen.status == 410
    assert "<label" not in seen.text


async def test_a_second_choice_after_the_first_is_told_which_one_counts(world: World) -> None:
    browser, page = await chooser(world)
    location(await browser.send(page, button="connect", pick={"choice": "0"}))
    second = await browser.send(page, button="connect", pick={"choice": "1"})
    assert second.status == 409
    assert "<bdi>Northwind Bakery</bdi> is connected" in second.text
    assert re.search(r"This page was used at \d\d:\d\d UTC to connect it", second.text)
    same = await browser.send(page, button="connect", pick={"choice": "0"})
    assert "/connect/outcome?" in location(same)
    assert len(await world.accounts()) == 1


async def test_the_last_three_minutes_are_told(world: World, frozen_clock: FrozenClock) -> None:
    browser, page = await chooser(world)
    assert 'data-late="720" data-told="You can finish for another 3 minutes."' in page.text
    frozen_clock.advance(12 * 60)
    late = await browser.open(page.url)
    assert 'role="status" id="left">You can finish for another 3 minutes.<' in late.text


# --- what the browser is told and sent --------------------------------------------------------------------------------


@pytest.mark.parametrize("redirect_url", [None, APP_URL, "myapp://done"])
async def test_s22_forms_may_lead_to_the_platform_and_home_and_nowhere_with_another_scheme(
    world: World, redirect_url: str | None
) -> None:
    browser, page = await chooser(world, redirect_url)
    headers = await headers_of(browser, page.url)
    policy = re.search(r"form-action ([^;]*)", headers["content-security-policy"])
    assert policy is not None
    assert set(policy[1].split()) == {"'self'", "http:"} | ({"myapp:"} if redirect_url == "myapp://done" else set())
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert "content-encoding" not in headers


async def test_a_hundred_of_a_thousand_rows_and_the_stylesheet_are_below_sixty_kib(world: World) -> None:
    browser, page = await chooser(world, person="crowd")
    middle = await browser.open(f"{page.url}&from=200")
    assert len(rows_of(middle)) == 100
    assert len(middle.text.encode()) + len(FILES["moorline.css"].content) < BUDGET_BYTES
    sizes = [len(gzip.compress(part)) for part in (page.text.encode(), FILES["moorline.css"].content)]
    assert sum(sizes) < BUDGET_BYTES  # also with a name of 10 kB among them
    assert re.findall(r'<link rel="stylesheet"', page.text) == ['<link rel="stylesheet"']


async def headers_of(browser: Browser, url: str) -> Mapping[str, str]:
    async with browser._session.get(url, headers={"accept-encoding": "gzip, br"}) as answer:
        return {name.lower(): value for name, value in answer.headers.items()}
