"""Table `platform_pauses`: apps that their platform asked to wait, until they may ask again."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from moorline import clock
from moorline.store.db import Statements


@dataclass(frozen=True, slots=True, kw_only=True)
class Asker:
    """Who asks a platform: an app of it, at a server of the person's own where there is one, else empty."""

    platform: str
    app_id: str
    server: str


async def put(db: Statements, asker: Asker, until: datetime) -> bool:
    """Let an app wait until an instant; False, and nothing changed, when it waits that long already."""
    touched = await db.run(
        "INSERT INTO platform_pauses (platform, app_id, server, until_ms) VALUES ($1, $2, $3, $4)"
        " ON CONFLICT (platform, app_id, server) DO UPDATE SET until_ms = excluded.until_ms"
        " WHERE platform_pauses.until_ms < excluded.until_ms",
        asker.platform,
        asker.app_id,
        asker.server,
        clock.to_ms(until),
    )
    return touched == 1


async def get(db: Statements, asker: Asker) -> datetime | None:
    """Until when an app was told to wait, which may be over."""
    row = await db.one(
        "SELECT until_ms FROM platform_pauses WHERE platform = $1 AND app_id = $2 AND server = $3",
        asker.platform,
        asker.app_id,
        asker.server,
    )
    return None if row is None else clock.from_ms(row["until_ms"])


async def purge(db: Statements, *, now: datetime, longest: timedelta) -> int:
    """Delete the pauses that are over, and those a wrong clock made longer than any may be; how many."""
    return await db.run(
        "DELETE FROM platform_pauses WHERE until_ms <= $1 OR until_ms > $2",
        clock.to_ms(now),
        clock.to_ms(now + longest),
    )
