"""Watches which statements a room runs; every one goes on to the real database."""

from typing_extensions import override

from moorline.store.db import Row, Statements


class Recorder(Statements):
    """`statements` are the texts, in order."""

    def __init__(self, db: Statements) -> None:
        self._db = db
        self.statements: list[str] = []

    @override
    async def one(self, sql: str, *args: object) -> Row | None:
        self.statements.append(sql)
        return await self._db.one(sql, *args)

    @override
    async def all(self, sql: str, *args: object) -> list[Row]:
        self.statements.append(sql)
        return await self._db.all(sql, *args)

    @override
    async def run(self, sql: str, *args: object) -> int:
        self.statements.append(sql)
        return await self._db.run(sql, *args)
