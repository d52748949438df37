"""What a script adds to the Bluesky form and the Telegram page: show, copy, ask again, never get in the way."""

import re

import pytest
from playwright.async_api import expect

from tests.browser.conftest import IN_ONE_LOOP
from tests.browser.stage import Visit

pytestmark = IN_ONE_LOOP


async def test_a_password_is_shown_and_hidden_by_one_button_that_says_which(visit: Visit) -> None:
    stage = await visit()
    await stage.start("bluesky")
    field, show = stage.page.locator("#app-password"), stage.page.locator("#show")
    await field.fill("abcd-efgh-ijkl-mnop")
    for pressed, kind in (("true", "text"), ("false", "password")):
        await show.click()
        await expect(show).to_have_attribute("aria-pressed", pressed)
        await expect(field).to_have_attribute("type", kind)
        await expect(field).to_have_value("abcd-efgh-ijkl-mnop")


async def test_without_a_script_there_is_no_button_that_needs_one(visit: Visit) -> None:
    stage = await visit(script=False)
    for platform, button in (("bluesky", "#show"), ("telegram", "#copy")):
        await stage.start(platform)
        await expect(stage.page.locator(button)).to_be_hidden()


async def test_the_message_to_the_bot_is_copied_whole(visit: Visit) -> None:
    stage = await visit()
    await stage.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    started = await stage.start("telegram")
    await stage.page.locator("#copy").click()
    await expect(stage.page.locator("#said")).to_have_text("Copied")
    assert await stage.page.evaluate("navigator.clipboard.readText()") == f"{started['code']} @yourchannel"


async def test_a_code_is_seen_whole_in_a_narrow_window(visit: Visit) -> None:
    stage = await visit(width_px=320)
    await stage.start("telegram")
    hidden_px = "field => [field.scrollWidth - field.clientWidth, field.scrollHeight - field.clientHeight]"
    assert await stage.page.locator("#message").evaluate(hidden_px) == [0, 0]


async def test_a_refusal_comes_by_itself_and_the_page_goes_on_to_the_end(visit: Visit) -> None:
    stage = await visit()
    started = await stage.start("telegram")
    status = stage.page.locator("#status")
    await stage.journey.tell_bot(f"{started['code']} @mychannel", sender="stranger")
    await expect(status).to_contain_text("@stranger is no administrator of My Channel.")
    await stage.journey.tell_bot(f"{started['code']} @mychannel")
    await expect(stage.page.locator("h1")).to_have_text(re.compile("My Channel is connected"))


NO_ANSWER = "() => Promise.reject(new TypeError('no network'))"
BAD_GATEWAY = "() => Promise.resolve(new Response('<h1>Bad gateway</h1>', { status: 502 }))"


@pytest.mark.parametrize("answer", [NO_ANSWER, BAD_GATEWAY], ids=["no answer", "bad gateway"])
async def test_an_outage_while_asking_leaves_the_page_as_it_is(visit: Visit, answer: str) -> None:
    stage = await visit()
    started = await stage.start("telegram")
    # In the page, not on the network: of a request that fails there, the console would tell.
    count = "document.documentElement.dataset.asked = ++asked"
    await stage.page.evaluate(f"() => {{ let asked = 0; window.fetch = () => ({count}, ({answer})()); }}")
    await stage.page.locator("html[data-asked='2']").wait_for()  # a page that was loaded anew has no count
    await expect(stage.page.locator("#message")).to_have_value(f"{started['code']} @yourchannel")
