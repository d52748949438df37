"""What `Mask` lets through, however an answer is cut into pieces."""

import json
import time
from itertools import pairwise
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from moorline.accounts.masking import Mask

TOKEN = "EAAB/wLix+njYBO~tok=en"
OTHER = "another-token-of-theirs"


def masked(text: str, cuts: list[int] | None = None) -> str:
    raw, mask = text.encode(), Mask({TOKEN})
    places = sorted({0, len(raw), *(cut % (len(raw) + 1) for cut in cuts or [])})
    pieces = [mask.feed(raw[start:end]) for start, end in pairwise(places)]
    return b"".join([*pieces, mask.end()]).decode()


@pytest.mark.parametrize(
    "form",
    [
        TOKEN,
        quote(TOKEN, safe=""),
        quote(TOKEN),
        TOKEN.replace("/", "\\/"),
        json.dumps(json.dumps({"access_token": OTHER}))[1:-1],
        json.dumps({"a": {"access_token": OTHER}}),
        f'{{"refresh_token" : \n "{OTHER}"}}',
        f'{{"accessJwt":"{OTHER}","refreshJwt":"{OTHER}"}}',
        f'{{"id_token":"{OTHER}',
        TOKEN.replace("=", "\\u003d"),
        f'{{"access_token":"ya29\\u003d{OTHER}\\/{OTHER}"}}',
    ],
)
@given(before=st.text(max_size=40), after=st.text(max_size=40), cuts=st.lists(st.integers(0, 400), max_size=12))
@settings(max_examples=60, deadline=None)
def test_s30_no_form_of_a_token_passes_wherever_the_pieces_end(
    form: str, before: str, after: str, cuts: list[int]
) -> None:
    text = f"{before} {form} {after}".encode("utf-8", "replace").decode()
    told = masked(text, cuts)
    assert len(told.encode()) == len(text.encode())
    for secret in (
        TOKEN,
        TOKEN.replace("=", "\\u003d"),
        quote(TOKEN, safe=""),
        quote(TOKEN),
        TOKEN.replace("/", "\\/"),
        OTHER,
    ):
        assert secret not in told


@given(text=st.text(), cuts=st.lists(st.integers(0, 400), max_size=12))
@settings(max_examples=100, deadline=None)
def test_what_holds_no_token_passes_unchanged(text: str, cuts: list[int]) -> None:
    plain = text.encode("utf-8", "replace").decode()
    assert masked(plain, cuts) == plain


def test_a_document_stays_one_and_keeps_everything_else() -> None:
    batch = [{"code": 200, "body": json.dumps({"access_token": f"{TOKEN}x", "id": "1", "next_page_token": "CAUQAA"})}]
    told = json.loads(masked(json.dumps(batch)))
    assert json.loads(told[0]["body"]) == {
        "access_token": "*" * (len(TOKEN) + 1),
        "id": "1",
        "next_page_token": "CAUQAA",
    }


def test_most_of_a_long_answer_is_passed_on_at_once() -> None:
    assert len(Mask({TOKEN}).feed(b"x" * 10_000)) > 9_900
    assert len(Mask({TOKEN}).feed(b'"access_token":"' + b"x" * 200_000)) > 100_000


@pytest.mark.parametrize("repeated", ["\\", '"', '"access_token', '"access_token" : ', '"access_token":"\\u00'])
def test_no_answer_costs_more_than_its_length(repeated: str) -> None:
    mask, chunk = Mask({TOKEN}), (repeated * 65536)[:65536].encode()
    began_s = time.process_time()
    for _ in range(4):
        mask.feed(chunk)
    assert time.process_time() - began_s < 2  # one that counts anew from each character takes ten times that
