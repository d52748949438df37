"""Users: the person who owns a tenant, and the members of it."""

import re

from moorline import clock, ids
from moorline.errors import BadRequest, Conflict, NotFound
from moorline.owners import audit, profiles
from moorline.owners.audit import Actor
from moorline.owners.caller import Caller
from moorline.owners.profiles import ProfileChange
from moorline.store import users
from moorline.store.db import Database, Statements, UniqueViolated
from moorline.store.profiles import Profile
from moorline.store.users import User

EMAIL = re.compile(r"[^@\s\x00-\x1f\x7f]{1,64}@[^@\s\x00-\x1f\x7f]{1,190}")


async def create_owner(db: Database, *, name: str, email: str, profile_name: str) -> tuple[User, Profile]:
    """A tenant of its own with a first profile. Raises: BadRequest, Conflict when the address is taken."""
    if not EMAIL.fullmatch(email.strip()):
        raise BadRequest("email is not an e-mail address.", fields={"email": "an e-mail address"})
    if "\x00" in name:
        raise BadRequest("name must not hold NUL characters.", fields={"name": "no NUL characters"})
    user_id = ids.new_id()
    user = User(
        id=user_id,
        root_id=user_id,
        name=name.strip() or email.strip().lower(),
        email=email.strip().lower(),
        role="owner",
        profile_ids=None,
        created_at=clock.now(),
    )

    async def save(tx: Statements) -> Profile:
        await users.insert(tx, user)
        profile = await profiles.create_in(tx, user.id, ProfileChange(name=profile_name))
        actor = Actor.at_command_line(user.id)
        await audit.note(tx, actor, "user.created", user.id, role=user.role, profileId=profile.id)
        return profile

    try:
        return user, await db.transaction(save)
    except UniqueViolated as error:
        raise Conflict(f"There is a user with the address {user.email} already.") from error


async def find_by_email(db: Statements, email: str) -> User | None:
    """The user with this address, whatever its case."""
    return await users.by_email(db, email.strip().lower())


async def list_users(db: Statements, caller: Caller) -> list[User]:
    """The owner and the members, oldest first."""
    return await users.all_of_tenant(db, caller.user_id)


async def get(db: Statements, caller: Caller, user_id: str) -> User:
    """One user of the caller's tenant. Raises: BadRequest for a malformed id, NotFound."""
    if not ids.is_id(user_id):
        raise BadRequest(
            "userId is not an id: 24 hex characters, as GET /v1/users answers.", fields={"userId": "24 hex characters"}
        )
    user = await users.of_tenant(db, caller.user_id, user_id)
    if user is None:
        raise NotFound("User not found")
    return user
