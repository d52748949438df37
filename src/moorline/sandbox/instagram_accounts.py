"""The Instagram accounts of the sandbox's people. Ids and usernames never change."""

import hashlib
from dataclasses import dataclass

from moorline.sandbox.oauth_server import Grant


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """One account; a personal one has no `kind`, and no business with the API."""

    id: str  # the account's own, the same for every app (instagram.md section 7)
    username: str
    name: str | None
    kind: str | None  # BUSINESS or MEDIA_CREATOR
    has_picture: bool = True
    followers: int = 1280


ACCOUNTS = {
    "plenty": Account(id="17841499900000101", username="northwind.bakery", name="Northwind Bakery", kind="BUSINESS"),
    "single": Account(
        id="17841499900000102", username="fernhill_books", name=None, kind="MEDIA_CREATOR", has_picture=False
    ),
    "none": Account(id="17841499900000103", username="cleo.marsh", name="Cleo Marsh", kind=None),
    "crowd": Account(
        id="17841499900000104",
        username="sommer.daughters",
        name="  <b>Sommer</b> & Daughters \u202e🧵 ",
        kind="BUSINESS",
        followers=1_200_000,
    ),
}


def picture_url(account: Account) -> str:
    """A signed address, as the platform's are."""
    return f"https://scontent.cdninstagram.com/v/portraits/{account.id}.jpg?_nc_ht=scontent&oh=signed&oe=expires"


def app_scoped_id(grant: Grant) -> str:
    """The person's id that differs from app to app. (instagram.md section 7)"""
    digest = hashlib.sha256(f"{grant.client_id}/{grant.person}".encode()).hexdigest()
    return f"8001{int(digest, 16) % 10**13:013d}"
