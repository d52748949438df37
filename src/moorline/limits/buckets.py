"""Everything that is limited: what is counted, how many of it are taken, and in what time.

Each bucket counts somebody or something for itself. How many is `most` unless `MOORLINE_LIMITS` says another number for
the bucket's name; 0 is no limit.
"""

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass

MINUTE_S = 60
QUARTER_S = 15 * 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Bucket:
    """`counted` ends the sentence "More than 30 ..." of a refusal.

    `with_calls`: no limit either where the operator has none for calls, unless one is given by name.
    """

    name: str
    counted: str
    most: int
    window_s: int
    with_calls: bool = False


# Of calls: their number is MOORLINE_RATE_LIMIT_PER_MINUTE.
KEY = Bucket(name="key", counted="calls with this key", most=1200, window_s=MINUTE_S)
SELECTION = Bucket(name="selection", counted="calls for this connection", most=1200, window_s=MINUTE_S)

# Of steps of the flow, so that one who repeats one of them leaves the others room.
START_PROFILE = Bucket(
    name="start-profile",
    counted="connections started for this profile",
    most=600,
    window_s=MINUTE_S,
    with_calls=True,
)
CALLBACK_CLIENT = Bucket(
    name="callback-client",
    counted="returns from platforms from this address",
    most=600,
    window_s=MINUTE_S,
    with_calls=True,
)
CALLBACK_STATE = Bucket(
    name="callback-state", counted="returns for this connection", most=60, window_s=MINUTE_S, with_calls=True
)
PENDING_CLIENT = Bucket(
    name="pending-client",
    counted="readings of pending data from this address",
    most=600,
    window_s=MINUTE_S,
    with_calls=True,
)
PENDING_ATTEMPT = Bucket(
    name="pending-attempt",
    counted="readings of this connection's pending data",
    most=60,
    window_s=MINUTE_S,
    with_calls=True,
)
TELEGRAM_POLL = Bucket(
    name="telegram-poll", counted="questions about this code", most=240, window_s=MINUTE_S, with_calls=True
)

# Of what strangers may do from pages, or with guesses: limited even where calls are not.
START_CLIENT = Bucket(name="start-client", counted="connections started from this address", most=30, window_s=QUARTER_S)
START_LINK = Bucket(name="start-link", counted="connections started by this link", most=60, window_s=QUARTER_S)
BLUESKY_CLIENT = Bucket(
    name="bluesky-client", counted="wrong sign-ins to Bluesky from this address", most=30, window_s=QUARTER_S
)
BLUESKY_PROFILE = Bucket(
    name="bluesky-profile", counted="wrong sign-ins to Bluesky for this profile", most=30, window_s=QUARTER_S
)
SIGN_IN_CLIENT = Bucket(name="sign-in-client", counted="wrong passwords from this address", most=30, window_s=QUARTER_S)
SIGN_IN_EMAIL = Bucket(
    name="sign-in-email", counted="wrong passwords for this e-mail address", most=100, window_s=QUARTER_S
)
SIGN_IN_EMAIL_AT_CLIENT = Bucket(
    name="sign-in-email-at-client",
    counted="wrong passwords for this e-mail address from here",
    most=10,
    window_s=QUARTER_S,
)
PASSWORD_MEMBER = Bucket(name="password-member", counted="wrong passwords of this member", most=10, window_s=QUARTER_S)

# Toward a platform: what its app may be asked for, where the operator knows it. Nobody is refused: it waits.
RENEWAL_PLATFORM = Bucket(
    name="renewal-platform", counted="renewals ahead of time at this platform", most=0, window_s=MINUTE_S
)

OF_CALLS = (KEY, SELECTION)
BY_NAME: Mapping[str, Bucket] = {
    bucket.name: bucket
    for bucket in (
        START_PROFILE,
        CALLBACK_CLIENT,
        CALLBACK_STATE,
        PENDING_CLIENT,
        PENDING_ATTEMPT,
        TELEGRAM_POLL,
        START_CLIENT,
        START_LINK,
        BLUESKY_CLIENT,
        BLUESKY_PROFILE,
        SIGN_IN_CLIENT,
        SIGN_IN_EMAIL,
        SIGN_IN_EMAIL_AT_CLIENT,
        PASSWORD_MEMBER,
        RENEWAL_PLATFORM,
    )
}
_GIVEN = re.compile(r"([a-z-]+)=(\d{1,9})")


def parse(text: str) -> Mapping[str, int]:
    """`name=number` of buckets, parted by commas or spaces. Raises: ValueError saying what is wrong."""
    found: dict[str, int] = {}
    for part in filter(None, re.split(r"[,\s]+", text)):
        given = _GIVEN.fullmatch(part)
        if given is None:
            raise ValueError(f'"{part[:60]}" is not of the form name=number, such as {START_LINK.name}=100')
        name = given[1]
        if name not in BY_NAME:
            near = difflib.get_close_matches(name, BY_NAME, n=1)
            hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(BY_NAME)}"
            raise ValueError(f'"{name}" is not a limit: {hint}')
        if name in found:
            raise ValueError(f'"{name}" is given twice')
        found[name] = int(given[2])
    return found


def numbers(calls_per_minute: int, given: Mapping[str, int]) -> Mapping[str, int]:
    """How many each bucket takes, by its name; 0: as many as come."""
    usual = {name: 0 if bucket.with_calls and not calls_per_minute else bucket.most for name, bucket in BY_NAME.items()}
    return {**usual, **given, **{bucket.name: calls_per_minute for bucket in OF_CALLS}}
