"""What is counted, as Prometheus reads it: the series of one process, fed by what `logs.event` tells.

Every operation tells once, in one place, what became of it. So no room counts anything itself: `Metrics` says which
events are counted, and by which of their fields. No label holds an id or anything a caller chose: what is not on a
list here is `other`. docs/observability.md explains every series; a test holds it to this file.
"""

import platform
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, get_args

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
)
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics import MetricWrapperBase
from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from typing_extensions import override

from moorline import __version__
from moorline.errors import Slug

OTHER = "other"
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
STAGES = frozenset({"started", "exchange", "identify", "list", "save"})
RENEWALS = ("ok", "later", "dead", "ours")
DELIVERIES = ("delivered", "failed", "given_up", "switched_off", "recorded_late")
ANSWER_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
CALL_S = (0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 15.0, 30.0)

disable_created_metrics()  # type: ignore[no-untyped-call]  # the instant each series began: as many lines again, for nobody

Fields = Mapping[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Backlog:
    """What waits in the database. Counts end at a bound, so that asking costs the same whatever waits.

    `oldest_s` is how long the first of them could have been done; 0.0 when none waits. `expiring` is by days.
    """

    renewals: int
    renewals_oldest_s: float
    deliveries: int
    deliveries_oldest_s: float
    revocations: int
    expiring: Mapping[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Gauged:
    """What is read at a scrape. `backlog` None: the database did not answer. `in_use` None: it has no connections."""

    engine: str
    in_use: int | None
    idle: int
    waiting: int
    backlog: Backlog | None


class Metrics:
    """The series of one service."""

    def __init__(self, *, platforms: Iterable[str]) -> None:
        self._platforms = frozenset(platforms)
        self._slugs = frozenset(get_args(Slug))
        self._children: dict[tuple[int, tuple[str, ...]], Any] = {}
        self._registry = registry = CollectorRegistry(auto_describe=True)
        ProcessCollector(registry=registry)
        build = Gauge("moorline_build_info", "Always 1.", ["version", "python"], registry=registry)
        build.labels(__version__, platform.python_version()).set(1)
        self._gauges = _Gauges()
        registry.register(self._gauges)

        def counter(name: str, told: str, *labels: str) -> Counter:
            return Counter(f"moorline_{name}", told, labels, registry=registry)

        self._requests = counter("http_requests_total", "Requests answered.", "method", "route", "status")
        self._request_s = Histogram(
            "moorline_http_request_seconds",
            "Time from a request to the end of its answer.",
            ("method", "route"),
            buckets=ANSWER_S,
            registry=registry,
        )
        self._starts = counter("connect_starts_total", "Connections started.", "platform")
        self._callbacks = counter("connect_callbacks_total", "Returns from a platform.", "platform", "outcome")
        self._failures = counter("connect_failures_total", "Attempts that failed.", "platform", "stage", "slug")
        self._selections = counter("selections_total", "Choices after consent.", "platform", "outcome")
        self._connected = counter("accounts_connected_total", "Accounts saved, new or again.", "platform")
        self._disconnected = counter("accounts_disconnected_total", "Accounts that went.", "platform", "kind")
        self._warnings = counter("expiry_warnings_total", "Accounts warned of their end.", "platform")
        self._renewals = counter("renewals_total", "Renewals of tokens.", "platform", "outcome")
        self._tokens = counter("token_calls_total", "Calls of the token endpoint.", "platform", "outcome")
        self._deliveries = counter("webhook_deliveries_total", "Tries to deliver a webhook.", "outcome")
        self._proxied = counter("proxied_calls_total", "Calls through the proxy.", "platform", "outcome")
        self._revocations = counter("revocations_total", "Tries to withdraw a consent.", "platform", "outcome")
        self._calls = counter("outbound_calls_total", "Calls sent out, repeats counted.", "platform", "outcome")
        self._call_s = Histogram(
            "moorline_outbound_seconds",
            "Time of a call sent out.",
            ("platform",),
            buckets=CALL_S,
            registry=registry,
        )
        self._counted = self._table()
        self._begin_at_zero()

    def _table(self) -> Mapping[str, Callable[[Fields], None]]:
        return {
            "answered": self._answered,
            "connect_started": lambda told: self._add(self._starts, self._platform(told)),
            "callback_finished": self._returned,
            "connect_failed": self._failed,
            "selection_opened": lambda told: self._add(self._selections, self._platform(told), "opened"),
            "selection_made": lambda told: self._add(self._selections, self._platform(told), "made"),
            "selection_failed": lambda told: self._add(self._selections, self._platform(told), "failed"),
            "selection_cancelled": lambda told: self._add(self._selections, self._platform(told), "cancelled"),
            "account_connected": lambda told: self._add(self._connected, self._platform(told)),
            "account_disconnected": lambda told: self._add(self._disconnected, self._platform(told), "intentional"),
            "account_lost": lambda told: self._add(self._disconnected, self._platform(told), "unintentional"),
            "account_expiring": lambda told: self._add(self._warnings, self._platform(told)),
            "tokens_renewed": lambda told: self._add(self._renewals, self._platform(told), "ok"),
            "renewal_failed": self._not_renewed,
            "token_served": self._served,
            **{f"webhook_{outcome}": partial(self._tried, outcome) for outcome in DELIVERIES},
            "call_proxied": self._relayed,
            "consent_withdrawn": lambda told: self._add(self._revocations, self._platform(told), "done"),
            "revocation_failed": lambda told: self._add(self._revocations, self._platform(told), "failed"),
            "outbound_call": self._called,
            "outbound_refused": lambda told: self._add(self._calls, self._platform(told), "refused"),
        }

    def _begin_at_zero(self) -> None:
        """What rare trouble is told by: of a series that appears with its first event, Prometheus sees no increase."""
        for outcome in DELIVERIES:
            self._child(self._deliveries, (outcome,))
        for name in sorted(self._platforms):
            for series, values in (
                (self._callbacks, ("app_misconfigured", "not_configured", "internal_error")),
                (self._renewals, RENEWALS),
                (self._disconnected, ("intentional", "unintentional")),
            ):
                for value in values:
                    self._child(series, (name, value))

    @property
    def counted(self) -> frozenset[str]:
        """The events that are counted."""
        return frozenset(self._counted)

    def count(self, name: str, told: Fields) -> None:
        """Told of every event of the process; what nobody counts costs one look into a table."""
        counts = self._counted.get(name)
        if counts is not None:
            counts(told)

    def text(self, gauged: Gauged, accept: str) -> tuple[bytes, str]:
        """Every series in the format a scraper asks for, and its content type. Takes milliseconds: not for a loop."""
        encode, content_type = choose_encoder(accept)
        self._gauges.latest = gauged
        encoded: bytes = encode(self._registry)
        return encoded, content_type

    def families(self) -> Iterator[Metric]:
        """Every series as it stands."""
        yield from self._registry.collect()

    def _add(self, series: Counter, *labels: str) -> None:
        self._child(series, labels).inc()

    def _child(self, series: MetricWrapperBase, labels: tuple[str, ...]) -> Any:
        # The library looks each up under a lock; a table of our own is several times faster.
        key = id(series), labels
        child = self._children.get(key)
        if child is None:
            child = self._children[key] = series.labels(*labels)
        return child

    def _platform(self, told: Fields) -> str:
        return _among(self._platforms, told.get("platform"))

    def _answered(self, told: Fields) -> None:
        method = _among(METHODS, told.get("method"))
        route = str(told.get("route") or "none")
        self._add(self._requests, method, route, _class_of(told.get("status")))
        self._child(self._request_s, (method, route)).observe(_seconds(told))

    def _returned(self, told: Fields) -> None:
        outcome = _among(self._slugs | {"connected", "selecting"}, told.get("outcome"))
        self._add(self._callbacks, self._platform(told), outcome)

    def _failed(self, told: Fields) -> None:
        stage = _among(STAGES, told.get("stage") or "started")
        self._add(self._failures, self._platform(told), stage, _among(self._slugs, told.get("slug")))

    def _not_renewed(self, told: Fields) -> None:
        self._add(self._renewals, self._platform(told), _among(RENEWALS, told.get("outcome")))

    def _served(self, told: Fields) -> None:
        self._add(self._tokens, self._platform(told), _among({"kept", "renewed", "failed"}, told.get("outcome")))

    def _tried(self, outcome: str, _told: Fields) -> None:
        self._add(self._deliveries, outcome)

    def _relayed(self, told: Fields) -> None:
        self._add(self._proxied, self._platform(told), _class_of(told.get("platform_status")))

    def _called(self, told: Fields) -> None:
        status = told.get("status")
        outcome = "429" if status == 429 else _class_of(status)
        self._add(self._calls, self._platform(told), outcome)
        self._child(self._call_s, (self._platform(told),)).observe(_seconds(told))


class _Gauges(Collector):
    """What is not counted but read: how busy the database is, and what waits in it."""

    def __init__(self) -> None:
        self.latest: Gauged | None = None

    def describe(self) -> list[Metric]:
        """Its series, without values: the registry asks for them so that no other has the same name."""
        return list(self._families())

    @override
    def collect(self) -> Iterator[Metric]:
        told = self.latest
        families = self._families()
        if told is not None:
            self._fill(told, *families)
        yield from families

    @staticmethod
    def _families() -> tuple[GaugeMetricFamily, ...]:
        def gauge(name: str, told: str, *labels: str) -> GaugeMetricFamily:
            return GaugeMetricFamily(f"moorline_{name}", told, labels=labels)

        return (
            gauge("database_up", "1 when the database answered what waits in it.", "engine"),
            gauge("database_connections", "Connections to PostgreSQL.", "state"),
            gauge("database_waiting", "What waits here for a connection, or for SQLite's one writer."),
            gauge("renewals_due", "Grants whose tokens are due to be renewed and that nobody is at."),
            gauge("renewals_oldest_due_seconds", "How long the first of them has been due."),
            gauge("deliveries_due", "Deliveries of webhooks that are due."),
            gauge("deliveries_oldest_due_seconds", "How long the first of them that may go has been due."),
            gauge("revocations_waiting", "Consents that are to be withdrawn at their platform."),
            gauge("tokens_expiring", "Grants whose tokens end for good within some days, as things stand.", "within"),
        )

    @staticmethod
    def _fill(told: Gauged, *families: GaugeMetricFamily) -> None:
        up, connections, waiting, due, due_s, outbox, outbox_s, revocations, expiring = families
        backlog = told.backlog
        up.add_metric([told.engine], 0 if backlog is None else 1)
        waiting.add_metric([], told.waiting)
        if told.in_use is not None:
            connections.add_metric(["in_use"], told.in_use)
            connections.add_metric(["idle"], told.idle)
        if backlog is None:
            return
        due.add_metric([], backlog.renewals)
        due_s.add_metric([], backlog.renewals_oldest_s)
        outbox.add_metric([], backlog.deliveries)
        outbox_s.add_metric([], backlog.deliveries_oldest_s)
        revocations.add_metric([], backlog.revocations)
        for days, count in backlog.expiring.items():
            expiring.add_metric([f"{days}d"], count)


def _among(known: Iterable[str], value: object) -> str:
    return value if isinstance(value, str) and value in known else OTHER


def _class_of(status: object) -> str:
    return f"{status // 100}xx" if isinstance(status, int) and 100 <= status < 600 else "none"


def _seconds(told: Fields) -> float:
    ms = told.get("ms")
    return ms / 1000 if isinstance(ms, int | float) else 0.0
