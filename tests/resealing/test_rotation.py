"""S34 from the first key to its end: everything that was sealed under it works without it."""

import pytest

from moorline.app import open_service
from moorline.connect import selection
from moorline.pages import view
from moorline.resealing import HANDLES_LIVE_S, MARK, SEALED
from moorline.settings import WrongSettings
from moorline.vault import new_key
from tests.conftest import FrozenClock
from tests.harness import on_both_engines
from tests.resealing.command import rotate, under
from tests.resealing.filled import check_all_works, fill, listed_handle
from tests.webhooks.conftest import Told


@on_both_engines
async def test_s34_what_was_sealed_under_the_old_key_works_without_it_once_it_is_sealed_anew(
    told: Told, frozen_clock: FrozenClock
) -> None:
    world = told.world
    old, new = world.environment()["ENCRYPTION_KEYS"], new_key()
    filled = await fill(told)
    before = await under(world.service.db, old)
    assert set(before) == {of.column.name for of in (*SEALED, MARK)}, "fill() leaves a sealed column empty"

    await world.restart(ENCRYPTION_KEYS=f"{new},{old}")
    handle = await listed_handle(world, filled)
    ended = await rotate(world.environment(), "--json")
    assert (ended.code, ended.err) == (0, "")
    assert ended.json["complete"] is True
    assert {name: counts["resealed"] for name, counts in ended.json["values"].items()} | {MARK.column.name: 1} == before
    assert await under(world.service.db, old) == {}
    assert await under(world.service.db, new) == before

    await world.restart(ENCRYPTION_KEYS=new)
    await check_all_works(told, filled, handle, frozen_clock)
    await world.restart(ENCRYPTION_KEYS=new)
    with pytest.raises(WrongSettings, match="rotate-encryption"):
        await world.restart(ENCRYPTION_KEYS=old)


async def test_s34_new_values_are_under_the_new_key_at_once_and_old_ones_stay_readable(
    told: Told, frozen_clock: FrozenClock
) -> None:
    world = told.world
    old, new = world.environment()["ENCRYPTION_KEYS"], new_key()
    filled = await fill(told)
    await world.restart(ENCRYPTION_KEYS=f"{new},{old}")
    await world.start("twitter")
    assert await under(world.service.db, new) == {"attempts.verifier_sealed": 1}
    await check_all_works(told, filled, await listed_handle(world, filled), frozen_clock)


async def test_s34_no_handle_outlives_the_time_after_which_the_old_key_may_go() -> None:
    assert max(view.COOKIE_TTL_S, selection.SELECTION_TTL_S) <= HANDLES_LIVE_S


async def test_s34_a_key_that_cannot_open_the_database_changes_nothing(told: Told) -> None:
    world = told.world
    old, before = world.environment()["ENCRYPTION_KEYS"], await fill(told)
    ended = await rotate({**world.environment(), "ENCRYPTION_KEYS": new_key()})
    assert (ended.code, ended.out) == (1, "")
    assert ended.err.startswith("MOORLINE_ENCRYPTION_KEYS holds no key that opens this database")
    assert old not in ended.err
    assert set(await under(world.service.db, old)) == {of.column.name for of in (*SEALED, MARK)}
    async with open_service(world._settings()):
        assert before.kept
