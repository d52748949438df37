"""Renewals ahead of time: grants whose tokens are due, a bounded number at once, and a platform that is slow leaves the
others room.
"""

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta

from moorline import clock
from moorline.accounts import tokens
from moorline.errors import RateLimited
from moorline.limits.buckets import RENEWAL_PLATFORM
from moorline.logs import working
from moorline.service import Service
from moorline.store import grants
from moorline.window import Begun, Window

AT_ONCE = 128
AT_ONE_PLATFORM = 96
REFILL = 32
log = logging.getLogger("moorline.jobs")


class Renewals:
    """The renewals of one process.

    What a platform takes in a minute is counted for all processes, where the limits are shared; that it asked to wait
    all learn from the store, which leaves its grants out of what is due.
    """

    def __init__(self, service: Service) -> None:
        self._service = service
        self._full_until: dict[str, datetime] = {}
        self._window = Window(most=AT_ONCE, most_of_kind=AT_ONE_PLATFORM, refill=REFILL)

    async def work(self) -> int:
        """Renew what is due, and what becomes so meanwhile; how many grants were dealt with."""
        return await self._window.keep_full(self._begin)

    async def _begin(self, full: Sequence[str]) -> Begun:
        if self._service.stopping.is_set():
            return Begun(count=0, may_be_more=False)
        self._service.pulse.beat("renewals")  # while there is plenty to do, the work never ends
        now, count = clock.now(), 0
        self._full_until = {name: until for name, until in self._full_until.items() if until > now}
        left_out = sorted({*self._full_until, *full})
        due = await grants.due(self._service.db, now=now, limit=AT_ONCE, except_of=left_out)
        for grant_id, platform in due:
            if self._window.takes(grant_id, platform) and await self._may_ask(platform):
                self._window.begin(grant_id, platform, self._renew(grant_id))
                count += 1
        return Begun(count=count, may_be_more=count > 0 and len(due) == AT_ONCE)

    async def _may_ask(self, platform: str) -> bool:
        if platform in self._full_until:
            return False
        try:
            await self._service.limits.count((RENEWAL_PLATFORM, platform))
        except RateLimited as full:
            self._full_until[platform] = clock.now() + timedelta(seconds=full.retry_after_s)
            return False
        return True

    async def _renew(self, grant_id: str) -> None:
        try:
            with working("renewal"):
                await tokens.renew_due(self._service, grant_id)
        except Exception:  # one grant that breaks something of ours must not keep the others waiting
            log.exception("renewal_broke")
