"""A session of the AT Protocol, read from an answer; its tokens are read but never verified.

Facts: docs/platforms/bluesky.md#sessions.
"""

import json
import re
from base64 import urlsafe_b64decode
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from moorline import clock
from moorline.adapter.atproto import Document, parse_document
from moorline.adapter.values import Tokens
from moorline.errors import UnexpectedReply
from moorline.wire import Reply

# What may stand in an Authorization header: a server must not be able to break our next call to it.
_TOKEN = re.compile(r"[!-~]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """What createSession and refreshSession answer. `status` says why the account is inactive; None when it is not."""

    access: str = field(repr=False)
    refresh: str = field(repr=False)
    did: str
    handle: str
    status: str | None
    document: Document | None


def parse_session(reply: Reply) -> Session:
    """The session in an answer with status 200. Raises: UnexpectedReply."""
    raw = reply.json_object()
    found = [raw.get(name) for name in ("accessJwt", "refreshJwt", "did", "handle")]
    match found:
        case [str(access), str(refresh), str(did), str(handle)] if _TOKEN.fullmatch(access) and _TOKEN.fullmatch(
            refresh
        ):
            return Session(
                access=access,
                refresh=refresh,
                did=did,
                handle=handle.lower(),
                status=str(raw.get("status") or "inactive") if raw.get("active") is False else None,
                document=parse_document(raw.get("didDoc"), did),
            )
        case _:
            raise UnexpectedReply("Bluesky's answer lacks a part of the session.", platform_status=reply.status)


def read_claims(token: str) -> Mapping[str, Any]:
    """The payload of a JWT, unverified: what the server that issued it says about it. Empty when unreadable."""
    parts = token.split(".")
    if len(parts) != 3:
        return {}
    try:
        claims = json.loads(urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (ValueError, RecursionError):
        return {}
    return claims if isinstance(claims, dict) else {}


def to_tokens(session: Session, asked: str) -> Tokens:
    """The session as tokens of the server its document names; of the one `asked` when it names none."""
    claims = read_claims(session.access)
    moved_to = session.document.pds if session.document is not None else None
    return Tokens(
        access=session.access,
        refresh=session.refresh,
        access_expires_at=_expiry(claims),
        refresh_expires_at=_expiry(read_claims(session.refresh)),
        granted=(str(claims["scope"]),) if "scope" in claims else None,
        service_url=moved_to or asked,
    )


def _expiry(claims: Mapping[str, Any]) -> datetime | None:
    seconds = claims.get("exp")
    if not isinstance(seconds, int | float) or not 0 < seconds < 1 << 36:
        return None
    return clock.from_ms(int(seconds * 1000))
