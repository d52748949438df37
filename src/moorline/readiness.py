"""Whether requests should be sent to this server, as `/readyz` tells proxies and orchestrators.

A database that does not answer is no reason against it: all servers share it, so that all of them would be taken out
at once, and callers would get a blank page of the proxy in place of our 503, which says when to come again.
"""

import asyncio

from moorline.errors import StoreUnavailable
from moorline.service import Service
from moorline.store import migrate

WITHIN_S = 1.0  # who asks gives up after two or three
AWAY = "database away"
_READY = frozenset({"ready", AWAY})


class Readiness:
    """The one who tells it of a service."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._look: asyncio.Task[str] | None = None

    async def told(self) -> tuple[bool, str]:
        """Whether it is ready, and the word for its state."""
        if self._service.stopping.is_set():
            return False, "stopping"
        # One look at a time, whoever asks. It is not broken off when it takes longer: a connection whose server is
        # silent does not let go of who is cancelled, and the pool would fill with such.
        if self._look is None or self._look.done():
            self._look = asyncio.create_task(self._looked())
        await asyncio.wait({self._look}, timeout=WITHIN_S)
        state = self._look.result() if self._look.done() else AWAY
        return state in _READY, state

    async def _looked(self) -> str:
        try:
            return "ready" if await migrate.misfit(self._service.db) is None else "not ready"
        except StoreUnavailable:
            return AWAY
