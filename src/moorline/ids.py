"""All chance comes from here: ids, keys, states, access codes, PKCE verifiers."""

import re
import secrets

from moorline import clock

ID_PATTERN = re.compile(r"[0-9a-f]{24}")

# Letters and digits that nobody confuses when reading them aloud or typing them on a phone.
_CODE_ALPHABET = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"


def new_id() -> str:
    """24 hex characters: 8 of creation time in seconds, 16 random, as the published API's ids are formed."""
    return f"{int(clock.now().timestamp()):08x}{secrets.token_hex(8)}"


def is_id(text: str) -> bool:
    """Whether the text has the form of an id (upper case is not accepted, since it would never be found)."""
    return ID_PATTERN.fullmatch(text) is not None


def new_secret() -> str:
    """256 random bits, base64url without padding (43 characters): states, one-time links, PKCE verifiers."""
    return secrets.token_urlsafe(32)


def new_api_key() -> str:
    """`sk_` and 64 hex characters (256 random bits)."""
    return f"sk_{secrets.token_hex(32)}"


def new_access_code(prefix: str) -> str:
    """`<PREFIX>-` and 6 easily typed characters (30 random bits)."""
    return f"{prefix}-" + "".join(secrets.choice(_CODE_ALPHABET) for _ in range(6))


def random_bytes(count: int) -> bytes:
    """Bytes from the operating system's generator: keys and nonces."""
    return secrets.token_bytes(count)


def jitter() -> float:
    """A number in [0, 1) that spreads retries."""
    return secrets.randbelow(1 << 30) / (1 << 30)
