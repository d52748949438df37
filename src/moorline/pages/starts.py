"""How many connections may be started from pages that need no signing in: counted by client and by connect link."""

from moorline.limits.buckets import START_CLIENT, START_LINK
from moorline.limits.counting import Use
from moorline.pages.request import Visit, client_of, count


async def count_start(request: Visit, *, link_id: str | None) -> None:
    """Count a start of this request's client, by the link it came from if any. Raises: RateLimited."""
    uses: list[Use] = [(START_CLIENT, client_of(request))]
    if link_id is not None:
        uses.append((START_LINK, link_id))
    await count(request, *uses)
