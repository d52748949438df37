"""What the tests of `account.expiring` share: accounts whose access ends, time that goes by, and what was queued."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from moorline import clock
from moorline.jobs.renewals import Renewals
from moorline.jobs.warnings import Warnings
from tests.conftest import FrozenClock
from tests.harness import World

DAY_S = 86_400
LIFE_DAYS = 60  # of LinkedIn's access, which an ordinary app cannot renew
WEBHOOK = {"url": "https://localhost/hook", "events": ["account.expiring", "account.disconnected"]}


@dataclass(frozen=True, slots=True, kw_only=True)
class Expiring:
    """One `account.expiring` as it was queued."""

    at: datetime
    account: dict[str, Any]

    @property
    def days_left(self) -> int:
        return int(self.account["daysLeft"])

    @property
    def token(self) -> str:
        return str(self.account["reconnectUrl"]).rpartition("/")[2]


async def queued(world: World) -> list[Expiring]:
    rows = await world.service.db.all(
        "SELECT body, created_at_ms FROM deliveries WHERE event = 'account.expiring' ORDER BY position"
    )
    return [
        Expiring(at=clock.from_ms(row["created_at_ms"]), account=json.loads(row["body"])["account"]) for row in rows
    ]


async def days_told(world: World) -> list[int]:
    return [one.days_left for one in await queued(world)]


async def subscribed(world: World, platform: str = "linkedin", person: str = "none") -> str:
    """A webhook, and an account connected; its id."""
    await world.ok("POST", "/v1/webhooks/settings", body=WEBHOOK)
    await world.landing(platform, person=person)
    (account,) = await world.accounts()
    return str(account["_id"])


async def move(world: World, frozen_clock: FrozenClock, days: float) -> None:
    """Let time go by for the service and the platforms."""
    frozen_clock.advance(days * DAY_S)
    await world.control("POST", "clock", {"advance_s": days * DAY_S})


async def lived(world: World, frozen_clock: FrozenClock, days: int, *, renewing: bool = True) -> None:
    """Days that go by with everybody at work."""
    renewals, warnings = Renewals(world.service), Warnings(world.service)
    for _ in range(days):
        await move(world, frozen_clock, 1)
        for _ in range(3):
            if renewing:
                await renewals.work()
            await warnings.work()


async def partner(world: World, platform: str, flag: str) -> None:
    """Let the platform's app be one with a switch."""
    app = {
        "platform": platform,
        "client_id": f"sandbox-{platform}",
        "client_secret": f"sandbox-{platform}-secret",
        "redirect_uris": [f"{world.base_url}/connect/{platform}/callback"],
        "flags": [flag],
    }
    await world.control("POST", "apps", app)
