"""Logging: one line per record, JSON or text, with control characters escaped and secrets masked.

Masking is the last line of defence: nobody should hand a secret to a log in the first place. Callers write
`event(log, logging.INFO, "callback_failed", slug=slug)`.
"""

import logging
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from contextvars import ContextVar
from functools import lru_cache
from types import TracebackType
from typing import TextIO

import msgspec
from typing_extensions import override

from moorline import clock, ids

request_id: ContextVar[str | None] = ContextVar("request_id", default=None)
"""The id of the call being answered; every record written meanwhile carries it."""

attempt_id: ContextVar[str | None] = ContextVar("attempt_id", default=None)
"""The id of the connect attempt being worked on, likewise."""

job: ContextVar[str | None] = ContextVar("job", default=None)
job_id: ContextVar[str | None] = ContextVar("job_id", default=None)
"""What `working` is at, and the id of this one piece of it, likewise."""

trace_id: ContextVar[str | None] = ContextVar("trace_id", default=None)
"""The id of the trace, where there are traces, likewise."""

at_platform: ContextVar[str | None] = ContextVar("at_platform", default=None)
"""The platform being dealt with, for whom nobody tells it: the way out."""

watchers: list[Callable[[str, Mapping[str, object]], None]] = []
"""Are told every event with its fields, whether it is logged or not."""

around_jobs: list[Callable[[str], AbstractContextManager[None]]] = []
"""Are entered around every piece of background work, with its name."""

_CARRIED = (request_id, attempt_id, job, job_id, trace_id)
MASK = "***"
_LONGEST_TEXT = 8000
_MOST_FRAMES = 40
_DEEPEST = 6

_SECRET_NAMES = (
    "access_?token|accessJwt|app_?password|appsecret_proof|client_?secret|code|code_?verifier|connect_?token|"
    "fb_exchange_token|id_?token|input_token|passw(?:or)?d|pending_?data_?token|refresh_?token|refreshJwt|state|"
    "temp_?token|token"
)
_SECRET_NAME = re.compile(_SECRET_NAMES, re.IGNORECASE)
_QUOTED = r""""(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|\\".*?\\\""""
_MASKED_WHOLE = re.compile(
    r"(?:sk|inv|lnk)_[0-9a-f]{16,}"
    r"|\d{3,20}:[A-Za-z0-9_-]{30,}"  # Telegram's bot token, with or without its "bot"
    r"|(?<![\w-])eyJ[\w-]+\.[\w-]+\.[\w-]*"
    r"|(?<![\w-])[a-z0-9]{4}(?:-[a-z0-9]{4}){3}(?![\w-])",  # Bluesky's app password
    re.IGNORECASE,
)
_MASKED_AFTER = (
    re.compile(r"(?P<keep>\b(?:bearer|dpop|basic)\s+)[^\s\"',;]+", re.IGNORECASE),
    re.compile(
        rf"(?P<keep>(?:(?<![\w-])|(?<=%3F)|(?<=%26))(?:{_SECRET_NAMES})(?:\s*=\s*|%3D))"
        rf"(?:{_QUOTED}|(?:(?!%26)[^&\s])+)",
        re.IGNORECASE | re.DOTALL,
    ),
    re.compile(
        rf"(?P<keep>[\"'](?:{_SECRET_NAMES})\\{{0,4}}[\"']\s*:\s*)(?:{_QUOTED}|[^,}}\s]+)", re.IGNORECASE | re.DOTALL
    ),
)
_DIGIT_AND_COLON = re.compile(r"[0-9]:")
# What JSON leaves alone and a terminal or a log viewer does not: DEL, C1, line separators, direction marks, BOM.
_UNSAFE = re.compile(r"[\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]")
_PLAIN = re.compile(r"[\w./:@+*-]+", re.ASCII)


