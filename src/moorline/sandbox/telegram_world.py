"""The chats and people of the simulated Telegram, and who is what in which chat.

The bot is `@MoorlineSandboxBot`, id 999000111, token `999000111:sandbox-telegram-bot-token-abcdefgh`.

| chat | id | the bot | people |
| --- | --- | --- | --- |
| channel `@mychannel` "My Channel" (photo) | -1001234567890 | administrator, may post | owner creator, chat_admin |
| channel `@notadmin` | -1009876543210 | not in it | chat_admin creator |
| private channel | -1001111111111 | administrator, may post | owner creator, chat_admin |
| channel `@nopostrights` | -1006666666666 | administrator, may not post | chat_admin creator |
| channel `@kickedout` | -1005555555555 | kicked | chat_admin creator |
| supergroup `@mysupergroup` | -1002222222222 | administrator | chat_admin creator |
| basic group | -400000001 | member; `migrate` makes it -1000400000001 | chat_admin creator |
| basic group, upgraded | -400000002 | its supergroup is -1000400000002 | chat_admin creator |
| basic group, deleted | -400000003 | was a member | chat_admin creator |

People: `chat_admin` 111000111 (administrator where the table does not say creator), `stranger` 222000222 (of none),
`owner` 444000444, `departed` 333000333 (a deactivated account). Source: contract/decisions.md section 6, telegram.md.
"""

import enum
import re
from dataclasses import dataclass, field, replace

BOT_TOKEN = re.compile(r"[1-9][0-9]{0,15}:[A-Za-z0-9_-]{35}")
SANDBOX_BOT_TOKEN = "999000111:sandbox-telegram-bot-token-abcdefgh"

MY_CHANNEL = -1001234567890
NOT_ADMIN = -1009876543210
PRIVATE_CHANNEL = -1001111111111
NO_POST_RIGHTS = -1006666666666
KICKED_OUT = -1005555555555
SUPERGROUP = -1002222222222
GROUP = -400000001
UPGRADED_GROUP = -400000002
DELETED_GROUP = -400000003


class Kind(enum.StrEnum):
    """The types of chats, as `chat.type` names them."""

    PRIVATE = "private"
    GROUP = "group"
    SUPERGROUP = "supergroup"
    CHANNEL = "channel"


class Standing(enum.StrEnum):
    """What a user is in a chat, as `ChatMember.status` names it."""

    CREATOR = "creator"
    ADMINISTRATOR = "administrator"
    MEMBER = "member"
    RESTRICTED = "restricted"
    LEFT = "left"
    KICKED = "kicked"


ADMINISTRATORS = frozenset({Standing.CREATOR, Standing.ADMINISTRATOR})
OUTSIDE = frozenset({Standing.LEFT, Standing.KICKED})


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """A person or a bot."""

    id: int
    username: str
    first_name: str
    last_name: str | None = None
    is_bot: bool = False
    deactivated: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Chat:
    """A chat; a private one has its person's id."""

    id: int
    kind: Kind
    title: str = ""
    username: str | None = None
    has_photo: bool = False
    migrated_to: int | None = None
    deleted: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """What one user is in one chat. `may_post` counts for administrators of channels only."""

    standing: Standing
    may_post: bool = True


ABSENT = Member(standing=Standing.LEFT)

BOT = User(id=999000111, username="MoorlineSandboxBot", first_name="Moorline Sandbox", is_bot=True)
CHAT_ADMIN = User(id=111000111, username="chat_admin", first_name="Ann", last_name="Admin")
STRANGER = User(id=222000222, username="stranger", first_name="Sam", last_name="Stranger")
DEPARTED = User(id=333000333, username="departed", first_name="Deleted", deactivated=True)
OWNER = User(id=444000444, username="owner", first_name="Olga", last_name="Owner")


def registered_bot(token: str) -> User:
    """The bot of a token that was registered later: `@Sandbox<id>Bot`."""
    bot_id = int(token.partition(":")[0])
    return User(id=bot_id, username=f"Sandbox{bot_id}Bot", first_name=f"Sandbox {bot_id}", is_bot=True)


CHATS = (
    Chat(id=MY_CHANNEL, kind=Kind.CHANNEL, title="My Channel", username="mychannel", has_photo=True),
    Chat(id=NOT_ADMIN, kind=Kind.CHANNEL, title="Not Admin", username="notadmin"),
    Chat(id=PRIVATE_CHANNEL, kind=Kind.CHANNEL, title="Private Channel"),
    Chat(id=NO_POST_RIGHTS, kind=Kind.CHANNEL, title="No Post Rights", username="nopostrights"),
    Chat(id=KICKED_OUT, kind=Kind.CHANNEL, title="Kicked Out", username="kickedout"),
    Chat(id=SUPERGROUP, kind=Kind.SUPERGROUP, title="My Supergroup", username="mysupergroup"),
    Chat(id=GROUP, kind=Kind.GROUP, title="My Group"),
    Chat(id=UPGRADED_GROUP, kind=Kind.GROUP, title="Upgraded Group"),
    Chat(id=DELETED_GROUP, kind=Kind.GROUP, title="Deleted Group", deleted=True),
)

