"""The drawings: bars of the right height, and nothing of anybody's text in them."""

import re
from xml.etree import ElementTree as ET

from moorline.pages.dashboard import charts

RECT = re.compile(r'<rect class="bar (\w+)" x="([\d.]+)" y="([\d.]+)" width="([\d.]+)" height="([\d.]+)"/>')


def rects(drawn: str) -> list[tuple[str, tuple[float, ...]]]:
    return [(found[0], tuple(float(number) for number in found[1:])) for found in RECT.findall(drawn)]


def test_columns_stand_on_the_axis_the_second_number_on_the_first_and_the_highest_fills_the_height() -> None:
    drawn = charts.columns([(3, 1), (0, 0), (2, 0), (0, 2)], label="Found", name="a")
    assert rects(drawn) == [
        ("good", (2, 25, 16, 75)),
        ("bad", (2, 0, 16, 25)),
        ("good", (42, 50, 16, 50)),
        ("bad", (62, 50, 16, 50)),
    ]
    assert drawn.count('fill="url(#a)"') == 2, "what failed is hatched as well"
    assert drawn.count('<pattern id="a"') == 1
    assert 'viewBox="0 0 80 101"' in drawn
    assert 'aria-label="Found"' in drawn


def test_a_lying_bar_is_as_long_as_its_share_of_the_longest() -> None:
    drawn = charts.bar((3, 1), most=8, name="b")
    assert rects(drawn) == [("good", (0, 0, 225, 16)), ("bad", (225, 0, 75, 16))]


def test_nothing_is_drawn_of_nothing() -> None:
    for drawn in (
        charts.columns([], label="x", name="a"),
        charts.columns([(0, 0)] * 30, label="x", name="a"),
        charts.bar((0, 0), most=0, name="a"),
    ):
        assert rects(drawn) == []
        ET.fromstring(drawn)  # noqa: S314 - our own


def test_a_label_is_text() -> None:
    drawn = charts.columns([(1, 1)], label='"><script>alert(1)</script>', name="a")
    assert "<script>" not in drawn
    root = ET.fromstring(drawn)  # noqa: S314 - our own
    assert root.attrib["aria-label"] == '"><script>alert(1)</script>'
