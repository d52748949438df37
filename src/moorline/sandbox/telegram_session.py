"""What the simulated Bot API keeps for one bot: its inbox, its webhook, its trouble."""

from datetime import datetime, timedelta

from moorline.sandbox.kernel import Books
from moorline.sandbox.telegram_calls import Answer, Arguments, BotApiRefused, too_many
from moorline.sandbox.telegram_delivery import Delivery, Webhook, check_secret_token, check_webhook_url
from moorline.sandbox.telegram_inbox import DEFAULT_TYPES, Ended, Inbox
from moorline.sandbox.telegram_world import User

WEBHOOK_PAUSE = timedelta(seconds=1)
DEFAULT_CONNECTIONS = 40
WEBHOOK_ACTIVE = (
    "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first"
)


class BotSession:
    """One bot, logged in."""

    def __init__(self, bot: User, inbox: Inbox, books: Books) -> None:
        self.bot = bot
        self.inbox = inbox
        self.logged_out = False
        self._books = books
        self._delivery: Delivery | None = None
        self._set_again_at: datetime | None = None
        self._flood = (0, 0)  # calls still refused, seconds to wait

    def flood(self, *, calls: int, retry_after_s: int) -> None:
        """Refuse the next calls with 429."""
        self._flood = (calls, retry_after_s)

    def admit(self) -> None:
        """Raises: BotApiRefused 429 while flooded, 400 after logOut."""
        calls, retry_after_s = self._flood
        if calls > 0:
            self._flood = (calls - 1, retry_after_s)
            raise too_many(retry_after_s)
        if self.logged_out:
            raise BotApiRefused(400, "Logged out")

    async def updates(self, given: Arguments) -> Answer:
        """Answer getUpdates.

        Raises: BotApiRefused 409 while a webhook is active or when something else takes over.
        """
        if self._delivery is not None:
            raise BotApiRefused(409, WEBHOOK_ACTIVE)
        self.inbox.remember(given.names("allowed_updates"))
        offset = given.number("offset", 0, -(2**31), 2**31 - 1)
        limit = given.number("limit", 100, 1, 100)
        found = await self.inbox.poll(offset, limit, given.number("timeout", 0, 0, 50))
        return Answer(result=[update.body for update in found])

    def set_webhook(self, given: Arguments) -> Answer:
        """Answer setWebhook; an empty URL deletes.

        Raises: BotApiRefused 400 and, within a second of the last call, 429.
        """
        now = self._books.clock.now()
        if self._set_again_at is not None and now < self._set_again_at:
            raise too_many(1)
        self._set_again_at = now + WEBHOOK_PAUSE
        url, secret = given.text("url").strip(), given.text("secret_token")
        if not url:
            return self.delete_webhook(given)
        check_webhook_url(url, loopback_allowed=not self._books.strict_https)
        check_secret_token(secret)
        connections = given.number("max_connections", DEFAULT_CONNECTIONS, 1, 100)
        webhook = Webhook(url=url, secret_token=secret, max_connections=connections)
        self._tidy(given)
        if self._delivery is not None and self._delivery.webhook == webhook:
            return Answer(result=True, description="Webhook is already set")
        self._end_delivery()
        self.inbox.interrupt(Ended.WEBHOOK_SET)
        self._delivery = Delivery(webhook, self.inbox, self._books.clock)
        return Answer(result=True, description="Webhook was set")

    def delete_webhook(self, given: Arguments) -> Answer:
        """Answer deleteWebhook."""
        self._tidy(given)
        if self._delivery is None:
            return Answer(result=True, description="Webhook is already deleted")
        self._end_delivery()
        return Answer(result=True, description="Webhook was deleted")

    def webhook_info(self) -> Answer:
        """Answer getWebhookInfo."""
        pending: dict[str, object] = {
            "has_custom_certificate": False,
            "pending_update_count": len(self.inbox.pending()),
        }
        if self.inbox.allowed != DEFAULT_TYPES:
            pending["allowed_updates"] = sorted(self.inbox.allowed)
        if self._delivery is None:
            return Answer(result={"url": "", **pending})
        webhook, error = self._delivery.webhook, self._delivery.last_error
        told = {"last_error_date": error[0], "last_error_message": error[1]} if error else {}
        return Answer(result={"url": webhook.url, **pending, "max_connections": webhook.max_connections, **told})

    def stop(self) -> None:
        """End what waits and what delivers."""
        self.inbox.interrupt(Ended.CLOSED)
        self._end_delivery()

    async def close(self) -> None:
        """End everything and wait for it."""
        self.inbox.interrupt(Ended.CLOSED)
        if self._delivery is not None:
            await self._delivery.stopped()

    def _tidy(self, given: Arguments) -> None:
        self.inbox.remember(given.names("allowed_updates"))
        if given.flag("drop_pending_updates"):
            self.inbox.clear()

    def _end_delivery(self) -> None:
        if self._delivery is not None:
            self._delivery.stop()
            self._delivery = None
