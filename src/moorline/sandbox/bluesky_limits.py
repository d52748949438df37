"""The sign-in limit of the simulated Bluesky: 30 in 5 minutes and 300 in a day for one identifier.

The real server counts per identifier and IP address; a sandbox call has no address. Source: bluesky.md section 10.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

WINDOWS = ((30, timedelta(minutes=5)), (300, timedelta(days=1)))

Headers = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """Sign-ins of one identifier in one running window."""

    count: int
    ends_at: datetime


class LoginLimits:
    """Counts sign-ins, good and bad alike."""

    def __init__(self) -> None:
        self._tallies: dict[tuple[str, int], Tally] = {}

    def take(self, identifier: str, now: datetime) -> tuple[bool, Headers]:
        """Count one sign-in; whether it may go on, and the headers of the window with the least left."""
        states = [(points, window, self._count(identifier, points, window, now)) for points, window in WINDOWS]
        points, window, tally = min(states, key=lambda state: state[0] - state[2].count)
        headers = (
            ("RateLimit-Limit", str(points)),
            ("RateLimit-Remaining", str(max(points - tally.count, 0))),
            ("RateLimit-Reset", str(int(tally.ends_at.timestamp()))),
            ("RateLimit-Policy", f"{points};w={int(window.total_seconds())}"),
        )
        return all(state[2].count <= state[0] for state in states), headers

    def _count(self, identifier: str, points: int, window: timedelta, now: datetime) -> Tally:
        tally = self._tallies.get((identifier, points))
        if tally is None or tally.ends_at <= now:
            tally = Tally(count=0, ends_at=now + window)
        counted = Tally(count=tally.count + 1, ends_at=tally.ends_at)
        self._tallies[identifier, points] = counted
        return counted
