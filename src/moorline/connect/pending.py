"""Pending data: what a redirect could not carry, kept with the open selection and handed out once."""

from moorline import clock
from moorline.connect import landing
from moorline.errors import InvalidTempToken, NotFound
from moorline.limits.buckets import PENDING_ATTEMPT
from moorline.service import Service
from moorline.store import selections
from moorline.store.selections import OpenSelection


async def read(service: Service, token: str, *, connect_token: str | None) -> OpenSelection:
    """The selection a pendingDataToken stands for, to its first reader within ten minutes.

    Later readers need the attempt's connect token too: a page that is loaded again must not cost a new consent.
    Raises: NotFound for a token that is garbage, expired or used, told apart by nothing; RateLimited.
    """
    try:
        opened = await landing.by_pending_token(service, token)
    except InvalidTempToken as error:
        raise _unknown() from error
    await service.limits.count((PENDING_ATTEMPT, opened.attempt_id))  # before the one reading is used up
    if await selections.take_pending(service.db, opened.attempt_id, clock.now()):
        return opened
    again = None if not connect_token else await landing.by_connect_token(service, connect_token)
    if again is None or again.attempt_id != opened.attempt_id:
        raise _unknown()
    return opened


def _unknown() -> NotFound:
    return NotFound("Token not found, expired or used already.")
