"""Table `vault_marks`: one sealed value that tells at start whether the right key was given."""

from moorline.store.db import Statements


async def get(db: Statements) -> bytes | None:
    """The mark, once a first start has left it."""
    row = await db.one("SELECT sealed FROM vault_marks WHERE id = 1")
    return None if row is None else bytes(row["sealed"])


async def put_first(db: Statements, sealed: bytes) -> None:
    """Leave the mark, unless another start was faster."""
    await db.run("INSERT INTO vault_marks (id, sealed) VALUES (1, $1) ON CONFLICT (id) DO NOTHING", sealed)
