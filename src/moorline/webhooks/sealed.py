"""What a webhook keeps under seal: its secrets, and headers that may hold the receiver's."""

from collections.abc import Mapping
from datetime import datetime

import msgspec

from moorline.store.webhooks import Webhook
from moorline.vault import Vault


def seal_secret(vault: Vault, user_id: str, webhook_id: str, secret: str) -> bytes:
    """Seal the present secret."""
    return vault.seal_text(secret, about=about_field(user_id, webhook_id, "secret"))


def seal_former_secret(vault: Vault, user_id: str, webhook_id: str, secret: str) -> bytes:
    """Seal a secret that was replaced and signs for a while."""
    return vault.seal_text(secret, about=about_field(user_id, webhook_id, "former secret"))


def seal_headers(vault: Vault, user_id: str, webhook_id: str, headers: Mapping[str, str]) -> bytes | None:
    """Seal the headers; None for none."""
    if not headers:
        return None
    return vault.seal(msgspec.json.encode(headers), about=about_field(user_id, webhook_id, "headers"))


def open_secret(vault: Vault, webhook: Webhook) -> str:
    """The present secret. Raises: CannotOpen."""
    return vault.open_text(webhook.secret_sealed, about=about_field(webhook.user_id, webhook.id, "secret"))


def open_secrets(vault: Vault, webhook: Webhook, now: datetime) -> tuple[str, ...]:
    """Every live secret, the present one first. Raises: CannotOpen."""
    present = open_secret(vault, webhook)
    if webhook.former_secret_sealed is None or webhook.former_until is None or webhook.former_until <= now:
        return (present,)
    about = about_field(webhook.user_id, webhook.id, "former secret")
    return present, vault.open_text(webhook.former_secret_sealed, about=about)


def open_headers(vault: Vault, webhook: Webhook) -> dict[str, str]:
    """The headers its owner wants on every delivery. Raises: CannotOpen."""
    if webhook.headers_sealed is None:
        return {}
    plain = vault.open(webhook.headers_sealed, about=about_field(webhook.user_id, webhook.id, "headers"))
    return msgspec.json.decode(plain, type=dict[str, str])


def about_field(user_id: str, webhook_id: str, field: str) -> str:
    """What a field of a webhook is sealed for: `secret`, `former secret` or `headers`."""
    return f"webhooks|{user_id}|{webhook_id}|{field}"
