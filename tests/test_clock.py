"""All time comes from one place, keeps its milliseconds, and can be held still."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moorline import clock
from tests.conftest import FrozenClock

INSTANTS_MS = st.integers(min_value=0, max_value=7_258_118_400_000)  # to the year 2200


def test_now_is_aware_utc_and_runs() -> None:
    before = datetime.now(UTC)
    now = clock.now()
    assert now.utcoffset() == timedelta(0)
    assert before <= now <= datetime.now(UTC)


def test_now_in_milliseconds_is_the_same_instant(frozen_clock: FrozenClock) -> None:
    assert clock.now_ms() == clock.to_ms(frozen_clock.now()) == 1_772_600_767_890


def test_a_frozen_clock_stands_still_until_it_is_moved(frozen_clock: FrozenClock) -> None:
    stood = clock.now()
    assert clock.now() == stood
    frozen_clock.advance(1.5)
    assert clock.now() - stood == timedelta(seconds=1.5)
    frozen_clock.set(datetime(2030, 1, 1, tzinfo=UTC))
    assert clock.now() == datetime(2030, 1, 1, tzinfo=UTC)


def test_a_running_clock_can_be_moved_and_set_right_again() -> None:
    clock.advance(timedelta(days=1))
    try:
        assert timedelta(hours=23) < clock.now() - datetime.now(UTC) <= timedelta(days=1)
    finally:
        clock.freeze(None)
    assert clock.now() - datetime.now(UTC) < timedelta(minutes=1)


def test_the_time_of_another_machine_can_be_told_without_touching_what_a_test_set(frozen_clock: FrozenClock) -> None:
    clock.correct(timedelta(minutes=5))
    try:
        stood = clock.now()
        clock.freeze(None)
        ahead = clock.now() - clock.machine_now()
    finally:
        clock.correct(timedelta(0))
    assert stood == datetime(2026, 3, 4, 5, 6, 7, 890_000, tzinfo=UTC)
    assert timedelta(minutes=4, seconds=59) < ahead <= timedelta(minutes=5)


@given(instant_ms=INSTANTS_MS)
def test_a_stored_instant_comes_back_to_the_millisecond(instant_ms: int) -> None:
    assert clock.to_ms(clock.from_ms(instant_ms)) == instant_ms


@given(instant_ms=INSTANTS_MS, microseconds=st.integers(min_value=0, max_value=999))
def test_what_is_below_a_millisecond_is_cut_off(instant_ms: int, microseconds: int) -> None:
    assert clock.to_ms(clock.from_ms(instant_ms) + timedelta(microseconds=microseconds)) == instant_ms


@pytest.mark.parametrize(
    ("instant", "text"),
    [
        (datetime(2026, 3, 4, 5, 6, 7, 890_999, tzinfo=UTC), "2026-03-04T05:06:07.890Z"),
        (datetime(2026, 12, 31, 23, 59, 59, 9_000, tzinfo=UTC), "2026-12-31T23:59:59.009Z"),
        (datetime(2026, 3, 4, 1, 0, tzinfo=timezone(timedelta(hours=2))), "2026-03-03T23:00:00.000Z"),
    ],
)
def test_instants_are_written_in_utc_with_milliseconds(instant: datetime, text: str) -> None:
    assert clock.iso(instant) == text
