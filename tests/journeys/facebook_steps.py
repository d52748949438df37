"""Steps of Facebook journeys: the hosted chooser as a browser enters it, the list as integrators' code reads it."""

from typing import Any

from moorline.cli.browser import Browser, Seen
from tests.journeys.journey import APP_URL, Journey

OFFERED = 11  # of the first person's twelve Pages; the other one may be seen and not posted to


async def open_chooser(journey: Journey, browser: Browser, redirect_url: str | None = APP_URL, **decision: str) -> Seen:
    """The hosted page, entered as a browser enters it."""
    started = await journey.start("facebook", redirect_url)
    returned = await browser.open(await journey.consent(started["authUrl"], browser=browser, **decision))
    return await browser.follow(returned)


def offered_on(page: Seen) -> int:
    """How many rows can be chosen."""
    return len([name for name, _ in page.form().choices if name == "choice"])


async def pages_of(journey: Journey, fields: dict[str, str]) -> Any:
    """The answer of the list call."""
    query = {"profileId": fields["profileId"], "tempToken": fields["tempToken"]}
    return await journey.get("connect/facebook/select-page", **query)
