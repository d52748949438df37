"""The chooser: entered with handles once, then by cookie; saved or left; the truth on reload."""

import re
from http.cookies import SimpleCookie

import pytest

from moorline.cli.browser import Browser, Seen
from tests.conftest import FrozenClock
from tests.harness import APP_URL, World, location, on_both_engines, query_of
from tests.http.conftest import Serve


async def entry(world: World, redirect_url: str | None = APP_URL, **decision: str) -> tuple[Browser, str]:
    """A browser that came back from Facebook, and the address with handles it was sent to."""
    started = await world.start("facebook", redirect_url)
    callback = await world.consent(started["authUrl"], **decision)
    browser = await world.browser()
    return browser, location(await browser.open(callback))


async def chooser(world: World, redirect_url: str | None = APP_URL, **decision: str) -> tuple[Browser, Seen]:
    """A browser that sees the chooser."""
    browser, address = await entry(world, redirect_url, **decision)
    page = await browser.follow(await browser.open(address))
    assert page.status == 200, page.text
    return browser, page


@on_both_engines
async def test_a_page_chosen_becomes_the_account_and_the_browser_goes_home(world: World) -> None:
    browser, page = await chooser(world)
    assert "Northwind Bakery" in page.text
    query = query_of(location(await browser.send(page, button="connect", pick={"choice": "1"})))
    account = (await world.accounts())[0]
    assert query == {
        "connected": "facebook",
        "profileId": world.owner.profile_id,
        "accountId": account["_id"],
        "username": account["displayName"],
    }
    assert account["displayName"] == "Northwind Cafe"


async def test_entering_turns_the_handles_into_a_cookie_and_a_clean_address(world: World) -> None:
    _, address = await entry(world)
    query = query_of(address)
    assert {"profileId", "tempToken", "userProfile", "connect_token", "redirect_url"} <= set(query)
    answer = await world.call("GET", address.removeprefix(world.base_url), key=None)
    assert answer.status == 303
    clean = query_of(answer.headers["location"])
    assert set(clean) == {"attempt"}
    assert answer.headers["cache-control"] == "no-store"
    cookies = SimpleCookie(answer.headers["set-cookie"])
    assert list(cookies) == [f"moorline_attempt_{clean['attempt']}"]
    cookie = cookies[f"moorline_attempt_{clean['attempt']}"]
    assert (cookie["path"], cookie["max-age"], cookie["samesite"].lower()) == ("/connect", "3600", "lax")
    assert cookie["httponly"]
    assert not cookie["secure"]
    assert not cookie["domain"]
    assert cookie.value not in {query["tempToken"], query["connect_token"]}


async def test_the_cookie_is_secure_where_the_service_is_https(serve: Serve) -> None:
    world = await serve(PUBLIC_URL="https://connect.example.com", FACEBOOK_REDIRECT_URI="http://127.0.0.1:9/callback")
    started = await world.start("twitter")
    callback = f"/connect/twitter/callback?state={started['state']}&error=access_denied"
    answer = await world.call("GET", callback, key=None)
    assert answer.status == 303
    cookie = next(iter(SimpleCookie(answer.headers["set-cookie"]).values()))
    assert cookie["secure"]
    assert cookie["httponly"]


async def test_s30_the_page_holds_no_handle_no_token_and_no_id_of_the_platforms(world: World) -> None:
    browser, address = await entry(world)
    page = await browser.follow(await browser.open(address))
    query = query_of(address)
    for secret in (query["tempToken"], query["connect_token"], "100000000000101", "EAAB"):
        assert secret not in page.text
        assert secret not in page.url


async def test_the_page_says_who_signed_in_what_it_is_for_and_what_cannot_be_chosen(world: World) -> None:
    _, page = await chooser(world)
    assert "Ana Lima" in page.text
    assert world.service.settings.brand in page.text
    assert "Northwind Bakery" in page.text
    assert "Northwind Archive" in page.text
    assert "not post to it" in page.text
    numbers = [int(value) for name, value in page.form().choices if name == "choice"]
    assert sorted(numbers) == list(range(11))
    assert "11 Pages" in page.text
    assert "checked" not in page.text


