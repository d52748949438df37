"""How many statements an operation costs: each is a round trip where the database is another machine.

Counted on SQLite, where they can be traced; the rooms that ask for them are the same on both engines.
"""

from collections.abc import Awaitable, Callable, Mapping

from moorline.store.sqlite import SqliteDatabase
from tests.harness import World

PAGE = "100000000000101"
# One more is a decision: it is a round trip on PostgreSQL, and has to be written down here. With an API key, the first
# of them finds out who calls.
MOST: Mapping[str, int] = {
    "healthz": 0,
    "a key that is none": 0,
    "a key that is unknown": 1,
    "start": 2,
    "callback": 10,
    "callback of a known person": 11,
    "get account": 2,
    "list accounts": 2,
    "token": 4,
    "callback with a choice": 5,
    "list of Pages": 5,
    "choice of a Page": 12,
}


class Traced:
    """Counts what the service asks of its database, but for what begins and ends a transaction."""

    def __init__(self, world: World) -> None:
        database = world.service.db
        assert isinstance(database, SqliteDatabase)
        self._made: list[str] = []
        for connection in (database._near, database._written):
            connection.set_trace_callback(self._note)

    def _note(self, sql: str) -> None:
        if not sql.startswith(("BEGIN", "COMMIT", "PRAGMA")):
            self._made.append(sql)

    async def of(self, operation: Awaitable[object]) -> int:
        """How many statements an operation took."""
        self._made.clear()
        await operation
        return len(self._made)


async def test_no_operation_takes_more_statements_than_it_is_known_for(world: World) -> None:
    traced = Traced(world)
    took: dict[str, int] = {}

    async def counted(name: str, operation: Awaitable[object]) -> None:
        took[name] = await traced.of(operation)

    async def returned(platform: str) -> Callable[[], Awaitable[object]]:
        started = await world.start(platform, headless=True)
        address, browser = await world.consent(started["authUrl"]), await world.browser()
        return lambda: browser.open(address)

    await counted("healthz", world.call("GET", "/healthz", key=None))
    await counted("a key that is none", world.call("GET", "/v1/accounts", key="sk_none"))
    await counted("a key that is unknown", world.call("GET", "/v1/accounts", key=f"sk_{'0' * 64}"))
    await counted("start", world.start("twitter"))
    await counted("callback", (await returned("twitter"))())
    await counted("callback of a known person", (await returned("twitter"))())
    (account,) = await world.accounts()
    path = f"/v1/accounts/{account['_id']}"
    await counted("get account", world.ok("GET", path))
    await counted("list accounts", world.accounts())
    await counted("token", world.ok("GET", f"{path}/token"))
    await counted("callback with a choice", (await returned("facebook"))())
    fields = await world.selection()
    asked = {"profileId": fields["profileId"], "tempToken": fields["tempToken"]}
    await counted("list of Pages", world.ok("GET", "/v1/connect/facebook/select-page", query=asked))
    await counted("choice of a Page", world.select(fields, PAGE))
    assert took == MOST
