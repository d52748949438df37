"""Models of `/v1/connect/links`."""

from typing import Literal

import msgspec

LinkStatus = Literal["active", "expired", "revoked", "used_up"]
UseStatus = Literal["started", "selecting", "connected", "failed"]


class LinkBody(msgspec.Struct, kw_only=True):
    """What a link is to be. No `platforms`: all with an app here; no `maxUses`: no limit.

    With `reconnectAccountId` it renews that account of the profile, once, and connects nothing else.
    """

    profile_id: str = msgspec.field(name="profileId")
    platforms: list[str] | None = None
    expires_in_hours: int | None = msgspec.field(name="expiresInHours", default=None)
    max_uses: int | None = msgspec.field(name="maxUses", default=None)
    language: str | None = None
    redirect_url_camel: str | None = msgspec.field(name="redirectUrl", default=None)
    redirect_url: str | None = None
    reconnect_account_id: str | None = msgspec.field(name="reconnectAccountId", default=None)


class LinkShape(msgspec.Struct, kw_only=True):
    """A link without its address. `uses` counts the accounts connected through it."""

    id: str
    profile_id: str = msgspec.field(name="profileId")
    platforms: list[str]
    status: LinkStatus
    uses: int
    max_uses: int | None = msgspec.field(name="maxUses")
    expires_at: str = msgspec.field(name="expiresAt")
    language: str | None
    redirect_url: str | None = msgspec.field(name="redirectUrl")
    reconnect_account_id: str | None = msgspec.field(name="reconnectAccountId")
    created_at: str = msgspec.field(name="createdAt")


class LinkMade(LinkShape, kw_only=True):
    """A new link. Its `url` is in this answer and nowhere else; whoever has it may use it."""

    url: str


class UseShape(msgspec.Struct, kw_only=True):
    """A connection started through a link."""

    attempt_id: str = msgspec.field(name="attemptId")
    platform: str
    status: UseStatus
    account_id: str | None = msgspec.field(name="accountId")
    created_at: str = msgspec.field(name="createdAt")


class LinkRead(LinkShape, kw_only=True):
    """A link with what was started through it, newest first."""

    usage: list[UseShape]


class LinkList(msgspec.Struct, kw_only=True):
    """Links, newest first."""

    links: list[LinkShape]
