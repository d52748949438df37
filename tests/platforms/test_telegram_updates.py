"""The Telegram adapter: what is delivered."""

from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from moorline.adapter.bot import Chat, IncomingMessage, Member, MembershipChange
from moorline.platforms.telegram import Telegram, parse_update
from tests.platforms.telegram_double import ANN, CHANNEL, file


def update(name: str) -> IncomingMessage | MembershipChange | None:
    return parse_update(file("updates")[name])


def message(name: str) -> IncomingMessage:
    parsed = update(name)
    assert isinstance(parsed, IncomingMessage)
    return parsed


def test_a_private_message_tells_sender_chat_and_text() -> None:
    assert message("code") == IncomingMessage(
        update_id=10,
        message_id=5,
        chat=Chat(id=ANN, type="private", title="Ann Lee", username="ann"),
        text="LATE-ABC123 @mychannel",
        sender_id=ANN,
        sender_username="ann",
        sender_name="Ann Lee",
    )


@pytest.mark.parametrize("name", ["forwarded_channel_post", "forwarded_channel_post_old_server"])
def test_a_forwarded_channel_post_names_its_channel_in_both_forms(name: str) -> None:
    forwarded = message(name)

    assert forwarded.forward_kind == "channel"
    assert forwarded.forwarded_chat == Chat(id=CHANNEL, type="channel", title="My Channel", username="mychannel")


def test_a_forward_of_an_anonymous_group_administrator_names_the_group() -> None:
    forwarded = message("forwarded_group_post")

    assert forwarded.forward_kind == "chat"
    assert forwarded.forwarded_chat is not None
    assert forwarded.forwarded_chat.id == -1002222222222


@pytest.mark.parametrize(
    ("name", "kind"), [("forwarded_from_person", "user"), ("forwarded_from_hidden_person", "hidden_user")]
)
def test_s45_a_forward_from_a_person_names_no_chat(name: str, kind: str) -> None:
    forwarded = message(name)

    assert (forwarded.forward_kind, forwarded.forwarded_chat) == (kind, None)


@pytest.mark.parametrize(
    ("older", "kind"),
    [
        ({"forward_from": {"id": 222, "is_bot": False, "first_name": "Bob"}}, "user"),
        ({"forward_sender_name": "Bob"}, "hidden_user"),
        ({"forward_from_chat": {"id": -4001, "type": "group", "title": "Team"}}, "chat"),
        ({"forward_from_chat": {"id": "odd"}}, None),
    ],
)
def test_the_older_fields_of_a_forward_are_read_when_they_come_alone(older: dict[str, Any], kind: str | None) -> None:
    raw = file("updates")["code"]
    raw["message"] |= older

    parsed = parse_update(raw)

    assert isinstance(parsed, IncomingMessage)
    assert parsed.forward_kind == kind


def test_a_caption_counts_as_text() -> None:
    assert message("caption").text == "late-abc123"


@pytest.mark.parametrize("name", ["channel_post", "anonymous_administrator"])
def test_s45_a_message_without_a_real_person_behind_it_has_no_sender(name: str) -> None:
    assert message(name).sender_id is None


def test_a_group_that_migrates_tells_its_new_id() -> None:
    migrated = message("group_migrated")

    assert (migrated.chat.id, migrated.migrated_to) == (-4001, -100987)


def test_the_bots_promotion_tells_both_standings_and_who_did_it() -> None:
    assert update("bot_promoted") == MembershipChange(
        update_id=20,
        chat=Chat(id=CHANNEL, type="channel", title="My Channel", username="mychannel"),
        before=Member(user_id=999, status="left"),
        after=Member(user_id=999, status="administrator", can_post_messages=True),
        by_id=ANN,
    )


def test_the_bots_removal_means_it_may_no_longer_post() -> None:
    removed = update("bot_removed")

    assert isinstance(removed, MembershipChange)
    assert Telegram().may_post(removed.chat, removed.before)
    assert not Telegram().may_post(removed.chat, removed.after)


def test_an_update_of_a_kind_we_did_not_ask_for_is_nothing() -> None:
    assert update("unasked_kind") is None


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "update_id",
                    "message",
                    "channel_post",
                    "my_chat_member",
                    "chat",
                    "from",
                    "id",
                    "type",
                    "text",
                    "message_id",
                    "forward_origin",
                    "new_chat_member",
                    "old_chat_member",
                    "user",
                    "status",
                ]
            ),
            inner,
            max_size=6,
        )
    ),
    max_leaves=20,
)


@given(JSON)
@example({"update_id": True, "message": {}})
@example({"update_id": 1, "message": {"message_id": 1, "chat": {"id": 1 << 60, "type": "private"}}})
@example({"update_id": 1, "my_chat_member": {"chat": {"id": 1, "type": "group"}, "old_chat_member": "x"}})
def test_parsing_anything_never_raises(raw: object) -> None:
    parsed = parse_update(raw)

    assert parsed is None or isinstance(parsed, IncomingMessage | MembershipChange)


@pytest.mark.parametrize("path", ["message", "chat", "from", "forward_origin", "entities", "text"])
@given(JSON)
def test_a_real_message_with_one_odd_part_never_raises(path: str, odd: object) -> None:
    raw = file("updates")["forwarded_channel_post"]
    if path == "message":
        raw["message"] = odd
    else:
        raw["message"][path] = odd

    parse_update(raw)


def test_text_loses_what_no_store_takes() -> None:
    raw = file("updates")["code"]
    raw["message"]["text"] = "LATE-\0ABC123\ud800"

    parsed = parse_update(raw)

    assert isinstance(parsed, IncomingMessage)
    assert parsed.text == "LATE-ABC123"
