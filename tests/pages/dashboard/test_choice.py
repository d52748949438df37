"""`/dashboard/accounts/{id}/choice`: another Page, board, location, organization or subreddit."""

from moorline.cli.browser import Form, Seen
from tests.harness import World, on_both_engines
from tests.pages.dashboard.desk import Desk, desk, form_of, forms_of, heading_of, title_of, words_of

# By platform: what the page asks, a word of the thing that is chosen there, and where the API tells it then.
ASKS = {
    "facebook": ("Which Page shall this account post to?", "Northwind Catering"),
    "linkedin": ("In whose name shall this account post?", "Northwind"),
    "pinterest": ("Which board shall pins go to?", "Posters"),
    "googlebusiness": ("Which location shall this account stand for?", "Northwind"),
    "reddit": ("Which subreddit shall posts go to?", ""),
}


async def connected(world: World, platform: str, *, person: str = "plenty") -> str:
    """An account, its first choice made on our own page where there is one to make."""
    started = await world.start(platform, redirect_url=None)
    browser = await world.browser()
    consent = await browser.open(started["authUrl"])
    returned = await browser.send(consent, button="approve", pick={"person": person})
    page = await browser.follow(returned)
    if forms_of(page) and "connect" in page.form().buttons:
        value = page.form().choices[0][1]
        page = await browser.follow(await browser.send(page, button="connect", pick={"choice": value}))
    assert "is connected" in page.text, page.text[:2000]
    return str((await world.accounts())[-1]["_id"])


def chooser_form(page: Seen) -> Form:
    return next(form for form in forms_of(page) if ("version" in dict(form.fields)))


async def send(at: Desk, page: Seen, **fields: str) -> Seen:
    form = chooser_form(page)
    sent = {name: value for name, value in form.fields if name != "choice"}
    return await at.browser.follow(await at.post(page.url.partition("?")[0], {**sent, **fields}))


@on_both_engines
async def test_what_an_account_stands_for_is_shown_and_changed(world: World) -> None:
    at = await desk(world)
    for platform, (ask, word) in ASKS.items():
        account_id = await connected(world, platform)
        assert f"/accounts/{account_id}/choice" in (await at.see(f"/accounts/{account_id}")).text
        page = await at.see(f"/accounts/{account_id}/choice")
        assert heading_of(page) == ask
        assert word in words_of(page)
        values = [value for name, value in chooser_form(page).choices if name == "choice"]
        set_now = dict(chooser_form(page).fields).get("choice")
        other = next(value for value in reversed(values) if value not in {set_now, "person"})
        done = await send(at, page, choice=other)
        assert "The account stands for your new choice." in words_of(done), platform
        again = await at.see(f"/accounts/{account_id}/choice")
        assert dict(chooser_form(again).fields)["choice"] == other, "it is the one set now"
        assert again.text.count("Set now.") == 1
        (account,) = [one for one in await world.accounts() if one["_id"] == account_id]
        assert account["isActive"]


async def stands_for(world: World) -> list[str]:
    """The platform's own ids of what the accounts are."""
    return [row["platform_account_id"] for row in await world.service.db.all("SELECT * FROM accounts")]


async def test_a_linkedin_account_may_go_back_to_the_person(world: World) -> None:
    account_id = await connected(world, "linkedin")
    at = await desk(world)
    page = await at.see(f"/accounts/{account_id}/choice")
    organization = next(value for _, value in chooser_form(page).choices if value != "person")
    await send(at, page, choice=organization)
    organizations = await stands_for(world)
    done = await send(at, await at.see(f"/accounts/{account_id}/choice"), choice="person")
    assert "The account stands for your new choice." in words_of(done)
    assert await stands_for(world) != organizations


async def test_the_list_is_searched_on_the_server(world: World) -> None:
    account_id = await connected(world, "facebook")
    at = await desk(world)
    found = await at.see(f"/accounts/{account_id}/choice?q=CATER%C3%8Fng")
    assert "Northwind Catering" in words_of(found)
    assert "Northwind Cafe" not in words_of(found)
    assert "1 of 11 Pages matches" in words_of(found)
    none = await at.see(f"/accounts/{account_id}/choice?q=%3Cb%3Enothing")
    assert "No Page matches “<b>nothing”." in words_of(none)
    assert "<b>nothing" not in none.text


