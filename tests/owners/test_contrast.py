"""Contrast by the formula of WCAG 2.2, on the colours of the hosted pages and on those that workspaces choose."""

import itertools
import re
from pathlib import Path

import pytest

from moorline import pages
from moorline.owners import contrast

CSS = (Path(pages.__file__).with_name("static") / "moorline.css").read_text(encoding="utf-8")
LIGHT, DARK = (
    dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6});", block))
    for block in re.findall(r":root(?:\[data-scheme=\"dark\"\])? \{(.*?)\n\}", CSS, re.DOTALL)
    if "--ground: #" in block
)


def test_black_on_white_is_the_most_there_is() -> None:
    assert contrast.ratio("#000000", "#ffffff") == pytest.approx(21)
    assert contrast.ratio("#abcdef", "#abcdef") == 1


@pytest.mark.parametrize(
    ("one", "other", "ratio"),
    [  # as published with the formula, and by other people's tools
        ("#ffffff", "#777777", 4.48),
        ("#ffffff", "#767676", 4.54),
        ("#ff0000", "#ffffff", 4.00),
        ("#0000ff", "#ffffff", 8.59),
        ("#010101", "#000000", 1.006),
    ],
)
def test_the_formula(one: str, other: str, ratio: float) -> None:
    assert contrast.ratio(one, other) == pytest.approx(ratio, abs=0.006)
    assert contrast.ratio(other, one) == contrast.ratio(one, other)


@pytest.mark.parametrize("tokens", [LIGHT, DARK], ids=["light", "dark"])
def test_every_pair_of_the_stylesheet_that_carries_text_or_a_control_has_its_contrast(tokens: dict[str, str]) -> None:
    text = [("ink", ground) for ground in ("ground", "panel", "chosen")]
    text += [("muted", ground) for ground in ("ground", "panel", "chosen")]
    text += [("accent", "ground"), ("accent", "panel"), ("accent", "chosen"), ("on-accent", "accent")]
    text += [(word, f"{word}-bg") for word in ("good", "warn", "bad")] + [("on-bad", "bad")]
    text += [("bad", "ground"), ("ink", "good-bg"), ("ink", "warn-bg"), ("ink", "bad-bg")]
    controls = [("edge", ground) for ground in ("ground", "panel", "chosen")]
    controls += [("focus", "ground"), ("focus", "panel"), ("focus", "chosen"), ("accent", "ground")]
    for pair, needed in [(pair, 4.5) for pair in text] + [(pair, 3.0) for pair in controls]:
        found = contrast.ratio(tokens[pair[0]], tokens[pair[1]])
        assert found >= needed, f"{pair[0]} on {pair[1]}: {found:.2f}"


def test_the_grounds_are_those_of_the_stylesheet() -> None:
    assert (LIGHT["ground"], DARK["ground"]) == (contrast.LIGHT_GROUND, contrast.DARK_GROUND)


def test_dark_is_the_same_whether_the_reader_or_a_link_asks_for_it() -> None:
    by_reader = re.search(
        r"prefers-color-scheme: dark\) \{\s*:root:not\(\[data-scheme=\"light\"\]\) \{(.*?)\}", CSS, re.DOTALL
    )
    assert by_reader is not None
    assert dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6});", by_reader[1])) == DARK


def test_text_on_any_colour_can_be_read() -> None:
    for channels in itertools.product(range(0, 256, 15), repeat=3):
        color = "#{:02x}{:02x}{:02x}".format(*channels)
        assert contrast.ratio(color, contrast.text_on(color)) >= contrast.TEXT_RATIO, color


@pytest.mark.parametrize(
    ("color", "text", "light", "dark"),
    [  # (needs an edge, good for links) on each ground
        ("#ffd400", "#000000", (True, False), (False, True)),
        ("#0b5cad", "#ffffff", (False, True), (True, False)),
        ("#111111", "#ffffff", (False, True), (True, False)),
        ("#ffffff", "#000000", (True, False), (False, True)),
        ("#888888", "#000000", (False, False), (False, True)),
    ],
)
def test_what_a_colour_is_good_for(color: str, text: str, light: tuple[bool, bool], dark: tuple[bool, bool]) -> None:
    assert contrast.text_on(color) == text
    for ground, expected in ((contrast.LIGHT_GROUND, light), (contrast.DARK_GROUND, dark)):
        use = contrast.on_ground(color, ground)
        assert (use.needs_edge, use.good_for_links) == expected
