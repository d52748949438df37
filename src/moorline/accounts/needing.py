"""Accounts that need a person, now or within 14 days: those that are lost, then those whose consent lacks a scope, then
those that end, the soonest first.
"""

import re
from typing import cast

from moorline import clock
from moorline.accounts import health, listing
from moorline.accounts.health import WARNED_AHEAD
from moorline.accounts.listing import Filter, Page
from moorline.errors import BadRequest
from moorline.owners import apps
from moorline.owners.caller import Caller
from moorline.service import Service
from moorline.store import account_needs
from moorline.store.account_needs import Needy, Place, Why
from moorline.store.account_rows import Wanted

_LARGEST = 2**63 - 1
_PLACE = re.compile(r"(lost|lacking|ending)\.(-?[0-9]{1,19})\.([0-9a-f]{24})?\.([0-9a-f]{24})")
_BEGIN = Place(why="lost", at=_LARGEST, account_id="~")


async def in_trouble(service: Service, caller: Caller, asked: Filter, *, limit: int) -> Page:
    """What the caller may see of it. A page may be short of `limit` and not the last.

    Raises: BadRequest for a malformed id or place, or a platform that is not.
    """
    wanted = listing.wanted_by(service, caller, asked)
    start = _BEGIN if asked.before is None else _place_in(asked.before)
    lacking = await _lacking(service, caller)
    found: list[Needy] = []
    for after in _stages(start, lacking):
        found += await _stage(service, caller, wanted, after, lacking, limit=limit + 1 - len(found))
        if len(found) > limit:
            break
    page = found[:limit]
    judged = await listing.judged(service, caller, [one.row for one in page])
    return Page(
        items=[one for one in judged if one.needs_person],
        before=_told(page[-1].place) if len(found) > limit else None,
    )


async def _lacking(service: Service, caller: Caller) -> tuple[int, ...]:
    """The sorts of consents that lack a scope, by what is asked for today."""
    own = await apps.asked_scopes(service, caller.user_id)
    return tuple(
        one.key
        for one in await account_needs.consents(service.db, caller.user_id)
        if health.lacks_scope(
            one.granted, health.rules_of(service, one.platform, own.get((one.platform, one.app_id), ()))
        )
    )


def _stages(start: Place, lacking: tuple[int, ...]) -> list[Place]:
    """Where to read on, and then what comes after that from its beginning."""
    all_stages = [
        _BEGIN,
        *(Place(why="lacking", at=key) for key in sorted(lacking)),
        Place(why="ending", at=-_LARGEST),
    ]
    order: tuple[Why, ...] = ("lost", "lacking", "ending")

    def is_later(one: Place) -> bool:
        if one.why == start.why == "lacking":
            return one.at > start.at
        return order.index(one.why) > order.index(start.why)

    return [start, *(one for one in all_stages if is_later(one))]


async def _stage(
    service: Service, caller: Caller, wanted: Wanted, after: Place, lacking: tuple[int, ...], *, limit: int
) -> list[Needy]:
    if after.why == "lost":
        return await account_needs.lost(service.db, caller.user_id, wanted, after, limit=limit)
    if after.why == "lacking":
        if after.at not in lacking:  # it was when the page before was read
            return []
        return await account_needs.lacking(service.db, caller.user_id, wanted, after, limit=limit)
    before_ms = clock.to_ms(clock.now() + WARNED_AHEAD)
    return await account_needs.ending(
        service.db, caller.user_id, wanted, after, before_ms=before_ms, but=lacking, limit=limit
    )


def _told(place: Place) -> str:
    return f"{place.why}.{place.at}.{place.grant_id}.{place.account_id}"


def _place_in(text: str) -> Place:
    found = _PLACE.fullmatch(text)
    if found is None or abs(int(found[2])) > _LARGEST:
        raise BadRequest("before is not where a page ended.", fields={"before": "as a page told it"})
    return Place(why=cast("Why", found[1]), at=int(found[2]), grant_id=found[3] or "", account_id=found[4])
