"""Declared facts that may be told wrongly without any harm, each with the reason why.

A connection ends as ever then. Where that stops being so, the platform's simulator or its adapter has begun to mind,
and the fact belongs to `mutants.py`.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from moorline.adapter.values import Renews, SecretIn
from tests.journeys.mutants import Lie, to

META = ("facebook", "instagram", "threads")
GOOGLE = ("youtube", "googlebusiness")
WITH_BASIC = ("twitter", "reddit", "pinterest")
WITHOUT_VERSION = ("twitter", "tiktok", *GOOGLE, "reddit", "snapchat")
WITHOUT_ISSUER = (*META, "linkedin", "twitter", "tiktok", "reddit", "pinterest", "snapchat")
ALL = (*WITHOUT_ISSUER, *GOOGLE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Harmless:
    """A lie that changes nothing, and why."""

    platform: str
    lie: Lie
    why: str


def harmless(platforms: Iterable[str], fact: str, value: object, why: str) -> Iterator[Harmless]:
    """The same for several platforms. `fact` as in `Lie`."""
    for platform in platforms:
        yield Harmless(platform=platform, lie=Lie(fact, str(value), to(value), ""), why=why)


HARMLESS: tuple[Harmless, ...] = (
    # --- asking -------------------------------------------------------------------------------------------------------
    *harmless(META, "scope_separator", " ", "Meta documents the comma and takes the space."),
    *harmless(["reddit"], "scope_separator", ",", "Reddit parses commas too."),
    *harmless(META, "pkce", True, "Meta knows no PKCE here; a challenge and a verifier are tolerated."),
    *harmless(["reddit", "pinterest"], "pkce", True, "No PKCE here; what is unknown is not looked at."),
    *harmless(["tiktok"], "pkce", True, "TikTok looks at PKCE for desktop apps only, and ours is a web app."),
    *harmless(GOOGLE, "pkce", False, "Google checks a verifier only when there was a challenge."),
    *harmless(["snapchat"], "pkce", True, "Snapchat's sources disagree; a verifier is checked when a challenge came."),
    *harmless(["snapchat"], "pkce_optional", False, "Read only when the operator asks for PKCE."),
    *harmless([n for n in ALL if n != "snapchat"], "pkce_optional", True, "Read only when the operator asks for PKCE."),
    *harmless(["instagram"], "authorize_extra.force_reauth", {}, "It shows the login form; consent is the same."),
    *harmless(["tiktok"], "authorize_extra.disable_auto_auth", {}, "Without it TikTok may skip consent, and may not."),
    *harmless(
        ["googlebusiness"],
        "authorize_extra.prompt",
        {"access_type": "offline", "prompt": "consent"},
        "The chooser is an option: it only asks which Google account is meant.",
    ),
    # --- tokens -------------------------------------------------------------------------------------------------------
    *harmless(GOOGLE, "secret_in", SecretIn.HEADER, "Google wants the body and takes Basic credentials as well."),
    *harmless(["snapchat"], "secret_in", SecretIn.HEADER, "Snapchat documents the body; Basic works for others."),
    *harmless(["twitter"], "client_id_with_basic", False, "X documents it as unneeded; some apps were refused."),
    *harmless(["reddit", "pinterest"], "client_id_with_basic", True, "An id beside the Basic credentials is no news."),
    *harmless(
        [name for name in ALL if name not in WITH_BASIC],
        "client_id_with_basic",
        True,
        "Read only where the secret is in the header.",
    ),
    *harmless(META, "renews", Renews.NEVER, "A refresh of its own, which trades the access token for the next."),
    *harmless(["facebook"], "scope_pattern", r"\|", "Facebook tells permissions at an address of their own."),
    *harmless(
        ["instagram"], "scope_pattern", r"\|", "Instagram tells `permissions`, which have a parser of their own."
    ),
    *harmless(["threads"], "scope_pattern", r"\|", "Threads tells no scopes."),
    # --- calls --------------------------------------------------------------------------------------------------------
    *harmless(WITHOUT_VERSION, "version", "v1", "No address of this platform has a version in it that may change."),
    *harmless(["facebook"], "version", "v18.0", "A version that ended is served by the oldest usable one."),
    *harmless(["instagram"], "version", "v23.0", "Several versions are usable at a time."),
    *harmless(
        ["facebook"],
        "revoke_url",
        "https://graph.facebook.com/revoke",
        "Facebook withdraws by deleting the person's permissions.",
    ),
    # --- the callback -------------------------------------------------------------------------------------------------
    *harmless(WITHOUT_ISSUER, "issuer", "https://accounts.example.com", "Its callbacks name no issuer."),
    *harmless(GOOGLE, "issuer_promised", True, "Google's callbacks name the issuer."),
)
