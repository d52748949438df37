"""What LinkedIn's Rest.li resources have everywhere: error bodies, versions, projections, List() and paging."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from urllib.parse import quote, urlencode

from moorline.sandbox.kernel import Call

PROTOCOL = "2.0.0"
DEFAULT_COUNT = 10  # linkedin.md section 11: the default is small
LARGEST_COUNT = 100  # linkedin.md section 4

# The last day on which a version answers; later versions have no announced end. (linkedin.md section 1)
_ENDS = {
    "202511": date(2026, 11, 15),
    "202601": date(2027, 1, 14),
    "202602": date(2027, 2, 14),
    "202603": date(2027, 3, 15),
}
_FIRST_WITHOUT_AN_END = "202604"


class RestliError(Exception):
    """A refusal of a resource. (linkedin.md section 10)"""

    def __init__(self, status: int, message: str, *, code: str = "", number: int | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.code = code
        self.number = number

    def body(self) -> dict[str, Any]:
        """Status, both kinds of code where there are such, message."""
        told: dict[str, Any] = {"status": self.status}
        if self.number is not None:
            told["serviceErrorCode"] = self.number
        if self.code:
            told["code"] = self.code
        return {**told, "message": self.message}


def check_version(call: Call, now: datetime) -> None:
    """Raises RestliError 400 without the two headers of `/rest`, and 426 for a version that does not answer."""
    version = call.headers.get("linkedin-version")
    if not version:
        raise RestliError(400, "A version must be present. Please specify a version.", code="VERSION_MISSING")
    if not _is_active(version, now):
        raise RestliError(426, f"Requested version {version} is not active", code="NONEXISTENT_VERSION")
    if call.headers.get("x-restli-protocol-version") != PROTOCOL:
        raise RestliError(400, f"The header X-Restli-Protocol-Version must be {PROTOCOL}", code="ILLEGAL_ARGUMENT")


def _is_active(version: str, now: datetime) -> bool:
    if re.fullmatch(r"20\d\d(0[1-9]|1[0-2])", version) is None or version > now.strftime("%Y%m"):
        return False
    if version >= _FIRST_WITHOUT_AN_END:
        return True
    return version in _ENDS and now.date() <= _ENDS[version]


# --- projections ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One name of a projection: `name~` also fetches what the name points at, `(...)` picks fields out of it."""

    decorated: bool = False
    fields: Mapping[str, "Field"] | None = None


Projection = Mapping[str, Field]
_TOKEN = re.compile(r"(?P<name>[A-Za-z0-9]+)(?P<decorated>~(?::[A-Za-z]+)?)?\*?")


def read_projection(text: str) -> Projection:
    """The tree of `(a,b~:streams(c),d*(e))`. Raises RestliError 400."""
    fields, rest = _read_fields(text)
    if rest:
        raise _bad_projection(text)
    return fields


def _read_fields(text: str) -> tuple[Projection, str]:
    if not text.startswith("("):
        raise _bad_projection(text)
    fields: dict[str, Field] = {}
    rest = text
    while rest and rest[0] in "(,":
        token = _TOKEN.match(rest, 1)
        if token is None:
            raise _bad_projection(text)
        rest = rest[token.end() :]
        below: Projection | None = None
        if rest.startswith("("):
            below, rest = _read_fields(rest)
        fields[token["name"]] = Field(decorated=bool(token["decorated"]), fields=below)
    if not rest.startswith(")"):
        raise _bad_projection(text)
    return fields, rest[1:]


def _bad_projection(text: str) -> RestliError:
    return RestliError(400, f"Invalid projection: {text}", code="ILLEGAL_ARGUMENT")


def project(value: Any, projection: Projection) -> Any:
    """The parts of `value` a projection names; what it points at stands under `name~`, a failed look under `name!`."""
    if isinstance(value, list):
        return [project(item, projection) for item in value]
    shown: dict[str, Any] = {}
    for name, field in projection.items():
        below = field.fields
        if name in value:
            plain = below is None or field.decorated
            shown[name] = value[name] if plain else project(value[name], below or {})
        if field.decorated and f"{name}~" in value:
            shown[f"{name}~"] = value[f"{name}~"] if below is None else project(value[f"{name}~"], below)
        if field.decorated and f"{name}!" in value:
            shown[f"{name}!"] = value[f"{name}!"]
    return shown


def undecorated(value: Any) -> Any:
    """The value as it is without any projection: only what it holds itself."""
    if isinstance(value, list):
        return [undecorated(item) for item in value]
    if isinstance(value, dict):
        return {name: undecorated(item) for name, item in value.items() if name[-1] not in "~!"}
    return value


def names_of(projection: Projection) -> set[str]:
    """Every name in the tree."""
    below = [names_of(field.fields) for field in projection.values() if field.fields is not None]
    return set(projection).union(*below)


# --- List() and paging ------------------------------------------------------------------------------------------------


def read_ids(call: Call) -> list[str]:
    """The ids of `ids=List(1,2)`, whose brackets and commas must not be percent-encoded. Raises RestliError 400."""
    found = re.search(r"(?:^|&)ids=List\((\d+(?:,\d+)*)\)(?:&|$)", call.raw_query)
    if found is None:
        raise RestliError(400, "Invalid value for the parameter ids: expected List(...)", code="PARAM_INVALID")
    return list(dict.fromkeys(found[1].split(",")))


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """Which rows are asked for."""

    start: int
    count: int

    def of(self, rows: Sequence[Any]) -> list[Any]:
        """Those rows."""
        return list(rows[self.start : self.start + self.count])

    def paging(self, call: Call, total: int) -> dict[str, Any]:
        """The `paging` of `/rest`, which tells no total. (linkedin.md section 8)"""
        following = self.start + self.count
        links = []
        if following < total:
            kept = {**call.query, "count": str(self.count), "start": str(following)}
            href = f"{call.path}?{urlencode(kept, quote_via=quote, safe='(),*~:')}"
            links.append({"type": "application/json", "rel": "next", "href": href})
        return {"count": self.count, "start": self.start, "links": links}


def read_window(query: Mapping[str, str]) -> Window:
    """`start` and `count`. Raises RestliError 400."""
    return Window(
        start=_whole(query, "start", 0, low=0, high=10**9),
        count=_whole(query, "count", DEFAULT_COUNT, low=1, high=LARGEST_COUNT),
    )


def _whole(query: Mapping[str, str], name: str, default: int, *, low: int, high: int) -> int:
    text = query.get(name, str(default))
    if not re.fullmatch(r"[0-9]{1,10}", text) or not low <= int(text) <= high:
        raise RestliError(400, f"The parameter {name} must be from {low} to {high}", code="PARAM_INVALID")
    return int(text)
