"""Contrast of colours by the formula of WCAG 2.2, and what follows from it for a colour somebody chose."""

from dataclasses import dataclass

BLACK, WHITE = "#000000", "#ffffff"
LIGHT_GROUND, DARK_GROUND = "#ffffff", "#11161c"  # `--ground` of moorline.css; a test compares them
TEXT_RATIO = 4.5  # text on its ground
CONTROL_RATIO = 3.0  # what tells a control from its ground


@dataclass(frozen=True, slots=True, kw_only=True)
class OnGround:
    """How a colour is used on one ground: whether its button needs an edge, and whether it is good for links."""

    needs_edge: bool
    good_for_links: bool


def luminance(color: str) -> float:
    """Relative luminance of `#rrggbb`: 0 is black, 1 is white."""
    red, green, blue = (_linear(int(color[at : at + 2], 16) / 255) for at in (1, 3, 5))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(channel: float) -> float:
    return channel / 12.92 if channel <= 0.04045 else float(((channel + 0.055) / 1.055) ** 2.4)


def ratio(one: str, other: str) -> float:
    """Contrast ratio of two colours, 1 to 21, whichever comes first."""
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def text_on(color: str) -> str:
    """Black or white, whichever reads better; always at least 4.5, since one of them has 4.58 on every colour."""
    return BLACK if ratio(color, BLACK) >= ratio(color, WHITE) else WHITE


def on_ground(color: str, ground: str) -> OnGround:
    """What a colour may be used for on a ground."""
    found = ratio(color, ground)
    return OnGround(needs_edge=found < CONTROL_RATIO, good_for_links=found >= TEXT_RATIO)
