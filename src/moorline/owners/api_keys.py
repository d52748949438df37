"""API keys: made, listed, revoked, and turned into the caller they stand for."""

import hashlib
import hmac
import re
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from moorline import clock, ids
from moorline.errors import BadRequest, Conflict, NotFound, Unauthorized
from moorline.owners import audit
from moorline.owners.audit import Actor
from moorline.owners.caller import Caller
from moorline.store import api_keys, links, users
from moorline.store.api_keys import ApiKey, KeyOfUser, Permission
from moorline.store.db import Database, Statements, UniqueViolated

MAX_LIVE_KEYS = 10
LOOKUP_CHARS = 12  # of the 64 random ones: finds the row, and leaves 208 bits to be compared in constant time
_KEY = re.compile(r"sk_[0-9a-f]{64}")
_NO_KEY_HASH = bytes(32)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewKey:
    """What a key is to be. `expires_in_days` None: it never expires; `not_after` bounds it all the same."""

    name: str
    permission: Permission = "read-write"
    profile_ids: tuple[str, ...] | None = None
    reveal_tokens: bool = False
    redirect_allowlist: tuple[str, ...] | None = None
    expires_in_days: int | None = None
    not_after: datetime | None = None


async def authenticate(db: Statements, key: str) -> Caller:
    """The caller of a key.

    Unknown and wrong keys take the same statement and the same constant-time comparison.
    Raises: Unauthorized, alike for wrong, expired and revoked.
    """
    if not _KEY.fullmatch(key):  # nothing that could be a key: no reason to hide that it is not looked up
        raise Unauthorized
    found = await api_keys.find(db, key[3 : 3 + LOOKUP_CHARS])
    expected = _NO_KEY_HASH if found is None else found.key.key_hash
    matches = hmac.compare_digest(hash_of(key), expected)
    if found is None or not matches:
        raise Unauthorized
    return _caller(found)


async def of_id(db: Statements, key_id: str) -> Caller:
    """The caller of a key that did something earlier. Raises: Unauthorized when it is gone or has expired."""
    found = await api_keys.by_id(db, key_id)
    if found is None:
        raise Unauthorized
    return _caller(found)


def _caller(found: KeyOfUser) -> Caller:
    stored = found.key
    if stored.expires_at is not None and stored.expires_at <= clock.now():
        raise Unauthorized
    return Caller(
        user_id=found.root_id,
        member_id=stored.user_id,
        key_id=stored.id,
        profile_ids=_both(stored.profile_ids, found.user_profile_ids),
        may_write=stored.permission == "read-write",
        reveal_tokens=stored.reveal_tokens,
        redirect_allowlist=stored.redirect_allowlist,
        expires_at=stored.expires_at,
        has_own_apps=found.has_own_apps,
    )


async def create(db: Database, member_id: str, new: NewKey, *, by: Actor | None = None) -> tuple[ApiKey, str]:
    """Make a key; the key itself is in the answer and nowhere else. `by` None: somebody at the command line.

    Raises: BadRequest for a name or lifetime out of bounds, Conflict for a name in use or at ten live keys.
    """
    name = new.name.strip()
    if not 1 <= len(name) <= 100:
        raise BadRequest("name must have 1 to 100 characters.", fields={"name": "1 to 100 characters"})
    if "\x00" in name:
        raise BadRequest("name must not hold NUL characters.", fields={"name": "no NUL characters"})
    if new.expires_in_days is not None and not 1 <= new.expires_in_days <= 3650:
        raise BadRequest("expiresIn is a number of days from 1 to 3650.", fields={"expiresIn": "1 to 3650 days"})
    now = clock.now()
    key, text = make(member_id, replace(new, name=name), now)

    async def save(tx: Statements) -> None:
        await users.hold(tx, member_id)
        live = [
            other for other in await api_keys.all_of(tx, member_id) if not other.expires_at or other.expires_at > now
        ]
        if any(other.name == name for other in live):
            raise Conflict(f'A key named "{name}" exists; keys are shown once, so make one under another name.')
        if len(live) >= MAX_LIVE_KEYS:
            raise Conflict(f"There are {MAX_LIVE_KEYS} live keys already; delete one first.")
        await api_keys.insert(tx, key)
        told = {"name": key.name, "permission": key.permission, "revealTokens": key.reveal_tokens}
        actor = by or await _at_command_line(tx, member_id)
        await audit.note(tx, actor, "api_key.created", key.id, ofMember=member_id, profileIds=key.profile_ids, **told)

    try:
        await db.transaction(save)
    except UniqueViolated:  # the 48-bit prefix is taken: a fresh key has another
        return await create(db, member_id, new, by=by)
    return key, text


def make(member_id: str, new: NewKey, now: datetime) -> tuple[ApiKey, str]:
    """A key ready to be written, and its text, which is nowhere else."""
    text = ids.new_api_key()
    key = ApiKey(
        id=ids.new_id(),
        user_id=member_id,
        lookup=text[3 : 3 + LOOKUP_CHARS],
        key_hash=hash_of(text),
        name=new.name,
        preview=f"{text[:7]}...{text[-4:]}",
        permission=new.permission,
        profile_ids=new.profile_ids,
        reveal_tokens=new.reveal_tokens,
        redirect_allowlist=new.redirect_allowlist,
        expires_at=_expiry(new, now),
        created_at=now,
    )
    return key, text


async def list_keys(db: Statements, member_id: str, *, within: frozenset[str] | None = None) -> list[ApiKey]:
    """The user's keys, oldest first; `within` some profiles only those that reach no further."""
    return [key for key in await api_keys.all_of(db, member_id) if _reaches_no_further(key, within)]


async def delete(
    db: Database, member_id: str, key_id: str, *, within: frozenset[str] | None = None, by: Actor | None = None
) -> None:
    """Revoke at once, and with it the connect links that were made with it. `by` None: somebody at the command line.

    Raises: BadRequest for a malformed id, NotFound, also for keys that reach beyond `within`.
    """
    if not ids.is_id(key_id):
        raise BadRequest("keyId is not an id: 24 hex characters, as GET /v1/api-keys answers.")

    async def remove(tx: Statements) -> None:
        found = {key.id: key for key in await list_keys(tx, member_id, within=within)}
        if key_id not in found or not await api_keys.delete(tx, member_id, key_id):
            raise NotFound("API key not found")
        await links.revoke_of_key(tx, key_id, clock.now())
        actor = by or await _at_command_line(tx, member_id)
        await audit.note(tx, actor, "api_key.deleted", key_id, ofMember=member_id, name=found[key_id].name)

    await db.transaction(remove)


async def _at_command_line(tx: Statements, member_id: str) -> Actor:
    return Actor.at_command_line(await users.root_of(tx, member_id) or member_id)


def _expiry(new: NewKey, now: datetime) -> datetime | None:
    asked = None if new.expires_in_days is None else now + timedelta(days=new.expires_in_days)
    given = [instant for instant in (asked, new.not_after) if instant is not None]
    return min(given) if given else None


def _reaches_no_further(key: ApiKey, within: frozenset[str] | None) -> bool:
    return within is None or (key.profile_ids is not None and within.issuperset(key.profile_ids))


def hash_of(key: str) -> bytes:
    """SHA-256: keys are 256 random bits, so nothing slower is needed."""
    return hashlib.sha256(key.encode()).digest()


def _both(first: tuple[str, ...] | None, second: tuple[str, ...] | None) -> frozenset[str] | None:
    if first is None or second is None:
        given = second if first is None else first
        return None if given is None else frozenset(given)
    return frozenset(first) & frozenset(second)
