"""Grants: one person's consent on a platform, one set of sealed tokens, however many accounts hang on it."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime

import msgspec

from moorline import ids
from moorline.accounts import expiry
from moorline.accounts.proven import Proven
from moorline.adapter.values import Identity, Renews, Tokens
from moorline.errors import Refused
from moorline.store import grants
from moorline.store.accounts import Account
from moorline.store.db import Statements
from moorline.store.grants import Grant, SealedTokens
from moorline.vault import CannotOpen, Vault

UNREADABLE = "token_unreadable"  # the code of stored tokens that no key opens


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedGrant:
    """A grant ready to be written, and how its platform renews."""

    grant: Grant
    tokens: SealedTokens
    renews: Renews | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedOwn:
    """An account's own token ready to be written."""

    sealed: bytes = field(repr=False)
    expires_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Withdrawn:
    """A grant as it was before it was deleted, to be revoked at the platform."""

    grant: Grant
    tokens: SealedTokens


def seal_grant(
    vault: Vault,
    proven: Proven,
    *,
    renew_at: Callable[[Grant, Tokens], datetime | None],
    renews: Renews | None = None,
) -> SealedGrant | None:
    """Seal the person's tokens for their row; None where no person's grant stands behind the account."""
    if proven.identity is None or proven.tokens is None:
        return None
    tokens = proven.tokens
    grant = Grant(
        id=ids.new_id(),
        user_id=proven.user_id,
        platform=proven.platform,
        app_id=proven.app_id,
        platform_user_id=proven.identity.platform_user_id,
        username=proven.identity.username,
        granted=proven.identity.granted if tokens.granted is None else tokens.granted,
        service_url=tokens.service_url,
    )
    sealed = replace(seal_tokens(vault, grant, tokens), renew_at=renew_at(grant, tokens))
    return SealedGrant(grant=grant, tokens=sealed, renews=renews)


def seal_tokens(vault: Vault, grant: Grant, tokens: Tokens) -> SealedTokens:
    """Seal tokens for the row of their grant; its version is counted by the row itself."""
    return SealedTokens(
        version=1,
        access_sealed=vault.seal_text(tokens.access, about=_about(grant, "access")),
        refresh_sealed=None
        if tokens.refresh is None
        else vault.seal_text(tokens.refresh, about=_about(grant, "refresh")),
        access_expires_at=tokens.access_expires_at,
        refresh_expires_at=tokens.refresh_expires_at,
    )


def seal_own(vault: Vault, proven: Proven) -> SealedOwn | None:
    """Seal the account's own token (a Page token); None where it has none."""
    own = proven.connection.tokens
    if own is None:
        return None
    about = own_about(
        proven.user_id, proven.profile_id, proven.platform, platform_account_id=proven.connection.platform_account_id
    )
    return SealedOwn(sealed=vault.seal_text(own.access, about=about), expires_at=own.access_expires_at)


def own_about(user_id: str, profile_id: str, platform: str, *, platform_account_id: str) -> str:
    """What an account's own token is sealed for: its field, tenant and unique row."""
    return f"account_tokens|access|{user_id}|{profile_id}|{platform}|{platform_account_id}"


def token_about(user_id: str, platform: str, app_id: str, *, platform_user_id: str, token: str) -> str:
    """What a grant's `access` or `refresh` token is sealed for."""
    # The unique columns of the row, not its id: the id is only known once the row is written.
    return f"grant_tokens|{token}|{user_id}|{platform}|{app_id}|{platform_user_id}"


def with_grant(account: Account, grant_id: str | None) -> Account:
    """The account hanging on a grant."""
    return msgspec.structs.replace(account, grant_id=grant_id)


async def put(tx: Statements, sealed: SealedGrant, *, consented_at: datetime, now: datetime) -> str:
    """Write grant and tokens; the grant's id. A younger consent brings a grant back that had been given up.

    Raises: Refused when it was given up and this consent brings nothing new.
    """
    grant_id = await grants.upsert(tx, sealed.grant, now)
    tokens = replace(sealed.tokens, warn_at=expiry.next_warning(expiry.last_chance(sealed.tokens, sealed.renews), now))
    if await grants.put_tokens(tx, grant_id, tokens, consented_at=consented_at, now=now):
        await grants.revive(tx, grant_id, now, needs_at=expiry.needs_at(tokens, sealed.renews))
        if sealed.renews is Renews.BY_REFRESH_TOKEN and not tokens.has_refresh:
            await _plan_by_what_is_kept(tx, grant_id, sealed.renews, now)
        return grant_id
    found = await grants.get(tx, grant_id)
    if found is not None and found.dead_reason is not None:
        raise Refused(found.dead_reason)
    return grant_id


async def _plan_by_what_is_kept(tx: Statements, grant_id: str, renews: Renews, now: datetime) -> None:
    """Plan the warnings anew where a refresh token of an earlier consent may live on."""
    kept = await grants.get_tokens(tx, grant_id)
    if kept is not None and kept.has_refresh:
        await grants.plan_warning(tx, grant_id, expiry.next_warning(expiry.last_chance(kept, renews), now))
        await grants.set_need(tx, grant_id, expiry.needs_at(kept, renews))


async def read_for_withdrawal(tx: Statements, grant_id: str) -> Withdrawn | None:
    """The grant with its tokens, before it is deleted."""
    grant, tokens = await grants.get(tx, grant_id), await grants.get_tokens(tx, grant_id)
    return None if grant is None or tokens is None else Withdrawn(grant=grant, tokens=tokens)


def open_withdrawn(vault: Vault, withdrawn: Withdrawn) -> tuple[Tokens, Identity]:
    """Usable tokens and the person, for the platform's revocation. Raises: Refused when they cannot be opened."""
    return open_tokens(vault, withdrawn.grant, withdrawn.tokens), to_identity(withdrawn.grant)


def to_identity(grant: Grant) -> Identity:
    """The person of a grant, as far as it is kept."""
    return Identity(
        platform_user_id=grant.platform_user_id,
        username=grant.username,
        display_name=grant.username,
        granted=grant.granted,
    )


def open_tokens(vault: Vault, grant: Grant, sealed: SealedTokens) -> Tokens:
    """Usable tokens of a grant. Raises: Refused when the row was tampered with or its key is gone."""
    try:
        return Tokens(
            access=vault.open_text(sealed.access_sealed, about=_about(grant, "access")),
            refresh=None
            if sealed.refresh_sealed is None
            else vault.open_text(sealed.refresh_sealed, about=_about(grant, "refresh")),
            access_expires_at=sealed.access_expires_at,
            refresh_expires_at=sealed.refresh_expires_at,
            granted=grant.granted,
            service_url=grant.service_url,
        )
    except CannotOpen as error:
        raise Refused("The stored tokens cannot be opened; connect again.", code=UNREADABLE) from error


def _about(grant: Grant, token: str) -> str:
    return token_about(
        grant.user_id, grant.platform, grant.app_id, platform_user_id=grant.platform_user_id, token=token
    )
