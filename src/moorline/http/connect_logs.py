"""`/v1/connect/logs`: what became of the connections that were started, and what happened to accounts since."""

from typing import Annotated, Any

from litestar import get
from litestar.params import FromPath, QueryParameter

from moorline import clock
from moorline.access import reading
from moorline.connect import journal, steps
from moorline.connect.journal import Filter
from moorline.http.callers import CallerRequest, caller_of, service_of
from moorline.http.shapes.connect_logs import AttemptShape, LogEntryShape, LogList, Status, StepShape, Type
from moorline.store.connect_logs import LogEntry

TAGS = ["Connect"]


@get("/connect/logs", opt=reading(), operation_id="listConnectLogs", tags=TAGS)
async def list_logs(
    request: CallerRequest,
    profile_id: Annotated[str | None, QueryParameter(name="profileId")] = None,
    platform: Annotated[str | None, QueryParameter()] = None,
    type: Annotated[Type | None, QueryParameter()] = None,  # noqa: A002 - failures name it as it is spelled here
    status: Annotated[Status | None, QueryParameter()] = None,
    account_id: Annotated[str | None, QueryParameter(name="accountId")] = None,
    before: Annotated[str | None, QueryParameter()] = None,
    limit: Annotated[int, QueryParameter(ge=1, le=100)] = 50,
) -> LogList:
    """Connections that were started, and what happened to accounts since, newest first.

    `before` is the id of the entry after which the next page begins.
    """
    asked = Filter(
        profile_id=profile_id, platform=platform, type=type, status=status, account_id=account_id, before=before
    )
    found = await journal.list_entries(service_of(request), caller_of(request), asked, limit=limit)
    return LogList(logs=[LogEntryShape(**_fields(entry)) for entry in found])


@get("/connect/attempts/{attempt_id:str}", opt=reading(), operation_id="getConnectAttempt", tags=TAGS)
async def get_attempt(request: CallerRequest, attempt_id: FromPath[str]) -> AttemptShape:
    """One connection that was started, by the `attemptId` that the start call answered, with its steps in order."""
    attempt = await journal.get(service_of(request), caller_of(request), attempt_id)
    taken = [StepShape(at=clock.iso(step.at), name=step.name, told=step.told) for step in steps.of(attempt)]
    return AttemptShape(**_fields(journal.entry_of(attempt)), steps=taken)


def _fields(entry: LogEntry) -> dict[str, Any]:
    """An entry as it is told; a failure that was mended by a later try is none."""
    failure = journal.failure_of(entry)
    is_attempt = entry.kind == "attempt"
    return {
        "id": entry.id,
        "type": journal.told_type(entry),
        "attempt_id": entry.id if is_attempt else None,
        "profile_id": entry.profile_id,
        "platform": entry.platform,
        "status": journal.told_status(entry),
        "error": None if failure is None else entry.slug,
        "stage": None if failure is None else failure.stage,
        "platform_answer": None if failure is None else failure.answer,
        "reason": entry.note if failure is not None or not is_attempt else None,
        "account_id": entry.account_id,
        "username": entry.username,
        "created_at": clock.iso(entry.created_at),
        "finished_at": None if entry.finished_at is None else clock.iso(entry.finished_at),
        "headless": entry.headless,
        "reconnect": entry.is_reconnect,
    }


ROUTES = [list_logs, get_attempt]
