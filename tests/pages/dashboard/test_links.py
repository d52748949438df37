"""Connect links in the dashboard: made, shown once with a picture, listed, looked at, withdrawn."""

import re
from typing import Any

import pytest

from moorline.cli.browser import Seen
from moorline.ids import new_id
from tests.conftest import FrozenClock
from tests.harness import World, on_both_engines
from tests.http.conftest import Lines
from tests.pages.dashboard.desk import Desk, desk, form_of, heading_of, member_desk, stranger, title_of, words_of


def url_on(page: Seen) -> str:
    (url,) = re.findall(r'id="once">(http[^<]+/connect/link/lnk_[0-9a-f]{64})<', page.text)
    return str(url)


async def links(world: World) -> list[Any]:
    found: list[Any] = (await world.ok("GET", "/v1/connect/links"))["links"]
    return found


async def made(at: Desk, **fields: str) -> Seen:
    return await at.send(await at.see("/links/new"), "/links", **fields)


@on_both_engines
async def test_a_link_is_made_shown_once_used_and_withdrawn(world: World, lines: Lines) -> None:
    second = await world.new_profile("Harbour Café")
    at = await desk(world)
    redirect = "https://app.example.com/done"
    page = await made(at, profile=second, platforms="twitter", life="24", uses="2", language="de", redirect=redirect)
    url = url_on(page)
    assert "You will not see it again." in words_of(page)
    assert "<svg" in page.text.partition('class="qr"')[2][:200]
    (link,) = await links(world)
    assert (link["profileId"], link["platforms"], link["maxUses"], link["language"]) == (second, ["twitter"], 2, "de")
    assert link["redirectUrl"] == redirect
    opened = await (await stranger(world)).browser.open(url)
    assert opened.status == 200
    assert 'lang="de"' in opened.text
    listed = await at.see("/links")
    path = f"/links/{link['id']}"
    one = await at.see(path)
    for seen in (listed, one):
        assert "Harbour Café" in words_of(seen)
        assert "Can be used" in words_of(seen)
        assert "lnk_" not in seen.text
    assert "0 of 2" in words_of(one)
    assert url.rpartition("/")[2] not in lines.text
    form = await at.see(f"{path}/withdraw")
    for _ in range(2):
        assert "The link is withdrawn." in words_of(await at.send(form, "/withdraw"))
    assert (await (await stranger(world)).browser.open(url)).status == 410
    assert "Withdrawn" in words_of(await at.see(path))
    assert 'id="withdraw"' not in (await at.see(path)).text


async def test_unless_said_otherwise_it_is_for_all_platforms_and_any_number_for_a_week(
    world: World, frozen_clock: FrozenClock
) -> None:
    at = await desk(world)
    page = await at.see("/links/new")
    offered = [value for name, value in form_of(page, "/links").fields if name == "platforms"]
    assert len(offered) == 13
    fields = [(name, value) for name, value in form_of(page, "/links").fields]
    session = at.browser._session
    headers = {"origin": "null", "sec-fetch-site": "same-origin"}
    async with session.post(f"{world.base_url}/dashboard/links", data=fields, headers=headers) as answer:
        assert answer.status == 200
    (link,) = await links(world)
    assert (sorted(link["platforms"]), link["maxUses"], link["language"]) == (sorted(offered), None, None)
    assert link["expiresAt"] == "2026-03-11T05:06:07.890Z"
    frozen_clock.advance(8 * 24 * 3600)
    assert "Run out" in words_of(await (await desk(world)).see("/links"))


async def test_what_was_begun_through_it_stands_on_its_page(world: World) -> None:
    at = await desk(world)
    url = url_on(await made(at, platforms="twitter"))
    visitor = await world.browser()
    page = await visitor.open(url)
    assert (await visitor.send(page, button="connect-twitter")).status == 303
    (link,) = await links(world)
    seen = await at.see(f"/links/{link['id']}")
    assert "X (Twitter)" in words_of(seen)
    assert "Begun" in words_of(seen)
    (attempt,) = re.findall(r"/dashboard/attempts/([0-9a-f]{24})", seen.text)
    assert "somebody with a connect link" in words_of(await at.see(f"/attempts/{attempt}"))


