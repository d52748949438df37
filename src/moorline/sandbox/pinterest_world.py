"""The accounts and boards of the sandbox's Pinterest. Ids and names never change."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from moorline.sandbox import world

CROWD_SIZE = 1200

PRIVACIES = ("PUBLIC", "PROTECTED", "SECRET")  # pinterest.md section 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """Whose boards they are. `business` is empty for a private account, which is a PINNER. (pinterest.md section 7)"""

    id: str
    username: str
    business: str = ""
    tells_business: bool = True  # else the field is absent in place of null

    def shown(self, *, board_count: int) -> dict[str, Any]:
        """The `user_account`. (pinterest.md section 7)"""
        told: dict[str, Any] = {
            "id": self.id,
            "username": self.username,
            "account_type": "BUSINESS" if self.business else "PINNER",
            "business_name": self.business or None,
            "profile_image": f"https://i.pinimg.com/600x600_R/{self.id[-6:-4]}/{self.id[-4:]}.jpg",
            "website_url": "",
            "about": "",
            "board_count": board_count,
            "pin_count": 120,
            "follower_count": 55,
            "following_count": 21,
            "monthly_views": 900,
        }
        if not self.tells_business:
            del told["business_name"]
        return told


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """A board, seen by somebody who may pin to it; `owner` is a username."""

    id: str
    name: str
    owner: str
    description: str | None = ""  # None is shown as null, the empty text not at all (pinterest.md section 8)
    privacy: str = "PUBLIC"
    ads_only: bool = False

    def shown(self) -> dict[str, Any]:
        """One of `items`. (pinterest.md section 8)"""
        told: dict[str, Any] = {
            "id": self.id,
            "name": self.name,
            "privacy": self.privacy,
            "owner": {"username": self.owner},
            "pin_count": 12,
            "follower_count": 30,
            "collaborator_count": 0,
            "created_at": "2020-01-01T20:10:40",
            "board_pins_modified_at": "2026-10-01T08:00:00",
            "is_ads_only": self.ads_only,
            "media": {"image_cover_url": f"https://i.pinimg.com/400x300/{self.id[-4:]}.jpg", "pin_thumbnail_urls": []},
        }
        return told if self.description == "" else {**told, "description": self.description}


ACCOUNTS = {
    "plenty": Account(id="1029384756102938101", username="northwindbakery", business="Northwind Bakery"),
    "single": Account(id="1029384756102938102", username="fernhillbooks", tells_business=False),
    "none": Account(id="1029384756102938103", username="cleomarsh"),
    "crowd": Account(
        id="1029384756102938104", username="sommerdaughters", business="<b>Sommer</b> & Daughters \u202e🧵  "
    ),
}

_PLENTY_NAMES = (
    "Posters", "Sourdough", "Rye and Spelt", "Croissants", "Birthday Cakes", "Wedding Cakes", "Cookies", "Scones",
    "Focaccia", "Pies", "Tarts", "Macarons", "Gluten Free", "Vegan Bakes", "Christmas", "Easter", "Halloween",
    "Picnic", "Packaging", "Shop Windows", "Latte Art", "Our Team", "Our Ovens", "Flour Mills", "Recipes",
    "Sandwiches", "Breakfast", "Catering",
)  # fmt: skip

_Boards = tuple[Board | None, ...]


def _plenty() -> _Boards:
    """Thirty boards to pin to, one of them by invitation; one for ads only; two secret ones; a short page."""
    owner = ACCOUNTS["plenty"].username
    own = [
        Board(
            id=f"7100000000000001{number:02d}",
            name=name,
            owner=owner,
            description=None if number % 3 == 1 else f"{name} of Northwind Bakery" if number % 3 == 2 else "",
        )
        for number, name in enumerate(_PLENTY_NAMES, start=1)
    ]
    return (
        *own[:14],
        Board(id="710000000000000180", name="Northwind Ads", owner=owner, ads_only=True),
        Board(id="710000000000000190", name="New Products", owner=owner, privacy="SECRET"),
        None,
        Board(id="710000000000000129", name="Trade only", owner=owner, description=None, privacy="PROTECTED"),
        *own[14:],
        Board(id="710000000000000191", name="Gifts for the team", owner=owner, privacy="SECRET"),
        Board(id="710000000000000130", name="Harbour Market Stalls", owner="harbourmarket"),
    )


@lru_cache(maxsize=1)
def _crowd() -> _Boards:
    owner = ACCOUNTS["crowd"].username
    names = [*world.ODD_NAMES, *(f"Sommer Ideas {number:04d}" for number in range(len(world.ODD_NAMES), CROWD_SIZE))]
    made = [
        Board(id=f"71000000000001{number:04d}", name=name, owner=owner, description=name if number < 9 else None)
        for number, name in enumerate(names)
    ]
    return (*made[:640], None, *made[640:])


_SINGLE = (Board(id="710000000000000301", name="Shelves", owner=ACCOUNTS["single"].username, description="Reading"),)


def boards(person: str, *, trial: bool) -> _Boards:
    """What the person may pin to; with `trial` in the world of trial access, which has boards of its own.

    None is a place where a page of results comes out short or empty.
    """
    if trial:
        owner = ACCOUNTS[person].username
        return () if person == "none" else (Board(id="720000000000000001", name="Trial Board", owner=owner),)
    if person == "crowd":
        return _crowd()
    return {"plenty": _plenty(), "single": _SINGLE}.get(person, ())
