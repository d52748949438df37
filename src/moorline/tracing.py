"""OpenTelemetry spans of requests, calls out, statements and background jobs, when the operator asks for them.

Nothing of it is imported, wrapped or run otherwise. Attributes are written one by one and hold what this file says:
routes and templates, never a path, a query, a header, a value or an error's text, since any of these can hold a secret.
"""

import re
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from functools import lru_cache
from typing import Any, TypeVar
from urllib.parse import urlsplit

from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased
from opentelemetry.trace import INVALID_SPAN, Span, SpanKind, StatusCode, get_current_span
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from typing_extensions import override

from moorline import __version__, logs
from moorline.outbound import Outbound, Streamed
from moorline.store.db import Database, Row, Statements, Work, Wrapped
from moorline.wire import Reply, Request

T = TypeVar("T")
EXPORT_WITHIN_S = 5
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
# What a platform's own path consists of: words and versions. Everything else is an id, a name or worse.
_OWN_SEGMENT = re.compile(r"v?\d{1,2}(?:\.\d{1,2})?|[A-Za-z_][A-Za-z_.-]{0,47}[0-9]?(?::[a-z][A-Za-z]{0,23})?")
_NAMED_AFTER = frozenset({"r", "u", "user"})  # such a segment is followed by a name
_VERB = re.compile(r"\s*(?:WITH\b.*?\)\s*)?(SELECT|INSERT|UPDATE|DELETE|PRAGMA)\b", re.IGNORECASE | re.DOTALL)
_TABLE = re.compile(r"\b(?:FROM|INTO|UPDATE)\s+([a-z_]+)", re.IGNORECASE)


class Tracing:
    """The spans of one process, sent to `url` (OTLP over HTTP, protobuf) in the background."""

    def __init__(self, *, url: str, percent: int = 100, joins_callers: bool = False) -> None:
        self._provider = TracerProvider(
            resource=Resource.create({"service.name": "moorline", "service.version": __version__}),
            sampler=ParentBased(TraceIdRatioBased(percent / 100)),
            shutdown_on_exit=False,
        )
        self._provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=url, timeout=EXPORT_WITHIN_S)))
        self._tracer = self._provider.get_tracer("moorline", __version__)
        self._joins_callers = joins_callers

    def flush(self) -> bool:
        """Send what has ended so far; whether it arrived in time. Blocks."""
        return self._provider.force_flush(EXPORT_WITHIN_S * 1000)

    def close(self) -> None:
        """Send what is left, as far as the receiver takes it in time; the rest is let go. Blocks."""
        # Not in this thread: the library sends batch after batch, and has no limit for all of them.
        closing = threading.Thread(target=self._provider.shutdown, name="traces-closing", daemon=True)
        closing.start()
        closing.join(EXPORT_WITHIN_S)

    @contextmanager
    def span(self, name: str, kind: SpanKind = SpanKind.INTERNAL, context: Context | None = None) -> Iterator[Span]:
        """A span around the body, in a trace that is kept: else a span that tells nobody. `context` begins a trace.

        Of an error it keeps the kind, not the text.
        """
        if context is None and not get_current_span().is_recording():
            yield INVALID_SPAN  # of those that are not kept there are many, and each costs as much as one that is
            return
        with self._tracer.start_as_current_span(
            name, context=context, kind=kind, record_exception=False, set_status_on_exception=False
        ) as span:
            try:
                yield span
            except Exception as error:
                _failed(span, type(error).__name__)
                raise

    @contextmanager
    def job(self, name: str) -> Iterator[None]:
        """A trace of its own around a piece of background work."""
        with self.span(f"job {name}", context=Context()) as span:
            logs.trace_id.set(_id_of(span))
            yield

    def requests(self, app: Any) -> "Requests":
        """The ASGI application with a span for each request."""
        return Requests(app, self)

    def parent(self, scope: Any) -> Context:
        """The caller's trace where callers are trusted with that, else none."""
        if not self._joins_callers:
            return Context()
        given = next((value for name, value in scope["headers"] if name == b"traceparent"), b"")
        return TraceContextTextMapPropagator().extract({"traceparent": given.decode("latin-1")}, Context())


