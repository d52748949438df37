"""Warnings that are due: accounts whose access ends in 14, 7 or 1 days."""

import logging
from datetime import datetime, timedelta

from moorline import clock
from moorline.accounts import warnings
from moorline.errors import StoreUnavailable
from moorline.logs import event, working
from moorline.service import Service
from moorline.store import grants
from moorline.store.db import Deadlocked
from moorline.store.grants import DueWarning

AT_ONCE = 100
MOST_ASIDE = 1_000
BROKEN_WAITS = timedelta(minutes=10)
log = logging.getLogger("moorline.jobs")


class Warnings:
    """The warnings of one process. A grant that breaks something of ours is left alone for a while."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._aside: dict[str, datetime] = {}

    async def work(self) -> int:
        """Tell what is due; how many grants were dealt with."""
        now = clock.now()
        self._aside = {grant_id: until for grant_id, until in self._aside.items() if until > now}
        if len(self._aside) >= MOST_ASIDE:  # what breaks is not the grants, and they need not all be remembered
            return 0
        due = await grants.due_warnings(self._service.db, now=now, limit=AT_ONCE + len(self._aside))
        wanted = [one for one in due if one.grant_id not in self._aside]
        for one in wanted:
            with working("warning"):
                await self._tell(one)
        return len(wanted)

    async def _tell(self, due: DueWarning) -> None:
        try:
            told = await warnings.tell(self._service, due)
        except Deadlocked:  # with a change of the same account; it stays due
            return
        except StoreUnavailable:
            raise
        except Exception:  # one grant that breaks something of ours must not keep the others waiting
            log.exception("warning_broke")
            self._aside[due.grant_id] = clock.now() + BROKEN_WAITS
            return
        for account in told:
            event(log, logging.INFO, "account_expiring", account=account.id, platform=account.platform)
