"""One line per record, nothing in it that a terminal obeys, no secret in it."""

import io
import json
import logging
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typing_extensions import override

from moorline.errors import Unreachable
from moorline.logs import MASK, JsonLines, TextLines, attempt_id, configure, event, redact, request_id

LOG = logging.getLogger("moorline.test")
KEY = "sk_" + "0123456789abcdef" * 4
BOT_TOKEN = "123456789:AAbbCCddEEffGGhhIIjjKKllMMnnOOppQQr"
JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhIn0.c2lnbmF0dXJl-_x"
NAMES = [
    *("access_token", "refresh_token", "client_secret", "code", "code_verifier", "state", "tempToken", "token"),
    *("connect_token", "pendingDataToken", "appsecret_proof", "fb_exchange_token", "input_token", "password"),
    *("appPassword", "accessJwt", "refreshJwt", "id_token", "clientSecret"),
]


@pytest.fixture(autouse=True)
def _restored_logging() -> Iterator[None]:
    names = ("", "uvicorn", "uvicorn.error", "uvicorn.access")
    kept = [(logging.getLogger(name), logging.getLogger(name).handlers[:]) for name in names]
    level = logging.getLogger().level
    yield
    for logger, handlers in kept:
        logger.handlers[:] = handlers
    logging.getLogger().setLevel(level)
    logging.captureWarnings(capture=False)


@pytest.fixture
def lines(capsys: pytest.CaptureFixture[str]) -> Callable[[], list[str]]:
    return lambda: capsys.readouterr().err.splitlines(keepends=True)


@pytest.fixture
def entry(lines: Callable[[], list[str]]) -> Callable[[], dict[str, Any]]:
    """The one JSON line that was written."""
    configure("DEBUG", json=True)

    def read() -> dict[str, Any]:
        (line,) = lines()
        parsed: dict[str, Any] = json.loads(line)
        return parsed

    return read


def rendered(message: str, formatter: logging.Formatter, **fields: object) -> str:
    record = logging.LogRecord("moorline.test", logging.INFO, __file__, 1, "%s", (message,), None)
    record.__dict__["moorline"] = fields
    return formatter.format(record)


# Shape


def test_a_json_line_tells_when_what_and_the_fields(entry: Callable[[], dict[str, Any]]) -> None:
    event(LOG, logging.INFO, "callback_failed", slug="oauth_denied", attempt=2, ms=1.5, first=True, absent=None)
    told = entry()
    assert told.pop("at").endswith("Z")
    assert told == {
        "level": "info",
        "logger": "moorline.test",
        "event": "callback_failed",
        "slug": "oauth_denied",
        "attempt": 2,
        "ms": 1.5,
        "first": True,
    }


def test_a_text_line_is_name_and_value(lines: Callable[[], list[str]]) -> None:
    configure("INFO", json=False)
    event(LOG, logging.WARNING, "callback_failed", slug="oauth_denied", why='he said "no"', n=3)
    (line,) = lines()
    assert line.endswith(' WARNING moorline.test callback_failed slug=oauth_denied why="he said \\"no\\"" n=3\n')


def test_s62_the_ids_of_call_and_attempt_are_told(entry: Callable[[], dict[str, Any]]) -> None:
    call, attempt = request_id.set("req-1"), attempt_id.set("507f1f77bcf86cd799439011")
    event(LOG, logging.INFO, "started")
    request_id.reset(call)
    attempt_id.reset(attempt)
    told = entry()
    assert (told["request_id"], told["attempt_id"]) == ("req-1", "507f1f77bcf86cd799439011")


def test_a_field_cannot_replace_what_every_line_has(entry: Callable[[], dict[str, Any]]) -> None:
    event(LOG, logging.INFO, "started", at="never", level_="x", event="other")
    told = entry()
    assert (told["event"], told["event_"], told["at_"]) == ("started", "other", "never")


def test_below_the_level_nothing_is_written(lines: Callable[[], list[str]]) -> None:
    configure("WARNING", json=True)
    event(LOG, logging.INFO, "started")
    assert lines() == []


def test_other_handlers_are_dropped(lines: Callable[[], list[str]]) -> None:
    unsafe = io.StringIO()
    access = logging.getLogger("uvicorn.access")
    for logger in (access, logging.getLogger()):
        logger.addHandler(logging.StreamHandler(unsafe))
    access.propagate = False
    configure("INFO", json=True)
    access.info("GET /connect/x/callback?code=s3cret&state=s3cret")
    (line,) = lines()
    assert "s3cret" not in line
    assert unsafe.getvalue() == ""


def test_values_of_every_kind_are_written(entry: Callable[[], dict[str, Any]]) -> None:
    loop: list[object] = []
    loop.append(loop)
    event(
        LOG,
        logging.INFO,
        "odd",
        big=1 << 80,
        nan=float("nan"),
        nested={"a": [1, {"b": b"x"}]},
        loop=loop,
        half="\ud800",
    )
    told = entry()
    assert (told["big"], told["nan"], told["nested"]) == (str(1 << 80), None, {"a": [1, {"b": "b'x'"}]})
    assert told["half"] == "\\ud800"


