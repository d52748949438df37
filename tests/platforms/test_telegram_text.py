"""The Telegram adapter: what people write."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moorline.platforms.telegram import find_chat_reference, find_code
from tests.platforms.telegram_double import CHANNEL


@pytest.mark.parametrize(
    "text",
    [
        "LATE-ABC123",
        "late-abc123 @mychannel",
        "/start LATE-ABC123",
        "/connect@MoorlineBot LATE-ABC123",
        "/start@MoorlineBot late_abc123",
        "Here is my code: \u201cLATE-ABC123\u201d!",
        "(LATE-ABC123)",
        "code:LATE-ABC123.",
        "LATE\u2013ABC123",
        "LATE\u2011ABC123",
        "LATE\u2212ABC123",
        "\u200eLATE-ABC123\u200f",
        "LATE-ABC\u200b123",
        "\uff2c\uff21\uff34\uff25\uff0d\uff21\uff22\uff23\uff11\uff12\uff13",
        "LATE-ABC123@mychannel",
        "@mychannel\nLATE-ABC123",
    ],
)
def test_a_code_is_found_however_it_is_written(text: str) -> None:
    assert find_code(text, "LATE") == "LATE-ABC123"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "LATE",
        "LATE-",
        "LATE-ABC12",
        "LATE-ABC1234",
        "PLATE-ABC123",
        "LATE ABC123",
        "better late than never",
        "/start",
    ],
)
def test_what_is_no_code_is_not_taken_for_one(text: str) -> None:
    assert find_code(text, "LATE") is None


def test_the_first_of_several_codes_counts() -> None:
    assert find_code("LATE-ABC123 LATE-XYZ789", "LATE") == "LATE-ABC123"


@pytest.mark.parametrize("prefix", ["MOOR", "My_App", "A-B", "X.Y", "x+"])
def test_a_code_comes_back_as_it_was_issued_whatever_the_prefix(prefix: str) -> None:
    assert find_code(f"/start {prefix.lower()}-abc123", prefix) == f"{prefix}-ABC123"


@pytest.mark.parametrize(
    ("text", "reference"),
    [
        ("LATE-ABC123 @mychannel", "@mychannel"),
        ("LATE-ABC123@mychannel", "@mychannel"),
        ("/connect@MoorlineBot LATE-ABC123 @mychannel", "@mychannel"),
        ("@MoorlineBot LATE-ABC123 @MyChannel.", "@MyChannel"),
        ("LATE-ABC123 https://t.me/mychannel", "@mychannel"),
        ("LATE-ABC123 t.me/mychannel/77?single", "@mychannel"),
        ("https://telegram.me/s/mychannel", "@mychannel"),
        ("HTTPS://T.ME/mychannel", "@mychannel"),
        ("https://t.me/MoorlineBot?start=x https://t.me/mychannel", "@mychannel"),
        ("t.me/c/1234567890", CHANNEL),
        ("https://t.me/c/1234567890/55", CHANNEL),
        ("t.me/c/123", -1_000_000_000_123),
        ("LATE-ABC123 -1001234567890", CHANNEL),
        ("LATE-ABC123 (-1001234567890)", CHANNEL),
        ("\u22121001234567890", CHANNEL),
        ("-4001234", -4001234),
        ("\u2068@mychannel\u2069", "@mychannel"),
    ],
)
def test_the_chat_a_message_names_is_found(text: str, reference: str | int) -> None:
    assert find_chat_reference(text) == reference


@pytest.mark.parametrize(
    "text",
    [
        "",
        "LATE-ABC123",
        "LATE-123456",
        "/connect@MoorlineBot LATE-ABC123",
        "ana@example.com",
        "https://t.me/joinchat/AAAA",
        "https://t.me/+abcdefgh",
        "https://example.org/t.me/mychannel",
        "https://set.me/mychannel",
        "@ab",
        "2026-11-23",
        "1234567890",
        "minus -5 degrees",
        "-9999999999999999",
        "t.me/c/999999999999999999",
    ],
)
def test_a_message_that_names_no_chat_gives_none(text: str) -> None:
    assert find_chat_reference(text) is None


@given(st.text(max_size=200))
def test_reading_any_text_never_raises(text: str) -> None:
    code, reference = find_code(text, "LATE"), find_chat_reference(text)

    assert code is None or len(code) == len("LATE-ABC123")
    assert reference is None or isinstance(reference, str | int)


@given(
    st.text(alphabet="ABCDEFGHJKLMNPQRSTUVWXYZ23456789", min_size=6, max_size=6),
    st.sampled_from(["", "/start ", "/connect@MoorlineBot ", "> ", "\u201c", "\t\n"]),
    st.sampled_from(["", ".", " @mychannel", "\n", "!", "\u201d"]),
    st.booleans(),
)
def test_every_issued_code_is_found_in_every_usual_wrapping(code: str, before: str, after: str, lower: bool) -> None:
    written = f"LATE-{code}".lower() if lower else f"LATE-{code}"

    assert find_code(f"{before}{written}{after}", "LATE") == f"LATE-{code}"


@given(
    st.from_regex(r"[A-Za-z][A-Za-z0-9_]{4,31}", fullmatch=True).filter(lambda name: not name.lower().endswith("bot"))
)
def test_every_channel_name_is_found_as_mention_and_as_address(name: str) -> None:
    assert find_chat_reference(f"LATE-ABC123 @{name}") == f"@{name}"
