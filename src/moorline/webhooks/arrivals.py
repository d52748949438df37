"""What arrived, recorded together: deliveries that arrive while a commit is on its way share the next one.

Each of them writes the row of its webhook, so that those of one webhook would else wait for one another's commit.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from moorline import clock
from moorline.errors import StoreUnavailable
from moorline.store import deliveries, delivery_logs, webhooks
from moorline.store.db import Database, Statements
from moorline.store.deliveries import Delivery
from moorline.store.delivery_logs import DeliveryLog


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """A delivery that its receiver took, and the try as the log keeps it."""

    delivery: Delivery
    entry: DeliveryLog


Recorded = bool | BaseException


class Arrivals:
    """The arrivals of one process."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._turn = asyncio.Lock()
        # What is not written yet, so that it takes more, and the task that writes it.
        self._open: tuple[list[Arrival], asyncio.Task[list[Recorded]]] | None = None

    async def record(self, arrival: Arrival) -> bool:
        """Record it for good; False when it was no longer this worker's. A caller that goes away breaks nothing off.

        Raises: StoreUnavailable; then it is not recorded.
        """
        if self._open is None:
            begun: list[Arrival] = []
            self._open = begun, asyncio.create_task(self._write(begun))
        arrivals, written = self._open
        place = len(arrivals)
        arrivals.append(arrival)
        recorded = (await asyncio.shield(written))[place]
        if isinstance(recorded, BaseException):
            raise recorded
        return recorded

    async def _write(self, arrivals: Sequence[Arrival]) -> list[Recorded]:
        async with self._turn:
            self._open = None
            try:
                return [*await self._together(arrivals)]
            except Exception as error:
                if isinstance(error, StoreUnavailable) or len(arrivals) == 1:
                    raise
            # One of them breaks something of ours: the others are recorded all the same.
            alone = (self._together([one]) for one in arrivals)
            found = await asyncio.gather(*alone, return_exceptions=True)
            return [one if isinstance(one, BaseException) else one[0] for one in found]

    async def _together(self, arrivals: Sequence[Arrival]) -> list[bool]:
        # In one order, or two workers would each wait for a webhook that the other one holds.
        held = sorted({one.delivery.webhook_id for one in arrivals})

        async def write(tx: Statements) -> list[bool]:
            now = clock.now()
            for one in arrivals:
                await delivery_logs.insert(tx, one.entry)
            for webhook_id in held:
                await webhooks.hold(tx, webhook_id)
            ours = [await deliveries.finish(tx, one.delivery, "delivered", now) for one in arrivals]
            arrived_at = {one.delivery.webhook_id for one, is_ours in zip(arrivals, ours, strict=True) if is_ours}
            for webhook_id in sorted(arrived_at):
                await webhooks.count_success(tx, webhook_id, now)
            return ours

        return await self._db.transaction(write)