def configure(level: str, *, json: bool) -> None:
    """Send every record to standard error, one line each, and drop all other handlers, uvicorn's among them."""
    handler = _Handler()
    handler.setFormatter(JsonLines() if json else TextLines())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.propagate = True
        logger.disabled = False
        logger.setLevel(logging.NOTSET)
    logging.captureWarnings(capture=True)
    # No line tells who logged it, so nobody needs to look (the library's own advice for speed).
    logging._srcfile = None  # noqa: SLF001
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False


def event(
    logger: logging.Logger, level: int, name: str, /, *, cause: BaseException | None = None, **fields: object
) -> None:
    """Log that something happened: a constant name, and what varies as fields; a field that is None is left out.

    A field named like a secret (`code`, `state`, `token`, ...) is masked: call an error's code `error_code`.
    """
    for watcher in watchers:
        watcher(name, fields)
    if logger.isEnabledFor(level):
        logger.log(level, "%s", name, extra={"moorline": fields}, exc_info=cause, stacklevel=2)


def about(*, platform: str, attempt: str | None = None) -> None:
    """From here on this request, or this piece of background work, deals with a platform, and with an attempt."""
    at_platform.set(platform)
    if attempt is not None:
        attempt_id.set(attempt)


@contextmanager
def working(name: str) -> Iterator[None]:
    """One piece of background work: every record written meanwhile carries its name and an id of its own."""
    set_to = ((job, name), (job_id, ids.new_id()), (attempt_id, None), (at_platform, None), (trace_id, None))
    tokens = [(variable, variable.set(value)) for variable, value in set_to]
    try:
        with ExitStack() as stack:
            for around in around_jobs:
                stack.enter_context(around(name))
            yield
    finally:
        for variable, token in tokens:
            variable.reset(token)


def redact(text: str) -> str:
    """The text with everything masked that looks like a token, a key, a password or a parameter holding one."""
    # Most that is logged can hold none of them, which takes a tenth of the time to see. Beyond ASCII other letters pass
    # for those that are looked for here.
    lowered = text.lower() if text.isascii() else None
    if lowered is None or _may_be_a_secret(lowered):
        text = _MASKED_WHOLE.sub(MASK, text)
    if lowered is None or _may_name_a_secret(lowered):
        for pattern in _MASKED_AFTER:
            text = pattern.sub(rf"\g<keep>{MASK}", text)
    return text


def _may_be_a_secret(lowered: str) -> bool:
    return (
        "sk_" in lowered
        or "inv_" in lowered
        or "lnk_" in lowered
        or "eyj" in lowered
        or lowered.count("-") >= 3
        or (":" in lowered and _DIGIT_AND_COLON.search(lowered) is not None)
    )


def _may_name_a_secret(lowered: str) -> bool:
    return (
        "=" in lowered
        or "%3d" in lowered
        or "bearer" in lowered
        or "dpop" in lowered
        or "basic" in lowered
        or (":" in lowered and ("'" in lowered or '"' in lowered))
    )


def printable(text: str, max_chars: int) -> str:
    """Cut, and without control characters: platforms send any, and PostgreSQL keeps no NUL."""
    return "".join(char if char.isprintable() else " " for char in text[:max_chars])


class JsonLines(logging.Formatter):
    """A JSON object per record: at, level, logger, event, the ids of what is being done, the fields, error."""

    @override
    def format(self, record: logging.LogRecord) -> str:
        return _json(_entry(record))


class TextLines(logging.Formatter):
    """For people: instant, level, logger, event, then name=value."""

    @override
    def format(self, record: logging.LogRecord) -> str:
        entry = _entry(record)
        head = (entry.pop("at"), str(entry.pop("level")).upper(), entry.pop("logger"), entry.pop("event"))
        words = [_word(part) for part in head]
        return " ".join(words + [f"{_word(name)}={_word(value)}" for name, value in entry.items()])


class _Handler(logging.StreamHandler[TextIO]):
    @override
    def emit(self, record: logging.LogRecord) -> None:
        self.stream = sys.stderr  # looked up at each record: whoever replaces standard error gets the lines
        super().emit(record)

    @override
    def handleError(self, record: logging.LogRecord) -> None:
        # The library would print the arguments as they are, secrets and all.
        self.stream.write(f"log_failed logger={_word(record.name)}\n")


