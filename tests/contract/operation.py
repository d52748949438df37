"""What a published operation is held to."""

from collections.abc import Mapping
from dataclasses import dataclass, field

Fields = Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One published operation; `statuses` without the success, `fields` of the success."""

    at: str
    parameters: tuple[str, ...] = ()
    body: tuple[str, ...] = ()
    success: int = 200
    statuses: tuple[int, ...] = (401,)
    fields: Fields = field(default_factory=dict)
