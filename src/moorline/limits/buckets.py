"""Everything that is limited: what is counted, how many of it are taken, and in what time.

Each bucket counts somebody or something for itself. How many is `most` unless `MOORLINE_LIMITS` says another number for
the bucket's name; 0 is no limit.
"""

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

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
_of_calls = partial(Bucket, most=1200, window_s=MINUTE_S)
KEY = _of_calls(name="key", counted="calls with this key")
SELECTION = _of_calls(name="selection", counted="calls for this connection")

# Of steps of the flow, so that one who repeats one of them leaves the others room.
_of_steps = partial(Bucket, window_s=MINUTE_S, with_calls=True)
START_PROFILE = _of_steps(name="start-profile", counted="connections started for this profile", most=600)
CALLBACK_CLIENT = _of_steps(name="callback-client", counted="returns from platforms from this address", most=600)
CALLBACK_STATE = _of_steps(name="callback-state", counted="returns for this connection", most=60)
PENDING_CLIENT = _of_steps(name="pending-client", counted="readings of pending data from this address", most=600)
PENDING_ATTEMPT = _of_steps(name="pending-attempt", counted="readings of this connection's pending data", most=60)
TELEGRAM_POLL = _of_steps(name="telegram-poll", counted="questions about this code", most=240)

# Of what strangers may do from pages, or with guesses: limited even where calls are not.
_of_strangers = partial(Bucket, window_s=QUARTER_S)
START_CLIENT = _of_strangers(name="start-client", counted="connections started from this address", most=30)
START_LINK = _of_strangers(name="start-link", counted="connections started by this link", most=60)
BLUESKY_CLIENT = _of_strangers(name="bluesky-client", counted="wrong sign-ins to Bluesky from this address", most=30)
BLUESKY_PROFILE = _of_strangers(name="bluesky-profile", counted="wrong sign-ins to Bluesky for this profile", most=30)
SIGN_IN_CLIENT = _of_strangers(name="sign-in-client", counted="wrong passwords from this address", most=30)
SIGN_IN_EMAIL = _of_strangers(name="sign-in-email", counted="wrong passwords for this e-mail address", most=100)
SIGN_IN_EMAIL_AT_CLIENT = _of_strangers(
    name="sign-in-email-at-client", counted="wrong passwords for this e-mail address from here", most=10
)
PASSWORD_MEMBER = _of_strangers(name="password-member", counted="wrong passwords of this member", most=10)

# Toward a platform: what its app may be asked for, where the operator knows it. Nobody is refused: it waits.
RENEWAL_PLATFORM = Bucket(
    name="renewal-platform", counted="renewals ahead of time at this platform", most=0, window_s=MINUTE_S
)

OF_CALLS = (KEY, SELECTION)
BY_NAME: Mapping[str, Bucket] = {
    bucket.name: bucket for bucket in tuple(globals().values()) if isinstance(bucket, Bucket) and bucket not in OF_CALLS
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
