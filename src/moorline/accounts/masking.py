"""Takes tokens out of an answer as it passes: those that were sent, and those that JSON names as tokens.

Each is replaced by as many asterisks, so that lengths told before stay true.
"""

import re
from collections.abc import Iterable
from urllib.parse import quote, quote_plus

_NAMES = rb"(?:access_token|refresh_token|id_token|accessJwt|refreshJwt)"
# JSON inside JSON (Graph's batches) has backslashes before its quotes. Their number is bounded, since a server that
# sends nothing but backslashes would have all of them counted anew from each.
_QUOTE = rb'\\{0,7}"'
_VALUE = rb'(?:[^"\\]|\\{1,7}/|\\{1,7}u[0-9A-Fa-f]{4})*'
_NAMED = rb'(?P<name>"' + _NAMES + _QUOTE + rb"\s{0,99}:\s{0,99}" + _QUOTE + rb")" + _VALUE
_CUT = rb"\\{0,7}(?:u[0-9A-Fa-f]{0,3})?"
_BEGUN = re.compile(
    rb'"'
    + _NAMES
    + rb"(?:\\{0,7}|"
    + _QUOTE
    + rb"\s{0,99}(?::\s{0,99}(?:\\{0,7}|"
    + _QUOTE
    + _VALUE
    + _CUT
    + rb"))?)\Z"
)
_LONGEST_NAME = 32
_MOST_HELD_BYTES = 8 * 1024  # a value that is longer is no token


class Mask:
    """For one answer. What could be the beginning of a token is held until it is known what it is."""

    def __init__(self, secrets: Iterable[str]) -> None:
        spellings = {form.encode() for secret in secrets for form in _forms(secret)}
        longest_first = sorted(spellings, key=len, reverse=True)
        self._pattern = re.compile(b"|".join([*map(re.escape, longest_first), _NAMED]))
        self._held_bytes = max([_LONGEST_NAME, *map(len, spellings)])
        self._held = b""

    def feed(self, chunk: bytes) -> bytes:
        """What may be passed on by now."""
        seen = self._pattern.sub(_asterisks, self._held + chunk)
        cut = max(len(seen) - self._held_bytes, 0)
        begun = _BEGUN.search(seen, max(len(seen) - _MOST_HELD_BYTES, 0))
        if begun is not None:
            cut = min(cut, begun.start())
        self._held = seen[cut:]
        return seen[:cut]

    def end(self) -> bytes:
        """The rest."""
        rest, self._held = self._held, b""
        return rest

    def text(self, value: str) -> str:
        """A header's value without them."""
        raw = value.encode("utf-8", "surrogateescape")
        return self._pattern.sub(_asterisks, raw).decode("utf-8", "surrogateescape")


def _forms(secret: str) -> set[str]:
    """How a token is written in addresses and in JSON."""
    plain = {secret, quote(secret, safe=""), quote(secret), quote_plus(secret)}
    escaped = {form.replace("/", "\\/") for form in plain} | plain
    return escaped | {form.replace("=", "\\u003d") for form in escaped}


def _asterisks(found: re.Match[bytes]) -> bytes:
    name = found["name"] or b""
    return name + b"*" * (len(found[0]) - len(name))
