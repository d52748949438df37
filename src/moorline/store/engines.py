"""Open the engine a database URL names."""

from moorline.store.db import Database, PoolOptions


async def connect(url: str, options: PoolOptions | None = None) -> Database:
    """Open `sqlite:///PATH` or `postgresql://...`. Raises: StoreUnavailable, ValueError for another scheme."""
    if url.startswith("sqlite:///"):
        from moorline.store.sqlite import SqliteDatabase

        return SqliteDatabase.open(url.removeprefix("sqlite:///"))
    if url.startswith(("postgresql://", "postgres://")):
        from moorline.store.postgresql import PostgresqlDatabase

        return await PostgresqlDatabase.open(url, options or PoolOptions())
    raise ValueError("a database URL starts with sqlite:/// or postgresql://")
