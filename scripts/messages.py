"""The catalogues of the hosted pages: `make messages` extracts every text and brings all languages up to date.

    scripts/messages.py            extract, update the catalogues, and list what is not translated
    scripts/messages.py --check    change nothing; fail when something is not up to date or not translated
    scripts/messages.py --missing  what is not translated, as JSON: {"de": {"text": ["", ...], ...}, ...}
    scripts/messages.py --fill F   write translations from such a file (`-`: standard input) into the catalogues

In JSON a text stands under its msgid (a plural one under its singular), its translations in a list: one, or as many as
the language has plural forms. A translation is refused when its placeholders are not those of the text.
"""

import argparse
import ast
import io
import json
import re
import sys
import tokenize
from collections.abc import Collection, Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import IO

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "src" / "moorline"
LOCALE = PACKAGE / "locale"
TEMPLATE = LOCALE / "messages.pot"
LANGUAGES = {"de": "de", "es": "es", "fr": "fr", "pt-BR": "pt_BR", "ar": "ar"}  # our tag, and its folder's name
KEYWORDS: dict[str, tuple[int, ...] | None] = {
    "_": None,
    "N_": None,
    "P_": (1, 2),
    "gettext": None,
    "translated": None,
    "markup": None,
    "ngettext": (1, 2),
    "translated_plural": (1, 2),
    "markup_plural": (1, 2),
}
HEADER = "# Texts of the hosted pages of Moorline. Made by scripts/messages.py."
DROPPED = ("POT-Creation-Date", "PO-Revision-Date", "Last-Translator", "Language-Team", "Generated-By",
           "Report-Msgid-Bugs-To", "Project-Id-Version")  # fmt: skip
Found = tuple[int, str, tuple[str, ...], list[str]]
PLACEHOLDER = re.compile(r"%\((\w+)\)s|%%")
TAG = re.compile(r"</?[a-z][^>]*>")


def from_python(
    source: IO[bytes],
    _keywords: Collection[str],
    comment_tags: Collection[str],
    options: Mapping[str, object],  # noqa: ARG001 - Babel names it
) -> Iterator[Found]:
    """Texts of a Python file: the literal arguments of calls named in `KEYWORDS`, whatever stands around them.

    Babel's own reader stumbles over a call inside a call. A comment that begins with a tag belongs to the next line.
    """
    code = source.read()
    notes: dict[int, str] = {}
    for token in tokenize.tokenize(io.BytesIO(code).readline):
        text = token.string.lstrip("# ")
        if token.type == tokenize.COMMENT and text.startswith(tuple(comment_tags)):
            notes[token.start[0] + 1] = text
    for call in ast.walk(ast.parse(code)):
        name = _called(call) if isinstance(call, ast.Call) else None
        if not isinstance(call, ast.Call) or name not in KEYWORDS:
            continue
        wanted = KEYWORDS[name] or (1,)
        values = [one.value for one in call.args[: max(wanted)] if isinstance(one, ast.Constant)]
        texts = [value for value in values if isinstance(value, str)]
        if len(texts) == len(wanted):
            lines = range(call.lineno, call.args[0].lineno + 1)
            yield call.lineno, name, tuple(texts), [notes[line] for line in lines if line in notes]


def _called(call: ast.Call) -> str | None:
    if isinstance(call.func, ast.Attribute):
        return call.func.attr
    return call.func.id if isinstance(call.func, ast.Name) else None


METHODS = [("pages/**.py", from_python), ("platforms/*.py", from_python), ("pages/templates/**.html", "jinja2")]
OPTIONS = {"pages/templates/**.html": {"extensions": "jinja2.ext.i18n", "trimmed": "true", "silent": "false"}}


@cache
def extracted() -> Catalog:
    """Every text in the code and the templates, with the notes for translators."""
    catalog = Catalog(project="Moorline", charset="utf-8", header_comment=HEADER, fuzzy=False)
    found = extract_from_dir(
        PACKAGE,
        method_map=METHODS,  # type: ignore[arg-type]  # a method may be a function, whatever its stub says
        options_map=OPTIONS,
        keywords=KEYWORDS,
        comment_tags=("NOTE:",),
        strip_comment_tags=True,
    )
    for path, _line, message, comments, context in sorted(found, key=lambda one: (one[0], one[1])):
        # Files without lines: a text that moves is no change.
        location = (f"src/moorline/{path}", None)
        catalog.add(message, None, [location], auto_comments=comments, context=context)  # type: ignore[list-item]
    return catalog


def path_of(tag: str) -> Path:
    """The catalogue of a language."""
    return LOCALE / LANGUAGES[tag] / "LC_MESSAGES" / "moorline.po"


def load(tag: str) -> Catalog:
    """The catalogue as it is on the disk; an empty one for a new language."""
    path = path_of(tag)
    if not path.exists():
        return Catalog(locale=LANGUAGES[tag], project="Moorline", charset="utf-8", header_comment=HEADER, fuzzy=False)
    with path.open("rb") as file:
        return read_po(file, locale=LANGUAGES[tag])


def updated(tag: str, template: Catalog) -> Catalog:
    """The catalogue with exactly the texts of the template; no guesses for new ones, nothing kept of removed ones."""
    catalog = load(tag)
    catalog.update(template, no_fuzzy_matching=True, update_header_comment=True)
    catalog.obsolete.clear()
    return catalog


