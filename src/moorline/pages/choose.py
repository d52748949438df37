"""`/connect/{platform}/{path}`: one chooser for whatever a platform lets people pick."""

import hashlib
import re
from collections.abc import Mapping
from urllib.parse import quote

from litestar import Response, get, post
from litestar.params import FromPath

from moorline.access import public
from moorline.adapter.oauth import OAuthPlatform
from moorline.adapter.values import Choice, Choices
from moorline.connect import landing, redirects, selection
from moorline.connect.finish import slug_of
from moorline.errors import FlowFailed, InvalidTempToken, MoorlineError, NotFound
from moorline.pages import view, words
from moorline.pages.callback import note_cookie
from moorline.pages.visit import Visit, cookie_attempts, csrf_matches, csrf_of, is_same_site, service_of, slug_page
from moorline.service import Service
from moorline.store import attempts, profiles
from moorline.store.selections import OpenSelection

PERSON = "person"  # the row of the person's own account; all others are numbered


@get("/connect/{platform:str}/{path:str}", opt=public(), include_in_schema=False)
async def chooser(request: Visit, platform: FromPath[str], path: FromPath[str]) -> Response[bytes]:
    """Show the choice. Entered with handles in the address, they become a cookie and a clean address at once."""
    if not _is_chooser(service_of(request), platform, path):
        return slug_page(request, "invalid_state", status=404)
    query = request.query_params
    if not query.keys().isdisjoint({"tempToken", "pendingDataToken", "connect_token"}):
        return await _enter(request, platform, path, query)
    try:
        opened, cookie = await _at(request, query.get("attempt", ""))
    except InvalidTempToken:
        return await _over(request, query.get("attempt", ""))
    return await _show(request, opened, cookie)


@post("/connect/{platform:str}/{path:str}", opt=public(), include_in_schema=False, status_code=200)
async def chosen(request: Visit, platform: FromPath[str], path: FromPath[str]) -> Response[bytes]:
    """Save the choice, or leave without one."""
    if not _is_chooser(service_of(request), platform, path) or not is_same_site(request):
        return slug_page(request, "invalid_state", status=403)
    form = await request.form()
    attempt_id = str(form.get("attempt", ""))
    try:
        opened, cookie = await _at(request, attempt_id)
    except InvalidTempToken:
        return await _over(request, attempt_id)
    if not csrf_matches(cookie, str(form.get("csrf", ""))):
        return slug_page(request, "invalid_state", status=403)
    if form.get("action") == "cancel":
        return await _cancel(request, opened)
    given, listed = str(form.get("choice", "")), str(form.get("listed", ""))
    return await _save(request, opened, cookie, given=given, listed=listed)


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
        return slug_page(request, "session_expired", status=410)
    if opened.platform != platform:
        return slug_page(request, "invalid_state", status=400)
    clean = redirects.page(
        service.settings.public_url, f"{quote(platform)}/{quote(path)}", {"attempt": opened.attempt_id}
    )
    # It outlives the selection, so that a page left open too long can still say so.
    return view.redirect(clean, cookies=[note_cookie(service, opened.attempt_id)])


async def _at(request: Visit, attempt_id: str) -> tuple[OpenSelection, str]:
    """The open selection this browser is at, and its cookie's value. Raises: InvalidTempToken."""
    value = request.cookies.get(view.COOKIE_PREFIX + attempt_id, "")
    opened = await landing.by_cookie(service_of(request), value)
    if opened.attempt_id != attempt_id or opened.saved_account_id is not None:
        raise InvalidTempToken
    return opened, value


async def _over(request: Visit, attempt_id: str) -> Response[bytes]:
    """Reloaded, gone back to, or an hour later: the truth about the attempt."""
    service = service_of(request)
    if attempt_id in cookie_attempts(request):
        attempt = await attempts.get(service.db, attempt_id)
        if attempt is not None and attempt.status in {"connected", "failed"}:
            return view.redirect(redirects.page(service.settings.public_url, "outcome", {"attempt": attempt_id}))
        return slug_page(request, "session_expired", status=410, attempt_id=attempt_id)
    return slug_page(request, "invalid_state", status=400)


