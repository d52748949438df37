"""Tables attempts, selections and kept_answers on both engines: what is used once, and what expires."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from moorline import ids
from moorline.store import attempts, kept_answers, selections
from moorline.store.db import Database
from moorline.store.kept_answers import KeptAnswer
from tests.store import rows
from tests.store.rows import NOW, after, hashed


async def test_an_attempt_keeps_every_field(db: Database) -> None:
    _, first = await rows.saved_owner(db)
    full = await rows.saved_attempt(db, first)
    bare = await rows.saved_attempt(db, first, key_id=None, redirect_url=None, verifier_sealed=None, headless=False)
    for attempt in (full, bare):
        assert await attempts.get(db, attempt.id) == attempt
        assert await attempts.by_state(db, attempt.state_hash) == attempt
    assert await attempts.get(db, ids.new_id()) is None
    assert await attempts.by_state(db, hashed("another")) is None


async def test_s40_an_attempt_for_a_profile_of_another_tenant_is_not_saved(db: Database) -> None:
    (owner, first), (_, foreign) = await rows.saved_owner(db), await rows.saved_owner(db)
    for wrong in (rows.attempt(foreign, user_id=owner.id), rows.attempt(first, profile_id=ids.new_id())):
        assert not await attempts.insert_for_profile(db, wrong)
        assert await attempts.get(db, wrong.id) is None


async def test_consuming_a_state_notes_code_and_instant(db: Database) -> None:
    owner, first = await rows.saved_owner(db)
    attempt = await rows.saved_attempt(db, first)
    used = await attempts.consume(db, rows.use(attempt, user_id=owner.id, profile_id=first.id))
    assert used == replace(attempt, status="returned", code_hash=hashed("a code"), consumed_at=after(1))
    assert await attempts.get(db, attempt.id) == used


async def test_s02_of_many_uses_of_a_state_at_once_exactly_one_gets_it(db: Database) -> None:
    _, first = await rows.saved_owner(db)
    attempt = await rows.saved_attempt(db, first)
    uses = [rows.use(attempt, code_hash=hashed(str(place))) for place in range(20)]
    won = [used for used in await asyncio.gather(*(attempts.consume(db, use) for use in uses)) if used]
    assert len(won) == 1
    assert await attempts.get(db, attempt.id) == won[0]


async def test_tries_are_counted_up_to_as_many_as_may_be_however_many_come_at_once(db: Database) -> None:
    _, first = await rows.saved_owner(db)
    attempt = await rows.saved_attempt(db, first)
    counted = await asyncio.gather(*(attempts.count_try(db, attempt.id, at_most=3) for _ in range(10)))
    assert sorted(place for place in counted if place is not None) == [1, 2, 3]
    assert await attempts.get(db, attempt.id) == replace(attempt, tries=3)
    assert await attempts.count_try(db, ids.new_id(), at_most=3) is None


async def test_s02_a_used_state_is_not_given_out_again(db: Database) -> None:
    _, first = await rows.saved_owner(db)
    attempt = await rows.saved_attempt(db, first)
    assert await attempts.consume(db, rows.use(attempt))
    assert await attempts.consume(db, rows.use(attempt)) is None
    assert await attempts.consume(db, rows.use(attempt, code_hash=hashed("another code"))) is None


@pytest.mark.parametrize(
    "wrong",
    [
        {"state_hash": hashed("another state")},
        {"platform": "reddit"},
        {"platform": "Pinterest"},
        {"app_id": "app-2"},
        {"app_id": ""},
        {"user_id": "0" * 24},
        {"profile_id": "0" * 24},
        {"now": after(600)},
        {"now": after(10**6)},
    ],
    ids="-".join,
)
async def test_s03_a_state_that_comes_back_wrong_is_refused_and_stays_unused(
    db: Database, wrong: dict[str, Any]
) -> None:
    owner, first = await rows.saved_owner(db)
    attempt = await rows.saved_attempt(db, first)
    right = rows.use(attempt, user_id=owner.id, profile_id=first.id)
    assert await attempts.consume(db, replace(right, **wrong)) is None
    assert await attempts.get(db, attempt.id) == attempt
    assert await attempts.consume(db, replace(right, now=after(599.999)))


async def test_s03_a_state_of_one_tenant_is_refused_to_another(db: Database) -> None:
    (_, first), (stranger, foreign) = await rows.saved_owner(db), await rows.saved_owner(db)
    attempt = await rows.saved_attempt(db, first)
    assert await attempts.consume(db, rows.use(attempt, user_id=stranger.id)) is None
    assert await attempts.consume(db, rows.use(attempt, profile_id=foreign.id)) is None


async def test_an_attempt_goes_from_selecting_to_connected_and_loses_its_verifier(db: Database) -> None:
    _, first = await rows.saved_owner(db)
    attempt = await rows.saved_attempt(db, first)
    await attempts.set_selecting(db, attempt.id, steps="early\n")
    assert await attempts.get(db, attempt.id) == attempt, "only a returned attempt has something to select"
    used = await attempts.consume(db, rows.use(attempt))
    assert used is not None
    await attempts.set_selecting(db, attempt.id, steps="listed\n")
    selecting = replace(used, status="selecting", verifier_sealed=None, steps="listed\n")
    assert await attempts.get(db, attempt.id) == selecting
    steps = selecting.steps
    for place in ("account-1", "account-2"):
        await attempts.set_connected(db, attempt.id, place, after(5), steps=f"chose {place}\n")
        steps += f"chose {place}\n"
        assert await attempts.get(db, attempt.id) == replace(
            selecting, status="connected", account_id=place, finished_at=after(5), steps=steps
        )


async def test_a_failed_attempt_may_still_connect_but_a_connected_one_never_fails(db: Database) -> None:
    _, first = await rows.saved_owner(db)
    attempt = await rows.saved_attempt(db, first)
    assert await attempts.set_failed(
        db, attempt.id, slug="oauth_denied", note="said no", now=after(2), steps="came back\n"
    )
    assert await attempts.get(db, attempt.id) == replace(
        attempt,
        status="failed",
        slug="oauth_denied",
        note="said no",
        verifier_sealed=None,
        finished_at=after(2),
        steps="came back\n",
    )
    await attempts.set_connected(db, attempt.id, "account-1", after(3))
    assert not await attempts.set_failed(db, attempt.id, slug="internal_error", note=None, now=after(4))
    connected = await attempts.get(db, attempt.id)
    assert connected is not None
    assert (connected.status, connected.slug) == ("connected", None)
    assert not await attempts.set_failed(db, ids.new_id(), slug="internal_error", note=None, now=after(4))


async def test_callbacks_nobody_can_be_at_work_on_any_more_are_failed_and_no_others(db: Database) -> None:
    _, first = await rows.saved_owner(db)
    waiting, abandoned, fresh, old, selecting = [
        await rows.saved_attempt(db, first, created_at=after(age_s)) for age_s in (0, 0, 0, -90_000, 0)
    ]
    for attempt, now_s in ((abandoned, 1), (fresh, 100), (old, 1), (selecting, 1)):
        await attempts.consume(db, rows.use(attempt, now=after(now_s)))
    await attempts.set_selecting(db, selecting.id, steps="")
    touched = await attempts.fail_abandoned(
        db, after=after(-3600), until=after(200), returned_before=after(100), now=after(200)
    )
    assert touched == 1
    found = {attempt.id: await attempts.get(db, attempt.id) for attempt in (waiting, abandoned, fresh, old, selecting)}
    assert [one.status if one else None for one in found.values()] == [
        "started", "failed", "returned", "returned", "selecting",
    ]  # fmt: skip
    failed = found[abandoned.id]
    assert failed is not None
    assert (failed.slug, failed.finished_at, failed.verifier_sealed) == ("internal_error", after(200), None)


async def test_a_page_of_attempts_ends_with_the_last_of_so_many(db: Database) -> None:
    _, first = await rows.saved_owner(db)
    for age_s in (30, 20, 20, 20, 10):
        await rows.saved_attempt(db, first, created_at=after(-age_s))
    page = {"after": after(-30), "until": after(0)}
    assert await attempts.end_of_page(db, **page, limit=1) == after(-20)
    assert await attempts.end_of_page(db, **page, limit=4) == after(-10)
    assert await attempts.end_of_page(db, **page, limit=5) == after(0)


async def test_verifiers_are_wiped_where_the_state_expired_and_nobody_came_back(db: Database) -> None:
    _, first = await rows.saved_owner(db)
    expired, fresh, used, older = [
        await rows.saved_attempt(db, first, created_at=after(age_s), expires_at=after(age_s + 600))
        for age_s in (-700, -500, -700, -9000)
    ]
    await attempts.consume(db, rows.use(used, now=after(-650)))
    assert await attempts.wipe_verifiers(db, after=after(-3600), until=after(0), now=after(0)) == 1
    kept = {one.id: await attempts.get(db, one.id) for one in (expired, fresh, used, older)}
    assert {at for at, one in kept.items() if one and one.verifier_sealed is None} == {expired.id}


async def test_attempts_nobody_came_back_from_are_deleted_and_no_others(db: Database) -> None:
    _, first = await rows.saved_owner(db)
    started, returned, connected, failed, later = [
        await rows.saved_attempt(db, first, created_at=after(age_s)) for age_s in (0, 0, 0, 0, 60)
    ]
    for attempt in (returned, connected):
        await attempts.consume(db, rows.use(attempt))
    await attempts.set_connected(db, connected.id, ids.new_id(), after(2))
    await attempts.set_failed(db, failed.id, slug="oauth_denied", note=None, now=after(2))
    assert await attempts.delete_unreturned(db, after=after(-1), until=after(59)) == 1
    left = [one.id for one in (started, returned, connected, failed, later) if await attempts.get(db, one.id)]
    assert left == [returned.id, connected.id, failed.id, later.id]


async def test_s40_an_attempt_is_found_for_its_own_tenant_only(db: Database) -> None:
    (owner, first), (stranger, _) = await rows.saved_owner(db), await rows.saved_owner(db)
    attempt = await rows.saved_attempt(db, first)
    assert await attempts.of_tenant(db, owner.id, attempt.id) == attempt
    assert await attempts.of_tenant(db, stranger.id, attempt.id) is None
    assert await attempts.of_tenant(db, owner.id, ids.new_id()) is None


async def test_old_attempts_are_purged_in_batches_and_younger_ones_stay(db: Database) -> None:
    _, first = await rows.saved_owner(db)
    for age in range(5):
        await rows.saved_attempt(db, first, created_at=after(-age))
    kept = await rows.saved_attempt(db, first, created_at=after(1))
    assert [await attempts.purge(db, before=after(1), limit=2) for _ in range(4)] == [2, 2, 1, 0]
    assert await attempts.get(db, kept.id) == kept


async def test_a_selection_keeps_every_field_while_it_lives(db: Database) -> None:
    _, first = await rows.saved_owner(db)
    selection = rows.selection(first)
    await selections.insert(db, selection)
    assert await selections.get(db, selection.attempt_id, after(899.999)) == selection
    assert await selections.get(db, selection.attempt_id, after(900)) is None
    assert await selections.get(db, ids.new_id(), NOW) is None


async def test_a_selection_notes_new_choices_and_what_was_saved_until_it_is_gone(db: Database) -> None:
    _, first = await rows.saved_owner(db)
    selection = rows.selection(first, key_id=None, redirect_url="myapp://done")
    await selections.insert(db, selection)
    await selections.set_choices(db, selection.attempt_id, {"boards": []})
    assert await selections.set_saved(db, selection.attempt_id, "account-1", choice_id="7", once=False)
    changed = replace(selection, choices={"boards": []}, saved_account_id="account-1", saved_choice="7")
    assert await selections.get(db, selection.attempt_id, NOW) == changed
    assert await selections.delete(db, selection.attempt_id) == changed
    assert await selections.delete(db, selection.attempt_id) is None
    assert not await selections.set_saved(db, selection.attempt_id, "account-2", choice_id="7", once=False)


async def test_of_a_selection_the_pictures_can_be_read_alone_while_it_lives(db: Database) -> None:
    _, first = await rows.saved_owner(db)
    items = [{"id": "7", "picture_url": None, "shown": {}}, {"id": "8", "picture_url": "https://cdn.example/8.png"}]
    selection = replace(
        rows.selection(first, choices={"items": items, "unavailable": []}),
        identity={"display_name": "Ana", "picture_url": "https://cdn.example/ana.png"},
    )
    await selections.insert(db, selection)
    read = [await selections.picture_url(db, selection.attempt_id, place, NOW) for place in (None, 0, 1, 2)]
    assert read == ["https://cdn.example/ana.png", None, "https://cdn.example/8.png", None]
    assert await selections.picture_url(db, selection.attempt_id, 1, after(900)) is None
    assert await selections.picture_url(db, ids.new_id(), 1, NOW) is None


async def test_of_a_selection_that_may_save_once_the_first_choice_stays(db: Database) -> None:
    _, first = await rows.saved_owner(db)
    selection = rows.selection(first)
    await selections.insert(db, selection)
    choices = ("7", "8", "")
    saved = await asyncio.gather(
        *(
            selections.set_saved(db, selection.attempt_id, f"account-{choice}", choice_id=choice, once=True)
            for choice in choices
        )
    )
    assert sum(saved) == 1
    winner = choices[saved.index(True)]
    assert await selections.set_saved(db, selection.attempt_id, "account-x", choice_id=winner, once=True)
    assert await selections.set_saved(db, selection.attempt_id, "account-y", choice_id="9", once=False)


async def test_a_choice_is_forgotten_with_what_its_account_stood_for(db: Database) -> None:
    _, first = await rows.saved_owner(db)
    selection = rows.selection(first)
    await selections.insert(db, selection)
    assert await selections.set_saved(db, selection.attempt_id, "account-1", choice_id="7", once=True)
    await selections.forget_choice(db, "account-2")
    assert not await selections.set_saved(db, selection.attempt_id, "account-1", choice_id="8", once=True)
    await selections.forget_choice(db, "account-1")
    assert await selections.set_saved(db, selection.attempt_id, "account-1", choice_id="8", once=True)


async def test_of_many_readers_of_pending_data_exactly_one_is_the_first(db: Database) -> None:
    _, first = await rows.saved_owner(db)
    selection = rows.selection(first)
    await selections.insert(db, selection)
    taken = await asyncio.gather(*(selections.take_pending(db, selection.attempt_id, NOW) for _ in range(10)))
    assert sum(taken) == 1
    assert not await selections.take_pending(db, ids.new_id(), NOW)


async def test_expired_selections_are_purged_and_living_ones_stay(db: Database) -> None:
    _, first = await rows.saved_owner(db)
    for lives_s in (-1, 0, 1):
        await selections.insert(db, rows.selection(first, expires_at=after(lives_s)))
    assert [await selections.purge(db, now=NOW, limit=1) for _ in range(3)] == [1, 1, 0]
    remaining = await db.all("SELECT attempt_id FROM selections")
    assert len(remaining) == 1


async def test_of_many_calls_with_one_idempotency_key_exactly_one_begins(db: Database) -> None:
    begun = await asyncio.gather(
        *(kept_answers.begin(db, b"key", hashed(str(place)), now=NOW, until=after(60)) for place in range(20))
    )
    assert begun.count(True) == 1
    kept = await kept_answers.get(db, b"key")
    assert kept == KeptAnswer(request_hash=hashed(str(begun.index(True))), status=None, answer_sealed=None)


async def test_a_kept_answer_is_answered_until_it_expires_and_its_key_is_then_free(db: Database) -> None:
    assert await kept_answers.get(db, b"key") is None
    assert await kept_answers.begin(db, b"key", b"request", now=NOW, until=after(60))
    await kept_answers.finish(db, b"key", status=201, answer_sealed=b"\x01answer", until=after(3600))
    assert not await kept_answers.begin(db, b"key", b"other", now=after(3599.999), until=after(9999))
    assert await kept_answers.get(db, b"key") == KeptAnswer(
        request_hash=b"request", status=201, answer_sealed=b"\x01answer"
    )
    assert await kept_answers.begin(db, b"key", b"other", now=after(3600), until=after(9999))
    assert await kept_answers.get(db, b"key") == KeptAnswer(request_hash=b"other", status=None, answer_sealed=None)


async def test_a_call_that_died_with_its_process_frees_its_key_in_time(db: Database) -> None:
    assert await kept_answers.begin(db, b"key", b"request", now=NOW, until=after(60))
    assert not await kept_answers.begin(db, b"key", b"request", now=after(59), until=after(119))
    assert await kept_answers.begin(db, b"key", b"request", now=after(60), until=after(120))


async def test_a_forgotten_key_is_free_at_once(db: Database) -> None:
    assert await kept_answers.begin(db, b"key", b"request", now=NOW, until=after(60))
    await kept_answers.forget(db, b"key")
    await kept_answers.forget(db, b"never seen")
    assert await kept_answers.begin(db, b"key", b"request", now=NOW, until=after(60))


async def test_expired_answers_are_purged_and_living_ones_stay(db: Database) -> None:
    for name, lives_s in ((b"a", -1), (b"b", 0), (b"c", 1)):
        await kept_answers.begin(db, name, b"request", now=NOW, until=after(lives_s))
    assert [await kept_answers.purge(db, now=NOW, limit=1) for _ in range(3)] == [1, 1, 0]
    assert await kept_answers.get(db, b"c") is not None
