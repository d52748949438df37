"""Webhooks of a tenant: set, listed, changed, deleted, and their secrets rotated."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from moorline import clock, ids
from moorline.errors import BadRequest, Forbidden, NotFound
from moorline.owners import audit
from moorline.owners.audit import Actor
from moorline.owners.caller import Caller
from moorline.service import Service
from moorline.store import deliveries, users, webhooks
from moorline.store.db import Statements
from moorline.store.webhooks import Webhook
from moorline.vault import CannotOpen
from moorline.webhooks import sealed, sign
from moorline.webhooks.checks import HIDDEN, MAX_NAME_CHARS, WebhookChange, check, refuse

MAX_WEBHOOKS = 10
FORMER_LIVES = timedelta(hours=24)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A webhook as its owner sees it: `header_names` without their values, `secret` only when it was made just now."""

    webhook: Webhook
    header_names: tuple[str, ...]
    secret: str | None = field(default=None, repr=False)


async def list_webhooks(service: Service, caller: Caller) -> list[Shown]:
    """The tenant's webhooks, oldest first. Raises: Forbidden."""
    refuse_limited(caller)
    return [_shown(service, webhook) for webhook in await webhooks.all_of(service.db, caller.user_id)]


async def find(db: Statements, caller: Caller, webhook_id: str) -> Webhook:
    """One webhook. Raises: Forbidden, BadRequest for a malformed id, NotFound."""
    refuse_limited(caller)
    check_id("webhookId", webhook_id)
    webhook = await webhooks.of_tenant(db, caller.user_id, webhook_id)
    if webhook is None:
        raise NotFound("Webhook not found")
    return webhook


async def create(service: Service, caller: Caller, given: WebhookChange) -> Shown:
    """Make a webhook; without a secret it gets one, which is answered this once. Without a name: the receiver's host.

    Raises: Forbidden, BadRequest naming the field, or when there are ten.
    """
    refuse_limited(caller)
    check(service, given)
    if not given.url or not given.events:
        refuse({name: "required" for name, value in (("url", given.url), ("events", given.events)) if not value})
    if HIDDEN in (given.custom_headers or {}).values():
        refuse({"customHeaders": f"{HIDDEN} stands for a value that is stored, and there is none yet"})
    webhook_id, user_id, url = ids.new_id(), caller.user_id, given.url or ""
    made = None if given.secret else sign.new_secret()
    webhook = Webhook(
        id=webhook_id,
        user_id=user_id,
        name=(given.name or urlsplit(url).hostname or "webhook").strip()[:MAX_NAME_CHARS],
        url=url,
        events=tuple(dict.fromkeys(given.events or ())),
        is_active=given.is_active is not False,
        secret_sealed=sealed.seal_secret(service.vault, user_id, webhook_id, made or given.secret or ""),
        headers_sealed=sealed.seal_headers(service.vault, user_id, webhook_id, given.custom_headers or {}),
        created_at=clock.now(),
    )

    async def save(tx: Statements) -> None:
        await users.hold(tx, user_id)
        if len(await webhooks.all_of(tx, user_id)) >= MAX_WEBHOOKS:
            raise BadRequest(f"There are {MAX_WEBHOOKS} webhooks already; delete one first.", code="too_many_webhooks")
        await webhooks.insert(tx, webhook)
        told = {"name": webhook.name, "host": urlsplit(url).hostname, "events": webhook.events}
        await audit.note(tx, Actor.of(caller), "webhook.created", webhook_id, **told)

    await service.db.transaction(save)
    return _shown(service, webhook, secret=made)


async def update(service: Service, caller: Caller, webhook_id: str, given: WebhookChange) -> Shown:
    """Change what is given. A new secret replaces every earlier one at once; `rotate` lets the former one live.

    Switched off, what waited for it is given up; switched on, it starts with a clean count.
    Raises: as `find`; BadRequest naming the field.
    """
    check_id("_id", webhook_id)
    check(service, given)

    async def save(tx: Statements) -> Webhook:
        before = await _held(tx, caller, webhook_id)
        changed = _changed(service, before, given)
        await webhooks.update(tx, changed)
        fields = _changed_fields(before, changed, given)
        if fields:
            await audit.note(tx, Actor.of(caller), "webhook.changed", webhook_id, name=changed.name, fields=fields)
        if given.is_active is not None and given.is_active != changed.is_active:
            await webhooks.switch(tx, webhook_id, is_active=given.is_active)
            if not given.is_active:
                await deliveries.drop(tx, webhook_id, clock.now())
        return await find(tx, caller, webhook_id)

    return _shown(service, await service.db.transaction(save))


