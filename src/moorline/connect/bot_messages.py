"""What the bot does with what people write to it: join code and chat, check who asks, connect, and say so."""

import logging
from dataclasses import dataclass
from datetime import timedelta

from moorline import clock
from moorline.accounts import history
from moorline.adapter.bot import (
    BotNotAdministrator,
    BotPlatform,
    Chat,
    ChatNotFound,
    IncomingMessage,
    MembershipChange,
)
from moorline.adapter.telegram_text import find_chat_reference, find_code
from moorline.connect import bot_code
from moorline.connect.bot_code import BotNotAllowed, ChatNotEligible
from moorline.errors import FlowFailed, MoorlineError, PlatformError, PlatformRateLimited, StoreUnavailable, Unreachable
from moorline.logs import about, event, printable
from moorline.service import Service
from moorline.store import accounts, bot_codes, bot_inboxes
from moorline.store.accounts import Account
from moorline.store.bot_codes import BotCode
from moorline.store.bot_inboxes import Sender
from moorline.store.db import Statements
from moorline.webhooks import queue

JOIN_TTL_S = 5 * 60  # "forward with comment" arrives as two messages; typing takes a while
MAX_MISSES = 10
MISSES_TTL_S = 15 * 60
LOST = "The bot may no longer post there."
REGAINED = "The bot may post there again."
ASK_FOR_CHAT = (
    "Now send me the name of your channel or group, such as @yourchannel. If it has none, forward one of its messages."
)
# What became of the last message with a code, besides the codes of refusals: it lacks the chat, it is being looked
# into, or that has to wait for the platform.
CHAT_MISSING, CHECKING, DELAYED = "chat_missing", "checking", "delayed"
_MAX_NAME_CHARS, _MAX_NOTE_CHARS = 100, 300
log = logging.getLogger("moorline.bot")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """A private message read: the code and the chat it names, either from an earlier half."""

    message: IncomingMessage
    sender_id: int
    code: str | None
    chat: str | None


async def handle(service: Service, adapter: BotPlatform, update: IncomingMessage | MembershipChange) -> None:
    """Do what an update asks for. Doing it twice changes nothing more: updates may be delivered again.

    Raises: Unreachable, PlatformRateLimited and StoreUnavailable, to be handled again later.
    """
    if isinstance(update, MembershipChange):
        await _follow_membership(service, adapter, update)
    elif update.migrated_to is not None:
        await accounts.rename_identity(service.db, adapter.name, str(update.chat.id), str(update.migrated_to))
    elif update.chat.type == "private" and update.sender_id is not None:
        await _read(service, adapter, update, update.sender_id)


async def _follow_membership(service: Service, adapter: BotPlatform, change: MembershipChange) -> None:
    is_active = adapter.may_post(change.chat, change.after)

    async def write(tx: Statements) -> list[Account]:
        changed = await accounts.set_active(tx, adapter.name, str(change.chat.id), is_active=is_active, now=clock.now())
        for account in changed:
            if is_active:
                await queue.account_event(tx, account, "account.connected")
                await history.note(tx, account, "restored", REGAINED)
            else:
                await queue.account_event(
                    tx, account, "account.disconnected", disconnectionType="unintentional", reason=LOST
                )
                await history.note(tx, account, "lost", LOST)
        return changed

    changed = await service.db.transaction(write)
    if changed:
        event(log, logging.INFO, "bot_membership_changed", chat=change.chat.id, active=is_active, accounts=len(changed))
        for account in [] if is_active else changed:
            event(log, logging.WARNING, "account_lost", account=account.id, platform=account.platform, reason=LOST)


async def _read(service: Service, adapter: BotPlatform, message: IncomingMessage, sender_id: int) -> None:
    bot_id = service.app(adapter.name).client_id
    known = await bot_inboxes.sender(service.db, bot_id, sender_id, clock.now())
    asked = _joined(service, message, sender_id, known)
    if asked.code is None and asked.chat is None:
        return
    if known.misses >= MAX_MISSES:
        event(log, logging.WARNING, "bot_sender_ignored", sender=sender_id, misses=known.misses)
        return
    if asked.code is None or asked.chat is None:
        await _keep_half(service, adapter, asked, bot_id)
        return
    await bot_inboxes.put_half(service.db, bot_id, sender_id, code=None, chat=None, until=clock.now())
    await _bind(service, adapter, asked, code_text=asked.code, chat_text=asked.chat)


def _joined(service: Service, message: IncomingMessage, sender_id: int, known: Sender) -> _Asked:
    code = find_code(message.text, service.settings.telegram_code_prefix)
    chat: str | None = None
    if message.forwarded_chat is not None:
        chat = str(message.forwarded_chat.id)
    elif message.forward_kind is None:
        reference = find_chat_reference(message.text)
        chat = None if reference is None else str(reference)
    if message.forward_kind is not None and known.code is not None:
        code = known.code  # what a forwarded message says was written by somebody else
    return _Asked(
        message=message,
        sender_id=sender_id,
        code=code or (known.code if chat is not None else None),
        chat=chat or (known.chat if code is not None else None),
    )


