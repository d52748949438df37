"""The members and organizations of the sandbox's LinkedIn. Ids, names and vanity names never change."""

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from moorline.sandbox import world
from moorline.sandbox.oauth_server import Grant

CROWD_SIZE = 1200
_AUDITED = 104  # so that the last page the plentiful person may post for stands beyond the largest count

# linkedin.md section 8
ADMINISTRATOR = "ADMINISTRATOR"
CONTENT_ADMINISTRATOR = "CONTENT_ADMINISTRATOR"
CONTENT_ADMIN = "CONTENT_ADMIN"
ANALYST = "ANALYST"
ROLES = (
    ADMINISTRATOR, CONTENT_ADMINISTRATOR, CONTENT_ADMIN, "DIRECT_SPONSORED_CONTENT_POSTER", "RECRUITING_POSTER",
    "LEAD_GEN_FORMS_MANAGER", ANALYST, "CURATOR",
)  # fmt: skip
STATES = ("APPROVED", "REQUESTED", "REJECTED", "REVOKED")

VANITY_NAMES = {
    "plenty": "ana-lima-bakes",
    "single": "ben-okafor-books",
    "none": "cleo-marsh",
    "crowd": "dag-sommer-3b7",
}
WITHOUT_PICTURE = "none"  # linkedin.md section 7: `picture` is absent when there is none
WITHOUT_NAME = "single"  # linkedin.md section 7: `name` may be missing


@dataclass(frozen=True, slots=True, kw_only=True)
class Organization:
    """A company page."""

    id: int
    name: str
    vanity_name: str
    website: str = ""
    website_field: str = "localizedWebsite"  # the one field of three that tells the website (linkedin.md section 8)
    description: str = ""
    industry: int | None = None
    logo: bool = True
    unreadable: bool = False  # looking through a role at it fails (linkedin.md section 8)

    @property
    def urn(self) -> str:
        """As other entities point at it."""
        return f"urn:li:organization:{self.id}"

    def public(self) -> dict[str, Any]:
        """What any member sees."""
        shown: dict[str, Any] = {
            "id": self.id,
            "localizedName": self.name,
            "vanityName": self.vanity_name,
            "name": {"localized": {"en_US": self.name}, "preferredLocale": {"country": "US", "language": "en"}},
        }
        if self.logo:
            shown["logoV2"] = {**self._image("original", (200, 400, 100)), **self._image("cropped", (200,))}
        return shown

    def whole(self) -> dict[str, Any]:
        """What somebody with a role sees; absent is what was not filled in."""
        shown = self.public()
        if self.website:
            localized = {"localized": {"en_US": self.website}}
            shown[self.website_field] = localized if self.website_field == "website" else self.website
        if self.description:
            shown["localizedDescription"] = self.description
            shown["localizedSpecialties"] = ["bread", "coffee"]
        if self.industry is not None:
            shown["industries"] = [f"urn:li:industry:{self.industry}"]
        return shown

    def _image(self, kind: str, widths: Sequence[int]) -> dict[str, Any]:
        asset = f"urn:li:digitalmediaAsset:C4D0BAQ{self.id}{kind}"
        streams = [
            {
                "identifiers": [
                    {
                        "identifier": f"https://media.licdn.com/dms/image/{self.id}/{kind}-{width}?e=2147483647&v=beta&t=sig",
                        "mediaType": "image/png",
                    }
                ],
                "data": {
                    "com.linkedin.digitalmedia.mediaartifact.StillImage": {
                        "storageSize": {"width": width, "height": width}
                    }
                },
            }
            for width in widths
        ]
        return {kind: asset, f"{kind}~": {"elements": streams}}


@dataclass(frozen=True, slots=True, kw_only=True)
class Role:
    """One row of a person's roles; an organization may have several."""

    organization: Organization
    role: str = ADMINISTRATOR
    state: str = "APPROVED"


_BAKERY = Organization(
    id=5590001,
    name="Northwind Bakery",
    vanity_name="northwind-bakery",
    website="https://northwind.example",
    description="Bread and coffee since 1998.",
    industry=34,
)
_CATERING = Organization(
    id=5590002,
    name="Northwind Catering",
    vanity_name="northwind-catering",
    website="https://catering.northwind.example",
    website_field="websiteUrl",
    logo=False,
)
_FOUNDATION = Organization(
    id=5590003,
    name="Lima Family Foundation",
    vanity_name="lima-family-foundation",
    website="https://lima-foundation.example",
    website_field="website",
    industry=70,
)
_ADS_ONLY = Organization(id=5590080, name="Harbour Market Ads", vanity_name="harbour-market-ads")
_ASKED_FOR = Organization(id=5590090, name="Harbour Market", vanity_name="harbour-market")
_LEFT = Organization(id=5590091, name="Old Mill Bakery", vanity_name="old-mill-bakery")
_BOOKS = Organization(id=5590301, name="Fernhill Books", vanity_name="fernhill-books", industry=84)


def _audited(number: int) -> Organization:
    name = f"Audited Bakery {number:03d}"
    return Organization(
        id=5591000 + number, name=name, vanity_name=name.lower().replace(" ", "-"), unreadable=number == 1
    )


_PLENTY = (
    Role(organization=_BAKERY, role=ANALYST),
    Role(organization=_BAKERY),
    Role(organization=_CATERING, role=CONTENT_ADMINISTRATOR),
    Role(organization=_ADS_ONLY, role="DIRECT_SPONSORED_CONTENT_POSTER"),
    Role(organization=_ASKED_FOR, state="REQUESTED"),
    Role(organization=_LEFT, state="REVOKED"),
    *(Role(organization=_audited(number), role=ANALYST) for number in range(1, _AUDITED + 1)),
    Role(organization=_FOUNDATION),
)


@lru_cache(maxsize=1)
def _crowd() -> tuple[Role, ...]:
    names = [*world.ODD_NAMES, *(f"Sommer Branch {number:04d}" for number in range(len(world.ODD_NAMES), CROWD_SIZE))]
    return tuple(
        Role(
            organization=Organization(
                id=5600000 + number,
                name=name,
                vanity_name=f"sommer-{number:04d}",
                logo=number % 2 == 0,
                unreadable=number % 100 == 50,
            ),
            role=CONTENT_ADMIN if number % 3 == 2 else ADMINISTRATOR,
        )
        for number, name in enumerate(names)
    )


def roles(person: str) -> tuple[Role, ...]:
    """Every role of the person, in whatever state; `none` has none."""
    if person == "crowd":
        return _crowd()
    return {"plenty": _PLENTY, "single": (Role(organization=_BOOKS),)}.get(person, ())


@lru_cache(maxsize=1)
def organizations() -> dict[str, Organization]:
    """Every organization there is, by id."""
    return {str(role.organization.id): role.organization for person in world.PEOPLE for role in roles(person.id)}


def member_id(grant: Grant) -> str:
    """The person's id, which differs from app to app. (linkedin.md section 11)"""
    digest = hashlib.sha256(f"{grant.client_id}/{grant.person}".encode()).digest()
    return base64.urlsafe_b64encode(digest).decode()[:10]


def picture_of(person: str) -> str:
    """The person's portrait, at an address that is signed. (linkedin.md section 7)"""
    return (
        f"https://media.licdn.com/dms/image/v2/{person}/profile-displayphoto-shrink_100_100/0?e=2147483647&v=beta&t=sig"
    )
