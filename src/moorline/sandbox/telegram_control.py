"""What people of the simulated Telegram can be made to do. All take and answer JSON; an unusable value is 400.

POST /_sandbox/telegram/messages  a person writes; answers {"updateIds": [...]}, without updates nobody wanted
    "from"         a person's username or id
    "text"         what they write
    "chat"?        the chat they write in; without it, in private to the bot
    "bot"?         the username of the bot they write to; without it MoorlineSandboxBot
    "forwardFrom"? a chat (id or @name), or for forwardAs "user" a person: the message is forwarded from there
    "forwardAs"?   channel, chat, user or hidden_user; without it channel for channels, else chat
    "twoMessages"? the text comes first, the forward after it as a message of its own
    "asCaption"?   the text is the caption of a photo (with twoMessages: the forward is a photo)
    "replyTo"?     the text of the message they reply to; with forwardFrom that one is the forward, sent before
GET  /_sandbox/telegram/messages  {"messages": {"<chat id>": [what the bots sent there]}}
POST /_sandbox/telegram/members   {"chat", "user", "status", "can_post_messages"?}: `user` is "bot", a username or an
                                  id; `chat` may be a person, whose private chat with the bot is then meant
                                  (status kicked: the person blocks the bot)
POST /_sandbox/telegram/migrate   {"chat"}: a basic group becomes a supergroup; answers {"migrateToChatId"}
POST /_sandbox/telegram/flood     {"retryAfter", "calls"?, "bot"?}: the next calls of the bot are refused with 429
POST /_sandbox/telegram/bots      {"token"}: a further bot, `@Sandbox<id>Bot`; answers {"id", "username"}
"""

from collections.abc import Mapping

from moorline.sandbox.kernel import Books, Call, RegisteredApp, Reply
from moorline.sandbox.telegram_actions import Actions, Forward, Written
from moorline.sandbox.telegram_session import BotSession
from moorline.sandbox.telegram_shapes import Json
from moorline.sandbox.telegram_world import (
    BOT,
    BOT_TOKEN,
    CHAT_ADMIN,
    OUTSIDE,
    Chat,
    Kind,
    Member,
    Standing,
    User,
    World,
    registered_bot,
)

FORMS = ("channel", "chat", "user", "hidden_user")

Given = Mapping[str, object]


class Unusable(Exception):
    """A control call names something that is not there; the message says what."""


