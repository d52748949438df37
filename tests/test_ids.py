"""All chance comes from one place: nothing repeats, nothing can be foretold, nothing says whose it is."""

import base64
import re
from collections import Counter
from datetime import UTC, datetime

import pytest

from moorline import clock, ids, vault
from moorline.connect import state
from moorline.connect.state import NewAttempt
from moorline.vault import Vault
from tests.conftest import FrozenClock

MANY = 100_000


@pytest.fixture(scope="module")
def states() -> list[str]:
    return [ids.new_secret() for _ in range(MANY)]


def new_attempt(**changes: bool) -> NewAttempt:
    return NewAttempt(
        user_id="65f0c0de0000000000000001",
        key_id="65f0c0de0000000000000002",
        profile_id="65f0c0de0000000000000003",
        platform="pinterest",
        app_id="app-1",
        redirect_uri="https://connect.example.com/connect/pinterest/callback",
        redirect_url="https://app.example.com/done",
        headless=False,
        with_verifier=changes.get("with_verifier", True),
    )


def made(**changes: bool) -> state.Issued:
    return state.make(Vault([vault.parse_key(vault.new_key())]), new_attempt(**changes))


def test_s01_a_hundred_thousand_states_never_repeat(states: list[str]) -> None:
    assert len(set(states)) == MANY


def test_s01_states_share_no_prefix_beyond_chance(states: list[str]) -> None:
    # 8 base64 characters are 48 bits: among 10^5 values one equal pair has a chance of 1 in 56,000.
    for part in (slice(0, 8), slice(17, 25), slice(-9, -1)):
        assert Counter(text[part] for text in states).most_common(1)[0][1] <= 2
        assert len({text[part] for text in states}) >= MANY - 2


def test_s01_every_place_of_a_state_takes_every_character_alike(states: list[str]) -> None:
    for place in range(42):  # the last character carries 4 bits only
        counts = Counter(text[place] for text in states)
        assert len(counts) == 64
        assert max(counts.values()) < 1.2 * MANY / 64


def test_s01_a_state_has_256_bits_and_the_form_of_a_url_segment(states: list[str]) -> None:
    assert {len(text) for text in states} == {43}
    assert all(re.fullmatch(r"[A-Za-z0-9_-]{43}", text) for text in states[:1000])
    assert len(base64.urlsafe_b64decode(f"{states[0]}=")) * 8 == 256


def test_s01_the_state_of_an_attempt_holds_no_id_no_url_and_no_time(frozen_clock: FrozenClock) -> None:
    for _ in range(200):
        issued = made()
        attempt = issued.attempt
        raw = base64.urlsafe_b64decode(f"{issued.state}=")
        for known in (attempt.id, attempt.user_id, attempt.profile_id, attempt.key_id or ""):
            assert known not in issued.state
            assert bytes.fromhex(known) not in raw
            assert bytes.fromhex(known[:8]) not in raw, "the seconds an id starts with"
        for words in ("pinterest", "example", "http", "65f0c0de"):
            assert words not in issued.state.lower()
            assert words.encode() not in raw
        now_ms = clock.now_ms()
        assert now_ms.to_bytes(6, "big") not in raw
        assert str(now_ms // 1000) not in issued.state


def test_s01_the_state_itself_is_not_saved() -> None:
    issued = made()
    assert issued.attempt.state_hash == state.hash_of(issued.state)
    assert issued.state not in repr(issued)
    assert issued.state.encode() not in issued.attempt.state_hash


def test_s06_a_verifier_has_43_characters_differs_from_the_state_and_is_kept_sealed() -> None:
    keys = Vault([vault.parse_key(vault.new_key())])
    issued = state.make(keys, new_attempt())
    assert issued.verifier is not None
    assert re.fullmatch(r"[A-Za-z0-9_-]{43}", issued.verifier)
    assert issued.verifier != issued.state
    assert issued.attempt.verifier_sealed is not None
    assert issued.verifier.encode() not in issued.attempt.verifier_sealed
    assert issued.verifier not in repr(issued)
    assert state.open_verifier(keys, issued.attempt) == issued.verifier


def test_an_attempt_without_pkce_has_no_verifier() -> None:
    issued = made(with_verifier=False)
    assert issued.verifier is None
    assert issued.attempt.verifier_sealed is None
    assert state.open_verifier(Vault([bytes(range(32))]), issued.attempt) is None


def test_an_id_starts_with_its_second_and_never_repeats(frozen_clock: FrozenClock) -> None:
    frozen_clock.set(datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC))
    made_ids = {ids.new_id() for _ in range(10_000)}
    assert len(made_ids) == 10_000
    assert {made_id[:8] for made_id in made_ids} == {"69a7bdbf"}
    assert all(ids.is_id(made_id) for made_id in made_ids)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "507f1f77bcf86cd79943901",
        "507f1f77bcf86cd7994390111",
        "507F1F77BCF86CD799439011",
        "507f1f77bcf86cd79943901g",
        "507f1f77bcf86cd799439011\n",
        " 507f1f77bcf86cd799439011",
        "\u0660" * 24,  # Arabic digits
    ],
)
def test_what_only_resembles_an_id_is_none(text: str) -> None:
    assert not ids.is_id(text)


def test_a_key_is_sk_and_256_random_bits_in_hex() -> None:
    keys = {ids.new_api_key() for _ in range(10_000)}
    assert len(keys) == 10_000
    assert all(re.fullmatch(r"sk_[0-9a-f]{64}", key) for key in keys)


def test_an_access_code_has_six_characters_that_nobody_confuses() -> None:
    codes = [ids.new_access_code("LATE") for _ in range(20_000)]
    assert all(re.fullmatch(r"LATE-[A-HJ-NP-Z2-9]{6}", code) for code in codes)
    assert len(set("".join(code[5:] for code in codes))) == 32
    assert len(set(codes)) >= len(codes) - 3, "10^9 codes: a repeat among 20,000 is rare, four are not chance"


def test_random_bytes_and_jitter_stay_in_their_bounds() -> None:
    assert [len(ids.random_bytes(count)) for count in (0, 12, 32)] == [0, 12, 32]
    drawn = [ids.jitter() for _ in range(1000)]
    assert all(0 <= number < 1 for number in drawn)
    assert len(set(drawn)) > 990
