"""`/v1/connect/logs`: what became of the connections that were started."""

from typing import Annotated, cast

from litestar import Router, get
from litestar.params import FromPath, QueryParameter

from moorline import clock
from moorline.access import reading
from moorline.connect import journal
from moorline.http.callers import CallerRequest, caller_of, service_of
from moorline.http.shapes.connect_logs import AttemptList, AttemptShape, Status
from moorline.store.attempts import Attempt

TAGS = ["Connect"]


@get("/connect/logs", opt=reading(), operation_id="listConnectLogs", tags=TAGS)
async def list_logs(
    request: CallerRequest,
    profile_id: Annotated[str | None, QueryParameter(name="profileId")] = None,
    platform: Annotated[str | None, QueryParameter()] = None,
    status: Annotated[Status | None, QueryParameter()] = None,
    account_id: Annotated[str | None, QueryParameter(name="accountId")] = None,
    before: Annotated[str | None, QueryParameter()] = None,
    limit: Annotated[int, QueryParameter(ge=1, le=100)] = 50,
) -> AttemptList:
    """Connections that were started, newest first; `before` is the attemptId after which the next page begins."""
    found = await journal.list_attempts(
        service_of(request),
        caller_of(request),
        profile_id=profile_id,
        platform=platform,
        status=status,
        account_id=account_id,
        before=before,
        limit=limit,
    )
    return AttemptList(logs=[to_shape(attempt) for attempt in found])


@get("/connect/attempts/{attempt_id:str}", opt=reading(), operation_id="getConnectAttempt", tags=TAGS)
async def get_attempt(request: CallerRequest, attempt_id: FromPath[str]) -> AttemptShape:
    """One of them, by the `attemptId` that the start call answered."""
    return to_shape(await journal.get(service_of(request), caller_of(request), attempt_id))


def to_shape(attempt: Attempt) -> AttemptShape:
    """An attempt as it is told; a failure that was mended by a later try is none."""
    failed = attempt.status == "failed"
    return AttemptShape(
        attempt_id=attempt.id,
        profile_id=attempt.profile_id,
        platform=attempt.platform,
        status=cast("Status", journal.told_status(attempt)),
        error=attempt.slug if failed else None,
        reason=attempt.note if failed else None,
        account_id=attempt.account_id,
        created_at=clock.iso(attempt.created_at),
        finished_at=None if attempt.finished_at is None else clock.iso(attempt.finished_at),
        headless=attempt.headless,
        reconnect=attempt.reconnect_account_id is not None,
    )


ROUTERS = Router(path="/", route_handlers=[list_logs, get_attempt])