_ADMIN = Member(standing=Standing.ADMINISTRATOR)
_CREATOR = Member(standing=Standing.CREATOR)
_PLAIN = Member(standing=Standing.MEMBER)

# chat: what the bot, chat_admin and owner are in it
MEMBERS: dict[int, tuple[Member, Member, Member]] = {
    MY_CHANNEL: (_ADMIN, _ADMIN, _CREATOR),
    NOT_ADMIN: (ABSENT, _CREATOR, ABSENT),
    PRIVATE_CHANNEL: (_ADMIN, _ADMIN, _CREATOR),
    NO_POST_RIGHTS: (replace(_ADMIN, may_post=False), _CREATOR, ABSENT),
    KICKED_OUT: (Member(standing=Standing.KICKED), _CREATOR, ABSENT),
    SUPERGROUP: (_ADMIN, _CREATOR, ABSENT),
    GROUP: (_PLAIN, _CREATOR, ABSENT),
    UPGRADED_GROUP: (_PLAIN, _CREATOR, ABSENT),
    DELETED_GROUP: (_PLAIN, _CREATOR, ABSENT),
}


@dataclass(slots=True, kw_only=True)
class World:
    """Everything about chats that may change until the next reset."""

    users: dict[int, User] = field(default_factory=dict)
    chats: dict[int, Chat] = field(default_factory=dict)
    members: dict[int, dict[int, Member]] = field(default_factory=dict)  # chat id, user id
    started: set[tuple[int, int]] = field(default_factory=set)  # bot id, id of a person who wrote to it
    message_ids: dict[int, int] = field(default_factory=dict)  # the last one of each chat

    @classmethod
    def seeded(cls) -> "World":
        """The known world of the table above."""
        world = cls(chats={chat.id: chat for chat in CHATS}, started={(BOT.id, DEPARTED.id)})
        for user in (BOT, CHAT_ADMIN, STRANGER, DEPARTED, OWNER):
            world.add_user(user)
        for chat_id, standings in MEMBERS.items():
            for user, member in zip((BOT, CHAT_ADMIN, OWNER), standings, strict=True):
                if member is not ABSENT:
                    world.set_member(chat_id, user.id, member)
        world.migrate(world.chats[UPGRADED_GROUP])
        return world

    def add_user(self, user: User) -> None:
        """A person comes with a private chat."""
        self.users[user.id] = user
        if not user.is_bot:
            self.chats[user.id] = Chat(id=user.id, kind=Kind.PRIVATE, username=user.username)

    def user(self, name: str) -> User | None:
        """By username (`@` and case do not matter) or numeric id."""
        wanted = name.removeprefix("@").lower()
        return next((user for user in self.users.values() if wanted in {user.username.lower(), str(user.id)}), None)

    def chat(self, name: str) -> Chat | None:
        """By numeric id, or by the @name of a public chat."""
        wanted = name.lower()
        for chat in self.chats.values():
            public = chat.username is not None and chat.kind is not Kind.PRIVATE
            if wanted == str(chat.id) or (public and wanted == f"@{chat.username}".lower()):
                return chat
        return None

    def member(self, chat_id: int, user_id: int) -> Member:
        """What a user is in a chat; whoever was never there has left."""
        return self.members.get(chat_id, {}).get(user_id, ABSENT)

    def set_member(self, chat_id: int, user_id: int, member: Member) -> None:
        """Change what a user is in a chat."""
        self.members.setdefault(chat_id, {})[user_id] = member

    def has_met(self, bot: User, chat: Chat) -> bool:
        """Whether the bot ever saw this chat: public ones always, a person by writing or in a common group."""
        if chat.kind is not Kind.PRIVATE:
            return chat.username is not None or bot.id in self.members.get(chat.id, {})
        in_common = any(bot.id in users and chat.id in users for users in self.members.values())
        return in_common or (bot.id, chat.id) in self.started

    def next_message_id(self, chat_id: int) -> int:
        """The id of the next message of a chat."""
        self.message_ids[chat_id] = self.message_ids.get(chat_id, 0) + 1
        return self.message_ids[chat_id]

    def migrate(self, group: Chat) -> Chat:
        """Upgrade a basic group: -400000001 becomes -1000400000001, with the same members."""
        upgraded = replace(group, id=int(f"-100{-group.id:010d}"), kind=Kind.SUPERGROUP)
        self.chats[upgraded.id] = upgraded
        self.chats[group.id] = replace(group, migrated_to=upgraded.id)
        self.members[upgraded.id] = dict(self.members.get(group.id, {}))
        return upgraded
