"""Models of `/v1/connect/{platform}`, of the select paths, of Bluesky and of Telegram."""

from typing import Any, Literal

import msgspec


class StartedShape(msgspec.Struct, kw_only=True):
    """Where to send the person."""

    auth_url: str = msgspec.field(name="authUrl")
    state: str
    attempt_id: str = msgspec.field(name="attemptId")


class CodeBody(msgspec.Struct, kw_only=True):
    """A code an integrator's own server received."""

    code: str
    state: str
    profile_id: str = msgspec.field(name="profileId")


class SavedAccount(msgspec.Struct, kw_only=True, omit_defaults=True):
    """A saved account, as the select calls answer it."""

    account_id: str = msgspec.field(name="accountId")
    platform: str
    username: str
    display_name: str = msgspec.field(name="displayName")
    profile_picture: str | None = msgspec.field(name="profilePicture", default=None)
    is_active: bool = msgspec.field(name="isActive")
    selected_page_name: str | None = msgspec.field(name="selectedPageName", default=None)


class ConnectedShape(msgspec.Struct, kw_only=True, omit_defaults=True):
    """A finished connection."""

    message: str
    account: SavedAccount
    redirect_url: str | None = None


class SelectionShape(msgspec.Struct, kw_only=True):
    """An open choice: the fields the headless redirect carries, `userProfile` as its JSON text."""

    profile_id: str = msgspec.field(name="profileId")
    temp_token: str = msgspec.field(name="tempToken")
    user_profile: str = msgspec.field(name="userProfile")
    connect_token: str
    platform: str
    step: str


class UnavailableShape(msgspec.Struct, kw_only=True, omit_defaults=True):
    """Something the platform named that cannot be chosen."""

    id: str | None = None
    name: str
    reason: str


class PageShape(msgspec.Struct, kw_only=True):
    """One Facebook Page; `access_token` is a sealed handle that stands for its token."""

    id: str
    name: str
    username: str | None
    access_token: str
    category: str | None
    tasks: list[str]


class PageList(msgspec.Struct, kw_only=True):
    """Facebook Pages to choose from, and those that cannot be chosen."""

    pages: list[PageShape]
    unavailable: list[UnavailableShape]
    truncated: bool


class PageChoice(msgspec.Struct, kw_only=True):
    """The chosen Page. What a connect token knows already may be left out; `userProfile` is read by nobody."""

    profile_id: str | None = msgspec.field(name="profileId", default=None)
    page_id: str | None = msgspec.field(name="pageId", default=None)
    temp_token: str | None = msgspec.field(name="tempToken", default=None)
    user_profile: Any = msgspec.field(name="userProfile", default=None)
    redirect_url: str | None = None
    redirect_url_camel: str | None = msgspec.field(name="redirectUrl", default=None)


class BlueskyBody(msgspec.Struct, kw_only=True):
    """What the person typed, and where it goes."""

    identifier: str
    app_password: str = msgspec.field(name="appPassword")
    state: str
    redirect_uri: str | None = msgspec.field(name="redirectUri", default=None)
    redirect_url_camel: str | None = msgspec.field(name="redirectUrl", default=None)
    redirect_url: str | None = None


class ConnectedAccount(msgspec.Struct, kw_only=True, omit_defaults=True):
    """A saved account, as Bluesky and Telegram answer it."""

    id: str = msgspec.field(name="_id")
    platform: str
    username: str
    display_name: str = msgspec.field(name="displayName")
    profile_picture: str | None = msgspec.field(name="profilePicture", default=None)
    profile_url: str | None = msgspec.field(name="profileUrl", default=None)
    is_active: bool = msgspec.field(name="isActive")
    chat_type: str | None = msgspec.field(name="chatType", default=None)


class BlueskyConnected(msgspec.Struct, kw_only=True, omit_defaults=True):
    """A finished sign-in."""

    message: str
    account: ConnectedAccount
    redirect_url: str | None = msgspec.field(name="redirectUrl", default=None)


class TelegramCode(msgspec.Struct, kw_only=True):
    """A code, what to do with it, and a page that says the same to the person."""

    code: str
    expires_at: str = msgspec.field(name="expiresAt")
    expires_in: int = msgspec.field(name="expiresIn")
    bot_username: str = msgspec.field(name="botUsername")
    instructions: list[str]
    auth_url: str = msgspec.field(name="authUrl")
    state: str
    attempt_id: str = msgspec.field(name="attemptId")


class TelegramBody(msgspec.Struct, kw_only=True):
    """A chat by its id (some send a number) or `@name`."""

    chat_id: str | int | None = msgspec.field(name="chatId", default=None)
    profile_id: str = msgspec.field(name="profileId")


class TelegramConnected(msgspec.Struct, kw_only=True):
    """A connected chat."""

    message: str
    account: ConnectedAccount


class TelegramStatus(msgspec.Struct, kw_only=True, omit_defaults=True):
    """What became of a code; which fields there are depends on `status`."""

    status: Literal["pending", "connected", "expired"]
    expires_at: str | None = msgspec.field(name="expiresAt", default=None)
    expires_in: int | None = msgspec.field(name="expiresIn", default=None)
    note: str | None = None
    message: str | None = None
    chat_id: str | None = msgspec.field(name="chatId", default=None)
    chat_title: str | None = msgspec.field(name="chatTitle", default=None)
    chat_type: str | None = msgspec.field(name="chatType", default=None)
    account: ConnectedAccount | None = None
