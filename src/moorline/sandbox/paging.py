"""Lists that come in pages behind opaque tokens, as Google's and Snap's do."""

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

Row = TypeVar("Row")


class WrongToken(Exception):
    """A page token that this list did not give."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part(Generic[Row]):
    """One page of a list. `next_token` is None on the last one."""

    rows: tuple[Row, ...]
    next_token: str | None


def part(rows: Sequence[Row | None], *, size: int, token: str | None, mark: str) -> Part[Row]:
    """The page of at most `size` rows that `token` asks for, or the first. Raises WrongToken.

    `mark` names the list, so that a token of another list is refused. A None in `rows` ends a page early and makes an
    empty one of its own, since real platforms filter after they cut.
    """
    position = 0 if token is None else _position(token, mark)
    taken: list[Row] = []
    while position < len(rows) and len(taken) < size:
        row = rows[position]
        if row is None:
            position += 1 if not taken else 0
            break
        taken.append(row)
        position += 1
    return Part(rows=tuple(taken), next_token=_token(position, mark) if position < len(rows) else None)


def _token(position: int, mark: str) -> str:
    return base64.urlsafe_b64encode(f"{position:06d}@{mark}".encode()).decode().rstrip("=")


def _position(token: str, mark: str) -> int:
    try:
        position, _, marked = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)).decode().partition("@")
    except (binascii.Error, ValueError) as error:
        raise WrongToken from error
    if marked != mark or not position.isdigit():
        raise WrongToken
    return int(position)
