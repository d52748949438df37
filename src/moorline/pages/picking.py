"""How the chooser speaks of what each platform lets people pick. Whole sentences: nothing is put together of pieces."""

from dataclasses import dataclass

from moorline.languages import N_

Plural = tuple[str, str]


def P_(one: str, many: str) -> Plural:  # noqa: N802 - as N_, for a text in two forms
    """Marks a text and its plural for the catalogues; `%(n)s` is the number."""
    return one, many


@dataclass(frozen=True, slots=True, kw_only=True)
class Picking:
    """The texts of one platform's chooser, not yet translated.

    `company` is where people sign in (None: the platform). `gets` tells what %(brand)s will be able to do, and that it
    goes to the %(profile)s. `matches` counts what was found of %(all)s. `missing` and `missing_why` are about what is
    not listed, `again` asks the platform anew. `sign_out_at`: the platform cannot be made to ask who signs in, so
    people sign out there first. `hints` are names in `Choice.shown` that tell alike ones apart, `group` is the one
    under which they are listed; `detail` is the name in an account's details of the choice it was connected with, where
    the account itself is the person.
    """

    company: str | None = None
    ask: str
    ask_one: str
    gets: str
    legend: str
    find: str
    all_of: Plural
    matches: Plural
    no_match: str
    show_all: Plural
    unusable: Plural
    none_at_all: str
    none_usable: Plural
    truncated: Plural
    nameless: str
    connect: str
    choose: str
    gone: str
    missing: str
    missing_why: str
    again: str
    sign_out_at: str | None = None
    hints: tuple[str, ...] = ()
    group: str | None = None
    detail: str | None = None


FACEBOOK = Picking(
    company="Facebook",
    ask=N_("Which Facebook Page do you want to connect?"),
    ask_one=N_("Connect this Facebook Page?"),
    # NOTE: brand is who gets access, profile the place there that the account goes to
    gets=N_("%(brand)s will be able to post to it and to read what happens on it. It goes to the profile %(profile)s."),
    legend=N_("Facebook Page to connect"),
    find=N_("Find a Page"),
    all_of=P_("%(n)s Page", "%(n)s Pages"),
    # NOTE: n is how many a search found, all how many there are
    matches=P_("%(n)s of %(all)s Pages matches", "%(n)s of %(all)s Pages match"),
    no_match=N_("No Page matches “%(words)s”."),
    show_all=P_("Show the one Page", "Show all %(n)s Pages"),
    unusable=P_("%(n)s Page that cannot be connected", "%(n)s Pages that cannot be connected"),
    none_at_all=N_("We found no Facebook Page"),
    none_usable=P_("Your Page cannot be connected", "None of your %(n)s Pages can be connected"),
    truncated=P_(
        "Facebook listed %(n)s Page and then stopped; there may be more.",
        "Facebook listed %(n)s Pages and then stopped; there may be more. The search works on these.",
    ),
    nameless=N_("A Page without a name"),
    connect=N_("Connect this Page"),
    choose=N_("Choose a Page"),
    gone=N_("That Page is not available any more. Choose another one."),
    missing=N_("I don't see my Page"),
    missing_why=N_(
        "Facebook shares only the Pages that were ticked when it asked. Open the question again and tick yours."
    ),
    again=N_("Ask Facebook again"),
    hints=("category",),
)

