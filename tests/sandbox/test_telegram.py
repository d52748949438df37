"""The simulated Bot API answers and refuses as the real one does. Facts: telegram.md sections 4, 7, 8 and 10."""

import pytest

from tests.sandbox.conftest import Got, Sandbox

HOST = "api.telegram.org"
TOKEN = "999000111:sandbox-telegram-bot-token-abcdefgh"
BOT_ID = 999000111
MY_CHANNEL = -1001234567890
NOT_ADMIN = -1009876543210
PRIVATE_CHANNEL = -1001111111111
NO_POST_RIGHTS = -1006666666666
KICKED_OUT = -1005555555555
SUPERGROUP = -1002222222222
GROUP = -400000001
UPGRADED_GROUP = -400000002
DELETED_GROUP = -400000003
CHAT_ADMIN = 111000111
STRANGER = 222000222
DEPARTED = 333000333


async def ask(sandbox: Sandbox, method: str, token: str = TOKEN, /, **given: object) -> Got:
    return await sandbox.send("POST", HOST, f"/bot{token}/{method}", json=given)


async def write(sandbox: Sandbox, text: str, **more: object) -> Got:
    return await sandbox.control("POST", "telegram/messages", {"from": "chat_admin", "text": text, **more})


def refusal(got: Got) -> tuple[int, str]:
    assert got.json["ok"] is False
    assert got.json["error_code"] == got.status
    return got.status, got.json["description"]


# --- tokens and calls -------------------------------------------------------------------------------------------------


async def test_the_bot_introduces_itself(sandbox: Sandbox) -> None:
    got = await ask(sandbox, "getMe")
    assert (got.status, got.json["ok"]) == (200, True)
    me = got.json["result"]
    assert (me["id"], me["is_bot"], me["username"]) == (BOT_ID, True, "MoorlineSandboxBot")


@pytest.mark.parametrize("token", ["nocolon", "0999:abc", "9" * 60 + ":" + "a" * 35])
async def test_a_malformed_token_is_named_so(sandbox: Sandbox, token: str) -> None:
    assert refusal(await ask(sandbox, "getMe", token)) == (401, "Unauthorized: invalid token specified")


async def test_a_wrong_token_is_unauthorized(sandbox: Sandbox) -> None:
    assert refusal(await ask(sandbox, "getMe", TOKEN[:-1] + "x")) == (401, "Unauthorized")


async def test_a_token_revoked_at_botfather_is_unauthorized(sandbox: Sandbox) -> None:
    await sandbox.control("POST", "revoke", {"platform": "telegram", "person": "MoorlineSandboxBot"})
    assert refusal(await ask(sandbox, "getMe")) == (401, "Unauthorized")


async def test_a_path_without_bot_is_not_found(sandbox: Sandbox) -> None:
    assert refusal(await sandbox.send("GET", HOST, f"/{TOKEN}/getMe")) == (404, "Not Found")


async def test_an_unknown_method_is_not_found(sandbox: Sandbox) -> None:
    assert refusal(await ask(sandbox, "makeCoffee")) == (404, "Not Found: method not found")
    assert refusal(await ask(sandbox, "makeCoffee", "1:x")) == (401, "Unauthorized")


@pytest.mark.parametrize("spelling", ["getme", "GETME", "GetMe"])
async def test_the_case_of_method_names_does_not_matter(sandbox: Sandbox, spelling: str) -> None:
    assert (await ask(sandbox, spelling)).json["result"]["id"] == BOT_ID


async def test_parameters_may_come_by_query_form_or_json(sandbox: Sandbox) -> None:
    path = f"/bot{TOKEN}/getChat"
    by_query = await sandbox.send("GET", HOST, path, params={"chat_id": "@mychannel"})
    by_form = await sandbox.send("POST", HOST, path, data={"chat_id": "@mychannel"})
    by_json = await ask(sandbox, "getChat", chat_id=MY_CHANNEL)
    assert by_query.json == by_form.json == by_json.json


