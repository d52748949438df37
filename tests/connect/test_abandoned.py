"""S61: a hundred thousand attempts that nobody came back from: they go, in small steps, and slow nobody meanwhile."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

from typing_extensions import override

from moorline import clock, ids
from moorline.connect import purge
from moorline.connect.purge import Sweeps
from moorline.store import attempts
from moorline.store.attempts import Attempt, Use
from moorline.store.db import Database, Statements
from moorline.store.sqlite import SqliteDatabase
from tests.conftest import FrozenClock
from tests.harness import World, on_both_engines
from tests.owners.recorder import Recorder
from tests.store import rows

MANY = 100_000
SPACED_MS = 20
SPAN = timedelta(milliseconds=MANY * SPACED_MS)


class Watched(Recorder):
    """Also notes how many rows each statement changed."""

    def __init__(self, db: Database) -> None:
        super().__init__(db)
        self.changed: list[int] = []

    @override
    async def run(self, sql: str, *args: object) -> int:
        touched = await super().run(sql, *args)
        self.changed.append(touched)
        return touched


async def abandon(db: Database, *, user_id: str, profile_id: str, prefix: int = 1) -> None:
    """Attempts that were started and never came back, the last of them now, each with its sealed verifier."""
    as_bytes = "BLOB" if db.engine == "sqlite" else "BYTEA"
    began_ms = clock.now_ms() - MANY * SPACED_MS
    await db.run(
        "INSERT INTO attempts (id, user_id, profile_id, platform, app_id, redirect_uri, redirect_url, headless,"  # noqa: S608 - constants
        " state_hash, verifier_sealed, status, created_at_ms, expires_at_ms)"
        " WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < $1)"
        " SELECT CAST($2 + n AS TEXT), $3, $4, 'twitter', 'a', 'https://a.example/', NULL, FALSE,"
        f" CAST(CAST($2 + n AS TEXT) AS {as_bytes}), CAST('sealed' AS {as_bytes}), 'started',"
        f" CAST($5 AS BIGINT) + n * {SPACED_MS}, CAST($5 AS BIGINT) + n * {SPACED_MS} + 600000 FROM numbers",
        MANY,
        prefix * 10**8,
        user_id,
        profile_id,
        began_ms,
    )
    if db.engine == "postgresql":
        await db.run("ANALYZE attempts")


async def number_of(db: Statements, condition: str = "TRUE") -> int:
    row = await db.one(f"SELECT count(*) AS n FROM attempts WHERE {condition}")  # noqa: S608 - of the test itself
    assert row is not None
    return int(row["n"])


async def bytes_of(db: Database) -> int:
    """What the table takes, once space that is free can be used again."""
    if isinstance(db, SqliteDatabase):
        row = await db.one("PRAGMA page_count")
        assert row is not None
        return int(row["page_count"])
    for _ in range(2):  # pages of an index that the first empties can be used again after the second
        await db.run("VACUUM attempts")
    row = await db.one("SELECT pg_total_relation_size('attempts') AS n")
    assert row is not None
    return int(row["n"])


@on_both_engines
async def test_s61_abandoned_attempts_go_in_small_steps_and_leave_their_room_to_the_next(
    world: World, frozen_clock: FrozenClock
) -> None:
    db, who = world.service.db, {"user_id": world.owner.user_id, "profile_id": world.owner.profile_id}
    await db.run("DELETE FROM attempts")
    frozen_clock.set(clock.now())
    watched = Watched(db)
    sweeps = Sweeps(replace(world.service, db=watched))  # type: ignore[arg-type]  # it runs statements only
    sizes = []
    for round_ in (1, 2):
        frozen_clock.advance(SPAN.total_seconds())
        await abandon(db, **who, prefix=round_)
        await world.start("twitter")
        assert await number_of(db) == MANY + 1 + (round_ - 1)
        assert await sweeps.sweep() == MANY - 600_000 // SPACED_MS, "the others may still come back"
        frozen_clock.advance(600)
        assert await sweeps.sweep() == 600_000 // SPACED_MS + 1
        assert await number_of(db, "verifier_sealed IS NOT NULL") == 0
        assert await sweeps.sweep() == 0
        sizes.append(await bytes_of(db))
        await world.landing("twitter")
        frozen_clock.advance((purge.KEEP_UNRETURNED - timedelta(seconds=600) - SPAN / 2).total_seconds())
        assert await sweeps.sweep() in range(MANY // 2 - 2, MANY // 2 + 2)
        frozen_clock.advance(SPAN.total_seconds())
        await sweeps.sweep()
        assert await number_of(db, "status = 'started'") == 0
        assert await number_of(db) == round_, "what was connected is kept"
        await bytes_of(db)
    assert max(watched.changed) <= purge.BATCH + 1
    assert sizes[1] <= 1.1 * sizes[0]


@on_both_engines
async def test_s61_old_ones_go_in_small_steps_even_if_nobody_swept_for_a_month(
    world: World, frozen_clock: FrozenClock
) -> None:
    db = world.service.db
    frozen_clock.set(clock.now())
    await abandon(db, user_id=world.owner.user_id, profile_id=world.owner.profile_id)
    frozen_clock.advance((purge.KEEP_ATTEMPTS + timedelta(seconds=1)).total_seconds())
    watched = Watched(db)
    assert await purge.purge(replace(world.service, db=watched)) == MANY  # type: ignore[arg-type]  # as above
    assert max(watched.changed) == purge.BATCH
    assert await number_of(db) == 0


async def _of_sqlite(db: SqliteDatabase, work: Callable[[Statements], Awaitable[object]]) -> int:
    """Steps of SQLite's machine, which tell apart one row more that is looked at."""
    steps = 0

    def count() -> int:
        nonlocal steps
        steps += 1
        return 0

    for connection in (db._near, db._written):
        connection.set_progress_handler(count, 1)
    await work(db)
    for connection in (db._near, db._written):
        connection.set_progress_handler(None, 1)
    return steps