LINKEDIN = Picking(
    company="LinkedIn",
    ask=N_("Which LinkedIn account do you want to connect?"),
    ask_one=N_("Connect this LinkedIn account?"),
    # NOTE: brand is who gets access, profile the place there that the account goes to
    gets=N_("%(brand)s will be able to post in its name and to read its figures. It goes to the profile %(profile)s."),
    legend=N_("LinkedIn account to connect"),
    find=N_("Find an account"),
    all_of=P_("%(n)s account", "%(n)s accounts"),
    # NOTE: n is how many a search found, all how many there are
    matches=P_("%(n)s of %(all)s accounts matches", "%(n)s of %(all)s accounts match"),
    no_match=N_("No account matches “%(words)s”."),
    show_all=P_("Show the one account", "Show all %(n)s accounts"),
    unusable=P_("%(n)s account that cannot be connected", "%(n)s accounts that cannot be connected"),
    none_at_all=N_("We found no organization"),
    none_usable=P_("Your account cannot be connected", "None of your %(n)s accounts can be connected"),
    truncated=P_(
        "LinkedIn listed %(n)s account and then stopped; there may be more.",
        "LinkedIn listed %(n)s accounts and then stopped; there may be more. The search works on these.",
    ),
    nameless=N_("An organization without a name"),
    connect=N_("Connect this account"),
    choose=N_("Choose an account"),
    gone=N_("That account is not available any more. Choose another one."),
    missing=N_("I don't see my organization"),
    missing_why=N_(
        "LinkedIn lists the organizations whose page you administer or may post for. Ask an administrator for such a "
        "role, then read the list again."
    ),
    again=N_("Ask LinkedIn again"),
    sign_out_at="linkedin.com",
)

PINTEREST = Picking(
    company="Pinterest",
    ask=N_("Which Pinterest board do you want to connect?"),
    ask_one=N_("Connect this Pinterest board?"),
    # NOTE: brand is who gets access, profile the place there that the account goes to
    gets=N_(
        "%(brand)s will be able to pin to it, and to read and pin to your other boards. It goes to the profile "
        "%(profile)s."
    ),
    legend=N_("Pinterest board to connect"),
    find=N_("Find a board"),
    all_of=P_("%(n)s board", "%(n)s boards"),
    # NOTE: n is how many a search found, all how many there are
    matches=P_("%(n)s of %(all)s boards matches", "%(n)s of %(all)s boards match"),
    no_match=N_("No board matches “%(words)s”."),
    show_all=P_("Show the one board", "Show all %(n)s boards"),
    unusable=P_("%(n)s board that cannot be connected", "%(n)s boards that cannot be connected"),
    none_at_all=N_("We found no board"),
    none_usable=P_("Your board cannot be connected", "None of your %(n)s boards can be connected"),
    truncated=P_(
        "Pinterest listed %(n)s board and then stopped; there may be more.",
        "Pinterest listed %(n)s boards and then stopped; there may be more. The search works on these.",
    ),
    nameless=N_("A board without a name"),
    connect=N_("Connect this board"),
    choose=N_("Choose a board"),
    gone=N_("That board is not available any more. Choose another one."),
    missing=N_("I don't see my board"),
    missing_why=N_("Make the board on Pinterest, or have its owner invite you to it; then read the list again."),
    again=N_("Ask Pinterest again"),
    sign_out_at="pinterest.com",
    hints=("description",),
    detail="defaultBoardId",
)

GOOGLE_BUSINESS = Picking(
    company="Google",
    ask=N_("Which business location do you want to connect?"),
    ask_one=N_("Connect this business location?"),
    # NOTE: brand is who gets access, profile the place there that the account goes to
    gets=N_(
        "%(brand)s will be able to post to it and to manage it: reviews, photos and business details. It goes to the "
        "profile %(profile)s."
    ),
    legend=N_("Business location to connect"),
    find=N_("Find a location"),
    all_of=P_("%(n)s location", "%(n)s locations"),
    # NOTE: n is how many a search found, all how many there are
    matches=P_("%(n)s of %(all)s locations matches", "%(n)s of %(all)s locations match"),
    no_match=N_("No location matches “%(words)s”."),
    show_all=P_("Show the one location", "Show all %(n)s locations"),
    unusable=P_("%(n)s location that cannot be connected", "%(n)s locations that cannot be connected"),
    none_at_all=N_("We found no business location"),
    none_usable=P_("Your location cannot be connected", "None of your %(n)s locations can be connected"),
    truncated=P_(
        "Google listed %(n)s location and then stopped; there may be more.",
        "Google listed %(n)s locations and then stopped; there may be more. The search works on these.",
    ),
    nameless=N_("A location without a name"),
    connect=N_("Connect this location"),
    choose=N_("Choose a location"),
    gone=N_("That location is not available any more. Choose another one."),
    missing=N_("I don't see my location"),
    missing_why=N_(
        "Google lists the locations of the account you signed in with. Use the account that manages the business."
    ),
    again=N_("Use another Google account"),
    hints=("address",),
    group="accountName",
)

