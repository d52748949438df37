"""Where a browser goes once its callback was dealt with: the integrator's address, or a page of ours."""

from moorline import clock
from moorline.adapter.oauth import OAuthPlatform
from moorline.connect import redirects, selection, tickets
from moorline.connect.tickets import InvalidHandle, Kind
from moorline.errors import InvalidTempToken, Slug
from moorline.service import Service
from moorline.store import accounts, api_keys, attempts
from moorline.store.attempts import Attempt
from moorline.store.selections import OpenSelection


async def url_of(service: Service, attempt: Attempt) -> str:
    """The one place an attempt leads to as it stands; the same again for who asks again."""
    if attempt.status == "selecting":
        return await _to_selection(service, attempt)
    if attempt.redirect_url is None:
        return redirects.page(service.settings.public_url, "outcome", {"attempt": attempt.id})
    if attempt.status == "connected" and attempt.account_id is not None:
        found = await accounts.get(service.db, attempt.user_id, attempt.account_id)
        if found is not None:
            chosen = _step_of(service, attempt.platform) is not None
            return redirects.connected(attempt.redirect_url, found.account, chosen=chosen)
    return redirects.failed(attempt.redirect_url, attempt, slug_of(attempt))


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
    step = _step_of(service, attempt.platform)
    if step is None:
        raise InvalidTempToken
    return redirects.selection_fields(
        attempt,
        step,
        _handle(service, Kind.TEMP_TOKEN, opened),
        connect_token=_handle(service, Kind.CONNECT_TOKEN, opened),
        identity=opened.identity,
    )


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
    adapter = service.platforms[attempt.platform]
    path = adapter.selection.path if isinstance(adapter, OAuthPlatform) and adapter.selection is not None else ""
    if attempt.redirect_url is not None:
        fields["redirect_url"] = attempt.redirect_url
    return redirects.page(service.settings.public_url, f"{attempt.platform}/{path}", fields)


def _step_of(service: Service, platform: str) -> str | None:
    adapter = service.platforms.get(platform)
    if isinstance(adapter, OAuthPlatform) and adapter.selection is not None:
        return adapter.selection.step
    return None


def _handle(service: Service, kind: Kind, opened: OpenSelection) -> str:
    return tickets.issue(service.vault, kind, attempt_id=opened.attempt_id, expires_at=opened.expires_at)
