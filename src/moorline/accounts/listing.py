"""Accounts as the dashboard lists them: a page at a time, each with how it is (`needing`: those that need a person)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

import msgspec

from moorline import clock, ids
from moorline.accounts import accounts, expiry, health
from moorline.accounts.health import WARNED_AHEAD, Health
from moorline.adapter.values import Renews
from moorline.errors import BadRequest, NotFound
from moorline.owners import apps, profiles
from moorline.owners.caller import Caller
from moorline.service import Service
from moorline.store import account_rows
from moorline.store.account_rows import AccountRow, Renewals, Wanted

AHEAD = timedelta(days=7)
MOST_COUNTED = 5_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """An account and how it is."""

    row: AccountRow
    health: Health

    @property
    def needs_person(self) -> bool:
        """Whether somebody has to do something about it, now or within 14 days."""
        needed_at = self.health.human_needed_at
        return self.health.needs_reconnect or (needed_at is not None and needed_at <= clock.now() + WARNED_AHEAD)


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """`before` leads to the next page; None on the last one."""

    items: Sequence[Listed]
    before: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """What a list is narrowed to; None: whatever there is. `before` is what a page says leads to the next."""

    profile_id: str | None = None
    platform: str | None = None
    before: str | None = None


async def newest(service: Service, caller: Caller, asked: Filter, *, limit: int) -> Page:
    """What the caller may see, newest first; an unknown or foreign profile has none.

    Raises: BadRequest for a malformed id, or a platform that is not.
    """
    wanted = wanted_by(service, caller, asked)
    if asked.before is not None and not ids.is_id(asked.before):
        raise BadRequest("before is not an id: 24 hex characters.", fields={"before": "24 hex characters"})
    wanted = msgspec.structs.replace(wanted, before=asked.before)
    found = await account_rows.newest(service.db, caller.user_id, wanted, limit=limit + 1)
    return _page(await judged(service, caller, found), limit)


async def get(service: Service, caller: Caller, account_id: str) -> Listed:
    """One account. Raises: as `accounts.get`."""
    accounts.check_id(account_id)
    row = await account_rows.get(service.db, caller.user_id, account_id)
    if row is None or not caller.may_see(row.facts.profile_id):
        raise NotFound("Account not found")
    return (await judged(service, caller, [row]))[0]


async def renewals(service: Service, caller: Caller, *, accounts_seen: int) -> list[Renewals] | None:
    """What is renewed by itself within seven days, by platform, the soonest first; None where there is too much of it
    to be counted while somebody waits: `accounts_seen` is how many accounts the caller may see.
    """
    if accounts_seen > MOST_COUNTED:
        return None
    return await account_rows.renewals(
        service.db,
        caller.user_id,
        profile_ids=_visible(caller),
        traded=_traded(service),
        before=clock.now() + AHEAD,
    )


async def beside(service: Service, caller: Caller, account_id: str, *, limit: int) -> list[str]:
    """What the other accounts on the same consent are called, up to `limit`: also those the caller may not see."""
    return await account_rows.beside(service.db, caller.user_id, account_id, limit=limit)


async def judged(service: Service, caller: Caller, found: Sequence[AccountRow]) -> list[Listed]:
    """Accounts, each with how it is."""
    own = await apps.asked_scopes(service, caller.user_id) if found else {}
    used = {(row.facts.platform, row.facts.app_id or "") for row in found}
    rules = {app: health.rules_of(service, app[0], own.get(app, ())) for app in used}
    now = clock.now()
    return [
        Listed(row=row, health=health.judge(row.facts, rules[row.facts.platform, row.facts.app_id or ""], now))
        for row in found
    ]


def _page(found: Sequence[Listed], limit: int) -> Page:
    items = found[:limit]
    return Page(items=items, before=items[-1].row.facts.account_id if len(found) > limit else None)


def wanted_by(service: Service, caller: Caller, asked: Filter) -> Wanted:
    """What a filter asks for, but where to begin. Raises: BadRequest."""
    if asked.profile_id is not None:
        profiles.check_id(asked.profile_id)
    if asked.platform is not None and asked.platform not in service.platforms:
        raise BadRequest("There is no such platform.", fields={"platform": "unknown"})
    visible = _visible(caller)
    if asked.profile_id is not None:
        visible = (asked.profile_id,) if caller.may_see(asked.profile_id) else ()
    return Wanted(profile_ids=visible, platform=asked.platform)


def _visible(caller: Caller) -> tuple[str, ...] | None:
    return None if caller.profile_ids is None else tuple(sorted(caller.profile_ids))


def _traded(service: Service) -> tuple[str, ...]:
    """Platforms where the access itself is traded for the next."""
    return tuple(name for name in service.platforms if expiry.renews_of(service, name) is Renews.BY_EXCHANGE)
