"""`/connect/telegram`: what to send to the bot, and what became of it; and the webhook the bot's updates come to."""

import hmac
import json

from litestar import Response, get, post

from moorline.access import public
from moorline.adapter.bot import Update
from moorline.adapter.telegram_updates import parse_update
from moorline.connect import bot_code, bot_updates, landing, state
from moorline.errors import MoorlineError
from moorline.pages import view
from moorline.pages.callback import note_cookie
from moorline.pages.visit import Visit, service_of, slug_page
from moorline.store import attempts, bot_codes, profiles

PLATFORM = "telegram"


@get("/connect/telegram", opt=public(), include_in_schema=False)
async def telegram_page(request: Visit) -> Response[bytes]:
    """The code with its instructions; once it was used, on to where the connection goes."""
    service = service_of(request)
    given = request.query_params.get("state", "")
    attempt = await attempts.by_state(service.db, state.hash_of(given))
    if attempt is None or attempt.platform != PLATFORM:
        return slug_page(request, "invalid_state", status=400)
    if attempt.status == "connected":
        return view.redirect(await landing.url_of(service, attempt), cookies=[note_cookie(service, attempt.id)])
    code = await bot_codes.of_attempt(service.db, attempt.id)
    profile = await profiles.get(service.db, attempt.user_id, attempt.profile_id)
    if code is None or profile is None:
        return slug_page(request, "profile_not_found", status=404, attempt_id=attempt.id)
    if (await bot_code.read_status(service, code)).is_expired:
        return slug_page(request, "session_expired", status=410, attempt_id=attempt.id)
    values = {
        "profile": profile.name,
        "note": code.note,
        "bot": await bot_code.bot_username(service, bot_code.bot(service, PLATFORM)),
        "code": code.code,
        "until": code.expires_at.strftime("%H:%M"),
        "action": "/connect/telegram",
        "state": given,
        "attempt_id": attempt.id,
    }
    return view.page(service, "telegram.html", values)


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
