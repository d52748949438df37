"""`/connect/telegram`: what the page says while a message is on its way, refused, or too late."""

import re
from dataclasses import replace
from typing import Any

import pytest

from moorline.adapter.bot import BotNotAdministrator, ChatNotFound
from moorline.cli.browser import Browser, Seen
from moorline.connect.bot_code import BotNotAllowed, ChatNotEligible
from moorline.connect.bot_messages import CHAT_MISSING, CHECKING, DELAYED, CodeUsed, NotAdministrator
from moorline.pages import telegram, telegram_words
from moorline.store import bot_codes
from tests.conftest import FrozenClock
from tests.harness import APP_URL, World, on_both_engines, settles
from tests.http.conftest import Serve
from tests.pages.looks import without_frame
from tests.pages.test_forms import OWN, post
from tests.pages.test_headers import policy_of


@pytest.fixture
async def bot(serve: Serve) -> World:
    """A world whose service reads what people write to the bot."""
    return await serve(TELEGRAM_MODE="polling")


def status(page: Seen) -> str:
    """What the status region says, as text."""
    (region,) = re.findall(
        r'<div role="status" id="status" data-poll="3">(.*?)</div>\s*<form method="get"', page.text, re.DOTALL
    )
    text = re.sub(r"<[^>]*>", " ", region).replace("&#39;", "'")
    return re.sub(r" (?=[.,;…])", "", " ".join(text.split()))


class Person:
    """Somebody at the page."""

    def __init__(self, world: World, browser: Browser, started: Any) -> None:
        self._world = world
        self.browser = browser
        self.url: str = started["authUrl"]
        self.code: str = started["code"]

    async def look(self) -> Seen:
        """The page anew."""
        return await self.browser.open(self.url)

    async def hears(self, said: str) -> str:
        """What the region says once it says this."""

        async def heard() -> str | None:
            told = status(await self.look())
            return told if said in told else None

        told: str = await settles(heard)
        return told


async def person(world: World, redirect_url: str | None = APP_URL) -> Person:
    return Person(world, await world.browser(), await world.start("telegram", redirect_url))


async def test_before_any_message_the_page_waits_and_says_how_long(bot: World) -> None:
    somebody = await person(bot)
    page = await somebody.look()
    assert re.fullmatch(r"Waiting for your message\. The code works until \d\d:\d\d UTC\.", status(page))
    for told in (
        f"{somebody.code} @yourchannel</textarea>",
        f'href="https://t.me/MoorlineSandboxBot?start={somebody.code}"',
        f'role="img" aria-label="https://t.me/MoorlineSandboxBot?start={somebody.code}"><svg viewBox=',
        'href="https://t.me/MoorlineSandboxBot?startchannel&amp;admin=post_messages"',
        'data-copy="#message"',
    ):
        assert told in page.text


async def test_a_code_without_a_channel_is_told_and_the_name_alone_completes_it(bot: World) -> None:
    somebody = await person(bot)
    await bot.tell_bot(f"/start {somebody.code}")  # what the button "Start" in Telegram sends
    await somebody.hears("Code received from @chat_admin. Now send the bot the name of your channel or group")
    told = await bot.ok("PATCH", "/v1/connect/telegram", query={"code": somebody.code})
    assert "note" not in told  # nothing was refused
    await bot.tell_bot("@mychannel")

    async def left() -> str | None:
        return (await somebody.look()).location

    assert "connected=telegram" in await settles(left)


