"""Connect links: an address by which somebody without any login connects accounts to one profile.

Whoever has the address may use it, so it is bound: to a profile, to platforms, to a time, to a number of accounts.
"""

import hashlib
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

from moorline import clock, ids
from moorline.errors import BadRequest, FlowFailed, Gone, NotFound
from moorline.languages import check_language
from moorline.owners import apps, audit, profiles
from moorline.owners.audit import Actor
from moorline.owners.caller import Caller
from moorline.service import Service
from moorline.store import accounts, links, users
from moorline.store import profiles as stored_profiles
from moorline.store.accounts import Account
from moorline.store.db import Database, ReferenceViolated, Statements
from moorline.store.links import Link
from moorline.store.profiles import Profile

USUAL_LIFE_H, MAX_LIFE_H = 7 * 24, 90 * 24
MAX_USES = 1000
KEPT_AFTER_EXPIRY = timedelta(days=90)

Dead = Literal["revoked", "used_up", "expired"]
State = Literal["active"] | Dead

_SENTENCES: dict[Dead, str] = {
    "revoked": "This connect link was withdrawn. Ask whoever gave it to you for a new one.",
    "used_up": "This connect link was used as often as it may be. Ask whoever gave it to you for a new one.",
    "expired": "This connect link has run out. Ask whoever gave it to you for a new one.",
}


class LinkDead(Gone):
    """Nothing more can be connected through the link; `reason` tells why not."""

    def __init__(self, reason: Dead) -> None:
        super().__init__(_SENTENCES[reason], code=f"link_{reason}")
        self.reason = reason


@dataclass(frozen=True, slots=True, kw_only=True)
class NewLink:
    """What a link is to be. `platforms` None: all that are configured; `max_uses` None: no limit.

    With `reconnect_account_id` it renews that account, once, and nothing else.
    """

    profile_id: str
    platforms: tuple[str, ...] | None = None
    expires_in_h: int = USUAL_LIFE_H
    max_uses: int | None = None
    language: str | None = None
    redirect_url: str | None = None
    reconnect_account_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """A new link and its address, which is nowhere else."""

    link: Link
    url: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkOffer:
    """A link as whoever opens it reads it.

    `workspace` is the name of its tenant. `platforms` are those of the link that have an app here today. `account` is
    the one to be renewed, for links that renew one. `uses_left` None: no limit.
    """

    link: Link
    state: State
    workspace: str
    profile: Profile
    platforms: tuple[str, ...]
    account: Account | None
    uses_left: int | None


async def save(service: Service, caller: Caller, new: NewLink) -> Made:
    """Make a link. Its `redirect_url` must have been checked: call `connect.links.create`, which does.

    Raises: BadRequest naming the field, or for an account to reconnect that is another's; as `owners.profiles.visible`.
    """
    await profiles.visible(service.db, caller, new.profile_id)
    _refuse(_wrong_bounds(new))
    account = await _account(service.db, caller, new)
    platforms = (account.platform,) if account is not None else await _platforms(service, caller, new)
    link, token = _make(
        caller.user_id,
        new,
        platforms=platforms,
        key_id=caller.key_id,
        member_id=None if caller.key_id is not None else caller.member_id,
        expires_at=clock.now() + timedelta(hours=new.expires_in_h),
    )

    async def write(tx: Statements) -> bool:
        if not await links.insert_for_profile(tx, link):
            return False
        told = {"profileId": link.profile_id, "platforms": link.platforms, "maxUses": link.max_uses}
        await audit.note(tx, Actor.of(caller), "connect_link.created", link.id, **told)
        return True

    try:
        is_saved = await service.db.transaction(write)
    except ReferenceViolated:  # the profile is being deleted
        is_saved = False
    if not is_saved:
        raise NotFound("Profile not found")
    return Made(link=link, url=_url(service.settings.public_url, token))


async def make_for_account(tx: Statements, public_url: str, account: Account, *, expires_at: datetime) -> str:
    """The address of a new link by which somebody renews this account, once; in the transaction that tells of it."""
    new = NewLink(profile_id=account.profile_id, reconnect_account_id=account.id)
    link, token = _make(account.user_id, new, platforms=(account.platform,), expires_at=expires_at)
    if await links.insert_for_profile(tx, link):
        told = {"profileId": link.profile_id, "reconnectAccountId": account.id}
        await audit.note(tx, Actor.server(account.user_id), "connect_link.created", link.id, **told)
    return _url(public_url, token)


