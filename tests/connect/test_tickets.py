"""Sealed handles: good for one kind of thing, for a while, on this server, and tell nothing."""

import base64
import re
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moorline import clock, ids
from moorline.connect import tickets
from moorline.connect.tickets import Handle, InvalidHandle, Kind
from moorline.vault import Vault
from tests.conftest import FrozenClock

VAULT, ELSEWHERE = Vault([bytes(range(32))]), Vault([bytes(range(32, 64))])
ATTEMPT_ID = "65f0c0de0123456789abcdef"
KINDS = list(Kind)


def issued(kind: Kind = Kind.TEMP_TOKEN, *, lives_s: float = 900, item: str = "", attempt_id: str = ATTEMPT_ID) -> str:
    expires_at = clock.now() + timedelta(seconds=lives_s)
    return tickets.issue(VAULT, kind, attempt_id=attempt_id, expires_at=expires_at, item=item)


def is_invalid(text: str, kind: Kind = Kind.TEMP_TOKEN, vault: Vault = VAULT) -> bool:
    try:
        tickets.read(vault, kind, text)
    except InvalidHandle as error:
        return str(error) == ""
    return False


@pytest.mark.parametrize("kind", KINDS)
def test_a_handle_opens_as_it_was_issued(kind: Kind, frozen_clock: FrozenClock) -> None:
    expected = Handle(attempt_id=ATTEMPT_ID, expires_at=clock.now() + timedelta(seconds=900), item="page|1 ü")
    assert tickets.read(VAULT, kind, issued(kind, item="page|1 ü")) == expected


@given(attempt_id=st.binary(min_size=12, max_size=12), item=st.text(max_size=200), lives_s=st.integers(1, 10**9))
def test_any_handle_opens_as_it_was_issued(attempt_id: bytes, item: str, lives_s: int) -> None:
    text = issued(attempt_id=attempt_id.hex(), item=item, lives_s=lives_s)
    handle = tickets.read(VAULT, Kind.TEMP_TOKEN, text)
    assert (handle.attempt_id, handle.item) == (attempt_id.hex(), item)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("taken_for", KINDS)
def test_s32_a_handle_of_one_kind_is_no_handle_of_another(kind: Kind, taken_for: Kind) -> None:
    assert is_invalid(issued(kind), taken_for) is (kind is not taken_for)


def test_a_handle_lives_until_the_instant_it_expires(frozen_clock: FrozenClock) -> None:
    text = issued(lives_s=900)
    frozen_clock.advance(899.999)
    assert not is_invalid(text)
    frozen_clock.advance(0.001)
    assert is_invalid(text)


def test_a_handle_of_another_server_is_invalid() -> None:
    assert is_invalid(issued(), vault=ELSEWHERE)


def test_s34_a_handle_outlives_a_rotation_but_not_the_removal_of_its_key() -> None:
    text, old, new = issued(), bytes(range(32)), bytes(range(64, 96))
    assert not is_invalid(text, vault=Vault([new, old]))
    assert is_invalid(text, vault=Vault([new]))


def test_s32_a_handle_cut_or_lengthened_anywhere_is_invalid() -> None:
    text = issued(item="page-1")
    for length in range(len(text)):
        assert is_invalid(text[:length])
        assert is_invalid(text[length + 1 :])
    for more in ("A", "AA", "AAA", "AAAA", ".", " ", "\n"):
        assert is_invalid(text + more)
        assert is_invalid(more + text)


def test_s32_a_handle_with_any_character_changed_is_invalid() -> None:
    text = issued(item="page-1")
    for place, character in enumerate(text[:-1]):
        other = "A" if character != "A" else "B"
        assert is_invalid(text[:place] + other + text[place + 1 :])


@given(text=st.text(max_size=200))
def test_garbage_is_invalid_and_nothing_worse(text: str) -> None:
    assert all(is_invalid(text, kind) for kind in KINDS)


@given(text=st.text(alphabet="ABCXYZabcxyz0189-_+/=", max_size=200))
def test_garbage_that_looks_like_a_handle_is_invalid(text: str) -> None:
    assert is_invalid(text)


@given(sealed=st.binary(max_size=120))
def test_something_else_that_this_server_sealed_is_invalid(sealed: bytes) -> None:
    text = base64.urlsafe_b64encode(VAULT.seal(sealed, about="grant_tokens|access|t|reddit|a|p")).decode()
    assert all(is_invalid(text.rstrip("="), kind) for kind in KINDS)


def test_a_handle_stands_in_a_url_as_it_is_and_holds_nothing_readable() -> None:
    text = issued(item="a page that somebody chose")
    assert re.fullmatch(r"[A-Za-z0-9_-]+", text)
    raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    assert bytes.fromhex(ATTEMPT_ID) not in raw
    assert b"page" not in raw
    assert len(issued()) <= 90


def test_two_handles_for_the_same_thing_differ(frozen_clock: FrozenClock) -> None:
    assert issued() != issued()


def test_handles_are_too_many_to_be_guessed() -> None:
    fresh = {issued(attempt_id=ids.new_id()) for _ in range(1000)}
    assert len(fresh) == 1000
    assert len({text[8:] for text in fresh}) == 1000
