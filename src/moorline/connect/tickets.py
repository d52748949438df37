"""Sealed handles: what an integrator or a browser holds instead of a platform's token.

A handle is a sealed string of kind, attempt, expiry and item; no row stands behind it. What happens once (a saved
selection, a used state) is noted at the attempt, not at the handle. ADR 0003.
"""

import base64
import binascii
import enum
from dataclasses import dataclass
from datetime import datetime

from moorline import clock
from moorline.vault import CannotOpen, Vault

_ID_BYTES = 12
_EXPIRY_BYTES = 6


class Kind(enum.Enum):
    """What a handle is good for."""

    CONNECT_TOKEN = "connect_token"
    TEMP_TOKEN = "tempToken"
    CHOICE = "access_token"  # stands for the token of one listed choice (a Page); opens like a tempToken
    REFRESH_TOKEN = "refreshToken"  # stands where the documented answers have the platform's own; nothing reads it
    PENDING_DATA = "pendingDataToken"
    COOKIE = "cookie"
    STATUS = "status"  # tells whether an attempt is over; for the page that opened it in a popup


@dataclass(frozen=True, slots=True, kw_only=True)
class Handle:
    """An opened handle. `item` is the listed choice it stands for, empty otherwise."""

    attempt_id: str
    expires_at: datetime
    item: str


class InvalidHandle(Exception):
    """Garbage, expired, of another kind, or sealed elsewhere; its reasons are not told apart."""


def issue(vault: Vault, kind: Kind, *, attempt_id: str, expires_at: datetime, item: str = "") -> str:
    """A URL-safe handle of about 75 characters (more with an item)."""
    plain = bytes.fromhex(attempt_id) + clock.to_ms(expires_at).to_bytes(_EXPIRY_BYTES, "big") + item.encode()
    return base64.urlsafe_b64encode(vault.seal(plain, about=_about(kind))).rstrip(b"=").decode()


def read(vault: Vault, kind: Kind, text: str) -> Handle:
    """Open a handle of one kind. Raises: InvalidHandle."""
    try:
        sealed = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        plain = vault.open(sealed, about=_about(kind))
    except (binascii.Error, ValueError, CannotOpen) as error:
        raise InvalidHandle from error
    expires_at = clock.from_ms(int.from_bytes(plain[_ID_BYTES : _ID_BYTES + _EXPIRY_BYTES], "big"))
    if expires_at <= clock.now():
        raise InvalidHandle
    return Handle(
        attempt_id=plain[:_ID_BYTES].hex(),
        expires_at=expires_at,
        item=plain[_ID_BYTES + _EXPIRY_BYTES :].decode(),
    )


def _about(kind: Kind) -> str:
    return f"handle|{kind.value}"
