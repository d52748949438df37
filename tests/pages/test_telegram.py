"""`/connect/telegram`: the code with its instructions, and what became of it."""

import re

import pytest

from tests.conftest import FrozenClock
from tests.harness import APP_URL, World, query_of, settles
from tests.http.conftest import Serve


@pytest.fixture
async def bot(serve: Serve) -> World:
    return await serve(TELEGRAM_MODE="polling")


async def test_the_page_shows_the_code_and_leads_home_once_it_was_used(bot: World) -> None:
    started = await bot.start("telegram")
    browser = await bot.browser()
    page = await browser.open(started["authUrl"])
    assert page.status == 200
    for shown in (started["code"], "@MoorlineSandboxBot", "Northwind Bakery"):
        assert shown in page.text
    again = await browser.send(page, button="check")
    assert (again.status, again.text) == (200, page.text)
    await bot.tell_bot(f"{started['code']} @mychannel")

    async def left() -> str | None:
        return (await browser.send(page, button="check")).location

    landed = await settles(left)
    assert landed.startswith(f"{APP_URL}?connected=telegram&")
    assert query_of(landed)["username"] == "mychannel"


async def test_a_refusal_is_shown_on_the_page(bot: World) -> None:
    started = await bot.start("telegram")
    browser = await bot.browser()
    await bot.tell_bot(f"{started['code']} @mychannel", sender="stranger")

    async def noted() -> bool:
        page = (await browser.open(started["authUrl"])).text
        return "@stranger is no administrator of My Channel" in re.sub(r"</?bdi>", "", page)

    await settles(noted)


async def test_without_an_address_to_go_to_it_ends_on_our_own_page(bot: World) -> None:
    started = await bot.start("telegram", None)
    browser = await bot.browser()
    await bot.tell_bot(f"{started['code']} @mychannel")

    async def left() -> str | None:
        return (await browser.open(started["authUrl"])).location

    await settles(left)
    end = await browser.follow(await browser.open(started["authUrl"]))
    assert "My Channel is connected" in end.text


async def test_a_code_that_ran_out_is_told(world: World, frozen_clock: FrozenClock) -> None:
    started = await world.start("telegram")
    frozen_clock.advance(15 * 60)
    seen = await (await world.browser()).open(started["authUrl"])
    assert seen.status == 410
    assert "This page is too old" in seen.text


async def test_a_state_that_is_not_telegrams_shows_no_code(world: World) -> None:
    for state in ("", "x", "%00", (await world.start("twitter"))["state"]):
        seen = await (await world.browser()).open(f"{world.base_url}/connect/telegram?state={state}")
        assert seen.status == 400
        assert "LATE-" not in seen.text


async def test_a_profile_deleted_meanwhile_is_told(world: World) -> None:
    started = await world.start("telegram")
    await world.new_profile("Another")
    await world.ok("DELETE", f"/v1/profiles/{world.owner.profile_id}")
    seen = await (await world.browser()).open(started["authUrl"])
    assert seen.status == 404
    assert started["code"] not in seen.text


async def test_the_bots_name_is_asked_for_once(world: World) -> None:
    for _ in range(3):
        started = await world.start("telegram")
        await (await world.browser()).open(started["authUrl"])
    assert len(await world.calls("telegram", "POST /bot{token}/getMe")) <= 1
