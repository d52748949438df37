"""Passwords of people: what one may be, its hash, and a comparison that takes as long for nobody as for somebody.

Argon2id with the parameters that the OWASP Password Storage Cheat Sheet names first for little memory (19 MiB, two
passes, one lane). At most two are computed at once, off the event loop, so that a flood of tries takes neither the
memory nor the time of everything else.
"""

import asyncio
import unicodedata
from concurrent.futures import ThreadPoolExecutor
from functools import cache, partial
from typing import TYPE_CHECKING, TypeVar

from moorline import ids
from moorline.errors import BadRequest

if TYPE_CHECKING:
    from argon2 import PasswordHasher

T = TypeVar("T")
MIN_CHARS = 12
MAX_CHARS = 200
_AT_ONCE = 2


async def hash_of(password: str) -> str:
    """The text to be stored; whether it may be a password is `check`'s to say."""
    return await _compute(partial(_hash, _plain(password)))


async def matches(password: str, stored: str | None) -> bool:
    """Whether it is the password behind a stored hash; None takes as long, and is never matched."""
    return await _compute(partial(_matches, _plain(password), stored))


def is_outdated(stored: str) -> bool:
    """Whether the hash was made with other parameters than today's, and should be made anew when it was matched."""
    return _hasher().check_needs_rehash(stored)


def check(password: str, *, email: str = "") -> None:
    """Raises: BadRequest naming the field for one that is too short, too long, or the person's own address."""
    plain = _plain(password)
    reason = None
    if not MIN_CHARS <= len(plain) <= MAX_CHARS:
        reason = f"{MIN_CHARS} to {MAX_CHARS} characters"
    elif not plain.isprintable():
        reason = "no control characters"
    elif len(set(plain)) < 4 or plain.lower() == email:
        reason = "something that cannot be guessed at once"
    if reason is not None:
        raise BadRequest(f"password: {reason}.", fields={"password": reason})


def _plain(password: str) -> str:
    """One form for what different keyboards make of the same characters (NIST SP 800-63B section 5.1.1.2)."""
    return unicodedata.normalize("NFKC", password[: MAX_CHARS + 1])


def _hash(plain: str) -> str:
    return _hasher().hash(plain.encode("utf-8", "replace"))


def _matches(plain: str, stored: str | None) -> bool:
    from argon2.exceptions import InvalidHashError, VerificationError

    try:
        return _hasher().verify(_nobodys() if stored is None else stored, plain.encode("utf-8", "replace"))
    except (VerificationError, InvalidHashError):
        return False


@cache
def _hasher() -> "PasswordHasher":
    from argon2 import PasswordHasher

    return PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)


@cache
def _nobodys() -> str:
    """A hash whose password nobody knows."""
    return _hash(ids.new_secret())


@cache
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(max_workers=_AT_ONCE, thread_name_prefix="passwords")


async def _compute(work: "partial[T]") -> T:
    return await asyncio.get_running_loop().run_in_executor(_pool(), work)
