"""What both engines promise alike: statements, transactions, violations, many writers, closing."""

import asyncio

import pytest

from moorline.errors import StoreUnavailable
from moorline.store import engines as store
from moorline.store.db import Database, ReferenceViolated, Statements, UniqueViolated, prepare_for_sqlite

PUT = "INSERT INTO bot_inboxes (bot_id, username, next_offset, fence, lease_until_ms) VALUES ($1, '', $2, 0, 0)"
ADD = "UPDATE bot_inboxes SET next_offset = next_offset + $2 WHERE bot_id = $1"
COUNT = "SELECT count(*) AS n FROM bot_inboxes"
GET = "SELECT next_offset AS n FROM bot_inboxes WHERE bot_id = $1"


class Oops(Exception):
    pass


async def number(db: Statements, sql: str, *args: object) -> int:
    row = await db.one(sql, *args)
    assert row is not None
    return int(row["n"])


async def test_one_answers_the_first_row_and_none_without_any(db: Database) -> None:
    await db.run(PUT, "a", 1)
    await db.run(PUT, "b", 2)
    row = await db.one("SELECT bot_id, next_offset FROM bot_inboxes ORDER BY next_offset DESC")
    assert row is not None
    assert (row["bot_id"], row["next_offset"]) == ("b", 2)
    assert await db.one(GET, "c") is None


async def test_all_answers_every_row_in_order(db: Database) -> None:
    for value in (3, 1, 2):
        await db.run(PUT, str(value), value)
    rows = await db.all("SELECT next_offset AS n FROM bot_inboxes ORDER BY n")
    assert [row["n"] for row in rows] == [1, 2, 3]
    assert await db.all("SELECT * FROM bot_inboxes WHERE fence = 9") == []


async def test_run_tells_how_many_rows_it_touched(db: Database) -> None:
    for name in "abc":
        assert await db.run(PUT, name, 0) == 1
    assert await db.run("UPDATE bot_inboxes SET fence = 7 WHERE bot_id <> $1", "a") == 2
    assert await db.run("DELETE FROM bot_inboxes WHERE fence = 9") == 0


async def test_a_parameter_may_stand_twice_and_out_of_order(db: Database) -> None:
    row = await db.one("SELECT CAST($2 AS TEXT) AS b, CAST($1 AS TEXT) AS a, CAST($2 AS TEXT) AS c", "one", "two")
    assert row is not None
    assert (row["a"], row["b"], row["c"]) == ("one", "two", "two")


async def test_more_than_nine_parameters_keep_their_places(db: Database) -> None:
    columns = ", ".join(f"CAST(${place} AS TEXT) AS c{place}" for place in range(1, 13))
    row = await db.one(f"SELECT {columns}", *(str(place) for place in range(1, 13)))
    assert row is not None
    assert [row[f"c{place}"] for place in range(1, 13)] == [str(place) for place in range(1, 13)]


@pytest.mark.parametrize("text", ["", "'; DROP TABLE users; --", "Ünïcödé 🚢 \u202e", "a\nb\tc", "$1 ?1 :x %s"])
async def test_text_comes_back_as_it_went_in(db: Database, text: str) -> None:
    await db.run("INSERT INTO bot_inboxes VALUES ('a', $1, 0, NULL, 0, 0)", text)
    row = await db.one("SELECT username FROM bot_inboxes")
    assert row is not None
    assert row["username"] == text


async def test_bytes_and_large_numbers_come_back_as_they_went_in(db: Database) -> None:
    every_byte = bytes(range(256))
    await db.run("INSERT INTO kept_answers VALUES ($1, $2, NULL, NULL, $3)", every_byte, b"", 2**62)
    row = await db.one("SELECT * FROM kept_answers WHERE key_hash = $1", every_byte)
    assert row is not None
    assert (bytes(row["key_hash"]), bytes(row["request_hash"]), row["expires_at_ms"]) == (every_byte, b"", 2**62)
    assert row["status"] is None


