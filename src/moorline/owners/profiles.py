"""Profiles: what accounts are grouped under."""

import re
import unicodedata
from dataclasses import dataclass, replace

from moorline import clock, ids
from moorline.errors import BadRequest, Forbidden, NotFound
from moorline.owners import audit
from moorline.owners.audit import Actor
from moorline.owners.caller import Caller
from moorline.store import profiles, users
from moorline.store.db import Database, ReferenceViolated, Statements
from moorline.store.profiles import Profile, ProfileRow

MAX_NAME_CHARS = 100
MAX_DESCRIPTION_CHARS = 1000
_LATIN = re.compile(r"[A-Za-z0-9]")  # else a slug tells nothing of a name
_COLOR = re.compile(r"#[0-9A-Fa-f]{3}(?:[0-9A-Fa-f]{3}(?:[0-9A-Fa-f]{2})?)?")


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfileChange:
    """What a call sets; None leaves it as it is."""

    name: str | None = None
    description: str | None = None
    color: str | None = None
    is_default: bool | None = None


async def visible(db: Statements, caller: Caller, profile_id: str) -> Profile:
    """The profile, if this caller may use it.

    Raises: BadRequest for a malformed id, NotFound for an unknown or foreign one, Forbidden for one of the caller's
    own tenant that the key or its user is not allowed.
    """
    check_id(profile_id)
    profile = await profiles.get(db, caller.user_id, profile_id)
    if profile is None:
        raise NotFound("Profile not found")
    if not caller.may_see(profile_id):
        raise Forbidden("This API key may not use this profile.")
    return profile


def check_id(profile_id: str) -> None:
    """Raises: BadRequest unless the text has the form of an id."""
    if not ids.is_id(profile_id):
        shown = profile_id[:40]
        raise BadRequest(
            f'profileId "{shown}" is not an id: 24 hex characters, as GET /v1/profiles answers.',
            fields={"profileId": "24 hex characters"},
        )


async def list_profiles(db: Statements, caller: Caller) -> list[Profile]:
    """The profiles the caller may use, oldest first."""
    return [profile for profile in await profiles.all_of(db, caller.user_id) if caller.may_see(profile.id)]


async def usual(db: Statements, caller: Caller) -> Profile | None:
    """The profile that is meant when none is named: the default one, or the oldest that the caller may use."""
    default = await profiles.default_of(db, caller.user_id)
    if default is not None and caller.may_see(default.id):
        return default
    found, _ = await search(db, caller, limit=1)
    return found[0].profile if found else None


async def search(
    db: Statements, caller: Caller, *, words: str = "", after: str | None = None, limit: int
) -> tuple[list[ProfileRow], str | None]:
    """Profiles the caller may use whose name holds the words, oldest first, and what leads to the next page.

    Raises: BadRequest for a malformed `after`; an unknown or foreign one has none after it.
    """
    if after is not None:
        check_id(after)
    if not words.isprintable():
        return [], None
    visible = None if caller.profile_ids is None else tuple(sorted(caller.profile_ids))
    named = words.strip()
    found = await profiles.page_of(
        db,
        caller.user_id,
        ids=visible,
        name=named,
        slug=slug_of(named) if _LATIN.search(named) else named,
        after=after,
        limit=limit + 1,
    )
    return found[:limit], found[limit - 1].profile.id if len(found) > limit else None


async def create(db: Database, user_id: str, change: ProfileChange, *, by: Actor | None = None) -> Profile:
    """Make a profile; the tenant's first becomes its default. `by` None: somebody at the command line.

    Raises: BadRequest naming the field.
    """

    async def save(tx: Statements) -> Profile:
        await users.hold(tx, user_id)
        profile = await create_in(tx, user_id, change)
        actor = by or Actor.at_command_line(user_id)
        await audit.note(tx, actor, "profile.created", profile.id, name=profile.name)
        return profile

    return await db.transaction(save)


