"""The hosted chooser, in a browser without scripts."""

import re
from urllib.parse import urlsplit

from tests.journeys.facebook_steps import OFFERED, offered_on, open_chooser
from tests.journeys.journey import Journey, location, query_of


async def test_a_person_chooses_a_page_in_a_browser_without_scripts(journey: Journey) -> None:
    browser = await journey.browser()
    started = await journey.start("facebook")
    callback = await journey.consent(started["authUrl"], browser=browser)
    entry = location(await browser.open(callback))
    assert {"profileId", "tempToken", "userProfile", "redirect_url", "connect_token"} <= set(query_of(entry))

    clean = location(await browser.open(entry))
    assert re.fullmatch(r"/connect/facebook/select-page\?attempt=[0-9a-f]{24}", clean[len(journey.server.base_url) :])
    page = await browser.open(clean)
    assert page.status == 200
    assert "<script>" not in page.text
    assert "It goes to the profile <strong><bdi>Journey</bdi></strong>." in page.text
    assert offered_on(page) == OFFERED

    done = await browser.send(page, button="connect", pick={"choice": "1"})
    fields = query_of(location(done))
    (account,) = await journey.accounts()
    assert fields == {
        "connected": "facebook",
        "profileId": journey.profile_id,
        "accountId": account["_id"],
        "username": "Northwind Cafe",
    }
    assert (account["username"], account["displayName"]) == ("northwindcafe", "Northwind Cafe")


async def test_without_a_redirect_url_the_choice_ends_on_a_page(journey: Journey) -> None:
    browser = await journey.browser()
    page = await open_chooser(journey, browser, None)
    outcome = await browser.follow(await browser.send(page, button="connect", pick={"choice": "0"}))
    assert "<h1><bdi>Northwind Bakery</bdi> is connected</h1>" in outcome.text


async def test_leaving_the_chooser_saves_nothing_and_says_so(journey: Journey) -> None:
    browser = await journey.browser()
    page = await open_chooser(journey, browser)
    fields = query_of(location(await browser.send(page, button="cancel")))
    assert fields["error"] == "selection_cancelled"
    assert await journey.accounts() == []
    again = await browser.follow(await browser.open(page.url))
    assert "You stopped before choosing" in again.text


async def test_nothing_chosen_is_told_on_the_page(journey: Journey) -> None:
    browser = await journey.browser()
    page = await open_chooser(journey, browser)
    again = await browser.send(page, button="connect")
    assert again.status == 400
    assert "Choose a Page" in again.text
    assert location(await browser.send(again, button="connect", pick={"choice": "0"}))


async def test_the_back_button_after_the_choice_tells_what_was_connected(journey: Journey) -> None:
    browser = await journey.browser()
    page = await open_chooser(journey, browser)
    location(await browser.send(page, button="connect", pick={"choice": "0"}))
    again = await browser.follow(await browser.open(page.url))
    assert "Northwind Bakery is connected" in again.text
    assert len(await journey.accounts()) == 1


async def test_s25_a_form_from_elsewhere_chooses_nothing(journey: Journey) -> None:
    browser, stranger = await journey.browser(), await journey.browser()
    page = await open_chooser(journey, browser)
    assert (await stranger.send(page, button="connect", pick={"choice": "0"})).status in {400, 403}
    assert (await browser.send(page, button="connect", pick={"choice": "0", "csrf": "0" * 64})).status == 403
    session = await journey.new_session()
    async with session.post(page.url, data={"choice": "0"}, headers={"sec-fetch-site": "cross-site"}) as answer:
        assert answer.status == 403
    assert await journey.accounts() == []


async def test_s26_the_hosted_page_loads_nothing_from_elsewhere(journey: Journey) -> None:
    page = await open_chooser(journey, await journey.browser())
    linked = re.findall(r"""(?:src|href|action)=["']([^"'#]*)""", page.text)
    assert linked
    assert all(urlsplit(url).netloc == "" for url in linked)