@pytest.mark.parametrize(
    ("sender", "text", "said"),
    [
        (
            "stranger",
            "@mychannel",
            "@stranger is no administrator of My Channel. Ask an administrator to send the code.",
        ),
        ("chat_admin", "@notadmin", "The bot is no administrator of @notadmin. Open its administrators, add the bot"),
        ("chat_admin", "@nopostrights", "The bot is no administrator of No Post Rights."),
        ("chat_admin", "@nosuchchannel", "Telegram knows no @nosuchchannel, or does not show it to the bot."),
    ],
)
async def test_a_refusal_is_told_in_place_and_the_code_goes_on_working(
    bot: World, sender: str, text: str, said: str
) -> None:
    somebody = await person(bot)
    await bot.tell_bot(f"{somebody.code} {text}", sender=sender)
    assert (await somebody.hears(said)).endswith("UTC.")
    await bot.tell_bot(f"{somebody.code} @mychannel")

    async def left() -> str | None:
        return (await somebody.look()).location

    assert "connected=telegram" in await settles(left)


async def test_s40_a_channel_that_another_tenant_holds_is_not_told_to_be_held(bot: World) -> None:
    await bot.ok(
        "POST",
        "/v1/connect/telegram",
        key=bot.other.api_key,
        body={"chatId": "@mychannel", "profileId": bot.other.profile_id},
    )
    somebody = await person(bot)
    await bot.tell_bot(f"{somebody.code} @mychannel")
    told = await somebody.hears("This channel cannot be connected here. Ask Moorline.")
    assert "Fernhill" not in told


async def test_while_the_channel_is_looked_up_the_page_says_so(bot: World) -> None:
    await bot.fault("telegram", "POST /bot{token}/getChat", delay_ms=1500)
    somebody = await person(bot)
    await bot.tell_bot(f"{somebody.code} @mychannel")
    await somebody.hears("Code received from @chat_admin; checking…")


async def test_an_outage_of_telegram_is_told_and_the_message_not_lost(bot: World) -> None:
    await bot.fault("telegram", "POST /bot{token}/getChat", status=502, count=4)
    somebody = await person(bot)
    await bot.tell_bot(f"{somebody.code} @mychannel")
    await somebody.hears("Code received from @chat_admin, but Telegram is slow to answer.")
    await bot.control("DELETE", "faults")

    async def left() -> str | None:
        return (await somebody.look()).location

    assert "connected=telegram" in await settles(left, within_s=30)


async def test_a_failure_nobody_has_words_for_is_told_without_the_platforms(bot: World) -> None:
    odd = {"ok": False, "error_code": 400, "description": "Bad Request: <b>never heard of</b>"}
    await bot.fault("telegram", "POST /bot{token}/getChat", status=400, body=odd, count=9)
    somebody = await person(bot)
    await bot.tell_bot(f"{somebody.code} @mychannel")
    assert "heard of" not in await somebody.hears("That did not work. Send the message once more, or ask Moorline.")


def test_every_refusal_of_the_bot_has_words() -> None:
    refusals = (ChatNotFound, BotNotAdministrator, BotNotAllowed, ChatNotEligible, NotAdministrator, CodeUsed)
    kinds = {refusal.code for refusal in refusals} | {CHECKING, CHAT_MISSING, DELAYED}
    assert kinds == set(telegram_words._SAID)


async def test_a_code_that_is_spent_offers_a_new_one_in_place(world: World) -> None:
    somebody = await person(world)
    await somebody.look()
    await bot_codes.set_note(
        world.service.db, somebody.code, "Not for the page", kind="code_used", sender="@x", chat="@y"
    )
    page = await somebody.look()
    assert "Not for the page" not in page.text
    assert "This code was used for another channel. Take a new one." in status(page)
    (offered,) = re.findall(r'<form method="post" action="/connect/again">.*?</form>', page.text)
    fresh = await somebody.browser.follow(await somebody.browser.send(replace(page, text=offered), button="again"))
    assert re.search(r"LATE-[A-Z0-9]{6} @yourchannel</textarea>", fresh.text)
    assert somebody.code not in fresh.text


