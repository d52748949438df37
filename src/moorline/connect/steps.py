"""The steps of an attempt, as an operator reads them: when, what, what came of it. Never a secret of the platform's.

They are collected while a request works and written with its last statement, one JSON object a line, so that a later
request (the choice) adds its own without reading the earlier ones.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, get_args

from moorline import clock
from moorline.logs import printable
from moorline.store.attempts import Attempt

# started, returned and connected are told by the attempt's own columns, and failed where nobody was there to note it
Name = Literal["started", "returned", "exchanged", "identified", "listed", "chosen", "connected", "failed"]
MAX_TOLD_CHARS = 200
# Where an attempt failed. started: before the platform was asked for anything. choose: the person left the choice.
Stage = Literal["started", "exchange", "identify", "list", "choose", "save"]
_AFTER: Mapping[Name, Stage] = {"exchanged": "identify", "identified": "identify", "listed": "list", "chosen": "choose"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """`told` is a few words about it, empty where the name says all."""

    at: datetime
    name: Name
    told: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """Where an attempt failed (None: nobody was there to see it), and what the platform answered there, if it was that.

    `answer` is its HTTP status and its own name of the error.
    """

    stage: Stage | None
    answer: str | None = None


class Trail:
    """The steps of one request."""

    def __init__(self) -> None:
        self._lines: list[str] = []
        self._stage: Stage = "started"

    def fail(self, stage: Stage | None, answers: Sequence[object] = ()) -> None:
        """It failed just now, at this stage (None: what comes after the last step), as the platform answered."""
        answer = " ".join(str(part) for part in answers if part is not None)
        self.note("failed", ": ".join(filter(None, (stage or self._stage, answer))))

    def note(self, name: Name, told: str = "") -> None:
        """A step was taken just now."""
        self._stage = _AFTER.get(name, self._stage)
        line = {"at": clock.to_ms(clock.now()), "name": name, "told": printable(told, MAX_TOLD_CHARS)}
        self._lines.append(json.dumps(line, ensure_ascii=False, separators=(",", ":")))

    def text(self) -> str:
        """What is added to the attempt's row."""
        return "".join(f"{line}\n" for line in self._lines)


def of(attempt: Attempt) -> Sequence[Step]:
    """Every step of an attempt in order, from the start to its end, if it has come."""
    steps = [Step(at=attempt.created_at, name="started")]
    if attempt.consumed_at is not None:
        steps.append(Step(at=attempt.consumed_at, name="returned"))
    steps.extend(_parse(attempt.steps))
    if attempt.status == "connected" and attempt.finished_at is not None:
        steps.append(Step(at=attempt.finished_at, name="connected"))
    if attempt.status == "failed" and attempt.finished_at is not None and steps[-1].name != "failed":
        steps.append(Step(at=attempt.finished_at, name="failed", told=attempt.slug or ""))
    return steps


def failure_of(*, status: str | None, slug: str | None, steps: str) -> Failure | None:
    """Where an attempt failed, told by what its row keeps; None while it has not."""
    if status != "failed":
        return None
    told = next((step.told for step in reversed(_parse(steps)) if step.name == "failed"), "")
    named, _, answer = told.partition(": ")
    for stage in get_args(Stage):
        if stage == named:
            return Failure(stage=stage, answer=answer or None)
    return Failure(stage="choose" if slug == "selection_cancelled" else None)


def _parse(text: str) -> list[Step]:
    found = []
    for line in text.splitlines():
        kept = json.loads(line)
        if kept["name"] in get_args(Name):
            found.append(Step(at=clock.from_ms(kept["at"]), name=kept["name"], told=kept["told"]))
    return found
