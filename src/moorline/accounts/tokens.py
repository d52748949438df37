"""Usable tokens of a grant: renewed when needed, by one caller at a time, however many ask on however many machines.

The right to renew is a lease on one version of the tokens. Whoever renews saves by comparing that version, so a late
writer cannot put an older pair back; whoever waits reads what was saved. A renewal that failed for a passing reason
leaves the tokens as they are: they are handed out until they really end. One that only a new consent helps buries the
grant: its accounts are switched off and told, once.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TypeVar

from moorline import clock, ids
from moorline.accounts import expiry, grants, history, leases, pauses
from moorline.accounts.patience import patiently
from moorline.adapter.app_password import AppPasswordPlatform
from moorline.adapter.oauth import OAuthPlatform
from moorline.adapter.values import App, Renews, Tokens
from moorline.errors import (
    AppMisconfigured,
    MoorlineError,
    NotConfigured,
    NotFound,
    Refused,
    StoreUnavailable,
    Unreachable,
)
from moorline.logs import about, event
from moorline.owners import apps
from moorline.service import Service
from moorline.store import accounts as stored_accounts
from moorline.store import grants as stored_grants
from moorline.store.accounts import Account
from moorline.store.db import Statements
from moorline.store.grants import Grant, Lease
from moorline.webhooks import queue

MIN_VALID_S = 60
LEASE_S = 120  # longer than a renewal with all its repeats
LONGEST_AHEAD = timedelta(days=10)
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 60, 6 * 3600
_POLL_S = 0.05
SAVE_AGAIN_S = 1.0
PATIENCE_S = 3.0  # of a caller whose token still works, while another is at its renewal
T = TypeVar("T")
log = logging.getLogger("moorline.accounts")


@dataclass(frozen=True, slots=True, kw_only=True)
class Usable:
    """A grant, and tokens of it that work now; `version` counts their renewals.

    `is_fresh`: they were renewed for this call.
    """

    grant: Grant
    tokens: Tokens
    version: int
    renew_at: datetime | None
    failures: int
    is_fresh: bool = False


async def usable(service: Service, grant_id: str, *, min_valid_s: int = MIN_VALID_S) -> Usable:
    """Tokens that work for `min_valid_s` more seconds, renewed first when they would not.

    When they cannot be renewed, for a passing reason or because the platform has no way to, they are answered while
    they work at all. Raises: NotFound without the grant; Refused when only a new consent helps; PlatformError.
    """
    held = await _held(service, grant_id)
    if _works(held.tokens, clock.now() + timedelta(seconds=min_valid_s)):
        return held
    works_now = _works(held.tokens, clock.now())
    if not _can_renew(service, held):
        return held if works_now else await _buried(service, held, Refused("The access has run out; connect again."))
    try:
        return await _joined(service, held, patience_s=PATIENCE_S if works_now else None)
    except Refused:
        raise
    except MoorlineError:
        if works_now and _works(held.tokens, clock.now()):
            return held
        raise


async def spend(service: Service, grant_id: str, call: Callable[[Usable], Awaitable[T]]) -> T:
    """What a call with a working token answers. A token the platform refuses is renewed, and the call made once more.

    Raises: as `usable`, and as `call`; Refused also buries the grant when there is no way to renew.
    """
    held = await usable(service, grant_id)
    try:
        answer = await call(held)
    except Refused as refusal:
        if not _can_renew(service, held):
            await _buried(service, held, refusal)
        answer = await call(await _joined(service, held))
    await stored_grants.prove(service.db, grant_id, clock.now())
    return answer


async def renew_due(service: Service, grant_id: str) -> None:
    """Renew tokens whose time has come; a failure is noted only."""
    try:
        held = await _readable(service, grant_id)
        if held.renew_at is None or held.renew_at > clock.now():
            return
        if _can_renew(service, held):
            await _joined(service, held)
        else:
            await _buried(service, held, Refused("The access has run out; connect again."))
    except MoorlineError:
        return


async def _readable(service: Service, grant_id: str) -> Usable:
    """As `_held`; but tokens that cannot be read (their key may be missing for a while) are due again later.

    Else they would be the longest due for ever, and keep all others waiting.
    """
    try:
        return await _held(service, grant_id)
    except Refused as refusal:
        if refusal.code == grants.UNREADABLE:
            event(log, logging.ERROR, "tokens_unreadable", grant=grant_id)
            await _put_off_unread(service, grant_id)
        raise
    except MoorlineError:
        raise
    except Exception:
        await _put_off_unread(service, grant_id)
        raise


async def _put_off_unread(service: Service, grant_id: str) -> None:
    sealed, now = await stored_grants.get_tokens(service.db, grant_id), clock.now()
    if sealed is not None:
        lease = Lease(holder=ids.new_id(), version=sealed.version, until=now + timedelta(seconds=LEASE_S))
        if await stored_grants.claim(service.db, grant_id, lease, now):
            needs_at = None if sealed.has_refresh else sealed.access_expires_at
            await stored_grants.put_off(service.db, grant_id, lease, _later(sealed.failures), needs_at=needs_at)


def due_at(service: Service, grant: Grant, tokens: Tokens) -> datetime | None:
    """When something has to be done about tokens that were issued now: renewed ahead of their end, or given up at it.

    None for tokens that never end. Spread, so that those of one hour are not all due in one minute.
    """
    ends = tokens.access_expires_at
    held = Usable(grant=grant, tokens=tokens, version=0, renew_at=None, failures=0)
    if ends is None or not _can_renew(service, held):
        return ends
    ahead = min((ends - clock.now()) / 4, LONGEST_AHEAD)
    renew_at = ends - ahead * (0.8 + 0.2 * ids.jitter())
    last = tokens.refresh_expires_at
    # Refused ahead of time would end an access that works: what is told to be too late then is tried at the end.
    return ends if last is not None and last <= renew_at else renew_at


async def drain(within_s: float, release_within_s: float = 1.0) -> None:
    """Let renewals under way end, before the database is closed: a rotated token that is not saved is lost.

    Those that take longer are broken off, and give back the right to renew.
    """
    if _under_way:
        _, late = await asyncio.wait(_under_way.values(), timeout=within_s)
        for task in late:
            task.cancel()
        if late:
            await asyncio.wait(late, timeout=release_within_s)


# One renewal a process for each version of a grant's tokens; the store stays its own key, since tests open several.
_under_way: dict[tuple[int, str, int], asyncio.Task[Usable]] = {}


async def _joined(service: Service, held: Usable, *, patience_s: float | None = None) -> Usable:
    """The tokens after this version, whoever renews it.

    A caller that goes away, or whose patience is over, does not break the renewal off: the platform may have rotated
    the token already. Raises: as the renewal; Unreachable when it takes longer than `patience_s`.
    """
    key = id(service.db), held.grant.id, held.version
    task = _under_way.get(key)
    if task is None:
        task = asyncio.create_task(_renewed(service, held))
        _under_way[key] = task
        task.add_done_callback(lambda done: _forget(key, done))
    done, _ = await asyncio.wait({task}, timeout=patience_s)
    if not done:
        raise Unreachable(f"{held.grant.platform}: renewing this access takes long; try again.")
    return task.result()


def _forget(key: tuple[int, str, int], done: asyncio.Task[Usable]) -> None:
    _under_way.pop(key, None)
    if not done.cancelled():
        done.exception()  # it is told to whoever waits; nobody may be left


async def _renewed(service: Service, held: Usable) -> Usable:
    deadline = clock.now() + timedelta(seconds=1.5 * LEASE_S)  # the lease of one that was killed is waited for
    while True:
        now = clock.now()
        lease = Lease(holder=ids.new_id(), version=held.version, until=now + timedelta(seconds=LEASE_S))
        if await leases.claimed(service, held.grant.id, lease, now):
            if clock.now() < lease.until:
                return await _renew(service, held, lease)
            continue  # this process was frozen for so long that another may be at it: look anew before asking
        await pauses.check(service, held.grant)
        await asyncio.sleep(_POLL_S)
        found = await _held(service, held.grant.id)
        if found.version != held.version:
            return found
        if clock.now() >= deadline:
            raise Unreachable(f"{held.grant.platform}: renewing this access takes too long; try again.")


async def _renew(service: Service, held: Usable, lease: Lease) -> Usable:
    try:
        tokens = await _ask(service, held)
    except MoorlineError as error:
        return await _after_failure(service, held, lease, error)
    except asyncio.CancelledError:  # the process stops
        await stored_grants.release(service.db, held.grant.id, lease)
        raise
    except Exception:  # a fault of ours: not at once again, or grants like this one would keep all others waiting
        event(log, logging.ERROR, "renewal_failed", grant=held.grant.id, platform=held.grant.platform, outcome="ours")
        await _put_off(service, held, lease, _later(held.failures))
        raise
    return await _saved(service, held, lease, tokens)


async def _ask(service: Service, held: Usable) -> Tokens:
    adapter = service.platforms.get(held.grant.platform)
    if isinstance(adapter, AppPasswordPlatform):
        return await adapter.refresh(service.http, held.tokens)
    if not isinstance(adapter, OAuthPlatform):
        raise Refused(f"{held.grant.platform} has nothing to renew.", platform_code="no_refresh")
    return await adapter.refresh(service.http, await app_of(service, held.grant), held.tokens)


async def app_of(service: Service, grant: Grant) -> App:
    """The app a grant was given to. Raises: as `owners.apps.of_client`."""
    return await apps.of_client(service, grant.user_id, grant.platform, grant.app_id)


async def _saved(service: Service, held: Usable, lease: Lease, tokens: Tokens) -> Usable:
    """Save, and again while the database does not answer: the pair before may be spent, so this one counts."""

    async def save() -> Usable:
        try:
            return await _save(service, held, lease, tokens)
        except StoreUnavailable as error:
            event(log, logging.ERROR, "renewed_tokens_wait", grant=held.grant.id, reason=str(error))
            raise

    return await patiently(save, is_over=lambda: clock.now() >= lease.until, again_s=SAVE_AGAIN_S)


async def _save(service: Service, held: Usable, lease: Lease, tokens: Tokens) -> Usable:
    grant = held.grant
    warn_at, is_same_end = _warning_after(service, held, tokens)
    needs_at = expiry.needs_at(_with_kept(held, tokens), expiry.renews_of(service, grant.platform))
    sealed = grants.seal_tokens(service.vault, grant, tokens)
    sealed = replace(sealed, renew_at=due_at(service, grant, tokens), warn_at=warn_at)

    async def write(tx: Statements) -> bool:
        now = clock.now()
        if not await stored_grants.renew_tokens(tx, grant.id, lease, sealed, now, is_same_end=is_same_end):
            return False
        # It had been given up when another did that while this renewal was on its way.
        if await stored_grants.revive(tx, grant.id, now, needs_at=needs_at):
            await _switch_on(tx, grant.id, now)
        return True

    if not await service.db.transaction(write, durable=True):  # a new consent came meanwhile; its tokens are younger
        await stored_grants.release(service.db, grant.id, lease)
        return await _held(service, grant.id)
    event(log, logging.INFO, "tokens_renewed", grant=grant.id, platform=grant.platform)
    return replace(held, tokens=tokens, version=held.version + 1, renew_at=sealed.renew_at, failures=0, is_fresh=True)


def _warning_after(service: Service, held: Usable, tokens: Tokens) -> tuple[datetime | None, bool]:
    """When a warning may be due of tokens that follow these, and whether they end when these did."""
    renews, both = expiry.renews_of(service, held.grant.platform), (held.tokens, _with_kept(held, tokens))
    former, ends = (expiry.last_chance(one, renews) for one in both)
    is_same_end = expiry.is_same_end(former, ends)
    # What is told within the hour was told, if it is the end we knew: it may only be told a little later now.
    after = clock.now() + (expiry.SAME_END if is_same_end else timedelta(0))
    return expiry.next_warning(ends, after), is_same_end


def _with_kept(held: Usable, tokens: Tokens) -> Tokens:
    """New tokens, with the former refresh token where none came: the store keeps that."""
    if tokens.refresh is not None:
        return tokens
    return replace(tokens, refresh=held.tokens.refresh, refresh_expires_at=held.tokens.refresh_expires_at)


async def _switch_on(tx: Statements, grant_id: str, now: datetime) -> None:
    for account in await stored_accounts.set_active_of_grant(tx, grant_id, is_active=True, now=now):
        await queue.account_event(tx, account, "account.connected")
        await history.note(tx, account, "restored", "A renewal that was on its way went well.")


async def _after_failure(service: Service, held: Usable, lease: Lease, error: MoorlineError) -> Usable:
    grant = held.grant
    event(
        log,
        logging.WARNING,
        "renewal_failed",
        grant=grant.id,
        platform=grant.platform,
        outcome=_outcome_of(error),
        reason=str(error),
        platform_status=getattr(error, "platform_status", None),
        platform_code=getattr(error, "platform_code", None),
    )
    if isinstance(error, Refused):
        return await _buried(service, held, error)  # who lost a race learns of it there
    wait_s = await pauses.note(service, grant, error)
    await _put_off(service, held, lease, _later(held.failures, at_least_s=wait_s))
    raise error


def _outcome_of(error: MoorlineError) -> str:
    """Whose turn it is: time's, a person's, or the operator's."""
    if isinstance(error, Refused):
        return "dead"
    return "ours" if isinstance(error, AppMisconfigured | NotConfigured) else "later"


