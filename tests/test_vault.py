"""What is sealed opens only where it belongs, under a key that is here, and unharmed."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moorline import vault
from moorline.accounts import grants
from moorline.accounts.proven import Proven
from moorline.adapter.values import Connection, Identity, Tokens
from moorline.errors import Refused
from moorline.vault import CannotOpen, Vault

KEY, OTHER_KEY, THIRD_KEY = (bytes(range(start, start + 32)) for start in (0, 32, 64))
ABOUT = "grant_tokens|access|tenant-1|reddit|app-1|person-1"


def sealing(*keys: bytes) -> Vault:
    return Vault(keys or (KEY,))


@given(plain=st.binary(max_size=4096), about=st.text(max_size=100))
def test_what_is_sealed_opens_again(plain: bytes, about: str) -> None:
    assert sealing().open(sealing().seal(plain, about=about), about=about) == plain


@given(plain=st.text(max_size=1000))
def test_text_opens_as_the_same_text(plain: str) -> None:
    assert sealing().open_text(sealing().seal_text(plain, about=ABOUT), about=ABOUT) == plain


@given(plain=st.binary(min_size=8, max_size=200))
def test_what_is_sealed_cannot_be_read_in_it_and_never_looks_the_same_twice(plain: bytes) -> None:
    first, second = (sealing().seal(plain, about=ABOUT) for _ in range(2))
    assert plain not in first
    assert first != second


def test_s32_a_flipped_bit_anywhere_does_not_open() -> None:
    sealed = sealing().seal(b"an access token of some length", about=ABOUT)
    opened = []
    for place in range(len(sealed)):
        for bit in range(8):
            harmed = bytearray(sealed)
            harmed[place] ^= 1 << bit
            try:
                sealing().open(bytes(harmed), about=ABOUT)
            except CannotOpen:
                continue
            opened.append((place, bit))
    assert opened == []


def test_s32_a_value_cut_anywhere_does_not_open() -> None:
    sealed = sealing().seal(b"an access token of some length", about=ABOUT)
    for length in range(len(sealed)):
        for cut in (sealed[:length], sealed[len(sealed) - length :]):
            with pytest.raises(CannotOpen):
                sealing().open(cut, about=ABOUT)
    with pytest.raises(CannotOpen):
        sealing().open(sealed + b"\x00", about=ABOUT)


@given(garbage=st.binary(max_size=200))
def test_s32_garbage_does_not_open(garbage: bytes) -> None:
    for text in (garbage, b"\x01" + garbage, sealing().seal(b"", about=ABOUT)[:5] + garbage):
        with pytest.raises(CannotOpen):
            sealing().open(text, about=ABOUT)


def proven(
    *, tenant: str = "tenant-1", person: str = "person-1", platform: str = "reddit", app: str = "app-1"
) -> Proven:
    return Proven(
        user_id=tenant,
        profile_id="profile-1",
        platform=platform,
        app_id=app,
        connection=Connection(
            platform_account_id="page-1", username="asa", display_name="Åsa", tokens=Tokens(access="page token")
        ),
        identity=Identity(platform_user_id=person, username="asa", display_name="Åsa"),
        tokens=Tokens(access="access token", refresh="refresh token"),
    )


def sealed_grant(of: Proven) -> grants.SealedGrant:
    sealed = grants.seal_grant(sealing(), of, renew_at=lambda _grant, _tokens: None)
    assert sealed is not None
    return sealed


@pytest.mark.parametrize(
    "elsewhere",
    [proven(tenant="tenant-2"), proven(person="person-2"), proven(platform="twitter"), proven(app="app-2")],
    ids=["tenant", "row", "platform", "app"],
)
def test_s32_tokens_put_into_the_row_of_another_do_not_open(elsewhere: Proven) -> None:
    here, there = sealed_grant(proven()), sealed_grant(elsewhere)
    assert grants.open_tokens(sealing(), here.grant, here.tokens).access == "access token"
    with pytest.raises(Refused):
        grants.open_tokens(sealing(), there.grant, here.tokens)


def test_s32_a_refresh_token_put_into_the_field_of_the_access_token_does_not_open() -> None:
    sealed = sealed_grant(proven())
    assert sealed.tokens.refresh_sealed is not None
    about = f"grant_tokens|{{}}|{sealed.grant.user_id}|reddit|app-1|person-1"
    assert sealing().open_text(sealed.tokens.refresh_sealed, about=about.format("refresh")) == "refresh token"
    with pytest.raises(CannotOpen):
        sealing().open_text(sealed.tokens.refresh_sealed, about=about.format("access"))


def test_s32_an_accounts_own_token_does_not_open_for_another_tenant_profile_or_account() -> None:
    own = grants.seal_own(sealing(), proven())
    assert own is not None
    right = ("tenant-1", "profile-1", "reddit", "page-1")
    wrong = [
        (*right[:place], "other", *right[place + 1 :]) for place in range(len(right))
    ]  # each part in turn is another
    for user_id, profile_id, platform, platform_account_id in wrong:
        about = grants.own_about(user_id, profile_id, platform, platform_account_id=platform_account_id)
        with pytest.raises(CannotOpen):
            sealing().open_text(own.sealed, about=about)
    about = grants.own_about(*right[:3], platform_account_id=right[3])
    assert sealing().open_text(own.sealed, about=about) == "page token"


def test_s34_old_values_open_and_new_ones_are_sealed_under_the_first_key() -> None:
    old = sealing(OTHER_KEY).seal(b"old", about=ABOUT)
    rotated = sealing(KEY, OTHER_KEY)
    assert rotated.open(old, about=ABOUT) == b"old"
    new = rotated.seal(b"new", about=ABOUT)
    assert sealing(KEY).open(new, about=ABOUT) == b"new"
    with pytest.raises(CannotOpen):
        sealing(OTHER_KEY).open(new, about=ABOUT)


def test_s34_a_key_taken_away_closes_what_it_sealed() -> None:
    old = sealing(OTHER_KEY).seal(b"old", about=ABOUT)
    for keys in ((KEY,), (KEY, THIRD_KEY)):
        with pytest.raises(CannotOpen):
            sealing(*keys).open(old, about=ABOUT)


@given(plain=st.binary(max_size=100))
def test_s34_what_the_first_key_sealed_is_current_and_nothing_else(plain: bytes) -> None:
    rotated = sealing(KEY, OTHER_KEY)
    assert rotated.is_current(rotated.seal(plain, about=ABOUT))
    assert not rotated.is_current(sealing(OTHER_KEY).seal(plain, about=ABOUT))
    assert not rotated.is_current(plain)
    assert not rotated.is_current(b"\x02" + rotated.seal(plain, about=ABOUT)[1:])


def test_s32_why_something_does_not_open_is_not_told() -> None:
    sealed = sealing().seal(b"value", about=ABOUT)
    messages = set()
    for text, about, key in ((sealed[:-1], ABOUT, KEY), (sealed, "other", KEY), (sealed, ABOUT, OTHER_KEY)):
        with pytest.raises(CannotOpen) as raised:
            sealing(key).open(text, about=about)
        messages.add(str(raised.value))
    assert messages == {""}


def test_a_vault_without_keys_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one key"):
        Vault([])


def test_new_keys_differ_and_can_be_parsed() -> None:
    keys = {vault.new_key() for _ in range(100)}
    assert len(keys) == 100
    assert {len(vault.parse_key(key)) for key in keys} == {vault.KEY_BYTES}


@given(key=st.binary(min_size=32, max_size=32).filter(lambda key: len(set(key)) > 1))
def test_a_key_is_read_in_either_alphabet_of_base64(key: bytes) -> None:
    assert vault.parse_key(base64.b64encode(key).decode()) == key
    assert vault.parse_key(f" {base64.urlsafe_b64encode(key).decode()}\n") == key


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "has 0 bytes instead of 32"),
        ("c2VjcmV0", "has 6 bytes instead of 32"),
        (base64.b64encode(bytes(range(31))).decode(), "has 31 bytes instead of 32"),
        (base64.b64encode(bytes(range(33))).decode(), "has 33 bytes instead of 32"),
        ("ab" * 32, "has 48 bytes instead of 32"),
        ("A" * 43 + "=", "is one byte repeated, not a random key"),
        (base64.b64encode(b"k" * 32).decode(), "is one byte repeated, not a random key"),
        ("correct horse battery staple", "is not base64"),
        ("schlüssel" * 5, "is not base64"),
    ],
)
def test_s33_a_key_that_is_none_is_refused_with_a_sentence_that_does_not_repeat_it(text: str, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence) as raised:
        vault.parse_key(text)
    assert not text or text not in str(raised.value)


@given(plain=st.binary(max_size=200), other=st.binary(max_size=200), about=st.text(max_size=50))
def test_a_signature_is_always_the_same_and_of_one_text_for_one_purpose_only(
    plain: bytes, other: bytes, about: str
) -> None:
    signature = sealing().sign(plain, about=about)
    assert signature == sealing().sign(plain, about=about)
    assert sealing().is_signed(plain, signature, about=about)
    assert sealing().is_signed(other, signature, about=about) is (other == plain)
    assert not sealing().is_signed(plain, signature, about=f"{about}|other")
    assert not sealing(OTHER_KEY).is_signed(plain, signature, about=about)


def test_a_signature_outlives_a_new_key_and_is_not_a_part_of_one() -> None:
    signature = sealing(KEY).sign(b"text", about=ABOUT)
    assert sealing(OTHER_KEY, KEY).is_signed(b"text", signature, about=ABOUT)
    assert sealing(OTHER_KEY, KEY).sign(b"text", about=ABOUT) != signature
    for wrong in (b"", signature[:-1], signature + b"\x00", bytes(16)):
        assert not sealing(KEY).is_signed(b"text", wrong, about=ABOUT)
