"""How tries are counted: their window, their bounds, and memory that stays small."""

from datetime import timedelta

from moorline import clock
from moorline.pages.dashboard.tries import MANY, MOST, WINDOW, Tries, of_sign_in
from tests.conftest import FrozenClock

ASA, HERE = "asa@example.com", "192.0.2.1"


def who_tries(address: str = ASA, client: str = HERE, *, is_known: bool = False) -> dict[str, str]:
    return of_sign_in(client=client, address=address, is_known=is_known)


WHO = who_tries()


def test_the_window_begins_with_the_first_try_and_ends_for_all_of_them(frozen_clock: FrozenClock) -> None:
    tries = Tries()
    ends_at = clock.now() + WINDOW
    for _ in range(MOST["address at client"]):
        assert tries.count(WHO) is None
        frozen_clock.advance(60)
    assert tries.count(WHO) == ends_at
    frozen_clock.set(ends_at - timedelta(seconds=1))
    assert tries.count(WHO) == ends_at
    frozen_clock.set(ends_at)
    assert tries.count(WHO) is None


def test_a_refused_try_counts_for_nothing_else(frozen_clock: FrozenClock) -> None:
    tries = Tries()
    for _ in range(MOST["address at client"] + 50):
        tries.count(WHO)
    for number in range(MOST["client"] - MOST["address at client"]):
        assert tries.count(who_tries(f"{number}@example.com")) is None
    assert tries.count(who_tries("another@example.com")) is not None
    for number in range(MOST["address"] - MOST["address at client"]):
        assert tries.count(who_tries(client=f"198.51.100.{number}")) is None
    assert tries.count(who_tries(client="203.0.113.1")) is not None


def test_an_address_tried_from_everywhere_stays_open_for_a_browser_that_was_in(frozen_clock: FrozenClock) -> None:
    tries = Tries()
    for number in range(MOST["address"]):
        assert tries.count(who_tries(client=str(number))) is None
    assert tries.count(who_tries(client="another")) is not None
    for _ in range(MOST["address at client"]):
        assert tries.count(who_tries(client="another", is_known=True)) is None
    assert tries.count(who_tries(client="another", is_known=True)) is not None


def test_a_right_try_is_taken_back(frozen_clock: FrozenClock) -> None:
    tries = Tries()
    for _ in range(100):
        assert tries.count(WHO) is None
        tries.take_back(WHO)
    tries.take_back({"address": "never seen", "client": "never seen"})


def test_addresses_made_up_without_end_are_forgotten_when_their_time_is_over(frozen_clock: FrozenClock) -> None:
    tries = Tries()
    for number in range(MANY):
        tries.count(who_tries(f"{number}@example.com", str(number)))
    frozen_clock.advance(WINDOW.total_seconds())
    tries.count(WHO)
    assert len(tries._counts) == len(WHO)
