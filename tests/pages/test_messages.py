"""The catalogues: every text of the code and the templates, in every language, with its placeholders."""

import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from babel.messages.catalog import Message
from flit_core.wheel import make_wheel_in  # type: ignore[import-untyped]  # it ships no types

from moorline import languages
from moorline.pages import language
from scripts import messages
from tests.pages.looks import a_look


def test_everything_is_extracted_translated_and_has_its_placeholders() -> None:
    assert messages.faults() == []


def test_the_script_and_the_service_know_the_same_languages() -> None:
    assert {"en", *messages.LANGUAGES} == set(languages.TAGS)
    for tag in messages.LANGUAGES:
        assert messages.path_of(tag) == language.CATALOGUES / language.locale_of(tag) / "LC_MESSAGES" / "moorline.po"


def test_texts_are_found_in_code_and_in_templates() -> None:
    found = {messages.forms_of(message)[0] for message in messages.extracted() if message.id}
    assert "You stopped before choosing" in found  # a literal marked with N_
    assert "%(name)s is connected" in found  # a call inside a call
    assert "Skip to the content" in found  # _() in a template
    assert any("<code" in text and "%(reference)s" in text for text in found)  # a block in a template


def test_what_is_found_in_a_file_of_code(tmp_path: Path) -> None:
    path = tmp_path / "one.py"
    path.write_text(
        "def gettext(text): ...\n"
        "# NOTE: about the next\n"
        'a = look.gettext(N_("in" "side"), x=1)\n'
        'b = look.ngettext("one", "many", 2)\n'
        "c = look.gettext(variable)\n"
        'd = look.gettext(f"{variable}")\n'
        "# NOTE: far away\n\n\n"
        'e = _("last")\n',
        encoding="utf-8",
    )
    with path.open("rb") as file:
        found = [(text, notes) for _, _, text, notes in messages.from_python(file, (), ("NOTE:",), {})]
    assert sorted(found) == [(("inside",), ["NOTE: about the next"]), (("last",), []), (("one", "many"), [])]


@pytest.mark.parametrize(
    ("text", "translations", "is_right"),
    [
        ("Ask %(brand)s", ["%(brand)s fragen"], True),
        ("Ask %(brand)s", ["Fragen"], False),
        ("Ask %(brand)s", ["%(Brand)s fragen"], False),
        ("Ask", ["%(brand)s fragen"], False),
        ("Ask %(brand)s", ["%(brand) fragen"], False),
        ("100 %%", ["100 %%"], True),
        ("100 %%", ["100 %"], False),
        ("<code>%(x)s</code>", ["<code>%(x)s</code>"], True),
        ("<code>%(x)s</code>", ["%(x)s"], False),
        ("<code>%(x)s</code>", ["<code>%(x)s<code>"], False),
        ("%(x)s", ["<script>%(x)s</script>"], False),
        (("%(n)s Page of %(x)s", "%(n)s Pages of %(x)s"), ["Seite von %(x)s", "%(n)s Seiten von %(x)s"], True),
        (("%(n)s Page of %(x)s", "%(n)s Pages of %(x)s"), ["%(n)s Seite", "%(n)s Seiten von %(x)s"], False),
        (("one Page", "%(n)s Pages"), ["eine Seite", "%(n)s Seiten"], True),
    ],
)
def test_placeholders_and_tags_are_compared(
    text: str | tuple[str, str], translations: list[str], is_right: bool
) -> None:
    assert (messages.wrong_with(Message(text), translations) is None) is is_right


def test_entries_are_taken_from_json_and_wrong_ones_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(messages, "LOCALE", tmp_path)
    monkeypatch.setattr(messages, "TEMPLATE", tmp_path / "messages.pot")
    messages.update()
    assert "Copy" in messages.missing(messages.load("de"))
    given = {
        "de": {"Copy": ["Kopieren"], "%(brand)s can now post to it.": ["Kann posten."], "No such text": ["Nein"]},
        "nl": {"Copy": ["Kopiëren"]},
    }
    refused = messages.fill(json.loads(json.dumps(given)))
    assert [sentence.partition(":")[0] for sentence in refused] == [
        "de",
        "de",
        "nl is not one of de, es, fr, pt-BR, ar",
    ]
    copy = messages.load("de").get("Copy")
    assert copy is not None
    assert copy.string == "Kopieren"
    assert "Copy" not in messages.missing(messages.load("de"))
    assert "de: not translated: 'Copied'" in messages.faults()
    assert messages.fill({"ar": {"Copy": [""]}}) == ["ar: 'Copy': give 1 translations, none empty"]


def test_arabic_has_its_six_forms(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "ar" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    forms = "".join(f'msgstr[{number}] "form {number}"\n' for number in range(6))
    (folder / "moorline.po").write_text(f'msgid "one"\nmsgid_plural "many"\n{forms}', encoding="utf-8")
    monkeypatch.setattr(language, "CATALOGUES", tmp_path)
    language.catalogue.cache_clear()
    try:
        counts = {count: a_look("ar").translated_plural("one", "many", count)[-1] for count in (0, 1, 2, 3, 11, 100)}
    finally:
        language.catalogue.cache_clear()
    assert counts == {0: "0", 1: "1", 2: "2", 3: "3", 11: "5", 100: "4"}  # as Babel numbers them


def test_the_service_starts_without_reading_any_language() -> None:
    asked = "import sys, moorline.app, moorline.cli; print(sorted(name for name in sys.modules if 'babel' in name))"
    ran = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)
    assert ran.stdout == "[]\n"


def test_catalogues_and_static_files_are_in_the_package(tmp_path: Path) -> None:
    made = make_wheel_in(messages.ROOT / "pyproject.toml", tmp_path)
    with zipfile.ZipFile(made.file) as wheel:
        names = set(wheel.namelist())
    package = messages.PACKAGE.parent
    data = [messages.path_of(tag) for tag in messages.LANGUAGES]
    data += [path for path in (messages.PACKAGE / "pages" / "static").iterdir() if path.is_file()]
    assert len(data) >= 8
    assert {str(path.relative_to(package)) for path in data} <= names