async def _put_off(service: Service, held: Usable, lease: Lease, renew_at: datetime) -> None:
    renews = expiry.renews_of(service, held.grant.platform)
    needs_at = expiry.needs_at(held.tokens, renews, is_failing=True)
    await stored_grants.put_off(service.db, held.grant.id, lease, renew_at, needs_at=needs_at)


def _later(failures: int, *, at_least_s: int = 0) -> datetime:
    """When to try again, after pauses that grow with each failure."""
    pause_s = min(_FIRST_PAUSE_S * 2**failures, _LONGEST_PAUSE_S) * (1 + ids.jitter() / 4)
    return clock.now() + timedelta(seconds=max(at_least_s, pause_s))


async def _buried(service: Service, held: Usable, refusal: Refused) -> Usable:
    """Bury the grant for good, and tell. Tokens that came meanwhile are answered instead. Raises: the refusal."""
    grant = held.grant

    async def write(tx: Statements) -> list[Account] | None:
        now = clock.now()
        if not await stored_grants.bury(tx, grant.id, version=held.version, reason=str(refusal), now=now):
            return None
        gone = await stored_accounts.set_active_of_grant(tx, grant.id, is_active=False, now=now)
        for account in gone:
            told = {"disconnectionType": "unintentional", "reason": str(refusal)}
            await queue.account_event(tx, account, "account.disconnected", **told)
            await history.note(tx, account, "lost", str(refusal))
        return gone

    gone = await service.db.transaction(write, durable=True)
    if gone is None:  # buried before, which is told there, or a new consent came
        return await _held(service, grant.id)
    for account in gone:
        event(log, logging.WARNING, "account_lost", account=account.id, platform=grant.platform, reason=str(refusal))
    raise refusal


async def _held(service: Service, grant_id: str) -> Usable:
    found = await stored_grants.get_with_tokens(service.db, grant_id)
    if found is None:
        raise NotFound("The grant behind this account is gone.")
    grant, sealed = found
    about(platform=grant.platform)
    if grant.dead_reason is not None:
        raise Refused(grant.dead_reason)
    return Usable(
        grant=grant,
        tokens=grants.open_tokens(service.vault, grant, sealed),
        version=sealed.version,
        renew_at=sealed.renew_at,
        failures=sealed.failures,
    )


def _can_renew(service: Service, held: Usable) -> bool:
    renews = expiry.renews_of(service, held.grant.platform)
    return renews is Renews.BY_EXCHANGE or (renews is not Renews.NEVER and held.tokens.has_refresh)


def _works(tokens: Tokens, until: datetime) -> bool:
    """Whether the access token works until an instant, as far as anybody was told."""
    return tokens.access_expires_at is None or tokens.access_expires_at > until
