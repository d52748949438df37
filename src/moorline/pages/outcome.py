"""`/connect/outcome`: what became of an attempt, as often as it is asked."""

from litestar import Response, get
from litestar.params import FromQuery

from moorline.access import public
from moorline.connect import landing, redirects
from moorline.errors import Slug
from moorline.pages import doors, pictures, telling, view, words
from moorline.pages.look import look_of
from moorline.pages.telling import Told
from moorline.pages.visit import Visit, cookie_attempts, service_of, slug_page
from moorline.store import accounts
from moorline.store.accounts import AccountOfProfile
from moorline.store.attempts import Attempt


@get("/connect/outcome", opt=public(), include_in_schema=False)
async def outcome(request: Visit, attempt: FromQuery[str] = "", slug: FromQuery[str] = "") -> Response[bytes]:
    """The truth about an attempt, for the browser that was at it; a general page of a slug for any other."""
    service = service_of(request)
    found = await landing.finished(service, attempt) if attempt in cookie_attempts(request) else None
    if found is None:
        return await slug_page(request, _known(slug), status=400)
    if found.status == "connected":
        return await _connected(request, found)
    if found.status == "selecting" and await landing.is_open(service, found):
        return view.redirect(await landing.url_of(service, found))
    too_old = found.status in {"started", "selecting"}
    slug_found = "session_expired" if too_old else landing.slug_of(found)
    return await slug_page(request, slug_found, status=200, attempt_id=found.id)


def _known(text: str) -> Slug:
    for slug in redirects.SENTENCES:
        if slug == text:
            return slug
    return "invalid_state"


def _sentence(attempt: Attempt, entry: AccountOfProfile | None) -> str:
    if entry is not None and entry.account.created_at < attempt.created_at:
        return words.N_("It was connected before; its permission is renewed, and %(brand)s can go on posting to it.")
    return words.N_("%(brand)s can now post to it.")


async def _connected(request: Visit, attempt: Attempt) -> Response[bytes]:
    service = service_of(request)
    look = await look_of(request, user_id=attempt.user_id, language=attempt.language)
    entry = await accounts.get(service.db, attempt.user_id, attempt.account_id or "")
    names = {"brand": words.bdi(look.brand.name), "platform": words.platform_title(attempt.platform)}
    if entry is None:  # disconnected since
        title = look.markup(words.N_("Your account was connected"))
    else:
        title = look.markup(words.N_("%(name)s is connected"), name=words.bdi(entry.account.display_name))
    told = Told(
        tone="good",
        title=title,
        sentence=look.markup(_sentence(attempt, entry), **names),
        advice=look.markup(
            words.N_("You can take this back any time in the settings of %(platform)s, or by asking %(brand)s."),
            **names,
        ),
        is_connected=True,
        doors=await doors.of_connected(request, look, attempt),
        attempt=attempt,
        picture_url=None if entry is None else pictures.url(service, entry.account.picture_url),
        letter="" if entry is None else entry.account.display_name[:1].upper(),
    )
    return telling.page(look, told, status=200)
