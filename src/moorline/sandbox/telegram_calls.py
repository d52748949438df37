"""How the simulated Bot API reads calls and words its answers. Source: telegram.md sections 1, 4 and 10."""

import functools
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from moorline.sandbox.kernel import Call, Covered, Reply, endpoint

HOST = "api.telegram.org"


class BotApiRefused(Exception):
    """A refusal; its text is Telegram's own, exact to the letter."""

    def __init__(self, status: int, description: str, parameters: Mapping[str, int] | None = None) -> None:
        super().__init__(description)
        self.status = status
        self.description = description
        self.parameters = parameters

    def reply(self) -> Reply:
        """The failure envelope; a wait also stands in `Retry-After`."""
        body: dict[str, object] = {"ok": False, "error_code": self.status, "description": self.description}
        headers: tuple[tuple[str, str], ...] = ()
        if self.parameters:
            body["parameters"] = dict(self.parameters)
            if "retry_after" in self.parameters:
                headers = (("Retry-After", str(self.parameters["retry_after"])),)
        return Reply.of_json(body, status=self.status, headers=headers)


def too_many(retry_after_s: int) -> BotApiRefused:
    """The refusal of a call that came too early."""
    return BotApiRefused(429, f"Too Many Requests: retry after {retry_after_s}", {"retry_after": retry_after_s})


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A method's result, with the sentence some methods add."""

    result: object
    description: str | None = None

    def reply(self) -> Reply:
        """The success envelope."""
        told = {} if self.description is None else {"description": self.description}
        return Reply.of_json({"ok": True, "result": self.result, **told})


@dataclass(frozen=True, slots=True)
class Arguments:
    """The parameters of a method: query, form and JSON body alike; structured ones as JSON text."""

    given: Mapping[str, str]

    def text(self, name: str) -> str:
        """Empty when it is absent."""
        return self.given.get(name, "")

    def number(self, name: str, default: int, low: int, high: int) -> int:
        """Cut to the bounds; what is no number counts as 0 before the cut."""
        text = self.given.get(name)
        if text is None:
            return default
        try:
            return min(max(int(text), low), high)
        except ValueError:
            return min(max(0, low), high)

    def flag(self, name: str) -> bool:
        """The spellings of yes."""
        return self.text(name).lower() in {"true", "yes", "1"}

    def names(self, name: str) -> frozenset[str] | None:
        """A JSON array of names; None when it is absent or unreadable."""
        try:
            value = json.loads(self.text(name))
        except ValueError:
            return None
        return frozenset(map(str, value)) if isinstance(value, list) else None


def read_arguments(call: Call) -> Arguments:
    """All parameters of a call.

    Raises: BotApiRefused 400 for a JSON body that is no object (text unverified).
    """
    given = {**call.query, **call.form()}
    if call.headers.get("content-type", "").partition(";")[0].strip().lower() == "application/json" and call.body:
        body = call.json()
        if not isinstance(body, dict):
            raise BotApiRefused(400, "Bad Request: can't parse JSON object")
        given |= {name: value if isinstance(value, str) else json.dumps(value) for name, value in body.items()}
    return Arguments(given)


class HasSessions(Protocol):
    """A platform that knows its bots by their tokens."""

    def session(self, token: str) -> object:
        """Raises: BotApiRefused for a token that opens nothing."""


def bot_method(
    name: str, *, source: str, covered: Covered = Covered.SUPPORTED
) -> Callable[[Callable[..., Awaitable[Answer]]], Callable[..., Awaitable[Reply]]]:
    """Declare a Bot API method; it gets the bot's session and the arguments, and may raise `BotApiRefused`."""

    def declare(function: Callable[..., Awaitable[Answer]]) -> Callable[..., Awaitable[Reply]]:
        @functools.wraps(function)
        async def answer(platform: HasSessions, call: Call) -> Reply:
            try:
                session = platform.session(call.params["token"])
                return (await function(platform, session, read_arguments(call))).reply()
            except BotApiRefused as refused:
                return refused.reply()

        return endpoint("GET|POST", HOST, f"/bot{{token}}/{name}", source=source, covered=covered)(answer)

    return declare