async def test_the_only_page_somebody_has_is_chosen_beforehand(world: World) -> None:
    browser, page = await chooser(world, person="single")
    assert query_of(location(await browser.send(page, button="connect")))["username"] == "Fernhill Books"


async def test_twelve_hundred_pages_come_a_hundred_at_a_time_and_each_can_be_chosen(world: World) -> None:
    browser, page = await chooser(world, person="crowd")
    assert "1,200 Pages" in page.text
    assert len(page.form().choices) == 100
    landed = query_of(location(await browser.send(page, button="connect", pick={"choice": "1199"})))
    assert landed["username"] == "Sommer Branch 1199"


async def test_nothing_chosen_shows_the_form_again_with_the_problem(world: World) -> None:
    browser, page = await chooser(world)
    again = await browser.send(page, button="connect")
    assert again.status == 400
    assert "<title>Error: Which Facebook Page do you want to connect?" in again.text
    summary = re.search(
        r'role="alert"[^>]* autofocus>.*?<a href="#(choice-\d+)">Choose a Page</a>', again.text, re.DOTALL
    )
    assert summary is not None
    first = re.search(r'<input type="radio"[^>]*>', again.text)
    assert first is not None
    assert f'id="{summary[1]}"' in first[0]
    assert "connected=facebook" in location(await browser.send(again, button="connect", pick={"choice": "0"}))


async def test_a_choice_that_is_not_on_the_page_shows_the_form_again(world: World) -> None:
    browser, page = await chooser(world)
    for odd in ("99", "-1", "x", "\u00b2", "\u0663", "1.0", " 1", "9" * 5000, "\x00"):
        assert (await browser.send(page, button="connect", pick={"choice": odd})).status == 400, odd
    assert await world.accounts() == []


async def test_leaving_goes_home_with_selection_cancelled_and_wipes_the_tokens(world: World) -> None:
    browser, page = await chooser(world)
    landed = location(await browser.send(page, button="cancel"))
    assert landed.startswith(f"{APP_URL}?error=selection_cancelled&")
    assert query_of(landed)["profileId"] == world.owner.profile_id
    assert await world.rows_with_tokens() == 0
    assert await world.accounts() == []


async def test_leaving_without_an_address_to_go_to_ends_on_our_own_page(world: World) -> None:
    browser, page = await chooser(world, None)
    end = await browser.follow(await browser.send(page, button="cancel"))
    assert end.status == 200
    assert "You stopped before choosing" in end.text


async def test_saving_without_an_address_to_go_to_ends_on_our_own_page(world: World) -> None:
    browser, page = await chooser(world, None)
    end = await browser.follow(await browser.send(page, button="connect", pick={"choice": "0"}))
    assert end.status == 200
    assert "Northwind Bakery is connected" in end.text


async def test_reloading_going_back_and_sending_twice_after_saving_show_the_outcome(world: World) -> None:
    browser, address = await entry(world)
    page = await browser.follow(await browser.open(address))
    location(await browser.send(page, button="connect", pick={"choice": "0"}))
    for again in (
        await browser.open(page.url),
        await browser.open(address),
        await browser.send(page, button="connect", pick={"choice": "1"}),
        await browser.send(page, button="cancel"),
    ):
        end = await browser.follow(again)
        assert "Northwind Bakery is connected" in end.text, end.url
    assert len(await world.accounts()) == 1


async def test_reloading_after_leaving_shows_that(world: World) -> None:
    browser, page = await chooser(world)
    location(await browser.send(page, button="cancel"))
    end = await browser.follow(await browser.open(page.url))
    assert "You stopped before choosing" in end.text


async def test_two_tabs_on_two_attempts_do_not_disturb_each_other(world: World) -> None:
    browser, first = await chooser(world)
    started = await world.start("facebook")
    callback = await world.consent(started["authUrl"], person="single")
    second = await browser.follow(await browser.open(callback))
    landed = location(await browser.send(first, button="connect", pick={"choice": "0"}))
    assert query_of(landed)["username"] == "Northwind Bakery"
    landed = location(await browser.send(second, button="connect"))
    assert query_of(landed)["username"] == "Fernhill Books"


