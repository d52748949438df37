"""No statement reads more than it answers: every one of store/ is run on many rows, and the planner asked how.

Each public function of a table file is called with samples for its parameters, by their names. A new function is found
by itself; where a parameter has a name that is new too, the test asks for a sample.
"""

import importlib
import inspect
import json
import re
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import product
from types import ModuleType
from typing import Any

import asyncpg
from typing_extensions import override

from moorline.store.db import Database, ReferenceViolated, Row, Statements, UniqueViolated, prepare_for_sqlite
from tests.store import filled
from tests.store.samples import Each, sample_of
from tests.store.test_every_query import TABLE_FILES

# Why a statement may read more than it answers, or sort what it read.
_COUNTS = "a number that is exact is counted, down an index"
_ONE_CONSENT = "sorts the accounts of one consent, or of each"
ALLOWED = {
    "account_health.all_of": "the whole list of a tenant, as published; joined in one go where that is cheaper",
    "account_health.of_grant": _ONE_CONSENT,
    "account_needs.ending": _ONE_CONSENT,
    "account_needs.lacking": _ONE_CONSENT,
    "account_rows.beside": _ONE_CONSENT,
    "account_rows.count_of_profile": _COUNTS,
    "account_rows.renewals": "asked of small tenants only (`listing.MOST_COUNTED`)",
    "accounts.count": _COUNTS,
    "accounts.place_at": "counts along an index up to the page that is asked for by its number",
    "api_keys.count_live": _COUNTS,
    "app_credentials.accounts_behind": _ONE_CONSENT,
    "app_credentials.all_of": "a tenant has a handful of own apps",
    "app_credentials.count_accounts": _COUNTS,
    "app_credentials.delete_unused": "rare, and both tables hold only what waits",
    **dict.fromkeys(
        ("backlog.deliveries", "backlog.ending", "backlog.renewals", "backlog.revocations"),
        "counts down an index, and stops at a number (`backlog.MOST`)",
    ),
    "connect_logs.newest": "merges two pages, each read down its index",
    "deliveries.waiting": _COUNTS,
    "figures.ends": "counts what ends in these weeks, down an index",
    "figures.tried": "counts the attempts of 30 days, down an index",
    "links.connected": "sorts what one browser connected through one link",
    "profiles.count": _COUNTS,
    "profiles.page_of": "counts the accounts of each profile it answers",
    "sealed_values.count": "everything is to be sealed under another key",
    "users.anybody_has_password": "stops at the first row of an index that holds no others",
}
SPARE_ROWS = 30


class Undo(Exception):
    """Ends a transaction that is to leave nothing behind."""


@dataclass(frozen=True, slots=True)
class Ran:
    """A statement and what it was given."""

    sql: str
    args: tuple[object, ...]


class Watching(Statements):
    """Statements of a transaction, noted as they go by."""

    def __init__(self, tx: Statements, engine: str) -> None:
        self._tx = tx
        self.engine = engine
        self.ran: list[Ran] = []

    @override
    async def one(self, sql: str, *args: object) -> Row | None:
        self.ran.append(Ran(sql, args))
        return await self._tx.one(sql, *args)

    @override
    async def all(self, sql: str, *args: object) -> list[Row]:
        self.ran.append(Ran(sql, args))
        return await self._tx.all(sql, *args)

    @override
    async def run(self, sql: str, *args: object) -> int:
        self.ran.append(Ran(sql, args))
        return await self._tx.run(sql, *args)


def functions() -> Iterator[tuple[str, Callable[..., Any]]]:
    """Every query by `file.function`."""
    for name in TABLE_FILES:
        module: ModuleType = importlib.import_module(f"moorline.store.{name}")
        for function, value in inspect.getmembers(module, inspect.iscoroutinefunction):
            if value.__module__ == module.__name__ and not function.startswith("_"):
                yield f"{name}.{function}", value


