"""Accounts: saved from a proven identity, listed, renamed, disconnected."""

import logging
from functools import partial
from typing import TypeVar

import msgspec

from moorline import clock, ids
from moorline.accounts import expiry, grants, history, revocation, tokens
from moorline.accounts.proven import Picked, Proven
from moorline.errors import BadRequest, FlowFailed, NotFound
from moorline.logs import event
from moorline.owners import apps, links
from moorline.owners.caller import Caller
from moorline.service import Service
from moorline.store import accounts, attempts, bot_inboxes, selections
from moorline.store import grants as stored_grants
from moorline.store import links as stored_links
from moorline.store.accounts import Account, AccountOfProfile
from moorline.store.db import Deadlocked, ReferenceViolated, Statements, Work
from moorline.webhooks import queue

MAX_NAME_CHARS = 200
RACES = 4
EVERY = 1_000_000  # "the whole list" for lists without page and limit
log = logging.getLogger("moorline.accounts")
T = TypeVar("T")


async def save(
    service: Service,
    proven: Proven,
    *,
    attempt_id: str | None = None,
    picked: Picked | None = None,
    steps: str = "",
) -> Account:
    """Save or update in place, grant and tokens with it, and note it in the attempt: one durable transaction.

    `steps` are added to those the attempt keeps.
    Raises: FlowFailed(profile_not_found) when the profile went away meanwhile, FlowFailed(session_expired) when the
    open selection the account is picked from did, or was used for something else; as `owners.links.use` for an attempt
    that was started through a connect link.
    """
    now = clock.now()
    connection = proven.connection
    renews = expiry.renews_of(service, proven.platform)
    sealed_grant = grants.seal_grant(service.vault, proven, renew_at=partial(tokens.due_at, service), renews=renews)
    own_token = grants.seal_own(service.vault, proven)
    fresh = Account(
        id=ids.new_id(),
        user_id=proven.user_id,
        profile_id=proven.profile_id,
        grant_id=None,
        platform=proven.platform,
        platform_account_id=connection.platform_account_id,
        username=connection.username,
        display_name=connection.display_name,
        picture_url=connection.picture_url,
        profile_url=connection.profile_url,
        is_active=True,
        details=connection.details,
        created_at=now,
    )

    async def write(tx: Statements) -> Account:
        if proven.is_exclusive:
            await _refuse_held(tx, proven)
        if sealed_grant is not None:
            client = {"user_id": proven.user_id, "platform": proven.platform, "client_id": proven.app_id}
            await apps.refuse_gone(service, tx, **client)
        before = await accounts.grant_id_of(tx, proven.profile_id, proven.platform, connection.platform_account_id)
        grant_id = None
        if sealed_grant is not None:
            consented_at = proven.consented_at or now
            grant_id = await grants.put(tx, sealed_grant, consented_at=consented_at, now=now)
        account = await accounts.upsert(tx, grants.with_grant(fresh, grant_id), now)
        await queue.account_event(tx, account, "account.connected")
        if attempt_id is None:  # else the attempt tells of it
            await history.note(tx, account, "connected")
        if own_token is not None:
            await accounts.put_token(tx, account.id, own_token.sealed, own_token.expires_at, now)
        # A new consent to a known grant serves the person's other accounts too.
        if grant_id is not None and sealed_grant is not None and grant_id != sealed_grant.grant.id:
            for other in await accounts.set_active_of_grant(tx, grant_id, is_active=True, now=now):
                await queue.account_event(tx, other, "account.connected")
                await history.note(tx, other, "restored", "The person consented anew.")
        if before is not None and before != grant_id:
            await _let_go(service, tx, before)
        if attempt_id is not None:
            await _note_in_attempt(tx, attempt_id, account, picked, steps)
        return account

    try:
        account = await _raced(service, write)
    except ReferenceViolated as error:
        raise FlowFailed("profile_not_found", "The profile that was to receive this account is gone.") from error
    event(
        log,
        logging.INFO,
        "account_connected",
        account=account.id,
        platform=account.platform,
        profile=account.profile_id,
        attempt=attempt_id,
    )
    return account


async def list_accounts(
    service: Service,
    caller: Caller,
    *,
    profile_id: str | None,
    page: int | None,
    limit: int | None,
    after: str | None = None,
) -> list[AccountOfProfile]:
    """Accounts the caller may see, oldest first; everything unless `limit` (1 to 1000) is given, pages from 1.

    `after` is the id of an account: only what follows it, which is what pages of any number of accounts are read by.
    An unknown or foreign profile has none; neither has what follows an unknown or foreign account.
    Raises: BadRequest for a malformed `after`.
    """
    size = EVERY if limit is None and page is None and after is None else limit or 100
    seen = _seen(caller, profile_id)
    place: tuple[int, str] | None = None
    if after is not None:
        check_id(after)
        last = await accounts.get(service.db, caller.user_id, after)
        if last is None or not caller.may_see(last.account.profile_id):
            return []
        place = clock.to_ms(last.account.created_at), after
    elif page is not None and page > 1:
        number = size * (page - 1)
        place = await accounts.place_at(service.db, caller.user_id, profile_ids=seen, number=number)
        if place is None:
            return []
    return await accounts.all_of(service.db, caller.user_id, profile_ids=seen, after=place, limit=size)


