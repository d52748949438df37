"""The rows of a chooser: order, search, pages, and what tells alike ones apart."""

from collections.abc import Iterable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moorline.adapter.values import Choice, Choices, Unavailable
from moorline.pages import choose_list, picking
from moorline.pages.choose_list import ALL_UP_TO, PAGE_ROWS, Asked, Listing, fold
from moorline.sandbox.world import ODD_NAMES

NAMES = ("zebra", "Äpfel & Birnen", "Apfelhof", "apricot", "Ödipus", "Oslo", "Ørsted", "北京", "Øl")
WIDE = "\uff23\uff21\uff26\uff25 全角"  # CAFE in full width
SHOPS = (
    Choice(id="10770", name="Café Nørrebro", username="cafe.n", shown={"category": "Bakery"}),
    Choice(id="10771", name="Straße am Hafen"),
    Choice(id="10772", name=WIDE),
    Choice(id="10773", name="مخبز الشَّمال"),
)


def listed(
    items: Iterable[Choice], words: str = "", start: int = 0, *, unusable: Iterable[Unavailable] = ()
) -> Listing:
    choices = Choices(items=tuple(items), unavailable=tuple(unusable))
    asked = Asked(words=words, start=start)
    return choose_list.listing(choices, picking.FACEBOOK, asked=asked, person=None, connected=())


def named(*names: str) -> list[Choice]:
    return [Choice(id=str(number), name=name) for number, name in enumerate(names)]


def names_of(found: Listing) -> list[str]:
    return [row.name for row in found.rows]


def many(count: int) -> list[Choice]:
    return named(*(f"Branch {number:05d}" for number in range(count)))


# --- order ------------------------------------------------------------------------------------------------------------


def test_rows_stand_in_alphabetical_order_whatever_their_case_and_accents() -> None:
    expected = ["Äpfel & Birnen", "Apfelhof", "apricot", "Ödipus", "Øl", "Ørsted", "Oslo", "zebra", "北京"]
    assert names_of(listed(named(*NAMES))) == expected


def test_the_value_of_a_row_is_its_place_in_the_platforms_list() -> None:
    found = listed(named("b", "c", "a"))
    assert [(row.name, row.value) for row in found.rows] == [("a", "2"), ("b", "0"), ("c", "1")]


def test_locations_stand_under_their_account() -> None:
    items = [
        Choice(id="1", name="Market Hall", shown={"accountName": "Zeta"}),
        Choice(id="2", name="Dock Street", shown={"accountName": "Zeta"}),
        Choice(id="3", name="Main Street", shown={"accountName": "Alpha"}),
    ]
    found = choose_list.listing(
        Choices(items=tuple(items)), picking.GOOGLE_BUSINESS, asked=Asked(), person=None, connected=()
    )
    assert [(row.group, row.name) for row in found.rows] == [
        ("Alpha", "Main Street"),
        ("Zeta", "Dock Street"),
        ("Zeta", "Market Hall"),
    ]


# --- search -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("cafe norrebro", ["Café Nørrebro"]),
        ("NØRREBRO CAFÉ", ["Café Nørrebro"]),
        ("bakery", ["Café Nørrebro"]),
        ("@cafe.n", ["Café Nørrebro"]),
        ("10771", ["Straße am Hafen"]),
        ("strasse", ["Straße am Hafen"]),
        ("cafe", ["Café Nørrebro", WIDE]),
        ("全角", [WIDE]),
        ("الشمال", ["مخبز الشَّمال"]),
        ("cafe hafen", []),
        ("\u200bhafen\u202e", ["Straße am Hafen"]),
        ("  ", ["Café Nørrebro", WIDE, "Straße am Hafen", "مخبز الشَّمال"]),
    ],
)
def test_every_word_must_occur_without_case_accents_and_width(words: str, found: list[str]) -> None:
    assert sorted(names_of(listed(SHOPS, words))) == sorted(found)
    assert listed(SHOPS, words).found_count == len(found)
    assert listed(SHOPS, words).all_count == len(SHOPS)


def test_the_search_covers_what_cannot_be_chosen() -> None:
    unusable = [Unavailable(name="Old Shop", reason="r", id="9"), Unavailable(name="Attic", reason="r")]
    found = listed(SHOPS, "old", unusable=unusable)
    assert (found.rows, [one.name for one in found.unusable], found.unusable_count) == ((), ["Old Shop"], 1)


def test_the_persons_own_account_is_searched_too() -> None:
    person = choose_list.row("person", "Ana Lima", picture_url=None)
    choices = Choices(items=tuple(named("Northwind")))
    for words, shown in (("", True), ("ana", True), ("north", False)):
        found = choose_list.listing(choices, picking.LINKEDIN, asked=Asked(words=words), person=person, connected=())
        assert (found.person is person) is shown
        assert found.all_count == 2