def calls_of(name: str, function: Callable[..., Any]) -> Iterator[dict[str, Any]]:
    """Arguments by name, each alternative of each parameter combined."""
    parameters = list(inspect.signature(function).parameters.values())[1:]
    choices = [sample_of(name, parameter) for parameter in parameters]
    listed = [choice.values if isinstance(choice, Each) else (choice,) for choice in choices]
    for values in product(*listed):
        yield dict(zip([parameter.name for parameter in parameters], values, strict=True))


async def statements_of(db: Database, name: str, function: Callable[..., Any]) -> list[Ran]:
    """What a function runs, for all its samples; nothing of it stays."""
    found: list[Ran] = []
    for given in calls_of(name, function):

        async def work(tx: Statements, given: dict[str, Any] = given) -> None:
            watching = Watching(tx, db.engine)
            try:
                await function(watching, **given)
            finally:
                found.extend(watching.ran)
            raise Undo

        with suppress(Undo, UniqueViolated, ReferenceViolated):
            await db.transaction(work)
    return list({ran.sql + repr(ran.args): ran for ran in found}.values())


def tables_in(sql: str) -> dict[str, str]:
    """Tables of a statement by the names it has for them."""
    found = {}
    for table, alias in re.findall(r"\b(?:FROM|JOIN|UPDATE|INTO)\s+(\w+)(?:\s+(?:AS\s+)?(\w+))?", sql):
        found[table] = table
        if alias and alias.isascii() and not alias.isupper():
            found[alias] = table
    return found


class OnSqlite:
    """Asks SQLite how it would go about a statement."""

    def __init__(self, url: str) -> None:
        self._connection = sqlite3.connect(url.removeprefix("sqlite:///"))

    async def faults(self, ran: Ran) -> list[str]:
        told = self._connection.execute("EXPLAIN QUERY PLAN " + prepare_for_sqlite(ran.sql).text, ran.args)
        tables = tables_in(ran.sql)
        found = []
        for *_, step in told:
            scanned = re.match(r"SCAN (\w+)", step)
            reads_all = scanned is not None and tables.get(scanned[1]) in filled.ORDER
            if reads_all or "AUTOMATIC" in step or "TEMP B-TREE" in step:
                found.append(step)
        return found

    async def close(self) -> None:
        self._connection.close()


class OnPostgresql:
    """Lets PostgreSQL carry a statement out, in vain, and counts what it read; and asks for the plan it would keep."""

    def __init__(self, connection: "asyncpg.Connection[asyncpg.Record]") -> None:
        self._connection = connection

    async def faults(self, ran: Ran) -> list[str]:
        plan = await self._explained(f"EXPLAIN (ANALYZE, FORMAT JSON) {ran.sql}", *ran.args)
        if plan is None:  # a constraint refused it: there is the plan without the doing
            plan = await self._explained(f"EXPLAIN (FORMAT JSON) {ran.sql}", *ran.args)
        assert plan is not None
        nodes = list(_nodes(plan))
        found = [_told(node) for node in nodes if _reads_all(node)]
        read = sum(_read_by(node) for node in nodes)
        # What writes answers nothing: there it is what it is about to write.
        answered = max(node.get("Actual Rows", 0) for node in nodes[: 2 if "Modify" in plan["Node Type"] else 1])
        scans = sum("Relation Name" in node for node in nodes)
        if read > 2 * scans * answered + SPARE_ROWS:
            found.append(f"read {read:.0f} rows to answer {answered:.0f}")
        kept = await self._kept(ran)
        # PostgreSQL keeps one plan for all arguments only where that is no dearer than a plan for these, with planning.
        if kept["Total Cost"] <= plan["Total Cost"] + 2.5 * (1 + scans):
            found += [f"when its plan is kept: {_told(node)}" for node in _nodes(kept) if _reads_all(node)]
        return found

    async def _explained(self, sql: str, *args: object) -> Any:
        transaction = self._connection.transaction()
        await transaction.start()
        try:
            return json.loads(await self._connection.fetchval(sql, *args))[0]["Plan"]
        except asyncpg.IntegrityConstraintViolationError:
            return None
        finally:
            await transaction.rollback()

    async def _kept(self, ran: Ran) -> Any:
        await self._connection.execute(f"PREPARE asked AS {ran.sql}")
        nulls = f"({', '.join(['NULL'] * len(ran.args))})" if ran.args else ""
        told = await self._connection.fetchval(f"EXPLAIN (FORMAT JSON) EXECUTE asked{nulls}")
        await self._connection.execute("DEALLOCATE asked")
        return json.loads(told)[0]["Plan"]

    async def close(self) -> None:
        await self._connection.close()