async def list_links(
    db: Statements, caller: Caller, *, profile_id: str | None, before: str | None, limit: int
) -> list[Link]:
    """Links of the profiles the caller may see, newest first. An unknown or foreign profile, or link, has none.

    Raises: BadRequest for a malformed id.
    """
    if profile_id is not None:
        profiles.check_id(profile_id)
    if before is not None:
        _check_id("before", before)
    visible = caller.profile_ids
    if profile_id is not None:
        visible = frozenset({profile_id}) if caller.may_see(profile_id) else frozenset()
    profile_ids = None if visible is None else tuple(sorted(visible))
    return await links.newest(db, caller.user_id, profile_ids=profile_ids, before=before, limit=limit)


async def get(db: Statements, caller: Caller, link_id: str) -> Link:
    """One link. Raises: BadRequest for a malformed id, NotFound (also for profiles the caller may not see)."""
    _check_id("linkId", link_id)
    found = await links.of_tenant(db, caller.user_id, link_id)
    if found is None or not caller.may_see(found.profile_id):
        raise NotFound("Connect link not found")
    return found


async def revoke(db: Database, caller: Caller, link_id: str) -> Link:
    """Let it connect nothing more, not even for somebody who is at the platform now. Again: nothing more happens.

    Raises: as `get`.
    """

    async def write(tx: Statements) -> Link:
        found = await get(tx, caller, link_id)
        if await links.revoke(tx, found.id, clock.now()):
            await audit.note(tx, Actor.of(caller), "connect_link.revoked", found.id, profileId=found.profile_id)
        return await get(tx, caller, link_id)

    return await db.transaction(write)


def state_of(link: Link, now: datetime) -> State:
    """Whether something can be connected through it, and why not."""
    if link.revoked_at is not None:
        return "revoked"
    if link.max_uses is not None and link.uses >= link.max_uses:
        return "used_up"
    return "expired" if link.expires_at <= now else "active"


async def read(service: Service, token: str) -> LinkOffer:
    """What the link of a token offers, alive or not; the same work for tokens that never were.

    Raises: NotFound for an unknown or malformed token.
    """
    link = await links.by_token(service.db, hash_of(token))
    if link is None:
        raise NotFound("There is no such connect link.")
    owner = await users.of_tenant(service.db, link.user_id, link.user_id)
    profile = await stored_profiles.get(service.db, link.user_id, link.profile_id)
    if owner is None or profile is None:  # deleted in this moment, and the link with it
        raise NotFound("There is no such connect link.")
    account = None
    if link.reconnect_account_id is not None:
        found = await accounts.get(service.db, link.user_id, link.reconnect_account_id)
        account = None if found is None else found.account
    configured = await apps.configured(service, link.user_id)
    return LinkOffer(
        link=link,
        state=state_of(link, clock.now()),
        workspace=owner.name,
        profile=profile,
        platforms=tuple(platform for platform in link.platforms if platform in configured),
        account=account,
        uses_left=None if link.max_uses is None else max(0, link.max_uses - link.uses),
    )


async def alive(db: Statements, link_id: str) -> Link:
    """A link by its id, as attempts keep it. Raises: NotFound; LinkDead."""
    link = await links.get(db, link_id)
    if link is None:
        raise NotFound("There is no such connect link.")
    return check_alive(link)


def check_alive(link: Link) -> Link:
    """The link. Raises: LinkDead."""
    state = state_of(link, clock.now())
    if state != "active":
        raise LinkDead(state)
    return link


def caller_of(link: Link) -> Caller:
    """Who whoever opens the link is: somebody who may connect to its profile, and nothing else. Raises: LinkDead."""
    check_alive(link)
    return Caller(
        user_id=link.user_id,
        member_id=link.user_id,
        key_id=None,
        profile_ids=frozenset({link.profile_id}),
        may_write=True,
        reveal_tokens=False,
        redirect_allowlist=None,
        link_id=link.id,
    )


