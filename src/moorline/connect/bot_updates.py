"""The one durable consumer of a bot's updates: by long polling under a lease, or delivered to our webhook.

Only one process reads at a time (the platform lets the newest win, and updates would be lost between two). The offset
moves on after an update was dealt with, so a crash in between deals with it again, which changes nothing more.
"""

import asyncio
import hashlib
import hmac
import logging
from collections.abc import Iterable
from contextlib import suppress
from datetime import timedelta

from moorline import clock, ids
from moorline.adapter.bot import BotPlatform, PollingConflict, Update
from moorline.connect import bot_messages
from moorline.connect.bot_code import bot_username
from moorline.errors import MoorlineError, PlatformError, PlatformRateLimited, StoreUnavailable, Unreachable
from moorline.logs import about, event, working
from moorline.service import Service
from moorline.settings import PlatformSettings
from moorline.store import bot_inboxes
from moorline.store.bot_inboxes import Lease

POLL_S = 10  # also how often the lease is extended
LEASE_S = 20  # how long nobody reads after the reader was killed
IDLE_S = 2.0
CONFLICT_S = 3.0
FIRST_PAUSE_S = 1.0
MAX_PAUSE_S = 60.0
HANDLE_TRIES = 5
LONGEST_WAIT_S = 10.0  # whatever the platform asks for: everybody else's messages wait behind this one
LONGEST_PAUSE_S = 15 * 60.0
log = logging.getLogger("moorline.bot")


def configured_bots(service: Service) -> Iterable[BotPlatform]:
    """The bot platforms with a token, unless reading is switched off."""
    if service.settings.telegram_mode == "off":
        return ()
    return [
        adapter
        for adapter in service.platforms.values()
        if isinstance(adapter, BotPlatform)
        and service.settings.platforms.get(adapter.name, PlatformSettings()).client_secret
    ]


class BotConsumer:
    """Reads one bot's updates until it is cancelled; started by the app's lifespan."""

    def __init__(self, service: Service, adapter: BotPlatform) -> None:
        self._service = service
        self._adapter = adapter
        self._app = service.app(adapter.name)
        self._holder = ids.new_id()
        self._pause_s = FIRST_PAUSE_S

    async def run(self) -> None:
        """Read on for ever; trouble is waited out with growing pauses and never ends it."""
        try:
            await self._run()
        finally:
            with suppress(StoreUnavailable):  # the lease runs out by itself; a stop must not wait for the database
                await bot_inboxes.release(self._service.db, self._app.client_id, holder=self._holder)

    async def _run(self) -> None:
        while True:
            try:
                await self._prepare()
                await self._read()
            except PollingConflict as error:
                event(log, logging.WARNING, "bot_conflict", platform=self._adapter.name, reason=str(error))
                await asyncio.sleep(CONFLICT_S)
            except MoorlineError as error:
                event(log, logging.WARNING, "bot_unreachable", platform=self._adapter.name, reason=str(error))
                await asyncio.sleep(_pause_after(error, self._pause_s))
                self._pause_s = min(self._pause_s * 2, MAX_PAUSE_S)

    async def _prepare(self) -> None:
        """Know the bot's name, and switch deliveries to the configured mode."""
        about(platform=self._adapter.name)
        await bot_username(self._service, self._adapter)
        if self._service.settings.telegram_mode == "webhook":
            url = f"{self._service.settings.public_url}/connect/{self._adapter.name}/webhook"
            secret = webhook_secret(self._service, self._adapter)
            await self._adapter.set_webhook(self._service.http, self._app, url=url, secret_token=secret)
        elif (await self._adapter.get_webhook_info(self._service.http, self._app)).url:
            await self._adapter.delete_webhook(self._service.http, self._app)

    async def _read(self) -> None:
        if self._service.settings.telegram_mode == "webhook":
            await asyncio.Event().wait()  # deliveries come in by themselves
        while True:
            lease = await self._take()
            if lease is None:  # another process reads; be ready when it dies
                await asyncio.sleep(IDLE_S)
                continue
            await self._poll(lease)

    async def _take(self) -> Lease | None:
        now = clock.now()
        return await bot_inboxes.take(
            self._service.db,
            self._app.client_id,
            holder=self._holder,
            now=now,
            until=now + timedelta(seconds=LEASE_S),
        )

    async def _poll(self, lease: Lease) -> None:
        offset = lease.next_offset or None
        updates = await self._adapter.get_updates(self._service.http, self._app, offset=offset, timeout_s=POLL_S)
        self._pause_s = FIRST_PAUSE_S  # trouble an hour ago says nothing about the next
        for update in updates:
            with working("bot_update"):
                await handle_with_patience(self._service, self._adapter, update)
            if not await bot_inboxes.advance(self._service.db, lease, update.update_id + 1):
                return  # frozen past the lease: another reads on from here


async def handle_with_patience(service: Service, adapter: BotPlatform, update: Update) -> None:
    """Deal with one update, waiting out passing trouble a few times; what still fails is logged and left.

    One person's message must not hold up everybody else's.
    """
    if update.event is None:
        return
    about(platform=adapter.name)
    for attempt in range(1, HANDLE_TRIES + 1):
        try:
            await bot_messages.handle(service, adapter, update.event)
        except (Unreachable, PlatformRateLimited, StoreUnavailable) as error:
            event(log, logging.WARNING, "bot_update_delayed", update=update.update_id, reason=str(error))
            if attempt < HANDLE_TRIES:
                await asyncio.sleep(min(_pause_after(error, 0.5 * 2**attempt), LONGEST_WAIT_S))
        except MoorlineError as error:
            event(log, logging.ERROR, "bot_update_failed", update=update.update_id, reason=str(error))
            return
        except Exception:  # a fault of ours, met by one message, must not end the reading of all
            log.exception("bot_update_broke update=%d", update.update_id)
            return
        else:
            return


def webhook_secret(service: Service, adapter: BotPlatform) -> str:
    """The secret every delivery must repeat: made of the bot token, so that no setting is needed."""
    token = service.app(adapter.name).client_secret.encode()
    return hmac.new(token, b"moorline webhook secret", hashlib.sha256).hexdigest()


def _pause_after(error: Exception, pause_s: float) -> float:
    if isinstance(error, PlatformRateLimited) and error.retry_after_s is not None:
        return min(float(error.retry_after_s), LONGEST_PAUSE_S)
    return pause_s if isinstance(error, PlatformError | StoreUnavailable) else MAX_PAUSE_S