def _nodes(plan: Any) -> Iterator[Any]:
    yield plan
    for below in plan.get("Plans", ()):
        yield from _nodes(below)


def _reads_all(node: Any) -> bool:
    if node.get("Relation Name") not in filled.ORDER:
        return False
    return node["Node Type"] == "Seq Scan" or ("Index" in node["Node Type"] and "Index Cond" not in node)


def _told(node: Any) -> str:
    return f"{node['Node Type']} on {node['Relation Name']}"


def _read_by(node: Any) -> float:
    if "Relation Name" not in node or "Scan" not in node["Node Type"]:
        return 0
    removed = node.get("Rows Removed by Filter", 0) + node.get("Rows Removed by Index Recheck", 0)
    read: float = (node.get("Actual Rows", 0) + removed) * node.get("Actual Loops", 1)
    return read


async def asking(db: Database, url: str) -> OnSqlite | OnPostgresql:
    if db.engine == "sqlite":
        return OnSqlite(url)
    connection = await asyncpg.connect(url)
    await connection.execute("SET plan_cache_mode = force_generic_plan")
    return OnPostgresql(connection)


async def test_no_statement_reads_more_than_it_answers(db: Database, database_url: str) -> None:
    assert await filled.tables_of(db) == {*filled.ORDER, *filled.SMALL}, "a table is new: filled.ORDER or filled.SMALL"
    await filled.fill(db, database_url)
    ask = await asking(db, database_url)
    found: dict[str, set[str]] = {}
    for name, function in functions():
        ran = await statements_of(db, name, function)
        assert ran, f"{name} runs no statement"
        faults = {fault for one in ran for fault in await ask.faults(one)}
        if faults:
            found[name] = faults
    await ask.close()
    assert {name: faults for name, faults in found.items() if name not in ALLOWED} == {}


def test_what_is_allowed_to_is_there() -> None:
    assert set(ALLOWED) <= {name for name, _ in functions()}


_KEYS = {
    "sqlite": 'SELECT m.name AS of_table, f."from" AS of_column FROM sqlite_master m'
    " JOIN pragma_foreign_key_list(m.name) f WHERE m.type = 'table'",
    "postgresql": "SELECT c.conrelid::regclass::text AS of_table, a.attname AS of_column FROM pg_constraint c"
    " JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = c.conkey[1] WHERE c.contype = 'f'",
}
_FIRST = {
    "sqlite": "SELECT m.name AS of_table, i.name AS of_column FROM sqlite_master m JOIN pragma_index_list(m.name) l"
    " JOIN pragma_index_info(l.name) i WHERE m.type = 'table' AND i.seqno = 0",
    "postgresql": "SELECT i.indrelid::regclass::text AS of_table, a.attname AS of_column FROM pg_index i"
    " JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]",
}


async def test_what_is_deleted_finds_what_points_to_it_by_an_index(db: Database) -> None:
    keys = {(row["of_table"], row["of_column"]) for row in await db.all(_KEYS[db.engine])}
    first = {(row["of_table"], row["of_column"]) for row in await db.all(_FIRST[db.engine])}
    assert len(keys) > 10
    assert keys - first == set()
