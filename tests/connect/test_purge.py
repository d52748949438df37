"""`connect.purge`: what is over is gone from the tables, in batches, and nothing else is."""

from datetime import datetime, timedelta

from moorline import clock, ids
from moorline.accounts import history
from moorline.connect import purge
from moorline.owners import audit, sessions, users
from moorline.store import attempts, bot_inboxes, kept_answers, selections
from moorline.store.attempts import Attempt
from moorline.store.db import Database, Statements
from moorline.store.selections import OpenSelection
from tests.conftest import FrozenClock
from tests.harness import World, on_both_engines, settles


async def count(db: Database) -> dict[str, int]:
    """How many rows there are of what can be over."""
    row = await db.one(
        "SELECT (SELECT count(*) FROM selections) AS selections, (SELECT count(*) FROM attempts) AS attempts,"
        " (SELECT count(*) FROM bot_codes) AS codes, (SELECT count(*) FROM kept_answers) AS answers,"
        " (SELECT count(*) FROM bot_senders) AS senders"
    )
    assert row is not None
    return {name: int(row[name]) for name in ("selections", "attempts", "codes", "answers", "senders")}


def attempt_of(world: World, created_at: datetime) -> Attempt:
    return Attempt(
        id=ids.new_id(),
        user_id=world.owner.user_id,
        key_id=None,
        profile_id=world.owner.profile_id,
        platform="twitter",
        app_id="a",
        redirect_uri="https://a.example/",
        redirect_url=None,
        headless=False,
        state_hash=ids.random_bytes(32),
        created_at=created_at,
        expires_at=created_at + timedelta(minutes=10),
    )


def selection_of(world: World, expires_at: datetime) -> OpenSelection:
    return OpenSelection(
        attempt_id=ids.new_id(),
        user_id=world.owner.user_id,
        key_id=None,
        profile_id=world.owner.profile_id,
        platform="facebook",
        app_id="a",
        redirect_url=None,
        tokens_sealed=b"sealed",
        identity={},
        choices={},
        expires_at=expires_at,
    )


@on_both_engines
async def test_sealed_tokens_of_a_choice_nobody_made_are_gone_from_the_table(
    world: World, frozen_clock: FrozenClock
) -> None:
    await world.selection()
    frozen_clock.advance(14 * 60)
    await world.selection(person="single")
    frozen_clock.advance(60)
    assert await purge.purge(world.service) == 1
    rows = await world.service.db.all("SELECT identity FROM selections")
    assert len(rows) == 1
    assert "Ben Okafor" in rows[0]["identity"]
    frozen_clock.advance(14 * 60)
    assert await purge.purge(world.service) == 1
    assert await world.rows_with_tokens() == 0
    assert (await count(world.service.db))["attempts"] == 2


async def test_tokens_of_a_saved_choice_go_too_and_the_account_stays(world: World, frozen_clock: FrozenClock) -> None:
    fields = await world.selection()
    assert (await world.select(fields, "100000000000101")).status == 200
    frozen_clock.advance(15 * 60)
    await purge.purge(world.service)
    assert (await count(world.service.db))["selections"] == 0
    assert len(await world.accounts()) == 1
    assert len(await world.service.db.all("SELECT * FROM account_tokens")) == 1


@on_both_engines
async def test_attempts_are_kept_for_thirty_days_and_their_codes_go_with_them(
    world: World, frozen_clock: FrozenClock
) -> None:
    await world.start("telegram")
    await world.start("twitter")
    frozen_clock.set(clock.now())
    frozen_clock.advance(timedelta(days=30).total_seconds() - 60)
    await purge.purge(world.service)
    assert await count(world.service.db) == {
        "selections": 0, "attempts": 2, "codes": 1, "answers": 0, "senders": 0,
    }  # fmt: skip
    frozen_clock.advance(120)
    assert await purge.purge(world.service) == 2
    assert (await count(world.service.db))["codes"] == 0


@on_both_engines
async def test_logs_of_accounts_and_changes_are_kept_for_four_hundred_days(
    world: World, frozen_clock: FrozenClock
) -> None:
    db = world.service.db
    await db.run("DELETE FROM audit")  # what made the tenants, before the clock was frozen
    body = {"chatId": "@mychannel", "profileId": world.owner.profile_id}
    await world.ok("POST", "/v1/connect/telegram", body=body)
    await world.new_profile("Second")
    assert len(await db.all("SELECT id FROM audit UNION ALL SELECT id FROM account_events")) == 2
    assert audit.KEEP == history.KEEP == timedelta(days=400)
    frozen_clock.advance(timedelta(days=400).total_seconds() - 60)
    assert await purge.purge(world.service) == 0
    frozen_clock.advance(120)
    assert await purge.purge(world.service) == 2
    assert await db.all("SELECT id FROM audit UNION ALL SELECT id FROM account_events") == []


