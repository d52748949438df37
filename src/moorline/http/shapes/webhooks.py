"""Models of `/v1/webhooks`."""

from typing import Any, Literal

import msgspec


class WebhookShape(msgspec.Struct, kw_only=True, omit_defaults=True):
    """One webhook; `secret` only when this server made it in this call, values of headers never."""

    id: str = msgspec.field(name="_id")
    name: str
    url: str
    secret: str | None = None
    events: list[str]
    is_active: bool = msgspec.field(name="isActive")
    last_fired_at: str | None = msgspec.field(name="lastFiredAt", default=None)
    failure_count: int = msgspec.field(name="failureCount")
    custom_headers: dict[str, str] = msgspec.field(name="customHeaders")


class WebhookList(msgspec.Struct, kw_only=True):
    """Every webhook, oldest first."""

    webhooks: list[WebhookShape]


class WebhookSaved(msgspec.Struct, kw_only=True):
    """A webhook as it is now."""

    success: bool
    webhook: WebhookShape


class WebhookRotated(WebhookSaved, kw_only=True):
    """A webhook with a new secret, and until when the former one signs too."""

    former_secret_expires_at: str = msgspec.field(name="formerSecretExpiresAt")


class WebhookDeleted(msgspec.Struct, kw_only=True):
    """It is gone."""

    success: bool


class WebhookBody(msgspec.Struct, kw_only=True):
    """What a new webhook is to be."""

    name: str | None = None
    url: str | None = None
    secret: str | None = None
    events: list[str] | None = None
    is_active: bool | None = msgspec.field(name="isActive", default=None)
    custom_headers: dict[str, str] | None = msgspec.field(name="customHeaders", default=None)


class WebhookChangeBody(WebhookBody, kw_only=True):
    """Which webhook to change, and what; absent or null leaves it. The id has three spellings among clients."""

    id: str | None = msgspec.field(name="_id", default=None)
    id_of_python: str | None = msgspec.field(name="Id", default=None)
    webhook_id: str | None = msgspec.field(name="webhookId", default=None)


class RotateBody(msgspec.Struct, kw_only=True):
    """The secret to sign with from now on; absent: one is made."""

    secret: str | None = None


class WebhookTestBody(msgspec.Struct, kw_only=True):
    """Which webhook to test."""

    webhook_id: str = msgspec.field(name="webhookId")


class WebhookSent(msgspec.Struct, kw_only=True):
    """Whether the receiver took it."""

    success: bool
    message: str


class WebhookNotSent(WebhookSent, kw_only=True):
    """The published form of a failed test, with the fields of every failure."""

    error: str
    code: str


class WebhookLogShape(msgspec.Struct, kw_only=True, omit_defaults=True):
    """One try to deliver."""

    id: str = msgspec.field(name="_id")
    webhook_id: str = msgspec.field(name="webhookId")
    webhook_name: str = msgspec.field(name="webhookName")
    event: str
    url: str
    status: Literal["success", "failed"]
    status_code: int | None = msgspec.field(name="statusCode", default=None)
    request_payload: dict[str, Any] = msgspec.field(name="requestPayload")
    response_body: str | None = msgspec.field(name="responseBody", default=None)
    error_message: str | None = msgspec.field(name="errorMessage", default=None)
    attempt_number: int = msgspec.field(name="attemptNumber")
    response_time: int = msgspec.field(name="responseTime")
    created_at: str = msgspec.field(name="createdAt")


class WebhookLogs(msgspec.Struct, kw_only=True):
    """The last tries, newest first."""

    logs: list[WebhookLogShape]