async def test_a_bot_that_logged_out_is_told_so(sandbox: Sandbox) -> None:
    assert (await ask(sandbox, "logOut")).json["result"] is True
    assert refusal(await ask(sandbox, "getMe")) == (400, "Logged out")


async def test_a_flooded_bot_is_told_how_long_to_wait(sandbox: Sandbox) -> None:
    await sandbox.control("POST", "telegram/flood", {"retryAfter": 5, "calls": 2})
    for _ in range(2):
        got = await ask(sandbox, "getMe")
        assert refusal(got) == (429, "Too Many Requests: retry after 5")
        assert got.json["parameters"] == {"retry_after": 5}
        assert got.headers["Retry-After"] == "5"
    assert (await ask(sandbox, "getMe")).status == 200


async def test_a_further_bot_can_be_registered(sandbox: Sandbox) -> None:
    token = "123456789:" + "b" * 35
    assert (await ask(sandbox, "getMe", token)).status == 401
    await sandbox.control("POST", "telegram/bots", {"token": token})
    assert (await ask(sandbox, "getMe", token)).json["result"]["id"] == 123456789
    got = await ask(sandbox, "getChatMember", token, chat_id=SUPERGROUP, user_id=123456789)
    assert got.json["result"]["status"] == "left"
    assert refusal(await ask(sandbox, "getChat", token, chat_id=PRIVATE_CHANNEL)) == (
        400,
        "Bad Request: chat not found",
    )


async def test_tokens_are_on_the_list_of_issued_secrets_and_not_in_the_log(sandbox: Sandbox) -> None:
    await ask(sandbox, "getMe")
    issued = (await sandbox.control("GET", "issued")).json
    assert {"platform": "telegram", "kind": "bot_token", "value": TOKEN} in issued
    log = await sandbox.control("GET", "calls")
    assert "/getMe" in log.text
    assert TOKEN not in log.text


async def test_an_ordered_fault_hits_the_named_method(sandbox: Sandbox) -> None:
    fault = {"platform": "telegram", "endpoint": "POST /bot{token}/getMe", "status": 502, "body": "<html></html>"}
    assert (await sandbox.control("POST", "faults", fault)).status == 200
    assert (await ask(sandbox, "getChat", chat_id="@mychannel")).status == 200
    assert (await ask(sandbox, "getMe")).status == 502
    assert (await ask(sandbox, "getMe")).status == 200


# --- chats ------------------------------------------------------------------------------------------------------------


async def test_a_channel_shows_title_name_and_photo(sandbox: Sandbox) -> None:
    chat = (await ask(sandbox, "getChat", chat_id="@MyChannel")).json["result"]
    assert (chat["id"], chat["type"]) == (MY_CHANNEL, "channel")
    assert (chat["title"], chat["username"], chat["active_usernames"]) == ("My Channel", "mychannel", ["mychannel"])
    assert chat["photo"]["big_file_id"]


async def test_a_public_channel_is_shown_to_a_bot_outside_it(sandbox: Sandbox) -> None:
    chat = (await ask(sandbox, "getChat", chat_id="@notadmin")).json["result"]
    assert chat["id"] == NOT_ADMIN
    assert "invite_link" not in chat


async def test_a_private_channel_has_no_username(sandbox: Sandbox) -> None:
    chat = (await ask(sandbox, "getChat", chat_id=PRIVATE_CHANNEL)).json["result"]
    assert "username" not in chat
    assert "photo" not in chat


async def test_a_basic_group_says_what_it_is(sandbox: Sandbox) -> None:
    chat = (await ask(sandbox, "getChat", chat_id=GROUP)).json["result"]
    assert (chat["type"], chat["all_members_are_administrators"]) == ("group", False)


NOT_FOUND = (400, "Bad Request: chat not found")


