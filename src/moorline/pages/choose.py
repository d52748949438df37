"""`/connect/{platform}/{path}`: one chooser for whatever a platform lets people pick."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from litestar import Response, get, post
from litestar.params import FromPath

from moorline import clock
from moorline.access import public
from moorline.adapter.oauth import OAuthPlatform
from moorline.connect import landing, redirects, selection
from moorline.connect.finish import slug_of
from moorline.errors import FlowFailed, InvalidTempToken, MoorlineError, NotFound, Slug
from moorline.pages import choose_list, doors, picking, telling, view, words
from moorline.pages.callback import note_cookie
from moorline.pages.choose_list import PERSON, Asked
from moorline.pages.choose_page import Problem, clean_url, offers_person, show
from moorline.pages.look import look_of
from moorline.pages.request import (
    ATTEMPT_COOKIE_PREFIX,
    Visit,
    cookie_attempts,
    csrf_matches,
    is_same_site,
    service_of,
)
from moorline.pages.telling import Told
from moorline.pages.visit import slug_page
from moorline.pages.words import N_
from moorline.service import Service
from moorline.store import accounts, attempts, selections
from moorline.store.attempts import Attempt
from moorline.store.selections import OpenSelection

# The choice stays open after these: the same button may be pressed again.
_PASSING: dict[Slug, int] = {"platform_unavailable": 503, "platform_rate_limited": 429}


@get("/connect/{platform:str}/{path:str}", opt=public(), include_in_schema=False)
async def chooser(request: Visit, platform: FromPath[str], path: FromPath[str]) -> Response[bytes]:
    """Show the choice. Entered with handles in the address, they become a cookie and a clean address at once."""
    if not _is_chooser(service_of(request), platform, path):
        return await slug_page(request, "invalid_state", status=404)
    query = request.query_params
    if not query.keys().isdisjoint({"tempToken", "pendingDataToken", "connect_token"}):
        return await _enter(request, platform, path, query)
    try:
        opened, cookie = await _at(request, query.get("attempt", ""), platform)
    except InvalidTempToken:
        return await _over(request, query.get("attempt", ""))
    return await show(request, opened, cookie, asked=Asked.of(query))


@post("/connect/{platform:str}/{path:str}", opt=public(), include_in_schema=False, status_code=200)
async def chosen(request: Visit, platform: FromPath[str], path: FromPath[str]) -> Response[bytes]:
    """Save the choice, leave without one, or read the list again."""
    if not _is_chooser(service_of(request), platform, path) or not is_same_site(request):
        return await slug_page(request, "invalid_state", status=403)
    form = await request.form()
    attempt_id, given = str(form.get("attempt", "")), str(form.get("choice", ""))
    try:
        opened, cookie = await _at(request, attempt_id, platform)
    except InvalidTempToken:
        return await _over(request, attempt_id, given=given)
    if not csrf_matches(cookie, str(form.get("csrf", ""))):
        return await slug_page(request, "invalid_state", status=403)
    if form.get("action") == "cancel":
        return await _cancel(request, opened)
    if form.get("action") == "relist":
        return await _list_again(request, opened, cookie, asked=Asked.of(form))
    return await _save(request, opened, cookie, form=form, given=given)


def _is_chooser(service: Service, platform: str, path: str) -> bool:
    adapter = service.platforms.get(platform)
    return isinstance(adapter, OAuthPlatform) and adapter.selection is not None and adapter.selection.path == path


async def _enter(request: Visit, platform: str, path: str, query: Mapping[str, str]) -> Response[bytes]:
    service = service_of(request)
    try:
        pending = query.get("pendingDataToken")
        opened = await (
            landing.by_temp_token(service, query.get("tempToken", ""))
            if pending is None
            else landing.by_pending_token(service, pending)
        )
    except InvalidTempToken:
        return await slug_page(request, "session_expired", status=410)
    if opened.platform != platform:
        return await slug_page(request, "invalid_state", status=400)
    clean = redirects.page(
        service.settings.public_url, f"{quote(platform)}/{quote(path)}", {"attempt": opened.attempt_id}
    )
    # It outlives the selection, so that a page left open too long can still say so.
    return view.redirect(clean, cookies=[note_cookie(service, opened.attempt_id)])


async def _at(request: Visit, attempt_id: str, platform: str) -> tuple[OpenSelection, str]:
    """The open selection this browser is at, and its cookie's value. Raises: InvalidTempToken."""
    value = request.cookies.get(ATTEMPT_COOKIE_PREFIX + attempt_id, "")
    opened = await landing.by_cookie(service_of(request), value)
    if (opened.attempt_id, opened.platform) != (attempt_id, platform) or opened.saved_account_id is not None:
        raise InvalidTempToken
    return opened, value


async def _over(request: Visit, attempt_id: str, *, given: str = "") -> Response[bytes]:
    """Reloaded, gone back to, or an hour later: the truth about the attempt. `given` is what was chosen just now."""
    service = service_of(request)
    if attempt_id in cookie_attempts(request):
        attempt = await attempts.get(service.db, attempt_id)
        if attempt is None or attempt.status not in {"connected", "failed"}:
            return await slug_page(request, "session_expired", status=410, attempt_id=attempt_id)
        if attempt.status == "connected" and given and not await _is_what_was_saved(service, attempt_id, given):
            return await _used(request, attempt)
        return view.redirect(redirects.page(service.settings.public_url, "outcome", {"attempt": attempt_id}))
    if not any(name.startswith("moorline_") for name in request.cookies):
        return await _no_cookie(request)
    return await slug_page(request, "invalid_state", status=400)


