"""Finish: code and state become tokens, an identity, and a saved account or an open selection. It names no platform."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import partial
from typing import Literal, TypeVar

from moorline import clock
from moorline.accounts import accounts
from moorline.accounts.patience import patiently
from moorline.accounts.proven import Proven
from moorline.adapter.oauth import OAuthPlatform
from moorline.adapter.values import App, Connection, Identity, Tokens
from moorline.connect import selection, state
from moorline.connect.start import adapter_of
from moorline.connect.steps import Trail
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
from moorline.logs import about, event, printable, redact
from moorline.owners import apps
from moorline.owners.apps import Chosen
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

    `credential_id` is the tenant's own app whose callback it is (None: the instance's); `error` the platform's own code
    of a denial, `issuer` its `iss` (RFC 9207).
    """

    platform: str
    credential_id: str | None = None
    state: str = field(repr=False)
    code: str = field(default="", repr=False)
    error: str | None = None
    error_description: str | None = None
    issuer: str | None = None


async def from_browser(service: Service, returned: Returned, *, cookie_attempts: frozenset[str]) -> Attempt:
    """Finish the flow a browser came back from; the attempt as it stands afterwards, connected, selecting or failed.

    The same state and code again within 60 s, or with the attempt's cookie, answers the recorded outcome.
    Raises: InvalidState for every other state, NotFound for a callback of no app, NotConfigured; nothing was sent to
    the platform then.
    """
    adapter = _oauth(service, returned.platform)
    chosen = await apps.of_callback(service, returned.platform, returned.credential_id)
    attempt = await _consume(service, returned, chosen)
    if attempt is None:
        return await _recorded(service, returned, chosen, cookie_attempts=cookie_attempts)
    return await _finish(service, adapter, chosen.app, attempt=attempt, returned=returned)


async def from_server(service: Service, returned: Returned, *, user_id: str, profile_id: str) -> Attempt:
    """Finish a flow whose code an integrator's server received; the attempt, connected or selecting.

    Raises: InvalidState unless the state is unused and was issued for this tenant's profile and platform;
    NotConfigured; what failed.
    """
    adapter = _oauth(service, returned.platform)
    begun = await attempts.by_state(service.db, state.hash_of(returned.state))
    if begun is None or begun.user_id != user_id:
        await apps.check_configured(service, user_id, returned.platform)
        raise InvalidState
    try:
        chosen = await apps.of_callback(service, returned.platform, begun.credential_id)
    except NotFound as error:  # the app was deleted meanwhile
        raise InvalidState from error
    attempt = await _consume(service, returned, chosen, only_for=(user_id, profile_id))
    if attempt is None:
        raise InvalidState
    finished = await _finish(service, adapter, chosen.app, attempt=attempt, returned=returned, raising=True)
    if finished.status == "failed":
        raise FlowFailed("session_expired", "The connection could not be finished; start it again.")
    return finished


def _oauth(service: Service, platform: str) -> OAuthPlatform:
    adapter = adapter_of(service, platform)
    if not isinstance(adapter, OAuthPlatform):
        raise BadRequest(f"{platform} has no authorization code.", fields={"platform": "an OAuth platform"})
    return adapter