@pytest.mark.parametrize(
    ("chat_id", "expected"),
    [
        ("", (400, "Bad Request: chat_id is empty")),
        ("@nosuchchat", NOT_FOUND),
        ("mychannel", NOT_FOUND),
        ("@chat_admin", NOT_FOUND),
        (-1000000000001, NOT_FOUND),
        (STRANGER, NOT_FOUND),
        (KICKED_OUT, (403, "Forbidden: bot was kicked from the channel chat")),
        (UPGRADED_GROUP, (400, "Bad Request: group chat was upgraded to a supergroup chat")),
        (DELETED_GROUP, (403, "Forbidden: the group chat was deleted")),
    ],
)
async def test_chats_that_cannot_be_read(sandbox: Sandbox, chat_id: object, expected: tuple[int, str]) -> None:
    for method in ("getChat", "getChatMember", "getChatAdministrators", "leaveChat"):
        assert refusal(await ask(sandbox, method, chat_id=chat_id, user_id=BOT_ID)) == expected
    assert refusal(await ask(sandbox, "sendMessage", chat_id=chat_id, text="hello")) == expected


async def test_an_upgraded_group_tells_its_new_id(sandbox: Sandbox) -> None:
    got = await ask(sandbox, "getChat", chat_id=UPGRADED_GROUP)
    assert got.json["parameters"] == {"migrate_to_chat_id": -1000400000002}
    assert (await ask(sandbox, "getChat", chat_id=-1000400000002)).json["result"]["type"] == "supergroup"


@pytest.mark.parametrize(
    ("chat_id", "kind"), [(PRIVATE_CHANNEL, "channel"), (SUPERGROUP, "supergroup"), (GROUP, "group")]
)
@pytest.mark.parametrize("status", ["left", "kicked"])
async def test_a_removed_bot_is_told_from_where(sandbox: Sandbox, chat_id: int, kind: str, status: str) -> None:
    await sandbox.control("POST", "telegram/members", {"chat": str(chat_id), "user": "bot", "status": status})
    how = "was kicked from" if status == "kicked" else "is not a member of"
    got = await ask(sandbox, "sendMessage", chat_id=chat_id, text="hello")
    assert refusal(got) == (403, f"Forbidden: bot {how} the {kind} chat")


async def test_leaving_a_private_channel_ends_the_reading_of_it(sandbox: Sandbox) -> None:
    assert (await ask(sandbox, "leaveChat", chat_id=PRIVATE_CHANNEL)).json["result"] is True
    got = await ask(sandbox, "getChat", chat_id=PRIVATE_CHANNEL)
    assert refusal(got) == (403, "Forbidden: bot is not a member of the channel chat")


# --- members ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("chat_id", "user_id", "status", "may_post"),
    [
        (MY_CHANNEL, BOT_ID, "administrator", True),
        (MY_CHANNEL, CHAT_ADMIN, "administrator", True),
        (MY_CHANNEL, STRANGER, "left", None),
        (PRIVATE_CHANNEL, CHAT_ADMIN, "administrator", True),
        (NO_POST_RIGHTS, BOT_ID, "administrator", False),
        (NO_POST_RIGHTS, CHAT_ADMIN, "creator", None),
        (SUPERGROUP, BOT_ID, "administrator", None),
        (GROUP, BOT_ID, "member", None),
    ],
)
async def test_members_have_their_seeded_status(
    sandbox: Sandbox, chat_id: int, user_id: int, status: str, may_post: bool | None
) -> None:
    member = (await ask(sandbox, "getChatMember", chat_id=chat_id, user_id=user_id)).json["result"]
    assert (member["user"]["id"], member["status"]) == (user_id, status)
    assert member.get("can_post_messages") is may_post


@pytest.mark.parametrize("status", ["creator", "administrator", "member", "restricted", "left", "kicked"])
async def test_a_person_can_have_any_status(sandbox: Sandbox, status: str) -> None:
    await sandbox.control("POST", "telegram/members", {"chat": "@mysupergroup", "user": "stranger", "status": status})
    got = await ask(sandbox, "getChatMember", chat_id=SUPERGROUP, user_id=STRANGER)
    assert got.json["result"]["status"] == status