_READ = (
    "SELECT coalesce(seq_scan, 0) AS scans, coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0) AS rows_read"
    " FROM pg_stat_xact_user_tables WHERE relname = 'attempts'"
)


async def _of_postgresql(db: Database, work: Callable[[Statements], Awaitable[object]]) -> tuple[int, int]:
    """Rows of the table that were read, and how often all of them were gone through."""

    async def watched(tx: Statements) -> tuple[int, int]:
        before = await tx.one(_READ)
        await work(tx)
        after = await tx.one(_READ)
        assert before is not None
        assert after is not None
        return after["scans"] - before["scans"], after["rows_read"] - before["rows_read"]

    return await db.transaction(watched)


async def touched(db: Database, work: Callable[[Statements], Awaitable[object]]) -> object:
    return await (_of_sqlite(db, work) if isinstance(db, SqliteDatabase) else _of_postgresql(db, work))


def use_of(attempt: Attempt) -> Use:
    return Use(
        state_hash=attempt.state_hash,
        code_hash=b"c",
        platform=attempt.platform,
        app_id=attempt.app_id,
        now=attempt.created_at,
    )


async def test_s61_a_start_and_a_callback_touch_what_they_touch_on_an_empty_database(db: Database) -> None:
    owner, first = await rows.saved_owner(db)

    async def all_touched() -> dict[str, Any]:
        attempt = rows.attempt(first)
        steps: dict[str, Callable[[Statements], Awaitable[object]]] = {
            "start": lambda on: attempts.insert_for_profile(on, attempt),
            "look": lambda on: attempts.by_state(on, attempt.state_hash),
            "consume": lambda on: attempts.consume(on, use_of(attempt)),
            "again": lambda on: attempts.consume(on, use_of(attempt)),
            "select": lambda on: attempts.set_selecting(on, attempt.id, steps="s"),
            "connect": lambda on: attempts.set_connected(on, attempt.id, ids.new_id(), clock.now()),
            "get": lambda on: attempts.get(on, attempt.id),
        }
        return {name: await touched(db, work) for name, work in steps.items()}

    await all_touched()  # the first meets an empty table, whose indexes have no root yet
    before = await all_touched()
    await abandon(db, user_id=owner.id, profile_id=first.id)
    assert await number_of(db) == MANY + 2
    assert await all_touched() == before


async def test_s61_a_row_is_bounded_whatever_a_start_is_asked_for(world: World) -> None:
    query = {"profileId": world.owner.profile_id, "expectedPlatformUserId": "x" * 201}
    answer = await world.call("GET", "/v1/connect/twitter", query=query)
    assert answer.status == 400
    assert "expectedPlatformUserId" in answer.json["details"]["fields"]
    query["expectedPlatformUserId"] = "x" * 200
    assert (await world.call("GET", "/v1/connect/twitter", query=query)).status == 200
