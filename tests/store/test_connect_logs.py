"""The connection log on both engines: attempts and account events as one list, and what reading a page of it costs."""

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from moorline import clock, ids
from moorline.store import account_events, attempts, connect_logs
from moorline.store.account_events import AccountEvent
from moorline.store.connect_logs import LogEntry, Wanted
from moorline.store.db import Database, Statements
from moorline.store.profiles import Profile
from tests.owners.recorder import Recorder
from tests.store import rows
from tests.store.rows import NOW, after

MANY = 200  # of each kind and tenant
LIMIT = 20


def happened(of: Profile, **changes: Any) -> AccountEvent:
    made: dict[str, Any] = {
        "id": ids.new_id(),
        "user_id": of.user_id,
        "profile_id": of.id,
        "account_id": "account-1",
        "platform": "pinterest",
        "username": "åsa",
        "kind": "lost",
        "reason": "Said no.",
        "created_at": NOW,
    }
    return AccountEvent(**(made | changes))


async def saved_event(db: Statements, of: Profile, **changes: Any) -> AccountEvent:
    event = happened(of, **changes)
    await account_events.insert(db, event)
    return event


async def test_an_event_and_an_attempt_are_read_as_they_were_saved(db: Database) -> None:
    owner, first = await rows.saved_owner(db)
    event = await saved_event(db, first, created_at=after(1))
    renewing = await rows.saved_attempt(db, first, reconnect_account_id="account-1")
    await attempts.set_failed(db, renewing.id, slug="oauth_denied", note="said no", now=after(2), steps="one\n")
    assert await connect_logs.newest(db, owner.id, Wanted(), limit=10) == [
        LogEntry(
            id=event.id,
            kind="lost",
            profile_id=first.id,
            platform="pinterest",
            account_id="account-1",
            username="åsa",
            note="Said no.",
            created_at=after(1),
        ),
        LogEntry(
            id=renewing.id,
            kind="attempt",
            profile_id=first.id,
            platform="pinterest",
            account_id=None,
            status="failed",
            slug="oauth_denied",
            note="said no",
            steps="one\n",
            headless=True,
            is_reconnect=True,
            created_at=NOW,
            finished_at=after(2),
        ),
    ]


async def test_the_log_of_a_tenant_is_listed_newest_first_and_narrowed(db: Database) -> None:
    (owner, first), (_, foreign) = await rows.saved_owner(db), await rows.saved_owner(db)
    theirs, their_event = await rows.saved_attempt(db, foreign), await saved_event(db, foreign)
    newer = [(await rows.saved_attempt(db, first, created_at=after(age_s))).id for age_s in (6, 5)]
    lost = (await saved_event(db, first, created_at=after(4))).id
    renewed = (await rows.saved_attempt(db, first, created_at=after(3), reconnect_account_id="account-1")).id
    gone = (await saved_event(db, first, created_at=after(2), kind="disconnected", account_id="account-2")).id
    reddit = (await rows.saved_attempt(db, first, platform="reddit")).id
    await attempts.set_connected(db, reddit, "account-1", after(9))
    everything = [*newer, lost, renewed, gone, reddit]

    async def listed(limit: int = 10, **wanted: Any) -> list[str]:
        return [one.id for one in await connect_logs.newest(db, owner.id, Wanted(**wanted), limit=limit)]

    assert await listed() == everything
    for place in range(6):
        assert await listed(limit=2, before=everything[place]) == everything[place + 1 : place + 3]
    assert await listed(before=theirs.id) == await listed(before=their_event.id) == await listed(before="x") == []
    assert await listed(platform="reddit") == [reddit]
    assert await listed(account_id="account-1") == [lost, reddit]
    assert await listed(statuses=("connected",)) == [lost, gone, reddit]
    assert await listed(statuses=("started", "returned"), kinds=()) == [*newer, renewed]
    assert await listed(reconnects=True, kinds=()) == [renewed]
    assert await listed(reconnects=False, kinds=()) == [*newer, reddit]
    assert await listed(statuses=(), kinds=("disconnected", "restored")) == [gone]
    await attempts.set_failed(db, newer[1], slug="oauth_denied", note=None, now=after(9))
    assert await listed(slug="oauth_denied", kinds=()) == newer[1:]
    assert await listed(statuses=(), kinds=()) == []
    assert await listed(profile_ids=(foreign.id, first.id)) == everything
    assert await listed(profile_ids=(foreign.id,)) == await listed(profile_ids=()) == []


async def test_entries_of_one_instant_are_paged_without_a_gap_or_a_repeat(db: Database) -> None:
    owner, first = await rows.saved_owner(db)
    saved = {(await saved_event(db, first)).id for _ in range(4)}
    saved |= {(await rows.saved_attempt(db, first)).id for _ in range(3)}
    found: list[str] = []
    while page := await connect_logs.newest(db, owner.id, Wanted(before=found[-1] if found else None), limit=2):
        found += [one.id for one in page]
    assert found == sorted(saved, reverse=True)