async def test_the_members_of_a_channel_are_hidden_from_a_bot_that_does_not_administer_it(sandbox: Sandbox) -> None:
    expected = (400, "Bad Request: member list is inaccessible")
    for user_id in (BOT_ID, CHAT_ADMIN):
        assert refusal(await ask(sandbox, "getChatMember", chat_id="@notadmin", user_id=user_id)) == expected
    assert refusal(await ask(sandbox, "getChatAdministrators", chat_id="@notadmin")) == expected


@pytest.mark.parametrize("user_id", [987654321, "nobody", ""])
async def test_an_unknown_user_is_no_member(sandbox: Sandbox, user_id: object) -> None:
    got = await ask(sandbox, "getChatMember", chat_id=MY_CHANNEL, user_id=user_id)
    assert refusal(got) == (400, "Bad Request: member not found")


async def test_administrators_are_listed_with_the_creator(sandbox: Sandbox) -> None:
    found = (await ask(sandbox, "getChatAdministrators", chat_id=MY_CHANNEL)).json["result"]
    statuses = {member["user"]["username"]: member["status"] for member in found}
    assert statuses == {"owner": "creator", "chat_admin": "administrator", "MoorlineSandboxBot": "administrator"}


async def test_a_private_chat_has_no_administrators(sandbox: Sandbox) -> None:
    got = await ask(sandbox, "getChatAdministrators", chat_id=CHAT_ADMIN)
    assert refusal(got) == (400, "Bad Request: there are no administrators in the private chat")


# --- messages ---------------------------------------------------------------------------------------------------------


async def test_a_message_in_a_channel_is_recorded(sandbox: Sandbox) -> None:
    sent = (await ask(sandbox, "sendMessage", chat_id="@mychannel", text="Hello @owner")).json["result"]
    assert (sent["chat"]["id"], sent["text"]) == (MY_CHANNEL, "Hello @owner")
    assert sent["entities"] == [{"offset": 6, "length": 6, "type": "mention"}]
    assert "from" not in sent
    recorded = await sandbox.control("GET", "telegram/messages")
    assert recorded.json == {"messages": {str(MY_CHANNEL): [sent]}}


async def test_a_message_in_a_group_comes_from_the_bot(sandbox: Sandbox) -> None:
    sent = (await ask(sandbox, "sendMessage", chat_id=GROUP, text="Hello")).json["result"]
    assert sent["from"]["id"] == BOT_ID


@pytest.mark.parametrize(
    ("chat_id", "text", "expected"),
    [
        (MY_CHANNEL, "", (400, "Bad Request: message text is empty")),
        (MY_CHANNEL, "x" * 4097, (400, "Bad Request: message is too long")),
        (NO_POST_RIGHTS, "x", (400, "Bad Request: need administrator rights in the channel chat")),
        (NOT_ADMIN, "x", (403, "Forbidden: bot is not a member of the channel chat")),
        (CHAT_ADMIN, "x", (403, "Forbidden: bot can't initiate conversation with a user")),
        (DEPARTED, "x", (403, "Forbidden: user is deactivated")),
    ],
)
async def test_messages_that_cannot_be_sent(
    sandbox: Sandbox, chat_id: int, text: str, expected: tuple[int, str]
) -> None:
    assert refusal(await ask(sandbox, "sendMessage", chat_id=chat_id, text=text)) == expected


async def test_a_restricted_bot_may_not_write(sandbox: Sandbox) -> None:
    change = {"chat": str(SUPERGROUP), "user": "bot", "status": "restricted"}
    await sandbox.control("POST", "telegram/members", change)
    got = await ask(sandbox, "sendMessage", chat_id=SUPERGROUP, text="x")
    assert refusal(got) == (400, "Bad Request: not enough rights to send text messages to the chat")


