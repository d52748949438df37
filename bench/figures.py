"""What the samples come to, and what was aimed at."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass, replace

from bench import chooser, claims, details, growth, pages, renewing, sized, switched
from bench.drains import Drain
from bench.load import CONNECTIONS, Sample
from bench.operations import OURS, Operation
from bench.rounds import FLOOR, Results
from bench.world import LISTED_ACCOUNTS

# In floors H. A flow's: with two platform calls, and what each further call may add.
_SIMPLE_H = {"start": 8.0, "callback": 22.0, "get": 7.0, "token": 8.0, "list": 24.0}
_FLOW_H, _FURTHER_CALL_H = 30.0, 5.0
_CALLS_IN_FLOW = 2
_DETAILS_IN_CALLS = 10.0
_BESIDE_IN_RESULT_PAGES = 10.0  # a result page as it was sent, parsed, and mapped
_RENDER_CPU_MS, _FIRST_PAINT_KIB = 15.0, 60.0
_ACCOUNT_BYTES = 1_800.0
# At least so many a second and process.
_RENEWALS_PER_S, _DELIVERIES_PER_S = 1_000.0, 1_000.0
_CLAIMS_PER_S = {"sqlite": 4_000.0, "postgresql": 1_500.0}


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """An operation at a number of connections. CPU is the measured process's; `target_h` None for the floor.

    `ratio_ours`: how often the CPU of the same operation of ours, where it is another product's; `ratio_off`: of the
    same with nothing switched on, where what is switched on is compared.
    """

    name: str
    title: str
    product: str
    engine: str
    connections: int
    platform_calls: int
    operations: int
    cpu_ms: float
    cpu_ms_least: float
    cpu_ms_most: float
    ratio_h: float
    target_h: float | None
    ratio_ours: float | None
    ratio_off: float | None
    per_s: float
    p50_ms: float
    p99_ms: float

    @property
    def is_met(self) -> bool | None:
        """None where nothing was aimed at."""
        return None if self.target_h is None else self.ratio_h <= self.target_h


@dataclass(frozen=True, slots=True, kw_only=True)
class Single:
    """A figure of its own: median, least and most of what was measured, and what it should be at most, or at least."""

    title: str
    unit: str
    value: float
    least: float
    most: float
    target: float | None
    is_at_least: bool = False

    @property
    def is_met(self) -> bool | None:
        """None where nothing was aimed at."""
        if self.target is None:
            return None
        return self.value >= self.target if self.is_at_least else self.value <= self.target


def lines(results: Results) -> list[Line]:
    """The floor and every operation, at every number of connections."""
    titles = {FLOOR: "H: the web server and a constant"}
    titles |= {name: one.title for name, one in results.operations.items()}
    titles |= {renewing.NAME: renewing.TITLE}
    measured = sorted(results.samples, key=lambda one: (list(titles).index(one[0]), one[1]))
    return [_line(results, name, titles[name], connections) for name, connections in measured]


def singles(results: Results) -> list[Single]:
    """What is not measured under load."""
    found = [
        *(_single(f"bare row {kind}", "ms CPU", ms) for kind, ms in results.rows_ms.items()),
        _single("moorline --help", "s CPU", results.help_cpu_s, target=0.3),
        _single("moorline serve until it answers", "s CPU", results.start_cpu_s, target=1.0),
        _single("resident memory, idle", "MiB", [results.idle_mib], target=100),
        _single("resident memory after the run", "MiB", [results.after_mib], target=120),
    ]
    least, most = (results.samples.get((name, max(CONNECTIONS))) for name in ("get", "list"))
    if least and most:
        further = [(b.cpu_ms - a.cpu_ms) / (LISTED_ACCOUNTS - 1) for a, b in zip(least, most, strict=True)]
        found.append(_single("list, each further account", "ms CPU", further, target=0.01))
    if ("start", 1) in results.samples:
        p99 = [_share_of(_latencies([sample]), 0.99) for sample in results.samples["start", 1]]
        found.append(_single("start connect at 1 connection, p99", "ms", p99, target=3.0))
    return [
        *found,
        *_memory(results),
        *_details(results),
        *_listings(results),
        *_choosers(results),
        *_background(results),
        *_growth(results),
    ]


def target_h_of(operation: Operation) -> float:
    """At most so many floors."""
    if operation.name not in _SIMPLE_H:
        return _FLOW_H + _FURTHER_CALL_H * max(operation.platform_calls - _CALLS_IN_FLOW, 0)
    return _SIMPLE_H[operation.name]


def _memory(results: Results) -> list[Single]:
    told = results.memory
    if told is None:
        return []
    return [
        _single(f"resident memory after {told.flows:,} flows", "MiB", [told.mib[-1]], target=120),
        _single("resident memory, growth for each 1,000 flows", "KiB", [told.growth_kib]),
    ]


def _details(results: Results) -> list[Single]:
    if not results.details:
        return []
    told = results.details
    return [
        _single(details.TITLE, "calls long", [one.in_calls for one in told], target=_DETAILS_IN_CALLS),
        _single(f"{details.TITLE}, at once", "calls", [one.most_at_once for one in told], target=details.AT_ONCE),
        _single(f"{details.TITLE}, each", "ms CPU", [one.cpu_ms_each for one in told]),
    ]


def _listings(results: Results) -> list[Single]:
    if not results.listings:
        return []
    told = results.listings
    beside = [one.beside_bytes / one.result_page_bytes for one in told]
    answer = [one.answer_bytes / one.result_page_bytes for one in told]
    return [
        _single(f"{pages.TITLE}, each", "ms CPU", [one.cpu_ms_per_page for one in told]),
        _single(f"{pages.TITLE}, held beside it", "result pages", beside, target=_BESIDE_IN_RESULT_PAGES),
        _single(f"{pages.TITLE}, itself", "result pages", answer),
    ]


def _choosers(results: Results) -> list[Single]:
    if not results.choosers:
        return []
    told, kib = results.choosers, 1024
    return [
        _single(f"{chooser.TITLE}, a render", "ms CPU", [one.cpu_ms for one in told], target=_RENDER_CPU_MS),
        _single(f"{chooser.TITLE}, a search", "ms CPU", [one.search_cpu_ms for one in told], target=_RENDER_CPU_MS),
        _single(f"{chooser.TITLE}, HTML and CSS", "KiB", [one.first_paint_bytes / kib for one in told]),
        _single(
            f"{chooser.TITLE}, HTML and CSS packed",
            "KiB",
            [one.packed_bytes / kib for one in told],
            target=_FIRST_PAINT_KIB,
        ),
    ]


def _background(results: Results) -> list[Single]:
    told, found = results.background, []
    for engine, claimed in told.claims.items():
        title = f"{claims.TITLE}, {engine}"
        found.append(_single(title, "ms CPU", [one.cpu_ms_each for one in claimed]))
        per_s = [one.count / one.wall_s for one in claimed]
        found.append(_at_least(f"{title}, rate", per_s, _CLAIMS_PER_S[engine]))
    for engine, renewed in told.renewals.items():
        found += _drains(f"renewal, {engine}", renewed, per_s=_RENEWALS_PER_S)
    for (hooks, engine), delivered in told.deliveries.items():
        title = f"delivery to {hooks} webhook{'s' if hooks > 1 else ''}, {engine}"
        found += _drains(title, delivered, per_s=_DELIVERIES_PER_S)
    return found


def _growth(results: Results) -> list[Single]:
    found = []
    for grown in results.grown:
        for name, at_most in growth.AT_MOST.items():
            title = f"{name}, {grown.engine}"
            cpu_ms = [grown.cpu_ms[name, count] for count in grown.crowds]
            found += [
                _single(f"among {count:,}: {title}", "ms CPU", told)
                for count, told in zip(grown.crowds, cpu_ms, strict=True)
            ]
            # Of the medians: what the machine does beside in one round says nothing of growth.
            ratio = statistics.median(cpu_ms[1]) / statistics.median(cpu_ms[0])
            found.append(_single(f"growth: {title}", "times", [ratio], target=at_most))
        each = grown.bytes_each[sized.WHOLE]
        found.append(_single(f"growth: an account on the disk, {grown.engine}", "bytes", [each], target=_ACCOUNT_BYTES))
    return found


def _drains(title: str, told: Sequence[Drain], *, per_s: float) -> list[Single]:
    found = [
        _single(title, "ms CPU", [one.cpu_ms_each for one in told]),
        _at_least(f"{title}, rate", [one.count / one.wall_s for one in told], per_s),
        _single(f"{title}, all {told[0].count:,}", "s", [one.wall_s for one in told]),
    ]
    database = [one.database_cpu_ms_each for one in told if one.database_cpu_ms_each is not None]
    writes = [one.writes_each for one in told if one.writes_each is not None]
    if database and writes:
        found.append(_single(f"{title}, the database's own", "ms CPU", database))
        found.append(_single(f"{title}, its share", "commits", writes))
    return found


def _at_least(title: str, values: Sequence[float], target: float) -> Single:
    return replace(_single(title, "per s", values, target=target), is_at_least=True)


def _line(results: Results, name: str, title: str, connections: int) -> Line:
    samples, floor = results.samples[name, connections], results.samples[FLOOR, connections]
    operation = results.operations.get(name)
    cpu_ms = [sample.cpu_ms for sample in samples]
    latencies_ms = _latencies(samples)
    is_ours = operation is None or operation.product == OURS
    is_switched = operation is not None and bool(operation.switched)
    ours = [] if operation is None or is_ours else results.samples.get((operation.name, connections), [])
    off = results.samples[f"{operation.name}:{switched.OFF}", connections] if operation and is_switched else []
    return Line(
        name=name,
        title=title,
        product=OURS if operation is None else operation.product,
        engine="" if operation is None else operation.engine,
        connections=connections,
        platform_calls=0 if operation is None else operation.platform_calls,
        operations=len(latencies_ms),
        cpu_ms=statistics.median(cpu_ms),
        cpu_ms_least=min(cpu_ms),
        cpu_ms_most=max(cpu_ms),
        # Of each round by itself: what slows a whole round slows its floor too.
        ratio_h=statistics.median(own / bare.cpu_ms for own, bare in zip(cpu_ms, floor, strict=True)),
        target_h=None if operation is None or not is_ours or is_switched else target_h_of(operation),
        ratio_ours=_times(cpu_ms, ours),
        ratio_off=_times(cpu_ms, off),
        per_s=statistics.median(sample.operations / sample.wall_s for sample in samples),
        p50_ms=_share_of(latencies_ms, 0.5),
        p99_ms=_share_of(latencies_ms, 0.99),
    )


def _times(cpu_ms: Sequence[float], others: Sequence[Sample]) -> float | None:
    """The median of each round's own ratio; None where there is nothing to compare with."""
    if not others:
        return None
    return statistics.median(own / other.cpu_ms for own, other in zip(cpu_ms, others, strict=True))


def _single(title: str, unit: str, values: Sequence[float], *, target: float | None = None) -> Single:
    return Single(
        title=title, unit=unit, value=statistics.median(values), least=min(values), most=max(values), target=target
    )


def _latencies(samples: Sequence[Sample]) -> list[float]:
    return sorted(latency for sample in samples for latency in sample.latencies_ms)


def _share_of(ordered: Sequence[float], share: float) -> float:
    """The value that this share of the ordered values does not exceed."""
    return ordered[min(int(len(ordered) * share), len(ordered) - 1)]