def rendered(catalog: Catalog) -> bytes:
    """The file, without dates and versions: it changes only with the texts."""
    buffer = io.BytesIO()
    write_po(buffer, catalog, width=120, sort_output=True, omit_header=False, include_lineno=False)
    text = buffer.getvalue().decode("utf-8")
    kept = [line for line in text.splitlines() if not line.startswith(tuple(f'"{name}:' for name in DROPPED))]
    return ("\n".join(kept).rstrip() + "\n").encode()


def forms_of(message: Message) -> tuple[str, ...]:
    """The texts of a message: one, or singular and plural."""
    return (message.id,) if isinstance(message.id, str) else tuple(message.id)


def translations_of(message: Message) -> tuple[str, ...]:
    """Its translations, empty where there are none."""
    given = message.string or ""
    return (given,) if isinstance(given, str) else tuple(text or "" for text in given)


def missing(catalog: Catalog) -> dict[str, list[str]]:
    """The texts without a translation, with as many empty places as the language has forms."""
    found: dict[str, list[str]] = {}
    for message in catalog:
        if message.id and (message.fuzzy or not all(translations_of(message))):
            forms = 1 if isinstance(message.id, str) else catalog.num_plurals
            found[forms_of(message)[0]] = [""] * forms
    return found


def wrong_with(message: Message, translations: Iterable[str]) -> str | None:
    """Why translations cannot be those of a message: a placeholder or a tag missing, added or misspelt."""
    forms = forms_of(message)
    placeholders = [frozenset(PLACEHOLDER.findall(form)) - {""} for form in forms]
    allowed = frozenset().union(*placeholders)
    needed = placeholders[-1] - ({"n", "many"} if len(forms) > 1 else frozenset())  # "one page" needs no number
    for text in translations:
        used = frozenset(PLACEHOLDER.findall(text)) - {""}
        if not needed <= used <= allowed:
            return f"placeholders are {sorted(used)}, not {sorted(needed)}"
        if "%" in PLACEHOLDER.sub("", text):
            return "a % that is no placeholder is written %%"
        if sorted(TAG.findall(text)) != sorted(TAG.findall(forms[-1])):
            return f"tags are {TAG.findall(text)}, not {TAG.findall(forms[-1])}"
    return None


def faults() -> list[str]:
    """Everything that is not as it has to be, a sentence each."""
    template = extracted()
    told: list[str] = []
    if not TEMPLATE.exists() or TEMPLATE.read_bytes() != rendered(template):
        told.append("messages.pot is not what the code and the templates say: run make messages.")
    for tag in LANGUAGES:
        catalog = updated(tag, template)
        if not path_of(tag).exists() or path_of(tag).read_bytes() != rendered(catalog):
            told.append(f"{tag}: not up to date with the texts: run make messages.")
        told.extend(f"{tag}: not translated: {text!r}" for text in missing(catalog))
        told.extend(
            f"{tag}: {forms_of(message)[0]!r}: {wrong}"
            for message in catalog
            if message.id and all(translations_of(message)) and (wrong := wrong_with(message, translations_of(message)))
        )
    return told


def update() -> None:
    """Write the template and every catalogue."""
    template = extracted()
    LOCALE.mkdir(exist_ok=True)
    TEMPLATE.write_bytes(rendered(template))
    for tag in LANGUAGES:
        catalog = updated(tag, template)
        path_of(tag).parent.mkdir(parents=True, exist_ok=True)
        path_of(tag).write_bytes(rendered(catalog))
        left = missing(catalog)
        print(f"{tag}: {len(template)} texts, {len(left)} not translated")
        for text in left:
            print(f"    {json.dumps(text, ensure_ascii=False)}")


def fill(given: Mapping[str, Mapping[str, list[str]]]) -> list[str]:
    """Write translations into the catalogues; a sentence for each that was refused."""
    template, refused = extracted(), []
    for tag, texts in given.items():
        if tag not in LANGUAGES:
            refused.append(f"{tag} is not one of {', '.join(LANGUAGES)}")
            continue
        catalog = updated(tag, template)
        known = {forms_of(message)[0]: message for message in catalog if message.id}
        for text, translations in texts.items():
            message = known.get(text)
            wrong = _wrong_fill(catalog, message, translations)
            if wrong is not None or message is None:
                refused.append(f"{tag}: {text!r}: {wrong}")
                continue
            message.string = translations[0] if isinstance(message.id, str) else tuple(translations)
        path_of(tag).write_bytes(rendered(catalog))
    return refused


def _wrong_fill(catalog: Catalog, message: Message | None, translations: list[str]) -> str | None:
    if message is None:
        return "no such text"
    wanted = 1 if isinstance(message.id, str) else catalog.num_plurals
    if len(translations) != wanted or not all(translations):
        return f"give {wanted} translations, none empty"
    return wrong_with(message, translations)


def main(argv: list[str]) -> int:
    """Run a command; the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ways = parser.add_mutually_exclusive_group()
    ways.add_argument("--check", action="store_true")
    ways.add_argument("--missing", action="store_true")
    ways.add_argument("--fill", metavar="F")
    given = parser.parse_args(argv)
    if given.missing:
        template = extracted()
        left = {tag: missing(updated(tag, template)) for tag in LANGUAGES}
        print(json.dumps({tag: texts for tag, texts in left.items() if texts}, ensure_ascii=False, indent=1))
        return 0
    if given.fill:
        text = sys.stdin.read() if given.fill == "-" else Path(given.fill).read_text(encoding="utf-8")
        told = fill(json.loads(text))
    elif given.check:
        told = faults()
    else:
        update()
        return 0
    print("\n".join(told), file=sys.stderr, end="\n" if told else "")
    return 1 if told else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
