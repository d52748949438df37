"""The hosted choosers of LinkedIn, Pinterest, Google Business and Snapchat; what all share is in test_chooser.py."""

import json
import re
from dataclasses import dataclass, field
from html import unescape
from html.parser import HTMLParser
from http.cookies import SimpleCookie

import pytest
from typing_extensions import override

from moorline.cli.browser import Browser, Seen
from moorline.sandbox.world import ODD_NAMES
from tests.conftest import FrozenClock
from tests.harness import APP_URL, World, location, on_both_engines, query_of
from tests.pages.looks import without_frame


@dataclass(frozen=True, slots=True, kw_only=True)
class Chooser:
    """What differs. `first` is the name of row 0 of `plenty`, `secrets` what stands for it at the platform."""

    platform: str
    path: str
    handle: str
    heading: str
    first: str
    hint: str
    platform_id: str
    username: str  # in the success redirect
    added: dict[str, str] = field(default_factory=dict)
    nothing: str


LINKEDIN = Chooser(
    platform="linkedin",
    path="select-organization",
    handle="pendingDataToken",
    heading="Which LinkedIn account do you want to connect?",
    first="Northwind Bakery",
    hint="@northwind-bakery",
    platform_id="5590001",
    username="Northwind Bakery",
    nothing="Cleo Marsh is connected",  # directly, as a person
)
PINTEREST = Chooser(
    platform="pinterest",
    path="select-board",
    handle="tempToken",
    heading="Which Pinterest board do you want to connect?",
    first="Posters",
    hint="12 pins",
    platform_id="710000000000000101",
    username="Northwind Bakery",
    added={"board": "Posters"},
    nothing="We found no board",
)
GOOGLE = Chooser(
    platform="googlebusiness",
    path="select-location",
    handle="tempToken",
    heading="Which business location do you want to connect?",
    first="Northwind Bakery Dock Street",
    hint="1 Harbour Road, Portland, ME",
    platform_id="9281089117903930101",
    username="Northwind Bakery Dock Street",
    nothing="We found no business location",
)
SNAPCHAT = Chooser(
    platform="snapchat",
    path="select-profile",
    handle="tempToken",
    heading="Which Snapchat Public Profile do you want to connect?",
    first="Northwind Bakery",
    hint="@northwindbakery",
    platform_id="abc10000-0000-4000-8000-000000000101",
    username="Northwind Bakery",
    added={"publicProfile": "Northwind Bakery"},
    nothing="We found no Public Profile",
)
CHOOSERS = (LINKEDIN, PINTEREST, GOOGLE, SNAPCHAT)
for_each = pytest.mark.parametrize("chooser", CHOOSERS, ids=lambda chooser: chooser.platform)
without_a_person = pytest.mark.parametrize("chooser", CHOOSERS[1:], ids=lambda chooser: chooser.platform)


