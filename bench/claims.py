"""A due row is claimed and finished, with no work between: what the bookkeeping alone costs.

`python -m bench.claims URL` does so to every grant that is due, as many at once as the renewals of one process, and
prints what it cost as a JSON object. The row is put off, as after a failure: its tokens are neither read nor written.
"""

import asyncio
import json
import sys
import time
from dataclasses import asdict, dataclass
from datetime import timedelta

import uvloop

from bench.seeding import opened
from moorline import clock, ids
from moorline.accounts.tokens import LEASE_S
from moorline.jobs.renewals import AT_ONCE
from moorline.store import grants
from moorline.store.db import Database
from moorline.store.grants import Lease

NAME = "claims"
TITLE = "claim and finish of a due row"
_VERSION = 1  # of grants that were never renewed
_LATER = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Claims:
    """`cpu_ms_each` is of this process, which includes SQLite but not PostgreSQL."""

    count: int
    wall_s: float
    cpu_ms_each: float


async def measure(url: str) -> Claims:
    """Claim and finish whatever is due."""
    async with opened(url) as db:
        count, cpu_s, begun_s = 0, time.process_time(), time.perf_counter()
        while due := await grants.due(db, now=clock.now(), limit=AT_ONCE):
            count += sum(await asyncio.gather(*(_claim(db, grant_id) for grant_id, _ in due)))
        wall_s, cpu_s = time.perf_counter() - begun_s, time.process_time() - cpu_s
    return Claims(count=count, wall_s=wall_s, cpu_ms_each=cpu_s * 1000 / max(count, 1))


async def _claim(db: Database, grant_id: str) -> bool:
    now = clock.now()
    lease = Lease(holder=ids.new_id(), version=_VERSION, until=now + timedelta(seconds=LEASE_S))
    if not await grants.claim(db, grant_id, lease, now):
        raise ValueError("Another claimed it, or it was renewed before.")
    await grants.put_off(db, grant_id, lease, now + _LATER)
    return True


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        print(json.dumps(asdict(runner.run(measure(sys.argv[1])))))
