"""Models of `/v1/accounts`."""

import msgspec


class ProfileOfAccount(msgspec.Struct, kw_only=True):
    """The profile an account is in."""

    id: str = msgspec.field(name="_id")
    name: str
    slug: str


class AccountShape(msgspec.Struct, kw_only=True, omit_defaults=True):
    """One account; what the platform does not tell is left out."""

    id: str = msgspec.field(name="_id")
    platform: str
    profile_id: ProfileOfAccount = msgspec.field(name="profileId")
    username: str
    display_name: str = msgspec.field(name="displayName")
    profile_picture: str | None = msgspec.field(name="profilePicture", default=None)
    profile_url: str | None = msgspec.field(name="profileUrl", default=None)
    is_active: bool = msgspec.field(name="isActive")
    created_at: str = msgspec.field(name="createdAt")


class AccountList(msgspec.Struct, kw_only=True):
    """Accounts; `hasAnalyticsAccess` is always false, there is no such add-on here."""

    accounts: list[AccountShape]
    has_analytics_access: bool = msgspec.field(name="hasAnalyticsAccess")


class AccountAnswer(msgspec.Struct, kw_only=True):
    """One account."""

    account: AccountShape


class AccountNames(msgspec.Struct, kw_only=True):
    """What the account is to be called here."""

    username: str | None = None
    display_name: str | None = msgspec.field(name="displayName", default=None)


class AccountRenamed(msgspec.Struct, kw_only=True):
    """What the account is called now."""

    message: str
    username: str
    display_name: str = msgspec.field(name="displayName")
