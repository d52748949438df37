"""What the Bluesky form says about a sign-in that did not work, in the reader's language."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from markupsafe import Markup

from moorline import clock
from moorline.adapter.app_password import UnknownAccount
from moorline.errors import (
    BadRequest,
    MoorlineError,
    PlatformRateLimited,
    RateLimited,
    Refused,
    UnexpectedReply,
    Unreachable,
)
from moorline.pages.look import Look
from moorline.pages.words import N_, bdi

Field = Literal["identifier", "app-password"]
NO_IDENTIFIER = N_("Enter your handle or e-mail.")
NO_PASSWORD = N_("Enter an app password.")
# NOTE: said before anything is sent to Bluesky
NOT_AN_APP_PASSWORD = N_("This looks like your normal password. For your safety use an app password.")

_REFUSED_HANDLE = N_("Bluesky did not accept this handle and app password.")
_REFUSED_EMAIL = N_("Bluesky did not accept this e-mail and app password. Try your handle instead of the e-mail.")
_PASSWORD_REFUSALS = {
    "auth_factor_required": N_(
        "Bluesky asks for a code from an e-mail, as it does for the main password. Use an app password."
    ),
    "main_password": N_("That was your main password. We did not keep it; use an app password."),
}
_TAKEN_DOWN = N_("Bluesky has taken this account down.")
_ACCOUNT_REFUSALS = {
    "account_taken_down": _TAKEN_DOWN,
    "account_suspended": N_("Bluesky has suspended this account."),
    "account_deactivated": N_("This account is deactivated. Reactivate it on Bluesky first."),
    "account_inactive": N_("This account is not active on Bluesky."),
    "signup_queued": N_("This account is still waiting in Bluesky's sign-up queue."),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing that is wrong, and the field to mend it in. `is_doubt`: it may be right, and is sent if asked again."""

    field: Field
    text: str
    status: int = 400
    is_doubt: bool = False


def of(look: Look, error: MoorlineError, *, identifier: str) -> Problem | None:
    """What to say about a sign-in that failed; None for a failure of ours. `identifier` is what was typed."""
    if isinstance(error, UnknownAccount):
        text = look.markup(N_("We found no Bluesky account %(name)s. Check the spelling."), name=bdi(error.name))
        return Problem(field="identifier", text=text)
    if isinstance(error, BadRequest):
        return _left_out(look, error.fields)
    if isinstance(error, Refused):
        return _refused(look, error.code, identifier)
    if isinstance(error, PlatformRateLimited):
        return Problem(field="app-password", text=_wait(look, error.retry_after_s), status=429)
    if isinstance(error, Unreachable):
        return Problem(field="app-password", text=_no_answer(look, error.server), status=503)
    if isinstance(error, UnexpectedReply):
        puzzled = N_("The server of this account answered in a way we do not understand. Try again later.")
        return Problem(field="app-password", text=look.translated(puzzled), status=503)
    return None


def too_many(look: Look, error: RateLimited) -> Problem:
    """What to say when we ourselves take no more tries of this client for now."""
    welcome_at = clock.now() + timedelta(seconds=error.retry_after_s)
    text = look.gettext(N_("Too many tries. Try again after %(time)s."), time=look.time(welcome_at))
    return Problem(field="app-password", text=text, status=429)


def _left_out(look: Look, fields: Mapping[str, str]) -> Problem:
    if "appPassword" in fields:
        return Problem(field="app-password", text=look.translated(NO_PASSWORD))
    return Problem(field="identifier", text=look.translated(NO_IDENTIFIER))


def _refused(look: Look, code: str, identifier: str) -> Problem:
    if code in _ACCOUNT_REFUSALS:
        return Problem(field="identifier", text=look.translated(_ACCOUNT_REFUSALS[code]))
    is_email = "@" in identifier.strip().removeprefix("@")
    usual = _REFUSED_EMAIL if is_email else _REFUSED_HANDLE
    return Problem(field="app-password", text=look.translated(_PASSWORD_REFUSALS.get(code, usual)))


def _wait(look: Look, retry_after_s: int | None) -> str:
    if retry_after_s is None:
        return look.gettext(N_("Bluesky asks to wait before the next try. Try again in some minutes."))
    until = clock.now() + timedelta(seconds=retry_after_s)
    # NOTE: time is a time of day such as "14:40 UTC", or a date and a time
    return look.gettext(N_("Bluesky asks to wait until %(time)s."), time=_moment(look, until))


def _moment(look: Look, instant: datetime) -> str:
    is_today = instant.date() == clock.now().date()
    return look.time(instant) if is_today else look.instant(instant)


def _no_answer(look: Look, server: str | None) -> str:
    if server is None:
        return look.gettext(N_("Bluesky is not answering. Try again in some minutes."))
    shown = Markup('<bdi dir="ltr">{}</bdi>').format(server)
    return look.markup(
        N_("The server of this account (%(server)s) does not answer. Try again in some minutes."), server=shown
    )
