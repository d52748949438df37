"""Consents that end although everybody renews: warned of on each day that is due, and the way back through the link.

The customer's page is played: a service process begins the connection of a link when it is told to.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from tests.soak.people import Connected, connect
from tests.soak.soak import DAY_S, Soak

THRESHOLD_DAYS = (14, 7, 1)
# How long a consent lasts, and the switches of the app that was asked for it (docs/platforms/*.md, tokens).
LIVES: dict[str, tuple[float, list[str]]] = {
    "linkedin": (60 * DAY_S, []),  # an ordinary app gets no refresh tokens
    "youtube": (7 * DAY_S, ["testing"]),  # a project in publishing status Testing
}
LATER: dict[str, list[str]] = {"linkedin": ["refresh_tokens"], "youtube": []}
EARLY_S = 5.0  # platforms tell whole seconds


@dataclass(eq=False, slots=True, kw_only=True)
class Ending:
    """An account whose first consent ends, and whether its person came back."""

    account: Connected
    consented_at: datetime
    ends_at: datetime
    renewed_at: datetime | None = None

    def due(self, until: datetime) -> dict[int, datetime]:
        """On which instants it must have been warned of until one, by days left."""
        over = min(until, self.renewed_at or until)
        found = {days: self.ends_at - timedelta(days=days) for days in THRESHOLD_DAYS}
        early = timedelta(seconds=EARLY_S)
        return {days: at for days, at in found.items() if self.consented_at + early < at <= over}


class Endings:
    """Those accounts, and what was told of them."""

    def __init__(self, soak: Soak) -> None:
        self._soak = soak
        self._all: list[Ending] = []

    async def begin(self) -> None:
        """Let YouTube's app be one whose consents end, before everybody is connected."""
        await self._soak.journey.control("POST", "youtube/settings", {"testing_tells_end": True})
        await self._let_app_be("youtube", LIVES["youtube"][1])

    async def connect(self, person: str) -> None:
        """Take YouTube's account, and connect one to LinkedIn; the apps are others from then on."""
        soak = self._soak
        await self._let_app_be("linkedin", LIVES["linkedin"][1])
        soak.accounts.append(await connect(soak.journey, soak.ledger, "linkedin", person))
        for account in (next(one for one in soak.accounts if one.platform == "youtube"), soak.accounts[-1]):
            await self._let_app_be(account.platform, LATER[account.platform])
            assert account.consent is not None
            at = account.consent.calls[0].at
            ends_at = at + timedelta(seconds=LIVES[account.platform][0])
            self._all.append(Ending(account=account, consented_at=at, ends_at=ends_at))

    async def follow(self) -> None:
        """Whoever was warned for the last time opens the link, and is connected as the same account."""
        for ending in self._all:
            told = [one for one in self._told(ending.account.id) if one["account"]["daysLeft"] == 1]
            if told and ending.renewed_at is None:
                await self._come_back(ending, str(told[-1]["account"]["reconnectUrl"]))

    def problems(self) -> Iterator[str]:
        """Warnings that did not come, came twice, on the wrong day, or of somebody who needs nobody."""
        now = self._soak.sandbox.books.clock.now()
        late = timedelta(seconds=3 * self._soak.plan.step_s[1])  # whoever was to tell may have been killed at it
        known = {ending.account.id for ending in self._all}
        for body in self._soak.messages("account.expiring"):
            if body["account"]["accountId"] not in known:
                yield f"{body['account']['platform']}: warned of an end although it is renewed: {body['account']}"
        for ending in self._all:
            name, due = ending.account.name, ending.due(now)
            days_told = self._days(ending.account.id)
            told = dict(days_told)
            if sorted(days for days, _ in days_told) != sorted(due):
                yield f"{name}: warned {[days for days, _ in days_told]} days ahead, {sorted(due)} were due"
            if 1 in due and ending.renewed_at is None:
                yield f"{name}: warned for the last time, and did not come back"
            for days, at in due.items():
                if days in told and not timedelta(seconds=-EARLY_S) <= told[days] - at <= late:
                    yield f"{name}: warned at {told[days]}, {days} days before the end is {at}"

    async def _let_app_be(self, platform: str, flags: list[str]) -> None:
        app = {
            "platform": platform,
            "client_id": f"sandbox-{platform}",
            "client_secret": f"sandbox-{platform}-secret",
            "redirect_uris": [f"{self._soak.journey.server.base_url}/connect/{platform}/callback"],
            "flags": flags,
        }
        await self._soak.journey.control("POST", "apps", app)

    async def _come_back(self, ending: Ending, url: str) -> None:
        soak, account = self._soak, ending.account
        await soak.journey.control("DELETE", "faults")
        await soak.fleet.all_ready()
        started = await soak.fleet.open_link(url.rpartition("/")[2], account.platform)
        browser = await soak.journey.browser()
        callback = await soak.journey.consent(started, browser=browser, person=account.person)
        before = len(soak.ledger.consents)
        seen = await browser.open(callback)
        assert seen.location is not None, seen.text[:500]
        assert len(soak.ledger.consents) == before + 1, f"{account.name}: the link led to no consent"
        account.consent = soak.ledger.consents[-1]
        ending.renewed_at = account.consent.calls[0].at
        soak.tally.came_back += 1
        listed = [one for one in await soak.journey.accounts() if one["platform"] == account.platform]
        assert account.id in {one["_id"] for one in listed if one["isActive"]}, f"{account.name} is another now"
        assert {one["_id"] for one in listed} == {one.id for one in soak.accounts if one.platform == account.platform}

    def _told(self, account_id: str) -> list[Any]:
        return [body for body in self._soak.messages("account.expiring") if body["account"]["accountId"] == account_id]

    def _days(self, account_id: str) -> list[tuple[int, datetime]]:
        return [
            (body["account"]["daysLeft"], datetime.fromisoformat(body["timestamp"])) for body in self._told(account_id)
        ]