async def _consume(
    service: Service, returned: Returned, chosen: Chosen, *, only_for: tuple[str, str] | None = None
) -> Attempt | None:
    return await state.consume(
        service,
        state=returned.state,
        code=returned.code,
        platform=returned.platform,
        app_id=chosen.app.client_id,
        credential_id=chosen.credential_id,
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
    about(platform=attempt.platform, attempt=attempt.id)
    outcome = "internal_error"
    try:
        finished = await _settle(service, adapter, app, attempt=attempt, returned=returned, raising=raising)
        outcome = finished.slug or finished.status
    except MoorlineError as error:
        outcome = slug_of(error)
        raise
    finally:
        event(log, logging.DEBUG, "callback_finished", platform=attempt.platform, outcome=outcome)
    return finished


async def _settle(
    service: Service, adapter: OAuthPlatform, app: App, *, attempt: Attempt, returned: Returned, raising: bool
) -> Attempt:
    trail = Trail()
    try:
        await _through(service, adapter, app, attempt=attempt, returned=returned, trail=trail)
    except MoorlineError as error:
        await fail(service, attempt, error, trail)
        if raising and isinstance(error, Refused) and error.stage == "exchange":
            error.code = slug_of(error)  # no token was revoked, there never was one
        if raising:
            raise
    except Exception as error:
        log.exception("callback_broke")
        await fail(service, attempt, error, trail)
        if raising:
            raise
    return await patiently(lambda: attempts.get(service.db, attempt.id)) or attempt


async def _through(
    service: Service, adapter: OAuthPlatform, app: App, *, attempt: Attempt, returned: Returned, trail: Trail
) -> None:
    _refuse_issuer(adapter, returned)
    _refuse_denial(adapter, returned)
    verifier = state.open_verifier(service.vault, attempt)
    app = _as_authorized(app, attempt)
    tokens = await _staged("exchange", adapter.exchange(service.http, app, code=returned.code, verifier=verifier))
    trail.note("exchanged")
    identity = await _staged("identify", adapter.identify(service.http, app, tokens))
    tokens = _with_granted(tokens, identity, attempt)
    trail.note("identified", identity.username)
    await patiently(lambda: _refuse_another(service, attempt, identity))
    if attempt.reconnect_account_id is not None:
        await _reconnect(service, adapter, app, attempt=attempt, identity=identity, tokens=tokens, trail=trail)
        return
    if adapter.selection is not None:
        choices = await _staged("list", adapter.list_choices(service.http, app, tokens, identity))
        trail.note("listed", f"{len(choices.items)} to choose from, {len(choices.unavailable)} not available")
        if choices.items or not adapter.selection.or_person:
            await _once_saved(
                service,
                attempt,
                partial(
                    selection.open_for,
                    service,
                    attempt,
                    identity,
                    tokens=tokens,
                    choices=choices,
                    nothing_found=adapter.selection.nothing_found,
                    trail=trail,
                ),
            )
            return
    connection = adapter.person(identity)
    await _staged("save", _save(service, attempt, connection, identity=identity, tokens=tokens, trail=trail))


async def _refuse_another(service: Service, attempt: Attempt, identity: Identity) -> None:
    """Whoever else signed in changes nothing (S12).

    A person goes by another id at another app; then what the account stands for has to be proven, `_reconnect`.
    """
    expected, account_id = {attempt.expected_platform_user_id}, attempt.reconnect_account_id
    if account_id is not None:
        app_id = await stored_accounts.app_of(service.db, attempt.user_id, account_id)
        if app_id in {None, attempt.app_id}:
            expected.add(await stored_accounts.person_of(service.db, attempt.user_id, account_id))
    if expected - {None, identity.platform_user_id}:
        raise FlowFailed("reconnect_account_mismatch", "Another account signed in than the one to be renewed.")


async def _reconnect(
    service: Service,
    adapter: OAuthPlatform,
    app: App,
    *,
    attempt: Attempt,
    identity: Identity,
    tokens: Tokens,
    trail: Trail,
) -> None:
    """Renew the account as what it is: the person, or the thing of theirs it stands for, proven anew."""
    account_id = attempt.reconnect_account_id or ""
    found = await patiently(lambda: stored_accounts.get(service.db, attempt.user_id, account_id))
    if found is None or found.account.profile_id != attempt.profile_id:
        raise FlowFailed("session_expired", "The account was disconnected meanwhile; connect it again.")
    stands_for = found.account.platform_account_id
    if stands_for == identity.platform_user_id:
        connection = adapter.person(identity)
    elif adapter.selection is None:
        raise FlowFailed("reconnect_account_mismatch", "Another account signed in than the one to be renewed.")
    else:
        try:
            connection = await _staged("list", adapter.adopt(service.http, app, tokens, identity, stands_for))
        except NotFound as error:
            raise FlowFailed("account_not_eligible", "You no longer have access to what this account is.") from error
    await _staged("save", _save(service, attempt, connection, identity=identity, tokens=tokens, trail=trail))


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
    """What was sent at authorization, whatever the settings say by now (RFC 6749 section 4.1.3)."""
    return replace(app, redirect_uri=attempt.redirect_uri, scopes=attempt.scopes or app.scopes)


def _with_granted(tokens: Tokens, identity: Identity, attempt: Attempt) -> Tokens:
    """A platform that tells no scopes granted what was asked for (RFC 6749 section 5.1)."""
    if attempt.scopes is None or tokens.granted is not None or identity.granted is not None:
        return tokens
    return replace(tokens, granted=attempt.scopes)


async def _save(
    service: Service, attempt: Attempt, connection: Connection, *, identity: Identity, tokens: Tokens, trail: Trail
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
    await _once_saved(
        service, attempt, partial(accounts.save, service, proven, attempt_id=attempt.id, steps=trail.text())
    )


async def _once_saved(service: Service, attempt: Attempt, save: Callable[[], Awaitable[object]]) -> None:
    """Save, and again while the database is away; but not what was saved although its answer was lost."""
    is_first = True

    async def step() -> None:
        nonlocal is_first
        if is_first or (found := await attempts.get(service.db, attempt.id)) is None or found.status == "returned":
            is_first = False
            await save()

    await patiently(step)


async def _staged(stage: Stage, step: Awaitable[T]) -> T:
    try:
        return await step
    except Exception as error:
        error.stage = stage  # type: ignore[attr-defined]  # a fault of ours happens somewhere too
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


async def fail(service: Service, attempt: Attempt, error: BaseException, trail: Trail | None = None) -> None:
    """Close the attempt with its slug, and log which step failed and what the platform answered."""
    slug = slug_of(error)
    note = printable(redact(str(error)), _MAX_NOTE_CHARS) if isinstance(error, MoorlineError) else type(error).__name__
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
    trail = trail or Trail()
    trail.fail(
        getattr(error, "stage", None),
        (getattr(error, "platform_status", None), getattr(error, "platform_code", None)),
    )
    text = trail.text()
    await patiently(
        lambda: attempts.set_failed(service.db, attempt.id, slug=slug, note=note, now=clock.now(), steps=text)
    )


async def _recorded(
    service: Service, returned: Returned, chosen: Chosen, *, cookie_attempts: frozenset[str]
) -> Attempt:
    attempt = await attempts.by_state(service.db, state.hash_of(returned.state))
    if attempt is None or not _may_see_again(attempt, returned, chosen, cookie_attempts=cookie_attempts):
        event(log, logging.WARNING, "state_refused", platform=returned.platform, attempt=attempt and attempt.id)
        raise InvalidState
    about(platform=attempt.platform, attempt=attempt.id)
    deadline = clock.now() + timedelta(seconds=WAIT_FOR_FIRST_S)
    while attempt.status == "returned" and clock.now() < deadline:  # the first callback is still at work
        await asyncio.sleep(_POLL_S)
        attempt = await attempts.get(service.db, attempt.id) or attempt
    return attempt


def _may_see_again(attempt: Attempt, returned: Returned, chosen: Chosen, *, cookie_attempts: frozenset[str]) -> bool:
    same_app = attempt.app_id == chosen.app.client_id and attempt.credential_id == chosen.credential_id
    same_place = attempt.platform == returned.platform and same_app
    if not same_place or attempt.consumed_at is None or attempt.code_hash != state.hash_of(returned.code):
        return False
    recent = clock.now() - attempt.consumed_at <= timedelta(seconds=REPLAY_S)
    return recent or attempt.id in cookie_attempts
