"""Renewals ahead of time: grants whose tokens are due, a bounded number at once, a platform that asks for a pause left
in peace.
"""

import asyncio
import logging
from datetime import datetime, timedelta

from moorline import clock
from moorline.accounts import tokens
from moorline.service import Service
from moorline.store import grants

AT_ONCE = 32
DEFAULT_PAUSE_S = 60
log = logging.getLogger("moorline.jobs")


class Renewals:
    """The renewals of one process. Platforms that asked to wait are remembered until they may be asked again."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._paused_until: dict[str, datetime] = {}

    async def work(self) -> int:
        """Renew what is due; how many grants were dealt with."""
        now = clock.now()
        self._paused_until = {name: until for name, until in self._paused_until.items() if until > now}
        due = await grants.due(self._service.db, now=now, limit=AT_ONCE, except_of=sorted(self._paused_until))
        await asyncio.gather(*(self._renew(grant_id, platform) for grant_id, platform in due))
        return len(due)

    async def _renew(self, grant_id: str, platform: str) -> None:
        if platform in self._paused_until:
            return
        try:
            waiting = await tokens.renew_due(self._service, grant_id)
        except Exception:  # one grant that breaks something of ours must not keep the others waiting
            log.exception("renewal_broke")
            return
        if waiting is not None:
            pause = timedelta(seconds=waiting.retry_after_s or DEFAULT_PAUSE_S)
            self._paused_until[platform] = clock.now() + pause