async def count(service: Service, caller: Caller) -> int:
    """How many accounts the caller may see."""
    return await accounts.count(service.db, caller.user_id, profile_ids=_seen(caller, None))


def _seen(caller: Caller, profile_id: str | None) -> tuple[str, ...] | None:
    """The profiles that a list is of; None: all of the tenant's."""
    if profile_id is not None:
        return (profile_id,) if caller.may_see(profile_id) else ()
    return None if caller.profile_ids is None else tuple(sorted(caller.profile_ids))


async def get(service: Service, caller: Caller, account_id: str) -> AccountOfProfile:
    """One account. Raises: BadRequest for a malformed id, NotFound (also for profiles the caller may not see)."""
    check_id(account_id)
    found = await accounts.get(service.db, caller.user_id, account_id)
    if found is None or not caller.may_see(found.account.profile_id):
        raise NotFound("Account not found")
    return found


def check_id(account_id: str) -> None:
    """Raises: BadRequest unless the text has the form of an id."""
    if not ids.is_id(account_id):
        raise BadRequest(
            "accountId is not an id: 24 hex characters, as GET /v1/accounts answers.",
            fields={"accountId": "24 hex characters"},
        )


async def rename(
    service: Service, caller: Caller, account_id: str, *, username: str | None, display_name: str | None
) -> tuple[str, str]:
    """Change what the account is called here; the new user name and display name. Raises: as `get`; BadRequest."""
    fields = {
        field: f"1 to {MAX_NAME_CHARS} characters, no control characters"
        for field, text in (("username", username), ("displayName", display_name))
        if text is not None and not _is_name(text)
    }
    if fields:
        raise BadRequest(f"Invalid name: {', '.join(fields)}.", fields=fields)
    account = (await get(service, caller, account_id)).account
    names = username or account.username, display_name or account.display_name

    async def write(tx: Statements) -> None:
        await accounts.set_names(tx, account.id, username=names[0], display_name=names[1], now=clock.now())
        renamed = msgspec.structs.replace(account, username=names[0], display_name=names[1])
        await queue.account_event(tx, renamed, "account.updated")

    await service.db.transaction(write)
    return names


async def disconnect(service: Service, caller: Caller, account_id: str) -> None:
    """Delete the account, wipe its tokens, and withdraw the grant at the platform when nothing else uses it.

    What the platform answers to that does not keep the account; it is tried again until done or hopeless.
    Raises: as `get`.
    """
    await get(service, caller, account_id)

    async def remove(tx: Statements) -> tuple[Account | None, str | None]:
        account = await accounts.delete(tx, caller.user_id, account_id)
        if account is None:
            return None, None
        how = "in the dashboard" if caller.key_id is None else "through the API"
        told = {"disconnectionType": "intentional", "reason": f"Disconnected {how}."}
        await queue.account_event(tx, account, "account.disconnected", **told)
        await history.note(tx, account, "disconnected", told["reason"])
        await stored_links.revoke_of_account(tx, account.id, clock.now())  # there is nothing left to be renewed
        return account, None if account.grant_id is None else await _let_go(service, tx, account.grant_id)

    account, revocation_id = await _raced(service, remove)
    if account is None:
        raise NotFound("Account not found")
    event(log, logging.INFO, "account_disconnected", account=account.id, platform=account.platform)
    if revocation_id is not None:
        await revocation.attempt(service, revocation_id)


async def _let_go(service: Service, tx: Statements, grant_id: str) -> str | None:
    """Delete a grant that nothing uses any more; the id of what has to be withdrawn at its platform, if anything."""
    withdrawn = await grants.read_for_withdrawal(tx, grant_id)
    if not await stored_grants.delete_unused(tx, grant_id) or withdrawn is None:
        return None
    return await revocation.keep(service, tx, withdrawn)


async def _note_in_attempt(
    tx: Statements, attempt_id: str, account: Account, picked: Picked | None, steps: str
) -> None:
    link_id = await attempts.set_connected(tx, attempt_id, account.id, clock.now(), steps=steps)
    if link_id is not None and await attempts.count_once(tx, attempt_id, account.id):
        await links.use(tx, link_id, account.id)
    if picked is not None and not await selections.set_saved(
        tx, attempt_id, account.id, choice_id=picked.choice_id, once=picked.once
    ):
        raise FlowFailed("session_expired", "The choice was left, made or ran out meanwhile; nothing was saved.")


async def _refuse_held(tx: Statements, proven: Proven) -> None:
    await bot_inboxes.hold(tx, proven.app_id)
    held_id = proven.connection.platform_account_id
    if await accounts.held_by_another(tx, proven.platform, held_id, proven.user_id):
        raise FlowFailed("account_not_eligible", "This chat cannot be connected here.")


async def _raced(service: Service, work: Work[T]) -> T:
    """Run durably, and again when a reference was refused or a deadlock was broken at our cost.

    On PostgreSQL an unused grant may be taken up by another transaction in the moment it is deleted; it is in use then.
    Raises: ReferenceViolated when it was no race.
    """
    for _ in range(RACES - 1):
        try:
            return await service.db.transaction(work, durable=True)
        except (ReferenceViolated, Deadlocked):
            continue
    return await service.db.transaction(work, durable=True)


def _is_name(text: str) -> bool:
    return len(text.strip()) >= 1 and len(text) <= MAX_NAME_CHARS and text.isprintable()
