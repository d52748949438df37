"""Models of `/v1/connect/logs` and `/v1/connect/attempts/{id}`."""

from typing import Literal

import msgspec

Status = Literal["started", "selecting", "connected", "failed"]


class AttemptShape(msgspec.Struct, kw_only=True):
    """One connection somebody started. `error` is the slug of the failure redirect, `reason` a sentence about it."""

    attempt_id: str = msgspec.field(name="attemptId")
    profile_id: str = msgspec.field(name="profileId")
    platform: str
    status: Status
    error: str | None
    reason: str | None
    account_id: str | None = msgspec.field(name="accountId")
    created_at: str = msgspec.field(name="createdAt")
    finished_at: str | None = msgspec.field(name="finishedAt")
    headless: bool
    reconnect: bool


class AttemptList(msgspec.Struct, kw_only=True):
    """Attempts, newest first."""

    logs: list[AttemptShape]
