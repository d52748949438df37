"""Models of `/v1/users`."""

import msgspec


class UserShape(msgspec.Struct, kw_only=True):
    """One user; `profileAccess` is `["all"]` or a list of profile ids."""

    id: str = msgspec.field(name="_id")
    name: str
    email: str
    role: str
    is_root: bool = msgspec.field(name="isRoot")
    profile_access: list[str] = msgspec.field(name="profileAccess")
    created_at: str = msgspec.field(name="createdAt")


class UserList(msgspec.Struct, kw_only=True):
    """The team."""

    current_user_id: str = msgspec.field(name="currentUserId")
    users: list[UserShape]


class UserAnswer(msgspec.Struct, kw_only=True):
    """One user."""

    user: UserShape
