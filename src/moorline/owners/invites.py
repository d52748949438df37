"""Invitations: a link, good once and for seven days, by which somebody becomes a member of a tenant."""

import hashlib
import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from moorline import clock, ids
from moorline.errors import BadRequest, Conflict, Forbidden, Gone
from moorline.logs import event
from moorline.owners import api_keys, audit, passwords, profiles
from moorline.owners.api_keys import NewKey
from moorline.owners.audit import Actor
from moorline.owners.caller import Caller
from moorline.owners.users import EMAIL
from moorline.store import api_keys as stored_api_keys
from moorline.store import invites, users
from moorline.store import profiles as stored_profiles
from moorline.store.db import Database, Statements, UniqueViolated
from moorline.store.invites import Invite
from moorline.store.profiles import Profile
from moorline.store.users import User

LIFE = timedelta(days=7)
KEPT_AFTER_EXPIRY = timedelta(days=30)
MAX_NAME_CHARS = 100
MAX_EMAIL_CHARS = 254
_TRIES = 3
log = logging.getLogger("moorline.owners")


@dataclass(frozen=True, slots=True, kw_only=True)
class Invitation:
    """An open invite as the invited person reads it: whose it is, and to what (`profiles` None: everything)."""

    workspace: str
    profiles: tuple[Profile, ...] | None
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Joined:
    """A new member, of what, and the first key, shown this once."""

    member: User
    invitation: Invitation
    key: str = field(repr=False)


async def create(db: Database, caller: Caller, profile_ids: Sequence[str] | None) -> tuple[Invite, str]:
    """Invite somebody to some profiles, or to all (None); the token is in the answer and nowhere else.

    Raises: Forbidden unless an owner calls with a key for everything, and for a profile that is not theirs; BadRequest
    for no profile, or a malformed id.
    """
    if caller.member_id != caller.user_id or caller.profile_ids is not None or not caller.may_write:
        raise Forbidden("Only the owner may invite, with a read-write API key for all profiles.")
    given = None if profile_ids is None else tuple(dict.fromkeys(profile_ids))
    if given is not None:
        await _check_owned(db, caller, given)
    now = clock.now()
    token = f"inv_{ids.random_bytes(32).hex()}"
    invite = Invite(
        token_hash=hash_of(token), user_id=caller.user_id, profile_ids=given, created_at=now, expires_at=now + LIFE
    )

    async def save(tx: Statements) -> None:
        await invites.insert(tx, invite)
        await audit.note(tx, Actor.of(caller), "invite.created", None, invite=_reference(invite), profileIds=given)

    await db.transaction(save)
    event(log, logging.INFO, "invite_created", user=caller.user_id, profiles=None if given is None else len(given))
    return invite, token


async def read(db: Database, token: str) -> Invitation:
    """What an open invite offers. Raises: Gone, alike for unknown, used and expired ones and where nothing is left."""
    invite = await invites.find_open(db, hash_of(token), clock.now())
    if invite is None:
        raise _gone()
    return await _invitation(db, invite)


async def accept(db: Database, token: str, *, name: str, email: str, password: str = "") -> Joined:
    """Become a member: invite used up, user and first key made, all in one transaction or not at all.

    An empty `password` sets none: then only a link that is good once signs the member in.
    Raises: BadRequest naming the field, Conflict when the address is taken (the invite stays open); Gone as `read`.
    """
    member_name, address = _checked(name, email)
    password_hash = None
    if password:
        passwords.check(password, email=address)
        password_hash = await passwords.hash_of(password)
    for _ in range(_TRIES):
        try:
            joined = await db.transaction(
                lambda tx: _join(tx, token, member_name, address, password_hash), durable=True
            )
        except UniqueViolated as error:
            if await users.by_email(db, address) is not None:
                raise Conflict("There is a user with this e-mail address already.") from error
            continue  # the key's 48-bit prefix is taken: a fresh key has another
        event(log, logging.INFO, "member_joined", user=joined.member.root_id, member=joined.member.id)
        return joined
    raise Conflict("No API key could be made; try again.")


async def purge(db: Database, *, now: datetime, limit: int) -> int:
    """Delete up to `limit` invites that ran out 30 days ago; how many went."""
    return await invites.purge(db, before=now - KEPT_AFTER_EXPIRY, limit=limit)


def hash_of(token: str) -> bytes:
    """SHA-256: tokens are 256 random bits, so nothing slower is needed."""
    return hashlib.sha256(token.encode("utf-8", "replace")).digest()


def _reference(invite: Invite) -> str:
    """What tells one invite from another in the audit log; nothing that opens it."""
    return invite.token_hash.hex()[:16]


async def _check_owned(db: Database, caller: Caller, profile_ids: tuple[str, ...]) -> None:
    if not profile_ids:
        raise BadRequest("profileIds is required when scope is profiles.", fields={"profileIds": "required"})
    for profile_id in profile_ids:
        profiles.check_id(profile_id)
    owned = {profile.id for profile in await profiles.list_profiles(db, caller)}
    if not owned.issuperset(profile_ids):  # none of them is told apart, and no 404 is published for this call
        raise Forbidden("One or more profiles were not found or are not yours.")


async def _invitation(db: Statements, invite: Invite) -> Invitation:
    owner = await users.of_tenant(db, invite.user_id, invite.user_id)
    if owner is None:
        raise _gone()
    if invite.profile_ids is None:
        return Invitation(workspace=owner.name, profiles=None, expires_at=invite.expires_at)
    everything = await stored_profiles.all_of(db, invite.user_id)
    left = tuple(profile for profile in everything if profile.id in invite.profile_ids)
    if not left:
        raise _gone()
    return Invitation(workspace=owner.name, profiles=left, expires_at=invite.expires_at)


async def _join(tx: Statements, token: str, name: str, email: str, password_hash: str | None) -> Joined:
    now = clock.now()
    invite = await invites.accept(tx, hash_of(token), now)
    if invite is None:
        raise _gone()
    invitation = await _invitation(tx, invite)
    offered = invitation.profiles
    member = User(
        id=ids.new_id(),
        root_id=invite.user_id,
        name=name,
        email=email,
        role="member",
        profile_ids=None if offered is None else tuple(profile.id for profile in offered),
        created_at=now,
    )
    await users.insert(tx, member)
    if password_hash is not None:
        await users.set_password_hash(tx, member.id, password_hash)
    # It reaches as far as its member does, and shows no platform token.
    key, text = api_keys.make(member.id, NewKey(name="first"), now)
    await stored_api_keys.insert(tx, key)
    actor = Actor(user_id=member.root_id, member_id=member.id, source="page")
    told = {"invite": _reference(invite), "keyId": key.id, "profileIds": member.profile_ids}
    await audit.note(tx, actor, "member.joined", member.id, **told)
    return Joined(member=member, invitation=invitation, key=text)


def _checked(name: str, email: str) -> tuple[str, str]:
    member_name, address = name.strip(), email.strip().lower()
    if not 1 <= len(member_name) <= MAX_NAME_CHARS or not member_name.isprintable():
        wanted = f"1 to {MAX_NAME_CHARS} characters"
        raise BadRequest(f"Your name must have {wanted}, no control characters.", fields={"name": wanted})
    if len(address) > MAX_EMAIL_CHARS or not EMAIL.fullmatch(address) or not address.isprintable():
        raise BadRequest("This is no e-mail address.", fields={"email": "an e-mail address"})
    return member_name, address


def _gone() -> Gone:
    return Gone("This invitation was used, has run out, or never was.", code="invite_gone")
