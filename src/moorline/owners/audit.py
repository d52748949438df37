"""The audit log: who changed what of a tenant, written in the transaction of the change itself.

So nothing is changed without an entry, and no entry tells of a change that was not made.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, Self

from moorline import clock, ids
from moorline.errors import BadRequest, Forbidden
from moorline.owners.caller import Caller
from moorline.store import audit
from moorline.store.audit import AuditEntry
from moorline.store.db import Database, Statements

KEEP = timedelta(days=400)  # a year, and time to look back on it

# api: with a key. dashboard: signed in. page: on a hosted page, without either. server: nobody, by itself.
Source = Literal["api", "dashboard", "page", "command line", "server"]
Action = Literal[
    "api_key.created",
    "api_key.deleted",
    "app_credential.created",
    "app_credential.changed",
    "app_credential.deleted",
    "brand.changed",
    "connect_link.created",
    "connect_link.revoked",
    "invite.created",
    "member.joined",
    "password.changed",
    "profile.created",
    "profile.changed",
    "profile.deleted",
    "session.opened",
    "session.ended",
    "sign_in_link.created",
    "user.created",
    "webhook.created",
    "webhook.changed",
    "webhook.deleted",
    "webhook.secret_rotated",
    "webhook.disabled",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Who makes a change. `user_id` is the tenant, `member_id` the person and `key_id` their API key, if any."""

    user_id: str
    member_id: str | None = None
    key_id: str | None = None
    source: Source

    @classmethod
    def of(cls, caller: Caller) -> Self:
        """A caller with a key, a member who signed in, or who opened a connect link."""
        source: Source = "page" if caller.link_id else "dashboard"
        return cls(
            user_id=caller.user_id,
            member_id=caller.member_id,
            key_id=caller.key_id,
            source=source if caller.key_id is None else "api",
        )

    @classmethod
    def at_command_line(cls, user_id: str) -> Self:
        """Whoever runs commands on the server; which person that is, it does not know."""
        return cls(user_id=user_id, source="command line")

    @classmethod
    def server(cls, user_id: str) -> Self:
        """The server itself."""
        return cls(user_id=user_id, source="server")


async def note(tx: Statements, actor: Actor, action: Action, subject_id: str | None, **details: object) -> None:
    """Write an entry, in the transaction of the change.

    `details` are shown as they are to whoever may read the log: names, ids and what kind of thing changed, never a
    secret, nor an address that may be one.
    """
    entry = AuditEntry(
        id=ids.new_id(),
        user_id=actor.user_id,
        member_id=actor.member_id,
        key_id=actor.key_id,
        source=actor.source,
        action=action,
        subject_id=subject_id,
        details=details,
        created_at=clock.now(),
    )
    await audit.insert(tx, entry)


async def list_entries(
    db: Statements, caller: Caller, *, action: Action | None = None, before: str | None = None, limit: int = 50
) -> list[AuditEntry]:
    """The tenant's entries, newest first, those older than the entry `before`; an unknown or foreign one has none.

    Raises: Forbidden for a member, or a key for some profiles; BadRequest for a malformed id.
    """
    if caller.profile_ids is not None or caller.member_id != caller.user_id:
        raise Forbidden("Only the owner may read the audit log, with an API key for all profiles.")
    if before is not None and not ids.is_id(before):
        reason = "24 hex characters"
        raise BadRequest(f"before is not an id: {reason}.", fields={"before": reason})
    return await audit.newest(db, caller.user_id, action=action, before=before, limit=limit)


async def purge(db: Database, *, now: datetime, limit: int) -> int:
    """Delete up to `limit` entries older than 400 days; how many went."""
    return await audit.purge(db, before=now - KEEP, limit=limit)