async def test_the_bot_may_answer_who_wrote_first_until_it_is_blocked(sandbox: Sandbox) -> None:
    await write(sandbox, "hello")
    assert (await ask(sandbox, "sendMessage", chat_id=CHAT_ADMIN, text="hi")).status == 200
    await sandbox.control("POST", "telegram/members", {"chat": "chat_admin", "user": "bot", "status": "kicked"})
    got = await ask(sandbox, "sendMessage", chat_id=CHAT_ADMIN, text="hi")
    assert refusal(got) == (403, "Forbidden: bot was blocked by the user")
    await write(sandbox, "hello again")
    assert (await ask(sandbox, "sendMessage", chat_id=CHAT_ADMIN, text="hi")).status == 200


# --- files ------------------------------------------------------------------------------------------------------------


async def test_a_photo_can_be_downloaded_for_an_hour(sandbox: Sandbox) -> None:
    photo = (await ask(sandbox, "getChat", chat_id=MY_CHANNEL)).json["result"]["photo"]
    path = (await ask(sandbox, "getFile", file_id=photo["big_file_id"])).json["result"]["file_path"]
    got = await sandbox.send("GET", HOST, f"/file/bot{TOKEN}/{path}")
    assert got.status == 200
    assert got.raw.startswith(b"\x89PNG\r\n\x1a\n")
    assert refusal(await sandbox.send("GET", HOST, f"/file/bot{TOKEN[:-1]}x/{path}")) == (401, "Unauthorized")
    await sandbox.advance(3601)
    assert (await sandbox.send("GET", HOST, f"/file/bot{TOKEN}/{path}")).status == 404


async def test_an_unknown_file_is_refused(sandbox: Sandbox) -> None:
    assert (await ask(sandbox, "getFile", file_id="AQADnothing")).status == 400


# --- migration --------------------------------------------------------------------------------------------------------


async def test_a_group_that_migrates_tells_both_chats(sandbox: Sandbox) -> None:
    got = await sandbox.control("POST", "telegram/migrate", {"chat": str(GROUP)})
    assert got.json == {"migrateToChatId": -1000400000001}
    updates = (await ask(sandbox, "getUpdates")).json["result"]
    assert [update["message"]["chat"]["id"] for update in updates] == [GROUP, -1000400000001]
    assert updates[0]["message"]["migrate_to_chat_id"] == -1000400000001
    assert updates[1]["message"]["migrate_from_chat_id"] == GROUP
    refused = await ask(sandbox, "sendMessage", chat_id=GROUP, text="x")
    assert refused.json["parameters"] == {"migrate_to_chat_id": -1000400000001}
    assert (await ask(sandbox, "sendMessage", chat_id=-1000400000001, text="x")).status == 200


@pytest.mark.parametrize(
    ("command", "body"),
    [
        ("migrate", {"chat": "@mychannel"}),
        ("members", {"chat": "@nosuchchat", "user": "bot", "status": "left"}),
        ("members", {"chat": "@mychannel", "user": "nobody", "status": "left"}),
        ("members", {"chat": "@mychannel", "user": "bot", "status": "happy"}),
        ("members", {"chat": "stranger", "user": "owner", "status": "kicked"}),
        ("messages", {"from": "nobody", "text": "x"}),
        ("messages", {"from": "departed", "text": "x"}),
        ("messages", {"from": "stranger", "text": "x", "chat": "@mychannel"}),
        ("messages", {"from": "stranger", "text": "x", "forwardFrom": "@nosuchchat"}),
        ("messages", {"from": "stranger", "text": "x", "forwardFrom": "@mychannel", "forwardAs": "letter"}),
        ("messages", {"from": "stranger", "text": "x", "twoMessages": True}),
        ("messages", {"from": "stranger", "text": "x", "bot": "nosuchbot"}),
        ("flood", {"retryAfter": 0}),
        ("bots", {"token": "123:short"}),
    ],
)
async def test_unusable_control_calls_are_refused(sandbox: Sandbox, command: str, body: dict[str, object]) -> None:
    assert (await sandbox.control("POST", f"telegram/{command}", body)).status == 400


async def test_an_unknown_control_path_is_not_found(sandbox: Sandbox) -> None:
    assert (await sandbox.control("POST", "telegram/dance", {})).status == 404
