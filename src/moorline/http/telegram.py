"""`/v1/connect/telegram`: the access code, its status, and a chat by its id."""

import re
from typing import Annotated

from litestar import get, patch, post
from litestar.params import FromQuery, JSONBody, QueryParameter

from moorline import clock
from moorline.access import reading, writing
from moorline.connect import bot_code
from moorline.connect.bot_code import CodeStatus
from moorline.connect.start import StartCall
from moorline.errors import BadRequest
from moorline.http.answers import connected_account
from moorline.http.callers import CallerRequest, caller_of, service_of
from moorline.http.shapes.connect import TelegramBody, TelegramCode, TelegramConnected, TelegramStatus

PLATFORM = "telegram"
_CHAT = re.compile(r"-?\d{1,16}|@[A-Za-z][A-Za-z0-9_]{3,31}")


@get("/connect/telegram", opt=writing(), operation_id="getTelegramConnectStatus", tags=["Connect"])
async def telegram_code(
    request: CallerRequest,
    profile_id: Annotated[str, QueryParameter(name="profileId")],
    redirect_url: Annotated[str | None, QueryParameter(name="redirect_url")] = None,
    redirect_url_camel: Annotated[str | None, QueryParameter(name="redirectUrl")] = None,
) -> TelegramCode:
    """A code and what to do with it; beside them a hosted page that tells the person the same."""
    call = StartCall(platform=PLATFORM, profile_id=profile_id, redirect_url=redirect_url or redirect_url_camel or None)
    issued = await bot_code.issue(service_of(request), caller_of(request), call)
    bot = f"@{issued.bot_username}"
    return TelegramCode(
        code=issued.code,
        expires_at=clock.iso(issued.expires_at),
        expires_in=bot_code.CODE_TTL_S,
        bot_username=issued.bot_username,
        instructions=[
            f"1. Add {bot} as an administrator of your channel or group",
            f"2. Open a private chat with {bot}",
            f"3. Send it: {issued.code} @yourchannel (with your channel's own name)",
            "4. Wait for its answer; the account then appears in the list of accounts",
            "Tip: a channel without a public name is connected by forwarding one of its messages along with the code",
        ],
        auth_url=issued.url,
        state=issued.state,
        attempt_id=issued.attempt_id,
    )


@patch("/connect/telegram", opt=reading(), operation_id="completeTelegramConnect", tags=["Connect"])
async def telegram_status(request: CallerRequest, code: FromQuery[str]) -> TelegramStatus:
    """What became of a code; answered without asking Telegram."""
    return to_shape(await bot_code.status_of(service_of(request), caller_of(request), code))


@post("/connect/telegram", opt=writing(), operation_id="initiateTelegramConnect", tags=["Connect"], status_code=200)
async def connect_telegram(request: CallerRequest, data: JSONBody[TelegramBody]) -> TelegramConnected:
    """Connect a chat by its id; the bot must be an administrator there."""
    text = "" if data.chat_id is None else str(data.chat_id).strip()
    if not _CHAT.fullmatch(text):
        raise BadRequest(
            "chatId must be a numeric id such as -1001234567890, or a name such as @mychannel.",
            fields={"chatId": "a numeric id or @name"},
        )
    account = await bot_code.connect_chat(
        service_of(request),
        caller_of(request),
        platform=PLATFORM,
        chat=text if text.startswith("@") else int(text),
        profile_id=data.profile_id,
    )
    return TelegramConnected(message="Telegram channel connected successfully", account=connected_account(account))


def to_shape(status: CodeStatus) -> TelegramStatus:
    """The published form of a code's status."""
    account = status.account
    if account is not None:
        return TelegramStatus(
            status="connected",
            chat_id=account.platform_account_id,
            chat_title=account.display_name,
            chat_type=account.details.get("chatType"),
            account=connected_account(account),
        )
    if status.is_expired:
        return TelegramStatus(status="expired", message="Access code has expired. Please generate a new one.")
    left_s = int((status.code.expires_at - clock.now()).total_seconds())
    return TelegramStatus(
        status="pending",
        expires_at=clock.iso(status.code.expires_at),
        expires_in=max(left_s, 0),
        note=status.code.note,
    )


ROUTES = [telegram_code, telegram_status, connect_telegram]
