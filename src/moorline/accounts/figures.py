"""What people would rather see than read: connections of 30 days, and accesses that end in the coming 12 weeks."""

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from moorline import clock
from moorline.owners.caller import Caller
from moorline.service import Service
from moorline.store import figures

DAYS = 30
WEEKS = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcomes:
    """How many attempts connected, and how many failed; those that nobody finished are neither."""

    connected: int
    failed: int

    @property
    def all(self) -> int:
        """How many there were."""
        return self.connected + self.failed


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """`days`: 30 of them up to today, each with the start of the day in UTC. `platforms`: most attempts first.

    `weeks`: 12 from now on, each with its start and how many accounts come to need a person in it.
    """

    days: tuple[tuple[datetime, Outcomes], ...]
    platforms: tuple[tuple[str, Outcomes], ...]
    weeks: tuple[tuple[datetime, int], ...]


async def read(service: Service, caller: Caller) -> Figures:
    """Of the profiles the caller may see."""
    now = clock.now()
    first = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=DAYS - 1)
    visible = None if caller.profile_ids is None else tuple(sorted(caller.profile_ids))
    tried = await figures.tried(service.db, caller.user_id, profile_ids=visible, since=first)
    ends = await figures.ends(service.db, caller.user_id, profile_ids=visible, now=now, weeks=WEEKS)
    connected, failed = Counter[int | str](), Counter[int | str]()
    for one in tried:
        for key in (one.day, one.platform):
            connected[key] += one.connected
            failed[key] += one.failed
    day_0 = clock.to_ms(first) // figures.DAY_MS
    platforms = [
        (name, Outcomes(connected=connected[name], failed=failed[name])) for name in {one.platform for one in tried}
    ]
    return Figures(
        days=tuple(
            (
                first + timedelta(days=number),
                Outcomes(connected=connected[day_0 + number], failed=failed[day_0 + number]),
            )
            for number in range(DAYS)
        ),
        platforms=tuple(sorted(platforms, key=lambda one: (-one[1].all, one[0]))),
        weeks=tuple((now + timedelta(weeks=number), ends.get(number, 0)) for number in range(WEEKS)),
    )
