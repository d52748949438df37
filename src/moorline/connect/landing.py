"""Where a browser goes once its callback was dealt with: the integrator's address, or a page of ours."""

from datetime import datetime, timedelta
from typing import Any

from moorline import clock
from moorline.adapter.oauth import OAuthPlatform
from moorline.adapter.values import Carrier, Selection
from moorline.connect import bot_code, redirects, selection, tickets
from moorline.connect.tickets import InvalidHandle, Kind
from moorline.errors import InvalidTempToken, Slug
from moorline.service import Service
from moorline.store import accounts, api_keys, attempts
from moorline.store.attempts import Attempt
from moorline.store.selections import OpenSelection

PENDING_TTL_S = 10 * 60
STATUS_TTL_S = 60 * 60
PENDING_ENDS_BEFORE = timedelta(seconds=selection.SELECTION_TTL_S - PENDING_TTL_S)


async def url_of(service: Service, attempt: Attempt) -> str:
    """The one place an attempt leads to as it stands; the same again for who asks again."""
    if attempt.status == "selecting":
        return await _to_selection(service, attempt)
    # A popup tells its opener at the outcome, and goes on from there.
    if attempt.redirect_url is None or attempt.opener_origin is not None:
        return redirects.page(service.settings.public_url, "outcome", {"attempt": attempt.id})
    return await back_url(service, attempt, attempt.redirect_url)


async def back_url(service: Service, attempt: Attempt, redirect_url: str) -> str:
    """Where the application is told of an attempt that is over."""
    if attempt.status == "connected" and attempt.account_id is not None:
        found = await accounts.get(service.db, attempt.user_id, attempt.account_id)
        if found is not None:
            return redirects.connected(redirect_url, found.account, picks_of(service, attempt.platform))
    return redirects.failed(redirect_url, attempt, slug_of(attempt))


def status_url(service: Service, attempt_id: str) -> str:
    """Where a page that opens a popup asks how far it is, for an hour."""
    expires_at = clock.now() + timedelta(seconds=STATUS_TTL_S)
    token = tickets.issue(service.vault, Kind.STATUS, attempt_id=attempt_id, expires_at=expires_at)
    return redirects.page(service.settings.public_url, "status", {"token": token})


async def by_status_token(service: Service, text: str) -> Attempt | None:
    """The attempt that a page may ask about; None when the token is garbage or over, or the attempt is gone."""
    try:
        handle = tickets.read(service.vault, Kind.STATUS, text)
    except InvalidHandle:
        return None
    return await attempts.get(service.db, handle.attempt_id)


async def slug_so_far(service: Service, attempt: Attempt) -> Slug | None:
    """Why an attempt comes to nothing, if it does; one that was left lying has run out of time."""
    if attempt.status == "failed":
        return slug_of(attempt)
    if attempt.status == "started" and attempt.created_at + timedelta(seconds=bot_code.CODE_TTL_S) <= clock.now():
        return "session_expired"  # the longest life a start has
    if attempt.status == "selecting" and not await is_open(service, attempt):
        return "session_expired"
    return None


def slug_of(attempt: Attempt) -> Slug:
    """The slug of a failed attempt; one that never got an outcome broke on our side."""
    known: Slug = "internal_error"
    for slug in redirects.SENTENCES:
        if slug == attempt.slug:
            known = slug
    return known


async def is_open(service: Service, attempt: Attempt) -> bool:
    """Whether a choice can still be made."""
    try:
        await selection.get(service, attempt.id)
    except InvalidTempToken:
        return False
    return True


async def selection_fields(service: Service, attempt: Attempt) -> dict[str, str]:
    """The documented fields of an attempt whose choice is open. Raises: InvalidTempToken when it is over."""
    opened = await selection.get(service, attempt.id)
    picks = picks_of(service, attempt.platform)
    if picks is None:
        raise InvalidTempToken
    return redirects.selection_fields(
        attempt,
        picks.step,
        _carried(service, opened, picks),
        connect_token=_handle(service, Kind.CONNECT_TOKEN, opened),
    )


def _carried(service: Service, opened: OpenSelection, picks: Selection) -> dict[str, str]:
    if picks.carrier is Carrier.PENDING_DATA:
        expires_at = opened.expires_at - PENDING_ENDS_BEFORE
        return {
            "pendingDataToken": tickets.issue(
                service.vault, Kind.PENDING_DATA, attempt_id=opened.attempt_id, expires_at=expires_at
            )
        }
    person = redirects.user_profile(opened.identity)
    if picks.tells_tokens:
        person |= _token_fields(service, opened)
    carried = {"tempToken": temp_token(service, opened), "userProfile": redirects.to_json(person)}
    if picks.list_parameter is not None:
        items = ({"id": item.id, **item.shown} for item in selection.listed(opened).items)
        carried[picks.list_parameter] = redirects.list_to_json(items)
    return carried


