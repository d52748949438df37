"""The people of the sandbox, shared by every platform with a consent page. Ids and names never change.

What each person has on a platform stands in that platform's own file; this file says who they are. Everything here is
constant, so seeding anew means forgetting what the platforms issued.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody who can sign in. `has` tells a reader of the consent page what choosing this person leads to."""

    id: str
    name: str
    email: str
    business: str
    has: str


PEOPLE: tuple[Person, ...] = (
    Person(
        id="plenty",
        name="Ana Lima",
        email="ana.lima@example.com",
        business="Northwind Bakery",
        has="has plenty of everything",
    ),
    Person(
        id="single",
        name="Ben Okafor",
        email="ben.okafor@example.com",
        business="Fernhill Books",
        has="has exactly one of everything",
    ),
    Person(
        id="none",
        name="Cleo Marsh",
        email="cleo.marsh@example.com",
        business="Cleo Marsh",
        has="has an account and nothing else",
    ),
    Person(
        id="crowd",
        name="Dag Sommer",
        email="dag.sommer@example.com",
        business="Sommer & Daughters",
        has="has 1,200 of some things, with odd names",
    ),
)
PEOPLE_IDS: tuple[str, ...] = tuple(person.id for person in PEOPLE)

_BY_ID = {person.id: person for person in PEOPLE}

# Names that break careless pages: blank to the eye, markup, quotes, a right-to-left override, emoji, spaces, 10 kB.
ODD_NAMES: tuple[str, ...] = (
    "\u200b",
    "<img src=x onerror=alert(1)>",
    'Tom\'s "Best" `Bagels` & Co; --',
    "\u202egnp.egami\u202c Studio",
    "🥐🧑🏽‍🍳👨‍👩‍👧‍👦 Brot",
    "Harbour Lights   ",
    "{{ 7 * 7 }} ${7 * 7} %s",
    "مخبز الشمال",
    "Long " + "n" * 10_235,
)


def person(person_id: str) -> Person | None:
    """The person of this id, or None."""
    return _BY_ID.get(person_id)
