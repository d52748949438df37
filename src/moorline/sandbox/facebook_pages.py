"""The Pages and businesses of the sandbox's people. Ids, names and usernames never change."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from moorline.sandbox import world

# facebook.md section 8
ALL_TASKS = ("MODERATE", "MESSAGING", "ANALYZE", "ADVERTISE", "CREATE_CONTENT", "MANAGE")
PAGE_FIELDS = (
    "id", "name", "username", "access_token", "category", "tasks", "fan_count", "picture", "link", "about",
    "instagram_business_account",
)  # fmt: skip
LIST_DEFAULT = ("access_token", "category", "name", "id", "tasks")
CROWD_SIZE = 1200


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A Page as one person sees it."""

    id: str
    name: str
    username: str | None
    category: str = "Local business"
    tasks: tuple[str, ...] = ALL_TASKS
    fan_count: int = 42
    business: str | None = None  # hidden from lists without business_management (facebook.md section 2)

    def shown(self, fields: Sequence[str], *, access_token: str | None) -> dict[str, Any]:
        """The fields asked for; an absent value is left out. (facebook.md section 8)"""
        values: dict[str, Any] = {
            "id": self.id,
            "name": self.name,
            "username": self.username,
            "access_token": access_token,
            "category": self.category,
            "tasks": list(self.tasks),
            "fan_count": self.fan_count,
            "picture": picture(self.id),
            "link": f"https://www.facebook.com/{self.username or self.id}",
        }
        return {name: values[name] for name in fields if values.get(name) is not None}


@dataclass(frozen=True, slots=True, kw_only=True)
class Business:
    """A business portfolio. `foreign` Pages are listed without a token, since the person has no role on them."""

    id: str
    name: str
    owned: tuple[Page, ...] = ()
    client: tuple[Page, ...] = ()
    foreign: tuple[Page, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Holdings:
    """What a person has on Facebook. In `direct`, None is a place where a page of results comes out short or empty."""

    direct: tuple[Page | None, ...] = ()
    businesses: tuple[Business, ...] = ()

    def pages(self, *, with_businesses: bool) -> Iterator[Page]:
        """Every Page the person has a role on, some twice."""
        for page in self.direct:
            if page is not None and (with_businesses or page.business is None):
                yield page
        for business in self.businesses if with_businesses else ():
            yield from (*business.owned, *business.client)


def picture(node_id: str) -> dict[str, Any]:
    """A `picture` field. (facebook.md section 7)"""
    url = f"https://platform-lookaside.fbsbx.com/platform/profilepic/?asid={node_id}&height=200&width=200"
    return {"data": {"height": 200, "is_silhouette": False, "url": url, "width": 200}}


_GROUP = "200000000000201"
_MARKET = "200000000000202"

_FARM_SHOP = Page(id="100000000000107", name="Northwind Farm Shop", username="northwindfarmshop", business=_GROUP)
_MARKET_STALL = Page(id="100000000000109", name="Harbour Market Stall", username="harbourmarketstall", business=_MARKET)

_PLENTY = Holdings(
    direct=(
        Page(id="100000000000101", name="Northwind Bakery", username="northwindbakery", category="Bakery"),
        Page(id="100000000000102", name="Northwind Cafe", username="northwindcafe", category="Cafe"),
        Page(id="100000000000103", name="Northwind Catering", username="northwindcatering", category="Caterer"),
        Page(id="100000000000104", name="Northwind Cooking School", username=None, category="School"),
        Page(id="100000000000105", name="Northwind Archive", username="northwindarchive", tasks=("ANALYZE",)),
        Page(id="100000000000106", name="Northwind Events", username="northwindevents"),
        _FARM_SHOP,
        Page(id="100000000000108", name="Northwind Deliveries", username="northwinddeliveries"),
        None,
        _MARKET_STALL,
        Page(id="100000000000110", name="Lima Family Recipes", username="limafamilyrecipes", fan_count=0),
        Page(id="100000000000111", name="Sourdough Club  ", username="sourdoughclub"),
    ),
    businesses=(
        Business(
            id=_GROUP,
            name="Northwind Group",
            owned=(
                _FARM_SHOP,
                Page(id="100000000000112", name="Northwind Wholesale", username="northwindwholesale", business=_GROUP),
            ),
        ),
        Business(
            id=_MARKET,
            name="Harbour Market",
            client=(_MARKET_STALL,),
            foreign=(Page(id="100000000000190", name="Harbour Market Press", username="harbourpress"),),
        ),
    ),
)

_SINGLE = Holdings(
    direct=(Page(id="100000000000301", name="Fernhill Books", username="fernhillbooks", category="Bookshop"),)
)


@lru_cache(maxsize=1)
def _crowd() -> Holdings:
    odd = [
        Page(id=f"1000000000{4000 + number:05d}", name=name, username=None)
        for number, name in enumerate(world.ODD_NAMES)
    ]
    plain = [
        Page(id=f"1000000000{4000 + number:05d}", name=f"Sommer Branch {number:04d}", username=f"sommer.{number:04d}")
        for number in range(len(odd), CROWD_SIZE)
    ]
    pages = [*odd, *plain]
    return Holdings(direct=(*pages[:640], None, *pages[640:]))


def holdings(person: str) -> Holdings:
    """What the person has; `none` has nothing."""
    if person == "crowd":
        return _crowd()
    return {"plenty": _PLENTY, "single": _SINGLE}.get(person, Holdings())
