"""Which end only a person can put off, and on which days it is warned of: as tables."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

from moorline.accounts import expiry
from moorline.adapter.values import Renews

NOW = datetime(2026, 3, 4, 5, 6, 7, 890_000, tzinfo=UTC)


def day(number: float) -> datetime:
    return NOW + timedelta(days=number)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ends:
    access_expires_at: datetime | None
    refresh_expires_at: datetime | None
    has_refresh: bool


@pytest.mark.parametrize(
    ("renews", "access", "refresh", "has_refresh", "expected"),
    [
        (None, 60, 90, True, None),  # a bot's chat
        (Renews.NEVER, None, None, False, None),
        (Renews.NEVER, 60, None, False, 60),
        (Renews.NEVER, 60, 90, True, 60),
        (Renews.BY_EXCHANGE, 60, None, False, 60),
        (Renews.BY_EXCHANGE, None, None, False, None),
        (Renews.BY_REFRESH_TOKEN, 60, None, False, 60),
        (Renews.BY_REFRESH_TOKEN, 60, 365, False, 60),
        (Renews.BY_REFRESH_TOKEN, 60, 365, True, 365),
        (Renews.BY_REFRESH_TOKEN, 60, 7, True, 60),  # the access outlives the right to renew it
        (Renews.BY_REFRESH_TOKEN, 60, None, True, None),
        (Renews.BY_REFRESH_TOKEN, None, 365, True, None),
    ],
)
def test_the_last_chance(
    renews: Renews | None, access: int | None, refresh: int | None, has_refresh: bool, expected: int | None
) -> None:
    ends = Ends(
        access_expires_at=None if access is None else day(access),
        refresh_expires_at=None if refresh is None else day(refresh),
        has_refresh=has_refresh,
    )
    found = expiry.last_chance(ends, renews)
    assert found == (None if expected is None else day(expected))


@pytest.mark.parametrize(
    ("ends", "expected"),
    [(60, 46), (14.001, 0.001), (14, 7), (10, 3), (7, 6), (6.9, 5.9), (1.5, 0.5), (1, None), (0.5, None), (-3, None)],
)
def test_the_next_warning_is_the_first_whose_instant_is_still_to_come(ends: float, expected: float | None) -> None:
    assert expiry.next_warning(day(ends), NOW) == (None if expected is None else day(expected))


def test_what_has_no_end_is_never_warned_of() -> None:
    assert expiry.next_warning(None, NOW) is None
    assert expiry.due_days(None, day(-1), NOW) is None


@pytest.mark.parametrize(
    ("ends", "planned", "expected"),
    [
        (14, 0, 14),
        (14.001, 0, None),  # told a little later than it was when this was planned: not yet
        (13.999, 0.0, 14),
        (13.999, -0.001, 14),
        (14 - 1 / 24, 0, 14),  # told an hour earlier than it was
        (10, -4, 14),
        (6, -8, 7),  # of two that are due the nearest
        (0.5, -13.5, 1),
        (6, -1, 7),
        (6, -0.5, None),  # a consent whose seven days were over before it was given
        (13, 6, None),
        (90, 0, None),
    ],
)
def test_of_what_is_due_only_the_nearest_to_the_end_is_told(ends: float, planned: float, expected: int | None) -> None:
    assert expiry.due_days(day(ends), day(planned), NOW) == expected


@pytest.mark.parametrize("drift_s", [-3600, -1, 0, 1, 1800])
def test_every_threshold_is_told_once_although_the_end_is_told_a_little_differently_each_time(drift_s: float) -> None:
    ends, told = day(60), []
    planned, now = expiry.next_warning(ends, NOW), NOW
    for hour in range(61 * 24):
        now = NOW + timedelta(hours=hour)
        if planned is None or planned > now:
            continue
        ends += timedelta(seconds=drift_s)  # renewed in this moment, which leaves the plan as it is
        assert expiry.is_same_end(ends, ends + timedelta(seconds=drift_s))
        days = expiry.due_days(ends, planned, now)
        if days is not None:
            told.append(days)
        planned = expiry.next_warning(ends, now)
    assert told == [14, 7, 1]


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [(60, 60, True), (60, 60 + 1 / 24, True), (60, 60 + 1.01 / 24, False), (60, None, False), (None, None, True)],
)
def test_what_counts_as_the_same_end(one: float | None, other: float | None, expected: bool) -> None:
    first, second = (None if one is None else day(one)), (None if other is None else day(other))
    assert expiry.is_same_end(first, second) is expected
    assert expiry.is_same_end(second, first) is expected
