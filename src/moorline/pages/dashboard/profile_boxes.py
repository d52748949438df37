"""Profiles to tick, on forms that give something for all of them or for some: a key, an invitation."""

from dataclasses import dataclass

from moorline.errors import Forbidden, NotFound
from moorline.owners import profiles
from moorline.owners.caller import Caller
from moorline.pages.dashboard.session import BoardRequest
from moorline.pages.request import service_of
from moorline.pages.words import N_
from moorline.service import Service
from moorline.store.profiles import Profile

MOST = 50
MAX_SEARCH_CHARS = 100
WANTED = N_("Tick at least one profile, or choose all of them.")


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfileBoxes:
    """`shown` can be ticked; `is_short`: there are more, to be searched for with `words`."""

    shown: tuple[Profile, ...]
    ticked: frozenset[str]
    is_some: bool
    is_short: bool
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticked:
    """What was sent: `profile_ids` None is all of them. `is_wrong`: some were wanted, and none ticked."""

    profile_ids: tuple[str, ...] | None

    @property
    def is_wrong(self) -> bool:
        """Whether there is nothing that it could be for."""
        return self.profile_ids == ()


async def boxes(request: BoardRequest, ticked: Ticked | None = None) -> ProfileBoxes:
    """What to show: the first profiles, or those that `?q=` finds, and always the ticked ones."""
    service, caller = service_of(request), request.auth.caller
    words = request.query_params.get("q", "")[:MAX_SEARCH_CHARS]
    found, further = await profiles.search(service.db, caller, words=words, limit=MOST)
    shown = {row.profile.id: row.profile for row in found}
    chosen = ticked.profile_ids or () if ticked is not None else ()
    for profile_id in chosen:
        shown.setdefault(profile_id, await _visible(service, caller, profile_id))
    return ProfileBoxes(
        shown=tuple(shown.values()),
        ticked=frozenset(chosen),
        is_some=bool(ticked is not None and ticked.profile_ids is not None),
        is_short=further is not None or bool(words),
        words=words,
    )


async def ticked_of(request: BoardRequest) -> Ticked:
    """What the form says. Raises: NotFound for a profile that is not the person's to give, BadRequest for no id."""
    form = await request.form()
    if str(form.get("scope", "all")) != "some":
        return Ticked(profile_ids=None)
    service, caller = service_of(request), request.auth.caller
    given = dict.fromkeys(str(one) for one in form.getall("profiles", []))
    return Ticked(profile_ids=tuple([(await _visible(service, caller, one)).id for one in given]))


async def names_of(service: Service, caller: Caller, profile_ids: tuple[str, ...] | None) -> list[str] | None:
    """What some profiles are called, those that are left of them; None for all."""
    if profile_ids is None:
        return None
    by_id = {profile.id: profile.name for profile in await profiles.list_profiles(service.db, caller)}
    return [by_id[profile_id] for profile_id in profile_ids if profile_id in by_id]


async def _visible(service: Service, caller: Caller, profile_id: str) -> Profile:
    try:
        return await profiles.visible(service.db, caller, profile_id)
    except Forbidden as error:
        raise NotFound("Profile not found") from error
