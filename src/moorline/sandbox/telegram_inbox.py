"""The updates that wait for a simulated bot, and long polling for them. Source: telegram.md section 3, getUpdates."""

import asyncio
import enum
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice

from moorline.sandbox.kernel import SandboxClock
from moorline.sandbox.telegram_calls import BotApiRefused

KEPT = timedelta(hours=24)  # unverified
UPDATE_TYPES = frozenset({
    "message", "edited_message", "channel_post", "edited_channel_post", "inline_query", "chosen_inline_result",
    "callback_query", "shipping_query", "pre_checkout_query", "poll", "poll_answer", "my_chat_member", "chat_member",
    "chat_join_request", "message_reaction", "message_reaction_count",
})  # fmt: skip
DEFAULT_TYPES = UPDATE_TYPES - {"chat_member", "message_reaction", "message_reaction_count"}


class Ended(enum.Enum):
    """Why a waiting poll was woken."""

    NEWS = "news"
    OTHER_POLL = "other poll"
    WEBHOOK_SET = "webhook set"
    CLOSED = "closed"


REFUSALS = {
    Ended.OTHER_POLL: (
        409,
        "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running",
    ),
    Ended.WEBHOOK_SET: (409, "Conflict: terminated by setWebhook request"),
    Ended.CLOSED: (500, "Internal Server Error: restart"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Update:
    """One update as it waits; `body` is the Update object."""

    id: int
    at: datetime
    body: dict[str, object]


class Inbox:
    """A bot's queue of updates. Waiting is in real seconds, keeping by the sandbox's clock."""

    def __init__(self, clock: SandboxClock, new_id: Callable[[], int]) -> None:
        self._clock = clock
        self._new_id = new_id
        self._updates: deque[Update] = deque()
        self._waiter: asyncio.Future[Ended] | None = None
        self._news = asyncio.Event()
        self._last_poll: tuple[int, float] | None = None  # offset, start in loop time
        self.allowed = DEFAULT_TYPES

    def add(self, kind: str, body: dict[str, object]) -> int | None:
        """Queue an update and wake who waits; None when the bot does not want this type."""
        if kind not in self.allowed:
            return None
        update_id = self._new_id()
        update = Update(id=update_id, at=self._clock.now(), body={"update_id": update_id, kind: body})
        self._updates.append(update)
        self._news.set()
        self.interrupt(Ended.NEWS)
        return update_id

    def pending(self) -> deque[Update]:
        """What waits, oldest first; what waited longer than a day is gone."""
        oldest = self._clock.now() - KEPT
        while self._updates and self._updates[0].at <= oldest:
            self._updates.popleft()
        return self._updates

    def confirm(self, update_id: int) -> None:
        """Drop this update and all before it."""
        while self._updates and self._updates[0].id <= update_id:
            self._updates.popleft()

    def clear(self) -> None:
        """Drop everything, as drop_pending_updates does."""
        self._updates.clear()

    def remember(self, names: frozenset[str] | None) -> None:
        """Keep a list of allowed types until changed: None keeps the last list, an empty one is the default."""
        if names is not None:
            self.allowed = (names & UPDATE_TYPES) or DEFAULT_TYPES

    def interrupt(self, why: Ended) -> None:
        """Wake the waiting poll, if there is one."""
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(why)

    async def poll(self, offset: int, limit: int, timeout_s: int) -> list[Update]:
        """The answer of getUpdates: at once when something waits, else after news or `timeout_s`.

        Raises: BotApiRefused 409 when another poll or a webhook takes over, 500 when the sandbox stops.
        """
        self.interrupt(Ended.OTHER_POLL)
        limit, timeout_s = self._slowed(offset, limit, timeout_s)
        found = self._take(offset, limit)
        if found or timeout_s == 0:
            return found
        ended = await self._wait(timeout_s)
        if ended in REFUSALS:
            raise BotApiRefused(*REFUSALS[ended])
        return self._take(offset, limit)

    async def head(self) -> Update:
        """The oldest update, waited for as long as it takes; it stays until it is confirmed."""
        while not self.pending():
            self._news.clear()
            await self._news.wait()
        return self._updates[0]

    async def _wait(self, timeout_s: int) -> Ended:
        """Why the wait ended; NEWS also after the whole time, since then there is nothing to take."""
        waiter: asyncio.Future[Ended] = asyncio.get_running_loop().create_future()
        self._waiter = waiter
        await asyncio.wait([waiter], timeout=timeout_s)
        return waiter.result() if waiter.done() else Ended.NEWS

    def _take(self, offset: int, limit: int) -> list[Update]:
        """A positive offset confirms all before it, a negative one leaves only the last ones."""
        if offset > 0:
            self.confirm(offset - 1)
        while offset < 0 and len(self._updates) > -offset:
            self._updates.popleft()
        return list(islice(self.pending(), limit))

    def _slowed(self, offset: int, limit: int, timeout_s: int) -> tuple[int, int]:
        """The same offset again within 3 s waits 3 s, within 0.5 s it also gets one update at most."""
        now_s = asyncio.get_running_loop().time()
        last, self._last_poll = self._last_poll, (offset, now_s)
        if last is None or last[0] != offset or now_s >= last[1] + 3:
            return limit, timeout_s
        return (1 if now_s < last[1] + 0.5 else limit), max(timeout_s, 3)
