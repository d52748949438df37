"""What pages say about an outcome, by slug: a title, what happened, what to do; and what platforms are called."""

import unicodedata
from dataclasses import dataclass
from typing import Literal

from markupsafe import Markup

from moorline.errors import Slug
from moorline.pages.look import Look

Tone = Literal["good", "warn", "bad"]


def N_(text: str) -> str:  # noqa: N802 - the name gettext's tools know
    """Marks a text for the catalogues where it stands; it is translated where it is shown."""
    return text


MAX_SHOWN_CHARS = 80
MAX_TITLE_CHARS = 200
AGAIN = N_("Go back to where you started and press Connect again.")
# Where nothing the person does themselves would help: their advice says whom to ask.
WITHOUT_DOORS: frozenset[Slug] = frozenset({"profile_not_found", "not_configured", "app_misconfigured"})
_WARNINGS: frozenset[Slug] = frozenset(
    {"oauth_denied", "selection_cancelled", "session_expired", "platform_unavailable", "platform_rate_limited"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """The texts of one outcome page, as markup: names of others stand in `<bdi>`."""

    title: Markup
    sentence: Markup
    advice: Markup


@dataclass(frozen=True, slots=True, kw_only=True)
class _Said:
    title: str
    sentence: str
    advice: str


_SAID: dict[Slug, _Said] = {
    "oauth_denied": _Said(
        title=N_("You did not give permission"),
        sentence=N_("%(platform)s told us that you chose not to allow access."),
        advice=N_("If that was a slip, start again and choose to allow it."),
    ),
    "selection_cancelled": _Said(
        title=N_("You stopped before choosing"),
        sentence=N_("You left without choosing, so nothing was saved."),
        advice=N_("Start again whenever you like."),
    ),
    "invalid_state": _Said(
        title=N_("This page cannot be used"),
        sentence=N_("It was opened in another browser, used before, or not started here."),
        advice=N_("Start again and stay in one browser from start to end."),
    ),
    "session_expired": _Said(
        title=N_("This page is too old"),
        sentence=N_("For safety a connection has to be finished within a few minutes, and that time is over."),
        advice=N_("Start again; %(platform)s usually remembers you, so it is quick."),
    ),
    "token_exchange_failed": _Said(
        title=N_("%(platform)s did not complete the sign-in"),
        sentence=N_("You allowed access, but %(platform)s then refused to finish."),
        advice=N_("Start again once; if it repeats, send the reference below to %(brand)s."),
    ),
    "profile_fetch_failed": _Said(
        title=N_("We could not read your account"),
        sentence=N_("%(platform)s let you in, but did not tell us which account it is."),
        advice=N_("Try again in a few minutes."),
    ),
    "scope_missing": _Said(
        title=N_("One permission is missing"),
        sentence=N_("You left out a permission without which %(brand)s cannot do its work."),
        advice=N_("Start again and leave every box ticked."),
    ),
    "account_not_eligible": _Said(
        title=N_("This account cannot be connected"),
        sentence=N_("%(platform)s restricted it, or does not let other services use an account of its kind."),
        advice=N_("Use another account."),
    ),
    "no_facebook_pages": _Said(
        title=N_("We found no Facebook Page"),
        sentence=N_("Your Facebook account shared no Page with us that can be connected."),
        advice=N_("Start again and tick your Page when Facebook asks, or use the account that manages it."),
    ),
    "no_business_locations": _Said(
        title=N_("We found no business location"),
        sentence=N_("The Google account you chose manages no location."),
        advice=N_("Use the account that manages the business, or create its Business Profile first."),
    ),
    "no_pinterest_boards": _Said(
        title=N_("We found no board"),
        sentence=N_("Your Pinterest account has no board yet."),
        advice=N_("Create one on Pinterest, then look again."),
    ),
    "no_public_profiles": _Said(
        title=N_("We found no Public Profile"),
        sentence=N_("Snapchat showed us no Public Profile for your account."),
        advice=N_("Create one in Snapchat, or ask its owner to add you, then start again."),
    ),
    "no_youtube_channel": _Said(
        title=N_("We found no YouTube channel"),
        sentence=N_("The Google account you chose has no channel."),
        advice=N_("Choose another account, or create a channel first."),
    ),
    "reconnect_account_mismatch": _Said(
        title=N_("That is another account"),
        sentence=N_("You signed in as another account than the one to be renewed; nothing was changed."),
        advice=N_("Sign in as the account that is to be renewed."),
    ),
    "profile_not_found": _Said(
        title=N_("The place for this connection is gone"),
        sentence=N_("%(brand)s removed the profile that was to receive it, or takes nothing more this way."),
        advice=N_("Ask %(brand)s for a new link."),
    ),
    "platform_unavailable": _Said(
        title=N_("%(platform)s is not answering"),
        sentence=N_("The trouble is at %(platform)s or on the way there; your account is fine."),
        advice=N_("Try again in some minutes."),
    ),
    "platform_rate_limited": _Said(
        title=N_("%(platform)s asks us to wait"),
        sentence=N_("Too many connections were made in a short time."),
        advice=N_("Try again in a quarter of an hour."),
    ),
    "not_configured": _Said(
        title=N_("%(platform)s is not set up here"),
        sentence=N_("%(brand)s has not switched on %(platform)s yet."),
        advice=N_("Tell %(brand)s; choose another platform meanwhile."),
    ),
    "app_misconfigured": _Said(
        title=N_("%(platform)s does not accept the app of %(brand)s"),
        sentence=N_("This is not your fault, and only %(brand)s can repair it."),
        advice=N_("Send them the reference below."),
    ),
    "internal_error": _Said(
        title=N_("Something went wrong on our side"),
        sentence=N_("We wrote down what happened."),
        advice=N_("Try again; if it repeats, send the reference below to %(brand)s."),
    ),
}
# The same where it is not known which platform it was.
_GENERAL: dict[Slug, _Said] = {
    "session_expired": _Said(
        title=N_("This page is too old"),
        sentence=N_("For safety a connection has to be finished within a few minutes, and that time is over."),
        advice=N_("Start again; most platforms remember you, so it is quick."),
    ),
    "not_configured": _Said(
        title=N_("This platform is not set up here"),
        sentence=N_("%(brand)s has not switched it on yet."),
        advice=N_("Tell %(brand)s; choose another platform meanwhile."),
    ),
}
_RENEWING = _Said(
    title=N_("That is another account"),
    sentence=N_("You signed in as another account, but %(account)s is the one to be renewed; nothing was changed."),
    advice=N_("Sign in as %(account)s."),
)
_NOT_ELIGIBLE: dict[str, _Said] = {
    "instagram": _Said(
        title=N_("This account cannot be connected"),
        sentence=N_("Only professional accounts can be connected; this one is personal, or Instagram restricted it."),
        advice=N_("Switch it to a professional account in Instagram's settings, which is free, then start again."),
    ),
}
# Where people type a password here, and not at the platform.
_NOT_SIGNED_IN: dict[str, _Said] = {
    "bluesky": _Said(
        title=N_("Too many tries"),
        sentence=N_("None of the sign-ins worked, and this page takes no more of them."),
        advice=N_("Make sure of your handle, create a new app password, then start again."),
    ),
}
_SOME_PLATFORM = N_("The platform")
# As the platforms write themselves; the same in every language.
_PLATFORMS = {
    "facebook": "Facebook",
    "instagram": "Instagram",
    "linkedin": "LinkedIn",
    "twitter": "X (Twitter)",
    "tiktok": "TikTok",
    "youtube": "YouTube",
    "threads": "Threads",
    "reddit": "Reddit",
    "pinterest": "Pinterest",
    "bluesky": "Bluesky",
    "googlebusiness": "Google Business Profile",
    "telegram": "Telegram",
    "snapchat": "Snapchat",
}


def platform_title(name: str) -> str:
    """What people call a platform."""
    return _PLATFORMS.get(name, name.capitalize())


def plain(text: str) -> str:
    """A foreign text where no markup can keep it apart, as in a title: without controls and turns, cut."""
    kept = "".join(character for character in text if unicodedata.category(character) not in {"Cc", "Cf", "Cs"})
    return kept if len(kept) <= MAX_TITLE_CHARS else f"{kept[: MAX_TITLE_CHARS - 1]}…"


def bdi(text: str) -> Markup:
    """A foreign text whose direction of reading stays its own; a long one shows its first lines, and is there whole."""
    return Markup("<bdi{}>{}</bdi>").format(Markup(' class="long"') if len(text) > MAX_SHOWN_CHARS else "", text)


def tone_of(slug: Slug) -> Tone:
    """How serious the page of a slug looks: what the person chose, or what passes by itself, is no failure."""
    return "warn" if slug in _WARNINGS else "bad"


def of(
    look: Look, slug: Slug, *, platform: str | None = None, brand: str | None = None, account: str | None = None
) -> Words:
    """The words of a slug in the reader's language.

    `platform` None: it is not known which. `brand` None: the one the page wears. `account`: what the one to be renewed
    is called.
    """
    said = _said(slug, platform, account)
    values = {
        "platform": look.translated(_SOME_PLATFORM) if platform is None else platform_title(platform),
        "brand": bdi(brand or look.brand.name),
        "account": bdi(account or ""),
    }
    title, sentence, advice = (look.markup(text, **values) for text in (said.title, said.sentence, said.advice))
    return Words(title=title, sentence=sentence, advice=advice)


def _said(slug: Slug, platform: str | None, account: str | None) -> _Said:
    said = _SAID[slug]
    if platform is None:
        return _GENERAL.get(slug, said)
    if slug == "reconnect_account_mismatch" and account is not None:
        return _RENEWING
    if slug == "token_exchange_failed":
        return _NOT_SIGNED_IN.get(platform, said)
    return _NOT_ELIGIBLE.get(platform, said) if slug == "account_not_eligible" else said
