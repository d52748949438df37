"""A run as tables for people (they can be pasted into docs/performance.md) and as JSON for programs."""

import platform
import sqlite3
from collections.abc import Sequence
from dataclasses import asdict
from importlib import metadata
from pathlib import Path

import msgspec
import psutil

from bench import figures, operations
from bench.figures import Line, Single
from bench.rounds import Results
from moorline import __version__

# Those of ours that the figures depend on most.
_PACKAGES = ("aiohttp", "asyncpg", "cryptography", "httptools", "litestar", "msgspec", "uvicorn", "uvloop")

_LINE_HEADS = (
    "operation", "connections", "CPU ms", "least-most", "H", "target", "verdict", "per s", "p50 ms", "p99 ms",
)  # fmt: skip
_RIVAL_HEADS = (
    "the same by others", "connections", "CPU ms", "least-most", "H", "times ours", "per s", "p50 ms", "p99 ms",
)  # fmt: skip
_SWITCHED_HEADS = (
    "with this switched on", "connections", "CPU ms", "least-most", "H", "times off", "per s", "p50 ms", "p99 ms",
)  # fmt: skip
_SINGLE_HEADS = ("figure", "unit", "median", "least-most", "target", "verdict")


def to_text(results: Results) -> str:
    """The tables, with what they were measured on."""
    return f"{head(results)}\n\n{tables(figures.lines(results), figures.singles(results))}"


def head(results: Results) -> str:
    """When, of what, where and how."""
    options = results.options
    pinned = "server on a core of its own, load and sandbox on another" if results.pinned else "not pinned to cores"
    sentences = [
        f"{results.at[:10]}, commit {results.commit}, Python {platform.python_version()}, {_cpu_model()}, {pinned}.",
        f"`{options.command}`: {options.rounds} rounds of {options.seconds:g} s.",
    ]
    if results.versions:
        told = ", ".join(f"{name} {version}" for name, version in sorted(results.versions.items()))
        sentences.append(f"With {told}.")
    sentences += [f"Without {sentence}" for sentence in _missing(results)]
    return "\n".join(sentences)


def tables(lines: Sequence[Line], singles: Sequence[Single]) -> str:
    """One of our operations, one by what is switched on, one of others, one of single figures; those that have rows."""
    theirs = [line for line in lines if line.ratio_ours is not None]
    switched = sorted((line for line in lines if line.ratio_off is not None), key=_place_of)
    ours = [line for line in lines if line.ratio_ours is None and line.ratio_off is None]
    found = (
        (_LINE_HEADS, [_line_cells(line) for line in ours]),
        (_SWITCHED_HEADS, [_compared_cells(line, line.ratio_off) for line in switched]),
        (_RIVAL_HEADS, [_compared_cells(line, line.ratio_ours) for line in theirs]),
        (_SINGLE_HEADS, [_single_cells(single) for single in singles]),
    )
    return "\n\n".join(_table(heads, rows) for heads, rows in found if rows)


def to_json(results: Results) -> bytes:
    """Everything: where and how, each line and figure, each round."""
    everything = told(results, figures.lines(results), figures.singles(results))
    return msgspec.json.format(msgspec.json.encode(everything), indent=2) + b"\n"


def told(results: Results, lines: Sequence[Line], singles: Sequence[Single]) -> dict[str, object]:
    """Where and how, these lines with each of their rounds, and these figures."""
    options = results.options
    rounds = {(line.name, line.connections): results.samples[line.name, line.connections] for line in lines}
    return {
        "at": results.at,
        "commit": results.commit,
        "command": options.command,
        "rounds": options.rounds,
        "seconds": options.seconds,
        "python": platform.python_version(),
        "cpu": _cpu_model(),
        "pinned": results.pinned,
        "machine": {
            "system": platform.system(),
            "release": platform.release(),
            "architecture": platform.machine(),
            "cores": psutil.cpu_count(),
            "memory_mib": psutil.virtual_memory().total // 2**20,
        },
        "versions": {
            "Moorline": __version__,
            "SQLite": sqlite3.sqlite_version,
            **{name: metadata.version(name) for name in _PACKAGES},
            **results.versions,
        },
        "missing": _missing(results),
        "operations": [{**asdict(line), "is_met": line.is_met} for line in lines],
        "figures": [{**asdict(single), "is_met": single.is_met} for single in singles],
        "bytes_each": {grown.engine: grown.bytes_each for grown in results.grown},
        "rounds_cpu_ms": [
            {"name": name, "connections": connections, "cpu_ms": [sample.cpu_ms for sample in samples]}
            for (name, connections), samples in rounds.items()
        ],
    }


def _missing(results: Results) -> list[str]:
    return [sentence for sentences in results.missing.values() for sentence in sentences]


def _place_of(line: Line) -> int:
    """By operation, and in the order given within it."""
    return operations.NAMES.index(line.name.partition(":")[0])


def _compared_cells(line: Line, ratio: float | None) -> tuple[str, ...]:
    cells = _line_cells(line)
    told = "" if ratio is None else f"{ratio:.1f}" if line.ratio_off is None else f"{ratio:.2f}"
    return (*cells[:5], told, *cells[7:])


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