SNAPCHAT = Picking(
    company="Snapchat",
    ask=N_("Which Snapchat Public Profile do you want to connect?"),
    ask_one=N_("Connect this Snapchat Public Profile?"),
    # NOTE: brand is who gets access, profile the place there that the account goes to
    gets=N_("%(brand)s will be able to post to it and to read its figures. It goes to the profile %(profile)s."),
    legend=N_("Snapchat Public Profile to connect"),
    find=N_("Find a Public Profile"),
    all_of=P_("%(n)s Public Profile", "%(n)s Public Profiles"),
    # NOTE: n is how many a search found, all how many there are
    matches=P_("%(n)s of %(all)s Public Profiles matches", "%(n)s of %(all)s Public Profiles match"),
    no_match=N_("No Public Profile matches “%(words)s”."),
    show_all=P_("Show the one Public Profile", "Show all %(n)s Public Profiles"),
    unusable=P_("%(n)s Public Profile that cannot be connected", "%(n)s Public Profiles that cannot be connected"),
    none_at_all=N_("We found no Public Profile"),
    none_usable=P_("Your Public Profile cannot be connected", "None of your %(n)s Public Profiles can be connected"),
    truncated=P_(
        "Snapchat listed %(n)s Public Profile and then stopped; there may be more.",
        "Snapchat listed %(n)s Public Profiles and then stopped; there may be more. The search works on these.",
    ),
    nameless=N_("A Public Profile without a name"),
    connect=N_("Connect this Public Profile"),
    choose=N_("Choose a Public Profile"),
    gone=N_("That Public Profile is not available any more. Choose another one."),
    missing=N_("I don't see my Public Profile"),
    missing_why=N_(
        "Snapchat lists the Public Profiles you have a role on. Ask its owner to add you, then read the list again."
    ),
    again=N_("Ask Snapchat again"),
    sign_out_at="snapchat.com",
)

# For a platform that nobody has found words for yet.
ANY = Picking(
    ask=N_("Which one do you want to connect?"),
    ask_one=N_("Connect this one?"),
    # NOTE: brand is who gets access, profile the place there that the account goes to
    gets=N_("%(brand)s will be able to post to it. It goes to the profile %(profile)s."),
    legend=N_("What to connect"),
    find=N_("Find one"),
    all_of=P_("%(n)s to choose from", "%(n)s to choose from"),
    # NOTE: n is how many a search found, all how many there are
    matches=P_("%(n)s of %(all)s matches", "%(n)s of %(all)s match"),
    no_match=N_("None matches “%(words)s”."),
    show_all=P_("Show the only one", "Show all %(n)s"),
    unusable=P_("%(n)s that cannot be connected", "%(n)s that cannot be connected"),
    none_at_all=N_("We found none"),
    none_usable=P_("The one there is cannot be connected", "None of the %(n)s can be connected"),
    truncated=P_(
        "%(n)s was listed; there may be more.", "%(n)s were listed; there may be more. The search works on these."
    ),
    nameless=N_("Without a name"),
    connect=N_("Connect this one"),
    choose=N_("Choose one"),
    gone=N_("That one is not available any more. Choose another one."),
    missing=N_("I don't see mine"),
    missing_why=N_("Only what the platform shares with us is listed. Ask it again."),
    again=N_("Ask again"),
)

_PICKING = {
    "facebook": FACEBOOK,
    "linkedin": LINKEDIN,
    "pinterest": PINTEREST,
    "googlebusiness": GOOGLE_BUSINESS,
    "snapchat": SNAPCHAT,
}


def of(platform: str) -> Picking:
    """The texts of a platform's chooser."""
    return _PICKING.get(platform, ANY)
