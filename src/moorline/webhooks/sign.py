"""Signatures of deliveries: made here, and checked by whoever receives them.

`X-Late-Signature` is the published one: hex HMAC-SHA256 of the raw body under the secret. It covers neither id nor
time, so receivers should read the headers of Standard Webhooks (https://www.standardwebhooks.com, read 2026-11-26)
instead: `webhook-id`, `webhook-timestamp` (unix seconds) and `webhook-signature`, one `v1,<base64>` per live secret
over `id.timestamp.body`.
"""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from moorline import clock, ids

PREFIX = "whsec_"
KEY_BYTES = 32
TOLERANCE = timedelta(minutes=5)


class NotGenuine(Exception):
    """Not a delivery of ours, too old, or seen before; the message says which and repeats nothing of the request."""


def new_secret() -> str:
    """A fresh secret in the form of Standard Webhooks: `whsec_` and 32 random bytes in base64."""
    return PREFIX + base64.b64encode(ids.random_bytes(KEY_BYTES)).decode()


def key_of(secret: str) -> bytes:
    """The key of Standard Webhooks. Raises: ValueError for a `whsec_` secret that is not base64."""
    if not secret.startswith(PREFIX):
        return secret.encode()
    try:
        return base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except binascii.Error as error:
        raise ValueError("what follows whsec_ is not base64") from error


def headers(message_id: str, body: bytes, secrets: Sequence[str], at: datetime) -> dict[str, str]:
    """The headers of one try. `secrets` are the live ones, the present one first."""
    timestamp = str(clock.to_ms(at) // 1000)
    return {
        "X-Late-Signature": hmac.new(secrets[0].encode(), body, hashlib.sha256).hexdigest(),
        "webhook-id": message_id,
        "webhook-timestamp": timestamp,
        "webhook-signature": " ".join(f"v1,{_signature(secret, message_id, timestamp, body)}" for secret in secrets),
    }


class Seen:
    """Remembers what was accepted for as long as it could be accepted again."""

    def __init__(self) -> None:
        self._until: dict[tuple[str, str], datetime] = {}

    def note(self, message_id: str, timestamp: str, now: datetime) -> bool:
        """Whether this is the first time."""
        for known in [known for known, until in self._until.items() if until < now]:
            del self._until[known]
        if (message_id, timestamp) in self._until:
            return False
        self._until[message_id, timestamp] = now + 2 * TOLERANCE
        return True


def verify(given: Mapping[str, str], body: bytes, secrets: Sequence[str], *, seen: Seen | None = None) -> str:
    """For receivers: the id of a genuine message. Whoever acted on that id before has nothing more to do.

    `given` are the request's headers, in any case; `secrets` those a signature may be of; with `seen` a request that
    was accepted before is refused. A redelivery is no such request: it has a timestamp of its own.
    Raises: NotGenuine.
    """
    found = {name.lower(): value for name, value in given.items()}
    try:
        message_id, timestamp = found["webhook-id"], found["webhook-timestamp"]
        signatures = found["webhook-signature"].split(" ")
    except KeyError as error:
        raise NotGenuine(f"The header {error.args[0]} is missing.") from None
    now = clock.now()
    if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= 12):
        raise NotGenuine("The header webhook-timestamp is no number of seconds.")
    if abs(now - clock.from_ms(int(timestamp) * 1000)) > TOLERANCE:
        raise NotGenuine("It was signed more than five minutes before or after now.")
    expected = [f"v1,{_signature(secret, message_id, timestamp, body)}".encode() for secret in secrets]
    given_signatures = [signature.encode("utf-8", "replace") for signature in signatures]
    if not any(hmac.compare_digest(one, other) for one in expected for other in given_signatures):
        raise NotGenuine("No signature fits.")
    if seen is not None and not seen.note(message_id, timestamp, now):
        raise NotGenuine("It was received before.")
    return message_id


def _signature(secret: str, message_id: str, timestamp: str, body: bytes) -> str:
    signed = f"{message_id}.{timestamp}.".encode("utf-8", "surrogateescape") + body
    return base64.b64encode(hmac.new(key_of(secret), signed, hashlib.sha256).digest()).decode()
