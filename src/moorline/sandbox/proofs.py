"""How an app proves itself in a header, and how it proves that a code is its own."""

import base64
import binascii
import hashlib
import hmac
import re

from moorline.sandbox.kernel import Call
from moorline.sandbox.oauth_rules import Refusal, Refused

_VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}")  # RFC 7636 section 4.1


def basic_credentials(call: Call) -> tuple[str, str]:
    """Id and secret of the Basic header. Raises Refused when there is none, or one that cannot be read."""
    scheme, _, encoded = call.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        raise Refused(Refusal.CLIENT_UNPROVEN)
    try:
        client_id, colon, secret = base64.b64decode(encoded.strip(), validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError) as error:
        raise Refused(Refusal.CLIENT_UNPROVEN) from error
    if not colon:
        raise Refused(Refusal.CLIENT_UNPROVEN)
    return client_id, secret


def verifier_fits(verifier: str, *, challenge: str, method: str, is_hex: bool) -> bool:
    """Whether the challenge was made of this verifier; with `is_hex` S256 is written in lower-case hex."""
    if _VERIFIER.fullmatch(verifier) is None:
        return False
    if method == "plain":
        return hmac.compare_digest(verifier.encode(), challenge.encode())
    digest = hashlib.sha256(verifier.encode()).digest()
    expected = digest.hex().encode() if is_hex else base64.urlsafe_b64encode(digest).rstrip(b"=")
    return hmac.compare_digest(expected, challenge.encode())