async def rotate(service: Service, caller: Caller, webhook_id: str, secret: str | None) -> tuple[Shown, datetime]:
    """Sign with a new secret, and for 24 hours with the former one too; until when that is. Made here unless given.

    Raises: as `find`; BadRequest for a secret that cannot be taken.
    """
    check(service, WebhookChange(secret=secret))
    now = clock.now()
    made = None if secret else sign.new_secret()

    async def save(tx: Statements) -> Webhook:
        webhook = await _held(tx, caller, webhook_id)
        own = (webhook.user_id, webhook.id)
        try:
            former = sealed.open_secret(service.vault, webhook)
        except CannotOpen as error:
            raise BadRequest("The present secret cannot be opened here: set a new one instead.") from error
        changed = replace(
            webhook,
            secret_sealed=sealed.seal_secret(service.vault, *own, made or secret or ""),
            former_secret_sealed=sealed.seal_former_secret(service.vault, *own, former),
            former_until=now + FORMER_LIVES,
        )
        await webhooks.update(tx, changed)
        await audit.note(tx, Actor.of(caller), "webhook.secret_rotated", webhook_id, name=webhook.name)
        return changed

    return _shown(service, await service.db.transaction(save), secret=made), now + FORMER_LIVES


async def delete(service: Service, caller: Caller, webhook_id: str) -> None:
    """Delete, with what waits for it. Its log stays for its seven days. Raises: as `find`."""

    async def remove(tx: Statements) -> None:
        webhook = await find(tx, caller, webhook_id)
        if not await webhooks.delete(tx, caller.user_id, webhook_id):
            raise NotFound("Webhook not found")
        await audit.note(tx, Actor.of(caller), "webhook.deleted", webhook_id, name=webhook.name)
        await deliveries.delete_of(tx, webhook_id)

    await service.db.transaction(remove)


def refuse_limited(caller: Caller) -> None:
    """A webhook tells of every profile. Raises: Forbidden for keys that may not see them all."""
    if caller.profile_ids is not None:
        raise Forbidden("This API key is limited to some profiles, and webhooks tell of all of them.")


def check_id(name: str, text: str) -> None:
    """Raises: BadRequest unless the text has the form of an id."""
    if not ids.is_id(text):
        raise BadRequest(f"{name} is not an id: 24 hex characters.", fields={name: "24 hex characters"})


async def _held(tx: Statements, caller: Caller, webhook_id: str) -> Webhook:
    """`find`, and nobody else changes it until this transaction ends."""
    await users.hold(tx, caller.user_id)
    await find(tx, caller, webhook_id)
    await webhooks.hold(tx, webhook_id)
    return await find(tx, caller, webhook_id)


def _changed(service: Service, webhook: Webhook, given: WebhookChange) -> Webhook:
    own = (webhook.user_id, webhook.id)
    changed = replace(
        webhook,
        name=webhook.name if given.name is None else given.name.strip(),
        url=webhook.url if given.url is None else given.url,
        events=webhook.events if given.events is None else tuple(dict.fromkeys(given.events)),
    )
    if given.custom_headers is not None:
        headers = _kept(_headers(service, webhook), given.custom_headers)
        changed = replace(changed, headers_sealed=sealed.seal_headers(service.vault, *own, headers))
    if given.secret:
        fresh = sealed.seal_secret(service.vault, *own, given.secret)
        changed = replace(changed, secret_sealed=fresh, former_secret_sealed=None, former_until=None)
    return changed


def _changed_fields(before: Webhook, after: Webhook, given: WebhookChange) -> list[str]:
    return [
        name
        for name, differs in (
            ("name", before.name != after.name),
            ("url", before.url != after.url),
            ("events", before.events != after.events),
            ("customHeaders", before.headers_sealed != after.headers_sealed),
            ("secret", before.secret_sealed != after.secret_sealed),
            ("isActive", given.is_active is not None and given.is_active != before.is_active),
        )
        if differs
    ]


def _kept(stored: Mapping[str, str], given: Mapping[str, str]) -> dict[str, str]:
    """The headers given, those whose value is hidden as they are stored."""
    by_name = {name.lower(): value for name, value in stored.items()}
    unknown = [name for name, value in given.items() if value == HIDDEN and name.lower() not in by_name]
    if unknown:
        refuse({"customHeaders": f"{HIDDEN} stands for a value that is stored, and {unknown[0]} has none"})
    return {name: by_name[name.lower()] if value == HIDDEN else value for name, value in given.items()}


def _shown(service: Service, webhook: Webhook, *, secret: str | None = None) -> Shown:
    return Shown(webhook=webhook, header_names=tuple(_headers(service, webhook)), secret=secret)


def _headers(service: Service, webhook: Webhook) -> dict[str, str]:
    try:
        return sealed.open_headers(service.vault, webhook)
    except CannotOpen:  # sealed under a key that is gone: they can only be set anew
        return {}
