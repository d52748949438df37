"""The connection log in words: what was tried, what came of it, and what happened to accounts since."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal, get_args

from markupsafe import Markup

from moorline import clock
from moorline.connect import journal
from moorline.errors import Slug
from moorline.pages import words
from moorline.pages.look import Look
from moorline.pages.words import N_
from moorline.store.connect_logs import LogEntry

Tone = Literal["good", "warn", "bad", ""]
OPEN_FOR = timedelta(minutes=30)  # whatever was begun earlier and is not over will not be
STATUSES: dict[journal.TOLD, str] = {
    "started": N_("Begun"),
    "selecting": N_("Choosing"),
    "connected": N_("Connected"),
    "failed": N_("Failed"),
}
# Why an attempt failed, as whoever runs the workspace reads it.
WHY: dict[Slug, str] = {
    "oauth_denied": N_("The person did not give permission."),
    "selection_cancelled": N_("The person left without choosing."),
    "invalid_state": N_("The page was used before, or in another browser."),
    "session_expired": N_("The time for it ran out."),
    "token_exchange_failed": N_("The platform refused to finish the sign-in."),
    "profile_fetch_failed": N_("The platform did not tell which account it is."),
    "scope_missing": N_("A permission that is needed was left out."),
    "account_not_eligible": N_("The account is of a kind that cannot be connected."),
    "no_facebook_pages": N_("The Facebook account shared no Page."),
    "no_business_locations": N_("The Google account manages no location."),
    "no_pinterest_boards": N_("The Pinterest account has no board."),
    "no_public_profiles": N_("The Snapchat account has no Public Profile."),
    "no_youtube_channel": N_("The Google account has no channel."),
    "reconnect_account_mismatch": N_("Another account signed in than the one to be renewed."),
    "profile_not_found": N_("The profile that was to receive it is gone."),
    "platform_unavailable": N_("The platform did not answer."),
    "platform_rate_limited": N_("The platform asked to wait."),
    "not_configured": N_("The platform is not set up here."),
    "app_misconfigured": N_("The platform refused the app itself."),
    "internal_error": N_("Something of ours broke; it is in the log."),
}
TYPES: dict[journal.Type, str] = {
    "connect": N_("Connecting"),
    "reconnect": N_("Reconnecting"),
    "disconnected": N_("Disconnected"),
    "lost": N_("Stopped working"),
    "restored": N_("Works again"),
    "switched": N_("Changed to another choice"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """`word` names what it is or what came of it; `sentence` says more, or is empty. `is_attempt`: it has a page."""

    entry: LogEntry
    tone: Tone
    word: str
    sentence: Markup
    is_attempt: bool


def told(look: Look, entries: Iterable[LogEntry]) -> list[Told]:
    """Entries in words."""
    return [_told(look, entry) for entry in entries]


def slug_named(text: str | None) -> Slug:
    """The slug of that name; what never got an outcome broke on our side."""
    known: Slug = "internal_error"
    for slug in get_args(Slug):
        if slug == text:
            known = slug
    return known


def _told(look: Look, entry: LogEntry) -> Told:
    if entry.kind != "attempt":
        return _event(look, entry)
    status = journal.told_status(entry)
    sentence, tone, word = Markup(), _tone_of(entry), STATUSES[status or "started"]
    if status == "failed":
        sentence = look.markup(WHY[slug_named(entry.slug)])
    elif status != "connected" and entry.created_at < clock.now() - OPEN_FOR:
        word, sentence = N_("Left"), look.markup(N_("Nobody finished it in time."))
    return Told(entry=entry, tone=tone, word=look.gettext(word), sentence=sentence, is_attempt=True)


def _event(look: Look, entry: LogEntry) -> Told:
    kind = journal.told_type(entry)
    word = STATUSES["connected"] if entry.kind == "connected" else TYPES[kind]
    sentence = Markup('<bdi lang="en">{}</bdi>').format(entry.note) if entry.note else Markup()
    return Told(entry=entry, tone=_tone_of(entry), word=look.gettext(word), sentence=sentence, is_attempt=False)


def _tone_of(entry: LogEntry) -> Tone:
    if entry.kind == "lost":
        return "bad"
    if entry.kind in {"connected", "restored"} or entry.status == "connected":
        return "good"
    return words.tone_of(slug_named(entry.slug)) if entry.status == "failed" else ""
