"""`/connect/bluesky`: the form that stands in for the authorization page Bluesky does not have."""

from collections.abc import Sequence
from datetime import timedelta
from urllib.parse import urlencode

from litestar import Response, get, post

from moorline import clock
from moorline.access import public
from moorline.connect import app_password, landing
from moorline.connect.app_password import Credentials
from moorline.errors import FlowFailed, InvalidState, MoorlineError, RateLimited, Slug
from moorline.limits.counting import note_refusal
from moorline.pages import bluesky_words, view
from moorline.pages.bluesky_words import Problem
from moorline.pages.callback import note_cookie
from moorline.pages.look import Look, look_of
from moorline.pages.request import client_of
from moorline.pages.visit import Visit, cookie_attempts, is_same_site, service_of, slug_page
from moorline.service import Service
from moorline.store import attempts, profiles
from moorline.store.attempts import Attempt

PLATFORM = "bluesky"
APP_PASSWORDS_URL = "https://bsky.app/settings/app-passwords"  # docs/platforms/bluesky.md#app-passwords
WARN_BEFORE = timedelta(minutes=3)
MAX_TYPED_CHARS = 512
_STATUSES: dict[Slug, int] = {"token_exchange_failed": 429}  # it can only mean: too many tries


@get("/connect/bluesky", opt=public(), include_in_schema=False)
async def bluesky_form(request: Visit) -> Response[bytes]:
    """The empty form, while its state can be used; what came of it afterwards."""
    state_text = request.query_params.get("state", "")
    attempt = await app_password.find(service_of(request), PLATFORM, state_text)
    if attempt is None:
        return await slug_page(request, "invalid_state", status=400)
    if not app_password.is_open(attempt):
        return await _over(request, attempt)
    look = await look_of(request, user_id=attempt.user_id, language=attempt.language)
    return await _form(request, look, attempt, state_text=state_text)


@post("/connect/bluesky", opt=public(), include_in_schema=False, status_code=200)
async def bluesky_submit(request: Visit) -> Response[bytes]:
    """Sign in; a refusal keeps the handle and empties the password."""
    if not is_same_site(request):
        return await slug_page(request, "invalid_state", status=403)
    service, form = service_of(request), await request.form()
    state_text = str(form.get("state", ""))
    attempt = await app_password.find(service, PLATFORM, state_text)
    if attempt is None:
        return await slug_page(request, "invalid_state", status=400)
    if not app_password.is_open(attempt):
        return await _over(request, attempt)
    credentials = Credentials(
        platform=PLATFORM,
        identifier=str(form.get("identifier", "")),
        password=str(form.get("appPassword", "")),
    )
    look = await look_of(request, user_id=attempt.user_id, language=attempt.language)
    look = look.at(f"?{urlencode({'state': state_text})}")  # in another language one begins anew
    is_meant = form.get("action") == "anyway"
    problems = _before_sending(service, look, credentials, is_meant=is_meant)
    if problems:
        return await _form(
            request, look, attempt, state_text=state_text, typed=credentials.identifier, problems=problems
        )
    return await _sign_in(request, look, attempt, credentials, state_text=state_text)


def _before_sending(service: Service, look: Look, credentials: Credentials, *, is_meant: bool) -> list[Problem]:
    """What is wrong already with what was typed."""
    found: list[Problem] = []
    if not credentials.identifier.strip():
        found.append(Problem(field="identifier", text=look.translated(bluesky_words.NO_IDENTIFIER)))
    if not credentials.password.strip():
        found.append(Problem(field="app-password", text=look.translated(bluesky_words.NO_PASSWORD)))
    elif not is_meant and not app_password.looks_like_app_password(service, credentials):
        text = look.translated(bluesky_words.NOT_AN_APP_PASSWORD)
        found.append(Problem(field="app-password", text=text, is_doubt=True))
    return found


async def _sign_in(
    request: Visit, look: Look, attempt: Attempt, credentials: Credentials, *, state_text: str
) -> Response[bytes]:
    service = service_of(request)
    try:
        await app_password.connect_attempt(service, credentials, state_text=state_text, client=client_of(request))
    except InvalidState:  # the same form sent twice: the first one tells what came of it
        return await _over(request, await attempts.get(service.db, attempt.id) or attempt)
    except RateLimited as error:
        note_refusal(request.scope, error)
        typed, problems = credentials.identifier, [bluesky_words.too_many(look, error)]
        page = await _form(request, look, attempt, state_text=state_text, typed=typed, problems=problems)
        page.headers["retry-after"] = str(error.retry_after_s)
        return page
    except FlowFailed as error:
        return await slug_page(request, error.slug, status=400, attempt_id=attempt.id)
    except MoorlineError as error:
        problem = bluesky_words.of(look, error, identifier=credentials.identifier)
        if problem is None:
            raise
        now = await attempts.get(service.db, attempt.id) or attempt
        if not app_password.is_open(now):  # that was the last try
            return await _over(request, now)
        return await _form(
            request, look, attempt, state_text=state_text, typed=credentials.identifier, problems=[problem]
        )
    finished = await attempts.get(service.db, attempt.id) or attempt
    url = await landing.url_of(service, finished)
    return view.redirect(url, cookies=[note_cookie(service, attempt.id)])


async def _over(request: Visit, attempt: Attempt) -> Response[bytes]:
    """Reloaded, gone back to, sent twice, or an hour later: the truth about the attempt."""
    if attempt.consumed_at is None:
        slug: Slug = "token_exchange_failed" if attempt.tries >= app_password.MAX_TRIES else "session_expired"
        return await slug_page(request, slug, status=_STATUSES.get(slug, 400), attempt_id=attempt.id)
    if attempt.id not in cookie_attempts(request):
        return await slug_page(request, "invalid_state", status=400)
    service = service_of(request)
    attempt = await app_password.settled(service, attempt)
    if attempt.status == "failed":
        slug = landing.slug_of(attempt)
        return await slug_page(request, slug, status=_STATUSES.get(slug, 400), attempt_id=attempt.id)
    return view.redirect(await landing.url_of(service, attempt))


async def _form(
    request: Visit,
    look: Look,
    attempt: Attempt,
    *,
    state_text: str,
    typed: str = "",
    problems: Sequence[Problem] = (),
) -> Response[bytes]:
    service = service_of(request)
    profile = await profiles.get(service.db, attempt.user_id, attempt.profile_id)
    if profile is None:
        return await slug_page(request, "profile_not_found", status=404, attempt_id=attempt.id)
    values = {
        "problems": problems,
        "offers_anyway": any(problem.is_doubt for problem in problems),
        "profile": profile.name,
        "state": state_text,
        "identifier": typed[:MAX_TYPED_CHARS],
        "longest": MAX_TYPED_CHARS,
        "app_passwords_url": APP_PASSWORDS_URL,
        "attempt_id": attempt.id,
        "until": attempt.expires_at,
        "warn_in_s": max(int((attempt.expires_at - WARN_BEFORE - clock.now()).total_seconds()), 0),
    }
    return view.page(
        look,
        "bluesky.html",
        values,
        status=problems[0].status if problems else 200,
        # Not anew each time: forms of other tabs were made for the one there is.
        cookies=[] if attempt.id in cookie_attempts(request) else [note_cookie(service, attempt.id)],
        popup=attempt.opener_origin is not None,
        form_to=() if attempt.redirect_url is None else (attempt.redirect_url,),
    )
