"""A served world that tells a receiver on loopback; its deliveries go when a test says so."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest_asyncio

from moorline.webhooks.deliver import Deliveries
from tests.harness import Tenant, World
from tests.http.conftest import Serve, lines, serve, served_database_url, served_on, shared, world
from tests.webhooks.receiver import Receiver, receiving

__all__ = ["lines", "serve", "served_database_url", "served_on", "shared", "world"]

EVENTS = ["account.connected", "account.disconnected", "account.updated"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A world, and the application it tells."""

    world: World
    receiver: Receiver

    async def webhook(self, *, key: str = "", **given: Any) -> Any:
        """A webhook of the owner's for every event of accounts."""
        body = {"name": "app", "url": self.receiver.url, "events": EVENTS, **given}
        return (await self.world.ok("POST", "/v1/webhooks/settings", key=key, body=body))["webhook"]

    async def webhooks(self) -> list[Any]:
        """The owner's webhooks."""
        listed: list[Any] = (await self.world.ok("GET", "/v1/webhooks/settings"))["webhooks"]
        return listed

    async def logs(self, **query: str) -> list[Any]:
        """The owner's last tries, newest first."""
        listed: list[Any] = (await self.world.ok("GET", "/v1/webhooks/logs", query=query))["logs"]
        return listed

    async def connect(self, chat: str = "@mychannel", *, tenant: Tenant | None = None) -> str:
        """A connected account."""
        who = tenant or self.world.owner
        body = {"chatId": chat, "profileId": who.profile_id}
        told = await self.world.ok("POST", "/v1/connect/telegram", key=who.api_key, body=body)
        return str(told["account"]["_id"])

    async def rename(self, account_id: str, *names: str) -> None:
        """Something to tell, once per name."""
        for name in names:
            await self.world.ok("PUT", f"/v1/accounts/{account_id}", body={"displayName": name})

    async def deliver(self) -> int:
        """Send everything that may go now; how many deliveries were claimed."""
        return await Deliveries(self.world.service).work()

    def names(self) -> list[str]:
        """What the accounts were called in what arrived, in order."""
        return [body["account"]["displayName"] for body in self.receiver.bodies]


@pytest_asyncio.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as opened:
        yield opened


@pytest_asyncio.fixture
async def told(serve: Serve, receiver: Receiver) -> Told:
    allow = f"127.0.0.1:{receiver.port}"
    return Told(world=await serve(OUTBOUND_ALLOW=allow, BACKGROUND="false"), receiver=receiver)
