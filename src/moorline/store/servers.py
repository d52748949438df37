"""Connections to the one of several PostgreSQL servers that takes writes, of which any may be away.

The driver tries several servers too, but within one span of time: a machine that is off, and so never answers, uses
it up, and the next one is never asked. Here each server has its share.
"""

import logging
from collections.abc import Awaitable, Callable
from typing import Any

import asyncpg

from moorline.logs import event
from moorline.store import addresses

CONNECT_TIMEOUT_S = 5.0
log = logging.getLogger("moorline.store")


class Servers:
    """The servers of one address. The one that was connected to last is asked first.

    `moved` is called when that is another one than before.
    """

    def __init__(self, url: str) -> None:
        self.moved: Callable[[], Awaitable[None]] | None = None
        self._url = url
        self._servers = addresses.servers_of(url)
        self._last: int | None = None
        # What is stored here is all there is: a standby, which takes no writes, would be of no use.
        self._wanted = {} if addresses.TARGET in addresses.parameters_of(url) else {addresses.TARGET: "read-write"}

    async def connect(self, *_url: object, **options: Any) -> "asyncpg.Connection[asyncpg.Record]":
        """Connect to the first that takes writes, with the options of the driver. A pool may use it as its own.

        Raises: as the driver; of several refusals the one that tells most.
        """
        within_s = options.pop("timeout", CONNECT_TIMEOUT_S) / max(1, len(self._servers))
        if len(self._servers) <= 1:
            return await self._connected(timeout=within_s, **options)
        refusals: list[Exception] = []
        first = self._last or 0
        for number in (*range(first, len(self._servers)), *range(first)):
            host, port = self._servers[number]
            try:
                connection = await self._connected(host=host, port=port, timeout=within_s, **self._wanted, **options)
            except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InternalClientError) as error:
                refusals.append(error)
            else:
                await self._note(number)
                return connection
        raise next((one for one in refusals if isinstance(one, asyncpg.PostgresError)), refusals[-1])

    async def _connected(self, **options: Any) -> "asyncpg.Connection[asyncpg.Record]":
        connection: asyncpg.Connection[asyncpg.Record] = await asyncpg.connect(self._url, **options)
        return connection

    async def _note(self, number: int) -> None:
        former, self._last = self._last, number
        if former is not None and former != number:
            host, port = self._servers[number]
            event(log, logging.WARNING, "database_moved", server=f"{host}:{port}")
            if self.moved is not None:
                await self.moved()
