"""The business accounts and locations of the sandbox's people. Facts: googlebusiness.md section 8. Ids never change."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from moorline.sandbox import world
from moorline.sandbox.google_world import PRINCIPALS

CROWD_SIZE = 1200
_CROWD_GROUPS = 22


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """What holds locations: a person's own account, a group, an organization."""

    id: str
    title: str
    type: str
    extra: Mapping[str, Any] = field(default_factory=dict)
    parent: str = ""  # the organization it is listed under, and only there

    def shown(self) -> dict[str, Any]:
        """(googlebusiness.md section 8.1)"""
        head = {"name": f"accounts/{self.id}", "accountName": self.title, "type": self.type}
        return {**head, **self.extra, "vettedState": "NOT_VETTED"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Location:
    """A place of business. Without `lines` it is a service-area business and has no address."""

    id: str
    title: str
    lines: tuple[str, ...] = ("1 Harbour Road",)
    locality: str = "Portland"
    area: str = "ME"  # empty where a country has no such thing
    region: str = "US"
    category: str = "Bakery"
    website: str = "https://northwind.example"
    status: str = "OPEN"
    on_maps: bool = True

    def shown(self) -> dict[str, Any]:
        """Every field that is there; the mask chooses. (googlebusiness.md section 8.2)"""
        slug = self.category.lower().replace(" ", "_")
        values: dict[str, Any] = {
            "name": f"locations/{self.id}",
            "languageCode": "en",
            "storeCode": f"store-{self.id[-4:]}",
            "title": self.title,
            "categories": {
                "primaryCategory": {"name": f"categories/gcid:{slug}", "displayName": self.category},
                "additionalCategories": [],
            },
            "websiteUri": self.website,
            "openInfo": {"status": self.status, "canReopen": self.status != "OPEN"},
            "metadata": self._metadata(),
        }
        if self.lines:
            values["storefrontAddress"] = self._address()
        else:
            values["serviceArea"] = {"businessType": "CUSTOMER_LOCATION_ONLY", "regionCode": self.region}
        return {name: value for name, value in values.items() if value}

    def _address(self) -> dict[str, Any]:
        address = {
            "regionCode": self.region,
            "languageCode": "en",
            "postalCode": f"0{self.id[-4:]}",
            "administrativeArea": self.area,
            "locality": self.locality,
            "addressLines": list(self.lines),
        }
        return {name: value for name, value in address.items() if value}

    def _metadata(self) -> dict[str, Any]:
        if not self.on_maps:
            return {"hasVoiceOfMerchant": False}
        place = f"ChIJ{self.id[-12:]}"
        return {
            "placeId": place,
            "mapsUri": f"https://maps.google.com/maps?cid={self.id}",
            "newReviewUri": f"https://search.google.com/local/writereview?placeid={place}",
            "hasVoiceOfMerchant": True,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Holdings:
    """What a person has. A None is a place where a page of results comes out short or empty."""

    accounts: tuple[Account | None, ...]
    locations: Mapping[str, tuple[Location | None, ...]]  # by the account's id

    def everywhere(self) -> tuple[Location, ...]:
        """Every location once, as the wildcard account lists them."""
        found = (location for rows in self.locations.values() for location in rows if location is not None)
        return tuple({location.id: location for location in found}.values())


def _personal(person_id: str) -> Account:
    """The account that everybody has; it comes first. (googlebusiness.md section 8.1)"""
    principal = PRINCIPALS[person_id]
    extra = {"verificationState": "UNVERIFIED"}
    return Account(id=principal.sub, title=principal.person.name, type="PERSONAL", extra=extra)


def _group(account_id: str, title: str, *, parent: str = "") -> Account:
    extra = {"role": "PRIMARY_OWNER", "verificationState": "VERIFIED", "permissionLevel": "OWNER_LEVEL"}
    return Account(id=account_id, title=title, type="LOCATION_GROUP", extra=extra, parent=parent)


_BAKERY = _group("104000000000000000101", "Northwind Bakery")
_AGENCY = Account(
    id="104000000000000000102",
    title="Harbour Market Agency",
    type="ORGANIZATION",
    extra={"role": "MANAGER", "accountNumber": "42", "organizationInfo": {"registeredDomain": "harbour.example"}},
)
_STALLS = _group("104000000000000000103", "Harbour Market Stalls", parent=_AGENCY.id)
_FIRST_ID = 9281089117903930100  # above 2^53 (googlebusiness.md section 8.3)


def _at(number: int, title: str, **changes: Any) -> Location:
    return Location(id=str(_FIRST_ID + number), title=title, **changes)


_DOCK = _at(1, "Northwind Bakery Dock Street")
_MILL = _at(2, "Northwind Bakery Mill Lane", lines=("7 Mill Lane", "Unit 3"))
_STALL_FISH = _at(11, "Harbour Fish Stall", category="Seafood market")
_STALL_FRUIT = _at(12, "Harbour Fruit Stall", category="Fruit market", website="")
_BAKERIES: tuple[Location | None, ...] = (
    _DOCK,
    _MILL,
    _at(3, "Northwind Cafe", category="Coffee shop"),
    _at(4, "Northwind Lisboa", lines=("Rua do Norte 12",), locality="Lisboa", area="", region="PT"),
    None,
    _at(5, "Northwind Catering", lines=(), category="Caterer"),
    _at(6, "Northwind Old Bakehouse", status="CLOSED_PERMANENTLY"),
    _at(7, "Northwind Cooking School", category="Cooking school", status="CLOSED_TEMPORARILY"),
    _at(8, "Northwind Farm Shop", website=""),
    _at(9, "Northwind New Quay", on_maps=False),
    _at(10, "Northwind Bakery  ", lines=("  2 Double Space  ",)),
)
_PLENTY = Holdings(
    accounts=(_personal("plenty"), None, _BAKERY, _AGENCY, _STALLS),
    locations={
        PRINCIPALS["plenty"].sub: (),
        _BAKERY.id: _BAKERIES,
        _AGENCY.id: (
            _DOCK,
            _STALL_FISH,
            _STALL_FRUIT,
            _MILL,
            _at(13, "Harbour Flower Stall", category="Florist"),
            _at(14, "Harbour Market Hall", category="Market"),
        ),
        _STALLS.id: (_STALL_FISH, _STALL_FRUIT),
    },
)
_SINGLE = Holdings(
    accounts=(_personal("single"),),
    locations={PRINCIPALS["single"].sub: (_at(301, "Fernhill Books", category="Book store"),)},
)
_NONE = Holdings(accounts=(_personal("none"),), locations={PRINCIPALS["none"].sub: ()})


@lru_cache(maxsize=1)
def _crowd() -> Holdings:
    groups = [_group(f"1040000000000000040{number:02d}", f"Sommer Group {number}") for number in range(_CROWD_GROUPS)]
    odd = [_at(4000 + number, name) for number, name in enumerate(world.ODD_NAMES)]
    plain = [_at(4000 + number, f"Sommer Branch {number:04d}") for number in range(len(odd), CROWD_SIZE)]
    shops: Sequence[Location] = [*odd, *plain]
    in_first = CROWD_SIZE - 2 * (_CROWD_GROUPS - 1)
    rows: dict[str, tuple[Location | None, ...]] = {
        PRINCIPALS["crowd"].sub: (),
        groups[0].id: (*shops[:640], None, *shops[640:in_first]),
    }
    for number, group in enumerate(groups[1:]):
        begin = in_first + 2 * number
        rows[group.id] = tuple(shops[begin : begin + 2])
    return Holdings(accounts=(_personal("crowd"), *groups), locations=rows)


def holdings(person: str) -> Holdings:
    """What the person has; everybody has a personal account. A brand account has none of its own."""
    if person == "crowd":
        return _crowd()
    return {"plenty": _PLENTY, "single": _SINGLE, "none": _NONE}.get(person, Holdings(accounts=(), locations={}))


def anywhere(location_id: str) -> bool:
    """Whether somebody has the location."""
    return any(location.id == location_id for each in world.PEOPLE_IDS for location in holdings(each).everywhere())
