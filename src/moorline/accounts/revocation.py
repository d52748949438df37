"""Withdrawing a consent at its platform once no account hangs on it: tried at once, then again until done or hopeless.

The account and its tokens are gone by then; what the platform has to be told waits sealed in a row of its own.
"""

import asyncio
import json
import logging
from dataclasses import asdict
from datetime import timedelta
from typing import Any

from moorline import clock, ids
from moorline.accounts import grants
from moorline.accounts.grants import Withdrawn
from moorline.adapter.app_password import AppPasswordPlatform
from moorline.adapter.oauth import OAuthPlatform
from moorline.adapter.values import Identity, Tokens
from moorline.errors import (
    AppMisconfigured,
    MoorlineError,
    NotConfigured,
    PlatformRateLimited,
    Refused,
    StoreUnavailable,
    Unreachable,
)
from moorline.logs import about, event
from moorline.owners import apps
from moorline.service import Service
from moorline.store import grants as stored_grants
from moorline.store import revocations
from moorline.store.db import Statements
from moorline.store.grants import Grant
from moorline.store.revocations import Revocation
from moorline.vault import CannotOpen

LEASE_S = 120
FIRST_PAUSE_S, LONGEST_PAUSE_S = 60, 6 * 3600
GIVE_UP_AFTER = timedelta(days=3)
# The platform, or what the operator may mend in time: an app's secret, a key that is missing for a while.
_PASSING = (Unreachable, PlatformRateLimited, AppMisconfigured, NotConfigured, CannotOpen)
log = logging.getLogger("moorline.accounts")


async def keep(service: Service, tx: Statements, withdrawn: Withdrawn) -> str | None:
    """Write down what is to be withdrawn; its id. None when there is nothing to do.

    That is: a grant whose tokens cannot be opened; a platform that is not here; a consent that other accounts live on,
    where withdrawing it would end theirs too.
    """
    grant = withdrawn.grant
    adapter = service.platforms.get(grant.platform)
    if adapter is None or (isinstance(adapter, OAuthPlatform) and await _others_live_on_it(tx, adapter, grant)):
        return None
    try:
        tokens, identity = grants.open_withdrawn(service.vault, withdrawn)
    except Refused:
        return None
    revocation_id, now = ids.new_id(), clock.now()
    plain = json.dumps({"tokens": _plain(tokens), "identity": asdict(identity)})
    revocation = Revocation(
        id=revocation_id,
        user_id=grant.user_id,
        platform=grant.platform,
        app_id=grant.app_id,
        grant_sealed=service.vault.seal_text(plain, about=about_grant(revocation_id)),
        tries=0,
        created_at=now,
    )
    await revocations.insert(tx, revocation, now)
    return revocation_id


async def _others_live_on_it(tx: Statements, adapter: OAuthPlatform, grant: Grant) -> bool:
    """Another tenant's accounts of the same person, or this tenant's on a platform that shares the consent.

    On that one the person goes by another id, so every one of the tenant's counts: better left than taken from others.
    """
    if adapter.revokes_person and await stored_grants.is_known_elsewhere(tx, grant):
        return True
    return bool(adapter.consent_with) and await stored_grants.has_kin(tx, grant, adapter.consent_with)


async def attempt(service: Service, revocation_id: str) -> None:
    """Try it now, unless somebody is at it. What the platform answers is noted, not raised."""
    now, holder = clock.now(), ids.new_id()
    claimed = await revocations.claim(
        service.db, revocation_id, holder=holder, now=now, until=now + timedelta(seconds=LEASE_S)
    )
    if claimed is None:
        return
    about(platform=claimed.platform)
    try:
        await _revoke(service, claimed)
        event(log, logging.DEBUG, "consent_withdrawn", platform=claimed.platform)
    except asyncio.CancelledError:  # the process stops: another asks again
        await revocations.put_off(service.db, claimed.id, holder=holder, due_at=clock.now())
        raise
    except StoreUnavailable as error:  # nothing was asked; it is due again when this lease runs out
        _tell(claimed, error)
        return
    except _PASSING as error:
        _tell(claimed, error)
        if clock.now() - claimed.created_at < GIVE_UP_AFTER:
            # The last try is when it is given up, whatever a platform says of how long to wait.
            due_at = min(clock.now() + _pause(claimed, error), claimed.created_at + GIVE_UP_AFTER)
            await revocations.put_off(service.db, claimed.id, holder=holder, due_at=due_at)
            return
    except MoorlineError as error:  # dead there already, or nothing that time would change
        _tell(claimed, error)
    await revocations.delete(service.db, claimed.id)


async def _revoke(service: Service, revocation: Revocation) -> None:
    adapter = service.platforms.get(revocation.platform)
    plain = json.loads(service.vault.open_text(revocation.grant_sealed, about=about_grant(revocation.id)))
    tokens, identity = _tokens(plain["tokens"]), Identity(**plain["identity"])
    if isinstance(adapter, OAuthPlatform):
        app = await apps.of_client(service, revocation.user_id, revocation.platform, revocation.app_id)
        await adapter.revoke(service.http, app, tokens, identity)
    elif isinstance(adapter, AppPasswordPlatform):
        await adapter.revoke(service.http, tokens)


def _pause(revocation: Revocation, error: Exception) -> timedelta:
    told_s = error.retry_after_s if isinstance(error, PlatformRateLimited) else None
    growing_s = min(FIRST_PAUSE_S * 4 ** (revocation.tries - 1), LONGEST_PAUSE_S)
    return timedelta(seconds=max(told_s or 0, growing_s * (1 + ids.jitter() / 4)))


def _tell(revocation: Revocation, error: Exception) -> None:
    event(
        log,
        logging.WARNING,
        "revocation_failed",
        revocation=revocation.id,
        platform=revocation.platform,
        tries=revocation.tries,
        reason=str(error) or type(error).__name__,
    )


def _plain(tokens: Tokens) -> dict[str, Any]:
    ends = tokens.access_expires_at  # some platforms take a living access token only, so an adapter may renew it first
    return {
        "access": tokens.access,
        "refresh": tokens.refresh,
        "service_url": tokens.service_url,
        "access_expires_at_ms": clock.to_ms_or_none(ends),
    }


def _tokens(plain: dict[str, Any]) -> Tokens:
    ends_ms = plain["access_expires_at_ms"]
    return Tokens(
        access=plain["access"],
        refresh=plain["refresh"],
        service_url=plain["service_url"],
        access_expires_at=clock.from_ms_or_none(ends_ms),
    )


def about_grant(revocation_id: str) -> str:
    """What a consent that waits to be withdrawn is sealed for."""
    return f"revocations|grant|{revocation_id}"