async def test_a_thousand_pages_come_a_hundred_at_a_time(world: World) -> None:
    account_id = await connected(world, "facebook", person="crowd")
    at = await desk(world)
    page = await at.see(f"/accounts/{account_id}/choice")
    assert len(chooser_form(page).choices) == 100
    link = page.text.partition('rel="next"')[0].rpartition('href="')[2].partition('"')[0].replace("&amp;", "&")
    further = await at.see(f"/accounts/{account_id}/choice{link}")
    assert len(chooser_form(further).choices) == 100
    assert chooser_form(further).choices[0] not in chooser_form(page).choices


async def test_a_choice_that_cannot_be_is_told_and_changes_nothing(world: World) -> None:
    account_id = await connected(world, "facebook")
    before = await world.accounts()
    at = await desk(world)
    page = await at.see(f"/accounts/{account_id}/choice")
    gone = "not available any more"
    refused: tuple[tuple[dict[str, str], str], ...] = (
        ({}, "Choose a Page"),
        ({"choice": ""}, "Choose a Page"),
        ({"choice": "99999"}, gone),
        ({"choice": "-1"}, gone),
        ({"choice": "person"}, gone),
        ({"choice": "100000000000102"}, gone),
        ({"choice": "3", "version": "another list"}, gone),
        ({"choice": "\x00"}, gone),
    )
    for fields, told in refused:
        again = await send(at, page, **fields)
        assert again.status == 400, fields
        assert told in words_of(again), fields
        assert title_of(again).startswith("Error: ")
    assert await world.accounts() == before


async def test_what_another_account_of_the_profile_stands_for_is_not_taken(world: World) -> None:
    fields = await world.selection()
    for number in (101, 102):
        assert (await world.select(fields, f"100000000000{number}")).status == 200
    first, second = await world.accounts()
    at = await desk(world)
    page = await at.see(f"/accounts/{second['_id']}/choice")
    row = page.text.partition(first["displayName"])[0].rpartition('value="')[2].partition('"')[0]
    again = await send(at, page, choice=row)
    assert again.status == 409
    assert "Another account of this profile stands for that already." in words_of(again)


async def test_a_platform_that_does_not_answer_is_told_with_a_way_on(world: World) -> None:
    account_id = await connected(world, "facebook")
    at = await desk(world)
    await at.see(f"/accounts/{account_id}/choice")
    await world.fault("facebook", "GET /{version}/me/accounts", status=503, count=8)
    seen = await at.see(f"/accounts/{account_id}/choice?refresh=true")
    assert seen.status == 503
    assert heading_of(seen) == "The list could not be read"
    assert "Try again in some minutes." in words_of(seen)


async def test_a_consent_that_was_taken_back_is_told_with_the_way_to_renew_it(world: World) -> None:
    account_id = await connected(world, "facebook")
    await world.control("POST", "revoke", {"platform": "facebook", "person": "plenty"})
    at = await desk(world)
    seen = await at.see(f"/accounts/{account_id}/choice?refresh=true")
    assert (seen.status, heading_of(seen)) == (409, "The list could not be read")
    assert "Connect the account again." in words_of(seen)
    assert "/reconnect" in form_of(seen, "/reconnect").action


async def test_the_platform_is_asked_at_most_every_ten_minutes_unless_wanted(world: World) -> None:
    account_id = await connected(world, "facebook")
    at = await desk(world)
    await at.see(f"/accounts/{account_id}/choice")
    asked = await world.count()
    await at.see(f"/accounts/{account_id}/choice")
    await at.see(f"/accounts/{account_id}/choice?q=bakery")
    assert await world.count() == asked
    await at.see(f"/accounts/{account_id}/choice?refresh=true")
    assert await world.count() > asked


async def test_there_is_nothing_to_choose_on_other_platforms(world: World) -> None:
    account_id = await connected(world, "twitter")
    at = await desk(world)
    assert (await at.see(f"/accounts/{account_id}/choice")).status == 404


@on_both_engines
async def test_why_something_cannot_be_chosen_is_told_in_the_readers_language(world: World) -> None:
    at, account_id = await desk(world), await connected(world, "facebook")
    page = await at.see(f"/accounts/{account_id}/choice?lang=pt-BR")
    assert "Você pode vê-la, mas não publicar nela. Peça ao dono acesso ao conteúdo." in words_of(page)
