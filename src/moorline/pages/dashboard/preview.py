"""A colour before it is saved: a button in it on a light and on a dark ground, and how well each can be read."""

from collections.abc import Iterator

from markupsafe import Markup

from moorline.owners import contrast
from moorline.owners.contrast import CONTROL_RATIO, DARK_GROUND, LIGHT_GROUND, TEXT_RATIO
from moorline.pages.look import Look
from moorline.pages.words import N_

_EDGES = {LIGHT_GROUND: "#73808c", DARK_GROUND: "#7b8894"}  # `--edge` of moorline.css; a test compares them
_GROUNDS = {LIGHT_GROUND: N_("On a light ground"), DARK_GROUND: N_("On a dark ground")}


def picture(look: Look, color: str, word: str) -> Markup:
    """An `<svg>` of the button with this word on it, on both grounds. `color` is `#rrggbb`, checked."""
    drawn = Markup("").join(_button(color, ground, word, x=index * 200) for index, ground in enumerate(_GROUNDS))
    label = look.gettext(N_("A button in this colour, on a light and on a dark ground"))
    return Markup('<svg class="preview" viewBox="0 0 400 88" role="img" aria-label="{}">{}</svg>').format(label, drawn)


def verdict(look: Look, color: str) -> Iterator[str]:
    """What is made of the colour, in sentences."""
    text = contrast.text_on(color)
    values = {"ratio": look.number(round(contrast.ratio(color, text), 1)), "needed": look.number(TEXT_RATIO)}
    if text == contrast.BLACK:
        yield look.gettext(
            N_("Buttons get black text: its contrast is %(ratio)s to 1 (%(needed)s is needed)."), **values
        )
    else:
        yield look.gettext(
            N_("Buttons get white text: its contrast is %(ratio)s to 1 (%(needed)s is needed)."), **values
        )
    for ground, name in _GROUNDS.items():
        yield _on(look, color, ground, look.gettext(name))


def _on(look: Look, color: str, ground: str, where: str) -> str:
    use, found = contrast.on_ground(color, ground), contrast.ratio(color, ground)
    values = {"where": where, "ratio": look.number(round(found, 1))}
    if use.needs_edge:
        # NOTE: where is such as "On a light ground"
        return look.gettext(
            N_(
                "%(where)s it is hard to tell from the ground (%(ratio)s to 1, %(needed)s is needed): buttons get a "
                "border, links another colour."
            ),
            needed=look.number(CONTROL_RATIO),
            **values,
        )
    if not use.good_for_links:
        return look.gettext(
            N_(
                "%(where)s it is good for buttons (%(ratio)s to 1); links get another colour, since they need "
                "%(needed)s."
            ),
            needed=look.number(TEXT_RATIO),
            **values,
        )
    return look.gettext(N_("%(where)s it is good for buttons and for links (%(ratio)s to 1)."), **values)


def _button(color: str, ground: str, word: str, *, x: int) -> Markup:
    edge = _EDGES[ground] if contrast.on_ground(color, ground).needs_edge else color
    return Markup(
        '<rect x="{x}" width="200" height="88" fill="{ground}"/>'
        '<rect x="{left}" y="22" width="152" height="44" rx="8" fill="{color}" stroke="{edge}"/>'
        '<text x="{middle}" y="49" text-anchor="middle" font-size="16" font-weight="600" fill="{text}">{word}</text>'
    ).format(
        x=x,
        left=x + 24,
        middle=x + 100,
        ground=ground,
        color=color,
        edge=edge,
        text=contrast.text_on(color),
        word=word,
    )
