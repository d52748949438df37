"""Sessions of the simulated Bluesky servers: signed tokens, rotation with its grace, the sign-in limit.

Source: bluesky.md sections 4, 6, 9 and 10. Each server signs with a random key of its own, made anew by `reset`.
"""

import base64
import enum
import hashlib
import hmac
import json
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from moorline import ids
from moorline.sandbox.kernel import Books

ACCESS_LIFE = timedelta(minutes=120)
REFRESH_LIFE = timedelta(days=90)
ROTATION_GRACE = timedelta(hours=2)


class Scope(enum.StrEnum):
    """What a token is good for, in the words of the token (section 4)."""

    ACCESS = "com.atproto.access"
    APP_PASSWORD = "com.atproto.appPass"
    PRIVILEGED = "com.atproto.appPassPrivileged"
    REFRESH = "com.atproto.refresh"
    TAKENDOWN = "com.atproto.takendown"
    QUEUED = "com.atproto.signupQueued"


FULL_SCOPES = frozenset({Scope.ACCESS, Scope.APP_PASSWORD, Scope.PRIVILEGED})
SESSION_SCOPES = FULL_SCOPES | {Scope.TAKENDOWN, Scope.QUEUED}


class XrpcRefused(Exception):
    """A refusal in the error shape of XRPC: status, error name, message, extra headers."""

    def __init__(self, status: int, error: str, message: str, headers: tuple[tuple[str, str], ...] = ()) -> None:
        super().__init__(error)
        self.status = status
        self.error = error
        self.message = message
        self.headers = headers


@dataclass(frozen=True, slots=True, kw_only=True)
class Claims:
    """What a verified token says."""

    did: str
    scope: Scope
    jti: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenPair:
    """The two tokens of an answer."""

    access: str
    refresh: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RefreshRecord:
    """A refresh token as its server remembers it; `next_jti` is set by the first use and never changes."""

    did: str
    pds: str
    scope: Scope
    expires_at: datetime
    next_jti: str | None = None


class Sessions:
    """All live sessions of all servers."""

    def __init__(self, books: Books, servers: Iterable[str]) -> None:
        self._books = books
        self._keys = {server: ids.random_bytes(32) for server in servers}
        self._records: dict[str, RefreshRecord] = {}

    def open(self, pds: str, did: str, scope: Scope) -> TokenPair:
        """A new session after a sign-in."""
        return self._issue(pds, did, scope, ids.new_secret())

    def rotate(self, claims: Claims) -> TokenPair:
        """The next pair for a refresh token; reuse within two hours gives a token with the same next id.

        Raises: XrpcRefused `ExpiredToken` when the token was deleted or its grace is over.
        """
        now = self._books.clock.now()
        record = self._records.get(claims.jti)
        if record is None or record.expires_at <= now:
            raise XrpcRefused(400, "ExpiredToken", "Token has been revoked")
        following = record.next_jti or ids.new_secret()
        grace_ends_at = min(record.expires_at, now + ROTATION_GRACE)
        self._records[claims.jti] = replace(record, expires_at=grace_ends_at, next_jti=following)
        return self._issue(record.pds, record.did, record.scope, following)

    def close(self, claims: Claims) -> None:
        """Forget one refresh token; none is missed."""
        self._records.pop(claims.jti, None)

    def end(self, did: str, *, scopes: Collection[Scope] = SESSION_SCOPES) -> None:
        """Forget a person's refresh tokens; access tokens live on until they expire (section 6)."""
        self._records = {
            jti: record for jti, record in self._records.items() if record.did != did or record.scope not in scopes
        }

    def read(self, pds: str, token: str, scopes: Collection[Scope], *, expired_too: bool = False) -> Claims:
        """What the token says, once its signature, age and scope are found good.

        Raises: XrpcRefused with the texts of section 6.
        """
        payload = _verified(token, self._keys[pds])
        if not expired_too and int(payload["exp"]) <= self._books.clock.now().timestamp():
            raise XrpcRefused(400, "ExpiredToken", "Token has expired")
        if payload["scope"] not in scopes:
            raise XrpcRefused(400, "InvalidToken", "Bad token scope")
        return Claims(did=payload["sub"], scope=Scope(payload["scope"]), jti=payload.get("jti", ""))

    def _issue(self, pds: str, did: str, scope: Scope, refresh_jti: str) -> TokenPair:
        now = self._books.clock.now()
        shared = {"sub": did, "aud": f"did:web:{pds}", "iat": int(now.timestamp())}
        access = {"scope": scope, **shared, "exp": int((now + ACCESS_LIFE).timestamp())}
        refresh_ends_at = datetime.fromtimestamp(int((now + REFRESH_LIFE).timestamp()), UTC)
        refresh = {
            "scope": Scope.REFRESH,
            **shared,
            "jti": refresh_jti,
            "exp": int(refresh_ends_at.timestamp()),
        }
        self._records.setdefault(refresh_jti, RefreshRecord(did=did, pds=pds, scope=scope, expires_at=refresh_ends_at))
        key = self._keys[pds]
        return TokenPair(
            access=self._books.issue("bluesky", "access_token", _signed("at+jwt", access, key)),
            refresh=self._books.issue("bluesky", "refresh_token", _signed("refresh+jwt", refresh, key)),
        )


def _signed(kind: str, payload: dict[str, object], key: bytes) -> str:
    head = _part({"typ": kind, "alg": "HS256"})
    text = f"{head}.{_part(payload)}"
    return f"{text}.{_base64url(hmac.digest(key, text.encode(), hashlib.sha256))}"


def _verified(token: str, key: bytes) -> dict[str, Any]:
    """The payload of a token that this key signed."""
    text, _, signature = token.rpartition(".")
    expected = _base64url(hmac.digest(key, text.encode(), hashlib.sha256))
    if not text or not hmac.compare_digest(signature.encode(), expected.encode()):
        raise XrpcRefused(400, "InvalidToken", "Token could not be verified")
    payload: dict[str, Any] = json.loads(base64.urlsafe_b64decode(text.partition(".")[2] + "=="))
    return payload


def _part(value: dict[str, object]) -> str:
    return _base64url(json.dumps(value, separators=(",", ":")).encode())


def _base64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
