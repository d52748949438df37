"""Models of `/v1/app-credentials`."""

import msgspec


class AppCredentialBody(msgspec.Struct, kw_only=True):
    """A registration at a platform, as its developer page shows it; no `scopes`: the usual ones."""

    platform: str
    client_id: str = msgspec.field(name="clientId")
    client_secret: str = msgspec.field(name="clientSecret")
    scopes: list[str] | None = None


class AppCredentialChangeBody(msgspec.Struct, kw_only=True):
    """What is to change; absent or null leaves it. An empty list of scopes goes back to the usual ones."""

    client_secret: str | None = msgspec.field(name="clientSecret", default=None)
    scopes: list[str] | None = None
    is_active: bool | None = msgspec.field(name="isActive", default=None)


class AppCredentialShape(msgspec.Struct, kw_only=True):
    """A registration without its secret. `redirectUri` is what has to be registered at the platform for it.

    `isActive`: new consents go through it. `accounts` counts those that were connected through it.
    """

    id: str
    platform: str
    client_id: str = msgspec.field(name="clientId")
    scopes: list[str] | None
    is_active: bool = msgspec.field(name="isActive")
    redirect_uri: str = msgspec.field(name="redirectUri")
    accounts: int
    created_at: str = msgspec.field(name="createdAt")
    updated_at: str = msgspec.field(name="updatedAt")


class AppCredentialSaved(msgspec.Struct, kw_only=True):
    """A registration as it is now."""

    app_credential: AppCredentialShape = msgspec.field(name="appCredential")


class AppCredentialList(msgspec.Struct, kw_only=True):
    """Every registration of the tenant, oldest first."""

    app_credentials: list[AppCredentialShape] = msgspec.field(name="appCredentials")


class AppCredentialDeleted(msgspec.Struct, kw_only=True):
    """It is gone."""

    success: bool
