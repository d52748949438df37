"""Bars as inline `<svg>`, drawn on the server. Pure: numbers in, markup out; words stand beside them as text.

The drawings hold no text, so that they may be stretched to any width; whoever shows one gives it a label.
"""

from collections.abc import Sequence

from markupsafe import Markup

HEIGHT = 100
SLOT = 20  # of a bar, with what is left free beside it
BAR = 16
LENGTH = 600  # about what there is room for, so that stretching leaves the hatching as it is
_HATCH = Markup(
    '<defs><pattern id="{id}" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">'
    '<path class="hatch" d="M3 0V6"/></pattern></defs>'
)


def columns(pairs: Sequence[tuple[int, int]], *, label: str, name: str) -> Markup:
    """A column for each pair, the second number hatched on top of the first; as high as the highest, or empty.

    `name` is its own on the page, and of letters and digits.
    """
    most = max((sum(pair) for pair in pairs), default=0)
    drawn = Markup("").join(
        _column(number * SLOT + (SLOT - BAR) / 2, pair, most, name) for number, pair in enumerate(pairs) if sum(pair)
    )
    width = max(1, len(pairs)) * SLOT
    axis = Markup('<path class="axis" d="M0 {y}H{width}"/>').format(y=HEIGHT, width=width)
    return Markup(
        '<svg class="chart plot" viewBox="0 0 {width} {height}" preserveAspectRatio="none" role="img"'
        ' aria-label="{label}">{hatch}{drawn}{axis}</svg>'
    ).format(width=width, height=HEIGHT + 1, label=label, hatch=_HATCH.format(id=name), drawn=drawn, axis=axis)


def bar(pair: tuple[int, int], *, most: int, name: str) -> Markup:
    """One lying bar, the second number hatched after the first; `most` is as long as there is room."""
    first, second = (LENGTH * number / most if most else 0.0 for number in pair)
    return Markup(
        '<svg class="chart lying" viewBox="0 0 {length} {bar}" preserveAspectRatio="none" aria-hidden="true"'
        ' focusable="false">{hatch}{first}{second}</svg>'
    ).format(
        length=LENGTH,
        bar=BAR,
        hatch=_HATCH.format(id=name),
        first=_rect(0, 0, first, BAR, "good"),
        second=_hatched(first, 0, second, BAR, name),
    )


def _column(x: float, pair: tuple[int, int], most: int, name: str) -> Markup:
    low, high = (HEIGHT * number / most for number in pair)
    return _rect(x, HEIGHT - low, BAR, low, "good") + _hatched(x, HEIGHT - low - high, BAR, high, name)


def _hatched(x: float, y: float, width: float, height: float, name: str) -> Markup:
    drawn = _rect(x, y, width, height, "bad")
    if not drawn:
        return drawn
    lines = Markup('<rect x="{}" y="{}" width="{}" height="{}" fill="url(#{})"/>')
    return drawn + lines.format(_short(x), _short(y), _short(width), _short(height), name)


def _rect(x: float, y: float, width: float, height: float, kind: str) -> Markup:
    if not width or not height:
        return Markup("")
    rect = Markup('<rect class="bar {}" x="{}" y="{}" width="{}" height="{}"/>')
    return rect.format(kind, _short(x), _short(y), _short(width), _short(height))


def _short(number: float) -> str:
    return f"{number:.2f}".rstrip("0").rstrip(".")
