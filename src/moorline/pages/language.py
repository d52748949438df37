"""The languages of the hosted pages: which one somebody reads, and its catalogue of texts.

Catalogues are the `.po` files under `moorline/locale`, read when the first page of their language is asked for. Babel
is imported then, not before: starting the service and `moorline --help` do without it.
"""

import gettext
import io
import re
from functools import cache
from pathlib import Path
from typing import Literal

from moorline.languages import TAGS

Direction = Literal["ltr", "rtl"]

DEFAULT = "en"
# By their own names, as readers look for them.
NAMES = {
    "en": "English",
    "de": "Deutsch",
    "es": "Español",
    "fr": "Français",
    "pt-BR": "Português (Brasil)",
    "ar": "العربية",
}
_RTL = frozenset({"ar"})
# English dates here are written day first, with the month as a word: nobody misreads them.
_LOCALES = {"en": "en_GB", "pt-BR": "pt_BR"}
_MAX_WISHES = 20

CATALOGUES = Path(__file__).parents[1] / "locale"


def direction_of(language: str) -> Direction:
    """Which way the language is written."""
    return "rtl" if language in _RTL else "ltr"


def locale_of(language: str) -> str:
    """The locale, as Babel names it, that dates and numbers are written in."""
    return _LOCALES.get(language, language)


def known(text: str | None) -> str | None:
    """The language of a tag such as `pt`, `de-AT` or `PT_br`; None when we do not speak it."""
    wanted = (text or "").strip().lower().replace("_", "-")
    by_tag = {tag.lower(): tag for tag in TAGS}
    by_first = {tag.partition("-")[0]: tag for tag in TAGS}
    return by_tag.get(wanted) or by_first.get(wanted.partition("-")[0])


def negotiate(accept_language: str) -> str:
    """The best of our languages for an Accept-Language header (RFC 9110 section 12.5.4)."""
    wishes: list[tuple[float, str]] = []
    for part in accept_language.split(",")[:_MAX_WISHES]:
        tag, _, parameters = part.partition(";")
        weight = re.fullmatch(r"\s*q\s*=\s*([01](?:\.\d{0,3})?)\s*", parameters)
        wishes.append((float(weight[1]) if weight else 1.0, tag))
    for quality, tag in sorted(wishes, key=lambda wish: -wish[0]):  # stable: equal wishes in the order given
        language = known(tag)
        if quality > 0 and language is not None:
            return language
    return DEFAULT


_prepared: set[str] = set()


def is_prepared(language: str) -> bool:
    """Whether a page in this language can be made at once."""
    return language in _prepared


def prepare(language: str) -> None:
    """Read what pages in a language need: its texts, and how it writes dates and numbers. Takes some 100 ms, once."""
    from babel import dates, numbers

    catalogue(language)
    locale = locale_of(language)
    dates.format_skeleton("yMMMd", None, locale=locale)
    numbers.format_decimal(0, locale=locale)
    _prepared.add(language)


@cache
def catalogue(language: str) -> gettext.NullTranslations:
    """The texts of a language, with its own plural forms; English has them in the code. Reading one takes a moment."""
    if language == DEFAULT:
        return gettext.NullTranslations()
    from babel.messages.mofile import write_mo
    from babel.messages.pofile import read_po

    path = CATALOGUES / locale_of(language) / "LC_MESSAGES" / "moorline.po"
    with path.open("rb") as file:
        texts = read_po(file, locale=locale_of(language))
    compiled = io.BytesIO()
    write_mo(compiled, texts)
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)
