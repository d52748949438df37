"""Usable tokens of a grant: renewed when needed, by one caller at a time, however many ask on however many machines.

The right to renew is a lease on one version of the tokens. Whoever renews saves by comparing that version, so a late
writer cannot put an older pair back; whoever waits reads what was saved. A renewal that failed for a passing reason
leaves the tokens as they are: they are handed out until they really end.
"""

import asyncio
import logging
from collections.abc import Coroutine
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from moorline import clock, ids
from moorline.accounts import grants
from moorline.adapter.app_password import AppPasswordPlatform
from moorline.adapter.oauth import OAuthPlatform
from moorline.adapter.values import Tokens
from moorline.errors import MoorlineError, NotFound, Refused, Unreachable
from moorline.logs import event
from moorline.service import Service
from moorline.store import grants as stored_grants
from moorline.store.db import Statements
from moorline.store.grants import Grant, Lease, SealedTokens

MIN_VALID_S = 60
LEASE_S = 60  # a token call with its repeats ends well before
_POLL_S = 0.05
_under_way: set[asyncio.Future[Any]] = set()
log = logging.getLogger("moorline.accounts")


@dataclass(frozen=True, slots=True, kw_only=True)
class Usable:
    """A grant, and tokens of it that work now."""

    grant: Grant
    tokens: Tokens


async def usable(service: Service, grant_id: str, *, min_valid_s: int = MIN_VALID_S) -> Usable:
    """Tokens that work for `min_valid_s` more seconds, renewed first when they would not.

    When they cannot be renewed, for a passing reason or because the platform has no way to, they are answered while
    they work at all. Raises: NotFound without the grant; Refused when only the person can help; PlatformError.
    """
    deadline = clock.now() + timedelta(seconds=LEASE_S)
    while True:
        held = await _held(service, grant_id)
        if _works(held.tokens, clock.now() + timedelta(seconds=min_valid_s)):
            return held.usable
        lease = Lease(holder=ids.new_id(), version=held.version, until=clock.now() + timedelta(seconds=LEASE_S))
        if await stored_grants.claim(service.db, grant_id, lease, clock.now()):
            return await _to_its_end(_renew(service, held, lease))
        if clock.now() >= deadline:
            raise Unreachable(f"{held.usable.grant.platform}: renewing this access takes too long; try again.")
        await asyncio.sleep(_POLL_S)


async def drain(within_s: float) -> None:
    """Let renewals under way end, before the database is closed: a rotated token that is not saved is lost."""
    if _under_way:
        await asyncio.wait(_under_way, timeout=within_s)


async def _to_its_end(renewal: Coroutine[Any, Any, Usable]) -> Usable:
    """A caller that goes away must not break off a renewal: the platform may have rotated the token already."""
    task = asyncio.ensure_future(renewal)
    _under_way.add(task)
    task.add_done_callback(_under_way.discard)
    return await asyncio.shield(task)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Held:
    usable: Usable
    version: int

    @property
    def tokens(self) -> Tokens:
        return self.usable.tokens


async def _held(service: Service, grant_id: str) -> _Held:
    grant, sealed = await stored_grants.get(service.db, grant_id), await stored_grants.get_tokens(service.db, grant_id)
    if grant is None or sealed is None:
        raise NotFound("The grant behind this account is gone.")
    usable_now = Usable(grant=grant, tokens=grants.open_tokens(service.vault, grant, sealed))
    return _Held(usable=usable_now, version=sealed.version)


async def _renew(service: Service, held: _Held, lease: Lease) -> Usable:
    grant = held.usable.grant
    try:
        renewed = await _ask(service, held.usable)
    except MoorlineError as error:
        await stored_grants.release(service.db, grant.id, lease)
        return await _after_failure(service, held, error)
    sealed = grants.seal_tokens(service.vault, grant, renewed)
    if not await _save(service, grant, lease, sealed):  # a new consent came meanwhile; its tokens are younger
        return (await _held(service, grant.id)).usable
    event(log, logging.INFO, "tokens_renewed", grant=grant.id, platform=grant.platform)
    return Usable(grant=grant, tokens=renewed)


async def _save(service: Service, grant: Grant, lease: Lease, sealed: SealedTokens) -> bool:
    async def write(tx: Statements) -> bool:
        return await stored_grants.renew_tokens(tx, grant.id, lease, sealed, clock.now())

    return await service.db.transaction(write, durable=True)


async def _ask(service: Service, held: Usable) -> Tokens:
    adapter = service.platforms.get(held.grant.platform)
    if isinstance(adapter, OAuthPlatform):
        return await adapter.refresh(service.http, service.app(held.grant.platform), held.tokens)
    if isinstance(adapter, AppPasswordPlatform):
        return await adapter.refresh(service.http, held.tokens)
    raise Refused(f"{held.grant.platform} has nothing to renew.", platform_code="no_refresh")


async def _after_failure(service: Service, held: _Held, error: MoorlineError) -> Usable:
    now_held = await _held(service, held.usable.grant.id)
    if now_held.version != held.version:  # who lost a race learns it from the platform's refusal
        return now_held.usable
    event(
        log,
        logging.WARNING,
        "renewal_failed",
        grant=held.usable.grant.id,
        platform=held.usable.grant.platform,
        reason=str(error),
        platform_status=getattr(error, "platform_status", None),
        platform_code=getattr(error, "platform_code", None),
    )
    if _works(held.tokens, clock.now()):
        return held.usable
    raise error


def _works(tokens: Tokens, until: datetime) -> bool:
    """Whether the access token works until an instant, as far as anybody was told."""
    return tokens.access_expires_at is None or tokens.access_expires_at > until
