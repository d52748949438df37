"""What pages say about an outcome, by slug: a title, what happened, what to do."""

from dataclasses import dataclass

from moorline.connect.redirects import SENTENCES
from moorline.errors import Slug

AGAIN = "Go back to where you started and press Connect again."


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """The texts of one outcome page."""

    title: str
    sentence: str
    advice: str


_TITLES: dict[Slug, tuple[str, str]] = {
    "oauth_denied": ("You did not give permission", "If that was a slip, start again and choose to allow it."),
    "selection_cancelled": ("You stopped before choosing", AGAIN),
    "invalid_state": ("This page cannot be used", "Start again and stay in one browser from start to end."),
    "session_expired": ("This page is too old", AGAIN),
    "token_exchange_failed": ("The sign-in was not completed", f"{AGAIN} If it repeats, send us the reference below."),
    "profile_fetch_failed": ("We could not read your account", "Try again in a few minutes."),
    "scope_missing": ("One permission is missing", "Start again and leave every box ticked."),
    "account_not_eligible": ("This account cannot be connected", "Use another account."),
    "no_facebook_pages": (
        "We found no Facebook Page",
        "Start again and tick your Page when Facebook asks, or use the account that manages it.",
    ),
    "no_business_locations": ("We found no business location", "Use the account that manages the business."),
    "no_pinterest_boards": ("We found no board", "Create one on Pinterest, then start again."),
    "no_public_profiles": ("We found no Public Profile", "Create one in Snapchat, then start again."),
    "no_youtube_channel": ("We found no YouTube channel", "Choose another account, or create a channel first."),
    "reconnect_account_mismatch": ("That is another account", "Sign in as the account that is to be renewed."),
    "profile_not_found": ("The place for this connection is gone", "Ask whoever sent you here for a new link."),
    "platform_unavailable": ("The platform is not answering", "Try again in some minutes."),
    "platform_rate_limited": ("The platform asks us to wait", "Try again in some minutes."),
    "not_configured": ("This platform is not set up here", "Tell whoever sent you here."),
    "app_misconfigured": (
        "The platform does not accept this app",
        "Send the reference below to whoever sent you here.",
    ),
    "internal_error": ("Something went wrong on our side", "Try again; if it repeats, send the reference below."),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Picking:
    """How a chooser speaks of a platform, of one thing to pick there, and which shown fields tell two apart."""

    platform: str
    what: str
    hints: tuple[str, ...] = ()


PICKING: dict[str, Picking] = {
    "facebook": Picking(platform="Facebook", what="Facebook Page", hints=("category",)),
    "linkedin": Picking(platform="LinkedIn", what="LinkedIn account"),
    "pinterest": Picking(platform="Pinterest", what="Pinterest board", hints=("description", "privacy")),
    "googlebusiness": Picking(platform="Google", what="business location", hints=("address", "accountName")),
    "snapchat": Picking(platform="Snapchat", what="Snapchat Public Profile"),
}


def of(slug: Slug) -> Words:
    """The words of a slug."""
    title, advice = _TITLES[slug]
    return Words(title=title, sentence=SENTENCES[slug], advice=advice)
