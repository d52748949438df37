"""What happened to accounts, for the connection log: written in the transaction that makes it true."""

from datetime import datetime, timedelta

from moorline import clock, ids
from moorline.logs import printable, redact
from moorline.store import account_events
from moorline.store.account_events import AccountEvent, Kind
from moorline.store.accounts import Account
from moorline.store.db import Database, Statements

KEEP = timedelta(days=400)  # a year, and time to look back on it
MAX_REASON_CHARS = 300


async def note(tx: Statements, account: Account, kind: Kind, reason: str | None = None) -> None:
    """Tell what happened to an account, beside the event that webhooks are told.

    `reason` may hold what a platform said: nothing that looks like a secret of it is kept, nor any control character.
    """
    kept = None if reason is None else printable(redact(reason), MAX_REASON_CHARS)
    event = AccountEvent(
        id=ids.new_id(),
        user_id=account.user_id,
        profile_id=account.profile_id,
        account_id=account.id,
        platform=account.platform,
        username=account.username,
        kind=kind,
        reason=kept,
        created_at=clock.now(),
    )
    await account_events.insert(tx, event)


async def purge(db: Database, *, now: datetime, limit: int) -> int:
    """Delete up to `limit` events older than 400 days; how many went."""
    return await account_events.purge(db, before=now - KEEP, limit=limit)
