"""Models of `/v1/accounts/health` and `/v1/accounts/{id}/health`."""

from typing import Literal

import msgspec

Status = Literal["healthy", "warning", "error"]


class ForecastShape(msgspec.Struct, kw_only=True, omit_defaults=True):
    """When a token was last accepted, when it is next looked after by itself, and when only a person helps, and why.

    `humanNeededAt` is what is known today; a platform may move it ahead with each renewal. null: never, or unknown.
    """

    last_proven_at: str | None = msgspec.field(name="lastProvenAt")
    next_action_at: str | None = msgspec.field(name="nextActionAt")
    human_needed_at: str | None = msgspec.field(name="humanNeededAt")
    human_needed_why: str | None = msgspec.field(name="humanNeededWhy")


class ListedHealth(ForecastShape, kw_only=True, omit_defaults=True):
    """One account of the list; `tokenExpiresAt` is left out where the token has no end, or none was told."""

    account_id: str = msgspec.field(name="accountId")
    platform: str
    username: str
    display_name: str = msgspec.field(name="displayName")
    profile_id: str = msgspec.field(name="profileId")
    status: Status
    can_post: bool = msgspec.field(name="canPost")
    can_fetch_analytics: bool = msgspec.field(name="canFetchAnalytics")
    token_valid: bool = msgspec.field(name="tokenValid")
    token_expires_at: str | None = msgspec.field(name="tokenExpiresAt", default=None)
    needs_reconnect: bool = msgspec.field(name="needsReconnect")
    issues: list[str]


class HealthSummary(msgspec.Struct, kw_only=True):
    """How many accounts are how."""

    total: int
    healthy: int
    warning: int
    error: int
    needs_reconnect: int = msgspec.field(name="needsReconnect")


class HealthList(msgspec.Struct, kw_only=True):
    """Accounts and how they are; the summary counts them before `status` narrows the list."""

    summary: HealthSummary
    accounts: list[ListedHealth]


class TokenStatus(msgspec.Struct, kw_only=True, omit_defaults=True):
    """`valid` also where the token has run out and is renewed when it is next used."""

    valid: bool
    expires_at: str | None = msgspec.field(name="expiresAt", default=None)
    expires_in: str | None = msgspec.field(name="expiresIn", default=None)
    needs_refresh: bool = msgspec.field(name="needsRefresh")


class PermissionShape(msgspec.Struct, kw_only=True):
    """One scope."""

    scope: str
    granted: bool
    required: bool


class PermissionsShape(msgspec.Struct, kw_only=True):
    """Scopes by what they are for; `optional` are those granted beyond what was asked."""

    posting: list[PermissionShape]
    analytics: list[PermissionShape]
    optional: list[PermissionShape]
    can_post: bool = msgspec.field(name="canPost")
    can_fetch_analytics: bool = msgspec.field(name="canFetchAnalytics")
    missing_required: list[str] = msgspec.field(name="missingRequired")


class AccountHealth(ForecastShape, kw_only=True, omit_defaults=True):
    """One account, how it is, and what to do."""

    account_id: str = msgspec.field(name="accountId")
    platform: str
    username: str
    display_name: str = msgspec.field(name="displayName")
    status: Status
    needs_reconnect: bool = msgspec.field(name="needsReconnect")
    token_status: TokenStatus = msgspec.field(name="tokenStatus")
    permissions: PermissionsShape
    issues: list[str]
    recommendations: list[str]
