"""Platforms with an app password (Bluesky): no redirect, the password is used once and kept nowhere."""

import asyncio
import re
from contextlib import suppress
from dataclasses import dataclass, field

from moorline import clock
from moorline.accounts import accounts
from moorline.accounts.proven import Proven
from moorline.adapter.app_password import AppPasswordPlatform, SignedIn
from moorline.connect import redirects, state
from moorline.connect.finish import fail
from moorline.errors import BadRequest, FlowFailed, InvalidState, MoorlineError, NotFound
from moorline.limits.buckets import BLUESKY_CLIENT, BLUESKY_PROFILE
from moorline.limits.counting import Use
from moorline.logs import about
from moorline.owners import profiles
from moorline.owners.caller import Caller
from moorline.service import Service
from moorline.store import attempts
from moorline.store.accounts import Account
from moorline.store.attempts import Attempt

MAX_TRIES = 10  # sign-ins for one attempt: whoever holds its state may try passwords, but not go on for ever
_POLL_S, _POLLS = 0.05, 100  # from a used state to a saved account there is only our own database
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

    Tries are counted for the profile, never for whom somebody tries to sign in as: he has done nothing.
    Raises: BadRequest, InvalidState, Forbidden for a profile the key may not use; RateLimited; as the adapter's
    `sign_in`.
    """
    if redirect_url is not None:
        redirects.check_redirect_url(redirect_url, caller.redirect_allowlist)
    documented = _DOCUMENTED_STATE.fullmatch(state_text)
    if documented is None:
        attempt = await unused(service, credentials.platform, state_text)
        if attempt.user_id != caller.user_id or not caller.may_see(attempt.profile_id):
            raise InvalidState
        use = _of_profile(caller, attempt.profile_id)
        return await _connect_attempt(service, credentials, use, state_text=state_text, redirect_url=redirect_url)
    profile_id = await _profile_of(service, caller, user_id=documented[1], profile_id=documented[2])
    use = _of_profile(caller, profile_id)
    await service.limits.count(use)
    adapter, signed_in = await _sign_in(service, credentials, use)
    account = await _save(service, adapter, signed_in, user_id=caller.user_id, profile_id=profile_id, attempt_id=None)
    return _connected(account, redirect_url)


async def connect_attempt(service: Service, credentials: Credentials, *, state_text: str, client: str) -> Connected:
    """Sign in for a started attempt, whoever brings its state; tries are counted for the client and the attempt.

    A refused password leaves the state usable, but for the last of `MAX_TRIES`, which ends the attempt.
    Raises: InvalidState; RateLimited; as the adapter's `sign_in`; FlowFailed as `accounts.save`, which the attempt then
    keeps.
    """
    return await _connect_attempt(service, credentials, (BLUESKY_CLIENT, client), state_text=state_text)


def _of_profile(caller: Caller, profile_id: str) -> Use:
    return BLUESKY_PROFILE, f"{caller.user_id} {profile_id}"


async def _connect_attempt(
    service: Service, credentials: Credentials, use: Use, *, state_text: str, redirect_url: str | None = None
) -> Connected:
    attempt = await unused(service, credentials.platform, state_text)
    await service.limits.count(use)
    tries = await attempts.count_try(service.db, attempt.id, at_most=MAX_TRIES)
    if tries is None:
        raise InvalidState
    try:
        adapter, signed_in = await _sign_in(service, credentials, use)
    except MoorlineError as error:
        if tries == MAX_TRIES:
            await _give_up(service, attempt, state_text, error)
        raise
    used = await state.consume(service, state=state_text, code="", platform=adapter.name, app_id="")
    if used is None:  # the same form sent twice: the other one goes on, this session is not needed
        await adapter.revoke(service.http, signed_in.tokens)
        raise InvalidState
    try:
        account = await _save(
            service, adapter, signed_in, user_id=attempt.user_id, profile_id=attempt.profile_id, attempt_id=attempt.id
        )
    except FlowFailed as error:
        error.stage = "save"
        await fail(service, attempt, error)
        with suppress(MoorlineError):  # the session is of no use to anybody; what matters is why nothing was saved
            await adapter.revoke(service.http, signed_in.tokens)
        raise
    return _connected(account, redirect_url or attempt.redirect_url)


async def unused(service: Service, platform: str, state_text: str) -> Attempt:
    """The attempt of a state that can still be used. Raises: InvalidState."""
    attempt = await find(service, platform, state_text)
    if attempt is None or not is_open(attempt):
        raise InvalidState
    return attempt


async def find(service: Service, platform: str, state_text: str) -> Attempt | None:
    """The attempt of a state of this platform, used or not."""
    attempt = await attempts.by_state(service.db, state.hash_of(state_text))
    if attempt is None or attempt.platform != platform:
        return None
    about(platform=platform, attempt=attempt.id)
    return attempt


def is_open(attempt: Attempt) -> bool:
    """Whether somebody can still sign in for it."""
    return attempt.consumed_at is None and attempt.tries < MAX_TRIES and attempt.expires_at > clock.now()


async def settled(service: Service, attempt: Attempt) -> Attempt:
    """The attempt once nobody is at work on it; as it is after some 5 s at the latest."""
    for _ in range(_POLLS):
        if attempt.status != "returned":
            break
        await asyncio.sleep(_POLL_S)
        attempt = await attempts.get(service.db, attempt.id) or attempt
    return attempt


def looks_like_app_password(service: Service, credentials: Credentials) -> bool:
    """Whether what was typed has the form of the platform's app passwords. Raises: BadRequest where it has none."""
    return _adapter_of(service, credentials.platform).looks_like_app_password(credentials.password)


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


async def _sign_in(service: Service, credentials: Credentials, use: Use) -> tuple[AppPasswordPlatform, SignedIn]:
    """A right password counts for nothing."""
    adapter = _adapter_of(service, credentials.platform)
    about(platform=adapter.name)
    signed_in = await adapter.sign_in(service.http, identifier=credentials.identifier, password=credentials.password)
    await service.limits.take_back(use)
    return adapter, signed_in


def _adapter_of(service: Service, platform: str) -> AppPasswordPlatform:
    adapter = service.platforms.get(platform)
    if not isinstance(adapter, AppPasswordPlatform):
        raise BadRequest(f"{platform} has no app passwords.")
    return adapter


async def _give_up(service: Service, attempt: Attempt, state_text: str, last: MoorlineError) -> None:
    """The last try did not work either: the state is used up, so that the log tells how it ended."""
    used = await state.consume(service, state=state_text, code="", platform=attempt.platform, app_id="")
    if used is not None:
        told = FlowFailed("token_exchange_failed", f"None of {MAX_TRIES} sign-ins worked; the last: {last.code}.")
        told.stage = "exchange"
        await fail(service, attempt, told)


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
