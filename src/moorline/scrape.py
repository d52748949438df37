"""What a scrape of `/metrics` is answered, and who may scrape.

The database is asked at most every few seconds, however often and by how many it is scraped, and in bounded reads. A
database that does not answer is told by a series; the scrape itself succeeds.
"""

import asyncio
import hmac
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from moorline import clock
from moorline.errors import StoreUnavailable
from moorline.metrics import Backlog, Gauged, Metrics
from moorline.service import Service
from moorline.store import backlog
from moorline.store.backlog import Due

EVERY_S = 15.0
WITHIN_S = 2.0
EXPIRING_DAYS = (1, 7, 14)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scraped:
    """An answer to a scrape."""

    status: int
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""


class Scrape:
    """The one who answers scrapes of a service."""

    def __init__(self, service: Service, metrics: Metrics) -> None:
        self._service = service
        self._metrics = metrics
        self._token = service.settings.metrics_token.encode()
        self._latest: Backlog | None = None
        self._look_again_s = 0.0
        self._looking = asyncio.Lock()

    async def answer(self, *, authorization: str, accept: str) -> Scraped:
        """Every series, for whoever brings the token, if one is set."""
        scheme, _, given = authorization.partition(" ")
        if self._token and not (
            scheme.lower() == "bearer" and hmac.compare_digest(given.strip().encode("utf-8", "replace"), self._token)
        ):
            return Scraped(status=401, headers={"www-authenticate": "Bearer"})
        gauged = await self._gauged()
        # Thousands of lines: written beside the loop, which has people to answer.
        body, content_type = await asyncio.to_thread(self._metrics.text, gauged, accept)
        return Scraped(status=200, headers={"content-type": content_type, "cache-control": "no-store"}, body=body)

    async def _gauged(self) -> Gauged:
        backlog, load = await self._backlog(), self._service.db.load
        return Gauged(
            engine=self._service.db.engine,
            in_use=load.in_use,
            idle=load.idle,
            waiting=load.waiting,
            backlog=backlog,
        )

    async def _backlog(self) -> Backlog | None:
        """What waits, as it was a moment ago; None when the database did not answer."""
        loop = asyncio.get_running_loop()
        async with self._looking:
            if loop.time() >= self._look_again_s:
                try:
                    async with asyncio.timeout(WITHIN_S):
                        self._latest = await self._look()
                except (StoreUnavailable, TimeoutError):
                    self._latest = None
                self._look_again_s = loop.time() + EVERY_S
        return self._latest

    async def _look(self) -> Backlog:
        db, now = self._service.db, clock.now()
        renewals, outbox = await backlog.renewals(db, now), await backlog.deliveries(db, now)
        return Backlog(
            renewals=renewals.count,
            renewals_oldest_s=_age_s(renewals, now),
            deliveries=outbox.count,
            deliveries_oldest_s=_age_s(outbox, now),
            revocations=await backlog.revocations(db),
            expiring={days: await backlog.ending(db, now, now + timedelta(days=days)) for days in EXPIRING_DAYS},
        )


def _age_s(due: Due, now: datetime) -> float:
    return 0.0 if due.oldest_at is None else max(0.0, (now - due.oldest_at).total_seconds())
