"""Models of `/v1/profiles`."""

import msgspec


class ProfileShape(msgspec.Struct, kw_only=True, omit_defaults=True):
    """One profile; `isOverLimit` only where a list was asked for it, and always false: there are no plans here."""

    id: str = msgspec.field(name="_id")
    user_id: str = msgspec.field(name="userId")
    name: str
    slug: str
    description: str | None = None
    color: str | None = None
    is_default: bool = msgspec.field(name="isDefault")
    created_at: str = msgspec.field(name="createdAt")
    is_over_limit: bool | None = msgspec.field(name="isOverLimit", default=None)


class ProfileList(msgspec.Struct, kw_only=True):
    """Every profile the key may use."""

    profiles: list[ProfileShape]


class ProfileAnswer(msgspec.Struct, kw_only=True):
    """One profile."""

    profile: ProfileShape


class ProfileSaved(msgspec.Struct, kw_only=True):
    """A created or changed profile."""

    message: str
    profile: ProfileShape


class ProfileBody(msgspec.Struct, kw_only=True):
    """What a create or update sets; absent or null leaves it."""

    name: str | None = None
    description: str | None = None
    color: str | None = None
    is_default: bool | None = msgspec.field(name="isDefault", default=None)