async def use(tx: Statements, link_id: str, account_id: str) -> None:
    """Count an account that is being saved through the link, in its transaction.

    Raises: FlowFailed when the link was used up or revoked meanwhile, or is there for another account.
    """
    if await links.count_use(tx, link_id, account_id):
        return
    link = await links.get(tx, link_id)
    if link is not None and link.reconnect_account_id not in {None, account_id} and link.revoked_at is None:
        raise FlowFailed("reconnect_account_mismatch", "Another account signed in than the one to be renewed.")
    raise FlowFailed("session_expired", "This link was used up or withdrawn meanwhile; nothing was saved.")


async def purge(db: Database, *, now: datetime, limit: int) -> int:
    """Delete up to `limit` links that ran out 90 days ago; how many went."""
    return await links.purge(db, before=now - KEPT_AFTER_EXPIRY, limit=limit)


def hash_of(token: str) -> bytes:
    """SHA-256: tokens are 256 random bits, so nothing slower is needed."""
    return hashlib.sha256(token.encode("utf-8", "replace")).digest()


def _make(
    user_id: str,
    new: NewLink,
    *,
    platforms: tuple[str, ...],
    expires_at: datetime,
    key_id: str | None = None,
    member_id: str | None = None,
) -> tuple[Link, str]:
    token = f"lnk_{ids.random_bytes(32).hex()}"  # by which logs know to mask it
    link = Link(
        id=ids.new_id(),
        user_id=user_id,
        key_id=key_id,
        member_id=member_id,
        profile_id=new.profile_id,
        token_hash=hash_of(token),
        platforms=platforms,
        redirect_url=new.redirect_url,
        language=None if new.language is None else check_language(new.language),
        reconnect_account_id=new.reconnect_account_id,
        max_uses=new.max_uses if new.reconnect_account_id is None else 1,
        expires_at=expires_at,
        created_at=clock.now(),
    )
    return link, token


def _url(public_url: str, token: str) -> str:
    return f"{public_url}/connect/link/{token}"


def _wrong_bounds(new: NewLink) -> dict[str, str]:
    faults = {}
    if not 1 <= new.expires_in_h <= MAX_LIFE_H:
        faults["expiresInHours"] = f"1 to {MAX_LIFE_H} (90 days)"
    if new.max_uses is not None and not 1 <= new.max_uses <= MAX_USES:
        faults["maxUses"] = f"1 to {MAX_USES}, or left out for no limit"
    if new.platforms is not None and not new.platforms:
        faults["platforms"] = "name at least one, or leave it out for all"
    return faults


async def _account(db: Statements, caller: Caller, new: NewLink) -> Account | None:
    """The account to be renewed, if one is."""
    if new.reconnect_account_id is None:
        return None
    _check_id("reconnectAccountId", new.reconnect_account_id)
    found = await accounts.get(db, caller.user_id, new.reconnect_account_id)
    if found is None or not caller.may_see(found.account.profile_id):
        raise NotFound("Account not found")
    account, faults = found.account, {}
    if account.profile_id != new.profile_id:
        faults["reconnectAccountId"] = "an account of this profile"
    if new.platforms is not None and set(new.platforms) != {account.platform}:
        faults["platforms"] = f"{account.platform} alone, since that is what the account is of; or left out"
    if new.max_uses not in {None, 1}:
        faults["maxUses"] = "1, since one account is renewed; or left out"
    _refuse(faults)
    return account


async def _platforms(service: Service, caller: Caller, new: NewLink) -> tuple[str, ...]:
    configured = await apps.configured(service, caller.user_id)
    if new.platforms is None:
        return configured
    for platform in new.platforms:
        if platform not in configured:
            shown, known = platform[:40], ", ".join(configured)
            _refuse({"platforms": f'"{shown}" is not one of those with an app here: {known or "none"}'})
    return tuple(platform for platform in configured if platform in new.platforms)


def _refuse(faults: dict[str, str]) -> None:
    if faults:
        told = "; ".join(f"{name}: {reason}" for name, reason in faults.items())
        raise BadRequest(f"Not a usable connect link. {told}.", fields=faults)


def _check_id(name: str, given: str) -> None:
    if not ids.is_id(given):
        raise BadRequest(f"{name} is not an id: 24 hex characters.", fields={name: "24 hex characters"})
