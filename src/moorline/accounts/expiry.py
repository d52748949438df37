"""After which instant only a person helps, and when their application is warned of it. Pure."""

from datetime import datetime, timedelta
from typing import Protocol

from moorline.adapter.app_password import AppPasswordPlatform
from moorline.adapter.oauth import OAuthPlatform
from moorline.adapter.values import Renews
from moorline.service import Service

WARNED_DAYS = (14, 7, 1)
# Platforms tell a rest in seconds, counted from an instant that we only guess: one end is told a little differently at
# each renewal.
SAME_END = timedelta(hours=1)
LEEWAY = 2 * SAME_END


class Ending(Protocol):
    """Tokens as far as their ends are told."""

    @property
    def access_expires_at(self) -> datetime | None:
        """None: never, or nobody told."""
        ...

    @property
    def refresh_expires_at(self) -> datetime | None:
        """Likewise, of the right to renew."""
        ...

    @property
    def has_refresh(self) -> bool:
        """Whether a refresh token is among them."""
        ...


def renews_of(service: Service, platform: str) -> Renews | None:
    """How consents of a platform are renewed; None where there is nothing to renew (a bot's chat)."""
    adapter = service.platforms.get(platform)
    if isinstance(adapter, OAuthPlatform):
        return adapter.spec.renews
    return Renews.BY_REFRESH_TOKEN if isinstance(adapter, AppPasswordPlatform) else None


def last_chance(tokens: Ending, renews: Renews | None) -> datetime | None:
    """After which instant nothing but a new consent helps; None where that never comes, or nobody told.

    What is traded for new access before its end (BY_EXCHANGE) ends too, though nobody is needed while that works.
    """
    ends = tokens.access_expires_at
    if renews is None or ends is None:
        return None
    if renews is Renews.BY_REFRESH_TOKEN and tokens.has_refresh:
        return None if tokens.refresh_expires_at is None else max(ends, tokens.refresh_expires_at)
    return ends


def needs_at(tokens: Ending, renews: Renews | None, *, is_failing: bool = False) -> datetime | None:
    """From when on a person is needed, as far as is known: the last chance, but for what is traded while that works."""
    if renews is Renews.BY_EXCHANGE and not is_failing:
        return None
    return last_chance(tokens, renews)


def next_warning(ends: datetime | None, after: datetime) -> datetime | None:
    """The first instant after another one at which a warning of this end may be due; None: no more."""
    if ends is None:
        return None
    return next((at for at in (ends - timedelta(days=days) for days in WARNED_DAYS) if at > after), None)


def due_days(ends: datetime | None, warn_at: datetime, now: datetime) -> int | None:
    """The warning that is due: how many days before the end it belongs; None: none is.

    `warn_at` is what was planned: everything before it was told, or skipped. Of several that are due (nobody was at
    work for days) only the nearest to the end is told.
    """
    if ends is None:
        return None
    due = [days for days in WARNED_DAYS if warn_at - LEEWAY <= ends - timedelta(days=days) <= now]
    return min(due, default=None)


def is_same_end(one: datetime | None, other: datetime | None) -> bool:
    """Whether two instants tell the same end."""
    if one is None or other is None:
        return one is other
    return abs(one - other) <= SAME_END
