"""Figures for charts on both engines: counted by the database, for one tenant, from an instant on."""

from datetime import datetime

import pytest

from moorline.store import figures, grants
from moorline.store.db import Database
from moorline.store.figures import DAY_MS, Tried
from moorline.store.profiles import Profile
from moorline.store.users import User
from tests.owners.recorder import Recorder
from tests.store import rows
from tests.store.rows import NOW, after

DAY_S = DAY_MS / 1000
TODAY = int(NOW.timestamp() // DAY_S)


async def test_attempts_that_are_over_are_counted_by_day_and_platform(db: Database) -> None:
    (owner, first), (stranger, theirs) = await rows.saved_owner(db), await rows.saved_owner(db)
    second = await rows.saved_profile(db, owner)
    for number, (of, status, days, platform) in enumerate(
        [
            (first, "connected", 0, "reddit"),
            (first, "connected", 0, "reddit"),
            (first, "failed", 0, "reddit"),
            (first, "failed", 0, "twitter"),
            (second, "connected", -1, "reddit"),
            (first, "started", 0, "reddit"),
            (first, "selecting", 0, "reddit"),
            (first, "connected", -3, "reddit"),
            (theirs, "connected", 0, "reddit"),
        ]
    ):
        made = await rows.saved_attempt(
            db, of, platform=platform, state_hash=rows.hashed(f"state {number}"), created_at=after(days * DAY_S)
        )
        await db.run("UPDATE attempts SET status = $2 WHERE id = $1", made.id, status)
    since = after(-2 * DAY_S)
    reddit = Tried(day=TODAY, platform="reddit", connected=2, failed=1)
    twitter = Tried(day=TODAY, platform="twitter", connected=0, failed=1)
    before = Tried(day=TODAY - 1, platform="reddit", connected=1, failed=0)
    assert await figures.tried(db, owner.id, profile_ids=None, since=since) == [before, reddit, twitter]
    assert await figures.tried(db, owner.id, profile_ids=(second.id,), since=since) == [before]
    assert await figures.tried(db, owner.id, profile_ids=(), since=since) == []
    assert len(await figures.tried(db, stranger.id, profile_ids=None, since=since)) == 1


async def ending(db: Database, owner: User, of: Profile, number: int, needs_at: datetime | None) -> None:
    platform = "pinterest"
    given = {"platform_user_id": f"person-{number}", "platform": platform}
    grant_id = await grants.upsert(db, rows.grant(owner, **given), NOW)
    sealed = rows.tokens(access_expires_at=after(1), refresh_expires_at=None)
    await grants.put_tokens(db, grant_id, sealed, consented_at=NOW, now=NOW)
    await grants.set_need(db, grant_id, needs_at)
    await rows.saved_account(db, of, platform=platform, platform_account_id=str(number), grant_id=grant_id)


async def test_ends_are_counted_by_week_where_a_person_will_be_needed(db: Database) -> None:
    (owner, first), (stranger, theirs) = await rows.saved_owner(db), await rows.saved_owner(db)
    second = await rows.saved_profile(db, owner)
    week_s = 7 * DAY_S
    await ending(db, owner, first, 1, after(0))
    await ending(db, owner, first, 2, after(week_s - 1))
    await ending(db, owner, first, 3, after(week_s))
    await ending(db, owner, second, 4, after(3 * week_s + 5))
    await ending(db, owner, first, 5, None)
    await ending(db, owner, first, 6, after(12 * week_s))
    await ending(db, owner, first, 7, after(-1))
    await ending(db, stranger, theirs, 8, after(2))

    async def ends(of: User, profile_ids: tuple[str, ...] | None = None) -> dict[int, int]:
        return await figures.ends(db, of.id, profile_ids=profile_ids, now=NOW, weeks=12)

    assert await ends(owner) == {0: 2, 1: 1, 3: 1}
    assert await ends(owner, (second.id,)) == {3: 1}
    assert await ends(owner, ()) == {}
    assert await ends(stranger) == {0: 1}
    await db.run("UPDATE accounts SET is_active = FALSE WHERE platform_account_id = '2'")
    assert await ends(owner) == {0: 1, 1: 1, 3: 1}


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
async def test_each_is_one_statement_that_goes_down_the_tenants_index(db: Database) -> None:
    recorder = Recorder(db)
    await figures.tried(recorder, "a" * 24, profile_ids=None, since=NOW)
    await figures.ends(recorder, "a" * 24, profile_ids=None, now=NOW, weeks=12)
    plans = []
    for sql, args in zip(recorder.statements, recorder.args, strict=True):
        plans.append(" / ".join(row["detail"] for row in await db.all(f"EXPLAIN QUERY PLAN {sql}", *args)))
    tried, ends = plans
    assert "SEARCH attempts USING INDEX attempts_user (user_id=? AND created_at_ms>?)" in tried
    assert "SEARCH g USING COVERING INDEX grants_needs (user_id=? AND needs_at_ms>? AND needs_at_ms<?)" in ends
    assert "SCAN attempts" not in tried
    assert "SCAN a" not in ends