class Requests:
    """An ASGI layer: a span for each request."""

    def __init__(self, app: Any, tracing: Tracing) -> None:
        self._app = app
        self._tracing = tracing

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """ASGI entry."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        method = scope["method"] if scope["method"] in METHODS else "_OTHER"
        status = 0

        async def noting(message: Any) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        with self._tracing.span(method, SpanKind.SERVER, self._tracing.parent(scope)) as span:
            logs.trace_id.set(_id_of(span))  # stays, for the line that tells the answer; a request is a task of its own
            try:
                await self._app(scope, receive, noting)
            finally:
                _describe_request(span, method, scope.get("path_template"), status)


def _describe_request(span: Span, method: str, route: str | None, status: int) -> None:
    span.set_attribute("http.request.method", method)
    if route:
        span.update_name(f"{method} {route}")
        span.set_attribute("http.route", route)
    if status:
        span.set_attribute("http.response.status_code", status)
    if status >= 500:
        _failed(span, str(status))
    for name, variable in (("moorline.request_id", logs.request_id), ("moorline.attempt_id", logs.attempt_id)):
        if (value := variable.get()) is not None:
            span.set_attribute(name, value)


class TracedOutbound(Outbound):
    """The way out, with a span for each call."""

    def __init__(self, tracing: Tracing, **given: Any) -> None:
        super().__init__(**given)
        self._tracing = tracing

    @override
    async def send(self, request: Request) -> Reply:
        with self._span(request) as span:
            reply = await super().send(request)
            _describe_answer(span, reply.status)
            return reply

    @override
    @asynccontextmanager
    async def stream(
        self, request: Request, *, body: bytes | AsyncIterator[bytes] | None = None
    ) -> AsyncIterator[Streamed]:
        with self._span(request, with_path=False) as span:
            async with super().stream(request, body=body) as streamed:
                _describe_answer(span, streamed.status)
                yield streamed

    @contextmanager
    def _span(self, request: Request, *, with_path: bool = True) -> Iterator[Span]:
        host, template = _place_of(request)
        method = request.method if request.method in METHODS else "_OTHER"
        named = f"{method} {template}" if with_path and template is not None else method
        with self._tracing.span(named, SpanKind.CLIENT) as span:
            span.set_attribute("http.request.method", method)
            span.set_attribute("server.address", host)
            if with_path and template is not None:
                span.set_attribute("url.template", template)
            if (platform := logs.at_platform.get()) is not None:
                span.set_attribute("moorline.platform", platform)
            yield span


def _place_of(request: Request) -> tuple[str, str | None]:
    """The host, and the path without what is no word of the platform's own; None where a user chose the path."""
    try:
        parts = urlsplit(request.url)
        host = parts.hostname or ""
    except ValueError:
        return "", None
    return host, None if request.guarded else template_of(parts.path)


def template_of(path: str) -> str:
    """A platform's path with ids, names and tokens left out: `/v25.0/{}/accounts`."""
    told: list[str] = []
    for segment in path.split("/"):
        named = told and told[-1] in _NAMED_AFTER
        told.append(segment if not segment or (_OWN_SEGMENT.fullmatch(segment) and not named) else "{}")
    return "/".join(told)


def _describe_answer(span: Span, status: int) -> None:
    span.set_attribute("http.response.status_code", status)
    if status >= 400:
        _failed(span, str(status))


@lru_cache(maxsize=1024)
def kind_of(sql: str) -> str:
    """The verb of a statement and its first table: `SELECT accounts`."""
    verb, table = _VERB.match(sql), _TABLE.search(sql)
    return " ".join(found[1] if found is table else found[1].upper() for found in (verb, table) if found is not None)


class TracedDatabase(Wrapped):
    """A database, with a span for each statement or transaction. Values and texts of statements are in none."""

    def __init__(self, db: Database, tracing: Tracing) -> None:
        super().__init__(db)
        self._tracing = tracing

    @override
    async def one(self, sql: str, *args: object) -> Row | None:
        with self._span(kind_of(sql)):
            return await self._db.one(sql, *args)

    @override
    async def all(self, sql: str, *args: object) -> list[Row]:
        with self._span(kind_of(sql)):
            return await self._db.all(sql, *args)

    @override
    async def run(self, sql: str, *args: object) -> int:
        with self._span(kind_of(sql)):
            return await self._db.run(sql, *args)

    @override
    async def transaction(self, work: Work[T], *, durable: bool = False) -> T:
        kinds: list[str] = []

        async def noting(tx: Statements) -> T:
            kinds.clear()
            return await work(_Noted(tx, kinds))

        with self._span("transaction") as span:
            try:
                return await self._db.transaction(noting, durable=durable)
            finally:
                span.set_attribute("moorline.statements", tuple(kinds))
                span.set_attribute("moorline.durable", durable)

    @contextmanager
    def _span(self, name: str) -> Iterator[Span]:
        """Of a request or a job: loops that look for work every second would bury everything else."""
        if not get_current_span().get_span_context().is_valid:
            yield INVALID_SPAN
            return
        with self._tracing.span(name, SpanKind.CLIENT) as span:
            span.set_attribute("db.system.name", self._db.engine)
            yield span


class _Noted(Statements):
    """Statements of a transaction, their kinds noted; on SQLite they run on another thread, so without spans."""

    def __init__(self, tx: Statements, kinds: list[str]) -> None:
        self._tx = tx
        self._kinds = kinds

    @override
    async def one(self, sql: str, *args: object) -> Row | None:
        self._kinds.append(kind_of(sql))
        return await self._tx.one(sql, *args)

    @override
    async def all(self, sql: str, *args: object) -> list[Row]:
        self._kinds.append(kind_of(sql))
        return await self._tx.all(sql, *args)

    @override
    async def run(self, sql: str, *args: object) -> int:
        self._kinds.append(kind_of(sql))
        return await self._tx.run(sql, *args)


def _failed(span: Span, kind: str) -> None:
    span.set_attribute("error.type", kind)
    span.set_status(StatusCode.ERROR)


def _id_of(span: Span) -> str | None:
    told = span.get_span_context()
    return format(told.trace_id, "032x") if told.is_valid else None