class Control:
    """Reads control calls and has them done."""

    def __init__(self, books: Books, world: World, actions: Actions, sessions: Mapping[str, BotSession]) -> None:
        self._books = books
        self._world = world
        self._actions = actions
        self._sessions = sessions

    def answer(self, call: Call, sent: Mapping[int, list[Json]]) -> Reply | None:
        """The answer to a control call; None for a path that is not in the list above."""
        command = f"{call.method} {call.path.removeprefix('/_sandbox/telegram/')}"
        if command == "GET messages":
            return Reply.of_json({"messages": {str(chat_id): messages for chat_id, messages in sent.items()}})
        commands = {
            "POST messages": self._write,
            "POST members": self._change_member,
            "POST migrate": self._migrate,
            "POST flood": self._flood,
            "POST bots": self._add_bot,
        }
        if command not in commands:
            return None
        body = call.json()
        try:
            return Reply.of_json(commands[command](body if isinstance(body, dict) else {}))
        except Unusable as unusable:
            return Reply.of_json({"error": str(unusable)}, status=400)

    def _write(self, given: Given) -> Json:
        sender = self._user(given, "from")
        if sender.is_bot or sender.deactivated:
            raise Unusable(f"from: {sender.username} cannot write")
        chat = self._chat(given, "chat") if "chat" in given else self._world.chats[sender.id]
        if chat.kind is not Kind.PRIVATE and self._world.member(chat.id, sender.id).standing in OUTSIDE:
            raise Unusable(f"chat: {sender.username} is not in it")
        reply_to = given.get("replyTo")
        written = Written(
            sender=sender,
            chat=chat,
            bot=self._session(given).bot,
            text=str(given.get("text", "")),
            forward=self._forward(given),
            two_messages=given.get("twoMessages") is True,
            as_caption=given.get("asCaption") is True,
            reply_to=None if reply_to is None else str(reply_to),
        )
        if written.two_messages and written.forward is None:
            raise Unusable("twoMessages: needs forwardFrom")
        return {"updateIds": self._actions.write(written)}

    def _forward(self, given: Given) -> Forward | None:
        form = given.get("forwardAs")
        if form is not None and form not in FORMS:
            raise Unusable(f"forwardAs: one of {', '.join(FORMS)}")
        if form == "hidden_user":
            return Forward(form="hidden_user")
        if "forwardFrom" not in given:
            return None
        if form == "user":
            return Forward(form="user", user=self._user(given, "forwardFrom"))
        chat = self._chat(given, "forwardFrom")
        usual = "channel" if chat.kind is Kind.CHANNEL else "chat"
        return Forward(form=str(form or usual), chat=chat)

    def _change_member(self, given: Given) -> Json:
        user = BOT if given.get("user") == "bot" else self._user(given, "user")
        place = str(given.get("chat", ""))
        person = None if place.startswith("@") else self._world.user(place)
        chat = self._world.chats[person.id] if person and not person.is_bot else self._chat(given, "chat")
        if chat.kind is Kind.PRIVATE and not user.is_bot:
            raise Unusable("user: only a bot can be blocked")
        status = str(given.get("status", ""))
        if status not in {standing.value for standing in Standing}:
            raise Unusable(f"status: one of {', '.join(standing.value for standing in Standing)}")
        member = Member(standing=Standing(status), may_post=given.get("can_post_messages", True) is True)
        return {"updateIds": self._actions.change_member(chat, user, member, by=person or CHAT_ADMIN)}

    def _migrate(self, given: Given) -> Json:
        chat = self._chat(given, "chat")
        if chat.kind is not Kind.GROUP or chat.migrated_to is not None or chat.deleted:
            raise Unusable("chat: not a basic group that can be upgraded")
        return {"migrateToChatId": self._actions.migrate(chat, by=CHAT_ADMIN).id}

    def _flood(self, given: Given) -> Json:
        retry_after_s, calls = given.get("retryAfter"), given.get("calls", 1)
        if not isinstance(retry_after_s, int) or not isinstance(calls, int) or min(retry_after_s, calls) < 1:
            raise Unusable("retryAfter, calls: whole numbers from 1")
        self._session(given).flood(calls=calls, retry_after_s=retry_after_s)
        return {"retryAfter": retry_after_s, "calls": calls}

    def _add_bot(self, given: Given) -> Json:
        token = str(given.get("token", ""))
        if not BOT_TOKEN.fullmatch(token):
            raise Unusable("token: digits, a colon and 35 characters of A-Z, a-z, 0-9, _ and -")
        bot = registered_bot(token)
        self._books.apps["telegram", bot.username] = RegisteredApp(
            platform="telegram",
            client_id=bot.username,
            client_secret=self._books.issue("telegram", "bot_token", token),
            redirect_uris=(),
        )
        return {"id": bot.id, "username": bot.username}

    def _session(self, given: Given) -> BotSession:
        wanted = str(given.get("bot", BOT.username)).removeprefix("@").lower()
        for session in self._sessions.values():
            if session.bot.username.lower() == wanted:
                return session
        raise Unusable("bot: no such bot has called yet")

    def _user(self, given: Given, name: str) -> User:
        user = self._world.user(str(given.get(name, "")))
        if user is None:
            raise Unusable(f"{name}: no such user")
        return user

    def _chat(self, given: Given, name: str) -> Chat:
        chat = self._world.chat(str(given.get(name, "")))
        if chat is None:
            raise Unusable(f"{name}: no such chat")
        return chat
