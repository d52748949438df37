"""Signing in to the dashboard: by e-mail address and password, or by a link that is good once.

A session lives for seven days from the sign-in, whatever is done in it: it needs no writing on every page, and what was
stolen ends by itself. It ends before that by signing out, and when the password is changed elsewhere.
"""

import hashlib
import logging
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from moorline import clock, ids
from moorline.errors import BadRequest, Gone, Unauthorized
from moorline.logs import event
from moorline.owners import audit, passwords
from moorline.owners.audit import Actor
from moorline.owners.caller import Caller
from moorline.store import sessions, sign_in_links, users
from moorline.store.db import Database, Statements
from moorline.store.sessions import Session
from moorline.store.sign_in_links import SignInLink
from moorline.store.users import User

LIFE = timedelta(days=7)
LINK_LIFE = timedelta(minutes=15)
log = logging.getLogger("moorline.owners")


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A new session; its token is here and in the person's cookie, and nowhere else."""

    member: User
    token: str = field(repr=False)
    expires_at: datetime


def caller_of(member: User) -> Caller:
    """What a signed-in person may do: all that their user may, but see a platform's token."""
    return Caller(
        user_id=member.root_id,
        member_id=member.id,
        key_id=None,
        profile_ids=None if member.profile_ids is None else frozenset(member.profile_ids),
        may_write=True,
        reveal_tokens=False,
        redirect_allowlist=None,
    )


async def sign_in(db: Database, *, email: str, password: str) -> Opened:
    """Open a session. Raises: Unauthorized, after the same work for an unknown address as for a wrong password."""
    address = email.strip().lower()
    known = await users.with_password(db, address if address.isprintable() else "")  # PostgreSQL takes no NUL
    stored = None if known is None else known.password_hash
    if not await passwords.matches(password, stored) or known is None or stored is None:
        event(log, logging.WARNING, "sign_in_refused", member=None if known is None else known.user.id)
        raise Unauthorized
    opened, session = _new(known.user)
    better = await passwords.hash_of(password) if passwords.is_outdated(stored) else None

    async def save(tx: Statements) -> bool:
        await users.hold(tx, known.user.id)
        now = await users.with_password(tx, known.user.email)
        if now is None or now.password_hash != stored:  # changed meanwhile, and with it every session ended
            return False
        if better is not None:
            await users.set_password_hash(tx, known.user.id, better)
        await sessions.insert(tx, session)
        await audit.note(tx, _self(known.user), "session.opened", known.user.id, by="password")
        return True

    if not await db.transaction(save):
        raise Unauthorized
    event(log, logging.INFO, "signed_in", member=known.user.id, by="password")
    return opened


async def new_link(db: Database, member: User, *, by: Actor | None = None) -> str:
    """The token of a link that signs the person in, once, within 15 minutes. `by` None: from the command line."""
    token = ids.new_secret()
    link = SignInLink(token_hash=hash_of(token), member_id=member.id, expires_at=clock.now() + LINK_LIFE)

    async def save(tx: Statements) -> None:
        await sign_in_links.insert(tx, link)
        await audit.note(tx, by or Actor.at_command_line(member.root_id), "sign_in_link.created", member.id)

    await db.transaction(save)
    return token


async def offered_to(db: Database, token: str) -> User:
    """Whom a link signs in; asking uses nothing up. Raises: Gone, alike for unknown, used and expired ones."""
    member = await sign_in_links.member_of(db, hash_of(token), clock.now())
    if member is None:
        raise _gone()
    return member


async def sign_in_by_link(db: Database, token: str) -> Opened:
    """Use the link up and open a session, both or neither. Raises: Gone."""

    async def use(tx: Statements) -> Opened:
        member = await sign_in_links.member_of(tx, hash_of(token), clock.now())
        if member is None:
            raise _gone()
        await users.hold(tx, member.id)  # first, as set_password does: it must see this session, or this the link gone
        if await sign_in_links.use(tx, hash_of(token), clock.now()) is None:
            raise _gone()
        opened, session = _new(member)
        await sessions.insert(tx, session)
        await audit.note(tx, _self(member), "session.opened", member.id, by="link")
        return opened

    opened = await db.transaction(use)
    event(log, logging.INFO, "signed_in", member=opened.member.id, by="link")
    return opened


