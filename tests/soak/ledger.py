"""What came of every token: each call of a token endpoint, who made it, and whether its answer arrived.

The service processes reach the sandbox as `/from/<name>/sandbox/...`, so every call has a caller. A call whose answer
was cut off, came too late, or went to a process that was killed before it can have saved it is *lost*: the platform
did what it was asked, and nobody knows.
"""

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise
from time import monotonic
from typing import Any
from urllib.parse import parse_qsl

from moorline.sandbox.app import Sandbox
from moorline.sandbox.asgi import Message, Receive, Scope, Send

TOKEN_PATH = re.compile(
    r"/(token|access_token|accessToken|refresh_access_token|com\.atproto\.server\.(createSession|refreshSession))/?$"
)
REVOKE_PATH = re.compile(r"/(revoke|revoke_token)/?$")
ACCESS, REFRESH = ("access_token", "accessJwt"), ("refresh_token", "refreshJwt")
TOO_LATE_S = 14.0  # the service waits 15 s for an answer
SAVES_WITHIN_S = 5.0  # of the machine's time; a process that was killed later than that had saved what it got
DEFAULT_LIFE_S = 7200.0


@dataclass(eq=False, slots=True, kw_only=True)
class Consent:
    """All tokens that came of one sign-in."""

    number: int
    host: str
    calls: list["TokenCall"] = field(default_factory=list)
    is_revoked: bool = False


@dataclass(eq=False, slots=True, kw_only=True)
class TokenCall:
    """One call of a token endpoint. `at` is virtual; `reuse_of` the call that had spent the token presented here."""

    consent: Consent | None
    path: str
    presented: str | None = field(repr=False)
    kind: str  # of the token presented
    by: str
    at: datetime
    started_s: float
    ended_s: float
    status: int
    is_cut: bool
    has_tokens: bool
    life_s: float
    reuse_of: "TokenCall | None"

    @property
    def succeeded(self) -> bool:
        """Whether the platform did it, whoever heard of it."""
        return self.status == 200 and (self.has_tokens or self.is_cut)

    @property
    def is_renewal(self) -> bool:
        return self.presented is not None

    @property
    def may_spend(self) -> bool:
        """Whether it can use up what was presented: the tokens that Meta trades for long ones live on beside them."""
        return self.kind == "refresh" or self.path.endswith("/refresh_access_token")

    @property
    def was_trouble(self) -> bool:
        """Whether the caller may have got something else than tokens, at once."""
        return not self.succeeded or self.is_cut or self.ended_s - self.started_s > 1.0


class Ledger:
    """All token calls in the order of their ends. `killed`: when the machine's clock saw the life of a process end."""

    def __init__(self, killed: Mapping[str, float]) -> None:
        self.consents: list[Consent] = []
        self.calls: list[TokenCall] = []
        self.to_lose: list[Consent] = []  # whose next good answer is cut off
        self.in_flight = 0
        self.last_change_s = monotonic()
        self._killed = killed
        self._owner: dict[str, Consent] = {}
        self._spent: dict[str, TokenCall] = {}

    def owner(self, token: str) -> Consent | None:
        """The consent a token came of."""
        return self._owner.get(token)

    def why_lost(self, call: TokenCall) -> str:
        """Why nobody has what this call answered; empty when somebody must."""
        if call.is_cut:
            return "the answer was dropped"
        if call.ended_s - call.started_s > TOO_LATE_S:
            return "the answer came too late"
        killed_s = self._killed.get(call.by)
        if killed_s is not None and killed_s - call.ended_s < SAVES_WITHIN_S:
            return "the process was killed before it can have saved the answer"
        return ""

    def why_dead(self, consent: Consent) -> str:
        """The loss that ended this consent, if it was one: a spent token presented again, since nobody had the next."""
        for call in reversed(consent.calls):
            if not call.succeeded and call.reuse_of is not None:
                return self.why_lost(call.reuse_of)
        return ""

    def reuses(self) -> Iterator[TokenCall]:
        """Spent tokens that were presented again although the answer they were spent for had arrived."""
        return (call for call in self.calls if call.reuse_of is not None and not self.why_lost(call.reuse_of))

    def early(self) -> Iterator[str]:
        """Two renewals of one consent within one window: before three quarters of the first one's life were over."""
        for consent in self.consents:
            done = [call for call in consent.calls if call.succeeded and call.is_renewal]
            # As they were asked: what comes too late was given up before the next one began, yet is carried out after.
            done.sort(key=lambda call: call.started_s)
            for first, second in pairwise(done):
                after_s = (second.at - first.at).total_seconds()
                if after_s < 0.74 * first.life_s and not self.why_lost(first):
                    yield f"{consent.host}: renewed by {first.by}, and {after_s:.0f} s later by {second.by}"

    def retries(self) -> int:
        """How often a spent token was presented again because the answer it was spent for was lost."""
        return sum(call.reuse_of is not None and bool(self.why_lost(call.reuse_of)) for call in self.calls)

    def renewals(self) -> int:
        """How many renewals the platforms carried out."""
        return sum(call.succeeded and call.is_renewal for call in self.calls)

    @contextmanager
    def flight(self) -> Iterator[None]:
        """A call is under way."""
        self.in_flight += 1
        self.last_change_s = monotonic()
        try:
            yield
        finally:
            self.in_flight -= 1
            self.last_change_s = monotonic()

    def note_revoked(self, token: str | None) -> None:
        """The platform withdrew what this token stands for."""
        consent = self._owner.get(token or "")
        if consent is not None:
            consent.is_revoked = True

    def consent_of(self, presented: str | None, host: str) -> Consent:
        """The consent of a token presented, or the new one that a code or a password stands for."""
        found = self._owner.get(presented or "")
        return found or Consent(number=len(self.consents), host=host)

    def note(self, call: TokenCall, told: Mapping[str, str]) -> None:
        """A token call ended; `told` holds the tokens it answered with."""
        if call.presented is not None:
            call.reuse_of = self._spent.get(call.presented)
        self.calls.append(call)
        consent = call.consent
        if consent is None:
            return
        consent.calls.append(call)
        if not call.succeeded:
            return
        if consent not in self.consents:
            self.consents.append(consent)
        self._owner.update(dict.fromkeys(told.values(), consent))
        if call.presented is None or not call.may_spend:
            return
        if told.get(call.kind) == call.presented or (not call.is_cut and call.kind not in told):
            self._spent.pop(call.presented, None)  # it stays good
        else:
            self._spent[call.presented] = call


