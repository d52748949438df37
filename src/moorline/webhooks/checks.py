"""What a webhook may be: everything that can be seen to be wrong is refused when it is set, naming the field."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from moorline.errors import BadRequest
from moorline.guard import Address, Guard, MayNotBeReached, OutboundAllow
from moorline.service import Service
from moorline.webhooks import sign
from moorline.webhooks.events import EVENTS

MAX_NAME_CHARS = 50
MAX_URL_CHARS = 2048
SECRET_CHARS = (8, 256)
MAX_HEADERS = 20
MAX_HEADER_NAME_CHARS = 100
MAX_HEADER_VALUE_CHARS = 4096
HIDDEN = "***"  # in the place of a header's value, in answers; sent back, it leaves the value as it is

_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_HEADER_VALUE = re.compile(r"[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?")
# What the connection itself needs, what describes the body, and what says that it is ours.
_OURS = re.compile(
    r"host|connection|keep-alive|te|trailer|transfer-encoding|upgrade|expect|accept-encoding|(?:proxy|content|x-late"
    r"|webhook)-.*",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookChange:
    """What a call sets; None leaves it as it is, and so does an empty secret."""

    name: str | None = None
    url: str | None = field(default=None, repr=False)
    secret: str | None = field(default=None, repr=False)
    events: Sequence[str] | None = None
    is_active: bool | None = None
    custom_headers: Mapping[str, str] | None = field(default=None, repr=False)


def check(service: Service, change: WebhookChange) -> None:
    """Raises: BadRequest with a sentence for each field that cannot be taken."""
    found = {
        "name": None if change.name is None else _wrong_name(change.name),
        "url": None if change.url is None else _wrong_url(service, change.url),
        "secret": _wrong_secret(change.secret) if change.secret else None,
        "events": None if change.events is None else _wrong_events(change.events),
        "customHeaders": None if change.custom_headers is None else _wrong_headers(change.custom_headers),
    }
    refuse({name: sentence for name, sentence in found.items() if sentence is not None})


def refuse(fields: Mapping[str, str]) -> None:
    """Raises: BadRequest when there is anything to refuse."""
    if fields:
        told = "; ".join(f"{name}: {sentence}" for name, sentence in fields.items())
        raise BadRequest(f"Invalid webhook: {told}.", fields=fields)


def _wrong_name(name: str) -> str | None:
    good = 1 <= len(name.strip()) <= MAX_NAME_CHARS and name.isprintable()
    return None if good else f"1 to {MAX_NAME_CHARS} characters, no control characters"


def _wrong_url(service: Service, url: str) -> str | None:
    if len(url) > MAX_URL_CHARS:
        return f"at most {MAX_URL_CHARS} characters"
    try:
        address = Address.parse(url)
        address.refuse_climbing()
        if "#" in address.tail:
            return "it holds a fragment, which is never sent"
        if not service.outbound_map.matches(url):
            Guard(allow=OutboundAllow.parse(service.settings.outbound_allow)).check(address)
    except ValueError as error:
        return str(error)
    except MayNotBeReached as refusal:
        return f"it may not be reached: {refusal.reason}"
    return None


def _wrong_secret(secret: str) -> str | None:
    fewest, most = SECRET_CHARS
    if not fewest <= len(secret) <= most or not secret.isprintable():
        return f"{fewest} to {most} printable characters"
    try:
        key = sign.key_of(secret)
    except ValueError as error:
        return str(error)
    return None if len(key) >= fewest else f"at least {fewest} bytes after whsec_"


def _wrong_events(events: Sequence[str]) -> str | None:
    if not events:
        return f"at least one of {', '.join(EVENTS)}"
    unknown = [event for event in events if event not in EVENTS]
    return f"there is no event like the one given; there are {', '.join(EVENTS)}" if unknown else None


def _wrong_headers(headers: Mapping[str, str]) -> str | None:
    if len(headers) > MAX_HEADERS:
        return f"at most {MAX_HEADERS} headers"
    if len({name.lower() for name in headers}) != len(headers):
        return "a name is given twice"
    for name, value in headers.items():
        if not _HEADER_NAME.fullmatch(name) or len(name) > MAX_HEADER_NAME_CHARS:
            return "a name is no header name"
        if _OURS.fullmatch(name):
            return f"{name} is set by this server"
        if not _HEADER_VALUE.fullmatch(value) or len(value) > MAX_HEADER_VALUE_CHARS:
            return f"the value of {name} must be 1 to {MAX_HEADER_VALUE_CHARS} plain ASCII characters"
    return None
