"""Finish: code and state become tokens, an identity, and a saved account or an open selection. It names no platform."""

import asyncio
import logging
from collections.abc import Awaitable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Literal, TypeVar

from moorline import clock
from moorline.accounts import accounts
from moorline.accounts.proven import Proven
from moorline.adapter.oauth import OAuthPlatform
from moorline.adapter.values import App, Connection, Identity, Tokens
from moorline.connect import selection, state
from moorline.connect.start import adapter_of
from moorline.errors import (
    AppMisconfigured,
    BadRequest,
    FlowFailed,
    InvalidState,
    MoorlineError,
    NotConfigured,
    NotFound,
    PlatformError,
    PlatformRateLimited,
    Refused,
    Slug,
    Unreachable,
)
from moorline.logs import event
from moorline.service import Service
from moorline.store import accounts as stored_accounts
from moorline.store import attempts
from moorline.store.attempts import Attempt

REPLAY_S = 60  # a double click whose first answer the browser threw away
WAIT_FOR_FIRST_S = 90.0  # a code, an identity asked three times and a list, each up to their time-outs
_POLL_S = 0.05
_MAX_NOTE_CHARS = 300

T = TypeVar("T")
Stage = Literal["exchange", "identify", "list", "save"]
log = logging.getLogger("moorline.connect")


@dataclass(frozen=True, slots=True, kw_only=True)
class Returned:
    """What came back from the platform: to which path, with what.

    `error` is the platform's own code of a denial, `issuer` its `iss` (RFC 9207).
    """

    platform: str
    state: str = field(repr=False)
    code: str = field(default="", repr=False)
    error: str | None = None
    error_description: str | None = None
    issuer: str | None = None


async def from_browser(service: Service, returned: Returned, *, cookie_attempts: frozenset[str]) -> Attempt:
    """Finish the flow a browser came back from; the attempt as it stands afterwards, connected, selecting or failed.

    The same state and code again within 60 s, or with the attempt's cookie, answers the recorded outcome.
    Raises: InvalidState for every other state; nothing was sent to the platform then.
    """
    adapter, app = _oauth(service, returned.platform)
    attempt = await _consume(service, returned, app)
    if attempt is None:
        return await _recorded(service, returned, app, cookie_attempts=cookie_attempts)
    return await _finish(service, adapter, app, attempt=attempt, returned=returned)


async def from_server(service: Service, returned: Returned, *, user_id: str, profile_id: str) -> Attempt:
    """Finish a flow whose code an integrator's server received; the attempt, connected or selecting.

    Raises: InvalidState unless the state is unused and was issued for this tenant's profile and platform; what failed.
    """
    adapter, app = _oauth(service, returned.platform)
    attempt = await _consume(service, returned, app, only_for=(user_id, profile_id))
    if attempt is None:
        raise InvalidState
    finished = await _finish(service, adapter, app, attempt=attempt, returned=returned, raising=True)
    if finished.status == "failed":
        raise FlowFailed("session_expired", "The connection could not be finished; start it again.")
    return finished


def _oauth(service: Service, platform: str) -> tuple[OAuthPlatform, App]:
    adapter = adapter_of(service, platform)
    if not isinstance(adapter, OAuthPlatform):
        raise BadRequest(f"{platform} has no authorization code.", fields={"platform": "an OAuth platform"})
    return adapter, service.app(platform)


async def _consume(
    service: Service, returned: Returned, app: App, *, only_for: tuple[str, str] | None = None
) -> Attempt | None:
    return await state.consume(
        service,
        state=returned.state,
        code=returned.code,
        platform=returned.platform,
        app_id=app.client_id,
        only_for=only_for,
    )


async def _finish(
    service: Service,
    adapter: OAuthPlatform,
    app: App,
    *,
    attempt: Attempt,
    returned: Returned,
    raising: bool = False,
) -> Attempt:
    try:
        await _through(service, adapter, app, attempt=attempt, returned=returned)
    except MoorlineError as error:
        await fail(service, attempt, error)
        if raising and isinstance(error, Refused) and error.stage == "exchange":
            error.code = slug_of(error)  # no token was revoked, there never was one
        if raising:
            raise
    except Exception as error:
        log.exception("callback_broke")
        await fail(service, attempt, error)
        if raising:
            raise
    return await attempts.get(service.db, attempt.id) or attempt


async def _through(service: Service, adapter: OAuthPlatform, app: App, *, attempt: Attempt, returned: Returned) -> None:
    _refuse_issuer(adapter, returned)
    _refuse_denial(adapter, returned)
    verifier = state.open_verifier(service.vault, attempt)
    # The bytes sent at authorization, whatever the settings say by now (RFC 6749 section 4.1.3).
    app = _as_authorized(app, attempt)
    tokens = await _staged("exchange", adapter.exchange(service.http, app, code=returned.code, verifier=verifier))
    identity = await _staged("identify", adapter.identify(service.http, app, tokens))
    await _refuse_another(service, attempt, identity)
    if attempt.reconnect_account_id is not None:
        await _reconnect(service, adapter, app, attempt=attempt, identity=identity, tokens=tokens)
        return
    if adapter.selection is not None:
        choices = await _staged("list", adapter.list_choices(service.http, app, tokens, identity))
        if choices.items or not adapter.selection.or_person:
            await selection.open_for(
                service,
                attempt,
                identity,
                tokens=tokens,
                choices=choices,
                nothing_found=adapter.selection.nothing_found,
            )
            return
    connection = adapter.person(identity)
    await _staged("save", _save(service, attempt, connection, identity=identity, tokens=tokens))


