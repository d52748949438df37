"""The list to choose a profile from, on pages that are about one: only where it is short enough to be one."""

from dataclasses import dataclass

from moorline.errors import Forbidden, NotFound
from moorline.owners import profiles
from moorline.owners.caller import Caller
from moorline.service import Service
from moorline.store.profiles import Profile

MOST = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfileSelect:
    """`all` None: there are too many; the page of the profiles leads back with one of them. `chosen` None: none is."""

    all: tuple[Profile, ...] | None
    chosen: Profile | None


async def profile_select(service: Service, caller: Caller, wanted: str | None) -> ProfileSelect:
    """What the caller may choose among; `wanted` is the id of the chosen one.

    Raises: BadRequest for a malformed id, NotFound for an unknown, foreign or hidden one.
    """
    found, further = await profiles.search(service.db, caller, limit=MOST)
    listed = None if further is not None else tuple(row.profile for row in found)
    if not wanted:
        return ProfileSelect(all=listed, chosen=None)
    try:
        return ProfileSelect(all=listed, chosen=await profiles.visible(service.db, caller, wanted))
    except Forbidden as error:
        raise NotFound("Profile not found") from error


async def profile_named(service: Service, caller: Caller, profile_id: str) -> Profile | None:
    """A profile that something tells of; None when it is gone, or not for the caller."""
    try:
        return await profiles.visible(service.db, caller, profile_id)
    except (NotFound, Forbidden):
        return None
