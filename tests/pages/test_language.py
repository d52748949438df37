"""Which language a reader gets, and how it writes."""

from datetime import timedelta

import pytest

from moorline import clock, languages
from moorline.pages import language
from tests.conftest import FrozenClock
from tests.pages.looks import a_look


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("", "en"),
        ("de", "de"),
        ("de-AT", "de"),
        ("DE-at", "de"),
        ("fr-CH, fr;q=0.9, en;q=0.8, de;q=0.7, *;q=0.5", "fr"),
        ("en;q=0.2, es;q=0.9", "es"),
        ("pt", "pt-BR"),
        ("pt-PT,pt;q=0.9", "pt-BR"),
        ("pt-BR", "pt-BR"),
        ("ar-EG", "ar"),
        ("nl, ja;q=0.9", "en"),
        ("nl, ar;q=0.1", "ar"),
        ("de;q=0, fr", "fr"),
        ("de;q=0", "en"),
        ("de;q=0.000, en-GB;q=0.001", "en"),
        ("*", "en"),
        (" es ; q = 0.5 , fr ;q=0.7", "fr"),
        ("de;level=1", "de"),
        ("de;q=nonsense", "de"),
        (",,;;,q=1", "en"),
        ("\u00ff\u0000de", "en"),
        ("nl," * 5000 + "de", "en"),  # nobody has so many wishes
    ],
)
def test_the_browsers_wish(header: str, expected: str) -> None:
    assert language.negotiate(header) == expected


def test_every_language_of_the_api_has_a_name_and_a_catalogue() -> None:
    assert set(language.NAMES) == set(languages.TAGS)
    for tag in languages.TAGS:
        assert language.known(tag) == tag
        assert language.catalogue(tag).gettext("Copy")


@pytest.mark.parametrize("odd", [None, "", "xx", "english", "../en", "e\x00n"])
def test_what_is_no_language_of_ours_is_none(odd: str | None) -> None:
    assert language.known(odd) is None


@pytest.mark.parametrize(
    ("tag", "date", "number"),
    [
        ("en", "3 Feb 2026", "1,204"),
        ("de", "3. Feb. 2026", "1.204"),
        ("es", "3 feb 2026", "1.204"),
        ("fr", "3 févr. 2026", "1\u202f204"),
        ("pt-BR", "3 de fev. de 2026", "1.204"),
        ("ar", "3 فبراير 2026", "1,204"),
    ],
)
def test_dates_and_numbers_are_written_as_the_language_writes_them(tag: str, date: str, number: str) -> None:
    look = a_look(tag)
    instant = clock.from_ms(1770129120000)
    assert look.date(instant) == date
    assert look.number(1204) == number
    assert date in look.instant(instant)
    assert "UTC" in look.instant(instant)
    assert "UTC" in look.time(instant)


def test_english_times_are_told_as_utc() -> None:
    instant = clock.from_ms(1770129120000)
    assert a_look().time(instant) == "14:32 UTC"
    assert a_look().instant(instant) == "3 Feb 2026, 14:32 UTC"


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (-12 * 60, "12 minutes ago"),
        (3 * 3600, "in 3 hours"),
        (-86_399, "1 day ago"),
        (-86_400, "3 Mar 2026"),
        (30 * 86_400, "3 Apr 2026"),
    ],
)
def test_what_is_near_is_told_from_now_and_what_is_far_by_its_date(
    frozen_clock: FrozenClock, seconds: int, expected: str
) -> None:
    assert a_look().ago(clock.now() + timedelta(seconds=seconds)) == expected


def test_directions() -> None:
    assert [tag for tag in languages.TAGS if language.direction_of(tag) == "rtl"] == ["ar"]


def test_a_percent_sign_and_markup_in_values_stay_what_they_are() -> None:
    look = a_look()
    assert look.gettext("%(name)s is at 100 %%", name="50%(x)s") == "50%(x)s is at 100 %"
    assert look.markup("Ask %(name)s", name="<b>%s</b>") == "Ask &lt;b&gt;%s&lt;/b&gt;"
    assert look.ngettext("%(n)s Page", "%(n)s Pages", 1) == "1 Page"
    assert look.ngettext("%(n)s Page", "%(n)s Pages", 1204) == "1,204 Pages"
    assert look.markup_plural("%(n)s Page of %(name)s", "%(n)s Pages of %(name)s", 2, name="&") == "2 Pages of &amp;"
