"""All thirteen platforms are connected without a mouse, with scripts and without."""

import asyncio

import pytest
from playwright.async_api import expect

from tests.browser.conftest import IN_ONE_LOOP
from tests.browser.keyboard import Keyboard
from tests.browser.stage import PLATFORMS, Stage, Visit
from tests.browser.walker import STARTS, Walk

pytestmark = IN_ONE_LOOP


async def connect(stage: Stage, platform: str, start: str) -> None:
    """Walk all the way, and see who is connected. With scripts Enter is pressed in the list, without on the button."""
    try:
        name = await Walk.of(stage, platform, sends_from_list=stage.runs_scripts).through(STARTS[start])
        assert name in await stage.page.locator("h1").inner_text()
        assert (await stage.page.title()).startswith(name)
    except Exception as error:
        error.add_note(f"with scripts: {stage.runs_scripts}")
        raise


@pytest.mark.parametrize("start", STARTS)
@pytest.mark.parametrize("platform", PLATFORMS)
async def test_a_platform_is_connected_by_keyboard_alone(visit: Visit, platform: str, start: str) -> None:
    stages = [await visit(script=script) for script in (True, False)]
    await asyncio.gather(*(connect(stage, platform, start) for stage in stages))


async def test_in_arabic_the_same_keys_do(visit: Visit) -> None:
    stage = await visit(language="ar")
    name = await Walk.of(stage, "facebook", sends_from_list=True).through(STARTS["api"])
    assert name in await stage.page.locator("h1").inner_text()
    assert await stage.page.evaluate("document.documentElement.dir") == "rtl"


@pytest.mark.parametrize("script", [True, False], ids=["script", "no-script"])
async def test_one_of_1200_pages_is_searched_for_and_chosen(visit: Visit, *, script: bool) -> None:
    stage = await visit(script=script)
    await stage.consent("facebook", person="crowd")
    keys, rows = Keyboard(stage.page), stage.page.locator("main input[type=radio]")
    await keys.to(stage.page.get_by_role("searchbox"))
    await keys.type("HARBOUR lights")
    await keys.tap("Enter")
    await expect(rows).to_have_count(1)
    await keys.to(rows)
    await keys.tap("Space")
    await keys.leave("Enter")
    await expect(stage.page.locator("h1")).to_contain_text("Harbour Lights")


async def test_the_first_key_skips_to_the_content(visit: Visit) -> None:
    stage = await visit()
    await stage.start("bluesky")
    keys = Keyboard(stage.page)
    await keys.tap("Tab")
    await keys.tap("Enter")
    await keys.tap("Tab")
    await expect(stage.page.locator("main :focus")).to_have_count(1)


@pytest.mark.parametrize("script", [True, False], ids=["script", "no-script"])
async def test_another_language_is_chosen(visit: Visit, *, script: bool) -> None:
    stage = await visit(script=script)
    await stage.start("bluesky")
    keys = Keyboard(stage.page)
    await keys.to(stage.page.locator("summary", has_text="English"))
    await keys.tap("Enter")
    await keys.to(stage.page.get_by_role("link", name="Deutsch"))
    await keys.leave()
    await expect(stage.page.locator("html")).to_have_attribute("lang", "de")
    await expect(stage.page.get_by_label("E-Mail")).to_be_visible()


async def test_somebody_signs_in_and_finds_the_way_to_an_account(visit: Visit) -> None:
    stage = await visit()
    person, keys = stage.people.demo(), Keyboard(stage.page)
    await stage.visitor.open("/dashboard")
    await keys.to(stage.page.get_by_label("E-mail address"))
    await keys.type(person.email)
    await keys.to(stage.page.get_by_label("Password"))
    await keys.type(person.password)
    await keys.leave()
    for control in ("a[href$='/dashboard/connect']:visible", "button[value=twitter]", "#approve"):
        await keys.to(stage.page.locator(control).first)
        await keys.leave()
    await expect(stage.page.locator("h1")).to_have_text("Northwind Bakery is connected")
