"""The outbox: a message is queued in the transaction that makes it true, so neither is ever without the other."""

from typing import Any

from moorline import clock, ids
from moorline.store import deliveries
from moorline.store.accounts import Account
from moorline.store.db import Statements
from moorline.store.deliveries import Message
from moorline.webhooks import events
from moorline.webhooks.events import AccountEvent


async def account_event(tx: Statements, account: Account, event: AccountEvent, **extra: Any) -> None:
    """Queue what happened to an account, once per active webhook of its tenant that wants to know.

    `extra` goes into `account` of the body (`disconnectionType`, `reason`). Call it after the account's row was
    written: that lock keeps the events of one account in the order in which they became true.
    """
    now, message_id = clock.now(), ids.new_id()
    message = Message(
        id=message_id,
        account_id=account.id,
        event=event,
        body=events.account_body(message_id, event, account, now, extra),
        created_at=now,
    )
    await deliveries.insert_for_subscribers(tx, account.user_id, message)
