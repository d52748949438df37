"""The Google accounts of the sandbox's people, the same for every platform of Google's."""

from dataclasses import dataclass

from moorline.sandbox import world

# A brand account is a principal of its own, picked on Google's account chooser. (youtube.md section 8)
BRAND = world.Person(
    id="plenty-brand",
    name="Northwind Bakery",
    email="northwind-bakery-8841@pages.plusgoogle.com",
    business="Northwind Bakery",
    has="is a brand channel of Ana Lima",
)

# Longer than 2^53 allows a number to be. (googlebusiness.md section 7)
_SUBS = {
    "plenty": "113303573364907650101",
    "single": "113303573364907650102",
    "none": "113303573364907650103",
    "crowd": "113303573364907650104",
    BRAND.id: "113303573364907650190",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """Who signs in at Google: a person, or a brand account."""

    person: world.Person
    sub: str

    @property
    def picture(self) -> str:
        """The portrait's address."""
        return f"https://lh3.googleusercontent.com/a/moorline-{self.person.id}=s96-c"


PRINCIPALS: dict[str, Principal] = {
    person.id: Principal(person=person, sub=_SUBS[person.id]) for person in (*world.PEOPLE, BRAND)
}


def hinted(login_hint: str) -> Principal | None:
    """Whom a `login_hint`, an e-mail address or a sub, speaks of. (youtube.md section 2)"""
    matching = (p for p in PRINCIPALS.values() if login_hint in {p.person.email, p.sub})
    return next(matching, None)
