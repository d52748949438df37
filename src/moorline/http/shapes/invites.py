"""Models of `/v1/invite/tokens`."""

from typing import Literal

import msgspec

Scope = Literal["all", "profiles"]


class InviteBody(msgspec.Struct, kw_only=True):
    """What somebody is invited to; `profileIds` only counts with the scope `profiles`."""

    scope: Scope
    profile_ids: list[str] | None = msgspec.field(name="profileIds", default=None)


class InviteCreated(msgspec.Struct, kw_only=True):
    """An invitation; `invitedProfileIds` is empty where it is to all profiles, also those to come."""

    token: str
    scope: Scope
    invited_profile_ids: list[str] = msgspec.field(name="invitedProfileIds")
    expires_at: str = msgspec.field(name="expiresAt")
    invite_url: str = msgspec.field(name="inviteUrl")
