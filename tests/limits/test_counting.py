"""How calls and tries are counted, alike in memory, in the database and in Redis."""

import asyncio
from datetime import timedelta

import pytest

from moorline import clock
from moorline.errors import RateLimited
from moorline.limits import buckets
from moorline.limits.buckets import (
    KEY,
    SIGN_IN_CLIENT,
    SIGN_IN_EMAIL,
    SIGN_IN_EMAIL_AT_CLIENT,
    START_CLIENT,
    START_LINK,
)
from moorline.limits.counters import MOST_KEYS, Counters, MemoryCounters
from moorline.limits.counting import Left, Limits, Use
from moorline.pages.dashboard.tries import of_sign_in
from tests.conftest import FrozenClock

ASA, HERE = "asa@example.com", "192.0.2.1"


def who_tries(address: str = ASA, client: str = HERE, *, is_known: bool = False) -> tuple[Use, ...]:
    return of_sign_in(client=client, address=address, is_known=is_known)


async def refused(limits: Limits, *uses: Use) -> RateLimited:
    with pytest.raises(RateLimited) as raised:
        await limits.count(*uses)
    return raised.value


async def test_so_many_are_taken_and_the_next_is_told_how_long_to_wait(limits: Limits) -> None:
    left = [await limits.count((START_CLIENT, HERE)) for _ in range(30)]
    assert [one.remaining for one in left if one] == list(range(29, -1, -1))
    assert {one.limit for one in left if one} == {30}
    error = await refused(limits, (START_CLIENT, HERE))
    assert (error.limit, error.most) == ("start-client", 30)
    assert 890 <= error.retry_after_s <= 900
    assert abs(error.reset_at_s - clock.now_ms() / 1000 - error.retry_after_s) <= 2
    assert str(error).startswith("More than 30 connections started from this address within 15 minutes; wait ")
    await limits.count((START_CLIENT, "192.0.2.2"))
    await limits.count((START_LINK, HERE))


async def test_s60_many_at_once_get_no_more_than_one_after_the_other(limits: Limits) -> None:
    results = await asyncio.gather(*(limits.count((START_LINK, "a")) for _ in range(100)), return_exceptions=True)
    assert sum(isinstance(one, RateLimited) for one in results) == 40
    assert sorted(one.remaining for one in results if isinstance(one, Left)) == list(range(60))


async def test_what_is_refused_counts_for_nothing_else(limits: Limits) -> None:
    for _ in range(SIGN_IN_EMAIL_AT_CLIENT.most):
        await limits.count(*who_tries())
    for _ in range(50):
        assert (await refused(limits, *who_tries())).limit == SIGN_IN_EMAIL_AT_CLIENT.name
    for number in range(SIGN_IN_CLIENT.most - SIGN_IN_EMAIL_AT_CLIENT.most):
        await limits.count(*who_tries(f"{number}@example.com"))
    assert (await refused(limits, *who_tries("another@example.com"))).limit == SIGN_IN_CLIENT.name
    for number in range(SIGN_IN_EMAIL.most - SIGN_IN_EMAIL_AT_CLIENT.most):
        await limits.count(*who_tries(client=f"198.51.100.{number}"))
    assert (await refused(limits, *who_tries(client="203.0.113.1"))).limit == SIGN_IN_EMAIL.name


async def test_an_address_tried_from_everywhere_stays_open_for_a_browser_that_was_in(limits: Limits) -> None:
    for number in range(SIGN_IN_EMAIL.most):
        await limits.count(*who_tries(client=str(number)))
    await refused(limits, *who_tries(client="another"))
    for _ in range(SIGN_IN_EMAIL_AT_CLIENT.most):
        await limits.count(*who_tries(client="another", is_known=True))
    await refused(limits, *who_tries(client="another", is_known=True))


async def test_a_right_try_is_taken_back(limits: Limits) -> None:
    await limits.take_back(*who_tries("never@example.com", "never seen"))
    for _ in range(100):
        await limits.count(*who_tries())
        await limits.take_back(*who_tries())
    for _ in range(SIGN_IN_EMAIL_AT_CLIENT.most):
        await limits.count(*who_tries())
    await refused(limits, *who_tries())


async def test_the_answer_tells_of_the_limit_that_is_nearest_its_end(limits: Limits) -> None:
    for _ in range(10):
        await limits.count((START_LINK, "a"))
    both = await limits.count((START_CLIENT, HERE), (START_LINK, "a"))
    assert both is not None
    assert (both.limit, both.remaining) == (30, 29)
    for _ in range(30):
        await limits.count((START_LINK, "a"))
    both = await limits.count((START_CLIENT, HERE), (START_LINK, "a"))
    assert both is not None
    assert (both.limit, both.remaining) == (60, 18)


async def test_without_a_number_nothing_is_counted(counters: Counters) -> None:
    limits = Limits(buckets.numbers(0, {"start-link": 0}), counters)
    for _ in range(2000):
        assert await limits.count((KEY, "k"), (START_LINK, "a")) is None
    assert limits.untouched().limit == 1_000_000


@pytest.mark.parametrize("counters", ["memory", "sqlite", "postgresql"], indirect=True)
async def test_the_window_begins_with_the_first_and_ends_for_all(limits: Limits, frozen_clock: FrozenClock) -> None:
    ends_at = clock.now() + timedelta(minutes=15)
    for _ in range(START_CLIENT.most):
        await limits.count((START_CLIENT, HERE))
        frozen_clock.advance(10)
    assert (await refused(limits, (START_CLIENT, HERE))).retry_after_s == 600
    frozen_clock.set(ends_at - timedelta(milliseconds=1))
    assert (await refused(limits, (START_CLIENT, HERE))).retry_after_s == 1
    frozen_clock.set(ends_at)
    left = await limits.count((START_CLIENT, HERE))
    assert left is not None
    assert left.remaining == 29


async def test_s60_clients_made_up_without_end_take_bounded_memory_and_push_out_nobody_of_another_kind(
    frozen_clock: FrozenClock,
) -> None:
    counters = MemoryCounters()
    limits = Limits(buckets.numbers(1200, {}), counters)
    await limits.count((SIGN_IN_EMAIL, ASA))
    for number in range(2 * MOST_KEYS):
        await limits.count((START_CLIENT, str(number)))
    assert len(counters._kinds[START_CLIENT.name]) <= MOST_KEYS
    left = await limits.count((SIGN_IN_EMAIL, ASA))
    assert left is not None
    assert left.remaining == SIGN_IN_EMAIL.most - 2
    frozen_clock.advance(START_CLIENT.window_s)
    for number in range(MOST_KEYS):
        await limits.count((START_CLIENT, f"later {number}"))
    assert all(who.startswith("later") for who in counters._kinds[START_CLIENT.name])
