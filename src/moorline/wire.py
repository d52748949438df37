"""A request to a platform and its reply, as plain values: what adapters write and `outbound.py` sends."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from moorline.errors import UnexpectedReply


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One outgoing call. `url` is the platform's real one, without a query; the query goes into `query`.

    At most one of `form` and `json` is set. `repeatable`: the platform may see it twice without harm, so a call that
    got no answer, or a 502, 503 or 504, is sent again. `guarded`: a user can influence the host, so it must be public
    https. `timeout_s` bounds the whole call, repeats not included.
    """

    method: str
    url: str = field(repr=False)  # Telegram's holds the bot token
    query: Mapping[str, str] = field(default_factory=dict, repr=False)
    form: Mapping[str, str] | None = field(default=None, repr=False)
    json: object | None = field(default=None, repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    basic: tuple[str, str] | None = field(default=None, repr=False)
    bearer: str | None = field(default=None, repr=False)
    repeatable: bool = False
    guarded: bool = False
    timeout_s: float = 15.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What came back, whatever its status. `headers` has lower-case names."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes = field(default=b"", repr=False)

    def json(self) -> Any:
        """The parsed body. Raises: UnexpectedReply when it is no JSON."""
        try:
            return self._parsed()
        except (ValueError, RecursionError) as error:
            raise UnexpectedReply("The platform's answer is not JSON.", platform_status=self.status) from error

    def _parsed(self) -> Any:
        # Decoded here: the parser itself would guess other encodings, and let half surrogates pass.
        text = self.body.decode("utf-8-sig", "replace")
        value = json.loads(text)
        return _clean(value) if "\\u" in text else value

    def json_object(self) -> Mapping[str, Any]:
        """The parsed body when it is an object. Raises: UnexpectedReply otherwise."""
        value = self.json()
        if not isinstance(value, dict):
            raise UnexpectedReply("The platform's answer is no JSON object.", platform_status=self.status)
        return value

    def json_or_empty(self) -> Mapping[str, Any]:
        """The parsed body when it is a JSON object, else an empty one: for reading error bodies that may be HTML."""
        try:
            value = self._parsed()
        except (ValueError, RecursionError):
            return {}
        return value if isinstance(value, dict) else {}


def _clean(value: Any) -> Any:
    """Without NUL and half surrogates, which JSON can write and neither UTF-8 nor a database can hold."""
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace").replace("\x00", "\ufffd")
    if isinstance(value, list):
        return [_clean(item) for item in value]
    return {_clean(name): _clean(item) for name, item in value.items()} if isinstance(value, dict) else value


class Http(Protocol):
    """The one way out; `moorline.outbound.Outbound` in production."""

    async def send(self, request: Request) -> Reply:
        """Send, and answer any reply that came whole.

        Raises: Unreachable when none came (refused, timed out, cut off, larger than the limit, or a guarded URL that
        may not be reached).
        """
        ...
