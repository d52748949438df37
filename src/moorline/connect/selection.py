"""Selection: open, list, choose: the same verbs for page, organization, board, location, public profile."""

import asyncio
import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import timedelta
from typing import Any

from moorline import clock
from moorline.accounts import accounts
from moorline.accounts.proven import Picked, Proven
from moorline.adapter.oauth import OAuthPlatform
from moorline.adapter.values import App, Choices, Connection, Identity, Tokens, choices_from
from moorline.connect import redirects
from moorline.connect.steps import Trail
from moorline.errors import BadRequest, FlowFailed, InvalidTempToken, MoorlineError, NotFound, Slug
from moorline.logs import about, event
from moorline.owners import apps
from moorline.service import Service
from moorline.store import accounts as stored_accounts
from moorline.store import attempts, selections
from moorline.store.accounts import Account
from moorline.store.attempts import Attempt
from moorline.store.selections import OpenSelection
from moorline.vault import CannotOpen

SELECTION_TTL_S = 15 * 60
DESCRIBED_AT_ONCE = 20
log = logging.getLogger("moorline.connect")


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """A saved choice. `redirect_url` is where the browser goes now, None when no one asked for it."""

    account: Account
    redirect_url: str | None


async def open_for(
    service: Service,
    attempt: Attempt,
    identity: Identity,
    *,
    tokens: Tokens,
    choices: Choices,
    nothing_found: Slug | None,
    trail: Trail,
) -> None:
    """Keep the consent until a choice is made, for 15 minutes.

    Raises: FlowFailed(`nothing_found`) when there is nothing to choose.
    """
    if not choices.items and nothing_found is not None:
        seen = "; ".join(f"{item.name}: {item.reason}" for item in choices.unavailable[:3])
        raise FlowFailed(nothing_found, seen or "The platform listed nothing.")
    opened = OpenSelection(
        attempt_id=attempt.id,
        user_id=attempt.user_id,
        key_id=attempt.key_id,
        profile_id=attempt.profile_id,
        platform=attempt.platform,
        app_id=attempt.app_id,
        redirect_url=attempt.redirect_url,
        tokens_sealed=service.vault.seal(_tokens_to_bytes(tokens), about=about_tokens(attempt.id)),
        identity=asdict(identity),
        choices=asdict(choices),
        expires_at=clock.now() + timedelta(seconds=SELECTION_TTL_S),
    )

    async def write(tx: Any) -> None:
        await selections.insert(tx, opened)
        await attempts.set_selecting(tx, attempt.id, steps=trail.text())

    await service.db.transaction(write)
    event(log, logging.DEBUG, "selection_opened", platform=attempt.platform, choices=len(choices.items))


async def get(service: Service, attempt_id: str) -> OpenSelection:
    """The open selection of an attempt. Raises: InvalidTempToken when it is over."""
    found = await selections.get(service.db, attempt_id, clock.now())
    if found is None:
        raise InvalidTempToken
    about(platform=found.platform, attempt=found.attempt_id)
    return found


async def list_again(service: Service, opened: OpenSelection) -> Choices:
    """Ask the platform anew what may be chosen. Raises: PlatformError, ScopeMissing, NotConfigured."""
    adapter, tokens, identity = _open(service, opened)
    choices = await adapter.list_choices(service.http, await _app(service, opened), tokens, identity)
    await selections.set_choices(service.db, opened.attempt_id, asdict(choices))
    return choices


async def describe(
    service: Service, opened: OpenSelection, choice_ids: Sequence[str]
) -> list[tuple[str, Mapping[str, Any]]]:
    """Further details of choices by id, in the order asked for, asked of the platform at most 20 at a time.

    Empty for an id the platform does not know or show. Raises: as `list_again`; what is under way then is dropped.
    """
    adapter, tokens, _ = _open(service, opened)
    app, at_once = await _app(service, opened), asyncio.Semaphore(DESCRIBED_AT_ONCE)

    async def one(choice_id: str) -> Mapping[str, Any]:
        async with at_once:
            return await adapter.describe(service.http, app, tokens, choice_id)

    try:
        async with asyncio.TaskGroup() as group:
            asked = [(choice_id, group.create_task(one(choice_id))) for choice_id in choice_ids]
    except ExceptionGroup as failed:
        raise failed.exceptions[0] from failed
    return [(choice_id, task.result()) for choice_id, task in asked]


def tokens_of(service: Service, opened: OpenSelection) -> Tokens:
    """The tokens of the consent. Raises: InvalidTempToken when they cannot be opened (any more)."""
    return _open(service, opened)[1]


def listed(opened: OpenSelection) -> Choices:
    """What the platform listed last."""
    return choices_from(opened.choices)


async def choose(
    service: Service, opened: OpenSelection, choice_id: str | None, *, redirect_url: str | None, once: bool = False
) -> Chosen:
    """Save the chosen thing as the account, proven with the platform now; None: the person's own account.

    The same choice again answers the same account; `once` refuses another one after it.
    Raises: NotFound when it is not in the list (asked anew before saying so); BadRequest where persons cannot be
    connected; PlatformError, ScopeMissing, FlowFailed.
    """
    picked = Picked(choice_id=choice_id or "", once=once)
    account = await _saved_already(service, opened, picked)
    picks = _adapter_of(service, opened).selection
    if account is None:
        try:
            account = await _save(service, opened, choice_id, picked)
        except MoorlineError as error:
            event(log, logging.INFO, "selection_failed", platform=opened.platform, error_code=error.code)
            raise
        event(log, logging.DEBUG, "selection_made", platform=opened.platform)
    url = redirect_url or opened.redirect_url
    return Chosen(account=account, redirect_url=url and redirects.connected(url, account, picks))


