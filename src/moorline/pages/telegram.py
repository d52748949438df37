"""`/connect/telegram`: what to send to the bot, and what became of it; and the webhook the bot's updates come to."""

import hmac
import json
from functools import lru_cache
from urllib.parse import quote

from litestar import Response, get, post
from markupsafe import Markup

from moorline.access import public
from moorline.adapter.bot import Update
from moorline.adapter.telegram_updates import parse_update
from moorline.connect import bot_code, bot_updates, landing, state
from moorline.errors import MoorlineError
from moorline.limits.buckets import TELEGRAM_POLL
from moorline.pages import doors, telegram_words, telling, view
from moorline.pages.callback import note_cookie
from moorline.pages.look import look_of
from moorline.pages.qr import draw
from moorline.pages.request import count
from moorline.pages.telling import Told
from moorline.pages.visit import Visit, cookie_attempts, error_page, service_of, slug_page
from moorline.pages.words import N_
from moorline.store import attempts, bot_codes, profiles
from moorline.store.attempts import Attempt
from moorline.store.bot_codes import BotCode

PLATFORM = "telegram"
NEW_CODE = N_("New code")


@get("/connect/telegram", opt=public(), include_in_schema=False)
async def telegram_page(request: Visit) -> Response[bytes]:
    """The code with its instructions; once it was used, on to where the connection goes. Raises: RateLimited."""
    service = service_of(request)
    state_text = request.query_params.get("state", "")
    await count(request, (TELEGRAM_POLL, state_text))
    attempt = await attempts.by_state(service.db, state.hash_of(state_text))
    if attempt is None or attempt.platform != PLATFORM:
        return await slug_page(request, "invalid_state", status=400)
    if attempt.status == "connected":
        return view.redirect(await landing.url_of(service, attempt), cookies=[note_cookie(service, attempt.id)])
    code = await bot_codes.of_attempt(service.db, attempt.id)
    profile = await profiles.get(service.db, attempt.user_id, attempt.profile_id)
    if code is None or profile is None:
        return await slug_page(request, "profile_not_found", status=404, attempt_id=attempt.id)
    if (await bot_code.read_status(service, code)).is_expired:
        return await _expired(request, attempt)
    try:
        bot = await bot_code.bot_username(service, bot_code.bot(service, PLATFORM))
    except MoorlineError as error:  # the operator took the bot away, or Telegram did
        return await error_page(request, error, attempt_id=attempt.id)
    return await _page(request, attempt, code, bot=bot, profile=profile.name, state_text=state_text)


async def _page(
    request: Visit, attempt: Attempt, code: BotCode, *, bot: str, profile: str, state_text: str
) -> Response[bytes]:
    service = service_of(request)
    look = await look_of(request, user_id=attempt.user_id, language=attempt.language)
    is_known = attempt.id in cookie_attempts(request)
    news = telegram_words.of(look, code)
    open_url = f"https://t.me/{quote(bot)}?start={quote(code.code)}"
    values = {
        "profile": profile,
        "bot": bot,
        "bot_url": f"https://t.me/{quote(bot)}",
        "open_url": open_url,
        "qr": qr(open_url),
        "message": f"{code.code} @yourchannel",
        "until": code.expires_at,
        "news": news,
        "new_code": doors.again(request, look, attempt, label=NEW_CODE, as_another=False)
        if is_known and news is not None and news.is_spent
        else None,
        "state": state_text,
        "attempt_id": attempt.id,
    }
    return view.page(
        look,
        "telegram.html",
        values,
        # Not anew each time: the page asks again every few seconds, and its forms were made for the one there is.
        cookies=[] if is_known else [note_cookie(service, attempt.id)],
        popup=attempt.opener_origin is not None,
        form_to=() if attempt.redirect_url is None else (attempt.redirect_url,),
    )


async def _expired(request: Visit, attempt: Attempt) -> Response[bytes]:
    """The browser that was here gets a new code by one button; any other is told to start again."""
    if attempt.id not in cookie_attempts(request):
        return await slug_page(request, "session_expired", status=410, attempt_id=attempt.id)
    look = await look_of(request, user_id=attempt.user_id, language=attempt.language)
    told = Told(
        tone="warn",
        title=look.gettext(N_("The code ran out")),
        sentence=look.gettext(N_("For safety a code can be used for a quarter of an hour only.")),
        advice=look.gettext(N_("Take a new one; the old one is of no more use.")),
        is_connected=False,
        doors=(doors.again(request, look, attempt, label=NEW_CODE, as_another=False),),
        attempt=attempt,
    )
    return telling.page(look, told, status=410)


@lru_cache(maxsize=256)
def qr(url: str) -> Markup:
    """The picture of an address for a camera; made once, since its page asks for itself again."""
    return draw(url)


@post("/connect/telegram/webhook", opt=public(), include_in_schema=False, status_code=200)
async def telegram_webhook(request: Visit) -> Response[bytes]:
    """One update, delivered by Telegram with our secret; answered 200 once it is dealt with, so none is lost."""
    service = service_of(request)
    if service.settings.telegram_mode != "webhook":
        return _plain(404)
    try:
        adapter = bot_code.bot(service, PLATFORM)
    except MoorlineError:
        return _plain(404)
    given = request.headers.get(adapter.secret_header, "")
    if not hmac.compare_digest(given.encode(), bot_updates.webhook_secret(service, adapter).encode()):
        return _plain(401)
    try:
        raw = json.loads(await request.body())
    except (ValueError, RecursionError):
        return _plain(400)
    event = parse_update(raw)
    if event is not None:
        await bot_updates.handle_with_patience(service, adapter, Update(update_id=event.update_id, event=event))
    return _plain(200)


def _plain(status: int) -> Response[bytes]:
    return Response(b"", status_code=status, media_type="text/plain")