def _token_fields(service: Service, opened: OpenSelection) -> dict[str, Any]:
    """What is documented about tokens in `userProfile`: a handle where the refresh token would stand."""
    tokens = selection.tokens_of(service, opened)
    fields: dict[str, Any] = {"scope": " ".join(tokens.granted or ())}
    if tokens.refresh is not None:
        fields["refreshToken"] = refresh_handle(service, opened)
    if tokens.access_expires_at is not None:
        fields["tokenExpiresIn"] = seconds_left(tokens.access_expires_at)
    return fields


def seconds_left(until: datetime) -> int:
    """Whole seconds from now, never below 0."""
    return max(int((until - clock.now()).total_seconds()), 0)


def temp_token(service: Service, opened: OpenSelection) -> str:
    """The handle that opens the list and select calls of this selection."""
    return _handle(service, Kind.TEMP_TOKEN, opened)


def refresh_handle(service: Service, opened: OpenSelection) -> str:
    """What stands where the platform's own refresh token would."""
    return _handle(service, Kind.REFRESH_TOKEN, opened)


def choice_handle(service: Service, opened: OpenSelection, choice_id: str) -> str:
    """What stands in a list where the platform's own token of a choice would stand."""
    return tickets.issue(
        service.vault, Kind.CHOICE, attempt_id=opened.attempt_id, expires_at=opened.expires_at, item=choice_id
    )


async def by_connect_token(service: Service, text: str) -> OpenSelection | None:
    """The selection of a live connect token.

    None when the token is garbage, expired, its selection saved or over, or its API key revoked (S41).
    """
    try:
        handle = tickets.read(service.vault, Kind.CONNECT_TOKEN, text)
        opened = await selection.get(service, handle.attempt_id)
    except (InvalidHandle, InvalidTempToken):
        return None
    if opened.saved_account_id is not None:
        return None
    if opened.key_id is not None and not await api_keys.exists(service.db, opened.key_id, clock.now()):
        return None
    return opened


async def redirect_allowlist(service: Service, opened: OpenSelection) -> tuple[str, ...] | None:
    """What the key that started the attempt allows, for a call that brings no key of its own (S21)."""
    return None if opened.key_id is None else await api_keys.redirect_allowlist(service.db, opened.key_id)


async def by_temp_token(service: Service, text: str) -> OpenSelection:
    """The selection of a tempToken (or of a listed choice's handle). Raises: InvalidTempToken."""
    for kind in (Kind.TEMP_TOKEN, Kind.CHOICE):
        try:
            handle = tickets.read(service.vault, kind, text)
        except InvalidHandle:
            continue
        return await selection.get(service, handle.attempt_id)
    raise InvalidTempToken


async def by_pending_token(service: Service, text: str) -> OpenSelection:
    """The selection of a pendingDataToken, read or not. Raises: InvalidTempToken."""
    try:
        handle = tickets.read(service.vault, Kind.PENDING_DATA, text)
    except InvalidHandle as error:
        raise InvalidTempToken from error
    return await selection.get(service, handle.attempt_id)


async def by_cookie(service: Service, text: str) -> OpenSelection:
    """The selection a browser is at. Raises: InvalidTempToken."""
    try:
        handle = tickets.read(service.vault, Kind.COOKIE, text)
    except InvalidHandle as error:
        raise InvalidTempToken from error
    return await selection.get(service, handle.attempt_id)


async def finished(service: Service, attempt_id: str) -> Attempt | None:
    """The attempt as it stands, for its outcome page."""
    return await attempts.get(service.db, attempt_id)


async def _to_selection(service: Service, attempt: Attempt) -> str:
    try:
        fields = await selection_fields(service, attempt)
    except InvalidTempToken:  # consent was given, but the time to choose is over
        return redirects.page(service.settings.public_url, "outcome", {"attempt": attempt.id})
    if attempt.headless and attempt.redirect_url is not None:
        return redirects.with_query(attempt.redirect_url, fields)
    picks = picks_of(service, attempt.platform)
    path = "" if picks is None else picks.path
    if attempt.redirect_url is not None:
        fields["redirect_url"] = attempt.redirect_url
    return redirects.page(service.settings.public_url, f"{attempt.platform}/{path}", fields)


def picks_of(service: Service, platform: str) -> Selection | None:
    """What is picked after consent on a platform; None where nothing is."""
    adapter = service.platforms.get(platform)
    return adapter.selection if isinstance(adapter, OAuthPlatform) else None


def _handle(service: Service, kind: Kind, opened: OpenSelection) -> str:
    return tickets.issue(service.vault, kind, attempt_id=opened.attempt_id, expires_at=opened.expires_at)