@pytest.mark.parametrize(
    ("typed", "said", "field"),
    [
        ({"platforms": "nothing"}, "Tick at least one platform that is set up here.", "platforms"),
        ({"uses": "0"}, "Enter a number from 1 to 1000, or nothing for no limit.", "uses"),
        ({"uses": "1001"}, "Enter a number from 1 to 1000, or nothing for no limit.", "uses"),
        ({"uses": "9" * 5000}, "Enter a number from 1 to 1000, or nothing for no limit.", "uses"),
        ({"uses": "-1"}, "Enter a number from 1 to 1000, or nothing for no limit.", "uses"),
        ({"uses": "many"}, "Enter a number from 1 to 1000, or nothing for no limit.", "uses"),
        ({"redirect": "javascript:alert(1)"}, "A browser cannot be sent to this address:", "redirect"),
        ({"redirect": "https://u:p@example.com/"}, "A browser cannot be sent to this address:", "redirect"),
    ],
)
async def test_what_cannot_be_is_told_at_its_field_and_makes_nothing(
    world: World, typed: dict[str, str], said: str, field: str
) -> None:
    at = await desk(world)
    again = await made(at, **{"platforms": "twitter", **typed})
    assert again.status == 400
    assert said in words_of(again)
    assert f'href="#{field}"' in again.text
    assert f'id="{field}"' in again.text
    assert title_of(again).startswith("Error: ")
    assert await links(world) == []


async def test_a_form_without_any_platform_makes_nothing(world: World) -> None:
    at = await desk(world)
    fields = {"csrf": await at.csrf(), "profile": world.owner.profile_id}
    assert (await at.post("/dashboard/links", fields)).status == 400
    assert await links(world) == []


async def test_an_account_that_stopped_working_leads_to_a_link_that_renews_it_alone(world: World) -> None:
    await world.landing("twitter")
    (account,) = await world.accounts()
    at = await desk(world)
    there = await at.see(f"/accounts/{account['_id']}")
    assert f'href="/dashboard/links/new?account={account["_id"]}"' in there.text
    form = await at.see(f"/links/new?account={account['_id']}")
    assert heading_of(form).startswith("Send somebody a link to renew ")
    assert 'name="platforms"' not in form.text
    url_on(await at.send(form, "/links", life="720"))
    (link,) = await links(world)
    assert (link["reconnectAccountId"], link["platforms"], link["maxUses"]) == (account["_id"], ["twitter"], 1)
    page = await at.see(f"/links/{link['id']}")
    assert "renews one account" in heading_of(page)
    await world.ok("DELETE", f"/v1/accounts/{account['_id']}")
    assert "Account It is gone" in words_of(await at.see(f"/links/{link['id']}"))


async def test_links_come_a_page_at_a_time_and_by_profile(world: World) -> None:
    second = await world.new_profile("Harbour Café")
    for number in range(33):
        body = {"profileId": second if number < 2 else world.owner.profile_id, "platforms": ["twitter"]}
        await world.ok("POST", "/v1/connect/links", body=body)
    at = await desk(world)
    first = await at.see("/links")
    assert first.text.count('<li class="row">') == 30
    link = first.text.partition('rel="next"')[0].rpartition('href="')[2].partition('"')[0]
    assert (await at.see(link.removeprefix("/dashboard"))).text.count('<li class="row">') == 3
    assert (await at.see(f"/links?profile={second}")).text.count('<li class="row">') == 2


async def test_s40_s43_a_member_makes_and_sees_links_of_their_profiles_alone(world: World) -> None:
    mine = await world.new_profile("Mine")
    await world.ok("POST", "/v1/connect/links", body={"profileId": world.owner.profile_id})
    at = await member_desk(world, mine)
    assert "There is no link yet." in words_of(await at.see("/links"))
    csrf = await at.csrf()
    for profile_id in (world.owner.profile_id, world.other.profile_id, new_id(), "x"):
        refused = await at.post("/dashboard/links", {"csrf": csrf, "profile": profile_id, "platforms": "twitter"})
        assert (refused.status, heading_of(refused)) == (404, "There is no page here")
    url_on(await made(at, platforms="twitter"))
    assert next(link["profileId"] for link in await links(world)) == mine
    await world.landing("twitter")
    hidden = (await world.accounts())[0]["_id"]
    assert (await at.ask(f"/links/new?account={hidden}")).status == 404
    assert (await at.post("/dashboard/links", {"csrf": csrf, "account": hidden})).status == 404
    assert len(await links(world)) == 2