def test_a_long_text_is_cut(entry: Callable[[], dict[str, Any]]) -> None:
    event(LOG, logging.INFO, "long", name="x" * 10_000)
    assert entry()["name"] == "x" * 8000 + "... (10000 characters)"


# S62: nothing in a line may act


@pytest.mark.parametrize("formatter", [JsonLines(), TextLines()])
@pytest.mark.parametrize(
    "text", ["a\r\nINFO forged", "\x1b[31mred\x1b[0m", "\x9b31m", "a\u2028b", "\u202egnp", "\x00\x7f"]
)
def test_s62_control_characters_are_escaped(text: str, formatter: logging.Formatter) -> None:
    line = rendered(text, formatter, name=text, **{text: text})
    assert line.isprintable()


@given(st.text(), st.text())
def test_s62_every_json_line_is_printable_json_with_the_text_in_it(message: str, name: str) -> None:
    line = rendered(message, JsonLines(), name=name)
    assert not {chr(code) for code in (*range(32), *range(0x7F, 0xA0), 0x2028, 0x2029, 0x202E)} & set(line)
    assert json.loads(line)["name"] == redact(name)
    assert json.loads(line)["event"] == redact(message)


@given(st.text(min_size=1))
def test_s62_no_text_forges_a_field_of_a_text_line(name: str) -> None:
    line = rendered("named", TextLines(), name=name, last="1")
    head, _, value = line.removesuffix(" last=1").partition(" name=")
    assert head.endswith("INFO moorline.test named")
    assert value == redact(name) if " " not in value and '"' not in value else json.loads(value) == redact(name)
    assert "\n" not in line


def test_s62_a_message_that_looks_like_fields_is_quoted() -> None:
    assert rendered("done status=200", TextLines()).endswith('moorline.test "done status=200"')


# S30: no secret in a line


@pytest.mark.parametrize(
    "secret",
    [
        f"Authorization: Bearer {JWT[:12]}s3cret",
        "bearer s3cret",
        "Authorization: Basic czNjcmV0OnMzY3JldA==",
        KEY,
        f"https://connect.example.com/connect/link/{KEY.replace('sk_', 'lnk_')}",
        f"https://api.telegram.org/bot{BOT_TOKEN}/getMe",
        BOT_TOKEN,
        JWT,
        "s3cr-et12-s3cr-et34",
    ],
)
def test_s30_what_looks_like_a_token_is_masked(secret: str) -> None:
    masked = redact(f"before {secret} after")
    assert masked.startswith("before ")
    assert masked.endswith(" after")
    assert MASK in masked
    assert not any(part in masked for part in ("s3cr", "0123456789abcdef", "AAbb", "eyJ", "czNj"))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    "shape",
    [
        "https://a.example/cb?x=1&{}=hunter2&y=2",
        "{}=hunter2&y=2",
        "{}=hunter2 y=2",
        '{{"{}": "hunter2", "y": 2}}',
        '{{"{}":"hun\\"ter2","y":2}}',
        "{{'{}': 'hunter2', 'y': 2}}",
        '"{{\\"{}\\": \\"hunter2\\", y"',
        "Tokens({}='hun ter2', y=2)",
        "redirect=https%3A%2F%2Fa%3F{}%3Dhunter2%26y%3D2",
    ],
)
def test_s30_a_secret_parameter_is_masked(shape: str, name: str) -> None:
    masked = redact(shape.format(name))
    assert not any(part in masked for part in ("hun", "ter2"))
    assert MASK in masked
    assert "y" in masked.partition(MASK)[2]


@pytest.mark.parametrize(
    "text",
    [
        "error_code=190 zip_code=12345",
        "platform_state=open",
        "The code was used before; the token is not valid.",
        "sk_1a2b...9f0e",
        "507f1f77bcf86cd799439011",
        "5f0c1f0e-2b0a-4c7e-9a55-0123456789ab",
        "2026-11-23T10:11:12.345Z",
        "127.0.0.1:8400",
    ],
)
def test_what_is_no_secret_stays(text: str) -> None:
    assert redact(text) == text


BEFORE = ["", "?", "&", "%3F", "%26", '"', "'", "\\", " ", "{", "-", "x"]
NAMED = ["state", "Code", "Token", "bearer", "DPoP", "Basic", "sk_", "INV_", "1", "a", "eyJ"]
JOINTS = ["", "=", " = ", "%3D", "%3d", ":", "': ", '" :', '\\":', " ", "\t"]
VALUES = [KEY, BOT_TOKEN, JWT, "abcd-abcd-abcd-abcd", "hunter2", '"hunter2"', "'hunter2", "0123456789abcdef", ""]


