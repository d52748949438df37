"""Models of `/v1/connect/{platform}`, of what finishes a connection, of Bluesky and of Telegram."""

from typing import Literal

import msgspec


class StartedShape(msgspec.Struct, kw_only=True, omit_defaults=True):
    """Where to send the person; `statusUrl` only for a page that opens it in a popup (`openerOrigin`)."""

    auth_url: str = msgspec.field(name="authUrl")
    state: str
    attempt_id: str = msgspec.field(name="attemptId")
    status_url: str | None = msgspec.field(name="statusUrl", default=None)


class CodeBody(msgspec.Struct, kw_only=True):
    """A code an integrator's own server received, and the `iss` beside it where there was one (RFC 9207)."""

    code: str
    state: str
    profile_id: str = msgspec.field(name="profileId")
    iss: str | None = None


class SavedAccount(msgspec.Struct, kw_only=True, omit_defaults=True):
    """A saved account, as the select calls answer it."""

    account_id: str = msgspec.field(name="accountId")
    platform: str
    username: str
    display_name: str = msgspec.field(name="displayName")
    profile_picture: str | None = msgspec.field(name="profilePicture", default=None)
    is_active: bool = msgspec.field(name="isActive")
    selected_page_name: str | None = msgspec.field(name="selectedPageName", default=None)
    account_type: Literal["personal", "organization"] | None = msgspec.field(name="accountType", default=None)
    default_board_name: str | None = msgspec.field(name="defaultBoardName", default=None)
    selected_location_name: str | None = msgspec.field(name="selectedLocationName", default=None)
    selected_location_id: str | None = msgspec.field(name="selectedLocationId", default=None)
    public_profile_name: str | None = msgspec.field(name="publicProfileName", default=None)


class ConnectedShape(msgspec.Struct, kw_only=True, omit_defaults=True):
    """A finished connection."""

    message: str
    account: SavedAccount
    redirect_url: str | None = None


class BulkRefresh(msgspec.Struct, kw_only=True):
    """How many other accounts of the same person received the new tokens."""

    updated_count: int = msgspec.field(name="updatedCount")
    errors: int = 0


class LinkedInConnected(ConnectedShape, kw_only=True, omit_defaults=True):
    """A finished connection; `bulkRefresh` only where other accounts hang on the same grant."""

    bulk_refresh: BulkRefresh | None = msgspec.field(name="bulkRefresh", default=None)


class SelectionShape(msgspec.Struct, kw_only=True, omit_defaults=True):
    """An open choice: the fields the headless redirect of this platform carries, `userProfile` as its JSON text."""

    profile_id: str = msgspec.field(name="profileId")
    temp_token: str | None = msgspec.field(name="tempToken", default=None)
    user_profile: str | None = msgspec.field(name="userProfile", default=None)
    pending_data_token: str | None = msgspec.field(name="pendingDataToken", default=None)
    public_profiles: str | None = msgspec.field(name="publicProfiles", default=None)
    connect_token: str
    platform: str
    step: str


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
    profile_id: str = msgspec.field(name="profileId")
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
