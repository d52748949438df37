"""One try to deliver: signed, sent past the guard, and what came of it as the log keeps it."""

import asyncio
import logging
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import msgspec

from moorline import clock, ids
from moorline.errors import Unreachable
from moorline.logs import MASK, event
from moorline.service import Service
from moorline.store.delivery_logs import DeliveryLog
from moorline.store.webhooks import Webhook
from moorline.vault import CannotOpen
from moorline.webhooks import sealed, sign
from moorline.wire import Reply, Request

TIMEOUT_S = 10.0
KEPT_BYTES = 10 * 1024  # of the receiver's answer
SHORTEST_MASKED = 4  # a header value of "1" would blank half of every answer
log = logging.getLogger("moorline.webhooks")


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """What is sent: the same id and body at every try."""

    message_id: str
    event: str
    body: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of a try. `error` None: it arrived. `retry_after_s`: the receiver asks us to wait this long."""

    status_code: int | None = None
    response_body: str | None = field(default=None, repr=False)
    error: str | None = None
    retry_after_s: float | None = None
    response_ms: int = 0

    @property
    def arrived(self) -> bool:
        """Whether the receiver took it."""
        return self.error is None

    @property
    def gone(self) -> bool:
        """Whether the receiver wants nothing more, ever."""
        return self.status_code == 410


async def send(service: Service, webhook: Webhook, letter: Letter) -> Outcome:
    """Sign and send, once. Whatever the receiver does is an outcome, not an error."""
    now, body = clock.now(), letter.body.encode()
    try:
        secrets = sealed.open_secrets(service.vault, webhook, now)
        own = sealed.open_headers(service.vault, webhook)
    except CannotOpen:
        event(log, logging.ERROR, "webhook_cannot_be_opened", webhook=webhook.id)
        return Outcome(error="This server cannot open the secret of this webhook: set a new one.")
    request = Request(
        method="POST",
        url=webhook.url,
        json=msgspec.Raw(body),
        headers={**own, **sign.headers(letter.message_id, body, secrets, now)},
        guarded=True,
        timeout_s=TIMEOUT_S,
    )
    loop = asyncio.get_running_loop()
    started_s = loop.time()
    try:
        reply = await service.http.send(request)
    except Unreachable as error:
        return Outcome(error=str(error), response_ms=round((loop.time() - started_s) * 1000))
    return _outcome(reply, hidden=own.values(), response_ms=round((loop.time() - started_s) * 1000))


def to_log(webhook: Webhook, letter: Letter, outcome: Outcome, *, try_number: int) -> DeliveryLog:
    """The try as the log keeps it."""
    return DeliveryLog(
        id=ids.new_id(),
        user_id=webhook.user_id,
        webhook_id=webhook.id,
        message_id=letter.message_id,
        webhook_name=webhook.name,
        url=webhook.url,
        event=letter.event,
        status="success" if outcome.arrived else "failed",
        status_code=outcome.status_code,
        body=letter.body,
        response_body=outcome.response_body,
        error=outcome.error,
        try_number=try_number,
        response_ms=outcome.response_ms,
        created_at=clock.now(),
    )


def _outcome(reply: Reply, *, hidden: Iterable[str], response_ms: int) -> Outcome:
    error = None
    if 300 <= reply.status < 400:
        error = f"The receiver answered {reply.status}; redirects are not followed."
    elif not 200 <= reply.status < 300:
        error = f"The receiver answered {reply.status}."
    return Outcome(
        status_code=reply.status,
        response_body=_text(reply.body, hidden),
        error=error,
        retry_after_s=None if error is None else _seconds(reply.headers.get("retry-after", "")),
        response_ms=response_ms,
    )


def _text(body: bytes, hidden: Iterable[str]) -> str:
    """The start of an answer as text any database takes, without the headers that a receiver may have echoed."""
    text = body[: 2 * KEPT_BYTES].decode("utf-8", "replace").replace("\x00", "\ufffd")
    for value in hidden:
        if len(value) >= SHORTEST_MASKED:
            text = text.replace(value, MASK)
    return text.encode()[:KEPT_BYTES].decode("utf-8", "ignore")  # a character that was cut through goes whole


def _seconds(retry_after: str) -> float | None:
    """`Retry-After` is a number of seconds or a date; anything else says nothing."""
    text = retry_after.strip()
    if text.isascii() and text.isdigit():
        return float(text[:9])
    try:
        at = parsedate_to_datetime(text)
    except (ValueError, TypeError, OverflowError):
        return None
    return max(0.0, (_aware(at) - clock.now()).total_seconds())


def _aware(at: datetime) -> datetime:
    return at if at.tzinfo is not None else at.replace(tzinfo=UTC)
