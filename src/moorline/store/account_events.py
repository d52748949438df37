"""Table `account_events`: what happened to accounts, beside the attempts that connected them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from moorline import clock
from moorline.store.db import Statements

# connected: without an attempt. lost: only a person helps. restored: it works again. switched: it is another thing now.
Kind = Literal["connected", "disconnected", "lost", "restored", "switched"]


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountEvent:
    """`user_id` is the tenant; `username` is kept since the account may be gone; `reason` is sanitised."""

    id: str
    user_id: str
    profile_id: str
    account_id: str
    platform: str
    username: str
    kind: Kind
    reason: str | None
    created_at: datetime


async def insert(db: Statements, event: AccountEvent) -> None:
    """Save one; nothing changes it afterwards."""
    await db.run(
        "INSERT INTO account_events (id, user_id, profile_id, account_id, platform, username, kind, reason,"
        " created_at_ms) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        event.id,
        event.user_id,
        event.profile_id,
        event.account_id,
        event.platform,
        event.username,
        event.kind,
        event.reason,
        clock.to_ms(event.created_at),
    )


async def purge(db: Statements, *, before: datetime, limit: int) -> int:
    """Delete up to `limit` events that happened before an instant; how many went."""
    return await db.run(
        "DELETE FROM account_events WHERE id IN"
        " (SELECT id FROM account_events WHERE created_at_ms < $1 ORDER BY created_at_ms LIMIT $2)",
        clock.to_ms(before),
        limit,
    )
