"""A database on which somebody else gets in between, and many values that only have to be sealed anew."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from typing_extensions import override

from moorline import ids
from moorline.accounts import revocation
from moorline.store import revocations
from moorline.store.db import Database, Row, Statements, Work, Wrapped
from moorline.store.revocations import Revocation
from moorline.vault import Vault
from tests.store.rows import NOW

T = TypeVar("T")


class Between(Wrapped):
    """The database, but before each statement that begins so, `somebody` does something; `times` tells how often.

    For a whole transaction the `start` is `BEGIN`.
    """

    def __init__(self, db: Database, start: str, somebody: Callable[[], Awaitable[object]], *, times: int) -> None:
        super().__init__(db)
        self._start = start
        self._somebody = somebody
        self.times = times

    async def _let(self, sql: str) -> None:
        if sql.startswith(self._start) and self.times:
            self.times -= 1
            await self._somebody()

    @override
    async def one(self, sql: str, *args: object) -> Row | None:
        await self._let(sql)
        return await self._db.one(sql, *args)

    @override
    async def all(self, sql: str, *args: object) -> list[Row]:
        await self._let(sql)
        return await self._db.all(sql, *args)

    @override
    async def run(self, sql: str, *args: object) -> int:
        await self._let(sql)
        return await self._db.run(sql, *args)

    @override
    async def transaction(self, work: Work[T], *, durable: bool = False) -> T:
        await self._let("BEGIN")
        return await self._db.transaction(work, durable=durable)


async def save_many(db: Database, vault: Vault, count: int) -> list[str]:
    """Revocations that wait, sealed by this vault; their ids in order."""
    saved = sorted(ids.new_id() for _ in range(count))

    async def save(tx: Statements) -> None:
        for revocation_id in saved:
            sealed = vault.seal_text(f"of {revocation_id}", about=revocation.about_grant(revocation_id))
            waiting = Revocation(
                id=revocation_id,
                user_id=ids.new_id(),
                platform="tiktok",
                app_id="app-1",
                grant_sealed=sealed,
                tries=0,
                created_at=NOW,
            )
            await revocations.insert(tx, waiting, NOW)

    await db.transaction(save)
    return saved


async def plains(db: Database, vault: Vault) -> list[str]:
    """What the revocations hold, in the order of their ids."""
    rows = await db.all("SELECT id, grant_sealed FROM revocations ORDER BY id")
    return [vault.open_text(bytes(row["grant_sealed"]), about=revocation.about_grant(row["id"])) for row in rows]
