"""Models of `/v1/connect/logs` and `/v1/connect/attempts/{id}`."""

from typing import Literal

import msgspec

Type = Literal["connect", "reconnect", "disconnected", "lost", "restored", "switched"]
Status = Literal["started", "selecting", "connected", "failed"]
Stage = Literal["started", "exchange", "identify", "list", "choose", "save"]


class LogEntryShape(msgspec.Struct, kw_only=True):
    """A connection somebody started, or what happened to an account since.

    `error` is the slug of the failure redirect, `stage` where it failed, `platformAnswer` the status and error name the
    platform answered there. `reason` is a sentence about it. What tells of an account has no `attemptId`, but the
    `username` of an account that may be gone; a `status` only where it was connected without an attempt.
    """

    id: str
    type: Type
    attempt_id: str | None = msgspec.field(name="attemptId")
    profile_id: str = msgspec.field(name="profileId")
    platform: str
    status: Status | None
    error: str | None
    stage: Stage | None
    platform_answer: str | None = msgspec.field(name="platformAnswer")
    reason: str | None
    account_id: str | None = msgspec.field(name="accountId")
    username: str | None
    created_at: str = msgspec.field(name="createdAt")
    finished_at: str | None = msgspec.field(name="finishedAt")
    headless: bool
    reconnect: bool


class LogList(msgspec.Struct, kw_only=True):
    """Entries, newest first."""

    logs: list[LogEntryShape]


class StepShape(msgspec.Struct, kw_only=True):
    """What was done for a connection, and when; `told` is a few words about it, or empty."""

    at: str
    name: Literal["started", "returned", "exchanged", "identified", "listed", "chosen", "connected", "failed"]
    told: str


class AttemptShape(LogEntryShape, kw_only=True):
    """One connection somebody started, with its steps in order."""

    steps: list[StepShape]
