"""`moorline` that misses a loop early, and may have one that hangs: `impatient.py <silent_s> <loop or -> worker`.

`silent_s`: after how long a loop that does not turn counts as stuck, which is minutes. The loop that is named does not
come back from its first piece of work, as with a fault of ours.
"""

import sys

from moorline import pulse
from moorline.cli import main
from moorline.jobs import revoking
from moorline.service import Service


async def never(service: Service) -> int:
    """Work that comes to no end while the process runs."""
    await service.stopping.wait()
    return 0


if __name__ == "__main__":
    pulse.SILENT_S = float(sys.argv[1])
    if sys.argv[2] == "revocations":
        revoking.work = never
    sys.argv = ["moorline", *sys.argv[3:]]
    main()
