"""Writes a run into docs/performance.md: between marks, so that no figure there is typed by hand, with charts and JSON.

A part of the document is written when the run measured all of it, and left alone otherwise.
"""

import re
from collections.abc import Sequence
from pathlib import Path

import msgspec

from bench import (
    chart,
    chooser,
    claims,
    details,
    drains,
    figures,
    growth,
    memory,
    operations,
    pages,
    renewing,
    report,
    rivals,
    switched,
)
from bench.chart import Bar, Panel
from bench.figures import Line, Single
from bench.load import CONNECTIONS
from bench.operations import OURS
from bench.processes import ROOT, Broken
from bench.rounds import FLOOR, Results
from tests.engines import ENGINES

FOLDER = ROOT / "docs"
PAGE, DATA, PICTURES = "performance.md", "performance.json", "pictures"
OPERATIONS, TOKEN = "operations", "token"
_TOKEN_NAMES = ("token", renewing.NAME)
# What has to be asked for.
PARTS = {
    OPERATIONS: (*(name for name in operations.NAMES if name not in _TOKEN_NAMES), memory.NAME),
    switched.NAME: (switched.NAME,),
    rivals.NAME: (rivals.NAME,),
    TOKEN: (*_TOKEN_NAMES, claims.NAME, drains.RENEWALS, drains.DELIVERIES),
    "calls-out": (details.NAME, pages.NAME),
    chooser.NAME: (chooser.NAME,),
}
# How the titles of its figures begin; all others are of the operations.
_TITLES = {
    TOKEN: (claims.TITLE, "renewal, ", "delivery to "),
    "calls-out": (details.TITLE, pages.TITLE),
    chooser.NAME: (chooser.TITLE,),
    growth.NAME: ("among ", "growth: "),  # no part: a table of its own, by engine and size
}


def write(results: Results, *, folder: Path = FOLDER) -> tuple[str, ...]:
    """Which parts were written. Raises: Broken when the document lacks a part's marks."""
    page, data = folder / PAGE, folder / DATA
    text = page.read_text(encoding="utf-8")
    kept = msgspec.json.decode(data.read_bytes(), type=dict[str, object]) if data.exists() else {}
    written = tuple(part for part in PARTS if _is_whole(results, part))
    pictures: dict[str, str] = {}
    for part in written:
        lines, singles = _lines(results, part), _singles(results, part)
        body = report.tables(lines, singles)
        picture = _picture(results, part)
        if picture is not None:
            name = f"performance-{part}.svg"
            pictures[name] = picture
            body = f"![{_alternative(part)}]({PICTURES}/{name})\n\n{body}"
        text = _replaced(text, part, f"{report.head(results)}\n\n{body}")
        kept[part] = report.told(results, lines, singles)
    for name, picture in pictures.items():
        (folder / PICTURES).mkdir(exist_ok=True)
        (folder / PICTURES / name).write_text(picture, encoding="utf-8")
    data.write_bytes(msgspec.json.format(msgspec.json.encode(kept), indent=1) + b"\n")
    page.write_text(text, encoding="utf-8")
    return written


def _is_whole(results: Results, part: str) -> bool:
    options = results.options
    if not set(PARTS[part]) <= set(options.only):
        return False
    if results.missing.get(part):
        return False
    return part not in {OPERATIONS, TOKEN} or options.engines == ENGINES


def _replaced(text: str, part: str, body: str) -> str:
    block = re.compile(rf"(<!-- bench: {part} -->\n).*?(<!-- bench: end -->)", re.DOTALL)
    if len(block.findall(text)) != 1:
        raise Broken(
            f"{PAGE} needs one block that begins with <!-- bench: {part} --> and ends with <!-- bench: end -->."
        )
    return block.sub(lambda found: f"{found[1]}{body}\n{found[2]}", text)


def _lines(results: Results, part: str) -> list[Line]:
    every = figures.lines(results)
    if part == rivals.NAME:
        compared = {line.name for line in every if line.product != OURS}
        ours = {name.partition(":")[0] for name in compared}
        return [line for line in every if line.name in compared | ours or (line.name == FLOOR and _is_usual(line))]
    if part == TOKEN:
        return [line for line in every if line.name == FLOOR or line.name.partition(":")[0] in _TOKEN_NAMES]
    if part == switched.NAME:
        at = max(CONNECTIONS)
        return [line for line in every if line.ratio_off is not None or (line.name == FLOOR and line.connections == at)]
    if part == OPERATIONS:
        names = {FLOOR, *PARTS[OPERATIONS]}
        own = [line for line in every if line.product == OURS and line.ratio_off is None]
        return [line for line in own if line.name.partition(":")[0] in names and _is_usual(line)]
    return []


def _is_usual(line: Line) -> bool:
    return line.connections in CONNECTIONS


def _singles(results: Results, part: str) -> list[Single]:
    every = figures.singles(results)
    if part in {rivals.NAME, switched.NAME}:
        return []
    if part in _TITLES:
        return [single for single in every if single.title.startswith(_TITLES[part])]
    others = tuple(title for titles in _TITLES.values() for title in titles)
    return [single for single in every if not single.title.startswith(others)]


def _alternative(part: str) -> str:
    if part == rivals.NAME:
        return "Bars: CPU of start and callback, ours and theirs; the figures are in the table below"
    return "Bars: CPU of each operation in floors H with its target; the figures are in the table below"


def _picture(results: Results, part: str) -> str | None:
    lines = [line for line in _lines(results, part) if line.connections == max(CONNECTIONS)]
    note = f"At {max(CONNECTIONS)} connections; {results.at[:10]}, commit {results.commit}."
    if part == rivals.NAME:
        panels = [
            _compared(lines, name, title) for name, title in (("start", "Start connect"), ("callback", "Callback"))
        ]
        return chart.to_svg("CPU milliseconds per operation, beside others", panels, note=note)
    if part == OPERATIONS:
        own = [line for line in lines if line.name != FLOOR]
        bars = [
            Bar(
                label=f"{_short(line)}{'' if line.engine == 'sqlite' else ', PostgreSQL'}",
                value=line.ratio_h,
                told=f"{line.ratio_h:.1f}" if line.target_h is None else f"{line.ratio_h:.1f} of {line.target_h:g}",
                mark=line.target_h,
            )
            for line in own
        ]
        panel = Panel(title="CPU per operation in floors H, beside its target (the line)", bars=bars)
        return chart.to_svg("CPU per operation in floors H", [panel], note=note)
    return None


def _compared(lines: Sequence[Line], name: str, title: str) -> Panel:
    own = [line for line in lines if line.name.partition(":")[0] == name]
    bars = [
        Bar(
            label=line.product if line.product != OURS else f"{OURS}, {line.engine.replace('sqlite', 'SQLite')}",
            value=line.cpu_ms,
            told=f"{line.cpu_ms:.2f} ms" + ("" if line.ratio_ours is None else f", {line.ratio_ours:.1f} x ours"),
            is_ours=line.product == OURS,
        )
        for line in own
    ]
    return Panel(title=f"{title}, CPU ms", bars=bars)


def _short(line: Line) -> str:
    return line.title.removesuffix(", PostgreSQL")
