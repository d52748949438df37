"""Models of `/v1/audit`."""

from typing import Any

import msgspec


class AuditEntryShape(msgspec.Struct, kw_only=True):
    """A change, and who made it.

    `source` tells how: `api`, `dashboard`, `page` (a hosted page that needs no signing in), `command line`, or `server`
    (by itself). `memberId` and `keyId` are who, as far as somebody was known; `subjectId` is what was changed, and
    `details` depend on the action.
    """

    id: str
    at: str
    action: str
    source: str
    member_id: str | None = msgspec.field(name="memberId")
    key_id: str | None = msgspec.field(name="keyId")
    subject_id: str | None = msgspec.field(name="subjectId")
    details: dict[str, Any]


class AuditList(msgspec.Struct, kw_only=True):
    """Entries, newest first."""

    entries: list[AuditEntryShape]
