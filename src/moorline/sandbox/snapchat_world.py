"""The organizations and public profiles of the sandbox's people. Facts: snapchat.md, by section. Ids never change."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from moorline.sandbox import world

CROWD_SIZE = 1200


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """A public profile."""

    id: str
    organization_id: str
    title: str
    username: str
    subscribers: int | None = 42  # None: the count is not told
    manage_logo: bool = True

    def shown(self) -> dict[str, Any]:
        """(snapchat.md section 7) The count is a text."""
        logo = f"https://cf-st.sc-cdn.net/aps/moorline/{self.id}"
        values: dict[str, Any] = {
            "id": self.id,
            "organization_id": self.organization_id,
            "display_name": self.title,
            "snap_user_name": self.username,
            "profile_type": "PUBLIC_PROFILE",
            "profile_tier": "TIER_PUBLIC",
            "internal_profile_category": "BUSINESS",
            "category": "CATEGORY_V3_PRODUCT_BRAND",
            "subscriber_count": None if self.subscribers is None else str(self.subscribers),
            "logo_urls": {
                "original_logo_url": f"{logo}/original.jpg",
                "discover_feed_logo_url": f"{logo}/discover.jpg",
                "mega_profile_logo_url": f"{logo}/mega.jpg",
            },
        }
        if self.manage_logo:
            values["logo_urls"]["manage_profile_logo_url"] = f"{logo}/manage.jpg"
        return {name: value for name, value in values.items() if value is not None}


@dataclass(frozen=True, slots=True, kw_only=True)
class Unreadable:
    """A row of a list that could not be looked up. (snapchat.md section 8)"""

    reason: str


Row = Profile | Unreadable | None  # None: a page of results comes out short or empty here


@dataclass(frozen=True, slots=True, kw_only=True)
class Organization:
    """A business in Business Manager, with the profiles the person may access."""

    id: str
    title: str
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Holdings:
    """What a person has on Snapchat: a profile of their own, and roles in organizations."""

    own: Profile | None = None
    organizations: tuple[Organization, ...] = ()

    def profile(self, profile_id: str) -> Profile | None:
        """The profile of this id, if the person may access it."""
        rows = (row for organization in self.organizations for row in organization.rows)
        return next((row for row in rows if isinstance(row, Profile) and row.id == profile_id), None)


_BAKERY_ID = "9f1c0000-0000-4000-8000-000000000101"
_MARKET_ID = "9f1c0000-0000-4000-8000-000000000102"
_BOOKS_ID = "9f1c0000-0000-4000-8000-000000000301"
_SOMMER_ID = "9f1c0000-0000-4000-8000-000000000401"

_BAKERY = Profile(
    id="abc10000-0000-4000-8000-000000000101",
    organization_id=_BAKERY_ID,
    title="Northwind Bakery",
    username="northwindbakery",
    subscribers=15000,
)
_CAFE = Profile(
    id="abc10000-0000-4000-8000-000000000102",
    organization_id=_BAKERY_ID,
    title="Northwind Cafe",
    username="northwind.cafe",
    subscribers=None,
    manage_logo=False,
)
_PLENTY = Holdings(
    own=_BAKERY,
    organizations=(
        Organization(
            id=_BAKERY_ID,
            title="Northwind Group",
            rows=(_BAKERY, None, _CAFE, Unreadable(reason="The profile could not be loaded.")),
        ),
        Organization(id=_MARKET_ID, title="Harbour Market", rows=(_CAFE,)),
    ),
)
_BOOKS = Profile(
    id="abc10000-0000-4000-8000-000000000301",
    organization_id=_BOOKS_ID,
    title="Fernhill Books",
    username="fernhillbooks",
)
_SINGLE = Holdings(own=_BOOKS, organizations=(Organization(id=_BOOKS_ID, title="Fernhill Books", rows=(_BOOKS,)),))


@lru_cache(maxsize=1)
def _crowd() -> Holdings:
    names = [*world.ODD_NAMES, *(f"Sommer Branch {number:04d}" for number in range(len(world.ODD_NAMES), CROWD_SIZE))]
    profiles = [
        Profile(
            id=f"abc10000-0000-4000-8000-00000040{number:04d}",
            organization_id=_SOMMER_ID,
            title=name,
            username=f"sommer-{number:04d}",
        )
        for number, name in enumerate(names)
    ]
    rows = (*profiles[:640], None, *profiles[640:])
    return Holdings(own=profiles[0], organizations=(Organization(id=_SOMMER_ID, title="Sommer", rows=rows),))


def holdings(person: str) -> Holdings:
    """What the person has; `none` has nothing."""
    if person == "crowd":
        return _crowd()
    return {"plenty": _PLENTY, "single": _SINGLE}.get(person, Holdings())


def anywhere(profile_id: str) -> bool:
    """Whether somebody has the profile."""
    return any(holdings(each).profile(profile_id) is not None for each in world.PEOPLE_IDS)


def organization_exists(organization_id: str) -> bool:
    """Whether somebody has a role in the organization."""
    return any(each.id == organization_id for person in world.PEOPLE_IDS for each in holdings(person).organizations)
