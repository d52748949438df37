"""The one way out: a single HTTP client with time-outs, a size limit, the operator's map and the guard."""

import asyncio
import base64
import json
import logging
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from urllib.parse import quote, urlencode

import aiohttp
import msgspec
from multidict import CIMultiDict
from typing_extensions import override
from yarl import URL

from moorline import __version__, ids
from moorline.errors import Unreachable
from moorline.guard import Address, Guard, MayNotBeReached, OutboundAllow, Resolve, guarded_connector, resolve_by_system
from moorline.logs import at_platform, event
from moorline.wire import Http, Reply, Request

CONNECT_TIMEOUT_S = 5.0
PAUSES_S = (0.2, 0.8)  # longest pause before the first and the second repeat
SILENCE_S = 60.0  # of a peer in the middle of a streamed answer
# For how long an unused connection is kept. Servers close theirs after 2 s (gunicorn), 5 s (Apache, Node, uvicorn) or
# more, and a code or refresh token that crosses that close on its way is lost: nobody can tell whether it was spent, so
# it is not sent again. The calls of one callback follow within milliseconds, and of busy apps none misses it: with two
# callbacks a second and platform 4 in 100 connect anew, with five none.
KEPT_UNUSED_S = 1.5

_log = logging.getLogger("moorline.outbound")


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboundMap:
    """The operator's replacements of URL prefixes: self-hosted Bot API servers, egress proxies, the sandbox.

    `replacements` maps an origin to its (path, replacement) pairs, the longest path first.
    """

    replacements: Mapping[str, tuple[tuple[str, str], ...]] = field(default_factory=dict)

    @classmethod
    def parse(cls, text: str | Mapping[str, str]) -> "OutboundMap":
        """Read a JSON object from prefix (origin, or origin and path) to replacement prefix.

        Raises: ValueError with a sentence on the first wrong entry, repeating no user information or query.
        """
        by_origin: dict[str, list[tuple[str, str]]] = {}
        for key, value in _entries(text).items():
            prefix = Address.parse_prefix(key, what="prefix")
            target = Address.parse_prefix(value, what="replacement")
            pairs = by_origin.setdefault(prefix.origin, [])
            if any(path == prefix.tail for path, _ in pairs):
                raise ValueError(f'the prefix "{prefix.origin}{prefix.tail}" is given twice.')
            pairs.append((prefix.tail, target.origin + target.tail))
        for paths in by_origin.values():
            paths.sort(key=lambda pair: -len(pair[0]))
        return cls(replacements={origin: tuple(paths) for origin, paths in by_origin.items()})

    def matches(self, url: str) -> bool:
        """Whether some prefix ends where a path segment of the URL ends."""
        return self._replaced(url) is not None

    def apply(self, url: str) -> str:
        """The URL with its longest matching prefix replaced and all the rest kept, or as it was."""
        replaced = self._replaced(url)
        return url if replaced is None else replaced

    def _replaced(self, url: str) -> str | None:
        if not self.replacements:
            return None
        try:
            address = Address.parse(url)
        except ValueError:
            return None
        for path, replacement in self.replacements.get(address.origin, ()):
            rest = address.tail.removeprefix(path)
            if address.tail.startswith(path) and rest[:1] in {"", "/", "?", "#"}:
                return replacement + rest
        return None


def _entries(text: str | Mapping[str, str]) -> Mapping[str, str]:
    try:
        entries = json.loads(text) if isinstance(text, str) else dict(text)
    except ValueError:
        entries = None
    if not isinstance(entries, dict) or not all(isinstance(value, str) for value in entries.values()):
        raise ValueError('it must be a JSON object of strings: {"https://api.example.com": "http://127.0.0.1:8081"}.')
    return entries


@dataclass(frozen=True, slots=True, kw_only=True)
class _Call:
    """A request made ready: where it goes, and under which name it is spoken of."""

    request: Request
    host: str
    address: Address
    guarded: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class _Failure:
    kind: str
    again: bool = True
    refused: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Streamed:
    """The head of an answer, and its body as it comes, decompressed. `headers` has lower-case names, repeated ones as
    often as they came. Reading raises: Unreachable when the rest does not come.
    """

    status: int
    headers: tuple[tuple[str, str], ...] = field(repr=False)
    chunks: AsyncIterator[bytes] = field(repr=False)


class _BrokenOff(Exception):
    """The connection ended before the answer began."""


class _TooLarge(Exception):
    """The answer is larger than the limit."""


# First match wins. None of aiohttp's own messages is used: they hold URLs, and Telegram's path holds the bot token.
_FAILURES: tuple[tuple[type[Exception], _Failure], ...] = (
    (_TooLarge, _Failure(kind="the answer is too large", again=False)),
    (aiohttp.ConnectionTimeoutError, _Failure(kind="no connection in time")),
    (TimeoutError, _Failure(kind="no answer in time")),
    (aiohttp.ClientConnectorDNSError, _Failure(kind="its name has no address")),
    (aiohttp.ClientConnectorCertificateError, _Failure(kind="its TLS certificate is not valid", again=False)),
    (aiohttp.ClientConnectorSSLError, _Failure(kind="no TLS connection", again=False)),
    (aiohttp.ClientConnectorError, _Failure(kind="no connection")),
    (aiohttp.ClientResponseError, _Failure(kind="the answer is not HTTP", again=False)),
    (aiohttp.InvalidURL, _Failure(kind="the address is malformed", again=False)),
    (Exception, _Failure(kind="the connection broke off")),
)


