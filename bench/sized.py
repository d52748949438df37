"""What a row takes on the disk, by table and index."""

from collections.abc import Mapping

import asyncpg

from moorline.store.sqlite import open_connection

WHOLE = "all of it"
_ON_POSTGRESQL = (
    "SELECT c.relname, pg_relation_size(c.oid) + CASE WHEN c.reltoastrelid = 0 THEN 0"
    " ELSE pg_total_relation_size(c.reltoastrelid) END FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
    " WHERE n.nspname = 'public' AND c.relkind IN ('r', 'i')"
)


async def bytes_each(url: str, *, accounts: int) -> Mapping[str, float]:
    """Bytes for each account, the largest part first; `WHOLE` is the sum."""
    if url.startswith("sqlite:///"):
        connection = open_connection(url.removeprefix("sqlite:///"))
        found = connection.execute("SELECT name, sum(pgsize) FROM dbstat GROUP BY name").fetchall()
        connection.close()
        taken = {str(name): int(size) for name, size in found}
    else:
        opened = await asyncpg.connect(url)
        taken = {str(name): int(size) for name, size in await opened.fetch(_ON_POSTGRESQL)}
        await opened.close()
    ordered = sorted(taken.items(), key=lambda part: -part[1])
    return {WHOLE: sum(taken.values()) / accounts, **{name: size / accounts for name, size in ordered}}
