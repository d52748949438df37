"""How often somebody may try a password: counted by e-mail address and client, for a quarter of an hour.

A try counts before it is known to be wrong, so that many at once cannot slip through; a right one is taken back. Each
process counts for itself, as it does calls of API keys.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from moorline import clock
from moorline.pages.request import Visit

WINDOW = timedelta(minutes=15)
MOST = {"address at client": 10, "client": 30, "address": 100, "member": 10}
MANY = 10_000  # entries, before those that are over are swept out


@dataclass(slots=True)
class _Count:
    tries: int
    ends_at: datetime


class Tries:
    """The counts of one process."""

    def __init__(self) -> None:
        self._counts: dict[tuple[str, str], _Count] = {}

    def count(self, who: Mapping[str, str]) -> datetime | None:
        """Count a try for each name, by its kind in `MOST`; when the next is welcome, if this one comes too soon."""
        now = clock.now()
        self._sweep(now)
        found = [self._of(kind, name, now) for kind, name in who.items()]
        too_many = [one.ends_at for one, kind in zip(found, who, strict=True) if one.tries >= MOST[kind]]
        if too_many:
            return max(too_many)
        for one in found:
            one.tries += 1
        return None

    def take_back(self, who: Mapping[str, str]) -> None:
        """The last try was a right one."""
        for key in who.items():
            if key in self._counts:
                self._counts[key].tries -= 1

    def _of(self, kind: str, name: str, now: datetime) -> _Count:
        kept = self._counts.get((kind, name))
        if kept is None or kept.ends_at <= now:
            kept = self._counts[kind, name] = _Count(tries=0, ends_at=now + WINDOW)
        return kept

    def _sweep(self, now: datetime) -> None:
        if len(self._counts) >= MANY:
            self._counts = {key: one for key, one in self._counts.items() if one.ends_at > now and one.tries}


def of_sign_in(*, client: str, address: str, is_known: bool) -> dict[str, str]:
    """What a try to sign in counts for; the try of a browser that was in before (`known.py`) not for the address alone.

    Whoever tries a stranger's address from many clients keeps out strangers, and not who belongs there.
    """
    who = {"client": client, "address at client": f"{client}\0{address}"}
    return who if is_known else {**who, "address": address}


def tries_of(request: Visit) -> Tries:
    """The counts of this process."""
    tries: Tries = request.app.state.sign_in_tries
    return tries
