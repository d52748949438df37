"""How many connections may be started from pages that need no signing in: counted by client and by connect link.

Counted in memory, each process for itself, as calls of API keys are: behind two processes somebody may start up to
twice as many. The API's own starts are not counted here.
"""

import time

from limits import RateLimitItem, RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter

from moorline.errors import RateLimited
from moorline.pages.request import Visit, client_of

PER_CLIENT = 30
PER_LINK = 60
WINDOW_MIN = 15


class Starts:
    """The counts of one process."""

    def __init__(self) -> None:
        self._limiter = FixedWindowRateLimiter(MemoryStorage())
        self._per_client = RateLimitItemPerMinute(PER_CLIENT, WINDOW_MIN)
        self._per_link = RateLimitItemPerMinute(PER_LINK, WINDOW_MIN)

    def count(self, *, client: str, link_id: str | None) -> None:
        """Count a start; one that is refused counts for nothing. Raises: RateLimited."""
        counted: list[tuple[RateLimitItem, str, str]] = [(self._per_client, "client", client)]
        if link_id is not None:
            counted.append((self._per_link, "link", link_id))
        full = [one for one in counted if not self._limiter.test(*one)]
        if full:
            reset_at_s = max(self._limiter.get_window_stats(*one).reset_time for one in full)
            wait_s = max(1, int(reset_at_s - time.time()) + 1)
            raise RateLimited(f"Too many connections were started here; wait {wait_s} s.", retry_after_s=wait_s)
        for one in counted:
            self._limiter.hit(*one)


def count_start(request: Visit, *, link_id: str | None) -> None:
    """Count a start of this request's client, by the link it came from if any. Raises: RateLimited."""
    starts: Starts = request.app.state.starts
    starts.count(client=client_of(request), link_id=link_id)