@given(name=st.text(max_size=60))
def test_everything_is_found_by_its_own_name(name: str) -> None:
    found = listed([Choice(id="1", name=name)], " ".join(name.split()))
    assert found.found_count == 1


@given(text=st.text(max_size=200))
def test_folding_twice_changes_nothing_more_for_a_search(text: str) -> None:
    assert fold(fold(text)) == fold(text)


@pytest.mark.parametrize("given_from", ["-1", "x", "1.0", "\u0663", "9" * 99, ""])
def test_a_malformed_place_asks_for_the_beginning(given_from: str) -> None:
    assert Asked.of({"from": given_from, "q": "  a \n b " + "c" * 500}).start == 0


def test_the_words_are_cut_at_a_hundred_characters() -> None:
    assert Asked.of({"q": "x" * 500}).words == "x" * 100
    assert Asked.of({"q": " a\n\tb "}).words == "a b"


# --- pages ------------------------------------------------------------------------------------------------------------


def test_a_list_of_two_hundred_is_shown_at_once() -> None:
    found = listed(many(ALL_UP_TO))
    assert (len(found.rows), found.before, found.after) == (ALL_UP_TO, None, None)


def test_a_longer_one_comes_a_hundred_at_a_time_and_whole() -> None:
    items, start, seen = many(1_204), 0, []
    while True:
        found = listed(items, start=start)
        seen += names_of(found)
        assert found.before == (None if start == 0 else start - PAGE_ROWS)
        if found.after is None:
            break
        assert len(found.rows) == PAGE_ROWS
        start = found.after
    assert seen == [item.name for item in items]


def test_a_place_beyond_the_end_shows_the_beginning() -> None:
    assert names_of(listed(many(300), start=300))[0] == "Branch 00000"
    assert names_of(listed(many(5), start=3))[0] == "Branch 00000"


def test_of_a_thousand_that_cannot_be_chosen_fifty_are_shown_and_all_are_counted() -> None:
    unusable = [Unavailable(name=f"Shop {number}", reason="r") for number in range(1000)]
    found = listed([], unusable=unusable)
    assert (len(found.unusable), found.unusable_count, found.all_count) == (50, 1000, 0)
    assert found.first is None


# --- rows -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "letter"),
    [("Bakery", "B"), ("äpfel", "A"), ("<img>", "I"), ("\u202egnp", "G"), ("🥐 Brot", "B"), ("🥐", ""), ("\u200b", ""),
     ("", ""), ("مخبز", "م"), ("ßig", "S")],
)  # fmt: skip
def test_a_letter_stands_for_a_picture(name: str, letter: str) -> None:
    assert choose_list.letter_of(name) == letter


@pytest.mark.parametrize(("name", "nameless"), [("\u200b", True), ("", True), (" \u2066\u2069 ", True), ("🥐", False)])
def test_a_name_that_nobody_can_see_is_noticed(name: str, nameless: bool) -> None:
    assert listed(named(name)).rows[0].is_nameless is nameless


def test_hints_that_are_empty_or_repeat_the_name_are_left_out() -> None:
    item = Choice(id="1", name="Bakery", shown={"category": "Bakery"})
    assert listed([item]).rows[0].hints == ()
    assert listed([replace(item, shown={"category": None})]).rows[0].hints == ()
    assert listed([replace(item, shown={"category": "Cafe"})]).rows[0].hints == ("Cafe",)


def test_what_the_profile_has_is_marked() -> None:
    choices = Choices(items=tuple(named("a", "b")))
    found = choose_list.listing(choices, picking.FACEBOOK, asked=Asked(), person=None, connected={"1"})
    assert [row.is_connected for row in found.rows] == [False, True]


def test_secret_boards_are_marked() -> None:
    items = (
        Choice(id="1", name="a", shown={"privacy": "SECRET"}),
        Choice(id="2", name="b", shown={"privacy": "PUBLIC"}),
    )
    found = choose_list.listing(Choices(items=items), picking.PINTEREST, asked=Asked(), person=None, connected=())
    assert [row.is_secret for row in found.rows] == [True, False]


def test_numbers_mean_nothing_in_another_list() -> None:
    first, second = Choices(items=tuple(named("a", "b"))), Choices(items=tuple(named("a")))
    assert choose_list.version_of(first) != choose_list.version_of(second)
    assert [choose_list.choice_id(first, value) for value in ("0", "1", "2", "-1", "x", "\u0661", "9" * 7)] == [
        "0",
        "1",
        *[None] * 5,
    ]


def test_odd_names_break_nothing() -> None:
    for words in ("", "img", *(" ".join(name.split())[:100] for name in ODD_NAMES)):
        assert listed(named(*ODD_NAMES), words).all_count == len(ODD_NAMES)