class Tap:
    """An ASGI app before the sandbox: knows who calls, writes the ledger, and cuts off the answers to be lost."""

    def __init__(self, sandbox: Sandbox, ledger: Ledger) -> None:
        self._sandbox = sandbox
        self._ledger = ledger

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand on; calls of token endpoints are noted."""
        if scope["type"] != "http":
            await self._sandbox(scope, receive, send)
            return
        by, path = _caller(scope["path"])
        scope["path"] = path
        host = path.split("/")[2] if path.startswith("/sandbox/") else ""
        if TOKEN_PATH.search(path) is None and REVOKE_PATH.search(path) is None:
            await self._sandbox(scope, receive, send)
            return
        with self._ledger.flight():
            await self._noted(scope, receive, send, by=by, host=host)

    async def _noted(self, scope: Scope, receive: Receive, send: Send, *, by: str, host: str) -> None:
        body = await _whole(receive)
        sent = _sent(scope, body)
        answer = _Answer(send)
        revokes = REVOKE_PATH.search(scope["path"]) is not None
        kind, presented = ("", sent.get("token")) if revokes else _presented(scope["path"], sent)
        consent = self._ledger.consent_of(presented, host)
        if consent in self._ledger.to_lose:
            answer.keep_bytes = 20
        started_s = monotonic()
        await self._sandbox(scope, _once(body, receive), answer.send)
        if revokes:
            if answer.status == 200:
                self._ledger.note_revoked(presented)
            return
        told, life_s = _told(bytes(answer.body))
        call = TokenCall(
            consent=consent,
            path=scope["path"],
            presented=presented,
            kind=kind,
            by=by,
            at=self._sandbox.books.clock.now(),
            started_s=started_s,
            ended_s=monotonic(),
            status=answer.status,
            is_cut=answer.is_cut,
            has_tokens=bool(told),
            life_s=life_s,
            reuse_of=None,
        )
        if answer.keep_bytes is not None and call.succeeded:
            self._ledger.to_lose.remove(consent)
        self._ledger.note(call, told)


class _Answer:
    """Hands an answer on, and remembers it. One to be lost is broken off, if it is a good one."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self.status = 0
        self.body = bytearray()
        self.is_cut = False
        self.keep_bytes: int | None = None

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
        else:
            self.body += message.get("body", b"")
            self.is_cut = bool(message.get("more_body"))
            if self.keep_bytes is not None and self.status == 200 and _told(bytes(self.body))[0]:
                self.is_cut = True
                message = {**message, "body": message.get("body", b"")[: self.keep_bytes], "more_body": True}
        await self._send(message)


def _caller(path: str) -> tuple[str, str]:
    if not path.startswith("/from/"):
        return "", path
    name, _, rest = path.removeprefix("/from/").partition("/")
    return name, f"/{rest}"


async def _whole(receive: Receive) -> bytes:
    body = bytearray()
    while True:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body"):
            return bytes(body)


def _once(body: bytes, receive: Receive) -> Receive:
    """What an application receives whose request was read already."""
    given: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def again() -> Message:
        return given.pop() if given else await receive()

    return again


def _sent(scope: Scope, body: bytes) -> dict[str, str]:
    """Query and form, and the bearer's token as `bearer`."""
    sent = dict(parse_qsl(scope["query_string"].decode("latin-1")))
    headers = {name.lower(): value.decode("latin-1") for name, value in scope["headers"]}
    if headers.get(b"content-type", "").startswith("application/x-www-form-urlencoded"):
        sent |= dict(parse_qsl(body.decode()))
    kind, _, token = headers.get(b"authorization", "").partition(" ")
    return {**sent, "bearer": token} if kind.lower() == "bearer" else sent


def _presented(path: str, sent: Mapping[str, str]) -> tuple[str, str | None]:
    """Which kind of token stands in a call, and the token; None for a code or a password."""
    refresh = sent.get("bearer") if path.endswith("refreshSession") else sent.get("refresh_token")
    if refresh is not None:
        return "refresh", refresh
    return "access", sent.get("fb_exchange_token") or sent.get("access_token")


def _told(body: bytes) -> tuple[dict[str, str], float]:
    """The tokens of an answer by kind, and the life of the access token."""
    try:
        parsed: Any = json.loads(body)
    except ValueError:
        return {}, DEFAULT_LIFE_S
    inner = parsed.get("data") if isinstance(parsed, dict) else None
    fields = inner[0] if isinstance(inner, list) and inner else parsed
    if not isinstance(fields, dict):
        return {}, DEFAULT_LIFE_S
    access = next((fields[name] for name in ACCESS if name in fields), None)
    refresh = next((fields[name] for name in REFRESH if name in fields), None)
    told = {kind: str(value) for kind, value in (("access", access), ("refresh", refresh)) if value}
    return told, float(fields.get("expires_in", DEFAULT_LIFE_S))
