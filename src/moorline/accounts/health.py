"""How accounts are: whether they work, whether they will go on working, and what a person has to do by when.

Nothing here asks a platform: the facts are what the last calls and renewals left in the store.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from moorline import clock
from moorline.accounts import accounts, expiry
from moorline.adapter.oauth import OAuthPlatform
from moorline.adapter.values import Renews
from moorline.errors import BadRequest, NotFound
from moorline.owners import apps
from moorline.owners.caller import Caller
from moorline.service import Service
from moorline.settings import PlatformSettings
from moorline.store import account_health
from moorline.store.account_health import AccountFacts

Status = Literal["healthy", "warning", "error"]
WARNED_AHEAD = timedelta(days=14)
CONNECT_AGAIN = "Connect this account again."


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What holds for every account of a platform here.

    `renews` None: nothing to renew, the account lives without tokens (a bot's chat). `asked` are the scopes that are
    asked for, `own` those of them that posting needs, `analytics` those that are only for reading figures.
    """

    renews: Renews | None
    asked: tuple[str, ...] = ()
    own: tuple[str, ...] = ()
    analytics: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Permission:
    """One scope; without a required one posting fails."""

    scope: str
    granted: bool
    required: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Permissions:
    """Scopes by what they are for; all empty on platforms without scopes. `optional`: granted beyond what is asked."""

    posting: tuple[Permission, ...] = ()
    analytics: tuple[Permission, ...] = ()
    optional: tuple[Permission, ...] = ()

    @property
    def missing(self) -> tuple[str, ...]:
        """Required scopes that were not granted."""
        return tuple(one.scope for one in self.posting if one.required and not one.granted)


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """A judgement. `token_valid` also where the token has run out and is renewed when it is next used.

    `human_needed_at`: when only a person helps, as far as anybody knows today (None: never); a platform may move it
    ahead with each renewal. `next_action_at`: when the tokens are looked after by themselves.
    """

    status: Status
    can_post: bool
    can_fetch_analytics: bool
    token_valid: bool
    token_expires_at: datetime | None
    needs_reconnect: bool
    issues: tuple[str, ...]
    recommendations: tuple[str, ...]
    permissions: Permissions
    last_proven_at: datetime | None
    next_action_at: datetime | None
    human_needed_at: datetime | None
    human_needed_why: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """An account and how it is."""

    facts: AccountFacts
    health: Health


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """A person is needed from an instant on."""

    at: datetime
    why: str
    advice: str = CONNECT_AGAIN


async def list_health(
    service: Service, caller: Caller, *, profile_id: str | None, platform: str | None
) -> list[Judged]:
    """Every account the caller may see, oldest first. An unknown or foreign profile has none.

    Raises: BadRequest for an unknown platform.
    """
    if platform is not None and platform not in service.platforms:
        raise BadRequest(f'There is no platform "{platform[:40]}".', fields={"platform": "unknown"})
    found = await account_health.all_of(service.db, caller.user_id, profile_id=profile_id, platform=platform)
    now = clock.now()
    own = await apps.asked_scopes(service, caller.user_id)
    apps_used = {(facts.platform, facts.app_id or "") for facts in found}
    rules = {used: rules_of(service, used[0], own.get(used, ())) for used in apps_used}
    return [
        Judged(facts=facts, health=judge(facts, rules[facts.platform, facts.app_id or ""], now))
        for facts in found
        if caller.may_see(facts.profile_id)
    ]


async def get(service: Service, caller: Caller, account_id: str) -> Judged:
    """One account. Raises: BadRequest for a malformed id, NotFound (also for profiles the caller may not see)."""
    accounts.check_id(account_id)
    facts = await account_health.get(service.db, caller.user_id, account_id)
    if facts is None or not caller.may_see(facts.profile_id):
        raise NotFound("Account not found")
    own = await apps.asked_scopes(service, caller.user_id)
    rules = rules_of(service, facts.platform, own.get((facts.platform, facts.app_id or ""), ()))
    return Judged(facts=facts, health=judge(facts, rules, clock.now()))


def rules_of(service: Service, platform: str, own_scopes: tuple[str, ...] = ()) -> Rules:
    """What the adapter declares and the operator changed, also where the platform has no credentials (any more).

    `own_scopes` are those that the tenant's own app asks for, if it names any.
    """
    adapter, renews = service.platforms.get(platform), expiry.renews_of(service, platform)
    if isinstance(adapter, OAuthPlatform):
        given = service.settings.platforms.get(platform, PlatformSettings())
        spec = adapter.spec
        asked = own_scopes or given.scopes or spec.scopes
        needed = tuple(scope for scope in spec.scopes if scope not in spec.spared_scopes)
        return Rules(
            renews=expiry.renews_of(service, platform), asked=asked, own=needed, analytics=spec.analytics_scopes
        )
    return Rules(renews=renews)