async def test_the_page_may_be_reloaded_before_choosing(world: World, frozen_clock: FrozenClock) -> None:
    browser, page = await chooser(world)
    again = await browser.open(page.url)
    assert (again.status, again.text) == (200, page.text)


# --- what is refused --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("query", ["tempToken=garbage", "tempToken=", "connect_token=x", "tempToken=%00&x=1"])
async def test_an_entry_with_a_handle_that_does_not_open_is_too_old(world: World, query: str) -> None:
    seen = await (await world.browser()).open(f"{world.base_url}/connect/facebook/select-page?{query}")
    assert seen.status == 410
    assert "This page is too old" in seen.text


async def test_an_entry_is_good_for_fifteen_minutes(world: World, frozen_clock: FrozenClock) -> None:
    browser, address = await entry(world)
    frozen_clock.advance(15 * 60)
    seen = await browser.open(address)
    assert seen.status == 410
    assert "This page is too old" in seen.text


async def test_a_page_left_open_too_long_says_so(world: World, frozen_clock: FrozenClock) -> None:
    browser, page = await chooser(world)
    frozen_clock.advance(15 * 60)
    for seen in (
        await browser.open(page.url),
        await browser.send(page, button="connect", pick={"choice": "0"}),
        await browser.send(page, button="cancel"),
    ):
        end = await browser.follow(seen)
        assert end.status == 410
        assert "This page is too old" in end.text
    assert await world.accounts() == []


async def test_s25_another_browser_gets_nowhere_with_the_clean_address(world: World) -> None:
    browser, page = await chooser(world)
    stranger = await world.browser()
    assert (await stranger.open(page.url)).status == 400
    refused = await stranger.send(page, button="connect", pick={"choice": "0"})
    assert refused.status == 400
    assert await world.accounts() == []
    assert (await browser.open(page.url)).status == 200


@pytest.mark.parametrize("path", ["twitter/select-page", "facebook/select-board", "nothing/here", "facebook/%00"])
async def test_a_chooser_that_does_not_exist_is_404(world: World, path: str) -> None:
    seen = await (await world.browser()).open(f"{world.base_url}/connect/{path}")
    assert seen.status == 404
    assert "This page cannot be used" in seen.text


async def test_a_choice_that_went_away_meanwhile_is_told(world: World) -> None:
    browser, page = await chooser(world)
    gone = {"error": {"code": 100, "error_subcode": 33, "message": "does not exist", "type": "GraphMethodException"}}
    await world.fault("facebook", "GET /{version}/{node_id}", status=400, body=gone)
    again = await browser.send(page, button="connect", pick={"choice": "0"})
    assert again.status == 409
    assert "not available any more" in again.text
    assert "connected=facebook" in location(await browser.send(again, button="connect", pick={"choice": "1"}))


async def test_an_outage_while_saving_is_told_and_the_choice_stays_open(world: World) -> None:
    browser, page = await chooser(world)
    await world.fault("facebook", "GET /{version}/{node_id}", status=500, count=9)
    seen = await browser.send(page, button="connect", pick={"choice": "0"})
    assert seen.status == 503
    for told in ("Facebook is not answering", "Nothing was connected."):
        assert told in seen.text
    await world.control("DELETE", "faults")
    assert "connected=facebook" in location(await browser.send(seen, button="connect"))  # still chosen


async def test_a_profile_deleted_meanwhile_is_told(world: World) -> None:
    browser, page = await chooser(world)
    await world.new_profile("Another")
    await world.ok("DELETE", f"/v1/profiles/{world.owner.profile_id}")
    for seen in (await browser.open(page.url), await browser.send(page, button="connect", pick={"choice": "0"})):
        assert seen.status in {400, 404}
        assert "The place for this connection is gone" in seen.text
    assert await world.rows_with_tokens() == 1
