"""Platforms with an app password (Bluesky): no redirect, the password is used once and kept nowhere."""

import re
from dataclasses import dataclass, field

from moorline import clock
from moorline.accounts import accounts
from moorline.accounts.proven import Proven
from moorline.adapter.app_password import AppPasswordPlatform, SignedIn
from moorline.connect import redirects, state
from moorline.errors import BadRequest, InvalidState, NotFound
from moorline.owners import profiles
from moorline.owners.api_keys import Caller
from moorline.service import Service
from moorline.store import attempts
from moorline.store.accounts import Account
from moorline.store.attempts import Attempt

_DOCUMENTED_STATE = re.compile(r"([0-9a-f]{24})-([0-9a-f]{24})")


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """What the person typed."""

    platform: str
    identifier: str
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Connected:
    """The saved account; `redirect_url` is where the browser goes now, None when no one asked for it."""

    account: Account
    redirect_url: str | None


async def connect(
    service: Service, caller: Caller, credentials: Credentials, *, state_text: str, redirect_url: str | None
) -> Connected:
    """Sign in and save. `state_text` is `{userId}-{profileId}` of this key, or the state of a start call.

    Raises: BadRequest, InvalidState, Forbidden for a profile the key may not use; as the adapter's `sign_in`.
    """
    if redirect_url is not None:
        redirects.check_redirect_url(redirect_url, caller.redirect_allowlist)
    documented = _DOCUMENTED_STATE.fullmatch(state_text)
    if documented is None:
        attempt = await unused(service, credentials.platform, state_text)
        if attempt.user_id != caller.user_id or not caller.may_see(attempt.profile_id):
            raise InvalidState
        return await connect_attempt(service, credentials, state_text=state_text, redirect_url=redirect_url)
    profile_id = await _profile_of(service, caller, user_id=documented[1], profile_id=documented[2])
    adapter, signed_in = await _sign_in(service, credentials)
    account = await _save(service, adapter, signed_in, user_id=caller.user_id, profile_id=profile_id, attempt_id=None)
    return _connected(account, redirect_url)


async def connect_attempt(
    service: Service, credentials: Credentials, *, state_text: str, redirect_url: str | None = None
) -> Connected:
    """Sign in for a started attempt, whoever brings its state. A refused password leaves the state usable.

    Raises: InvalidState; as the adapter's `sign_in`.
    """
    attempt = await unused(service, credentials.platform, state_text)
    adapter, signed_in = await _sign_in(service, credentials)
    used = await state.consume(service, state=state_text, code="", platform=adapter.name, app_id="")
    if used is None:  # the same form sent twice: the other one goes on, this session is not needed
        await adapter.revoke(service.http, signed_in.tokens)
        raise InvalidState
    account = await _save(
        service, adapter, signed_in, user_id=attempt.user_id, profile_id=attempt.profile_id, attempt_id=attempt.id
    )
    return _connected(account, redirect_url or attempt.redirect_url)


async def unused(service: Service, platform: str, state_text: str) -> Attempt:
    """The attempt of a state that can still be used. Raises: InvalidState."""
    attempt = await attempts.by_state(service.db, state.hash_of(state_text))
    if (
        attempt is None
        or attempt.platform != platform
        or attempt.consumed_at is not None
        or attempt.expires_at <= clock.now()
    ):
        raise InvalidState
    return attempt


async def _profile_of(service: Service, caller: Caller, *, user_id: str, profile_id: str) -> str:
    # No 404 is published for this call: an unknown user or profile is a wrong state.
    if user_id not in {caller.user_id, caller.member_id}:
        raise BadRequest("state does not begin with the id of this API key's user.", fields={"state": "wrong userId"})
    try:
        return (await profiles.visible(service.db, caller, profile_id)).id
    except NotFound as error:
        raise BadRequest(
            "state does not end with the id of a profile of this API key.", fields={"state": "unknown profileId"}
        ) from error


async def _sign_in(service: Service, credentials: Credentials) -> tuple[AppPasswordPlatform, SignedIn]:
    adapter = service.platforms.get(credentials.platform)
    if not isinstance(adapter, AppPasswordPlatform):
        raise BadRequest(f"{credentials.platform} has no app passwords.")
    signed_in = await adapter.sign_in(service.http, identifier=credentials.identifier, password=credentials.password)
    return adapter, signed_in


async def _save(
    service: Service,
    adapter: AppPasswordPlatform,
    signed_in: SignedIn,
    *,
    user_id: str,
    profile_id: str,
    attempt_id: str | None,
) -> Account:
    proven = Proven(
        user_id=user_id,
        profile_id=profile_id,
        platform=adapter.name,
        app_id="",
        connection=adapter.connection(signed_in.identity),
        identity=signed_in.identity,
        tokens=signed_in.tokens,
    )
    return await accounts.save(service, proven, attempt_id=attempt_id)


def _connected(account: Account, redirect_url: str | None) -> Connected:
    url = None if redirect_url is None else redirects.connected(redirect_url, account, None)
    return Connected(account=account, redirect_url=url)