async def _save(service: Service, opened: OpenSelection, choice_id: str | None, picked: Picked) -> Account:
    connection, identity, tokens = await _adopt(service, opened, choice_id)
    proven = Proven(
        user_id=opened.user_id,
        profile_id=opened.profile_id,
        platform=opened.platform,
        app_id=opened.app_id,
        connection=connection,
        identity=identity,
        tokens=tokens,
        consented_at=opened.expires_at - timedelta(seconds=SELECTION_TTL_S),
    )
    trail = Trail()
    trail.note("chosen", connection.display_name)
    return await accounts.save(service, proven, attempt_id=opened.attempt_id, picked=picked, steps=trail.text())


async def cancel(service: Service, opened: OpenSelection) -> None:
    """Close without a choice and wipe the tokens. The consent at the platform stays: others may hang on it."""
    closed = await selections.delete(service.db, opened.attempt_id)
    now = clock.now()
    if closed is not None and closed.saved_account_id is None:
        await attempts.set_failed(
            service.db, opened.attempt_id, slug="selection_cancelled", note="The person left.", now=now
        )
        event(log, logging.INFO, "selection_cancelled", platform=opened.platform)


def check_redirect_url(opened: OpenSelection, url: str | None, allowlist: tuple[str, ...] | None) -> None:
    """A redirect_url of a select call must be the attempt's own, or on the key's list. Raises: BadRequest."""
    if url is None or url == opened.redirect_url:
        return
    redirects.check_redirect_url(url, allowlist)
    if allowlist is None and opened.redirect_url is not None:
        reason = "differs from the one this connection was started with"
        raise BadRequest(f"redirect_url {reason}.", code="invalid_redirect_url", fields={"redirect_url": reason})


async def _saved_already(service: Service, opened: OpenSelection, picked: Picked) -> Account | None:
    if opened.saved_account_id is None or opened.saved_choice != picked.choice_id:
        return None
    found = await stored_accounts.get(service.db, opened.user_id, opened.saved_account_id)
    return None if found is None else found.account


async def _adopt(service: Service, opened: OpenSelection, choice_id: str | None) -> tuple[Connection, Identity, Tokens]:
    adapter, tokens, identity = _open(service, opened)
    if choice_id is None:
        if adapter.selection is not None and not adapter.selection.or_person:
            raise BadRequest(f"Choose a {adapter.selection.noun}.")
        return adapter.person(identity), identity, tokens
    if not any(item.id == choice_id for item in listed(opened).items):
        anew = await list_again(service, opened)
        if not any(item.id == choice_id for item in anew.items):
            noun = adapter.selection.noun if adapter.selection is not None else "item"
            raise NotFound(f"Selected {noun} not found in available {noun}s.")
    connection = await adapter.adopt(service.http, await _app(service, opened), tokens, identity, choice_id)
    return connection, identity, tokens


async def _app(service: Service, opened: OpenSelection) -> App:
    return await apps.of_client(service, opened.user_id, opened.platform, opened.app_id)


def _adapter_of(service: Service, opened: OpenSelection) -> OAuthPlatform:
    adapter = service.platforms.get(opened.platform)
    if not isinstance(adapter, OAuthPlatform) or adapter.selection is None:
        raise InvalidTempToken
    return adapter


def _open(service: Service, opened: OpenSelection) -> tuple[OAuthPlatform, Tokens, Identity]:
    adapter = _adapter_of(service, opened)
    try:
        plain = service.vault.open(opened.tokens_sealed, about=about_tokens(opened.attempt_id))
    except CannotOpen as error:
        raise InvalidTempToken from error
    identity = Identity(**{**opened.identity, "granted": _tuple(opened.identity["granted"])})
    return adapter, _tokens_from_bytes(plain), identity


def _tokens_to_bytes(tokens: Tokens) -> bytes:
    plain: dict[str, Any] = asdict(tokens)
    for name in ("access_expires_at", "refresh_expires_at"):
        plain[name] = clock.to_ms_or_none(plain[name])
    return json.dumps(plain).encode()


def _tokens_from_bytes(plain: bytes) -> Tokens:
    stored: Mapping[str, Any] = json.loads(plain)
    tokens = Tokens(**{**stored, "granted": _tuple(stored["granted"])})
    return replace(
        tokens,
        access_expires_at=clock.from_ms_or_none(stored["access_expires_at"]),
        refresh_expires_at=clock.from_ms_or_none(stored["refresh_expires_at"]),
    )


def _tuple(values: list[str] | None) -> tuple[str, ...] | None:
    return None if values is None else tuple(values)


def about_tokens(attempt_id: str) -> str:
    """What the tokens of an open choice are sealed for."""
    return f"selections|tokens|{attempt_id}"
