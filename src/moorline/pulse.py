"""Whether the loops of a process still turn: each tells when it does, and whoever asks hears which fell silent."""

import time

# Longer than any turn, also one that waits for a database: two leases and then some. Others have taken over by then.
SILENT_S = 300.0


class Pulse:
    """When each loop turned last, by its name. A loop that never began is not missed."""

    def __init__(self) -> None:
        self._turned_at_s: dict[str, float] = {}

    def beat(self, loop: str) -> None:
        """This loop turns."""
        self._turned_at_s[loop] = time.monotonic()

    def silent(self) -> list[str]:
        """The loops that have not turned for `SILENT_S`."""
        since_s = time.monotonic() - SILENT_S
        return sorted(loop for loop, turned_at_s in self._turned_at_s.items() if turned_at_s < since_s)