def _entry(record: logging.LogRecord) -> dict[str, object]:
    entry: dict[str, object] = {
        "at": clock.iso(clock.from_ms(int(record.created * 1000))),
        "level": record.levelname.lower(),
        "logger": record.name,
        "event": _text(_message(record)),
    }
    for variable in _CARRIED:
        current = variable.get()
        if current is not None:
            entry[variable.name] = _text(current)
    fields: Mapping[str, object] = getattr(record, "moorline", {})
    for name, value in fields.items():
        if value is not None:
            entry[f"{name}_" if name in entry else name] = _field(name, value)
    if record.exc_info and record.exc_info[1] is not None:
        entry["error"] = _error(record.exc_info[1])
    return entry


def _message(record: logging.LogRecord) -> str:
    try:
        return record.getMessage()
    except (TypeError, ValueError, KeyError):
        return f"{record.msg} (its arguments do not fit)"


def _field(name: str, value: object, depth: int = 0) -> object:
    if _is_secret_name(name):
        return MASK
    if isinstance(value, str):
        return _text(value)
    if value is None or isinstance(value, bool | float):
        return value
    if isinstance(value, int) and abs(value) < 1 << 63:
        return int(value)
    if isinstance(value, Mapping) and depth < _DEEPEST:
        return {_text(str(key)): _field(str(key), item, depth + 1) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset) and depth < _DEEPEST:
        return [_field("", item, depth + 1) for item in value]
    return _text(str(value))


@lru_cache(maxsize=256)  # names of fields are constants, the same ones for ever
def _is_secret_name(name: str) -> bool:
    return _SECRET_NAME.fullmatch(name) is not None


def _error(error: BaseException, depth: int = 0) -> dict[str, object]:
    told: dict[str, object] = {
        "type": f"{type(error).__module__}.{type(error).__qualname__}",
        "message": _text(str(error)),
        "frames": _frames(error.__traceback__),
    }
    cause = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if cause is not None and depth < _DEEPEST:
        told["cause"] = _error(cause, depth + 1)
    if isinstance(error, BaseExceptionGroup) and depth < _DEEPEST:
        told["errors"] = [_error(member, depth + 1) for member in error.exceptions[:_DEEPEST]]
    return told


def _frames(trace: TracebackType | None) -> list[str]:
    """The innermost frames as `folder/file.py:line function`, outermost first; no values, no machine's paths."""
    frames: list[str] = []
    while trace is not None:
        code = trace.tb_frame.f_code
        file = "/".join(re.split(r"[/\\]", code.co_filename)[-2:])
        frames.append(f"{file}:{trace.tb_lineno} {code.co_name}")
        trace = trace.tb_next
    return frames[-_MOST_FRAMES:]


def _text(text: str) -> str:
    masked = redact(text)
    if len(masked) > _LONGEST_TEXT:
        masked = f"{masked[:_LONGEST_TEXT]}... ({len(masked)} characters)"
    return masked


def _json(value: object) -> str:
    try:
        text = msgspec.json.encode(value).decode()
    except UnicodeEncodeError:
        text = msgspec.json.encode(_encodable(value)).decode()
    return text if text.isascii() and "\x7f" not in text else _UNSAFE.sub(_escaped, text)


def _escaped(found: re.Match[str]) -> str:
    return f"\\u{ord(found[0]):04x}"


def _encodable(value: object) -> object:
    """Half surrogates, which UTF-8 cannot carry, written out."""
    if isinstance(value, str):
        return value if value.isprintable() else value.encode("utf-8", "backslashreplace").decode()
    if isinstance(value, dict):
        return {_encodable(name): _encodable(item) for name, item in value.items()}
    return [_encodable(item) for item in value] if isinstance(value, list) else value


def _word(value: object) -> str:
    """The value as it is when nothing in it could pass for another field, else as JSON."""
    return value if isinstance(value, str) and _PLAIN.fullmatch(value) else _json(value)
