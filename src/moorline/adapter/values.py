"""The frozen values adapters take and give. Secrets are hidden from `repr`."""

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from moorline.errors import Slug


@dataclass(frozen=True, slots=True, kw_only=True)
class App:
    """The operator's registration at a platform, as the adapter needs it for a call.

    `redirect_uri` is the callback registered there; `scopes` overrides the adapter's own list when not empty.
    For Telegram `client_secret` is the bot token and `client_id` its numeric part.
    """

    client_id: str
    client_secret: str = field(repr=False)
    redirect_uri: str = ""
    scopes: tuple[str, ...] = ()
    api_version: str | None = None
    pkce: bool = False  # asked for where the platform leaves it open


@dataclass(frozen=True, slots=True, kw_only=True)
class Tokens:
    """What a platform issued for one grant. Instants are when each token stops working (None: never, or not told).

    `granted` holds the scopes the platform says it granted; None when it did not say.
    `service_url` is the origin these tokens belong to where that differs per person (a Bluesky PDS).
    """

    access: str = field(repr=False)
    refresh: str | None = field(default=None, repr=False)
    access_expires_at: datetime | None = None
    refresh_expires_at: datetime | None = None
    granted: tuple[str, ...] | None = None
    service_url: str | None = None

    @property
    def has_refresh(self) -> bool:
        """Whether a refresh token is among them."""
        return self.refresh is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Who the tokens belong to; `platform_user_id` is immutable there, never a name or a handle.

    `granted`: the granted scopes, where the platform tells them beside the identity instead of the token.
    """

    platform_user_id: str
    username: str
    display_name: str
    picture_url: str | None = None
    profile_url: str | None = None
    granted: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One thing a person may pick (a Page, a board).

    `shown`: what the documented list answers besides id and name, under its documented names. `item_count` tells
    people how much is in it (the pins of a board), where that is known.
    """

    id: str
    name: str
    username: str | None = None
    picture_url: str | None = None
    shown: Mapping[str, Any] = field(default_factory=dict)
    item_count: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Unavailable:
    """One thing the platform named that cannot be picked, and why, in a sentence for the person."""

    name: str
    reason: str
    id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """Everything the platform listed; `truncated` when it stopped before the end or the bound was reached."""

    items: tuple[Choice, ...]
    unavailable: tuple[Unavailable, ...] = ()
    truncated: bool = False


def choices_from(stored: Mapping[str, Any]) -> Choices:
    """The list back from the JSON object that `dataclasses.asdict` made of it."""
    return Choices(
        items=tuple(Choice(**item) for item in stored["items"]),
        unavailable=tuple(Unavailable(**item) for item in stored["unavailable"]),
        truncated=stored["truncated"],
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """The account to save. `tokens` only where the account has its own besides the grant's (a Page token).

    `details` is kept beside the account and shown in answers (`selectedPageName`, `chatType`); never a secret.
    """

    platform_account_id: str
    username: str
    display_name: str
    picture_url: str | None = None
    profile_url: str | None = None
    tokens: Tokens | None = None
    details: Mapping[str, Any] = field(default_factory=dict)


class SecretIn(enum.Enum):
    """Where the client secret goes at the token endpoint (RFC 6749 section 2.3.1)."""

    BODY = "body"
    HEADER = "header"


class Renews(enum.Enum):
    """How access is kept alive."""

    BY_REFRESH_TOKEN = "refresh_token"
    BY_EXCHANGE = "exchange"
    NEVER = "never"


class Carrier(enum.Enum):
    """How an open choice reaches the integrator in the headless redirect."""

    TEMP_TOKEN = "tempToken"
    PENDING_DATA = "pendingDataToken"  # traded by GET /v1/connect/pending-data for what would not fit into an address


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """What a person picks after consent.

    `step` is the value the headless redirect carries, `path` the last part of the page's path, `noun` what one item is
    called there (`public profile`). `nothing_found` is the slug when there is none; None where the person's own account
    may be connected as well, and is when there is nothing else.
    `list_parameter` names the redirect's parameter that holds the list itself; `tells_tokens`: the documented
    `userProfile` has fields for the tokens (they get handles). `success_parameters` are what the success redirect has
    besides the usual: the parameter, and the name in `Connection.details` its value has.
    """

    step: str
    path: str
    noun: str
    nothing_found: Slug | None
    carrier: Carrier = Carrier.TEMP_TOKEN
    list_parameter: str | None = None
    tells_tokens: bool = False
    success_parameters: Mapping[str, str] = field(default_factory=dict)

    @property
    def or_person(self) -> bool:
        """Whether the person's own account may be connected instead of a choice."""
        return self.nothing_found is None
