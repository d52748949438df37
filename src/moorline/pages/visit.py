"""What every page asks of a browser's visit, and the page of a failure."""

from litestar import Response

from moorline.connect.finish import slug_of
from moorline.errors import MoorlineError, Slug
from moorline.pages import doors, telling, words
from moorline.pages.look import Look, look_of
from moorline.pages.request import Visit, cookie_attempts, csrf_matches, csrf_of, is_same_site, service_of
from moorline.pages.telling import Told
from moorline.store import accounts, attempts
from moorline.store.attempts import Attempt

__all__ = [
    "Visit",
    "cookie_attempts",
    "csrf_matches",
    "csrf_of",
    "error_page",
    "is_same_site",
    "service_of",
    "slug_page",
]

_NOT_THEIR_DOING = {"platform_unavailable", "platform_rate_limited", "not_configured", "app_misconfigured"}


async def slug_page(
    request: Visit,
    slug: Slug,
    *,
    status: int,
    attempt_id: str | None = None,
    back_url: str | None = None,
    look: Look | None = None,
    platform: str | None = None,
) -> Response[bytes]:
    """The page of a failure, dressed by the tenant of its attempt, if that is known.

    `back_url` leads back to the application, if the attempt does not tell; `platform` likewise.
    """
    attempt = None if attempt_id is None else await attempts.get(service_of(request).db, attempt_id)
    if look is None:
        look = await look_of(
            request,
            user_id=None if attempt is None else attempt.user_id,
            language=None if attempt is None else attempt.language,
        )
    said = words.of(
        look,
        slug,
        platform=platform if attempt is None else attempt.platform,
        account=await _to_renew(request, attempt),
    )
    ways = await doors.of(request, look, slug, attempt)
    if back_url is not None and not any(way.is_back for way in ways):
        ways = (*ways, doors.back(look, back_url))
    if not ways and slug in words.WITHOUT_DOORS:
        ways = doors.contact(look)
    told = Told(
        tone=words.tone_of(slug),
        title=said.title,
        sentence=said.sentence,
        advice=said.advice if ways or slug in words.WITHOUT_DOORS else f"{said.advice} {look.gettext(words.AGAIN)}",
        is_connected=False,
        doors=ways[:2],
        attempt=attempt,
    )
    return telling.page(look, told, status=status)


async def error_page(
    request: Visit,
    error: MoorlineError,
    *,
    attempt_id: str | None = None,
    look: Look | None = None,
    platform: str | None = None,
) -> Response[bytes]:
    """The page of an error that people are told of by its slug. Raises the error itself where they are not."""
    slug = slug_of(error)
    if slug == "internal_error":
        raise error
    status = 503 if slug in _NOT_THEIR_DOING else 400
    return await slug_page(request, slug, status=status, attempt_id=attempt_id, look=look, platform=platform)


async def _to_renew(request: Visit, attempt: Attempt | None) -> str | None:
    """What the account is called that an attempt was to renew, for the browser that was at it."""
    if attempt is None or attempt.reconnect_account_id is None or attempt.id not in cookie_attempts(request):
        return None
    entry = await accounts.get(service_of(request).db, attempt.user_id, attempt.reconnect_account_id)
    return None if entry is None else entry.account.display_name
