"""What happens in the chats of the simulated Telegram, and which bots hear of it. Source: telegram.md section 3."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from moorline.sandbox.kernel import SandboxClock
from moorline.sandbox.telegram_session import BotSession
from moorline.sandbox.telegram_shapes import Json, chat_json, content_json, member_json, origin_json, user_json
from moorline.sandbox.telegram_world import ABSENT, ADMINISTRATORS, OUTSIDE, Chat, Kind, Member, Standing, User, World

FORWARDED_TEXT = "A forwarded post"
FORWARDED_AGE_S = 3600


@dataclass(frozen=True, slots=True, kw_only=True)
class Forward:
    """Where a message is forwarded from. `form`: channel, chat, user, hidden_user."""

    form: str
    chat: Chat | None = None
    user: User | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What a person sends, in private to `bot` when `chat` is their private chat."""

    sender: User
    chat: Chat
    bot: User
    text: str
    forward: Forward | None = None
    two_messages: bool = False
    as_caption: bool = False
    reply_to: str | None = None


class Actions:
    """People and bots doing things; every method answers the ids of the updates it caused, which may be none."""

    def __init__(self, world: World, sessions: Mapping[str, BotSession], clock: SandboxClock) -> None:
        self._world = world
        self._sessions = sessions
        self._clock = clock

    def short_chat(self, chat: Chat) -> Json:
        """A chat as it stands in messages."""
        return chat_json(chat, self._world.users.get(chat.id))

    def stamp(self) -> int:
        """The present instant in Unix seconds, as messages carry it."""
        return int(self._clock.now().timestamp())

    def write(self, written: Written) -> list[int]:
        """A person writes; who had blocked the bot unblocks it by that."""
        chat, bot = written.chat, written.bot
        caused: list[int] = []
        if chat.kind is Kind.PRIVATE:
            self._world.started.add((bot.id, chat.id))
            if self._world.member(chat.id, bot.id).standing is Standing.KICKED:
                caused += self.change_member(chat, bot, Member(standing=Standing.MEMBER), by=written.sender)
        kind = "channel_post" if chat.kind is Kind.CHANNEL else "message"
        listeners = list(self._listeners(written))
        for message in self._messages(written):
            caused += _tell(listeners, kind, message)
        return caused

    def change_member(self, chat: Chat, user: User, member: Member, *, by: User) -> list[int]:
        """A membership changes: the bot concerned hears `my_chat_member`, administering bots `chat_member`."""
        before = self._world.member(chat.id, user.id)
        if chat.kind is Kind.PRIVATE and before is ABSENT:
            before = Member(standing=Standing.MEMBER)
        self._world.set_member(chat.id, user.id, member)
        body: Json = {
            "chat": self.short_chat(chat),
            "from": user_json(by),
            "date": self.stamp(),
            "old_chat_member": member_json(user, before, chat),
            "new_chat_member": member_json(user, member, chat),
        }
        if user.is_bot:
            concerned = [session for session in self._sessions.values() if session.bot == user]
            return _tell(concerned, "my_chat_member", body)
        return _tell(self._administering(chat), "chat_member", body)

    def migrate(self, group: Chat, *, by: User) -> Chat:
        """A basic group becomes a supergroup; both get their service message."""
        listeners = [s for s in self._sessions.values() if self._standing(s, group) not in OUTSIDE]
        upgraded = self._world.migrate(group)
        _tell(listeners, "message", self._head(group, by) | {"migrate_to_chat_id": upgraded.id})
        _tell(listeners, "message", self._head(upgraded, by) | {"migrate_from_chat_id": group.id})
        return upgraded

    def _standing(self, session: BotSession, chat: Chat) -> Standing:
        return self._world.member(chat.id, session.bot.id).standing

    def _administering(self, chat: Chat) -> list[BotSession]:
        return [session for session in self._sessions.values() if self._standing(session, chat) in ADMINISTRATORS]

    def _listeners(self, written: Written) -> Iterable[BotSession]:
        """Privacy mode is on: a bot that is no administrator hears commands and mentions only."""
        if written.chat.kind is Kind.PRIVATE:
            return [session for session in self._sessions.values() if session.bot == written.bot]
        if written.chat.kind is Kind.CHANNEL or not written.text.startswith(("/", f"@{written.bot.username}")):
            return self._administering(written.chat)
        return [s for s in self._sessions.values() if self._standing(s, written.chat) not in OUTSIDE]

    def _messages(self, written: Written) -> list[Json]:
        forward = self._origin(written.forward) if written.forward else {}
        plain = content_json(written.text)
        if forward and written.reply_to is not None:
            forwarded = self._message(written, forward | content_json(written.reply_to))
            return [forwarded, self._message(written, {"reply_to_message": forwarded} | plain)]
        if forward and written.two_messages:
            post = content_json(FORWARDED_TEXT, as_caption=written.as_caption)
            return [self._message(written, plain), self._message(written, forward | post)]
        replied: Json = {}
        if written.reply_to is not None:
            replied = {"reply_to_message": self._message(written, content_json(written.reply_to))}
        content = content_json(written.text, as_caption=written.as_caption)
        return [self._message(written, replied | forward | content)]

    def _message(self, written: Written, content: Json) -> Json:
        return self._head(written.chat, written.sender) | content

    def _head(self, chat: Chat, sender: User) -> Json:
        """What every message begins with; a channel's posts have no `from`."""
        shown = self.short_chat(chat)
        author: Json = {"sender_chat": shown} if chat.kind is Kind.CHANNEL else {"from": user_json(sender)}
        number: Json = {"message_id": self._world.next_message_id(chat.id)}
        return number | author | {"chat": shown, "date": self.stamp()}

    def _origin(self, forward: Forward) -> Json:
        chat = self.short_chat(forward.chat) if forward.chat else {}
        user = user_json(forward.user) if forward.user else {}
        return origin_json(forward.form, chat=chat, user=user, date=self.stamp() - FORWARDED_AGE_S)

    def post(self, chat: Chat, bot: User, text: str) -> Json:
        """The message a bot sends; bots do not hear of their own."""
        return self._head(chat, bot) | content_json(text)


def _tell(listeners: Iterable[BotSession], kind: str, body: Json) -> list[int]:
    told = (session.inbox.add(kind, body) for session in listeners)
    return [update_id for update_id in told if update_id is not None]