async def _is_what_was_saved(service: Service, attempt_id: str, given: str) -> bool:
    opened = await selections.get(service.db, attempt_id, clock.now())
    if opened is None or opened.saved_choice is None:
        return True  # nobody can say any more
    choices = selection.listed(opened)
    return ("" if given == PERSON else choose_list.choice_id(choices, given)) == opened.saved_choice


async def _used(request: Visit, attempt: Attempt) -> Response[bytes]:
    """The page was sent twice, with two choices: the first counts."""
    look = await look_of(request, user_id=attempt.user_id, language=attempt.language)
    entry = await accounts.get(service_of(request).db, attempt.user_id, attempt.account_id or "")
    name = look.translated(N_("Your account")) if entry is None else words.bdi(entry.account.display_name)
    at = attempt.finished_at or attempt.created_at
    told = Told(
        tone="warn",
        title=look.markup(N_("%(name)s is connected"), name=name),
        sentence=look.gettext(
            N_("This page was used at %(time)s to connect it, and can be used once."), time=look.time(at)
        ),
        advice=look.gettext(N_("To connect another one, start again.")),
        is_connected=True,
        doors=await doors.of_connected(request, look, attempt),
        attempt=attempt,
    )
    return telling.page(look, told, status=409)


async def _no_cookie(request: Visit) -> Response[bytes]:
    """The browser keeps no cookies, or is another one than the one that came here."""
    look = await look_of(request)
    host = urlsplit(service_of(request).settings.public_url).hostname
    told = Told(
        tone="bad",
        title=look.gettext(N_("This page cannot be used")),
        sentence=look.gettext(N_("Your browser did not keep the note that belongs to this page.")),
        advice=look.markup(
            N_(
                "Allow cookies for %(host)s, or use your normal browser instead of one inside another app. Then go "
                "back to where you started and press Connect again."
            ),
            host=words.bdi(host or ""),
        ),
        is_connected=False,
    )
    return telling.page(look, told, status=400)


async def _list_again(request: Visit, opened: OpenSelection, cookie: str, *, asked: Asked) -> Response[bytes]:
    """Ask the platform anew. What it refuses is told above the list that was read before."""
    service = service_of(request)
    try:
        await selection.list_again(service, opened)
    except MoorlineError as error:
        return await _failed(request, opened, cookie, error, asked=asked, given="")
    search = f"&{urlencode({'q': asked.words})}" if asked.words else ""
    return view.redirect(clean_url(service, opened) + search)


async def _save(
    request: Visit, opened: OpenSelection, cookie: str, *, form: Mapping[str, Any], given: str
) -> Response[bytes]:
    service, choices, asked = service_of(request), selection.listed(opened), Asked.of(form)
    listed, said = str(form.get("listed", "")), picking.of(opened.platform)
    if listed and listed != choose_list.version_of(choices):  # asked anew meanwhile: the numbers may mean others now
        problem = Problem(text=N_("The list has changed. Choose again."), status=409)
        return await show(request, opened, cookie, asked=asked, problem=problem)
    is_person = given == PERSON and offers_person(service, opened)
    choice_id = None if is_person else choose_list.choice_id(choices, given)
    if choice_id is None and not is_person:
        return await show(request, opened, cookie, asked=asked, problem=Problem(text=said.choose, status=400))
    try:
        await selection.choose(service, opened, choice_id, redirect_url=None, once=True)
    except NotFound:
        return await show(request, opened, cookie, asked=asked, problem=Problem(text=said.gone, status=409))
    except MoorlineError as error:
        return await _failed(request, opened, cookie, error, asked=asked, given=given)
    return view.redirect(await _landing_url(service, opened))


async def _failed(
    request: Visit, opened: OpenSelection, cookie: str, error: MoorlineError, *, asked: Asked, given: str
) -> Response[bytes]:
    slug = error.slug if isinstance(error, FlowFailed) else slug_of(error)
    if isinstance(error, InvalidTempToken) or slug == "session_expired":  # left, saved or run out in this moment
        return await _over(request, opened.attempt_id, given=given)
    if slug in _PASSING:
        problem = Problem(slug=slug, status=_PASSING[slug])
        return await show(request, opened, cookie, asked=asked, problem=problem, chosen=given)
    return await slug_page(request, slug, status=400, attempt_id=opened.attempt_id)


async def _cancel(request: Visit, opened: OpenSelection) -> Response[bytes]:
    service = service_of(request)
    await selection.cancel(service, opened)
    return view.redirect(await _landing_url(service, opened))


async def _landing_url(service: Service, opened: OpenSelection) -> str:
    attempt = await attempts.get(service.db, opened.attempt_id)
    return _outcome_url(service, opened) if attempt is None else await landing.url_of(service, attempt)


def _outcome_url(service: Service, opened: OpenSelection) -> str:
    return redirects.page(service.settings.public_url, "outcome", {"attempt": opened.attempt_id})
