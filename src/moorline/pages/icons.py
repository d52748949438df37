"""Shapes from our own sprite, drawn in the colour of the text beside them; the name always stands there too."""

import re

from markupsafe import Markup

from moorline.pages.static_files import FILES, static_url

SPRITE = "platforms.svg"
NAMES = frozenset(re.findall(r'<symbol id="([a-z-]+)"', FILES[SPRITE].content.decode()))


def icon(name: str, css_class: str = "icon") -> Markup:
    """The shape called `name`; an empty box of the same size when there is none, so that lists stay in line."""
    use = Markup('<use href="{}#{}"/>').format(static_url(SPRITE), name) if name in NAMES else Markup("")
    return Markup('<svg class="{}" width="20" height="20" aria-hidden="true" focusable="false">{}</svg>').format(
        css_class, use
    )


def platform_icon(name: str) -> Markup:
    """The shape of a platform."""
    return icon(name, "icon platform")