@on_both_engines
async def test_a_code_that_ran_out_is_replaced_by_one_button(world: World, frozen_clock: FrozenClock) -> None:
    somebody = await person(world)
    await somebody.look()
    frozen_clock.advance(15 * 60)
    over = await somebody.look()
    assert over.status == 410
    assert "The code ran out" in over.text
    assert "data-poll" not in over.text
    assert somebody.code not in over.text
    fresh = await somebody.browser.follow(await somebody.browser.send(over, button="again"))
    assert fresh.status == 200
    assert re.search(r"LATE-[A-Z0-9]{6} @yourchannel</textarea>", fresh.text)
    assert somebody.code not in fresh.text
    assert (await somebody.look()).status == 410  # the old one stays what it is


async def test_asking_again_leaves_the_browsers_cookie_and_its_forms_as_they_are(world: World) -> None:
    somebody = await person(world)
    path = somebody.url.removeprefix(world.base_url)
    first = await world.call("GET", path, key=None)
    (cookie,) = re.findall(r"(moorline_attempt_[0-9a-f]{24}=[^;]+);", first.headers["set-cookie"])
    again = await world.call("GET", path, key=None, headers={"cookie": cookie})
    assert "set-cookie" not in again.headers


async def test_s25_a_new_code_is_not_made_by_another_site(world: World, frozen_clock: FrozenClock) -> None:
    somebody = await person(world)
    await somebody.look()
    frozen_clock.advance(15 * 60)
    over = await somebody.look()
    fields = dict(over.form().fields)
    assert await post(somebody.browser, over, fields, {"sec-fetch-site": "cross-site"}) == 403
    assert await post(somebody.browser, over, {**fields, "csrf": "0" * 64}, OWN) == 403
    assert await post(somebody.browser, over, fields, OWN) == 303


@pytest.mark.parametrize("platform", ["telegram", "bluesky"])
async def test_s22_a_form_that_leads_home_is_allowed_to(world: World, platform: str) -> None:
    for redirect_url, allowed in ((APP_URL, "'self' http:"), ("myapp://done", "'self' myapp:"), (None, "'self'")):
        path = (await world.start(platform, redirect_url))["authUrl"].removeprefix(world.base_url)
        assert policy_of(await world.call("GET", path, key=None))["form-action"] == allowed


async def test_a_bot_that_was_taken_away_is_told(serve: Serve) -> None:
    world = await serve()
    somebody = await person(world)
    await world.restart(TELEGRAM_BOT_TOKEN="")
    seen = await somebody.look()
    assert seen.status == 503
    assert "Telegram is not set up here" in seen.text


async def test_s24_a_hostile_channel_name_is_shown_as_text(bot: World) -> None:
    title = '<img src=x onerror=alert(1)> "quoted" \u202egnp {{ 7*7 }} ' + "n" * 5000
    chat = {"id": -1001234567890, "type": "channel", "title": title, "username": "mychannel"}
    await bot.fault("telegram", "POST /bot{token}/getChat", status=200, body={"ok": True, "result": chat})
    await bot.ok("PUT", f"/v1/profiles/{bot.owner.profile_id}", body={"name": "<script>alert(2)</script>"})
    somebody = await person(bot)
    await bot.tell_bot(f"{somebody.code} @mychannel", sender="stranger")
    await somebody.hears("is no administrator of")
    page = (await somebody.look()).text
    assert re.search(r"<bdi[^>]*>&lt;img src=x onerror=alert\(1\)&gt;", page)
    assert "&lt;script&gt;alert(2)" in page
    assert not re.search(r"<(img|script|iframe)\b", without_frame(page))
    assert "\u202e" not in page
    assert "n" * 200 not in page


def test_the_picture_for_a_camera_is_drawn_and_kept() -> None:
    first = telegram.qr("https://t.me/SomeBot?start=LATE-ABC123")
    assert first is telegram.qr("https://t.me/SomeBot?start=LATE-ABC123")
    assert first.startswith("<svg viewBox=")
    assert "style=" not in first
    assert first != telegram.qr("https://t.me/SomeBot?start=LATE-ABC124")