async def _keep_half(service: Service, adapter: BotPlatform, asked: _Asked, bot_id: str) -> None:
    until = clock.now() + timedelta(seconds=JOIN_TTL_S)
    await bot_inboxes.put_half(service.db, bot_id, asked.sender_id, code=asked.code, chat=asked.chat, until=until)
    if asked.code is not None and asked.message.forward_kind is None:
        await _note(service, asked, asked.code, CHAT_MISSING)
        await _say(service, adapter, asked, ASK_FOR_CHAT)


async def _bind(service: Service, adapter: BotPlatform, asked: _Asked, *, code_text: str, chat_text: str) -> None:
    found = await bot_codes.get(service.db, code_text)
    if found is None or (found.expires_at <= clock.now() and found.account_id is None):
        await _count_miss(service, adapter, asked)
        await _say(service, adapter, asked, "This code is unknown or has run out. Please ask for a new one.")
        return
    about(platform=adapter.name, attempt=found.attempt_id)
    if found.account_id is None:
        await _note(service, asked, found.code, CHECKING)
    try:
        chat = await _proven(service, adapter, asked, chat_text)
        await _connect(service, adapter, asked, found=found, chat=chat)
    except (ChatNotFound, BotNotAdministrator, BotNotAllowed, ChatNotEligible, NotAdministrator, CodeUsed) as error:
        title = error.title if isinstance(error, BotNotAllowed | NotAdministrator) else chat_text
        await _refuse(service, adapter, asked, found, error, chat=title)
    except FlowFailed as error:
        await _refuse(service, adapter, asked, found, error, chat=chat_text)
    except (Unreachable, PlatformRateLimited):  # the message is handled again, if not for ever
        await _note(service, asked, found.code, DELAYED)
        raise
    except StoreUnavailable:
        raise
    except MoorlineError as error:  # nothing the person did; whoever reads the log can mend it
        await _note(service, asked, found.code, error.code)
        raise


class NotAdministrator(PlatformError):
    """Who sent the code does not administer the chat called `title`."""

    status = 400
    code = "not_administrator"

    def __init__(self, who: str, title: str) -> None:
        self.title = title
        super().__init__(f"{who} is no administrator of {title}. Ask an administrator to send the code.")


class CodeUsed(PlatformError):
    """The code connected another chat already."""

    status = 400
    code = "code_used"


async def _proven(service: Service, adapter: BotPlatform, asked: _Asked, chat_text: str) -> Chat:
    """The chat, if the bot may post there and the sender administers it (S45)."""
    reference: int | str = chat_text if chat_text.startswith("@") else int(chat_text)
    chat = await bot_code.postable_chat(service, adapter, reference)
    member = await adapter.get_chat_member(
        service.http, service.app(adapter.name), chat_id=chat.id, user_id=asked.sender_id
    )
    if not adapter.is_administrator(chat, member):
        who = f"@{asked.message.sender_username}" if asked.message.sender_username else "This account"
        raise NotAdministrator(who, chat.title)
    return chat


async def _connect(service: Service, adapter: BotPlatform, asked: _Asked, *, found: BotCode, chat: Chat) -> None:
    # Before the code is used up: refused for this chat, it may still connect another.
    await bot_code.refuse_held(service, adapter, chat, user_id=found.user_id)
    if not await bot_codes.claim(service.db, found.code, str(chat.id), clock.now()):
        if found.chat_id == str(chat.id):  # delivered again after the code ran out: it is done already
            return
        raise CodeUsed("This code was used for another chat. Please ask for a new one.")
    await bot_code.save_chat(
        service, adapter, chat, user_id=found.user_id, profile_id=found.profile_id, attempt_id=found.attempt_id
    )
    await _say(service, adapter, asked, f"{chat.title} is connected. You can go back to where you got the code.")


async def _refuse(
    service: Service, adapter: BotPlatform, asked: _Asked, found: BotCode, error: MoorlineError, *, chat: str
) -> None:
    reason = str(error)
    event(log, logging.WARNING, "bot_code_refused", attempt=found.attempt_id, sender=asked.sender_id, reason=reason)
    await _note(service, asked, found.code, error.code, chat=chat, refusal=reason)
    await _say(service, adapter, asked, reason)


async def _note(
    service: Service, asked: _Asked, code: str, kind: str, *, chat: str | None = None, refusal: str | None = None
) -> None:
    """Keep what became of the message, for the page that shows the code; a refusal also for who asks by API."""
    message = asked.message
    sender = f"@{message.sender_username}" if message.sender_username else message.sender_name
    await bot_codes.set_note(
        service.db,
        code,
        refusal and printable(refusal, _MAX_NOTE_CHARS),
        kind=kind,
        sender=printable(sender, _MAX_NAME_CHARS) or None,
        chat=chat and printable(chat, _MAX_NAME_CHARS),
    )


async def _count_miss(service: Service, adapter: BotPlatform, asked: _Asked) -> None:
    now = clock.now()
    await bot_inboxes.count_miss(
        service.db,
        service.app(adapter.name).client_id,
        asked.sender_id,
        now=now,
        until=now + timedelta(seconds=MISSES_TTL_S),
    )


async def _say(service: Service, adapter: BotPlatform, asked: _Asked, text: str) -> None:
    try:
        await adapter.send_message(service.http, service.app(adapter.name), chat_id=asked.message.chat.id, text=text)
    except PlatformError as error:  # the answer is a courtesy; what was decided stands
        event(log, logging.INFO, "bot_answer_failed", attempt=None, reason=str(error))
