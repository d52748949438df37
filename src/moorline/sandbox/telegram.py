"""The Telegram Bot API, played. Chats, people, the bot's token: `telegram_world`; control calls: `telegram_control`.

Another bot is valid once an app of platform `telegram` is on the books with a bot token as its client secret (the
control call `bots` puts it there); it is in no chat at first. Not played: multipart bodies, markup (`parse_mode` is
accepted, the text recorded as sent), replies by the bot, answers in the webhook's reply, Telegram's own unpublished
rate limits (ask for a 429 with the control call `flood`).
Source: telegram.md.
"""

from datetime import datetime, timedelta
from typing import ClassVar

from typing_extensions import override

from moorline.sandbox.kernel import Books, Call, Covered, Reply, SandboxPlatform, endpoint
from moorline.sandbox.telegram_actions import Actions
from moorline.sandbox.telegram_calls import HOST, Answer, Arguments, BotApiRefused, bot_method
from moorline.sandbox.telegram_chats import (
    TEXT_LIMIT,
    administrators,
    chat_member,
    readable_chat,
    writable_chat,
)
from moorline.sandbox.telegram_control import Control
from moorline.sandbox.telegram_inbox import Inbox
from moorline.sandbox.telegram_session import BotSession
from moorline.sandbox.telegram_shapes import (
    CAPTION_PHOTO_ID,
    PHOTO,
    Json,
    full_chat_json,
    photo_ids,
    user_json,
)
from moorline.sandbox.telegram_world import (
    ADMINISTRATORS,
    BOT,
    BOT_TOKEN,
    SANDBOX_BOT_TOKEN,
    Kind,
    Member,
    Standing,
    User,
    World,
    registered_bot,
)

TOKEN_LIMIT = 80
FILE_LIFE = timedelta(hours=1)  # unverified


