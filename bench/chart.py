"""Bars as an SVG file, readable on light and dark pages, told in words to those who do not see them."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

_WIDTH, _MARGIN, _LABELS, _VALUES = 760, 20, 250, 180
_BARS = _WIDTH - 2 * _MARGIN - _LABELS - _VALUES
_LINE, _BAR, _HEAD = 26, 16, 44
# A ground of its own: the page's theme and the system's, which the media query asks, are not always the same.
_STYLE = """
  .ground { fill: #ffffff } .text { fill: #1f2328 } .quiet { fill: #59636e }
  .ours { fill: #0969da } .others { fill: #818b98 } .mark { stroke: #1f2328; stroke-width: 2 }
  text { font: 13px system-ui, "Segoe UI", Helvetica, Arial, sans-serif } .head { font-weight: 600; font-size: 14px }
  @media (prefers-color-scheme: dark) {
    .ground { fill: #0d1117 } .text { fill: #f0f6fc } .quiet { fill: #9198a1 }
    .ours { fill: #4493f8 } .others { fill: #656c76 } .mark { stroke: #f0f6fc }
  }
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """`told` stands behind the bar; `mark` is a value to be compared with."""

    label: str
    value: float
    told: str
    is_ours: bool = True
    mark: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """Bars under a heading."""

    title: str
    bars: Sequence[Bar]


def to_svg(title: str, panels: Sequence[Panel], *, note: str) -> str:
    """The picture; all bars are on one scale, which begins at nought."""
    most = max(max(bar.value, bar.mark or 0.0) for panel in panels for bar in panel.bars)
    parts: list[str] = []
    y = _MARGIN
    for panel in panels:
        parts.append(_text(_MARGIN, y + 18, panel.title, "text head"))
        y += _HEAD - 12
        for bar in panel.bars:
            parts += _bar(bar, y, most)
            y += _LINE
        y += 12
    parts.append(_text(_MARGIN, y + 14, note, "quiet"))
    height = y + 14 + _MARGIN
    told = "; ".join(f"{panel.title}: {', '.join(f'{bar.label} {bar.told}' for bar in panel.bars)}" for panel in panels)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" role="img"'
        f' aria-labelledby="title description">\n'
        f'<title id="title">{escape(title)}</title>\n<desc id="description">{escape(f"{told}. {note}")}</desc>\n'
        f'<style>{_STYLE}</style>\n<rect class="ground" width="{_WIDTH}" height="{height}" rx="6"/>\n'
        + "\n".join(parts)
        + "\n</svg>\n"
    )


def _bar(bar: Bar, y: int, most: float) -> list[str]:
    left = _MARGIN + _LABELS
    length = max(bar.value / most * _BARS, 1.0)
    end = length
    kind = "ours" if bar.is_ours else "others"
    parts = [
        _text(_MARGIN, y + 13, bar.label, "text"),
        f'<rect class="{kind}" x="{left}" y="{y}" width="{length:.1f}" height="{_BAR}" rx="2"/>',
    ]
    if bar.mark is not None:
        at = bar.mark / most * _BARS
        end = max(end, at)
        parts.append(f'<path class="mark" d="M{left + at:.1f} {y - 3}v{_BAR + 6}"/>')
    parts.append(_text(left + end + 8, y + 13, bar.told, "text"))
    return parts


def _text(x: float, y: float, text: str, kind: str) -> str:
    return f'<text class="{kind}" x="{x:.1f}" y="{y:.1f}">{escape(text)}</text>'
