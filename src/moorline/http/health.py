"""`/v1/accounts/health` and `/v1/accounts/{id}/health`: how accounts are, without asking any platform."""

from datetime import datetime, timedelta
from typing import Annotated

from litestar import get
from litestar.params import FromPath, FromQuery, QueryParameter

from moorline import clock
from moorline.access import reading
from moorline.accounts import health
from moorline.accounts.health import Health, Judged, Permission
from moorline.http.callers import CallerRequest, caller_of, service_of
from moorline.http.shapes.health import (
    AccountHealth,
    HealthList,
    HealthSummary,
    ListedHealth,
    PermissionShape,
    PermissionsShape,
    Status,
    TokenStatus,
)
from moorline.owners import profiles

NEEDS_REFRESH = timedelta(hours=24)
_UNITS = ((86400, "day"), (3600, "hour"), (60, "minute"))


@get("/accounts/health", opt=reading(), operation_id="getAllAccountsHealth", tags=["Accounts"])
async def accounts_health(
    request: CallerRequest,
    profile_id: Annotated[str | None, QueryParameter(name="profileId")] = None,
    platform: FromQuery[str | None] = None,
    status: FromQuery[Status | None] = None,
) -> HealthList:
    """Every account and how it is, oldest first. The summary counts them before `status` narrows the list."""
    if profile_id is not None:
        profiles.check_id(profile_id)
    found = await health.list_health(service_of(request), caller_of(request), profile_id=profile_id, platform=platform)
    return HealthList(
        summary=_summary([judged.health for judged in found]),
        accounts=[_listed(judged) for judged in found if status is None or judged.health.status == status],
    )


@get("/accounts/{account_id:str}/health", opt=reading(), operation_id="getAccountHealth", tags=["Accounts"])
async def account_health(request: CallerRequest, account_id: FromPath[str]) -> AccountHealth:
    """One account: its token, its permissions, what is wrong and what to do."""
    judged = await health.get(service_of(request), caller_of(request), account_id)
    facts, found = judged.facts, judged.health
    return AccountHealth(
        account_id=facts.account_id,
        platform=facts.platform,
        username=facts.username,
        display_name=facts.display_name,
        status=found.status,
        needs_reconnect=found.needs_reconnect,
        token_status=_token_status(found, clock.now()),
        permissions=_permissions(found),
        issues=list(found.issues),
        recommendations=list(found.recommendations),
        last_proven_at=_iso(found.last_proven_at),
        next_action_at=_iso(found.next_action_at),
        human_needed_at=_iso(found.human_needed_at),
        human_needed_why=found.human_needed_why,
    )


def in_words(left: timedelta) -> str:
    """How long that is, in the largest unit that fits: `180 days`, `1 hour`; `expired` when nothing is left."""
    seconds = int(left.total_seconds())
    if left <= timedelta(0):
        return "expired"
    for unit_s, name in _UNITS:
        count = seconds // unit_s
        if count:
            return f"{count} {name}{'s' * (count > 1)}"
    return "less than a minute"


def _summary(found: list[Health]) -> HealthSummary:
    return HealthSummary(
        total=len(found),
        healthy=sum(one.status == "healthy" for one in found),
        warning=sum(one.status == "warning" for one in found),
        error=sum(one.status == "error" for one in found),
        needs_reconnect=sum(one.needs_reconnect for one in found),
    )


def _listed(judged: Judged) -> ListedHealth:
    facts, found = judged.facts, judged.health
    return ListedHealth(
        account_id=facts.account_id,
        platform=facts.platform,
        username=facts.username,
        display_name=facts.display_name,
        profile_id=facts.profile_id,
        status=found.status,
        can_post=found.can_post,
        can_fetch_analytics=found.can_fetch_analytics,
        token_valid=found.token_valid,
        token_expires_at=_iso(found.token_expires_at),
        needs_reconnect=found.needs_reconnect,
        issues=list(found.issues),
        last_proven_at=_iso(found.last_proven_at),
        next_action_at=_iso(found.next_action_at),
        human_needed_at=_iso(found.human_needed_at),
        human_needed_why=found.human_needed_why,
    )


def _token_status(found: Health, now: datetime) -> TokenStatus:
    ends = found.token_expires_at
    return TokenStatus(
        valid=found.token_valid,
        expires_at=_iso(ends),
        expires_in=None if ends is None else in_words(ends - now),
        needs_refresh=ends is not None and ends - now <= NEEDS_REFRESH,
    )


def _permissions(found: Health) -> PermissionsShape:
    permissions = found.permissions
    return PermissionsShape(
        posting=_scopes(permissions.posting),
        analytics=_scopes(permissions.analytics),
        optional=_scopes(permissions.optional),
        can_post=found.can_post,
        can_fetch_analytics=found.can_fetch_analytics,
        missing_required=list(permissions.missing),
    )


def _scopes(permissions: tuple[Permission, ...]) -> list[PermissionShape]:
    return [PermissionShape(scope=one.scope, granted=one.granted, required=one.required) for one in permissions]


def _iso(instant: datetime | None) -> str | None:
    return None if instant is None else clock.iso(instant)


ROUTES = [accounts_health, account_health]
