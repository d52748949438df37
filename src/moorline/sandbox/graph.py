"""What Meta's Graph has everywhere: the error envelope, versions, field lists, paged edges."""

import base64
import binascii
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Generic, TypeVar

from moorline import ids
from moorline.sandbox.kernel import Reply

DEFAULT_LIMIT = 25
LARGEST_LIMIT = 100
NO_TOKEN = "An active access token must be used to query information about the current user."
UNPARSED = "Invalid OAuth access token - Cannot parse access token"

# The last day each version answers; the newest has no announced end. (facebook.md section 1)
_VERSIONS: tuple[tuple[str, date], ...] = (
    ("v18.0", date(2026, 1, 26)),
    ("v19.0", date(2026, 5, 21)),
    ("v20.0", date(2026, 9, 24)),
    ("v21.0", date(2027, 1, 21)),
    ("v22.0", date(2027, 5, 20)),
    ("v23.0", date(2027, 10, 8)),
    ("v24.0", date(2028, 2, 18)),
    ("v25.0", date(2028, 7, 29)),
    ("v26.0", date.max),
)

Row = TypeVar("Row")


class GraphError(Exception):
    """A refusal in Graph's envelope. (facebook.md section 10)"""

    def __init__(
        self,
        code: int,
        message: str,
        *,
        subcode: int | None = None,
        status: int = 400,
        kind: str = "OAuthException",
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.subcode = subcode
        self.status = status
        self.kind = kind

    def reply(self, *, headers: tuple[tuple[str, str], ...] = ()) -> Reply:
        """The envelope; only what is optional and absent is left out."""
        error: dict[str, Any] = {"message": self.message, "type": self.kind, "code": self.code}
        if self.subcode is not None:
            error["error_subcode"] = self.subcode
        error["fbtrace_id"] = "A" + ids.new_secret()[:22]
        return Reply.of_json({"error": error}, status=self.status, headers=headers)


def session_expired(expired_at: datetime, now: datetime) -> GraphError:
    """The refusal of a token that is too old. (facebook.md section 10)"""
    form = "%A, %d-%b-%y %H:%M:%S UTC"
    times = f"Session has expired on {expired_at.strftime(form)}. The current time is {now.strftime(form)}."
    return GraphError(190, f"Error validating access token: {times}", subcode=463)


def serving_version(asked: str, now: datetime) -> str:
    """The version that answers: the one asked for, or the oldest usable when that is expired or unreleased."""
    usable = [version for version, last_day in _VERSIONS if now.astimezone(UTC).date() <= last_day]
    return asked if asked in usable else usable[0]


def read_fields(text: str | None, *, known: Sequence[str], default: Sequence[str], node: str) -> tuple[str, ...]:
    """The names of a `fields` parameter, without modifiers such as `.type(large)`. Raises GraphError 100."""
    if not text:
        return tuple(default)
    top_level = re.split(r",(?![^({]*[)}])", text)
    names = tuple(re.split(r"[.({]", part.strip(), maxsplit=1)[0] for part in top_level)
    for name in names:
        if name not in known:
            raise GraphError(100, f"(#100) Tried accessing nonexisting field ({name}) on node type ({node})")
    return tuple(dict.fromkeys(("id", *names)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut(Generic[Row]):
    """One page of results; cursors are there on the last page as well. (facebook.md section 8)"""

    rows: tuple[Row, ...]
    before: str
    after: str
    has_next: bool


def cut(rows: Sequence[Row | None], query: Mapping[str, str]) -> Cut[Row]:
    """The page that `limit` and `after` ask for. A None in `rows` ends a page early and makes an empty one of its own,
    as Graph's filtering after the cut does. Raises GraphError 100.
    """
    start, limit = _read_cursor(query.get("after")), _read_limit(query.get("limit"))
    taken: list[Row] = []
    position = start
    while position < len(rows) and len(taken) < limit:
        row = rows[position]
        if row is None:
            position += 1 if not taken else 0
            break
        taken.append(row)
        position += 1
    return Cut(rows=tuple(taken), before=_cursor(start), after=_cursor(position), has_next=position < len(rows))


def _read_limit(text: str | None) -> int:
    if text is None:
        return DEFAULT_LIMIT
    if not text.isascii() or not text.isdigit() or int(text) == 0:
        raise GraphError(100, "(#100) Param limit must be a positive integer")
    return min(int(text), LARGEST_LIMIT)


def _cursor(position: int) -> str:
    return base64.urlsafe_b64encode(f"at:{position:08d}".encode()).decode().rstrip("=")


def _read_cursor(text: str | None) -> int:
    if text is None:
        return 0
    try:
        mark, _, position = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode().partition(":")
    except (binascii.Error, ValueError) as error:
        raise GraphError(100, "(#100) Invalid cursors values") from error
    if mark != "at" or not position.isdigit():
        raise GraphError(100, "(#100) Invalid cursors values")
    return int(position)
