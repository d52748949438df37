"""The connection log: what became of every connection that somebody started, and what happened to accounts since."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from moorline import ids
from moorline.connect import steps
from moorline.connect.steps import Failure
from moorline.errors import BadRequest, NotFound, Slug
from moorline.owners import profiles
from moorline.owners.caller import Caller
from moorline.service import Service
from moorline.store import attempts, connect_logs
from moorline.store.account_events import Kind
from moorline.store.attempts import Attempt, Status
from moorline.store.connect_logs import LogEntry, Wanted

Type = Literal["connect", "reconnect", "disconnected", "lost", "restored", "switched"]
TOLD = Literal["started", "selecting", "connected", "failed"]
# As they are told. That a callback is being worked on is nobody's business: it has been started, and is not over.
STATUSES: Mapping[TOLD, tuple[Status, ...]] = {
    "started": ("started", "returned"),
    "selecting": ("selecting",),
    "connected": ("connected",),
    "failed": ("failed",),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """What a list is narrowed to; None: everything. `before` is the id of an entry: only older ones are wanted."""

    profile_id: str | None = None
    platform: str | None = None
    type: Type | None = None
    status: TOLD | None = None
    slug: Slug | None = None
    account_id: str | None = None
    before: str | None = None


async def list_entries(service: Service, caller: Caller, asked: Filter, *, limit: int = 50) -> list[LogEntry]:
    """What the caller may see, newest first. An unknown or foreign profile, account or entry has none.

    Raises: BadRequest for a malformed id, or a platform that is not.
    """
    _check(service, asked)
    visible = caller.profile_ids
    if asked.profile_id is not None:
        visible = frozenset({asked.profile_id}) if caller.may_see(asked.profile_id) else frozenset()
    wanted = Wanted(
        profile_ids=None if visible is None else tuple(sorted(visible)),
        platform=asked.platform,
        account_id=asked.account_id,
        statuses=_statuses(asked),
        reconnects=None if asked.type is None else asked.type == "reconnect",
        slug=asked.slug,
        kinds=_kinds(asked),
        before=asked.before,
    )
    return await connect_logs.newest(service.db, caller.user_id, wanted, limit=limit)


async def get(service: Service, caller: Caller, attempt_id: str) -> Attempt:
    """One attempt. Raises: BadRequest for a malformed id, NotFound (also for profiles the caller may not see)."""
    _check_id("attemptId", attempt_id)
    found = await attempts.of_tenant(service.db, caller.user_id, attempt_id)
    if found is None or not caller.may_see(found.profile_id):
        raise NotFound("Attempt not found")
    return found


def entry_of(attempt: Attempt) -> LogEntry:
    """An attempt as the list has it."""
    return LogEntry(
        id=attempt.id,
        kind="attempt",
        profile_id=attempt.profile_id,
        platform=attempt.platform,
        account_id=attempt.account_id,
        status=attempt.status,
        slug=attempt.slug,
        note=attempt.note,
        steps=attempt.steps,
        headless=attempt.headless,
        is_reconnect=attempt.reconnect_account_id is not None,
        created_at=attempt.created_at,
        finished_at=attempt.finished_at,
    )


def told_type(entry: LogEntry) -> Type:
    """The kind of entry by the name it is told under."""
    if entry.kind == "attempt":
        return "reconnect" if entry.is_reconnect else "connect"
    return "connect" if entry.kind == "connected" else entry.kind


def told_status(entry: LogEntry) -> TOLD | None:
    """The status by the name it is told under; None for what happens to an account that is connected."""
    if entry.kind != "attempt":
        return "connected" if entry.kind == "connected" else None
    return next(told for told, statuses in STATUSES.items() if entry.status in statuses)


def failure_of(entry: LogEntry) -> Failure | None:
    """Where it failed; None when it did not, or a later try mended it."""
    return steps.failure_of(status=entry.status, slug=entry.slug, steps=entry.steps)


def _statuses(asked: Filter) -> tuple[Status, ...] | None:
    if asked.type not in {None, "connect", "reconnect"}:
        return ()
    return None if asked.status is None else STATUSES[asked.status]


def _kinds(asked: Filter) -> tuple[Kind, ...] | None:
    """Only a connection without an attempt has a status; only an attempt has a slug."""
    if asked.slug is not None:
        return ()
    if asked.type is None and asked.status is None:
        return None
    kinds: tuple[Kind, ...] = ("connected", "disconnected", "lost", "restored", "switched")
    return tuple(
        kind
        for kind in kinds
        if asked.type in {None, "connect" if kind == "connected" else kind}
        and (asked.status is None or (asked.status == "connected" and kind == "connected"))
    )


def _check(service: Service, asked: Filter) -> None:
    if asked.profile_id is not None:
        profiles.check_id(asked.profile_id)
    for name, given in (("accountId", asked.account_id), ("before", asked.before)):
        if given is not None:
            _check_id(name, given)
    if asked.platform is not None and asked.platform not in service.platforms:
        named = ", ".join(service.platforms)
        raise BadRequest("There is no such platform.", fields={"platform": f"one of {named}"})


def _check_id(name: str, given: str) -> None:
    if not ids.is_id(given):
        raise BadRequest(f"{name} is not an id: 24 hex characters.", fields={name: "24 hex characters"})
