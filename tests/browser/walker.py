"""Somebody connects an account by keyboard alone, whatever pages come: each is known by what can be done on it."""

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from playwright.async_api import Locator

from tests.browser.keyboard import Keyboard
from tests.browser.links import make_link
from tests.browser.stage import Stage

MAX_PAGES = 6
CODE = re.compile(r"\b[A-Z]{1,10}-[A-Z0-9]{6}\b")


class Lost(Exception):
    """A page came on which a person would not know how to go on."""


@dataclass(slots=True, kw_only=True)
class Walk:
    """One way to one account. `sends_from_list`: Enter is pressed in the list, not on the button under it."""

    stage: Stage
    keys: Keyboard
    platform: str
    sends_from_list: bool = False
    passed: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, stage: Stage, platform: str, *, sends_from_list: bool = False) -> "Walk":
        """A walk that has not begun."""
        return cls(stage=stage, keys=Keyboard(stage.page), platform=platform, sends_from_list=sends_from_list)

    async def press(self, control: Locator) -> None:
        """Tab to a link or button and follow it."""
        await self.keys.to(control)
        await self.keys.leave()

    async def through(self, start: "Start") -> str:
        """From the start to the account; its name. `passed` tells which pages came. Raises: Lost; Unreachable."""
        await start(self)
        for _ in range(MAX_PAGES):
            name = await self._connected()
            if name is not None:
                return name
            await self._go_on()
        raise Lost(f"no end after {', '.join(self.passed)}")

    async def _connected(self) -> str | None:
        for account in await self.stage.journey.accounts():
            if account["platform"] == self.platform:
                return str(account["displayName"])
        return None

    async def _go_on(self) -> None:
        for kind, (mark, act) in PAGES.items():
            if await mark(self.stage).count():
                self.passed.append(kind)
                await act(self)
                return
        heading = await self.stage.page.locator("h1").first.text_content()
        raise Lost(f"nothing to do on the page {heading!r}, after {', '.join(self.passed) or 'nothing'}")


async def _allow(walk: Walk) -> None:
    await walk.press(walk.stage.page.get_by_role("button", name="Approve"))


async def _sign_in(walk: Walk) -> None:
    await walk.keys.to(walk.stage.page.locator("input[autocomplete=username]"))
    await walk.keys.type("demo.bsky.social")
    await walk.keys.to(walk.stage.page.locator("input[type=password]"))
    await walk.keys.type("demo-demo-demo-demo")
    await walk.press(walk.stage.button("Connect"))


async def _choose(walk: Walk) -> None:
    rows = walk.stage.page.locator("main input[type=radio]")
    await walk.keys.to(rows.first)
    await walk.keys.tap("Space")
    last = await rows.count() - 1
    if last:
        await walk.keys.tap("ArrowDown")
    assert await rows.nth(min(1, last)).is_checked(), "the keys of the list do not choose in it"
    if walk.sends_from_list:
        await walk.keys.leave("Enter")
    else:
        await walk.press(walk.stage.button("Connect"))


async def _write_to_the_bot(walk: Walk) -> None:
    page, journey = walk.stage.page, walk.stage.journey
    found = CODE.search(await page.locator("main").inner_html())
    assert found, "the page shows no code"
    await journey.tell_bot(f"{found[0]} @mychannel")
    if walk.stage.runs_scripts and await page.locator("[data-poll]").count():
        await page.wait_for_event("load")  # it asks by itself, and leads on when the message has come
        return
    await journey.code_settles(found[0])
    await walk.press(walk.stage.button("I have sent it"))


Act = Callable[[Walk], Awaitable[None]]
Start = Callable[[Walk], Awaitable[None]]

# In this order: what marks a page, and what is done there.
PAGES: Mapping[str, tuple[Callable[[Stage], Locator], Act]] = {
    "consent": (lambda stage: stage.page.locator("#approve"), _allow),
    "sign-in": (lambda stage: stage.page.locator("input[name=appPassword]"), _sign_in),
    "choice": (lambda stage: stage.page.locator("main input[type=radio]"), _choose),
    "message to the bot": (lambda stage: stage.page.get_by_text(CODE), _write_to_the_bot),
}


async def by_api(walk: Walk) -> None:
    """An integrator's server asked for the address, and the person is sent there."""
    await walk.stage.start(walk.platform)


async def by_link(walk: Walk) -> None:
    """Somebody was sent a connect link, and presses the platform's button there."""
    await walk.stage.visitor.open((await make_link(walk.stage))["url"])
    await walk.press(walk.stage.page.locator(f"main button[value={walk.platform}]"))


async def by_dashboard(walk: Walk) -> None:
    """Somebody who is signed in presses the platform's button on the dashboard."""
    await walk.stage.enter(walk.stage.people.demo())
    await walk.stage.visitor.open(f"/dashboard/connect?profile={walk.stage.journey.profile_id}")
    await walk.press(walk.stage.page.locator(f"main button[value={walk.platform}]"))


# Where a connection can begin. Further ones: a function that leads to the first page of `walk.platform`.
STARTS: Mapping[str, Start] = {"api": by_api, "link": by_link, "dashboard": by_dashboard}
