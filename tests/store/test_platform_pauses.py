"""Table platform_pauses on both engines: what an app that is to wait keeps others from claiming, and for how long."""

from dataclasses import replace
from datetime import timedelta

from moorline.store import grants, platform_pauses, revocations
from moorline.store.db import Database
from moorline.store.grants import Grant, Lease
from moorline.store.platform_pauses import Asker
from moorline.store.revocations import Revocation
from tests.store import rows
from tests.store.rows import NOW, after

ASKER = Asker(platform="bluesky", app_id="", server="https://pds.example.com")


def asker_of(grant: Grant) -> Asker:
    return Asker(platform=grant.platform, app_id=grant.app_id, server=grant.service_url or "")


async def test_the_longest_that_was_told_counts(db: Database) -> None:
    assert await platform_pauses.get(db, ASKER) is None
    assert await platform_pauses.put(db, ASKER, after(60))
    assert not await platform_pauses.put(db, ASKER, after(10))
    assert await platform_pauses.get(db, ASKER) == after(60)
    assert await platform_pauses.put(db, ASKER, after(90))
    assert await platform_pauses.get(db, ASKER) == after(90)
    assert await platform_pauses.get(db, replace(ASKER, server="")) is None


async def test_pauses_that_are_over_go(db: Database) -> None:
    await platform_pauses.put(db, ASKER, after(60))
    await platform_pauses.put(db, replace(ASKER, server=""), after(90))
    hour = timedelta(hours=1)
    assert await platform_pauses.purge(db, now=after(59), longest=hour) == 0
    assert await platform_pauses.purge(db, now=after(60), longest=hour) == 1
    assert await platform_pauses.get(db, ASKER) is None


async def test_a_pause_that_a_wrong_clock_made_longer_than_any_is_goes(db: Database) -> None:
    await platform_pauses.put(db, ASKER, after(30 * 86400))
    assert await platform_pauses.purge(db, now=NOW, longest=timedelta(hours=1)) == 1
    assert await platform_pauses.put(db, ASKER, after(60))


async def test_grants_of_an_app_that_is_to_wait_are_neither_due_nor_claimed(db: Database) -> None:
    owner, _ = await rows.saved_owner(db)
    kinds = {
        "waits": rows.grant(owner, platform_user_id="1", service_url="https://pds.example.com"),
        "other server": rows.grant(owner, platform_user_id="2", service_url="https://other.example.com"),
        "no server": rows.grant(owner, platform_user_id="3", service_url=None),
        "other app": rows.grant(owner, platform_user_id="1", app_id="own", service_url="https://pds.example.com"),
    }
    names = {}
    for name, grant in kinds.items():
        grant_id = await grants.upsert(db, grant, NOW)
        await grants.put_tokens(db, grant_id, rows.tokens(renew_at=NOW), consented_at=NOW, now=NOW)
        names[grant_id] = name
    await platform_pauses.put(db, asker_of(kinds["waits"]), after(60))

    async def due(at_s: float) -> set[str]:
        return {names[grant_id] for grant_id, _ in await grants.due(db, now=after(at_s), limit=9)}

    async def claimed(at_s: float) -> set[str]:
        lease = Lease(holder="w", version=1, until=after(at_s))  # over at once, so that it may be taken again
        return {name for grant_id, name in names.items() if await grants.claim(db, grant_id, lease, after(at_s))}

    assert await due(59) == await claimed(59) == set(kinds) - {"waits"}
    assert await due(60) == await claimed(60) == set(kinds)


async def test_revocations_of_an_app_that_is_to_wait_are_neither_due_nor_claimed(db: Database) -> None:
    kept = Revocation(
        id="a" * 24, user_id="u", platform="tiktok", app_id="app-1", grant_sealed=b"x", tries=0, created_at=NOW
    )
    await revocations.insert(db, kept, NOW)
    await platform_pauses.put(db, Asker(platform="tiktok", app_id="app-2", server=""), after(90))
    await platform_pauses.put(db, Asker(platform="tiktok", app_id="app-1", server=""), after(60))
    assert await revocations.due(db, now=after(59), limit=9) == []
    assert await revocations.claim(db, kept.id, holder="w", now=after(59), until=after(70)) is None
    assert await revocations.due(db, now=after(60), limit=9) == [kept.id]
    assert await revocations.claim(db, kept.id, holder="w", now=after(60), until=after(70)) is not None
