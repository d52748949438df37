"""The log of calls: what each endpoint was asked, with every secret replaced by the beginning of its hash."""

import hashlib
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from moorline.sandbox.kernel import Call

KEPT_PER_ENDPOINT = 50
_SECRET_PARAMETERS = frozenset(
    {
        "access_token", "appsecret_proof", "client_secret", "code", "code_verifier", "fb_exchange_token",
        "input_token", "password", "refresh_token", "token",
    }
)  # fmt: skip
_SECRET_HEADERS = frozenset({"authorization", "cookie", "proxy-authorization"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Noted:
    """One call and the status it was answered with."""

    at: datetime
    call: Call
    status: int


class CallLog:
    """Counts and the last calls of each endpoint."""

    def __init__(self) -> None:
        self._counts: dict[tuple[str, str], int] = {}
        self._last: dict[tuple[str, str], deque[Noted]] = {}

    def note(self, platform: str, endpoint: str, noted: Noted) -> None:
        """Count the call and keep it until `KEPT_PER_ENDPOINT` later ones came."""
        key = (platform, endpoint)
        self._counts[key] = self._counts.get(key, 0) + 1
        self._last.setdefault(key, deque(maxlen=KEPT_PER_ENDPOINT)).append(noted)

    def clear(self) -> None:
        """Start counting anew."""
        self._counts.clear()
        self._last.clear()

    def view(self, platform: str | None, *, secrets: Iterable[str]) -> list[dict[str, Any]]:
        """The log as JSON values, of one platform or all; `secrets` are replaced wherever they occur."""
        hide = _Hider(secrets)
        return [
            {
                "platform": name,
                "endpoint": endpoint,
                "count": count,
                "requests": [_shown(noted, hide) for noted in self._last[name, endpoint]],
            }
            for (name, endpoint), count in self._counts.items()
            if platform in {None, name}
        ]


def hashed(secret: str) -> str:
    """What stands in the log in place of a secret."""
    return "sha256:" + hashlib.sha256(secret.encode()).hexdigest()[:16]


class _Hider:
    def __init__(self, secrets: Iterable[str]) -> None:
        # Longest first: a token that begins with another one must not leave its end behind.
        self._secrets = sorted(set(filter(None, secrets)), key=len, reverse=True)

    def text(self, text: str) -> str:
        for secret in self._secrets:
            if secret in text:
                text = text.replace(secret, hashed(secret))
        return text

    def named(self, values: Mapping[str, str]) -> dict[str, str]:
        return {
            self.text(name): hashed(value) if name in _SECRET_PARAMETERS else self.text(value)
            for name, value in values.items()
        }

    def headers(self, headers: Mapping[str, str]) -> dict[str, str]:
        return {
            name: self._credentials(value) if name in _SECRET_HEADERS else self.text(value)
            for name, value in headers.items()
        }

    def _credentials(self, value: str) -> str:
        scheme, space, credentials = value.partition(" ")
        return f"{scheme} {hashed(credentials)}" if space else hashed(value)

    def tree(self, value: object, name: str = "") -> object:
        if isinstance(value, dict):
            return {self.text(str(key)): self.tree(item, str(key)) for key, item in value.items()}
        if isinstance(value, list):
            return [self.tree(item, name) for item in value]
        if isinstance(value, str):
            return hashed(value) if name in _SECRET_PARAMETERS else self.text(value)
        return value


def _shown(noted: Noted, hide: _Hider) -> dict[str, Any]:
    call = noted.call
    return {
        "at": noted.at.isoformat(),
        "method": call.method,
        "host": call.host,
        "path": hide.text(call.path),
        "query": hide.named(call.query),
        "headers": hide.headers(call.headers),
        "body": _shown_body(call, hide),
        "status": noted.status,
    }


def _shown_body(call: Call, hide: _Hider) -> object:
    """Form and JSON bodies by their fields; of any other only the length, since nobody knows what is secret in it."""
    form = call.form()
    if form:
        return hide.named(form)
    parsed = call.json()
    if isinstance(parsed, dict | list):
        return hide.tree(parsed)
    return {"bytes": len(call.body)} if call.body else None