@given(st.tuples(*(st.sampled_from(texts) for texts in (BEFORE, NAMED, JOINTS, VALUES, BEFORE))).map("".join))
@settings(max_examples=1000)
def test_s30_no_text_is_thought_to_hold_no_secret_when_it_does(text: str) -> None:
    beyond_ascii = "· "  # such a text is looked at by every pattern
    assert redact(beyond_ascii + text) == beyond_ascii + redact(text)


@pytest.mark.parametrize(
    "piece",
    ["eyJ", "1", "a", "\\", '"', "%26", "token=", '"token":', 'password="', "token='\\", "bearer ", "abcd-", " "],
)
def test_s62_hostile_text_is_masked_in_time_that_grows_with_its_length(piece: str) -> None:
    started_s = time.process_time()
    redact(piece * (60_000 // len(piece)))
    assert time.process_time() - started_s < 1


@pytest.mark.parametrize("name", NAMES)
def test_s30_a_field_with_a_secrets_name_is_masked(name: str, entry: Callable[[], dict[str, Any]]) -> None:
    fields: dict[str, Any] = {name: "s3cret", "form": {name: ["s3cret"]}}
    event(LOG, logging.INFO, "asked", **fields)
    told = entry()
    assert (told[name], told["form"]) == (MASK, {name: MASK})


def test_s30_arguments_and_values_are_masked(entry: Callable[[], dict[str, Any]]) -> None:
    LOG.info("asked %s for %s", f"https://a.example/?code={KEY}", {"access_token": "s3cret"})
    told = entry()
    assert told["event"] == f"asked https://a.example/?code={MASK} for {{'access_token': {MASK}}}"


def test_s30_arguments_that_do_not_fit_are_not_printed() -> None:
    record = LOG.makeRecord(LOG.name, logging.INFO, __file__, 1, "%d of %d", ("s3cret",), None)
    assert json.loads(JsonLines().format(record))["event"] == "%d of %d (its arguments do not fit)"


def test_s30_a_value_that_cannot_be_written_is_not_printed(lines: Callable[[], list[str]]) -> None:
    class Broken:
        secret = "s3cret"

        @override
        def __str__(self) -> str:
            raise RuntimeError(self.secret)

    configure("INFO", json=True)
    event(LOG, logging.INFO, "odd", value=Broken())
    assert lines() == ["log_failed logger=moorline.test\n"]


def fails(password: str) -> None:
    raise ValueError(f"wrong password={password}\nsecond line")


def test_s30_an_exception_is_told_by_type_places_and_masked_message(entry: Callable[[], dict[str, Any]]) -> None:
    try:
        fails("s3cret")
    except ValueError as error:
        event(LOG, logging.ERROR, "failed", cause=error)
    told = entry()["error"]
    assert (told["type"], told["message"]) == ("builtins.ValueError", f"wrong password={MASK}\nsecond line")
    assert [frame.split(":")[0] for frame in told["frames"]] == ["tests/test_logs.py", "tests/test_logs.py"]
    assert told["frames"][-1].endswith(" fails")


def test_s30_the_cause_is_told_and_masked(entry: Callable[[], dict[str, Any]]) -> None:
    error = Unreachable("no answer")
    error.__cause__ = ValueError("asked /cb?code=s3cret")
    error.__cause__.__context__ = KeyError("deep")
    event(LOG, logging.ERROR, "failed", cause=error)
    told = entry()["error"]
    assert (told["type"], told["cause"]["message"]) == ("moorline.errors.Unreachable", f"asked /cb?code={MASK}")
    assert told["cause"]["cause"]["type"] == "builtins.KeyError"


def test_a_suppressed_context_is_not_told(entry: Callable[[], dict[str, Any]]) -> None:
    try:
        try:
            fails("s3cret")
        except ValueError:
            raise Unreachable("no answer") from None
    except Unreachable:
        LOG.exception("failed")
    assert "cause" not in entry()["error"]


def test_the_members_of_a_group_are_told(entry: Callable[[], dict[str, Any]]) -> None:
    event(LOG, logging.ERROR, "failed", cause=ExceptionGroup("two", [ValueError("a"), KeyError("token=s3cret")]))
    assert [member["message"] for member in entry()["error"]["errors"]] == ["a", f"'token={MASK}"]


def test_an_exception_fits_on_one_line_of_text(lines: Callable[[], list[str]]) -> None:
    configure("INFO", json=False)
    event(LOG, logging.ERROR, "failed", cause=ValueError("one\ntwo"))
    (line,) = lines()
    assert '"message":"one\\ntwo"' in line


def test_standard_error_is_looked_up_at_each_record(monkeypatch: pytest.MonkeyPatch) -> None:
    configure("INFO", json=True)
    later = io.StringIO()
    monkeypatch.setattr(sys, "stderr", later)
    event(LOG, logging.INFO, "started")
    assert json.loads(later.getvalue())["event"] == "started"