async def test_kept_answers_go_after_a_day(world: World, frozen_clock: FrozenClock) -> None:
    headers = {"Idempotency-Key": "once"}
    await world.ok("POST", "/v1/profiles", body={"name": "Once"}, headers=headers)
    frozen_clock.advance(24 * 3600 - 1)
    assert await purge.purge(world.service) == 0
    frozen_clock.advance(1)
    assert await purge.purge(world.service) == 1


@on_both_engines
async def test_senders_who_are_through_nothing_go(world: World, frozen_clock: FrozenClock) -> None:
    db, now = world.service.db, clock.now()
    await bot_inboxes.put_half(db, "1", 1, code="LATE-AAAAAA", chat=None, until=now + timedelta(minutes=5))
    await bot_inboxes.count_miss(db, "1", 2, now=now, until=now + timedelta(minutes=15))
    frozen_clock.advance(5 * 60)
    assert await purge.purge(world.service) == 1
    frozen_clock.advance(10 * 60)
    assert await purge.purge(world.service) == 1
    assert (await count(db))["senders"] == 0


@on_both_engines
async def test_what_is_over_goes_in_batches_and_none_is_left(world: World) -> None:
    db, now = world.service.db, clock.now()
    past, future = now - timedelta(seconds=1), now + timedelta(minutes=5)
    many = 2 * purge.BATCH + 1

    async def fill(tx: Statements) -> None:
        for _ in range(many):
            await selections.insert(tx, selection_of(world, past))
            await kept_answers.begin(tx, ids.random_bytes(32), b"r", now=past - timedelta(days=1), until=past)
        for _ in range(3):
            await selections.insert(tx, selection_of(world, future))
            await kept_answers.begin(tx, ids.random_bytes(32), b"r", now=now, until=future)

    await db.transaction(fill)
    assert await selections.purge(db, now=now, limit=purge.BATCH) == purge.BATCH
    assert await purge.purge(world.service) == 2 * many - purge.BATCH
    left = await count(db)
    assert (left["selections"], left["answers"]) == (3, 3)
    assert await purge.purge(world.service) == 0


@on_both_engines
async def test_old_attempts_go_oldest_or_not_and_young_ones_stay(world: World) -> None:
    db, now = world.service.db, clock.now()

    async def fill(tx: Statements) -> None:
        for days in (0, 1, 29, 31, 60, 400):
            assert await attempts.insert_for_profile(tx, attempt_of(world, now - timedelta(days=days)))

    await db.transaction(fill)
    assert await purge.purge(world.service) == 3
    assert (await count(db))["attempts"] == 3


@on_both_engines
async def test_sessions_and_sign_in_links_that_are_over_go(world: World, frozen_clock: FrozenClock) -> None:
    frozen_clock.set(clock.now())
    owner = await users.find_by_email(world.service.db, "owner@example.com")
    assert owner is not None
    for days in (0, 5):
        frozen_clock.advance(days * 24 * 3600)
        await sessions.sign_in_by_link(world.service.db, await sessions.new_link(world.service.db, owner))
        await sessions.new_link(world.service.db, owner)
    frozen_clock.advance(2 * 24 * 3600)
    await purge.purge(world.service)
    left = await world.service.db.all("SELECT token_hash FROM sessions UNION ALL SELECT token_hash FROM sign_in_links")
    assert len(left) == 1, "the later session alone"


@on_both_engines
async def test_a_callback_that_died_with_its_process_gets_an_outcome(world: World, frozen_clock: FrozenClock) -> None:
    db = world.service.db
    frozen_clock.set(clock.now())
    at_work, died = attempt_of(world, clock.now()), attempt_of(world, clock.now())
    for attempt in (died, at_work):
        assert await attempts.insert_for_profile(db, attempt)
        use = attempts.Use(
            state_hash=attempt.state_hash, code_hash=b"c", platform="twitter", app_id="a", now=clock.now()
        )
        assert await attempts.consume(db, use) is not None
        frozen_clock.advance(60)
    frozen_clock.advance(purge.LONGEST_CALLBACK.total_seconds() - 90)
    await purge.close_abandoned(world.service, purge.LONGEST_CALLBACK)
    outcomes = [await attempts.get(db, attempt.id) for attempt in (died, at_work)]
    assert [(found.status, found.slug) for found in outcomes if found] == [
        ("failed", "internal_error"),
        ("returned", None),
    ]


async def test_purging_runs_by_itself_with_the_service(world: World, frozen_clock: FrozenClock) -> None:
    await world.selection()
    await world.start("twitter")
    frozen_clock.advance(15 * 60)
    await world.restart(BACKGROUND="true")

    async def gone() -> bool:
        verifiers = await world.service.db.all("SELECT id FROM attempts WHERE verifier_sealed IS NOT NULL")
        return await world.rows_with_tokens() == 0 and verifiers == []

    await settles(gone)
