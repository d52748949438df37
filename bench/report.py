"""A run as tables for people (they can be pasted into docs/performance.md) and as JSON for programs."""

import platform
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import msgspec

from bench import figures
from bench.figures import Line, Single
from bench.rounds import Results

_LINE_HEADS = (
    "operation", "connections", "CPU ms", "least-most", "H", "target", "verdict", "per s", "p50 ms", "p99 ms",
)  # fmt: skip
_SINGLE_HEADS = ("figure", "unit", "median", "least-most", "target", "verdict")


def to_text(results: Results) -> str:
    """The tables, with what they were measured on."""
    options = results.options
    pinned = "server on a core of its own, load and sandbox on another" if results.pinned else "not pinned to cores"
    head = (
        f"{results.at[:10]}, commit {results.commit}, Python {platform.python_version()}, {_cpu_model()}, {pinned}.\n"
        f"{options.command}: {options.rounds} rounds of {options.seconds:g} s."
    )
    lines = _table(_LINE_HEADS, [_line_cells(line) for line in figures.lines(results)])
    singles = _table(_SINGLE_HEADS, [_single_cells(single) for single in figures.singles(results)])
    return f"{head}\n\n{lines}\n\n{singles}"


def to_json(results: Results) -> bytes:
    """Everything: where and how, each line and figure, each round."""
    options = results.options
    told = {
        "at": results.at,
        "commit": results.commit,
        "command": options.command,
        "rounds": options.rounds,
        "seconds": options.seconds,
        "python": platform.python_version(),
        "cpu": _cpu_model(),
        "pinned": results.pinned,
        "operations": [{**asdict(line), "is_met": line.is_met} for line in figures.lines(results)],
        "figures": [{**asdict(single), "is_met": single.is_met} for single in figures.singles(results)],
        "bytes_each": {grown.engine: grown.bytes_each for grown in results.grown},
        "rounds_cpu_ms": [
            {"name": name, "connections": connections, "cpu_ms": [sample.cpu_ms for sample in samples]}
            for (name, connections), samples in results.samples.items()
        ],
    }
    return msgspec.json.format(msgspec.json.encode(told), indent=2) + b"\n"


def _line_cells(line: Line) -> tuple[str, ...]:
    calls = f", {line.platform_calls} platform calls" if line.platform_calls else ""
    return (
        line.title + calls,
        str(line.connections),
        f"{line.cpu_ms:.3f}",
        f"{line.cpu_ms_least:.3f}-{line.cpu_ms_most:.3f}",
        f"{line.ratio_h:.1f}",
        "" if line.target_h is None else f"{line.target_h:g}",
        _verdict(line.is_met),
        f"{line.per_s:.0f}",
        f"{line.p50_ms:.2f}",
        f"{line.p99_ms:.2f}",
    )


def _single_cells(single: Single) -> tuple[str, ...]:
    return (
        single.title,
        single.unit,
        _short(single.value),
        f"{_short(single.least)}-{_short(single.most)}",
        "" if single.target is None else f"{'at least ' if single.is_at_least else ''}{single.target:g}",
        _verdict(single.is_met),
    )


def _short(value: float) -> str:
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}" if value >= 0.1 else f"{value:.4f}"


def _verdict(is_met: bool | None) -> str:
    return "" if is_met is None else "met" if is_met else "not met"


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table whose columns line up; the first is text, the others end at the right."""
    widths = [max(len(row[column]) for row in (heads, *rows)) for column in range(len(heads))]

    def written(row: Sequence[str]) -> str:
        cells = [
            cell.ljust(width) if at == 0 else cell.rjust(width)
            for at, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        return f"| {' | '.join(cells)} |"

    rule = ["-" * width if at == 0 else "-" * (width - 1) + ":" for at, width in enumerate(max(w, 3) for w in widths)]
    return "\n".join([written(heads), f"|{'|'.join(f' {dash} ' for dash in rule)}|", *(written(row) for row in rows)])


def _cpu_model() -> str:
    """The processor as the system names it."""
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            name, _, value = line.partition(":")
            if name.strip() == "model name":
                return value.strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()
