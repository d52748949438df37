"""Looks for tests that ask a page's words without a page, and what every page has around them."""

import re

from moorline.owners.brands import Brand
from moorline.pages import language as languages
from moorline.pages.look import Look


def a_look(language: str = "en", **brand: str) -> Look:
    """A look in a language; `brand` as in `Brand`, called Northwind unless it says otherwise."""
    return Look(
        brand=Brand(**{"name": "Northwind", **brand}),
        language=language,
        direction=languages.direction_of(language),
        scheme=None,
        nonce="nonce",
    )


def without_frame(html: str) -> str:
    """A page without the markup that all pages share and that is ours: the script's tag, shapes of the sprite,
    pictures from our own address."""
    html = re.sub(r'<script src="/connect/static/[a-z]+\.js\?v=[0-9a-f]{12}" defer></script>', "", html)
    html = re.sub(
        r'<img src="/connect/pictures/[^"<>]*"( (class|alt|width|height|loading|decoding)="[a-z0-9 ]*")*>', "", html
    )
    return re.sub(
        r'<svg class="[a-z ]+" width="\d+" height="\d+" aria-hidden="true" focusable="false">'
        r'(<use href="/connect/static/platforms\.svg\?v=[0-9a-f]{12}#[a-z]+"/>)?</svg>',
        "",
        html,
    )
