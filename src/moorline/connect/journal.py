"""The connection log: what became of every connection that somebody started, for the tenant to read."""

from collections.abc import Mapping

from moorline import ids
from moorline.errors import BadRequest, NotFound
from moorline.owners import profiles
from moorline.owners.api_keys import Caller
from moorline.service import Service
from moorline.store import attempts
from moorline.store.attempts import Attempt, Status, Wanted

# As they are told. That a callback is being worked on is nobody's business: it has been started, and is not over.
STATUSES: Mapping[str, tuple[Status, ...]] = {
    "started": ("started", "returned"),
    "selecting": ("selecting",),
    "connected": ("connected",),
    "failed": ("failed",),
}


async def list_attempts(
    service: Service,
    caller: Caller,
    *,
    profile_id: str | None,
    platform: str | None,
    status: str | None,
    account_id: str | None,
    before: str | None,
    limit: int,
) -> list[Attempt]:
    """Attempts the caller may see, newest first. An unknown or foreign profile, account or attempt has none.

    Raises: BadRequest for a malformed id, or a platform that is not.
    """
    if profile_id is not None:
        profiles.check_id(profile_id)
    for name, given in (("accountId", account_id), ("before", before)):
        if given is not None:
            _check_id(name, given)
    if platform is not None and platform not in service.platforms:
        named = ", ".join(service.platforms)
        raise BadRequest("There is no such platform.", fields={"platform": f"one of {named}"})
    visible = caller.profile_ids
    if profile_id is not None:
        visible = frozenset({profile_id}) if caller.may_see(profile_id) else frozenset()
    wanted = Wanted(
        profile_ids=None if visible is None else tuple(sorted(visible)),
        platform=platform,
        statuses=None if status is None else STATUSES[status],
        account_id=account_id,
        before=before,
    )
    return await attempts.newest(service.db, caller.user_id, wanted, limit=limit)


async def get(service: Service, caller: Caller, attempt_id: str) -> Attempt:
    """One attempt. Raises: BadRequest for a malformed id, NotFound (also for profiles the caller may not see)."""
    _check_id("attemptId", attempt_id)
    found = await attempts.of_tenant(service.db, caller.user_id, attempt_id)
    if found is None or not caller.may_see(found.profile_id):
        raise NotFound("Attempt not found")
    return found


def told_status(attempt: Attempt) -> str:
    """The status by the name it is told under."""
    return next(told for told, statuses in STATUSES.items() if attempt.status in statuses)


def _check_id(name: str, given: str) -> None:
    if not ids.is_id(given):
        raise BadRequest(f"{name} is not an id: 24 hex characters.", fields={name: "24 hex characters"})