async def _refuse_another(service: Service, attempt: Attempt, identity: Identity) -> None:
    """Whoever else signed in changes nothing (S12)."""
    expected = {attempt.expected_platform_user_id}
    if attempt.reconnect_account_id is not None:
        expected.add(await stored_accounts.person_of(service.db, attempt.user_id, attempt.reconnect_account_id))
    if expected - {None, identity.platform_user_id}:
        raise FlowFailed("reconnect_account_mismatch", "Another account signed in than the one to be renewed.")


async def _reconnect(
    service: Service, adapter: OAuthPlatform, app: App, *, attempt: Attempt, identity: Identity, tokens: Tokens
) -> None:
    """Renew the account as what it is: the person, or the thing of theirs it stands for, proven anew."""
    found = await stored_accounts.get(service.db, attempt.user_id, attempt.reconnect_account_id or "")
    if found is None or found.account.profile_id != attempt.profile_id:
        raise FlowFailed("session_expired", "The account was disconnected meanwhile; connect it again.")
    stands_for = found.account.platform_account_id
    if stands_for == identity.platform_user_id:
        connection = adapter.person(identity)
    else:
        try:
            connection = await _staged("list", adapter.adopt(service.http, app, tokens, identity, stands_for))
        except NotFound as error:
            raise FlowFailed("account_not_eligible", "You no longer have access to what this account is.") from error
    await _staged("save", _save(service, attempt, connection, identity=identity, tokens=tokens))


def _refuse_issuer(adapter: OAuthPlatform, returned: Returned) -> None:
    """RFC 9207 section 2.4: an answer of another authorization server than the one asked is not one to our request."""
    wanted = adapter.spec.issuer
    if wanted is None or (returned.issuer is None and not adapter.spec.issuer_promised):
        return
    if returned.issuer != wanted:
        raise FlowFailed("invalid_state", f"{adapter.name}: the answer came from another issuer than the one asked.")


def _refuse_denial(adapter: OAuthPlatform, returned: Returned) -> None:
    if returned.error is not None:
        known = adapter.denial(returned.error, returned.error_description or "")
        if known is not None:
            raise known
        told = (returned.error_description or returned.error)[:_MAX_NOTE_CHARS]
        raise FlowFailed("oauth_denied", f"{adapter.name} reports: {told}")
    if not returned.code:
        raise FlowFailed("oauth_denied", f"{adapter.name} sent neither a code nor an error.")


def _as_authorized(app: App, attempt: Attempt) -> App:
    return replace(app, redirect_uri=attempt.redirect_uri)


async def _save(
    service: Service, attempt: Attempt, connection: Connection, *, identity: Identity, tokens: Tokens
) -> None:
    proven = Proven(
        user_id=attempt.user_id,
        profile_id=attempt.profile_id,
        platform=attempt.platform,
        app_id=attempt.app_id,
        connection=connection,
        identity=identity,
        tokens=tokens,
    )
    await accounts.save(service, proven, attempt_id=attempt.id)


async def _staged(stage: Stage, step: Awaitable[T]) -> T:
    try:
        return await step
    except MoorlineError as error:
        error.stage = stage
        raise


def slug_of(error: BaseException) -> Slug:
    """What a failure is called in redirects and on pages."""
    if isinstance(error, FlowFailed | NotConfigured):
        return error.slug
    if isinstance(error, Refused) and error.code == "account_not_eligible":
        return "account_not_eligible"
    if isinstance(error, AppMisconfigured):
        return "app_misconfigured"
    if isinstance(error, PlatformRateLimited):
        return "platform_rate_limited"
    if isinstance(error, Unreachable):
        return "platform_unavailable"
    if isinstance(error, PlatformError):
        return "token_exchange_failed" if error.stage == "exchange" else "profile_fetch_failed"
    return "internal_error"


async def fail(service: Service, attempt: Attempt, error: BaseException) -> None:
    """Close the attempt with its slug, and log which step failed and what the platform answered."""
    slug = slug_of(error)
    note = _to_note(str(error)) if isinstance(error, MoorlineError) else type(error).__name__
    event(
        log,
        logging.WARNING,
        "connect_failed",
        attempt=attempt.id,
        platform=attempt.platform,
        profile=attempt.profile_id,
        slug=slug,
        stage=getattr(error, "stage", None),
        reason=note,
        platform_status=getattr(error, "platform_status", None),
        platform_code=getattr(error, "platform_code", None),
    )
    await attempts.set_failed(service.db, attempt.id, slug=slug, note=note, now=clock.now())


def _to_note(text: str) -> str:
    """Cut, and without control characters: platforms send any, and PostgreSQL keeps no NUL."""
    return "".join(char if char.isprintable() else " " for char in text[:_MAX_NOTE_CHARS])


async def _recorded(service: Service, returned: Returned, app: App, *, cookie_attempts: frozenset[str]) -> Attempt:
    attempt = await attempts.by_state(service.db, state.hash_of(returned.state))
    if attempt is None or not _may_see_again(attempt, returned, app, cookie_attempts=cookie_attempts):
        event(log, logging.WARNING, "state_refused", platform=returned.platform, attempt=attempt and attempt.id)
        raise InvalidState
    deadline = clock.now() + timedelta(seconds=WAIT_FOR_FIRST_S)
    while attempt.status == "returned" and clock.now() < deadline:  # the first callback is still at work
        await asyncio.sleep(_POLL_S)
        attempt = await attempts.get(service.db, attempt.id) or attempt
    return attempt


def _may_see_again(attempt: Attempt, returned: Returned, app: App, *, cookie_attempts: frozenset[str]) -> bool:
    same_place = attempt.platform == returned.platform and attempt.app_id == app.client_id
    if not same_place or attempt.consumed_at is None or attempt.code_hash != state.hash_of(returned.code):
        return False
    recent = clock.now() - attempt.consumed_at <= timedelta(seconds=REPLAY_S)
    return recent or attempt.id in cookie_attempts
