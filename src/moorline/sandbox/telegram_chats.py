"""Which chats a simulated bot may read and write, with Telegram's words for refusals. Source: telegram.md section 8."""

from moorline.sandbox.telegram_calls import Arguments, BotApiRefused
from moorline.sandbox.telegram_shapes import Json, member_json
from moorline.sandbox.telegram_world import ADMINISTRATORS, Chat, Kind, Member, Standing, User, World

TEXT_LIMIT = 4096


def readable_chat(world: World, bot: User, given: Arguments) -> Chat:
    """The chat that `chat_id` names, when the bot may look at it.

    Raises: BotApiRefused 400 for an unknown or upgraded chat, 403 where the bot was kicked or is no member.
    """
    name = given.text("chat_id").strip()
    if not name:
        raise BotApiRefused(400, "Bad Request: chat_id is empty")
    chat = world.chat(name)
    if chat is None or not world.has_met(bot, chat):
        raise BotApiRefused(400, "Bad Request: chat not found")
    if chat.migrated_to is not None:
        text = "Bad Request: group chat was upgraded to a supergroup chat"
        raise BotApiRefused(400, text, {"migrate_to_chat_id": chat.migrated_to})
    if chat.deleted:
        raise BotApiRefused(403, "Forbidden: the group chat was deleted")
    if chat.kind is not Kind.PRIVATE:
        _check_presence(chat, world.member(chat.id, bot.id), must_be_inside=chat.username is None)
    return chat


def _check_presence(chat: Chat, member: Member, *, must_be_inside: bool) -> None:
    """Public chats can be read from outside, but not after being kicked out."""
    if member.standing is Standing.KICKED:
        raise BotApiRefused(403, f"Forbidden: bot was kicked from the {chat.kind} chat")
    if member.standing is Standing.LEFT and must_be_inside:
        raise BotApiRefused(403, f"Forbidden: bot is not a member of the {chat.kind} chat")


def writable_chat(world: World, bot: User, given: Arguments) -> Chat:
    """The chat that `chat_id` names, when the bot may send messages to it.

    Raises: BotApiRefused as `readable_chat`, and for missing rights.
    """
    chat = readable_chat(world, bot, given)
    member = world.member(chat.id, bot.id)
    if chat.kind is Kind.PRIVATE:
        _check_person(world, bot, chat, member)
        return chat
    _check_presence(chat, member, must_be_inside=True)
    if chat.kind is Kind.CHANNEL and not _posts(member):
        raise BotApiRefused(400, "Bad Request: need administrator rights in the channel chat")
    if member.standing is Standing.RESTRICTED:
        raise BotApiRefused(400, "Bad Request: not enough rights to send text messages to the chat")
    return chat


def _posts(member: Member) -> bool:
    return member.standing is Standing.CREATOR or (member.standing is Standing.ADMINISTRATOR and member.may_post)


def _check_person(world: World, bot: User, chat: Chat, member: Member) -> None:
    if world.users[chat.id].deactivated:
        raise BotApiRefused(403, "Forbidden: user is deactivated")
    if member.standing is Standing.KICKED:
        raise BotApiRefused(403, "Forbidden: bot was blocked by the user")
    if (bot.id, chat.id) not in world.started:
        raise BotApiRefused(403, "Forbidden: bot can't initiate conversation with a user")


def readable_members(world: World, bot: User, given: Arguments) -> Chat:
    """The chat that `chat_id` names, when the bot may see who is in it.

    Raises: BotApiRefused as `readable_chat`, and 400 for a channel the bot does not administer.
    """
    chat = readable_chat(world, bot, given)
    if chat.kind is Kind.CHANNEL and world.member(chat.id, bot.id).standing not in ADMINISTRATORS:
        raise BotApiRefused(400, "Bad Request: member list is inaccessible")
    return chat


def chat_member(world: World, bot: User, given: Arguments) -> Json:
    """The answer of getChatMember. Raises: BotApiRefused as `readable_members`, and 400 for an unknown user."""
    chat = readable_members(world, bot, given)
    user = world.users.get(given.number("user_id", 0, 0, 2**53))
    if user is None:
        raise BotApiRefused(400, "Bad Request: member not found")
    if chat.kind is not Kind.PRIVATE:
        return member_json(user, world.member(chat.id, user.id), chat)
    if user.id not in {chat.id, bot.id}:
        raise BotApiRefused(400, "Bad Request: member not found")
    return member_json(user, Member(standing=Standing.MEMBER), chat)


def administrators(world: World, bot: User, given: Arguments) -> list[Json]:
    """The answer of getChatAdministrators: other bots only with `return_bots`, at most 100.

    Raises: BotApiRefused as `readable_members`, and 400 in a private chat.
    """
    chat = readable_members(world, bot, given)
    if chat.kind is Kind.PRIVATE:
        raise BotApiRefused(400, "Bad Request: there are no administrators in the private chat")
    found = []
    for user_id, member in world.members.get(chat.id, {}).items():
        user = world.users[user_id]
        shown = not user.is_bot or user == bot or given.flag("return_bots")
        if member.standing in ADMINISTRATORS and shown:
            found.append(member_json(user, member, chat))
    return found[:100]