async def _show(
    request: Visit, opened: OpenSelection, cookie: str, *, problem: str | None = None, status: int = 200
) -> Response[bytes]:
    service = service_of(request)
    profile = await profiles.get(service.db, opened.user_id, opened.profile_id)
    if profile is None:
        return slug_page(request, "profile_not_found", status=404, attempt_id=opened.attempt_id)
    choices = selection.listed(opened)
    picks = landing.picks_of(service, opened.platform)
    picking = words.PICKING.get(opened.platform, words.Picking(platform=opened.platform, what="item"))
    values = {
        "problem": problem,
        "platform": picking.platform,
        "what": picking.what,
        "profile": profile.name,
        "person": opened.identity["display_name"],
        "or_person": PERSON if picks is not None and picks.or_person else None,
        "items": [_row(item, picking.hints) for item in choices.items],
        "unavailable": choices.unavailable,
        "action": request.scope["path"],
        "attempt_id": opened.attempt_id,
        "csrf": csrf_of(cookie),
        "listed": _listed(choices),
        "until": opened.expires_at.strftime("%H:%M"),
    }
    return view.page(service, "choose.html", values, status=status)


def _row(item: Choice, hints: tuple[str, ...]) -> dict[str, str]:
    told = " · ".join(str(item.shown[hint]) for hint in hints if item.shown.get(hint))
    return {"name": item.name, "username": item.username or "", "hint": told}


async def _save(request: Visit, opened: OpenSelection, cookie: str, *, given: str, listed: str) -> Response[bytes]:
    service = service_of(request)
    choices = selection.listed(opened)
    if listed and listed != _listed(choices):  # asked anew meanwhile: the numbers may mean others now
        return await _show(request, opened, cookie, problem="The list has changed. Choose again", status=409)
    picks = landing.picks_of(service, opened.platform)
    is_person = given == PERSON and picks is not None and picks.or_person
    choice_id = None if is_person else _choice_id(choices, given)
    if choice_id is None and not is_person:
        return await _show(request, opened, cookie, problem="Choose one from the list", status=400)
    try:
        done = await selection.choose(service, opened, choice_id, redirect_url=None, once=True)
    except NotFound:
        return await _show(request, opened, cookie, problem="That one is not available any more", status=409)
    except MoorlineError as error:
        return await _failed(request, opened, error)
    return view.redirect(done.redirect_url or _outcome_url(service, opened))


def _listed(choices: Choices) -> str:
    """What the numbers of the rows stand for."""
    return hashlib.sha256("\x00".join(item.id for item in choices.items).encode()).hexdigest()[:16]


def _choice_id(choices: Choices, given: str) -> str | None:
    """Rows are numbered, so that no platform id stands in the page."""
    if not re.fullmatch(r"[0-9]{1,6}", given) or int(given) >= len(choices.items):
        return None
    return choices.items[int(given)].id


async def _failed(request: Visit, opened: OpenSelection, error: MoorlineError) -> Response[bytes]:
    slug = error.slug if isinstance(error, FlowFailed) else slug_of(error)
    return slug_page(request, slug, status=503 if slug == "platform_unavailable" else 400, attempt_id=opened.attempt_id)


async def _cancel(request: Visit, opened: OpenSelection) -> Response[bytes]:
    service = service_of(request)
    await selection.cancel(service, opened)
    attempt = await attempts.get(service.db, opened.attempt_id)
    return view.redirect(_outcome_url(service, opened) if attempt is None else await landing.url_of(service, attempt))


def _outcome_url(service: Service, opened: OpenSelection) -> str:
    return redirects.page(service.settings.public_url, "outcome", {"attempt": opened.attempt_id})
