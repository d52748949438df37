"""The rows of a chooser: put in order, searched, cut into pages. Pure."""

import hashlib
import re
import unicodedata
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from moorline.adapter.values import Choice, Choices, Unavailable
from moorline.pages.picking import Picking

ALL_UP_TO = 200  # rows shown at once; a longer list comes in pages
PAGE_ROWS = 100
UNUSABLE_ROWS = 50
MAX_SEARCH_CHARS = 100
PERSON = "person"  # the row of the person's own account; all others are numbered
# Letters that Unicode takes for letters of their own, and people type without their strokes.
_STROKES = str.maketrans(
    {"ø": "o", "đ": "d", "ł": "l", "ħ": "h", "ŧ": "t", "\u0131": "i", "æ": "ae", "œ": "oe", "þ": "th"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One thing to choose. `value` is what its radio button sends, never an id of the platform's.

    `letter` stands where there is no picture; `hints` tell alike ones apart; `group` is what it is listed under.
    `is_nameless`: to the eye, its name is empty.
    """

    value: str
    name: str
    letter: str
    has_picture: bool
    username: str | None = None
    hints: tuple[str, ...] = ()
    group: str | None = None
    item_count: int | None = None
    is_nameless: bool = False
    is_secret: bool = False
    is_connected: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """What one page shows of a list. `all_count` is how many there are, `found_count` how many the search found.

    Numbers count the person's own account, where it is offered, and leave out what cannot be chosen. `start` is the
    place of the first row among those found; `before` and `after` are where the pages beside it start.
    """

    person: Row | None
    rows: tuple[Row, ...]
    unusable: tuple[Unavailable, ...]
    unusable_count: int
    all_count: int
    found_count: int
    start: int
    before: int | None
    after: int | None

    @property
    def first(self) -> Row | None:
        """The first row that can be chosen."""
        return self.person or (self.rows[0] if self.rows else None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What of a list is asked for: rows with every word of `words`, from the place `start` on."""

    words: str = ""
    start: int = 0

    @classmethod
    def of(cls, query: Mapping[str, Any]) -> "Asked":
        """From the parameters `q` and `from`; what is malformed asks for the beginning."""
        start = str(query.get("from", ""))
        return cls(
            words=" ".join(str(query.get("q", ""))[:MAX_SEARCH_CHARS].split()),
            start=int(start) if re.fullmatch(r"[0-9]{1,6}", start) else 0,
        )


def listing(
    choices: Choices, picking: Picking, *, asked: Asked, person: Row | None, connected: Collection[str]
) -> Listing:
    """The page that is asked for. `connected` are the ids of choices that the profile has already."""
    wanted = fold(asked.words).split()
    usable = list(enumerate(choices.items))
    if wanted:
        usable = [entry for entry in usable if _has_all(wanted, _texts(entry[1], picking))]
    unusable = [one for one in choices.unavailable if _has_all(wanted, (one.name, one.id or ""))]
    person_found = person if person is not None and _has_all(wanted, (person.name,)) else None
    start, end = _part(len(usable), asked.start)
    ordered = sorted(usable, key=lambda entry: _place(entry[1], picking))
    return Listing(
        person=person_found if start == 0 else None,
        rows=tuple(_rows(ordered[start:end], picking, connected)),
        unusable=tuple(sorted(unusable, key=lambda one: fold(one.name))[:UNUSABLE_ROWS]),
        unusable_count=len(unusable),
        all_count=len(choices.items) + (person is not None),
        found_count=len(usable) + (person_found is not None),
        start=start,
        before=max(start - PAGE_ROWS, 0) if start > 0 else None,
        after=end if end < len(usable) else None,
    )


def fold(text: str) -> str:
    """The text as people search and sort it: without case, accents, widths and what the eye does not see."""
    if text.isascii():
        return text.lower()
    # Twice, since letters come out of signs (a mathematical A), and accents out of letters.
    apart = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    seen = "".join(one for one in apart if unicodedata.category(one) not in {"Mn", "Me", "Cc", "Cf", "Cs"})
    return seen.translate(_STROKES)


def row(
    value: str,
    name: str,
    *,
    picture_url: str | None,
    username: str | None = None,
    hints: Iterable[object] = (),
    **more: Any,
) -> Row:
    """A row with its letter; hints that are empty, or repeat the name, are left out."""
    return Row(
        value=value,
        name=name,
        letter=letter_of(name),
        has_picture=picture_url is not None,
        username=username,
        hints=tuple(str(hint) for hint in hints if hint and hint != name),
        is_nameless=not fold(name).strip(),
        **more,
    )


def letter_of(name: str) -> str:
    """What stands for a picture that is missing; empty for a name without letters."""
    return next((one for one in fold(name) if one.isalnum()), "").upper()


def version_of(choices: Choices) -> str:
    """What the numbers of the rows stand for: another text when the list has changed."""
    return hashlib.sha256("\x00".join(item.id for item in choices.items).encode()).hexdigest()[:16]


def choice_id(choices: Choices, value: str) -> str | None:
    """The id of the row that a number stands for; None for what is none."""
    if not re.fullmatch(r"[0-9]{1,6}", value) or int(value) >= len(choices.items):
        return None
    return choices.items[int(value)].id


def _has_all(wanted: list[str], texts: Iterable[str]) -> bool:
    hay = fold("\n".join(texts))
    return all(word.removeprefix("@") in hay for word in wanted)


def _texts(item: Choice, picking: Picking) -> Iterable[str]:
    shown = (*picking.hints, picking.group or "")
    return (item.name, item.username or "", item.id, *(str(item.shown.get(name) or "") for name in shown))


def _place(item: Choice, picking: Picking) -> tuple[str, str, str]:
    group = fold(str(item.shown.get(picking.group) or "")).strip() if picking.group else ""
    return group, fold(item.name).strip(), item.name


def _part(count: int, asked: int) -> tuple[int, int]:
    """Where the part that is asked for starts and ends."""
    if count <= ALL_UP_TO:
        return 0, count
    start = asked if asked < count else 0
    return start, min(start + PAGE_ROWS, count)


def _rows(part: list[tuple[int, Choice]], picking: Picking, connected: Collection[str]) -> Iterable[Row]:
    for number, item in part:
        yield row(
            str(number),
            item.name,
            picture_url=item.picture_url,
            username=item.username,
            hints=(item.shown.get(name) for name in picking.hints),
            group=str(item.shown.get(picking.group) or "") if picking.group else None,
            item_count=item.item_count,
            is_secret=item.shown.get("privacy") == "SECRET",
            is_connected=item.id in connected,
        )
