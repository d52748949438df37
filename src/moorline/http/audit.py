"""`/v1/audit`: who changed keys, apps, webhooks, people and profiles."""

from typing import Annotated

from litestar import get
from litestar.params import QueryParameter

from moorline import clock
from moorline.access import reading
from moorline.http.callers import CallerRequest, caller_of, service_of
from moorline.http.shapes.audit import AuditEntryShape, AuditList
from moorline.owners import audit
from moorline.owners.audit import Action


@get("/audit", opt=reading(), operation_id="listAudit", tags=["Audit"])
async def list_audit(
    request: CallerRequest,
    action: Annotated[Action | None, QueryParameter()] = None,
    before: Annotated[str | None, QueryParameter()] = None,
    limit: Annotated[int, QueryParameter(ge=1, le=100)] = 50,
) -> AuditList:
    """Changes, newest first, for the owner; `before` is the id of the entry after which the next page begins."""
    service, caller = service_of(request), caller_of(request)
    found = await audit.list_entries(service.db, caller, action=action, before=before, limit=limit)
    shapes = [
        AuditEntryShape(
            id=entry.id,
            at=clock.iso(entry.created_at),
            action=entry.action,
            source=entry.source,
            member_id=entry.member_id,
            key_id=entry.key_id,
            subject_id=entry.subject_id,
            details=dict(entry.details),
        )
        for entry in found
    ]
    return AuditList(entries=shapes)


ROUTES = [list_audit]
