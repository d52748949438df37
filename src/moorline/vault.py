"""Sealing at rest and in handles: AES-256-GCM with a key id and associated data in every value.

A sealed value is `01 | key id (4 bytes) | nonce (12) | ciphertext and tag`. The key id is the start of the key's
SHA-256, so keys need no names. The first key seals; every key opens. The associated data says what the value is and
whose, so a value moved to another row, field or tenant does not open.
"""

import base64
import hashlib
import hmac
from collections.abc import Sequence

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from moorline import ids

KEY_BYTES = 32
_VERSION = b"\x01"
_KEY_ID_BYTES = 4
_NONCE_BYTES = 12
_HEAD_BYTES = 1 + _KEY_ID_BYTES + _NONCE_BYTES
_TAG_BYTES = 16


class CannotOpen(Exception):
    """The value is damaged, cut, of another row, field or tenant, or sealed under a key that is not here."""


def new_key() -> str:
    """A fresh key in the form `MOORLINE_ENCRYPTION_KEYS` takes: 32 random bytes, base64url."""
    return base64.urlsafe_b64encode(ids.random_bytes(KEY_BYTES)).decode()


def parse_key(text: str) -> bytes:
    """The bytes of a key. Raises: ValueError with a sentence that does not repeat the text."""
    try:
        key = base64.b64decode(text.strip().replace("-", "+").replace("_", "/"), validate=True)
    except ValueError as error:  # binascii.Error is one; text that is not ASCII raises the bare one
        raise ValueError("is not base64") from error
    if len(key) != KEY_BYTES:
        raise ValueError(f"has {len(key)} bytes instead of {KEY_BYTES}")
    if len(set(key)) == 1:
        raise ValueError("is one byte repeated, not a random key")
    return key


class Vault:
    """Seals with the first of its keys and opens with any of them."""

    def __init__(self, keys: Sequence[bytes]) -> None:
        if not keys:
            raise ValueError("a vault needs at least one key")
        self._ciphers = {_key_id(key): AESGCM(key) for key in keys}
        self._sealing_id = _key_id(keys[0])
        self._sealing = self._ciphers[self._sealing_id]
        self._signing = [hashlib.sha256(b"moorline signing\x00" + key).digest() for key in keys]

    def seal(self, plain: bytes, *, about: str) -> bytes:
        """Seal `plain`; `about` (what it is, of which row, of which tenant) must be given again to open it."""
        nonce = ids.random_bytes(_NONCE_BYTES)
        head = _VERSION + self._sealing_id
        return head + nonce + self._sealing.encrypt(nonce, plain, head + about.encode())

    def open(self, sealed: bytes, *, about: str) -> bytes:
        """The plain bytes. Raises: CannotOpen, without saying which of its reasons holds."""
        if len(sealed) < _HEAD_BYTES + _TAG_BYTES or sealed[:1] != _VERSION:
            raise CannotOpen
        cipher = self._ciphers.get(sealed[1 : 1 + _KEY_ID_BYTES])
        if cipher is None:
            raise CannotOpen
        head, nonce = sealed[: 1 + _KEY_ID_BYTES], sealed[1 + _KEY_ID_BYTES : _HEAD_BYTES]
        try:
            return cipher.decrypt(nonce, sealed[_HEAD_BYTES:], head + about.encode())
        except InvalidTag as error:
            raise CannotOpen from error

    def is_current(self, sealed: bytes) -> bool:
        """Whether the first key sealed it, by its key id alone: it may be damaged all the same."""
        return sealed.startswith(_VERSION + self._sealing_id)

    def sign(self, plain: bytes, *, about: str) -> bytes:
        """16 bytes that only this service can make, always the same for the same `plain` and `about`.

        For what may be read but not forged; unlike a sealed value it lets caches work.
        """
        return _signature(self._signing[0], plain, about)

    def is_signed(self, plain: bytes, signature: bytes, *, about: str) -> bool:
        """Whether any of the keys made this signature; in constant time for each."""
        return any(hmac.compare_digest(_signature(key, plain, about), signature) for key in self._signing)

    def seal_text(self, plain: str, *, about: str) -> bytes:
        """`seal` for text."""
        return self.seal(plain.encode(), about=about)

    def open_text(self, sealed: bytes, *, about: str) -> str:
        """`open` for text."""
        return self.open(sealed, about=about).decode()


def _signature(key: bytes, plain: bytes, about: str) -> bytes:
    return hmac.digest(key, about.encode() + b"\x00" + plain, "sha256")[:_TAG_BYTES]


def _key_id(key: bytes) -> bytes:
    return hashlib.sha256(b"moorline key id\x00" + key).digest()[:_KEY_ID_BYTES]