async def test_a_transaction_answers_what_its_work_answers_and_stays(db: Database) -> None:
    async def work(tx: Statements) -> int:
        await tx.run(PUT, "a", 20)
        await tx.run(ADD, "a", 22)
        return await number(tx, GET, "a")

    assert await db.transaction(work) == 42
    assert await number(db, GET, "a") == 42


async def test_a_transaction_that_raises_leaves_nothing_and_its_error_arrives(db: Database) -> None:
    async def work(tx: Statements) -> None:
        await tx.run(PUT, "a", 1)
        raise Oops

    with pytest.raises(Oops):
        await db.transaction(work)
    assert await number(db, COUNT) == 0


async def test_a_statement_that_fails_undoes_the_whole_transaction(db: Database) -> None:
    async def work(tx: Statements) -> None:
        await tx.run(PUT, "a", 1)
        await tx.run(PUT, "a", 2)

    with pytest.raises(UniqueViolated):
        await db.transaction(work)
    assert await number(db, COUNT) == 0


async def test_a_row_that_answers_is_saved_without_a_transaction_around_it(db: Database) -> None:
    row = await db.one(f"{PUT} RETURNING bot_id", "a", 1)
    rows = await db.all("UPDATE bot_inboxes SET next_offset = 5 RETURNING next_offset")
    assert row is not None
    assert row["bot_id"] == "a"
    assert [entry["next_offset"] for entry in rows] == [5]
    assert await number(db, GET, "a") == 5


@pytest.mark.parametrize("method", ["one", "all", "run"])
async def test_every_method_names_a_taken_key(db: Database, method: str) -> None:
    await db.run(PUT, "a", 1)
    with pytest.raises(UniqueViolated):
        await getattr(db, method)(PUT, "a", 2)


@pytest.mark.parametrize("method", ["one", "all", "run"])
async def test_every_method_names_a_reference_to_nothing(db: Database, method: str) -> None:
    with pytest.raises(ReferenceViolated):
        await getattr(db, method)(
            "INSERT INTO profiles VALUES ('p', $1, 'name', 'slug', NULL, NULL, TRUE, 0)", "nobody"
        )


async def test_a_row_that_something_points_to_is_kept(db: Database) -> None:
    await db.run("INSERT INTO users VALUES ('u', 'u', 'name', 'a@example.com', 'owner', NULL, 0, NULL)")
    await db.run("INSERT INTO profiles VALUES ('p', 'u', 'name', 'slug', NULL, NULL, TRUE, 0)")
    await db.run(
        "INSERT INTO accounts VALUES ('a', 'u', 'p', NULL, 'twitter', '1', 'n', 'n', NULL, NULL, TRUE, '{}', 0, 0)"
    )
    with pytest.raises(ReferenceViolated):
        await db.run("DELETE FROM profiles WHERE id = 'p'")
    assert await number(db, "SELECT count(*) AS n FROM profiles") == 1


async def test_three_hundred_transactions_at_once_all_count(db: Database) -> None:
    await db.run(PUT, "counter", 0)

    async def work(tx: Statements) -> None:
        await tx.run(ADD, "counter", 1)

    await asyncio.gather(*(db.transaction(work) for _ in range(300)))
    assert await number(db, GET, "counter") == 300


async def test_of_many_writers_of_one_key_exactly_one_wins(db: Database) -> None:
    outcomes = await asyncio.gather(*(db.run(PUT, "same", value) for value in range(100)), return_exceptions=True)
    assert outcomes.count(1) == 1
    assert sum(isinstance(outcome, UniqueViolated) for outcome in outcomes) == 99


