"""How often somebody may try a password: counted by e-mail address and client, for a quarter of an hour.

A try counts before it is known to be wrong, so that many at once cannot slip through; a right one is taken back.
"""

from datetime import datetime, timedelta

from moorline import clock
from moorline.errors import RateLimited
from moorline.limits.buckets import SIGN_IN_CLIENT, SIGN_IN_EMAIL, SIGN_IN_EMAIL_AT_CLIENT
from moorline.limits.counting import Use, note_refusal
from moorline.pages.request import Visit, count


def of_sign_in(*, client: str, address: str, is_known: bool) -> tuple[Use, ...]:
    """What a try to sign in counts for; the try of a browser that was in before (`known.py`) not for the address alone.

    Whoever tries a stranger's address from many clients keeps out strangers, and not who belongs there.
    """
    uses = ((SIGN_IN_CLIENT, client), (SIGN_IN_EMAIL_AT_CLIENT, f"{client}\0{address}"))
    return uses if is_known else (*uses, (SIGN_IN_EMAIL, address))


async def too_many(request: Visit, *uses: Use) -> datetime | None:
    """Count a try; when the next is welcome, if this one comes too soon."""
    try:
        await count(request, *uses)
    except RateLimited as refusal:
        note_refusal(request.scope, refusal)
        return clock.now() + timedelta(seconds=refusal.retry_after_s)
    return None