async def member_of(db: Statements, token: str) -> User:
    """Whose session a token is. Raises: Unauthorized, alike for none, an unknown one and one that is over."""
    member = await sessions.member_of(db, hash_of(token), clock.now()) if token else None
    if member is None:
        raise Unauthorized
    return member


async def sign_out(db: Database, token: str) -> None:
    """End the session at once; nothing happens when it is over already."""

    async def end(tx: Statements) -> None:
        member = await sessions.member_of(tx, hash_of(token), clock.now())
        if member is not None and await sessions.delete(tx, hash_of(token)):
            await audit.note(tx, _self(member), "session.ended", member.id)

    if token:
        await db.transaction(end)


async def sign_out_elsewhere(db: Database, token: str) -> None:
    """End every other session of the person whose session this is, and every open link.

    Raises: Unauthorized when it is over itself.
    """

    async def end(tx: Statements) -> None:
        member = await member_of(tx, token)
        await users.hold(tx, member.id)
        ended = await sessions.delete_of(tx, member.id, but=hash_of(token))
        await sign_in_links.delete_of(tx, member.id)
        await audit.note(tx, _self(member), "session.ended", member.id, sessionsEnded=ended)

    await db.transaction(end, durable=True)


async def has_password(db: Database, member: User) -> bool:
    """Whether the person has one; those who were invited have none until they set it."""
    known = await users.with_password(db, member.email)
    return known is not None and known.password_hash is not None


async def change_password(db: Database, member: User, *, current: str, new: str, token: str) -> None:
    """Set another password; every session but the one of `token` ends, and every open link.

    Raises: BadRequest naming the field: `current` when there is a password and this is not it, `password` for a new one
    that may not be.
    """
    known = await users.with_password(db, member.email)
    stored = None if known is None else known.password_hash
    if stored is not None and not await passwords.matches(current, stored):
        raise BadRequest("This is not your current password.", fields={"current": "not your current password"})
    await set_password(db, member, new, but=token, by=_self(member))


async def set_password(db: Database, member: User, password: str, *, but: str = "", by: Actor | None = None) -> None:
    """Set a password; every session of the person but the one of the token `but` ends, and every open link.

    `by` None: somebody at the command line.
    Raises: BadRequest as `passwords.check`.
    """
    passwords.check(password, email=member.email)
    password_hash = await passwords.hash_of(password)

    async def save(tx: Statements) -> None:
        await users.hold(tx, member.id)
        await users.set_password_hash(tx, member.id, password_hash)
        ended = await sessions.delete_of(tx, member.id, but=hash_of(but) if but else b"")
        await sign_in_links.delete_of(tx, member.id)
        actor = by or Actor.at_command_line(member.root_id)
        await audit.note(tx, actor, "password.changed", member.id, sessionsEnded=ended)

    await db.transaction(save, durable=True)
    event(log, logging.INFO, "password_changed", member=member.id)


async def anybody_can_sign_in(db: Database) -> bool:
    """Whether any user has a password, or a link that is open."""
    return await users.anybody_has_password(db) or await sign_in_links.anybody_has_one(db, clock.now())


async def purge(db: Database, *, now: datetime, limit: int) -> int:
    """Delete up to `limit` sessions and links that are over; how many went."""
    return await sessions.purge(db, now=now, limit=limit) + await sign_in_links.purge(db, now=now, limit=limit)


def hash_of(token: str) -> bytes:
    """SHA-256: tokens are 256 random bits, so nothing slower is needed."""
    return hashlib.sha256(token.encode("utf-8", "replace")).digest()


def _new(member: User) -> tuple[Opened, Session]:
    token, now = ids.new_secret(), clock.now()
    session = Session(token_hash=hash_of(token), member_id=member.id, created_at=now, expires_at=now + LIFE)
    return Opened(member=member, token=token, expires_at=session.expires_at), session


def _self(member: User) -> Actor:
    return Actor(user_id=member.root_id, member_id=member.id, source="dashboard")


def _gone() -> Gone:
    return Gone("This link was used, has run out, or never was.", code="sign_in_link_gone")