async def test_events_older_than_an_instant_are_purged_in_batches(db: Database) -> None:
    owner, first = await rows.saved_owner(db)
    for age_s in range(5):
        await saved_event(db, first, created_at=after(-age_s))
    kept = await saved_event(db, first, created_at=after(1))
    assert [await account_events.purge(db, before=after(1), limit=2) for _ in range(4)] == [2, 2, 1, 0]
    left = await connect_logs.newest(db, owner.id, Wanted(), limit=10)
    assert [one.id for one in left] == [kept.id]


# --- what a page costs ------------------------------------------------------------------------------------------------


async def fill(db: Database) -> tuple[str, str]:
    """A tenant and an entry in the middle of its log, between rows of nine others."""
    owned = [await rows.saved_owner(db) for _ in range(10)]
    owner, first = owned[4]
    saved = []

    async def write(tx: Statements) -> None:
        for place in range(MANY):
            for _, of in owned:
                at = NOW + timedelta(seconds=2 * place)
                attempt = await rows.saved_attempt(tx, of, created_at=at)
                await saved_event(tx, of, created_at=at + timedelta(seconds=1))
                if of == first:
                    saved.append(attempt.id)

    await db.transaction(write)
    return owner.id, saved[MANY // 2]


async def statement(db: Database, user_id: str, wanted: Wanted) -> tuple[str, tuple[object, ...]]:
    """The statement that reads the page, with what it is given."""
    recorder = Recorder(db)
    assert len(await connect_logs.newest(recorder, user_id, wanted, limit=LIMIT)) == LIMIT
    sql, args = recorder.statements[-1], recorder.args[-1]
    assert "UNION ALL" in sql
    return sql, args


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for inner in plan.get("Plans", ()):
        yield from nodes(inner)


@pytest.mark.parametrize("engine", ["postgresql"], indirect=True)
@pytest.mark.parametrize("begins", ["newest", "middle"])
async def test_on_postgresql_a_page_reads_no_more_of_either_table_than_it_answers(db: Database, begins: str) -> None:
    user_id, middle = await fill(db)
    await db.run("ANALYZE attempts, account_events")
    wanted = Wanted(before=middle if begins == "middle" else None)
    sql, args = await statement(db, user_id, wanted)
    (told,) = await db.all(f"EXPLAIN (ANALYZE, FORMAT JSON) {sql}", *args)
    scans = [node for node in nodes(json.loads(told["QUERY PLAN"])[0]["Plan"]) if "Relation Name" in node]
    assert {node.get("Index Name") for node in scans} == {"attempts_user", "account_events_user"}
    for node in scans:
        assert node["Node Type"] == "Index Scan"
        assert node["Actual Rows"] <= LIMIT
        assert node.get("Rows Removed by Filter", 0) == 0
        assert "ROW((user_id)::text, created_at_ms, " in node["Index Cond"]


@pytest.mark.parametrize("engine", ["postgresql"], indirect=True)
async def test_on_postgresql_the_table_that_nothing_is_wanted_of_is_not_read(db: Database) -> None:
    user_id, _ = await fill(db)
    await db.run("ANALYZE attempts, account_events")
    for wanted, table in ((Wanted(kinds=()), "attempts"), (Wanted(statuses=()), "account_events")):
        sql, args = await statement(db, user_id, wanted)
        (told,) = await db.all(f"EXPLAIN (ANALYZE, FORMAT JSON) {sql}", *args)
        scans = [node for node in nodes(json.loads(told["QUERY PLAN"])[0]["Plan"]) if "Relation Name" in node]
        assert {node["Relation Name"] for node in scans if node["Actual Loops"]} == {table}


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
@pytest.mark.parametrize("begins", ["newest", "middle"])
async def test_on_sqlite_a_page_goes_down_the_index_of_either_table(db: Database, begins: str) -> None:
    user_id, middle = await fill(db)
    wanted = Wanted(before=middle if begins == "middle" else None)
    sql, args = await statement(db, user_id, wanted)
    plan = [row["detail"] for row in await db.all(f"EXPLAIN QUERY PLAN {sql}", *args)]
    for table in ("attempts", "account_events"):
        search = f"SEARCH {table} USING INDEX {table}_user (user_id>? AND (user_id,created_at_ms,id)<(?,?,?))"
        assert sum(step.startswith(search) for step in plan) == 1, plan
    assert sum(step == "USE TEMP B-TREE FOR ORDER BY" for step in plan) <= 1, "only the two short lists are sorted"
    assert not any(step.startswith(("SCAN attempts", "SCAN account_events")) for step in plan)


def test_the_newest_place_is_after_every_instant() -> None:
    instant_ms, last_id = connect_logs._NEWEST
    assert clock.to_ms(after(10**9)) < instant_ms
    assert last_id > "f" * 24
