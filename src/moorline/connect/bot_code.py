"""Platforms with a bot (Telegram): issue an access code, tell what became of it, bind a chat."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from moorline import clock, ids
from moorline.accounts import accounts
from moorline.accounts.proven import Proven
from moorline.adapter.bot import BotPlatform, Chat, ChatMigrated
from moorline.connect.start import StartCall, count_start, hosted_page, make_attempt, note_started
from moorline.errors import BadRequest, FlowFailed, NotFound, Refused
from moorline.limits.buckets import TELEGRAM_POLL
from moorline.logs import about
from moorline.owners import profiles
from moorline.owners.caller import Caller
from moorline.service import Service
from moorline.store import accounts as stored_accounts
from moorline.store import attempts, bot_codes, bot_inboxes
from moorline.store.accounts import Account
from moorline.store.bot_codes import BotCode
from moorline.store.db import Statements, UniqueViolated

CODE_TTL_S = 15 * 60


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuedCode:
    """A code to send to the bot, and the hosted page that explains it."""

    code: str
    expires_at: datetime
    bot_username: str
    url: str = field(repr=False)
    state: str = field(repr=False)
    attempt_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeStatus:
    """What became of a code. `account` is set once it was used; `note` is the last refusal."""

    code: BotCode
    account: Account | None
    is_expired: bool


class ChatNotEligible(Refused):
    """The chat may not be connected here; it is not told whether somebody else holds it."""

    status = 400
    code = "chat_not_eligible"


def bot(service: Service, platform: str) -> BotPlatform:
    """The adapter of a bot platform whose bot is configured. Raises: BadRequest, NotConfigured."""
    adapter = service.platforms.get(platform)
    if not isinstance(adapter, BotPlatform):
        raise BadRequest(f"{platform} has no bot.")
    service.app(platform)
    about(platform=platform)
    return adapter


async def issue(service: Service, caller: Caller, call: StartCall) -> IssuedCode:
    """Save a started attempt with its code. Raises: as `start.start`; AppMisconfigured and the like for the bot."""
    adapter = bot(service, call.platform)
    issued = make_attempt(service, caller, call, adapter)
    await count_start(service, caller, call)
    username = await bot_username(service, adapter)
    expires_at = issued.attempt.created_at + timedelta(seconds=CODE_TTL_S)
    code = ids.new_access_code(service.settings.telegram_code_prefix)

    async def save(tx: Statements) -> bool:
        if not caller.may_see(call.profile_id) or not await attempts.insert_for_profile(tx, issued.attempt):
            return False
        await bot_codes.insert(tx, code=code, attempt_id=issued.attempt.id, expires_at=expires_at)
        return True

    try:
        saved = await service.db.transaction(save)
    except UniqueViolated:  # the code is in use, one in a billion: draw another
        return await issue(service, caller, call)
    if not saved:
        await profiles.visible(service.db, caller, call.profile_id)
        raise NotFound("Profile not found")
    note_started(issued)
    return IssuedCode(
        code=code,
        expires_at=expires_at,
        bot_username=username,
        url=hosted_page(service, adapter.name, issued.state),
        state=issued.state,
        attempt_id=issued.attempt.id,
    )


async def status_of(service: Service, caller: Caller, code: str) -> CodeStatus:
    """What became of a code of this tenant; answered from the store alone. Raises: NotFound, RateLimited."""
    wanted = code.strip().upper()
    await service.limits.count((TELEGRAM_POLL, f"{caller.user_id} {wanted}"))
    # PostgreSQL takes no NUL, not even in a question.
    found = await bot_codes.get(service.db, wanted) if wanted.isprintable() else None
    if found is None or found.user_id != caller.user_id or not caller.may_see(found.profile_id):
        raise NotFound("Code not found")
    return await read_status(service, found)


async def read_status(service: Service, found: BotCode) -> CodeStatus:
    """What became of a code."""
    account = None
    if found.account_id is not None:
        entry = await stored_accounts.get(service.db, found.user_id, found.account_id)
        account = None if entry is None else entry.account
    return CodeStatus(code=found, account=account, is_expired=account is None and found.expires_at <= clock.now())


async def connect_chat(service: Service, caller: Caller, *, platform: str, chat: int | str, profile_id: str) -> Account:
    """Connect a chat by its id: the bot must be able to post there, and no other tenant may hold it.

    Raises: as `owners.profiles.visible`; ChatNotFound, BotNotAdministrator, ChatNotEligible; platform errors.
    """
    await profiles.visible(service.db, caller, profile_id)
    adapter = bot(service, platform)
    await bot_username(service, adapter)  # leaves the inbox under which chats are told apart
    found = await postable_chat(service, adapter, chat)
    return await save_chat(service, adapter, found, user_id=caller.user_id, profile_id=profile_id, attempt_id=None)


async def postable_chat(service: Service, adapter: BotPlatform, chat: int | str) -> Chat:
    """The chat, if the bot may post there; a group that became a supergroup is found by its old id too.

    Raises: ChatNotFound, BotNotAdministrator; platform errors.
    """
    app = service.app(adapter.name)
    try:
        found = await adapter.get_chat(service.http, app, chat)
    except ChatMigrated as migrated:
        found = await adapter.get_chat(service.http, app, migrated.new_id)
    member = await adapter.get_chat_member(service.http, app, chat_id=found.id, user_id=int(app.client_id))
    if not (adapter.may_post(found, member) and adapter.is_administrator(found, member)):
        raise BotNotAllowed(found.title)
    return found


class BotNotAllowed(Refused):
    """The bot is in the chat, but no administrator who may post there."""

    status = 400
    code = "bot_not_administrator"

    def __init__(self, title: str) -> None:
        self.title = title
        super().__init__(f"The bot is in {title}, but not as administrator. Open its administrators and add the bot.")


async def save_chat(
    service: Service, adapter: BotPlatform, chat: Chat, *, user_id: str, profile_id: str, attempt_id: str | None
) -> Account:
    """Save the account of a chat. Raises: ChatNotEligible when another tenant holds it; as `accounts.save`."""
    await refuse_held(service, adapter, chat, user_id=user_id)
    proven = Proven(
        user_id=user_id,
        profile_id=profile_id,
        platform=adapter.name,
        app_id=service.app(adapter.name).client_id,
        connection=adapter.to_connection(chat),
        is_exclusive=True,
    )
    try:
        return await accounts.save(service, proven, attempt_id=attempt_id)
    except FlowFailed as error:
        if error.slug == "account_not_eligible":
            raise ChatNotEligible(str(error)) from error
        raise


async def refuse_held(service: Service, adapter: BotPlatform, chat: Chat, *, user_id: str) -> None:
    """Raises: ChatNotEligible when another tenant holds the chat."""
    held_id = adapter.to_connection(chat).platform_account_id
    if await stored_accounts.held_by_another(service.db, adapter.name, held_id, user_id):
        raise ChatNotEligible("This chat cannot be connected here.")


async def bot_username(service: Service, adapter: BotPlatform) -> str:
    """The bot's user name: asked of the platform once, then kept. Raises: platform errors."""
    app = service.app(adapter.name)
    known = await bot_inboxes.get_name(service.db, app.client_id)
    if known is not None:
        return known
    username = (await adapter.get_me(service.http, app)).username
    await bot_inboxes.put_name(service.db, app.client_id, username)
    return username