class _Rows(HTMLParser):
    """The text of every choice and the tags of the page, as a browser reads them."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.names: list[str] = []
        self.hints: list[str] = []
        self.tags: set[str] = set()
        self._inside: str | None = None
        self.feed(page)

    @override
    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        if tag == "bdi" and ("class", "named") in attrs:
            self.names.append("")
            self._inside = "bdi"
        elif tag == "small":
            self.hints.append("")
            self._inside = "small"

    @override
    def handle_endtag(self, tag: str) -> None:
        self._inside = None if tag == self._inside else self._inside

    @override
    def handle_data(self, data: str) -> None:
        if self._inside == "bdi":
            self.names[-1] += data
        elif self._inside == "small":
            self.hints[-1] += data


async def entry(
    world: World, chooser: Chooser, redirect_url: str | None = APP_URL, **decision: str
) -> tuple[Browser, str]:
    """A browser that came back from the platform, and the address with handles it was sent to."""
    started = await world.start(chooser.platform, redirect_url)
    callback = await world.consent(started["authUrl"], **decision)
    browser = await world.browser()
    return browser, location(await browser.open(callback))


async def shown(
    world: World, chooser: Chooser, redirect_url: str | None = APP_URL, **decision: str
) -> tuple[Browser, Seen]:
    """A browser that sees the chooser."""
    browser, address = await entry(world, chooser, redirect_url, **decision)
    page = await browser.follow(await browser.open(address))
    assert page.status == 200, page.text
    return browser, page


@for_each
async def test_entering_turns_the_handles_into_a_cookie_and_a_clean_address(world: World, chooser: Chooser) -> None:
    _, address = await entry(world, chooser)
    assert address.startswith(f"{world.base_url}/connect/{chooser.platform}/{chooser.path}?")
    handles = query_of(address)
    assert {"profileId", chooser.handle, "connect_token", "platform", "step", "redirect_url"} <= set(handles)
    assert ("tempToken" in handles) is (chooser is not LINKEDIN)
    answer = await world.call("GET", address.removeprefix(world.base_url), key=None)
    assert answer.status == 303
    clean = answer.headers["location"]
    assert clean.partition("?")[0] == address.partition("?")[0]
    attempt = query_of(clean)
    assert set(attempt) == {"attempt"}
    cookies = SimpleCookie(answer.headers["set-cookie"])
    assert list(cookies) == [f"moorline_attempt_{attempt['attempt']}"]
    assert cookies[f"moorline_attempt_{attempt['attempt']}"].value not in set(handles.values())


@for_each
async def test_s30_the_page_holds_no_handle_no_token_and_no_id_of_the_platforms(world: World, chooser: Chooser) -> None:
    browser, address = await entry(world, chooser)
    page = await browser.follow(await browser.open(address))
    handles = query_of(address)
    secrets = {handles[chooser.handle], handles["connect_token"], chooser.platform_id}
    secrets |= {one["value"] for one in await world.control("GET", "issued") if one["platform"] == chooser.platform}
    assert not [secret for secret in secrets if secret in page.text or secret in page.url]


@for_each
async def test_the_page_asks_for_the_right_thing_and_tells_alike_ones_apart(world: World, chooser: Chooser) -> None:
    _, page = await shown(world, chooser)
    assert f"<h1>{chooser.heading}</h1>" in page.text
    rows = _Rows(page.text)
    assert chooser.first in rows.names
    assert chooser.hint in rows.hints
    assert world.service.settings.brand in page.text


@on_both_engines
@for_each
async def test_the_row_chosen_is_saved_and_the_browser_goes_home(world: World, chooser: Chooser) -> None:
    browser, page = await shown(world, chooser)
    landed = location(await browser.send(page, button="connect", pick={"choice": "0"}))
    (account,) = await world.accounts()
    assert landed.partition("?")[0] == APP_URL
    assert query_of(landed) == {
        "connected": chooser.platform,
        "profileId": world.owner.profile_id,
        "accountId": account["_id"],
        "username": chooser.username,
        **chooser.added,
    }
    end = await browser.open(page.url)  # gone back to
    assert end.status == 303
    assert len(await world.accounts()) == 1


@on_both_engines
async def test_linkedin_offers_the_persons_own_account_first_and_saves_it(world: World) -> None:
    browser, page = await shown(world, LINKEDIN)
    assert next(value for name, value in page.form().choices if name == "choice") == "person"
    rows = _Rows(page.text)
    assert (rows.names[0], rows.hints[0]) == ("Ana Lima", "Your own account")
    assert "4 accounts" in page.text
    assert "checked" not in page.text
    landed = query_of(location(await browser.send(page, button="connect", pick={"choice": "person"})))
    (account,) = await world.accounts()
    assert (landed["accountId"], landed["username"]) == (account["_id"], "Ana Lima")
    (row,) = await world.service.db.all("SELECT details FROM accounts")
    assert json.loads(row["details"]) == {"accountType": "personal"}


async def test_with_one_organization_linkedin_presumes_nothing(world: World) -> None:
    browser, page = await shown(world, LINKEDIN, person="single")
    again = await browser.send(page, button="connect")
    assert again.status == 400
    assert "Choose an account" in again.text
    assert 'href="#choice-person"' in again.text
    assert await world.accounts() == []


@without_a_person
async def test_the_only_thing_there_is_is_chosen_beforehand(world: World, chooser: Chooser) -> None:
    browser, page = await shown(world, chooser, person="single")
    assert "connected=" in location(await browser.send(page, button="connect"))


@without_a_person
async def test_the_person_is_no_choice_elsewhere(world: World, chooser: Chooser) -> None:
    browser, page = await shown(world, chooser)
    assert "Your own account" not in page.text
    again = await browser.send(page, button="connect", pick={"choice": "person"})
    assert again.status == 400
    assert 'role="alert"' in again.text
    assert await world.accounts() == []


async def test_the_hosted_page_leaves_the_pending_data_to_its_first_reader(world: World) -> None:
    browser, address = await entry(world, LINKEDIN)
    await browser.follow(await browser.open(address))
    query = {"token": query_of(address)["pendingDataToken"]}
    assert (await world.call("GET", "/v1/connect/pending-data", key=None, query=query)).status == 200
    assert (await browser.follow(await browser.open(address))).status == 200


@for_each
async def test_s24_twelve_hundred_rows_with_odd_names_are_text(world: World, chooser: Chooser) -> None:
    browser, page = await shown(world, chooser, person="crowd")
    pages = [page.text]
    while (more := re.search(r'<a href="([^"]+)" data-more>', pages[-1])) is not None:
        pages.append((await browser.open(world.base_url + unescape(more[1]))).text)
    rows = [_Rows(without_frame(text)) for text in pages]
    assert not {"img", "script"} & set().union(*(one.tags for one in rows))
    told = [name.strip() for one in rows for name in one.names]
    assert len(told) == 1200 + (chooser is LINKEDIN)
    assert {name.strip() for name in ODD_NAMES} <= set(told)
    landed = query_of(location(await browser.send(page, button="connect", pick={"choice": "1"})))
    name = "<b>Sommer</b> & Daughters \u202e🧵" if chooser is PINTEREST else ODD_NAMES[1]
    assert landed["username"] == name


@on_both_engines
@for_each
async def test_leaving_goes_home_with_selection_cancelled_and_wipes_the_tokens(world: World, chooser: Chooser) -> None:
    browser, page = await shown(world, chooser)
    landed = query_of(location(await browser.send(page, button="cancel")))
    assert set(landed) == {"error", "error_description", "platform", "profileId"}
    assert (landed["error"], landed["platform"]) == ("selection_cancelled", chooser.platform)
    assert await world.rows_with_tokens() == 0
    assert await world.accounts() == []
    end = await browser.follow(await browser.open(page.url))
    assert "You stopped before choosing" in end.text


@for_each
async def test_without_anything_to_choose_our_own_page_says_so(world: World, chooser: Chooser) -> None:
    browser, outcome = await entry(world, chooser, None, person="none")
    assert "/connect/outcome?" in outcome
    end = await browser.open(outcome)
    assert end.status == 200
    assert chooser.nothing in end.text
    assert len(await world.accounts()) == (1 if chooser is LINKEDIN else 0)


@for_each
async def test_a_handle_of_another_platform_opens_no_chooser(world: World, chooser: Chooser) -> None:
    other = GOOGLE if chooser is PINTEREST else PINTEREST
    browser, address = await entry(world, other)
    handle = query_of(address)[other.handle]
    seen = await browser.open(f"{world.base_url}/connect/{chooser.platform}/{chooser.path}?tempToken={handle}")
    assert seen.status == 400
    assert "This page cannot be used" in seen.text


async def test_an_address_with_a_pending_token_is_good_for_ten_minutes_and_the_page_for_fifteen(
    world: World, frozen_clock: FrozenClock
) -> None:
    browser, address = await entry(world, LINKEDIN)
    page = await browser.follow(await browser.open(address))
    frozen_clock.advance(10 * 60)
    late = await browser.open(address)
    assert late.status == 410
    assert "This page is too old" in late.text
    assert (await browser.open(page.url)).status == 200
    frozen_clock.advance(5 * 60)
    assert (await browser.open(page.url)).status == 410