async def create_in(tx: Statements, user_id: str, change: ProfileChange) -> Profile:
    """`create` for a transaction that holds the user, or just made it, and tells the audit log itself."""
    if change.name is None:
        raise BadRequest("name is required.", fields={"name": "required"})
    checked = _checked(change)
    profile = Profile(
        id=ids.new_id(),
        user_id=user_id,
        name=checked.name or "",
        slug=slug_of(checked.name or ""),
        description=checked.description,
        color=checked.color,
        is_default=False,
        created_at=clock.now(),
    )
    await profiles.insert(tx, profile)
    return await profiles.get(tx, user_id, profile.id) or profile


async def update(db: Database, caller: Caller, profile_id: str, change: ProfileChange) -> Profile:
    """Change what is given. Making one the default takes it from the other; the default itself cannot be unmade.

    Raises: as `visible`; BadRequest naming the field.
    """
    checked = _checked(change)

    async def save(tx: Statements) -> Profile:
        await users.hold(tx, caller.user_id)
        profile = await visible(tx, caller, profile_id)
        if checked.is_default is False and profile.is_default:
            raise BadRequest(
                "isDefault cannot be taken away: make another profile the default instead.",
                fields={"isDefault": "make another profile the default instead"},
            )
        changed = replace(
            profile,
            name=profile.name if checked.name is None else checked.name,
            slug=profile.slug if checked.name is None else slug_of(checked.name),
            description=profile.description if checked.description is None else checked.description,
            color=profile.color if checked.color is None else checked.color,
            is_default=profile.is_default or bool(checked.is_default),
        )
        if changed.is_default:
            await profiles.clear_default(tx, caller.user_id, but=profile_id)
        if not await profiles.update(tx, changed):
            raise NotFound("Profile not found")
        fields = _changed_fields(profile, changed)
        if fields:
            await audit.note(tx, Actor.of(caller), "profile.changed", profile_id, fields=fields)
        return changed

    return await db.transaction(save)


async def delete(db: Database, caller: Caller, profile_id: str) -> None:
    """Delete; the oldest of the others becomes the default if this was it.

    Raises: as `visible`; BadRequest while accounts hang on it.
    """

    async def remove(tx: Statements) -> None:
        await users.hold(tx, caller.user_id)
        profile = await visible(tx, caller, profile_id)
        await profiles.delete(tx, caller.user_id, profile_id)
        await audit.note(tx, Actor.of(caller), "profile.deleted", profile_id, name=profile.name)
        await profiles.promote_oldest(tx, caller.user_id)

    try:
        await db.transaction(remove)
    except ReferenceViolated as error:
        raise BadRequest(
            "This profile has connected accounts; disconnect them first.", code="profile_has_accounts"
        ) from error


def slug_of(name: str) -> str:
    """Lower-case ASCII letters, digits and hyphens made of a name; `profile` when nothing is left."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-") or "profile"


def _changed_fields(before: Profile, after: Profile) -> list[str]:
    return [
        name
        for name, differs in (
            ("name", before.name != after.name),
            ("description", before.description != after.description),
            ("color", before.color != after.color),
            ("isDefault", before.is_default != after.is_default),
        )
        if differs
    ]


def _checked(change: ProfileChange) -> ProfileChange:
    fields: dict[str, str] = {}
    name = None if change.name is None else change.name.strip()
    if name is not None and not 1 <= len(name) <= MAX_NAME_CHARS:
        fields["name"] = f"1 to {MAX_NAME_CHARS} characters"
    if change.description is not None and len(change.description) > MAX_DESCRIPTION_CHARS:
        fields["description"] = f"at most {MAX_DESCRIPTION_CHARS} characters"
    if change.color is not None and not _COLOR.fullmatch(change.color):
        fields["color"] = "a hex colour such as #4CAF50"
    for field, text in (("name", name), ("description", change.description)):
        if text is not None and "\x00" in text:
            fields[field] = "no NUL characters"
    if fields:
        wrong = "; ".join(f"{field}: {sentence}" for field, sentence in fields.items())
        raise BadRequest(f"Invalid profile: {wrong}.", fields=fields)
    return replace(change, name=name)