def judge(facts: AccountFacts, rules: Rules, now: datetime) -> Health:
    """How an account is. Pure."""
    permissions = _permissions(facts.granted, rules)
    lost = _lost(facts, rules, now)
    unticked = None if lost is not None else _unticked(permissions, now)
    ahead = coming_end(facts, rules, now)
    need = lost or unticked or ahead
    near = ahead if ahead is not None and ahead.at <= now + WARNED_AHEAD else None
    fails = lost is None and facts.failures > 0
    works = lost is None and not (fails and _has_run_out(facts, now))
    told = [one for one in (lost, unticked, near) if one is not None]
    issues, advice = [one.why for one in told], [one.advice for one in told]
    if fails:
        issues.append(f"Renewing the access failed {_times(facts.failures)} in a row.")
        advice.append("Wait: it is tried again by itself.")
    return Health(
        status="error" if lost or unticked else "warning" if issues else "healthy",
        can_post=works and unticked is None,
        can_fetch_analytics=works and _tells_figures(permissions, rules),
        token_valid=works,
        token_expires_at=None if facts.has_own_token else facts.access_expires_at,
        needs_reconnect=lost is not None or unticked is not None,
        issues=tuple(issues),
        recommendations=tuple(advice),
        permissions=permissions,
        last_proven_at=facts.proven_at,
        next_action_at=facts.renew_at,
        human_needed_at=None if need is None else need.at,
        human_needed_why=None if need is None else need.why,
    )


def coming_end(facts: AccountFacts, rules: Rules, now: datetime) -> Need | None:
    """When a person will be needed, as far as anybody knows today; None where one is needed already. Pure."""
    return None if _lost(facts, rules, now) is not None else _ahead(facts, rules)


def lacks_scope(granted: Sequence[str], rules: Rules) -> bool:
    """Whether posting needs a scope that was not granted. Pure."""
    return bool(_permissions(granted, rules).missing)


def _permissions(told: Sequence[str] | None, rules: Rules) -> Permissions:
    if not rules.asked:
        return Permissions()
    granted = rules.asked if told is None else told
    known = {*rules.asked, *rules.analytics}
    return Permissions(
        posting=tuple(
            Permission(scope=scope, granted=scope in granted, required=scope in rules.own)
            for scope in rules.asked
            if scope not in rules.analytics
        ),
        analytics=tuple(Permission(scope=scope, granted=scope in granted, required=False) for scope in rules.analytics),
        optional=tuple(
            Permission(scope=scope, granted=True, required=False) for scope in granted if scope not in known
        ),
    )


def _lost(facts: AccountFacts, rules: Rules, now: datetime) -> Need | None:
    """Why the account does not work until a person does something."""
    if facts.dead_at is not None:
        return Need(at=facts.dead_at, why=facts.dead_reason or "The platform no longer accepts this access.")
    if not facts.is_active and rules.renews is None:
        return Need(
            at=now,
            why="The bot may no longer post in this chat.",
            advice="Make the bot an administrator of the chat again, then connect it again.",
        )
    if not facts.is_active:
        return Need(at=now, why="The platform no longer accepts this access.")
    last = _last_chance(facts, rules)
    if last is not None and last <= now:
        return Need(at=last, why="The access has run out and cannot be renewed.")
    return None


def _unticked(permissions: Permissions, now: datetime) -> Need | None:
    if not permissions.missing:
        return None
    scopes = ", ".join(permissions.missing)
    return Need(
        at=now,
        why=f"Not granted, though posting needs it: {scopes}.",
        advice=f"Connect this account again and leave every box ticked ({scopes}).",
    )


def _ahead(facts: AccountFacts, rules: Rules) -> Need | None:
    """When a person will be needed. Access that is traded for new access before its end is not, while that works."""
    last = _last_chance(facts, rules)
    if last is None or (rules.renews is Renews.BY_EXCHANGE and not facts.failures):
        return None
    if rules.renews is Renews.BY_EXCHANGE:
        cause = "Renewing it fails, and after that day it can no longer be tried"
    elif rules.renews is Renews.BY_REFRESH_TOKEN and facts.has_refresh:
        cause = "The right to renew it ends"
    else:
        cause = "The platform gave no way to renew it"
    day = last.date().isoformat()
    return Need(at=last, why=f"The access ends on {day}. {cause}.", advice=f"Connect this account again before {day}.")


def _last_chance(facts: AccountFacts, rules: Rules) -> datetime | None:
    """After which instant nothing but a new consent helps; None where that never comes, or nobody told."""
    if facts.has_own_token:
        return None
    return expiry.last_chance(facts, rules.renews)


def _has_run_out(facts: AccountFacts, now: datetime) -> bool:
    return not facts.has_own_token and facts.access_expires_at is not None and facts.access_expires_at <= now


def _tells_figures(permissions: Permissions, rules: Rules) -> bool:
    """Whether figures can be read: by a scope for them, or where the scopes for posting do. Bots read none."""
    if rules.renews is None:
        return False
    return not permissions.analytics or any(one.granted for one in permissions.analytics)


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"
