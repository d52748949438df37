"""Pauses that platforms ask for (429): what one process is told, all of them keep to.

They are rows of the store, so they outlive whoever was told, and cost nothing while nobody is to wait: who takes the
right to renew is refused by the same statement.
"""

import logging
from datetime import timedelta

from moorline import clock
from moorline.errors import MoorlineError, PlatformRateLimited
from moorline.logs import event
from moorline.service import Service
from moorline.store import platform_pauses
from moorline.store.grants import Grant
from moorline.store.platform_pauses import Asker

DEFAULT_PAUSE_S = 60
# Whatever a header says: it may be wrong, and a person whose access has run out waits as long.
LONGEST_PAUSE_S = 3600
LONGEST_OF_ONE_S = 26 * 3600  # a day, as limits by the day and Meta's first day ask for, and some
log = logging.getLogger("moorline.accounts")


async def note(service: Service, grant: Grant, error: MoorlineError) -> int:
    """Let the app of a grant wait in all processes if its platform asks for that; the seconds this grant is to wait."""
    if not isinstance(error, PlatformRateLimited):
        return 0
    told_s = error.retry_after_s or DEFAULT_PAUSE_S
    if error.app_waits:
        pause_s = min(told_s, LONGEST_PAUSE_S)
        if await platform_pauses.put(service.db, _asker(grant), clock.now() + timedelta(seconds=pause_s)):
            event(log, logging.INFO, "platform_pause", platform=grant.platform, seconds=pause_s)
    return min(told_s, LONGEST_OF_ONE_S)


async def purge(service: Service) -> int:
    """Forget what is over; how many."""
    return await platform_pauses.purge(service.db, now=clock.now(), longest=timedelta(seconds=LONGEST_PAUSE_S))


async def check(service: Service, grant: Grant) -> None:
    """Raises: PlatformRateLimited while the app of this grant is to wait."""
    until = await platform_pauses.get(service.db, _asker(grant))
    if until is not None and (left := until - clock.now()) > timedelta(0):
        wait_s = -(-left // timedelta(seconds=1))
        raise PlatformRateLimited(f"{grant.platform} asked to wait {wait_s} s more.", retry_after_s=wait_s)


def _asker(grant: Grant) -> Asker:
    return Asker(platform=grant.platform, app_id=grant.app_id, server=grant.service_url or "")
