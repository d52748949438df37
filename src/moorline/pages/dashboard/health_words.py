"""How an account is, in words: one for the whole, the reasons, and what happens next and when."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from markupsafe import Markup

from moorline import clock
from moorline.accounts.health import WARNED_AHEAD, Health
from moorline.accounts.listing import Listed
from moorline.pages import view
from moorline.pages.look import Look
from moorline.pages.words import N_, bdi, platform_title
from moorline.store.account_health import AccountFacts

Tone = Literal["good", "warn", "bad"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """`word` is for the whole; `reasons` are there when something is wrong; `next` is what happens without anybody.

    `said` is a reason as it was kept, for whoever has to look further: in English, or whatever the platform speaks.
    """

    tone: Tone
    word: Markup
    reasons: tuple[Markup, ...] = ()
    next: Markup
    said: str | None = None
    needs_person: bool


def of(look: Look, listed: Listed) -> Told:
    """The words for an account."""
    facts, health = listed.row.facts, listed.health
    if health.status == "error":
        return _broken(look, listed)
    needed_at = health.human_needed_at
    if needed_at is not None and needed_at <= clock.now() + WARNED_AHEAD:
        # NOTE: the state of an account; date is such as "12 Dec 2026"
        word = look.markup(N_("Working, needs somebody by %(date)s"), date=_date(look, needed_at))
        return _working(look, listed, tone="warn", word=word, reasons=(_why_needed(look, listed, needed_at),))
    if facts.failures:
        reason = look.ngettext(
            "Renewing the permission failed %(n)s time in a row.",
            "Renewing the permission failed %(n)s times in a row.",
            facts.failures,
        )
        word = look.markup(N_("Working, but renewing fails"))
        return _working(look, listed, tone="warn", word=word, reasons=(Markup.escape(reason),))
    return _working(look, listed, tone="good", word=look.markup(N_("Working")))


def _working(look: Look, listed: Listed, *, tone: Tone, word: Markup, reasons: tuple[Markup, ...] = ()) -> Told:
    return Told(
        tone=tone,
        word=word,
        reasons=reasons,
        next=_next(look, listed.health),
        needs_person=listed.needs_person,
    )


def _broken(look: Look, listed: Listed) -> Told:
    facts, health = listed.row.facts, listed.health
    missing = health.permissions.missing
    since = facts.dead_at
    nothing = look.markup(N_("Nothing happens by itself until somebody connects it again."))
    if missing and since is None and facts.is_active:
        scopes = Markup(", ").join(Markup("<code>{}</code>").format(scope) for scope in missing)
        reason = look.markup(
            N_("A permission that posting needs was not given: %(scopes)s. Connect again and leave every box ticked."),
            scopes=scopes,
        )
        return Told(tone="bad", word=look.markup(N_("Cannot post")), reasons=(reason,), next=nothing, needs_person=True)
    if since is None:
        word = look.markup(N_("Not working"))
    else:
        # NOTE: the state of an account; date is such as "8 Nov 2026"
        word = look.markup(N_("Not working since %(date)s"), date=_date(look, since))
    return Told(
        tone="bad",
        word=word,
        reasons=(_why_lost(look, facts),),
        next=nothing,
        said=facts.dead_reason,
        needs_person=True,
    )


def _why_lost(look: Look, facts: AccountFacts) -> Markup:
    platform = platform_title(facts.platform)
    if facts.dead_at is None and facts.app_id is None and not facts.is_active:  # no consent: a bot's chat
        return look.markup(
            N_("The bot may no longer post there. Make it an administrator again, then connect the account again.")
        )
    if facts.dead_at is None and facts.is_active:
        return look.markup(
            N_("The permission has run out, and only a person can renew it on %(platform)s."), platform=platform
        )
    return look.markup(N_("%(platform)s no longer accepts the permission that was given."), platform=platform)


def _why_needed(look: Look, listed: Listed, needed_at: datetime) -> Markup:
    date, platform = _date(look, needed_at), platform_title(listed.row.facts.platform)
    if listed.row.person is None:
        return look.markup(
            N_("Somebody has to confirm it again on %(platform)s before %(date)s."), platform=platform, date=date
        )
    return look.markup(
        N_("%(person)s has to confirm it again on %(platform)s before %(date)s."),
        person=bdi(listed.row.person),
        platform=platform,
        date=date,
    )


def _next(look: Look, health: Health) -> Markup:
    """What happens by itself, and when."""
    needed_at, acts_at = health.human_needed_at, health.next_action_at
    if needed_at is not None and (acts_at is None or acts_at >= needed_at):
        return look.markup(
            N_("Works until %(date)s; it cannot be renewed without a person."), date=_date(look, needed_at)
        )
    if acts_at is not None and acts_at <= clock.now():
        return look.markup(N_("It is renewed by itself in the next minutes."))
    if acts_at is not None and needed_at is not None:
        return look.markup(
            N_("Renewed by itself: %(when)s. A person is needed before %(date)s."),
            when=_when(look, acts_at),
            date=_date(look, needed_at),
        )
    if acts_at is not None:
        return look.markup(N_("Renewed by itself: %(when)s. Nobody is needed."), when=_when(look, acts_at))
    return look.markup(N_("It does not run out."))


def _date(look: Look, instant: datetime) -> Markup:
    return view.stamped(look, instant, look.date(instant))


def _when(look: Look, instant: datetime) -> Markup:
    """Such as "in 3 hours" or a date."""
    return view.stamped(look, instant, look.ago(instant))
