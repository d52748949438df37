"""A double of a platform: it answers a queue or a table of replies and records what it is asked."""

import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from moorline.errors import Unreachable
from moorline.wire import Reply, Request

NOW = datetime(2026, 11, 24, 0, 0, tzinfo=UTC)
MAX_CALLS = 200  # whoever asks more often will never stop
_REPLIES = Path(__file__).parent / "replies"


def recorded(platform: str, name: str) -> Reply:
    """The reply of replies/<platform>/<name>.json."""
    raw = json.loads((_REPLIES / platform / f"{name}.json").read_text())
    body = b"" if raw["body"] is None else json.dumps(raw["body"]).encode()
    return Reply(status=raw["status"], headers=raw["headers"], body=body)


def names_of(platform: str, pattern: str) -> list[str]:
    """The names of the platform's recorded replies that match."""
    return sorted(path.stem for path in (_REPLIES / platform).glob(f"{pattern}.json"))


def body_of(platform: str, name: str) -> dict[str, Any]:
    body: dict[str, Any] = recorded(platform, name).json()
    return body


def answer(body: object, status: int = 200, headers: Mapping[str, str] | None = None) -> Reply:
    return Reply(status=status, headers=headers or {}, body=json.dumps(body).encode())


Answers = Reply | None | Iterable[Reply | None]


class Platform:
    """Answers by method and address; None, and an address without an answer, is a host that does not answer.

    Several answers of one address are given one after the other, the last again and again.
    """

    def __init__(self, answers: Mapping[tuple[str, str], Answers]) -> None:
        self.sent: list[Request] = []
        self._left = {
            place: [given] if given is None or isinstance(given, Reply) else list(given)
            for place, given in answers.items()
        }

    async def send(self, request: Request) -> Reply:
        self.sent.append(request)
        assert len(self.sent) <= MAX_CALLS
        left = self._left.get((request.method, request.url), [None])
        reply = left.pop(0) if len(left) > 1 else left[0]
        if reply is None:
            raise Unreachable("connection refused")
        return reply

    def urls(self) -> list[str]:
        return [request.url for request in self.sent]

    def asked(self, url: str) -> list[Request]:
        return [request for request in self.sent if request.url == url]
