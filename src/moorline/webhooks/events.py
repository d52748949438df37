"""What can be told, and the body it is told in."""

from datetime import datetime
from typing import Any, Literal, get_args

import msgspec

from moorline import clock
from moorline.store.accounts import Account

AccountEvent = Literal["account.connected", "account.disconnected", "account.expiring", "account.updated"]

# The published events; those of posts and messages are accepted and never come, since this server neither posts nor
# reads messages.
_PUBLISHED = (
    "post.scheduled",
    "post.published",
    "post.failed",
    "post.partial",
    "account.connected",
    "account.disconnected",
    "message.received",
)
EVENTS: tuple[str, ...] = tuple(dict.fromkeys((*_PUBLISHED, *get_args(AccountEvent))))
TEST = "webhook.test"


def account_body(message_id: str, event: AccountEvent, account: Account, at: datetime, extra: dict[str, Any]) -> str:
    """The published body, with the id of the message beside it."""
    told = {
        "accountId": account.id,
        "profileId": account.profile_id,
        "platform": account.platform,
        "username": account.username,
        "displayName": account.display_name,
        **extra,
    }
    return _json({"id": message_id, "event": event, "account": told, "timestamp": clock.iso(at)})


def test_body(message_id: str, at: datetime) -> str:
    """The body of a test, told from real ones by its event."""
    return _json(
        {"id": message_id, "event": TEST, "message": "This is a test of your webhook.", "timestamp": clock.iso(at)}
    )


def sample() -> str:
    """What comes when an account stops working, indented, for people to read."""
    told = {
        "accountId": "69a7bcaf0123456789abcdef",
        "profileId": "69a7bc100123456789abcdef",
        "platform": "facebook",
        "username": "bakerysouth",
        "displayName": "Bakery South",
        "disconnectionType": "unintentional",
        "reason": "The password was changed.",
    }
    event: AccountEvent = "account.disconnected"
    message_id, at = "69a7bd000123456789abcdef", "2026-03-04T05:06:07.890Z"
    body = _json({"id": message_id, "event": event, "account": told, "timestamp": at})
    return msgspec.json.format(body.encode(), indent=2).decode()


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()
