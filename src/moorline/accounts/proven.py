"""What is known about an account before it is saved."""

from dataclasses import dataclass
from datetime import datetime

from moorline.adapter.values import Connection, Identity, Tokens


@dataclass(frozen=True, slots=True, kw_only=True)
class Picked:
    """From which choice of the attempt's open selection an account is saved; empty: the person's own account.

    `once`: nothing else may have been saved from it before.
    """

    choice_id: str
    once: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Proven:
    """An account as the platform proved it: where it goes, whose grant it is, and what is to be saved.

    `identity` and `tokens` are those of the person (None for a bot's chat, which nobody's grant stands behind);
    `consented_at` is when the tokens were issued (None: now).
    """

    user_id: str
    profile_id: str
    platform: str
    app_id: str
    connection: Connection
    identity: Identity | None = None
    tokens: Tokens | None = None
    consented_at: datetime | None = None
    is_exclusive: bool = False  # no two tenants may have it (a bot's chat); decided under the inbox of bot `app_id`