_TROUBLE = (MayNotBeReached, aiohttp.ClientError, OSError, _BrokenOff, _TooLarge)


class Outbound(Http):
    """Sends every outgoing call of the process; closed once, by whoever made it.

    Follows no redirect, keeps no cookie, reads no proxy from the environment. A request's `json` may be a
    `msgspec.Raw`, whose bytes are sent unchanged. `public_url` is named in the User-Agent; `resolve` looks up the
    names of guarded calls; `tls` replaces the default trust.
    """

    def __init__(
        self,
        *,
        outbound_map: OutboundMap | None = None,
        outbound_allow: OutboundAllow | None = None,
        public_url: str | None = None,
        body_limit_bytes: int = 8 * 1024 * 1024,
        resolve: Resolve = resolve_by_system,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._map = outbound_map or OutboundMap()
        self._guard = Guard(allow=outbound_allow or OutboundAllow())
        self._user_agent = f"Moorline/{__version__}" + (f" (+{public_url})" if public_url else "")
        self._body_limit_bytes = body_limit_bytes
        self._resolve = resolve
        self._tls: ssl.SSLContext | bool = tls or True
        self._sessions: dict[tuple[bool, bool], aiohttp.ClientSession] = {}

    async def close(self) -> None:
        """Close all connections."""
        while self._sessions:
            _, session = self._sessions.popitem()
            await session.close()

    @override
    async def send(self, request: Request) -> Reply:
        call = self._ready(request)
        outcome = await self._attempt(call, 1)
        for attempt, longest_pause_s in enumerate(PAUSES_S, start=2):
            if not request.repeatable or not _worth_repeating(outcome):
                break
            await asyncio.sleep(longest_pause_s * ids.jitter())
            outcome = await self._attempt(call, attempt)
        if isinstance(outcome, Reply):
            return outcome
        raise _unreachable(call, outcome)

    @asynccontextmanager
    async def stream(
        self, request: Request, *, body: bytes | AsyncIterator[bytes] | None = None
    ) -> AsyncIterator[Streamed]:
        """Send once, and answer as soon as the head has come; leaving the context ends the call.

        `body` stands in place of form and json; an iterator is sent as it comes. There is no limit to the size of the
        answer, but one to the peer's silence. Raises: Unreachable.
        """
        call = self._ready(request)
        loop = asyncio.get_running_loop()
        started_s = loop.time()
        outcome: Reply | _Failure
        try:
            response = await self._begin(call, body)
        except _TROUBLE as error:
            outcome = _failure_of(error)
            _tell(call, outcome, attempt=1, ms=round((loop.time() - started_s) * 1000, 1))
            raise _unreachable(call, outcome) from None
        outcome = Reply(status=response.status)
        _tell(call, outcome, attempt=1, ms=round((loop.time() - started_s) * 1000, 1))
        try:
            yield Streamed(status=response.status, headers=_all_headers(response), chunks=_chunks(call, response))
        finally:
            response.close()

    def _ready(self, request: Request) -> _Call:
        text = _with_query(request)
        try:
            named, address = Address.parse(text), Address.parse(self._map.apply(text))
            address.refuse_climbing()
        except ValueError as error:
            reason = str(error)
        else:
            guarded = request.guarded and not self._map.matches(text)
            return _Call(request=request, host=named.host, address=address, guarded=guarded)
        event(
            _log,
            logging.WARNING,
            "outbound_refused",
            platform=at_platform.get(),
            method=request.method,
            failure=reason,
        )
        raise Unreachable(f"The address may not be reached: {reason}.")

    async def _attempt(self, call: _Call, attempt: int) -> Reply | _Failure:
        loop = asyncio.get_running_loop()
        started_s = loop.time()
        outcome: Reply | _Failure
        try:
            if call.guarded:
                self._guard.check(call.address)
            outcome = await self._exchange(call)
        except _TROUBLE as error:
            outcome = _failure_of(error)
        _tell(call, outcome, attempt=attempt, ms=round((loop.time() - started_s) * 1000, 1))
        return outcome

    async def _exchange(self, call: _Call) -> Reply:
        headers, body = _content(call.request)
        url = URL(call.address.origin + call.address.tail, encoded=True)
        timeout = aiohttp.ClientTimeout(total=call.request.timeout_s, connect=CONNECT_TIMEOUT_S)
        session = self._session(guarded=call.guarded)
        async with session.request(
            call.request.method, url, data=body, headers=headers, allow_redirects=False, timeout=timeout
        ) as response:
            return Reply(status=response.status, headers=_headers(response), body=await self._read(response))

    async def _begin(self, call: _Call, body: bytes | AsyncIterator[bytes] | None) -> aiohttp.ClientResponse:
        if call.guarded:
            self._guard.check(call.address)
        headers, own = _content(call.request)
        return await self._session(guarded=call.guarded, streamed=True).request(
            call.request.method,
            URL(call.address.origin + call.address.tail, encoded=True),
            data=own if body is None else body,
            headers=headers,
            skip_auto_headers=("Content-Type",),
            allow_redirects=False,
            timeout=aiohttp.ClientTimeout(total=call.request.timeout_s, connect=CONNECT_TIMEOUT_S, sock_read=SILENCE_S),
        )

    async def _read(self, response: aiohttp.ClientResponse) -> bytes:
        body = bytearray()
        async for chunk in response.content.iter_any():  # already decompressed, a bounded piece at a time
            body += chunk
            if len(body) > self._body_limit_bytes:
                response.close()
                raise _TooLarge
        return bytes(body)

    def _session(self, *, guarded: bool, streamed: bool = False) -> aiohttp.ClientSession:
        kind = guarded, streamed  # apart, so that streams that take long leave the connections of all other calls free
        if kind not in self._sessions:
            self._sessions[kind] = aiohttp.ClientSession(
                connector=self._connector(guarded=guarded),
                cookie_jar=aiohttp.DummyCookieJar(),
                headers={"User-Agent": self._user_agent},
                middlewares=(_send_once,),
                trust_env=False,
            )
        return self._sessions[kind]

    def _connector(self, *, guarded: bool) -> aiohttp.TCPConnector:
        if guarded:
            return guarded_connector(self._guard, self._resolve, tls=self._tls)
        return aiohttp.TCPConnector(ssl=self._tls, limit=256, keepalive_timeout=KEPT_UNUSED_S)


async def _send_once(request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
    # aiohttp by itself repeats a GET or PUT whose kept connection turns out dead. A GET may carry a one-use code, so
    # only `repeatable` decides, and the error becomes one that aiohttp does not know.
    try:
        return await handler(request)
    except aiohttp.ClientConnectorError:
        raise
    except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError):
        raise _BrokenOff from None


def _failure_of(error: Exception) -> _Failure:
    if isinstance(error, MayNotBeReached):
        return _Failure(kind=error.reason, again=False, refused=True)
    return next(failure for kind, failure in _FAILURES if isinstance(error, kind))


def _unreachable(call: _Call, failure: _Failure) -> Unreachable:
    verb = "may not be reached" if failure.refused else "gave no usable answer"
    return Unreachable(f"{call.host} {verb}: {failure.kind}.")


async def _chunks(call: _Call, response: aiohttp.ClientResponse) -> AsyncIterator[bytes]:
    try:
        async for chunk in response.content.iter_any():
            yield chunk
    except _TROUBLE as error:
        raise _unreachable(call, _failure_of(error)) from None


def _worth_repeating(outcome: Reply | _Failure) -> bool:
    return outcome.again if isinstance(outcome, _Failure) else outcome.status in {502, 503, 504}


def _with_query(request: Request) -> str:
    if not request.query:
        return request.url
    return f"{request.url}{'&' if '?' in request.url else '?'}{urlencode(request.query, quote_via=quote)}"


def _content(request: Request) -> tuple[CIMultiDict[str], bytes | None]:
    headers = CIMultiDict(request.headers)
    if request.basic is not None:
        headers["Authorization"] = "Basic " + base64.b64encode(":".join(request.basic).encode()).decode()
    if request.bearer is not None:
        headers["Authorization"] = f"Bearer {request.bearer}"
    if request.form is not None:
        headers.setdefault("Content-Type", "application/x-www-form-urlencoded")
        return headers, urlencode(request.form, quote_via=quote).encode()
    if request.json is not None:
        headers.setdefault("Content-Type", "application/json")
        return headers, msgspec.json.encode(request.json)
    return headers, None


def _headers(response: aiohttp.ClientResponse) -> dict[str, str]:
    names = {name for name, _ in _all_headers(response)}
    return {name: ", ".join(response.headers.getall(name)) for name in sorted(names)}


def _all_headers(response: aiohttp.ClientResponse) -> tuple[tuple[str, str], ...]:
    # The body is decoded where it was encoded, so that these two would be untrue.
    untrue = {"content-encoding", "content-length"} if "content-encoding" in response.headers else frozenset()
    named = ((name.lower(), value) for name, value in response.headers.items())
    return tuple((name, value) for name, value in named if name not in untrue)


def _tell(call: _Call, outcome: Reply | _Failure, *, attempt: int, ms: float) -> None:
    failure = outcome if isinstance(outcome, _Failure) else None
    status = outcome.status if isinstance(outcome, Reply) else None
    refused = failure is not None and failure.refused
    level = logging.WARNING if refused else logging.DEBUG if status and status < 500 else logging.INFO
    event(
        _log,
        level,
        "outbound_refused" if refused else "outbound_call",
        platform=at_platform.get(),
        host=call.host,
        via=call.address.host if call.address.host != call.host else None,
        method=call.request.method,
        attempt=attempt,
        ms=ms,
        status=status,
        failure=failure.kind if failure else None,
    )
