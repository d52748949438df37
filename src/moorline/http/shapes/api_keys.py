"""Models of `/v1/api-keys`."""

from typing import Literal

import msgspec


class ApiKeyShape(msgspec.Struct, kw_only=True):
    """One key, without the key."""

    id: str
    name: str
    key_preview: str = msgspec.field(name="keyPreview")
    expires_at: str | None = msgspec.field(name="expiresAt")
    created_at: str = msgspec.field(name="createdAt")
    scope: Literal["full", "profiles"]
    profile_ids: list[str] = msgspec.field(name="profileIds")
    permission: Literal["read", "read-write"]
    reveal_tokens: bool = msgspec.field(name="revealTokens")


class NewApiKeyShape(ApiKeyShape, kw_only=True):
    """One key, with the key, this once."""

    key: str


class ApiKeyList(msgspec.Struct, kw_only=True):
    """The caller's keys."""

    api_keys: list[ApiKeyShape] = msgspec.field(name="apiKeys")


class ApiKeyCreated(msgspec.Struct, kw_only=True):
    """A created key."""

    message: str
    api_key: NewApiKeyShape = msgspec.field(name="apiKey")


class ApiKeyBody(msgspec.Struct, kw_only=True):
    """What a new key is to be; `expiresIn` in days."""

    name: str
    expires_in: int | None = msgspec.field(name="expiresIn", default=None)
    scope: Literal["full", "profiles"] = "full"
    profile_ids: list[str] | None = msgspec.field(name="profileIds", default=None)
    permission: Literal["read", "read-write"] = "read-write"
    reveal_tokens: bool = msgspec.field(name="revealTokens", default=False)
    redirect_allowlist: list[str] | None = msgspec.field(name="redirectAllowlist", default=None)
