"""Accounts that are due for renewal all the time, at platforms that count how often they are asked."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Self

import asyncpg

from tests.fleet.pair import Pair
from tests.harness import settles
from tests.journeys.journey import Journey, query_of

TOKEN_CALLS = {"tiktok": "POST /v2/oauth/token/", "reddit": "POST /api/v1/access_token", "youtube": "POST /token"}
DUE = "UPDATE grant_tokens SET renew_at_ms = 1 WHERE grant_id IN (SELECT grant_id FROM accounts WHERE id = ANY($1))"
ENDED = DUE.replace("renew_at_ms", "access_expires_at_ms")
STATE = (
    "SELECT a.platform, a.is_active, t.version, t.lease_until_ms > 0 OR t.renew_at_ms = 1 AS is_due"
    " FROM accounts a JOIN grant_tokens t USING (grant_id) WHERE a.id = ANY($1)"
)


class Renewed:
    """One account at each of these platforms. TikTok ends a refresh token when it is used."""

    def __init__(self, journey: Journey, both: Pair) -> None:
        self.accounts: list[str] = []
        self._journey = journey
        self._both = both
        self._asked: dict[str, int] = {}
        self._versions: dict[str, int] = {}

    async def connect(self) -> None:
        for platform in TOKEN_CALLS:
            self.accounts.append(query_of(await self._journey.landing(platform))["accountId"])
        self._versions, self._asked = await self._stored(), await self._calls()

    @asynccontextmanager
    async def going_on(self) -> AsyncIterator[Self]:
        """During the body all of them are due, again and again; afterwards none is."""
        task = asyncio.create_task(self._keep_due())
        try:
            yield self
        finally:
            task.cancel()
            await asyncio.wait([task])
        await settles(self._is_done, within_s=60)

    async def until_renewed(self, *, within_s: float = 60.0) -> None:
        """Wait until each was renewed once more."""
        before = await self._stored()

        async def again() -> bool:
            now = await self._stored()
            return all(now[platform] > before[platform] for platform in now)

        await settles(again, within_s=within_s)

    async def asked_once_each(self) -> bool:
        """Whether platforms were asked as often as a renewal was saved."""
        stored, calls = await self._stored(), await self._calls()
        saved = {platform: stored[platform] - self._versions[platform] for platform in stored}
        return saved == {platform: calls[platform] - self._asked[platform] for platform in calls}

    async def read_anew(self) -> None:
        """Renew each by what is stored, which a platform accepts if it is what it gave out last."""
        await self._both.primary.run(ENDED, self.accounts)
        for account in self.accounts:
            assert (await self._journey.get(f"accounts/{account}/token"))["accessToken"]

    async def _keep_due(self) -> None:
        while True:
            with suppress(OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
                await self._make_due()
            await asyncio.sleep(0.2)

    async def _make_due(self) -> None:
        # Not for long: a primary that falls silent in this very moment would hold up all that follows.
        connection = await asyncpg.connect(self._both.primary.url, timeout=2, command_timeout=2)
        try:
            await connection.execute(DUE, self.accounts)
        finally:
            connection.terminate()

    async def _is_done(self) -> bool:
        return not any(row["is_due"] for row in await self._both.primary.run(STATE, self.accounts))

    async def _stored(self) -> dict[str, int]:
        """The version of the tokens at each platform; every account is active."""
        rows = await self._both.primary.run(STATE, self.accounts)
        assert {row["is_active"] for row in rows} == {True}
        return {row["platform"]: row["version"] for row in rows}

    async def _calls(self) -> dict[str, int]:
        return {platform: await self._journey.count(platform, call) for platform, call in TOKEN_CALLS.items()}