async def test_a_reader_never_sees_half_a_transaction(db: Database) -> None:
    await db.run(PUT, "from", 100)
    await db.run(PUT, "to", 0)

    async def move(tx: Statements) -> None:
        await tx.run(ADD, "from", -1)
        await tx.run(ADD, "to", 1)

    async def watch() -> set[int]:
        seen = set()
        while not moved.done():
            seen.add(await number(db, "SELECT CAST(sum(next_offset) AS BIGINT) AS n FROM bot_inboxes"))
            await asyncio.sleep(0)
        return seen

    moved = asyncio.gather(*(db.transaction(move) for _ in range(100)))
    assert await watch() == {100}
    await moved
    assert await number(db, GET, "to") == 100


async def test_who_wrote_reads_it_at_once(db: Database) -> None:
    for value in range(50):
        await db.run(PUT, str(value), value)
        assert await number(db, GET, str(value)) == value


async def test_a_caller_that_goes_away_does_not_stop_those_who_stay(db: Database) -> None:
    async def put(name: str) -> None:
        async def work(tx: Statements) -> None:
            await tx.run(PUT, name, 1)
            await tx.run(ADD, name, 1)

        await db.transaction(work)

    tasks = [asyncio.create_task(put(str(place))) for place in range(100)]
    await asyncio.sleep(0)
    for task in tasks[::2]:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await put("last")
    stayed = {row["bot_id"] for row in await db.all("SELECT bot_id FROM bot_inboxes WHERE next_offset = 2")}
    assert {str(place) for place in range(1, 100, 2)} | {"last"} <= stayed
    assert await number(db, COUNT) == len(stayed), "one of those who went away left half a transaction"


async def test_a_durable_transaction_is_a_transaction(db: Database) -> None:
    async def work(tx: Statements) -> str:
        await tx.run(PUT, "kept", 1)
        return "answer"

    async def fail(tx: Statements) -> None:
        await tx.run(PUT, "undone", 1)
        raise Oops

    assert await db.transaction(work, durable=True) == "answer"
    with pytest.raises(Oops):
        await db.transaction(fail, durable=True)
    assert [row["bot_id"] for row in await db.all("SELECT bot_id FROM bot_inboxes")] == ["kept"]


async def test_closing_finishes_what_is_under_way(database_url: str) -> None:
    db = await store.connect(database_url)
    tasks = [asyncio.create_task(db.run(PUT, str(place), 1)) for place in range(50)]
    await asyncio.sleep(0)
    await db.close()
    assert await asyncio.gather(*tasks) == [1] * 50
    reopened = await store.connect(database_url)
    assert await number(reopened, COUNT) == 50
    await reopened.close()


@pytest.mark.parametrize("method", ["one", "all", "run"])
async def test_after_closing_every_statement_says_so(db: Database, method: str) -> None:
    await db.close()
    with pytest.raises(StoreUnavailable):
        await getattr(db, method)(COUNT)


async def test_after_closing_a_transaction_says_so_and_closing_again_is_fine(db: Database) -> None:
    async def work(tx: Statements) -> None:
        await tx.run(PUT, "late", 1)

    await db.close()
    with pytest.raises(StoreUnavailable):
        await db.transaction(work)
    await db.close()


async def test_another_kind_of_database_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="starts with sqlite:/// or postgresql://"):
        await store.connect("mysql://root@127.0.0.1/moorline")


@pytest.mark.parametrize(
    ("sql", "reads"),
    [
        ("SELECT * FROM users WHERE updated_at_ms = $1", True),
        ("WITH one AS (SELECT 1) SELECT * FROM one", True),
        ("WITH gone AS (SELECT 1) DELETE FROM users", False),
        ("INSERT INTO users VALUES ($1)", False),
        ("update users SET name = $1", False),
        ("REPLACE INTO users VALUES ($1)", False),
    ],
)
def test_a_statement_without_a_writing_verb_only_reads(sql: str, *, reads: bool) -> None:
    assert prepare_for_sqlite(sql).reads is reads


def test_parameters_are_renamed_for_sqlite() -> None:
    assert prepare_for_sqlite("SELECT $1, $12, 'a'").text == "SELECT ?1, ?12, 'a'"
