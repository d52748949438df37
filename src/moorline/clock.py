"""All time comes from here, so that a test can hold it still or move it.

Where many machines share a database, its clock is everybody's: leases and ends mean the same instant on all of them.
"""

from datetime import UTC, datetime, timedelta

import msgspec

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class _Clock:
    def __init__(self) -> None:
        self.offset = timedelta(0)
        self.correction = timedelta(0)
        self.frozen_at: datetime | None = None


_clock = _Clock()


def now() -> datetime:
    """The present instant, aware, UTC."""
    return (_clock.frozen_at or machine_now() + _clock.correction) + _clock.offset


def now_ms() -> int:
    """The present instant in milliseconds since 1970, as the store keeps it."""
    return to_ms(now())


def to_ms(instant: datetime) -> int:
    """Milliseconds since 1970, cut down to the whole millisecond."""
    return (instant - _EPOCH) // timedelta(milliseconds=1)


def from_ms(instant_ms: int) -> datetime:
    """The aware UTC instant of a stored number of milliseconds."""
    return _EPOCH + timedelta(milliseconds=instant_ms)


def to_ms_or_none(instant: datetime | None) -> int | None:
    """`to_ms`, of what may never come."""
    return None if instant is None else to_ms(instant)


def from_ms_or_none(instant_ms: int | None) -> datetime | None:
    """`from_ms`, of a column that may be NULL."""
    return None if instant_ms is None else from_ms(instant_ms)


def iso(instant: datetime) -> str:
    """ISO 8601 with milliseconds and Z, as every answer writes instants."""
    utc = instant if instant.tzinfo is UTC else instant.astimezone(UTC)
    # A sixth of what `isoformat` takes, which lists feel; microseconds are written unless they are none.
    text: str = msgspec.to_builtins(utc)
    return f"{text[:23]}Z" if utc.microsecond else f"{text[:19]}.000Z"


def machine_now() -> datetime:
    """The instant by this machine's own clock, to be compared with another's."""
    return datetime.now(UTC)


def correct(by: timedelta) -> None:
    """From now on, tell the time of another machine: one whose clock is this much ahead of this one's."""
    _clock.correction = by


def correction() -> timedelta:
    """How far ahead of this machine's clock the time is that is told."""
    return _clock.correction


def freeze(instant: datetime | None) -> None:
    """Hold the clock at an instant (None lets it run again). For tests."""
    _clock.frozen_at = instant
    _clock.offset = timedelta(0)


def advance(by: timedelta) -> None:
    """Move the clock forward, frozen or running. For tests."""
    _clock.offset += by