class Telegram(SandboxPlatform):
    """The Bot API server with its bots, chats and people."""

    name: ClassVar[str] = "telegram"
    hosts: ClassVar[tuple[str, ...]] = (HOST,)
    people: ClassVar[tuple[str, ...]] = (BOT.username,)  # revoking it is what BotFather's /revoke does

    def __init__(self, books: Books) -> None:
        self._sessions: dict[str, BotSession] = {}
        # Update ids go on over resets and restarts, since a consumer may have kept its offset.
        self._last_update_id = int(books.clock.now().timestamp())
        super().__init__(books)

    @override
    def reset(self) -> None:
        for session in self._sessions.values():
            session.stop()
        self._world = World.seeded()
        self._sent: dict[int, list[Json]] = {}
        self._files: dict[str, datetime] = {}
        self._revoked: set[str] = set()
        self._sessions = {SANDBOX_BOT_TOKEN: self._new_session(BOT)}
        self._actions = Actions(self._world, self._sessions, self.books.clock)
        self.books.issue(self.name, "bot_token", SANDBOX_BOT_TOKEN)

    @override
    async def close(self) -> None:
        for session in self._sessions.values():
            await session.close()

    def session(self, token: str) -> BotSession:
        """The bot that a token opens.

        Raises: BotApiRefused 401 for a malformed or unknown token, 429 or 400 when the bot may not call now.
        """
        if ":" not in token or token.startswith("0") or len(token) > TOKEN_LIMIT:
            raise BotApiRefused(401, "Unauthorized: invalid token specified")
        session = self._sessions.get(token) or self._registered(token)
        if session is None or token in self._revoked:
            raise BotApiRefused(401, "Unauthorized")
        session.admit()
        return session

    def _registered(self, token: str) -> BotSession | None:
        """The bot of an app that was registered with this token."""
        known = any(app.platform == self.name and app.client_secret == token for app in self.books.apps.values())
        if not known or not BOT_TOKEN.fullmatch(token):
            return None
        bot = registered_bot(token)
        self._world.add_user(bot)
        return self._sessions.setdefault(token, self._new_session(bot))

    def _new_session(self, bot: User) -> BotSession:
        return BotSession(bot, Inbox(self.books.clock, self._next_update_id), self.books)

    def _next_update_id(self) -> int:
        self._last_update_id += 1
        return self._last_update_id

    # --- the bot itself -----------------------------------------------------------------------------------------------

    @bot_method("getMe", source="telegram.md section 4")
    async def get_me(self, session: BotSession, _given: Arguments) -> Answer:
        """Who the token belongs to."""
        abilities = {"can_join_groups": True, "can_read_all_group_messages": False, "supports_inline_queries": False}
        return Answer(result={**user_json(session.bot), **abilities})

    @bot_method("logOut", source="telegram.md section 4")
    async def log_out(self, session: BotSession, _given: Arguments) -> Answer:
        """Every later call is refused, until reset."""
        session.stop()
        session.logged_out = True
        return Answer(result=True)

    # --- updates ------------------------------------------------------------------------------------------------------

    @bot_method("getUpdates", source="telegram.md section 3")
    async def get_updates(self, session: BotSession, given: Arguments) -> Answer:
        """Long polling."""
        return await session.updates(given)

    @bot_method("setWebhook", source="telegram.md section 3", covered=Covered.PARTIAL)
    async def set_webhook(self, session: BotSession, given: Arguments) -> Answer:
        """`certificate` and `ip_address` are not played."""
        return session.set_webhook(given)

    @bot_method("deleteWebhook", source="telegram.md section 3")
    async def delete_webhook(self, session: BotSession, given: Arguments) -> Answer:
        """Back to long polling."""
        return session.delete_webhook(given)

    @bot_method("getWebhookInfo", source="telegram.md section 3")
    async def get_webhook_info(self, session: BotSession, _given: Arguments) -> Answer:
        """The webhook, what waits for it, and its last trouble."""
        return session.webhook_info()

    # --- chats --------------------------------------------------------------------------------------------------------

    @bot_method("getChat", source="telegram.md section 7")
    async def get_chat(self, session: BotSession, given: Arguments) -> Answer:
        """A public chat is shown to bots outside it too."""
        chat = readable_chat(self._world, session.bot, given)
        administers = self._world.member(chat.id, session.bot.id).standing in ADMINISTRATORS
        return Answer(result=full_chat_json(chat, self._world.users.get(chat.id), with_invite_link=administers))

    @bot_method("getChatMember", source="telegram.md section 8")
    async def get_chat_member(self, session: BotSession, given: Arguments) -> Answer:
        """What a user is in a chat."""
        return Answer(result=chat_member(self._world, session.bot, given))

    @bot_method("getChatAdministrators", source="telegram.md section 8")
    async def get_chat_administrators(self, session: BotSession, given: Arguments) -> Answer:
        """The creator and the administrators."""
        return Answer(result=administrators(self._world, session.bot, given))

    @bot_method("leaveChat", source="telegram.md section 9")
    async def leave_chat(self, session: BotSession, given: Arguments) -> Answer:
        """The bot's membership ends (the text for private chats is unverified)."""
        chat = readable_chat(self._world, session.bot, given)
        if chat.kind is Kind.PRIVATE:
            raise BotApiRefused(400, "Bad Request: chat member status can't be changed in private chats")
        self._actions.change_member(chat, session.bot, Member(standing=Standing.LEFT), by=session.bot)
        return Answer(result=True)

    @bot_method("sendMessage", source="telegram.md section 8", covered=Covered.PARTIAL)
    async def send_message(self, session: BotSession, given: Arguments) -> Answer:
        """Plain text; `parse_mode`, `reply_parameters` and keyboards change nothing."""
        text = given.text("text").strip()
        if not text:
            raise BotApiRefused(400, "Bad Request: message text is empty")
        chat = writable_chat(self._world, session.bot, given)
        if len(text) > TEXT_LIMIT:
            raise BotApiRefused(400, "Bad Request: message is too long")
        message = self._actions.post(chat, session.bot, text)
        self._sent.setdefault(chat.id, []).append(message)
        return Answer(result=message)

    # --- files --------------------------------------------------------------------------------------------------------

    @bot_method("getFile", source="telegram.md section 7", covered=Covered.PARTIAL)
    async def get_file(self, _session: BotSession, given: Arguments) -> Answer:
        """Photos of chats and captioned messages (the refusal's text is unverified)."""
        file_id = given.text("file_id")
        known = [CAPTION_PHOTO_ID]
        for chat in self._world.chats.values():
            known += photo_ids(chat.id) if chat.has_photo else ()
        if file_id not in known:
            raise BotApiRefused(400, "Bad Request: wrong file_id or the file is temporarily unavailable")
        path = f"profile_photos/file_{known.index(file_id)}.png"
        self._files[path] = self.books.clock.now() + FILE_LIFE
        unique = f"sandboxfile{known.index(file_id)}"
        body = {"file_id": file_id, "file_unique_id": unique, "file_size": len(PHOTO), "file_path": path}
        return Answer(result=body)

    @endpoint("GET", HOST, "/file/bot{token}/{path:rest}", source="telegram.md section 7")
    async def download(self, call: Call) -> Reply:
        """The bytes of a file, for an hour after getFile."""
        try:
            self.session(call.params["token"])
            ends_at = self._files.get(call.params["path"])
            if ends_at is None or ends_at <= self.books.clock.now():
                raise BotApiRefused(404, "Not Found")
        except BotApiRefused as refused:
            return refused.reply()
        return Reply(body=PHOTO, headers=(("content-type", "application/octet-stream"),))

    # --- everything else ----------------------------------------------------------------------------------------------

    @endpoint("GET|POST", HOST, "/bot{token}/{method}", source="telegram.md sections 1 and 4")
    async def other_spelling(self, call: Call) -> Reply:
        """Method names in another case, and names the Bot API does not have."""
        wanted = f"/bot{{token}}/{call.params['method']}".lower()
        for declared in self.endpoints():
            if declared.path.lower() == wanted:
                reply: Reply = await getattr(self, declared.handler)(call)
                return reply
        try:
            self.session(call.params["token"])
        except BotApiRefused as refused:
            return refused.reply()
        return BotApiRefused(404, "Not Found: method not found").reply()

    @override
    def unknown(self, call: Call) -> Reply:
        """Whatever does not begin with `/bot`."""
        return BotApiRefused(404, "Not Found").reply()

    @override
    def wrong_method(self, call: Call, allowed: tuple[str, ...]) -> Reply:
        """Anything but GET and POST (unverified)."""
        return BotApiRefused(405, "Method Not Allowed").reply()

    # --- control ------------------------------------------------------------------------------------------------------

    @override
    async def control(self, call: Call) -> Reply | None:
        control = Control(self.books, self._world, self._actions, self._sessions)
        return control.answer(call, self._sent)

    @override
    def revoke(self, person: str) -> bool:
        """BotFather's /revoke: `person` is the bot's username; its token is refused until reset."""
        for token, session in self._sessions.items():
            if session.bot.username.lower() == person.removeprefix("@").lower():
                session.stop()
                self._revoked.add(token)
                return True
        return False
