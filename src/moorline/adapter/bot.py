"""The shape of a platform without sign-in, where the operator's bot posts to the chats it was added to (Telegram)."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Literal

from moorline.adapter.values import App, Connection
from moorline.errors import PlatformError, Refused
from moorline.wire import Http

ForwardKind = Literal["channel", "chat", "user", "hidden_user"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Chat:
    """Where a bot can post. `type` is `private`, `group`, `supergroup` or `channel`.

    `title` is the person's name when it is private. `username` is without `@`; None for private channels and groups.
    """

    id: int
    type: str
    title: str
    username: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BotUser:
    """The operator's bot itself; `username` is what people write to."""

    id: int
    username: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """Somebody's standing in a chat: `creator`, `administrator`, `member`, `restricted`, `left` or `kicked`.

    `can_post_messages` counts for administrators of channels, `can_send_messages` for restricted members.
    """

    user_id: int
    status: str
    can_post_messages: bool = False
    can_send_messages: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class IncomingMessage:
    """A message the bot saw. `text` is the text or the caption, "" when there is neither.

    `sender_id` is None when nobody can be asked for: a channel's post, an anonymous administrator, another bot.
    `forwarded_chat` is the chat a forward comes from; it proves nothing about the sender's rights there.
    `migrated_to` is the new id of a group that became a supergroup.
    """

    update_id: int
    message_id: int
    chat: Chat
    text: str
    sender_id: int | None = None
    sender_username: str | None = None
    sender_name: str = ""
    forward_kind: ForwardKind | None = None
    forwarded_chat: Chat | None = None
    migrated_to: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MembershipChange:
    """The bot was added to a chat, promoted, demoted or removed, by `by_id`."""

    update_id: int
    chat: Chat
    before: Member
    after: Member
    by_id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Update:
    """One entry of the queue. `event` is None for what we do not follow; its number is confirmed all the same."""

    update_id: int
    event: IncomingMessage | MembershipChange | None


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookInfo:
    """Where updates are delivered to; `url` is "" while none is set and polling is allowed."""

    url: str
    pending_update_count: int
    last_error_message: str | None = None
    last_error_at: datetime | None = None


class ChatNotFound(Refused):
    """No such chat, a person's name, a private chat the bot never saw, or a group that was deleted."""

    status = 400
    code = "chat_not_found"


class BotNotAdministrator(Refused):
    """The bot is not in the chat, or without the right that the call needs."""

    status = 400
    code = "bot_not_administrator"


class PersonUnreachable(Refused):
    """The bot may not write to this person: blocked, deactivated, or never written to."""

    status = 400
    code = "person_unreachable"


class ChatMigrated(PlatformError):
    """The group became a supergroup: keep the account, use `new_id` from now on."""

    code = "chat_migrated"

    def __init__(self, new_id: int) -> None:
        super().__init__("The group became a supergroup and has a new id.", platform_status=400)
        self.new_id = new_id


class PollingConflict(PlatformError):
    """Somebody else reads the bot's updates: another process, a webhook, or a stranger with the token."""

    code = "polling_conflict"


class BotPlatform(ABC):
    """Every call goes out with the operator's bot token (`app.client_secret`).

    All calls raise AppMisconfigured (the token is refused, whichever account it was for), PlatformRateLimited,
    Unreachable and UnexpectedReply; each docstring names what comes on top.
    """

    name: ClassVar[str]

    secret_header: ClassVar[str]
    """The header, in lower case, in which every delivery repeats the webhook's secret token."""

    @abstractmethod
    async def get_me(self, http: Http, app: App) -> BotUser:
        """The bot itself: proves the token."""

    @abstractmethod
    async def get_updates(self, http: Http, app: App, *, offset: int | None, timeout_s: int) -> tuple[Update, ...]:
        """Updates from `offset` on, waiting up to `timeout_s` for one; asking again confirms all before `offset`.

        Raises: PollingConflict.
        """

    @abstractmethod
    async def set_webhook(self, http: Http, app: App, *, url: str, secret_token: str) -> None:
        """Have updates delivered to `url`, with `secret_token` in a header."""

    @abstractmethod
    async def delete_webhook(self, http: Http, app: App) -> None:
        """Stop deliveries, so that polling is allowed; updates that wait are kept."""

    @abstractmethod
    async def get_webhook_info(self, http: Http, app: App) -> WebhookInfo:
        """Whether updates are delivered, and what went wrong last."""

    @abstractmethod
    async def get_chat(self, http: Http, app: App, chat: int | str) -> Chat:
        """A chat by id or `@name`; success says nothing about anybody's rights there.

        Raises: ChatNotFound, BotNotAdministrator, ChatMigrated.
        """

    @abstractmethod
    async def get_chat_member(self, http: Http, app: App, *, chat_id: int, user_id: int) -> Member:
        """Somebody's standing in a chat; `left` for who is not in it.

        Raises: ChatNotFound, BotNotAdministrator, ChatMigrated.
        """

    @abstractmethod
    async def send_message(self, http: Http, app: App, *, chat_id: int, text: str) -> int:
        """Write 1 to 4096 characters; answers the message's number.

        Raises: ChatNotFound, BotNotAdministrator, PersonUnreachable, ChatMigrated.
        """

    @abstractmethod
    def to_connection(self, chat: Chat) -> Connection:
        """The account to save for a chat."""

    @abstractmethod
    def may_post(self, chat: Chat, member: Member) -> bool:
        """Whether this member (the bot) can post to the chat."""

    @abstractmethod
    def is_administrator(self, chat: Chat, member: Member) -> bool:
        """Whether this member may decide that the chat is connected."""
