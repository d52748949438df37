"""Models of `/v1/accounts/{id}/token`."""

import msgspec


class TokenShape(msgspec.Struct, kw_only=True, omit_defaults=True):
    """A platform's own access token that works now; `expiresAt` is left out where it has no end, or none was told."""

    account_id: str = msgspec.field(name="accountId")
    platform: str
    platform_account_id: str = msgspec.field(name="platformAccountId")
    access_token: str = msgspec.field(name="accessToken")
    expires_at: str | None = msgspec.field(name="expiresAt", default=None)
    scopes: list[str] | None = None
    service_url: str | None = msgspec.field(name="serviceUrl", default=None)
