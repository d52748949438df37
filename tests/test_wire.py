"""What a platform's bytes become: text that a database and UTF-8 can hold, or no JSON."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moorline.errors import UnexpectedReply
from moorline.wire import Reply


@given(body=st.binary(max_size=60))
def test_any_bytes_are_read_or_are_no_json(body: bytes) -> None:
    reply = Reply(status=200, body=b'{"name": "' + body + b'"}')
    try:
        value = reply.json()
    except UnexpectedReply:
        assert reply.json_or_empty() == {}
        return
    assert reply.json_or_empty() == value
    text = repr(value)
    assert "\x00" not in text.encode("utf-8").decode()


@pytest.mark.parametrize(
    ("body", "name"),
    [
        (b'{"name": "x\xed\xa0\x80"}', "x\ufffd\ufffd\ufffd"),
        (b'{"name": "x\\ud800"}', "x\ufffd"),
        (b'{"name": "x\\u0000"}', "x\ufffd"),
        (b'{"name": "\\ud83d\\ude00"}', "\U0001f600"),
        (b'\xef\xbb\xbf{"name": "x"}', "x"),
        ('{"name": "Åsa"}'.encode(), "Åsa"),
    ],
)
def test_what_no_database_can_hold_is_replaced(body: bytes, name: str) -> None:
    for read in (Reply(status=200, body=body).json(), Reply(status=200, body=body).json_or_empty()):
        assert read == {"name": name}


def test_other_encodings_are_not_guessed() -> None:
    with pytest.raises(UnexpectedReply):
        Reply(status=200, body='{"name": "x"}'.encode("utf-16")).json()
