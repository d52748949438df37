"""Webhooks of the simulated Bot API: which URL may be set, and delivery in order. Source: telegram.md section 3."""

import asyncio
import ipaddress
import re
from dataclasses import dataclass
from urllib.parse import urlsplit

import aiohttp

from moorline.sandbox.kernel import SandboxClock
from moorline.sandbox.telegram_calls import BotApiRefused
from moorline.sandbox.telegram_inbox import Inbox, Update

PORTS = frozenset({80, 88, 443, 8443})
SECRET_LIMIT = 256
SECRET = re.compile(r"[A-Za-z0-9_-]*")
FIRST_PAUSE_S = 1.0
LONGEST_PAUSE_S = 60.0
DELIVERY_TIMEOUT_S = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhook:
    """Where a bot's updates go."""

    url: str
    secret_token: str
    max_connections: int


def check_webhook_url(url: str, *, loopback_allowed: bool) -> None:
    """Refuse what Telegram refuses; `loopback_allowed` is the sandbox's one declared deviation.

    Host names are not resolved here, so "IP address X is reserved" comes for addresses and localhost only.

    Raises: BotApiRefused 400.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        host, port, parts = "", None, urlsplit("")
    if parts.scheme not in {"http", "https"} or not host:
        raise BotApiRefused(400, "Bad Request: invalid webhook URL specified")
    address = _address(host)
    if loopback_allowed and address is not None and address.is_loopback:
        return
    if parts.scheme != "https":
        raise BotApiRefused(400, "Bad Request: bad webhook: An HTTPS URL must be provided for webhook")
    if (port or 443) not in PORTS:
        text = "Bad Request: bad webhook: Webhook can be set up only on ports 80, 88, 443 or 8443"
        raise BotApiRefused(400, text)
    if address is not None and not address.is_global:
        raise BotApiRefused(400, f"Bad Request: bad webhook: IP address {address} is reserved")


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address("127.0.0.1" if host == "localhost" else host)
    except ValueError:
        return None


def check_secret_token(secret: str) -> None:
    """Raises: BotApiRefused 400 for a secret that is too long or has other characters."""
    if len(secret) > SECRET_LIMIT:
        raise BotApiRefused(400, "Bad Request: secret token is too long")
    if not SECRET.fullmatch(secret):
        raise BotApiRefused(400, "Bad Request: secret token contains unallowed characters")


class Delivery:
    """The task that posts a bot's updates to its webhook, one after the other, each until the answer is 2xx.

    Pauses between attempts grow from 1 to 60 real seconds; an update that waited a day is given up.
    """

    def __init__(self, webhook: Webhook, inbox: Inbox, clock: SandboxClock) -> None:
        self.webhook = webhook
        self.last_error: tuple[int, str] | None = None  # Unix seconds, text
        self._inbox = inbox
        self._clock = clock
        self._task = asyncio.get_running_loop().create_task(self._run())

    def stop(self) -> None:
        """End it soon."""
        self._task.cancel()

    async def stopped(self) -> None:
        """End it and wait until its connections are closed."""
        self.stop()
        await asyncio.wait([self._task])

    async def _run(self) -> None:
        timeout = aiohttp.ClientTimeout(total=DELIVERY_TIMEOUT_S)
        async with aiohttp.ClientSession(timeout=timeout) as http:
            while True:
                await self._deliver(http, await self._inbox.head())

    async def _deliver(self, http: aiohttp.ClientSession, update: Update) -> None:
        pause_s = FIRST_PAUSE_S
        while update in self._inbox.pending():
            trouble = await self._post(http, update)
            if trouble is None:
                self._inbox.confirm(update.id)
                return
            self.last_error = (int(self._clock.now().timestamp()), trouble)
            await asyncio.sleep(pause_s)
            pause_s = min(pause_s * 2, LONGEST_PAUSE_S)

    async def _post(self, http: aiohttp.ClientSession, update: Update) -> str | None:
        """None when the webhook took the update, else what getWebhookInfo tells (transport texts are unverified)."""
        secret = self.webhook.secret_token
        headers = {"X-Telegram-Bot-Api-Secret-Token": secret} if secret else {}
        try:
            async with http.post(self.webhook.url, json=update.body, headers=headers, allow_redirects=False) as answer:
                if answer.ok and answer.status < 300:
                    return None
                return f"Wrong response from the webhook: {answer.status} {answer.reason}"
        except TimeoutError:
            return "Read timeout expired"
        except aiohttp.ClientError:
            return "Connection refused"
