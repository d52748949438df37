"""The limits of a service, by its settings."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from moorline.limits import buckets
from moorline.limits.counters import Counters, MemoryCounters
from moorline.limits.counting import Limits
from moorline.limits.shared import DatabaseCounters, SharedCounters
from moorline.settings import PREFIX, Settings, WrongSettings
from moorline.store.db import Database


@asynccontextmanager
async def open_limits(settings: Settings, db: Database) -> AsyncIterator[Limits]:
    """Nothing is asked of Redis or the database yet. Raises: WrongSettings."""
    limits = Limits(numbers_of(settings), _counters(settings.limits_url, db))
    try:
        yield limits
    finally:
        await limits.close()


def numbers_of(settings: Settings) -> Mapping[str, int]:
    """How many each bucket takes. Raises: WrongSettings."""
    try:
        return buckets.numbers(settings.rate_limit_per_minute, buckets.parse(settings.limits))
    except ValueError as error:
        raise WrongSettings([f"{PREFIX}LIMITS is wrong: {error}."]) from error


async def redis_answers(url: str) -> bool:
    """Whether counts can be kept there now. Raises: WrongSettings."""
    shared = SharedCounters(_redis(url))
    try:
        return await shared.answers()
    finally:
        await shared.close()


def _counters(url: str, db: Database) -> Counters:
    if url == "memory":
        return MemoryCounters()
    return SharedCounters(DatabaseCounters(db) if url == "database" else _redis(url))


def _redis(url: str) -> Counters:
    try:
        from moorline.limits.on_redis import RedisCounters
    except ImportError as error:
        sentence = (
            f"{PREFIX}LIMITS_URL names a Redis server, and what talks to one is not installed: "
            "pip install 'moorline[redis]'."
        )
        raise WrongSettings([sentence]) from error
    try:
        return RedisCounters(url)
    except ValueError as error:  # its message repeats the address, in which there may be a password
        sentence = f"{PREFIX}LIMITS_URL is not an address of a Redis server, or names certificates that cannot be read."
        raise WrongSettings([sentence]) from error
