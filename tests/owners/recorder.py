"""Watches which statements a room runs; every one goes on to the real database."""

from typing_extensions import override

from moorline.store.db import Row, Statements


class Recorder(Statements):
    """`statements` are the texts in order, `args` what each was given."""

    def __init__(self, db: Statements) -> None:
        self._db = db
        self.statements: list[str] = []
        self.args: list[tuple[object, ...]] = []

    @override
    async def one(self, sql: str, *args: object) -> Row | None:
        self._note(sql, args)
        return await self._db.one(sql, *args)

    @override
    async def all(self, sql: str, *args: object) -> list[Row]:
        self._note(sql, args)
        return await self._db.all(sql, *args)

    @override
    async def run(self, sql: str, *args: object) -> int:
        self._note(sql, args)
        return await self._db.run(sql, *args)

    def _note(self, sql: str, args: tuple[object, ...]) -> None:
        self.statements.append(sql)
        self.args.append(args)
